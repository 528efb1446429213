//! Prompts: Markdown with front matter, read in place.
//!
//! A prompt is a text with placeholders, preceded by metadata between two lines `---`.
//! Nothing is copied and nothing is allocated: [`Prompt`] borrows the file, and each field
//! is decoded when it is read. Commands and agents in the form of Claude Code, prompt templates of
//! pi and Agent Skills (`SKILL.md`) are read unchanged.
//!
//! # Front matter
//! It starts at the first line that is neither empty nor an HTML comment. Lines that begin with `#` or `//`
//! may precede it if it has a field that only a prompt has.
//!
//! A subset of YAML: `key: value` at the margin; plain, `'quoted'` and `"quoted"` scalars, also over
//! several lines; block scalars (`|`, `>`, with `+`, `-` and an indentation); lists and maps of
//! scalars, in lines or in brackets; comments. Where a list of names is expected, `Read, Write` and
//! `read write` are lists too. Unknown fields may have any value.
//!
//! It is lenient where published files are not valid YAML but have only one possible meaning: a colon
//! or a reserved mark in a plain scalar, brackets with text after them. It is strict where a mistake
//! would change the meaning: a field that occurs twice, a quote that does not close, a tab as
//! indentation, a field that is indented by mistake, anchors, aliases and tags. Errors carry line
//! and column, see [`Fault`].
//!
//! # Fields
//! `name`, `description`; `output` ([`Output`]) and `schema` (JSON Schema, with `output: json`);
//! `tools` or `allowed-tools`; `mode`; `model`; `arguments` (names in their order, or a map from names
//! to defaults) and `argument-hint`; `includes` (names of prompts that come before this one); `check`
//! (commands that must pass).
//!
//! Other programs' forms of these are read too: the fields about tools in any spelling (`allowed_tools`,
//! `allowedTools`), `tools` as a map of switches and `permission`
//! (opencode), `disallowed-tools` (Claude Code), lists of maps with a `name` in `tools` and
//! `arguments` (MCP), `output` as a map with a `format` (dotprompt), `model` as a map (prompty) or a
//! list (VS Code), of which the first counts.
//!
//! # Placeholders
//! `{{name}}` and `{{name|default}}`; `$ARGUMENTS` and `$@` (all arguments), `$1` ... (one of them,
//! counted from 1), `$ARGUMENTS[0]` (counted from 0), `${1:-default}`, `${@:2}`, `${@:2:3}`, and
//! `$name` for the names in `arguments`. A backslash before a placeholder makes it text. `$2.3M`, `$100` and
//! a `$5` without `$1` to `$4` are amounts of money; `${{ x }}`, `{{{x}}}` and `{{ x | upper }}` belong to other
//! languages.
//!
//! Code in Markdown's fences and spans has its own marks of this form. `$ARGUMENTS` and declared names are
//! placeholders there too. `{{name}}` is one only if it has a value. `$1`, `$@` and the like are not
//! placeholders in a program for awk, even outside marked code, nor, unless the prompt declares arguments
//! or has `$1` outside code, between single quotes or in a fence.
//!
//! A value that is missing and has no default is an error, except that no arguments at all are an
//! empty text, and so is a missing `$1` in a prompt with an `argument-hint`.

mod code;
mod collection;
mod fault;
mod front_matter;
mod library;
mod line;
mod named;
mod output;
mod placeholder;
mod scalar;
pub mod skill;
mod template;
#[cfg(test)]
mod tests;
mod tools;

pub use collection::{Items, Pairs};
pub use fault::{Fault, Reason};
pub use front_matter::{FrontMatterEntries, FrontMatterEntry, Value};
pub use library::{BUILT_IN, Library, MAX_INCLUDE_DEPTH, MAX_INCLUDES, Source};
pub use output::Output;
pub use placeholder::{MAX_PLACEHOLDER_BYTES, Placeholder};
pub use scalar::{ScalarChars, Text};
pub use tools::tool_name;

use crate::error::{Error, ErrorKind};
use crate::wire::hash::hash;
use fault::FaultAt;
use line::{content_line, split_key};
use placeholder::{BodyPieces, hinted, positions};
use tools::check_tools;

/// A named text with placeholders.
///
/// ```
/// use zerostack_core::prompt::Prompt;
///
/// let text = "---\ndescription: Fix an issue\ntools: Read, Edit\n---\nFix {{issue}} on {{branch|main}}.";
/// let prompt = Prompt::parse("fix-issue", text)?;
/// let mut out = [0; 64];
/// let length = prompt.render(&[("issue", "#7")], &mut out)?;
/// assert_eq!(&out[..length], b"Fix #7 on main.");
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    name: &'a str,
    text: &'a str,
    front: &'a str,
    front_at: usize,
    body: &'a str,
    body_at: usize,
    arguments: Option<Value<'a>>,
}

