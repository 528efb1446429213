//! `@path` in a text: the file is given with it.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use crate::project_file;

/// Text and what is to be told about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentioned {
    /// The files that the text mentions, each between tags.
    pub files: String,
    /// Files that are there and are not given, each with the reason.
    pub notes: Vec<String>,
}

/// The files below `top` that `text` mentions, with paths from the folder `base` of it. What names
/// no file is text. No link is followed out of `top`.
pub(super) fn mentioned(top: &Path, base: &Path, text: &str, room_bytes: &mut u64) -> Mentioned {
    let mut found = Mentioned::default();
    let mut seen = Vec::new();
    for range in mentions(text) {
        let written = &text[range];
        let Some(path) = inside(&base.join(written)) else {
            if top.join(base).join(written).is_file() {
                found.notes.push(format!("@{written} is not given: it is outside of the project"));
            }
            continue;
        };
        if seen.contains(&path) {
            continue;
        }
        let limit = FILE_BYTES.min(*room_bytes);
        match project_file::read_text(top, &path, limit) {
            Ok(Some(content)) => {
                *room_bytes -= content.len() as u64;
                let end = if content.ends_with('\n') { "" } else { "\n" };
                found
                    .files
                    .push_str(&format!("\n\n<file path=\"{written}\">\n{content}{end}</file>"));
            }
            // A folder can be listed by a tool.
            Ok(None) => continue,
            Err(_) if top.join(&path).is_dir() => continue,
            Err(why) => found.notes.push(format!("@{written} is not given: {why}")),
        }
        seen.push(path);
    }
    found
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

/// Where `text` has the path of a mention: after an `@` at the start of a word, outside of code.
fn mentions(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut is_code, mut in_fence, mut at) = (Vec::new(), false, false, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        let mut before = ' ';
        for (index, character) in line.char_indices() {
            if character == '`' {
                is_code = !is_code;
            }
            if character == '@' && !is_code && (before.is_whitespace() || "([\"'".contains(before))
            {
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
        }
        is_code = false;
    }
    found
}

/// The most of one file; a longer one is read in parts, by a tool.
const FILE_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_path_after_an_at_sign_at_the_start_of_a_word() {
        let text = "see @a/b.rs, (@c) and @\"d e\". mail x@y.z `@code`\n```\n@fence\n```\n@f.";
        let found: Vec<&str> = mentions(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["a/b.rs", "c", "d e", "f"]);
    }

    #[test]
    fn files_of_the_project_are_given_once_and_no_link_leads_out() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("a"), "A").unwrap();
        std::fs::write(at("sub/b"), "B\n").unwrap();
        std::fs::write(at("long"), "x".repeat(65537)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
        let text =
            "@a @a @sub @sub/b @none @types/node @long @link @../../../../etc/passwd @/etc/passwd";
        let mut room = 1 << 20;
        let found = mentioned(top.path(), Path::new(""), text, &mut room);
        let files = "\n\n<file path=\"a\">\nA\n</file>\n\n<file path=\"sub/b\">\nB\n</file>";
        assert_eq!(found.files, files);
        let notes = found.notes.join("\n");
        for part in [
            "@long is not given: it is longer",
            "@link is not given: it is a link",
            "@/etc/passwd is not given: it is outside",
        ] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
        assert_eq!(room, (1 << 20) - 3);
        // From the folder of the text, and no more than there is room for.
        let found = mentioned(top.path(), Path::new("sub"), "@b @../a @a", &mut 2);
        assert_eq!(found.files, "\n\n<file path=\"b\">\nB\n</file>");
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    }
}
