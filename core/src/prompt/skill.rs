//! Agent Skills: the published requirements for a `SKILL.md`.

use super::{FrontMatterEntry, Prompt, Text, Value};

/// All faults of a skill. `folder` is the name of the folder that its `SKILL.md` is in.
///
/// The same files pass and fail as with the published validator, `skills-ref` 0.1.1, except for these:
///
/// - Names that are not in Unicode's form NFKC are compared as written.
/// - Names with combining vowel signs, as in Hindi or Thai, pass here and fail there.
/// - A `---` within a line of the front matter, and a line `...`, end it there and here respectively.
/// - Values that strict YAML reads otherwise than YAML, such as a block scalar of lines that are
///   indented by different amounts, may pass here and fail there.
pub fn problems(prompt: &Prompt<'_>, folder: &str) -> impl Iterator<Item = Problem> + use<> {
    let mut buffer = [0; NAME_BYTES];
    let name = text_field(prompt, "name").map(|name| name.read(&mut buffer));
    let long_name = matches!(name, Some(Err(_)));
    let name = name.and_then(Result::ok).unwrap_or_default().trim();
    let has_name = long_name || !name.is_empty();
    let description = text_field(prompt, "description");
    let blank = |text: Text<'_>| text.chars().all(char::is_whitespace);
    let length = |text: Text<'_>| text.chars().count();
    let field = |key| prompt.field(key);
    let found = [
        (Problem::NoFrontMatter, prompt.front.is_empty() || !prompt.text.starts_with("---")),
        (Problem::NotYaml, prompt.fields().any(|entry| !is_strict(&entry))),
        (Problem::UnknownField, prompt.fields().any(|entry| !FIELDS.contains(&entry.key))),
        (Problem::NoName, !has_name),
        (Problem::LongName, long_name || name.chars().count() > MAX_NAME_CHARS),
        (Problem::UpperCase, name.chars().any(|c| !c.to_lowercase().eq([c]))),
        (Problem::EdgeHyphen, name.starts_with('-') || name.ends_with('-')),
        (
            Problem::DoubleHyphen,
            name.bytes().zip(name.bytes().skip(1)).any(|pair| pair == (b'-', b'-')),
        ),
        (Problem::BadCharacter, !name.chars().all(|c| c == '-' || c.is_alphanumeric())),
        (Problem::FolderDiffers, has_name && name != folder),
        (Problem::NoDescription, description.is_none_or(blank)),
        (Problem::LongDescription, description.map_or(0, length) > MAX_DESCRIPTION_CHARS),
        (
            Problem::BadCompatibility,
            match field("compatibility") {
                Some(Value::Text(text)) => length(text) > MAX_COMPATIBILITY_CHARS,
                Some(Value::List(_) | Value::Map(_) | Value::Nested(_)) => true,
                Some(Value::Null) | None => false,
            },
        ),
    ];
    found.into_iter().filter(|(_, wrong)| *wrong).map(|(problem, _)| problem)
}

/// The faults of a skill.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The file does not start with front matter, or the front matter is empty.
    NoFrontMatter,
    /// The front matter is read here but is not YAML, or not the strict YAML that skills are in.
    NotYaml,
    /// A field that skills do not have.
    UnknownField,
    /// No name.
    NoName,
    /// A name of more than 64 characters.
    LongName,
    /// A name with capital letters.
    UpperCase,
    /// A hyphen at the start or the end of the name.
    EdgeHyphen,
    /// Two hyphens together in the name.
    DoubleHyphen,
    /// A name with characters other than letters, digits and hyphens.
    BadCharacter,
    /// The name is not that of the folder.
    FolderDiffers,
    /// No description.
    NoDescription,
    /// A description of more than 1024 characters.
    LongDescription,
    /// `compatibility` is not a text of at most 500 characters.
    BadCompatibility,
}

impl Problem {
    /// A sentence for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoFrontMatter => "a skill starts with front matter: name and description",
            Self::NotYaml => {
                "the front matter is not strict YAML: quote the strings, write lists in lines"
            }
            Self::UnknownField => {
                "only name, description, license, compatibility, metadata and allowed-tools are fields"
            }
            Self::NoName => "the name is missing",
            Self::LongName => "the name is longer than 64 characters",
            Self::UpperCase => "the name has capital letters",
            Self::EdgeHyphen => "the name starts or ends with a hyphen",
            Self::DoubleHyphen => "the name has two hyphens together",
            Self::BadCharacter => "the name has other characters than letters, digits and hyphens",
            Self::FolderDiffers => "the name is not that of the folder",
            Self::NoDescription => "the description is missing",
            Self::LongDescription => "the description is longer than 1024 characters",
            Self::BadCompatibility => "compatibility is not a text of at most 500 characters",
        }
    }
}

fn text_field<'a>(prompt: &Prompt<'a>, key: &str) -> Option<Text<'a>> {
    match prompt.field(key)? {
        Value::Text(text) => Some(text),
        // Skills know no types: `null` is a text of four letters.
        Value::Null => {
            let entry = prompt.fields().find(|entry| entry.key == key)?;
            Some(Text::verbatim(entry.raw))
        }
        Value::List(_) | Value::Map(_) | Value::Nested(_) => None,
    }
}

fn is_strict(entry: &FrontMatterEntry<'_>) -> bool {
    let is_text = matches!(entry.value, Value::Text(_));
    !entry.lenient && (is_text || !entry.raw.starts_with(['[', '{']))
}

const FIELDS: [&str; 6] =
    ["name", "description", "license", "allowed-tools", "metadata", "compatibility"];
const MAX_NAME_CHARS: usize = 64;
/// A name of that length fits in any script; what does not fit is too long.
const NAME_BYTES: usize = 8 * MAX_NAME_CHARS;
const MAX_DESCRIPTION_CHARS: usize = 1024;
const MAX_COMPATIBILITY_CHARS: usize = 500;