impl<'a> Prompt<'a> {
    /// Reads a prompt. `name` is its name: the stem of its file.
    ///
    /// # Errors
    /// `BadPrompt`; [`Fault::of`] gives line, column and reason.
    pub fn parse(name: &'a str, text: &'a str) -> Result<Self, Error> {
        let (front_at, front_end, rest_at) = split(text)
            .map_err(|bad| Fault::at(text, bad.at, bad.reason).error(ErrorKind::BadPrompt))?;
        let front = text.get(front_at..front_end).unwrap_or_default();
        let rest = text.get(rest_at..).unwrap_or_default();
        let body = without_blank_lines(rest);
        let body_at = text.len().saturating_sub(body.len());
        let body = body.trim_end();
        let mut prompt = Self { name, text, front, front_at, body, body_at, arguments: None };
        prompt.check_fields().map_err(|bad| {
            let at = front_at.saturating_add(bad.at);
            Fault::at(text, at, bad.reason).error(ErrorKind::BadPrompt)
        })?;
        Ok(prompt)
    }

    /// The name of the prompt.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The whole file.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The text after the front matter, without empty lines around it, placeholders not filled.
    pub const fn body(&self) -> &'a str {
        self.body
    }

    /// All fields, in the order of the file.
    pub fn fields(&self) -> FrontMatterEntries<'a> {
        FrontMatterEntries::new(self.front)
    }

    /// The field of that name. Those about tools are found in any spelling: a limit that is not
    /// recognised would not apply.
    pub fn field(&self, key: &str) -> Option<Value<'a>> {
        self.fields().find(|it| tools::field(it.key) == tools::field(key)).map(|it| it.value)
    }

    /// The name in the prompt's front matter.
    pub fn declared_name(&self) -> Option<Text<'a>> {
        self.text_field("name")
    }

    /// What the prompt is for, and when to use it.
    pub fn description(&self) -> Option<Text<'a>> {
        self.text_field("description")
    }

    /// The JSON Schema of its result, as JSON text.
    pub fn schema(&self) -> Option<Text<'a>> {
        let entry = self.fields().find(|entry| entry.key == "schema")?;
        match entry.value {
            Value::Text(text) => Some(text),
            Value::Null => None,
            Value::List(_) | Value::Map(_) | Value::Nested(_) => Some(Text::verbatim(entry.raw)),
        }
    }

    /// The mode that it asks for.
    pub fn mode(&self) -> Option<Text<'a>> {
        self.text_field("mode")
    }

    /// The model that it asks for; `inherit` counts as none.
    pub fn model(&self) -> Option<Text<'a>> {
        let first = match self.field("model")? {
            Value::Text(text) => Some(text),
            Value::List(mut models) => models.next(),
            // The settings of another program.
            Value::Null | Value::Map(_) | Value::Nested(_) => None,
        };
        first.filter(|model| *model != "inherit")
    }

    /// The names of its arguments, in their order.
    pub fn argument_names(&self) -> Option<ArgumentNames<'a>> {
        match self.arguments? {
            Value::Map(pairs) => Some(ArgumentNames(ArgumentNamesForm::Keys(pairs))),
            Value::Nested(raw) => Some(ArgumentNames(ArgumentNamesForm::Items(Items::named(raw)))),
            value => items(value).map(|items| ArgumentNames(ArgumentNamesForm::Items(items))),
        }
    }

    /// The description of its arguments for a person.
    pub fn argument_hint(&self) -> Option<Text<'a>> {
        let entry = self.fields().find(|entry| entry.key == "argument-hint")?;
        match entry.value {
            Value::Text(text) => Some(text),
            Value::Null => None,
            // `[issue] [branch]` is text to YAML, so `[issue]` is read as text too.
            Value::List(_) | Value::Map(_) | Value::Nested(_) => Some(Text::verbatim(entry.raw)),
        }
    }

    /// The prompts that precede this one.
    pub fn includes(&self) -> Option<Items<'a>> {
        self.list_field("includes")
    }

    /// The commands that must pass before its result counts. One string is one command.
    pub fn check(&self) -> Option<Items<'a>> {
        match self.field("check")? {
            Value::Text(text) => Some(Items::one(text)),
            value => items(value),
        }
    }

    /// Whether it is offered to the model, which may load it.
    pub fn is_model_invocable(&self) -> bool {
        self.text_field("disable-model-invocation").is_none_or(|flag| switch(flag) != Some(true))
    }

    fn pieces(&self) -> BodyPieces<'a> {
        let names = self.argument_names();
        let hint = self.argument_hint();
        let is_declared = self.arguments.is_some() || hint.is_some();
        let hinted = hint.map_or(0, |hint| hinted(hint.chars()));
        let named = names.map_or(0, Iterator::count);
        let declared = u8::try_from(named).unwrap_or(u8::MAX).max(hinted);
        let positions = positions(self.body, is_declared).max(declared);
        // A `$1` outside code is as clear as a declaration.
        BodyPieces::new(self.body, self.body_at, names, positions, positions > 0 || is_declared)
    }

    fn text_field(&self, key: &str) -> Option<Text<'a>> {
        match self.field(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn list_field(&self, key: &str) -> Option<Items<'a>> {
        self.field(key).and_then(items)
    }

    /// Reads all fields once, so that reading them later cannot fail.
    fn check_fields(&mut self) -> Result<(), FaultAt> {
        let mut entries = self.fields();
        let (mut count, mut seen, mut schema_at) = (0_usize, 0_u64, None);
        while let Some(entry) = entries.read()? {
            count = count.saturating_add(1);
            if count > MAX_FIELDS {
                return Err(FaultAt::at(entry.at, Reason::TooLong));
            }
            // The fields before it are known to be good. They are read again only where one of them
            // may have the same name.
            let bit = 1_u64 << (hash(entry.key.as_bytes()) % 64);
            let before = FrontMatterEntries::new(self.front.get(..entry.at).unwrap_or_default());
            if seen & bit != 0 && before.into_iter().any(|earlier| earlier.key == entry.key) {
                return Err(FaultAt::at(entry.at, Reason::Duplicate));
            }
            seen |= bit;
            check_kind(&entry)?;
            match entry.key {
                "schema" => schema_at = Some(entry.at),
                "arguments" => self.arguments = Some(entry.value),
                _ => {}
            }
        }
        match schema_at {
            Some(at) if self.output() != Some(Output::Json) => Err(FaultAt::at(at, Reason::Schema)),
            _ => Ok(()),
        }
    }
}

