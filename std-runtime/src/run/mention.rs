//! `@path` in a text: the file is included as text, or attached if it is a picture or a PDF.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use crate::agent::File;
use crate::project_file;

/// The files that a text mentions, and notes about them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentioned {
    /// Those that are text, each between tags.
    pub texts: String,
    /// Pictures and PDFs, each once.
    pub attached: Vec<File>,
    /// Files that exist and are not included, each with the reason.
    pub notes: Vec<String>,
}

/// What the conversation holds of the project's files, and how much more it may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// A hash of the text of each, by its path from the root of the file system.
    texts: BTreeMap<PathBuf, u64>,
    room_bytes: u64,
}

impl Given {
    /// None so far.
    pub fn new() -> Self {
        Self { texts: BTreeMap::new(), room_bytes: ALL_BYTES }
    }

    /// Takes `text` of the file `path` below `top`; false if it is there already.
    pub fn take(&mut self, top: &Path, path: &Path, text: &str) -> bool {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        let is_new = self.texts.insert(top.join(path), hash) != Some(hash);
        if is_new {
            self.room_bytes = self.room_bytes.saturating_sub(text.len() as u64);
        }
        is_new
    }

    /// What was given may be given again.
    pub fn forget(&mut self) {
        self.texts.clear();
    }

    /// The text of the file `path` below `top`, if there is one.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read(&self, top: &Path, path: &Path) -> Result<Option<String>, String> {
        let text = project_file::read_text(top, path, FILE_BYTES)?;
        match text {
            Some(text) if text.len() as u64 > self.room_bytes => Err(format!(
                "with those before it, it is longer than {ALL_BYTES} bytes; name fewer files"
            )),
            text => Ok(text),
        }
    }
}

/// The files below `top` that `text` mentions, with paths from the folder `base` of it, but those
/// that were given before and are the same. What names no file is text. No link is followed out of
/// `top`.
pub(super) fn mentioned(top: &Path, base: &Path, text: &str, given: &mut Given) -> Mentioned {
    let mut found = Mentioned::default();
    // Those that are attached or refused, so that a second mention adds nothing.
    let mut done = Vec::new();
    for range in mentions(text) {
        let written = &text[range];
        let Some(path) = inside(&base.join(written)) else {
            if top.join(base).join(written).is_file() {
                found.notes.push(format!("@{written} is not included: it is outside the project"));
            }
            continue;
        };
        if done.contains(&path) {
            continue;
        }
        if let Some(file) = picture(top, &path) {
            found.attached.push(file);
            done.push(path);
            continue;
        }
        match given.read(top, &path) {
            Ok(Some(content)) if !given.take(top, &path, &content) => {}
            Ok(Some(content)) => {
                let end = if content.ends_with('\n') { "" } else { "\n" };
                found
                    .texts
                    .push_str(&format!("\n\n<file path=\"{written}\">\n{content}{end}</file>"));
            }
            // A folder can be listed by a tool.
            Ok(None) => {}
            Err(_) if top.join(&path).is_dir() => {}
            Err(why) => {
                found.notes.push(format!("@{written} is not included: {why}"));
                done.push(path);
            }
        }
    }
    found
}

/// The file `path` below `top` if its first bytes are those of a picture or a PDF that models read.
fn picture(top: &Path, path: &Path) -> Option<File> {
    let file = project_file::open_file(top, path).ok()??;
    let file = File::opened(file, &path.file_name()?.to_string_lossy()).ok()?;
    PICTURES.contains(&file.media_type()).then_some(file)
}

/// `path` without `.` and `..`; `None` if it leads out.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!plain.as_os_str().is_empty()).then_some(plain)
}

/// The places of mentions in `text`: after an `@` at the start of a word, outside code.
fn mentions(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut fence, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        match (fence_of(line), fence) {
            (Some((mark, length, _)), None) => fence = Some((mark, length)),
            // It ends with as many of the same marks, and nothing else.
            (Some((mark, length, true)), Some((open, least))) if mark == open => {
                fence = fence.filter(|_| length < least);
            }
            (None, None) => mentions_of_line(line, start, &mut found),
            _ => {}
        }
    }
    found
}

/// The mark of a fence of code, how many there are, and whether nothing follows, if the line is one.
fn fence_of(line: &str) -> Option<(char, usize, bool)> {
    let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
    let mark = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    // A span of code may be at the start of a line.
    (length >= 3 && !(mark == '`' && rest.contains('`'))).then_some((mark, length, rest.is_empty()))
}

fn mentions_of_line(line: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let (mut before, mut index) = (' ', 0);
    while let Some(character) = line[index..].chars().next() {
        if character == '`' {
            index += span(&line[index..]);
            before = '`';
            continue;
        }
        if character == '@' && (before.is_whitespace() || "([\"'".contains(before)) {
            let rest = &line[index + 1..];
            let (skip, length) = match rest.strip_prefix('"') {
                Some(quoted) => (1, quoted.find('"').unwrap_or(0)),
                None => {
                    let ends = |c: char| c.is_whitespace() || "\"'()[]<>`,;".contains(c);
                    let word = rest.split(ends).next().unwrap_or_default();
                    (0, word.trim_end_matches(['.', ':', '!', '?']).len())
                }
            };
            if length > 0 {
                let from = start + index + 1 + skip;
                found.push(from..from + length);
            }
        }
        before = character;
        index += character.len_utf8();
    }
}

