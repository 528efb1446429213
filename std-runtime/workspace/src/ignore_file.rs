//! Ignore files as git reads them: `.gitignore`, `.ignore`, `info/exclude`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of an ignore file, for paths relative to its folder.
pub fn parse(text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    for line in String::from_utf8_lossy(text).lines() {
        // A line that is not a pattern excludes nothing, as in git.
        let _ = builder.add_line(None, &plain_classes(line));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The rules of the ignore file at `path`; empty if it is not a regular file or is too long.
pub fn load(path: &Path) -> Gitignore {
    read(path).map_or_else(Gitignore::empty, |text| parse(&text))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    // A project may put a FIFO there, which must not block.
    let flags = rustix::fs::OFlags::RDONLY
        | rustix::fs::OFlags::NONBLOCK
        | rustix::fs::OFlags::CLOEXEC
        | rustix::fs::OFlags::NOCTTY;
    let file: File = rustix::fs::open(path, flags, rustix::fs::Mode::empty()).ok()?.into();
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text).ok()?;
    (text.len() <= MAX_BYTES).then_some(text)
}

/// A pattern whose character classes hold no names (`[[:digit:]]`) and no escapes, which the
/// glob library does not know.
fn plain_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        match first {
            '\\' => {
                let escaped: usize = rest.chars().take(2).map(char::len_utf8).sum();
                out.push_str(&rest[..escaped]);
                rest = &rest[escaped..];
            }
            '[' => match Class::parse(&rest[1..]) {
                Some((class, after)) => {
                    class.push_to(&mut out);
                    rest = after;
                }
                None => {
                    out.push('[');
                    rest = &rest[1..];
                }
            },
            other => {
                out.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    out
}

/// A character class: `[a-z]`, `[!ab]`.
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    /// Reads what follows a `[`; `None` if the class has no end.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let inner = text.strip_prefix(['!', '^']);
        let (negated, mut rest) = (inner.is_some(), inner.unwrap_or(text));
        let mut ranges = Vec::new();
        let mut is_first = true;
        loop {
            let first = rest.chars().next()?;
            if first == ']' && !is_first {
                return Some((Self { negated, ranges }, &rest[1..]));
            }
            is_first = false;
            if let Some((named, after)) = named(rest) {
                ranges.extend_from_slice(named);
                rest = after;
                continue;
            }
            let (from, after) = member(rest)?;
            let to = after.strip_prefix('-').filter(|to| !to.starts_with(']'));
            let (to, after) = match to {
                Some(to) => member(to)?,
                None => (from, after),
            };
            // A range that runs backwards holds nothing.
            if from <= to {
                ranges.push((from, to));
            }
            rest = after;
        }
    }

    fn push_to(&self, out: &mut String) {
        if let (false, [(only, same)]) = (self.negated, &*self.ranges)
            && only == same
        {
            out.push('\\');
            out.push(*only);
            return;
        }
        out.push('[');
        if self.negated {
            out.push('!');
        }
        // `]` is a member where it comes first, `-` where it comes last, `!` and `^` where they
        // do not come first.
        let rank = |&(from, to): &(char, char)| match (from, to) {
            (']', ']') => 0,
            ('-', '-') => 3,
            ('!' | '^', _) => 2,
            _ => 1,
        };
        let mut ranges = self.ranges.clone();
        ranges.sort_by_key(rank);
        for (from, to) in ranges {
            out.push(from);
            if from != to {
                out.push('-');
                out.push(to);
            }
        }
        out.push(']');
    }
}

/// One member of a class, perhaps escaped, and what follows it.
fn member(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let member = if first == '\\' { chars.next()? } else { first };
    Some((member, chars.as_str()))
}

/// The class `[:name:]` at the start of `text`, and the text after it.
fn named(text: &str) -> Option<(&'static [(char, char)], &str)> {
    let (name, after) = text.strip_prefix("[:")?.split_once(":]")?;
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, ranges)| (*ranges, after))
}

/// The classes that git knows, all of ASCII.
const NAMED: &[(&str, &[(char, char)])] = &[
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("blank", &[(' ', ' '), ('\t', '\t')]),
    ("cntrl", &[('\x01', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('"', '~'), ('!', '!')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[(':', '@'), ('[', '`'), ('{', '~'), ('"', '/'), ('!', '!')]),
    ("space", &[(' ', ' '), ('\t', '\r')]),
    ("upper", &[('A', 'Z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

/// Visual Studio writes it at the start of text files; git skips it.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The largest known ones have a tenth of this, and compiled patterns need many times their length.
pub const MAX_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(pattern: &str, path: &str) -> bool {
        parse(pattern.as_bytes()).matched(path, false).is_ignore()
    }

    #[test]
    fn classes_match_as_for_git() {
        for (pattern, matching, other) in [
            ("[[:digit:]]*.out", "1.out", "a.out"),
            ("*.[[:alpha:]][[:digit:]]", "x.a1", "x.11"),
            ("[![:upper:]]x", "ax", "Ax"),
            ("[^[:space:]]x", "ax", " x"),
            ("[[:punct:]]x", "!x", "ax"),
            ("[[:punct:]]y", "]y", "5y"),
            ("x[[:xdigit:]_-]", "x-", "xg"),
            ("[\\]]", "]", "a"),
            ("[]a]x", "]x", "bx"),
            ("[\\!a]x", "!x", "bx"),
            ("[!a-c]x", "dx", "bx"),
            ("[a-]x", "-x", "bx"),
        ] {
            assert!(ignores(pattern, matching), "{pattern} {matching}");
            assert!(!ignores(pattern, other), "{pattern} {other}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_pattern() {
        assert!(ignores("\u{feff}*.tmp\r\n*.bak\r\n", "x.tmp"));
        assert!(ignores("\u{feff}*.tmp\r\n*.bak\r\n", "x.bak"));
    }

    #[test]
    fn an_endless_or_strange_ignore_file_has_no_rules() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".gitignore");
        std::fs::write(&path, "*\n".repeat(MAX_BYTES)).unwrap();
        assert!(load(&path).is_empty());
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        assert!(load(&path).is_empty());
        assert!(load(Path::new("/dev/zero")).is_empty());
    }
}