/// The names of a prompt's arguments.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentNames<'a>(ArgumentNamesForm<'a>);

#[derive(Clone, Copy, Debug)]
enum ArgumentNamesForm<'a> {
    Items(Items<'a>),
    Keys(Pairs<'a>),
}

impl<'a> Iterator for ArgumentNames<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        match &mut self.0 {
            ArgumentNamesForm::Items(items) => items.next(),
            ArgumentNamesForm::Keys(pairs) => pairs.next().map(|(name, _)| Text::verbatim(name)),
        }
    }
}

/// A value as a list of strings.
fn items(value: Value<'_>) -> Option<Items<'_>> {
    match value {
        Value::Text(text) => Some(text.as_str().map_or(Items::one(text), Items::words)),
        Value::List(items) => Some(items),
        Value::Null => Some(Items::none()),
        Value::Map(_) | Value::Nested(_) => None,
    }
}

/// A field of a prompt has the kind of value that the prompt reads.
fn check_kind(entry: &FrontMatterEntry<'_>) -> Result<(), FaultAt> {
    let bad = |reason| Err(FaultAt::at(entry.value_at, reason));
    match (tools::field(entry.key), entry.value) {
        ("name" | "description" | "mode", value) => match value {
            Value::Text(_) | Value::Null => Ok(()),
            _ => bad(Reason::NotText),
        },
        ("output", Value::Text(text)) if Output::named(text).is_some() => Ok(()),
        ("output", Value::Map(_) | Value::Nested(_)) => Ok(()),
        ("output", _) => bad(Reason::Output),
        ("disable-model-invocation", Value::Text(text)) if switch(text).is_some() => Ok(()),
        ("disable-model-invocation", _) => bad(Reason::NotBool),
        ("arguments", Value::Map(pairs)) if pairs.count() <= MAX_ARGUMENTS => Ok(()),
        ("arguments", Value::Nested(raw)) if named::is_list_of_maps(raw) => {
            match Items::named(raw).count() <= MAX_ARGUMENTS {
                true => Ok(()),
                false => bad(Reason::TooLong),
            }
        }
        ("tools" | "allowed-tools", value) => match check_tools(value) {
            true => Ok(()),
            false => bad(Reason::NotList),
        },
        ("includes" | "check" | "arguments", value) => {
            let most = if entry.key == "arguments" { MAX_ARGUMENTS } else { usize::MAX };
            match items(value).map(Iterator::count) {
                Some(count) if count <= most => Ok(()),
                Some(_) => bad(Reason::TooLong),
                None => bad(Reason::NotList),
            }
        }
        _ => Ok(()),
    }
}

/// `true` or `false`, in YAML's spellings.
fn switch(text: Text<'_>) -> Option<bool> {
    let on = ["true", "True", "TRUE"].into_iter().any(|name| text == name);
    let off = ["false", "False", "FALSE"].into_iter().any(|name| text == name);
    (on || off).then_some(on)
}

/// Where the front matter starts and ends and where the body starts.
fn split(text: &str) -> Result<(usize, usize, usize), FaultAt> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let content = text.get(start..).unwrap_or_default();
    let at = |rest: &str| start.saturating_add(content.len().saturating_sub(rest.len()));
    let below_comments = without_comments(content);
    let found = front_matter(text, at(below_comments))?;
    // Below other lines a `---` may also be a rule: it counts when fields follow it and end.
    let is_sure = |(from, end, _): &(usize, usize, usize)| {
        let first = content_line(text.get(*from..*end).unwrap_or_default(), 0);
        let key = first.and_then(|line| split_key(line.text)).map(|(key, _)| key);
        at(below_comments) == start || key.is_some_and(|key| !key.contains([' ', '\t']))
    };
    if let Some(found) = found.filter(is_sure) {
        return Ok(found);
    }
    // Below a comment of YAML or of a program, which Markdown has for text: if a prompt's field follows.
    let below_marks = without_marked_lines(below_comments);
    let found = match below_marks.len() < below_comments.len() {
        true => front_matter(text, at(below_marks))?,
        false => None,
    };
    let has_known = |(from, end, _): &(usize, usize, usize)| {
        let mut entries = FrontMatterEntries::new(text.get(*from..*end).unwrap_or_default());
        entries.any(|entry| OWN_FIELDS.contains(&tools::field(entry.key)))
    };
    Ok(found.filter(has_known).unwrap_or((start, start, start)))
}