/// How long the span of code is with which `text` begins; its marks alone, if it has no end.
fn span(text: &str) -> usize {
    let marks = text.len() - text.trim_start_matches('`').len();
    let mut at = marks;
    while let Some(next) = text[at..].find('`') {
        at += next;
        let length = text[at..].len() - text[at..].trim_start_matches('`').len();
        at += length;
        if length == marks {
            return at;
        }
    }
    marks
}

/// What a mention attaches: types that the first bytes of a file identify.
const PICTURES: [&str; 5] =
    ["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf"];

/// The most of one file; a longer one is read in parts, by a tool.
const FILE_BYTES: u64 = 64 * 1024;

/// The most of all files that a conversation is given so: they go into every request.
const ALL_BYTES: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_path_after_an_at_sign_at_the_start_of_a_word() {
        let found = |text: &'static str| -> Vec<&str> {
            mentions(text).into_iter().map(|range| &text[range]).collect()
        };
        let text = "see @a/b.rs, (@c) and @\"d e\". mail x@y.z `@code`\n```\n@fence\n```\n@f.";
        assert_eq!(found(text), ["a/b.rs", "c", "d e", "f"]);
        for code in [
            "`@no`",
            "``@no``",
            "`` ` @no ``",
            "a `x` and `see @no`",
            "~~~\n@no\n~~~",
            "````md\n```\n@no\n```\n@no\n````",
            "```\n~~~\n@no\n```",
            "  ```sh\n  @no\n  ```",
            "> ```\n> @no\n> ```",
            "```\n@no",
            "```rust\n@no\n``` not the end\n@no\n```",
            "me@no.org, git@no:a/b, \\@no, a/@no, <@no>, @, @.",
        ] {
            assert_eq!(found(code), [""; 0], "{code}");
        }
        for text in [
            "@yes `x`",
            "`x` @yes",
            "an odd ` before @yes",
            "``a ` b`` @yes",
            "``` x ``` @yes",
            "```\nx\n```\n@yes",
            "~~~\n```\n~~~\n@yes",
            "\t- @yes: it",
            "(see @yes)",
            "['@yes']",
            "ü @yes, ü",
            "x@y.z @yes?!",
        ] {
            assert_eq!(found(text), ["yes"], "{text}");
        }
    }

    #[test]
    fn a_picture_is_attached_once_and_no_link_leads_to_one_outside() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().join("project");
        std::fs::create_dir(&top).unwrap();
        let png = b"\x89PNG\r\n\x1a\n";
        std::fs::write(top.join("cat.png"), png).unwrap();
        std::fs::write(top.join("a.pdf"), "%PDF-1.7 is text too").unwrap();
        std::fs::write(top.join("fake.png"), "text").unwrap();
        std::fs::write(place.path().join("secret.png"), png).unwrap();
        std::os::unix::fs::symlink("../secret.png", top.join("link.png")).unwrap();
        let text = "@cat.png @a.pdf @./cat.png @fake.png @link.png";
        let found = mentioned(&top, Path::new(""), text, &mut Given::new());
        let names: Vec<&str> = found.attached.iter().map(File::name).collect();
        assert_eq!(names, ["cat.png", "a.pdf"]);
        assert_eq!(found.texts, "\n\n<file path=\"fake.png\">\ntext\n</file>");
        assert!(found.notes.join("\n").contains("@link.png is not included: it is a link"));
    }

    #[test]
    fn files_of_the_project_are_included_once_and_no_link_leads_out() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("a"), "A").unwrap();
        std::fs::write(at("sub/b"), "B\n").unwrap();
        std::fs::write(at("long"), "x".repeat(65537)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
        let text =
            "@a @a @sub @sub/b @none @types/node @long @link @../../../../etc/passwd @/etc/passwd";
        let mut given = Given::new();
        let found = mentioned(top.path(), Path::new(""), text, &mut given);
        let files = "\n\n<file path=\"a\">\nA\n</file>\n\n<file path=\"sub/b\">\nB\n</file>";
        assert_eq!(found.texts, files);
        let notes = found.notes.join("\n");
        for part in [
            "@long is not included: it is longer",
            "@link is not included: it is a link",
            "@/etc/passwd is not included: it is outside",
        ] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
        assert_eq!(given.room_bytes, ALL_BYTES - 3);
        // From the folder of the text: the same file by another path, and again when it is another.
        let sub = |given: &mut Given| mentioned(top.path(), Path::new("sub"), "@b @../a @a", given);
        assert_eq!(sub(&mut given), Mentioned::default());
        std::fs::write(at("a"), "C").unwrap();
        assert_eq!(sub(&mut given).texts, "\n\n<file path=\"../a\">\nC\n</file>");
        // No more than there is room for.
        given.room_bytes = 1;
        std::fs::write(at("a"), "DD").unwrap();
        let found = mentioned(top.path(), Path::new(""), "@a @a", &mut given);
        assert_eq!(
            (found.texts.as_str(), found.notes.join("\n").as_str()),
            (
                "",
                "@a is not included: with those before it, it is longer than 262144 bytes; name fewer \
                 files"
            )
        );
    }
}