/// The same for a front matter whose first line starts at `start`; `None` if there is no such line.
fn front_matter(text: &str, start: usize) -> Result<Option<(usize, usize, usize)>, FaultAt> {
    let content = text.get(start..).unwrap_or_default();
    let mut lines = content.split_inclusive(['\n']);
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Ok(None);
    }
    let front_at = start.saturating_add(first.len());
    let mut at = front_at;
    for line in lines {
        let end = at.saturating_add(line.len());
        if matches!(line.trim_end(), "---" | "...") {
            return Ok(Some((front_at, at, end)));
        }
        at = end;
        if at.saturating_sub(front_at) > MAX_FRONT_MATTER_BYTES {
            return Err(FaultAt::at(front_at, Reason::TooLong));
        }
    }
    match text.get(..start).unwrap_or_default().trim_start_matches('\u{feff}').is_empty() {
        true => Err(FaultAt::at(start, Reason::Unclosed)),
        false => Ok(None),
    }
}

/// Without the empty lines and HTML comments at its front.
fn without_comments(mut text: &str) -> &str {
    loop {
        text = without_blank_lines(text);
        let Some(comment) = text.trim_start_matches([' ', '\t']).strip_prefix("<!--") else {
            return text;
        };
        // Bytes, as the search for a text can panic as far as the linker can see.
        let end = comment.as_bytes().windows(3).position(|mark| mark == b"-->");
        let rest = end.and_then(|at| comment.get(at.saturating_add(3)..));
        let Some(rest) = rest else { return text };
        text = rest;
    }
}

/// Without the lines at its front that begin with the mark of a comment.
fn without_marked_lines(mut text: &str) -> &str {
    while text.starts_with('#') || text.starts_with("//") {
        let Some((_, rest)) = text.split_once(['\n']) else { break };
        text = without_comments(rest);
    }
    text
}

fn without_blank_lines(mut text: &str) -> &str {
    while let Some((line, rest)) = text.split_once(['\n']) {
        if !line.trim().is_empty() {
            break;
        }
        text = rest;
    }
    text
}

/// The longest front matter.
pub const MAX_FRONT_MATTER_BYTES: usize = 64 * 1024;
/// The most fields of a front matter.
pub const MAX_FIELDS: usize = 64;
/// The most names in `arguments`.
pub const MAX_ARGUMENTS: usize = 32;
/// Fields that tell a front matter from a text between two rules.
const OWN_FIELDS: [&str; 5] =
    ["tools", "allowed-tools", "disallowed-tools", "argument-hint", "description"];
