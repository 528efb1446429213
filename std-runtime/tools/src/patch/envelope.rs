//! The envelope of `apply_patch`.
//!
//! ```text
//! *** Begin Patch
//! *** Add File: new.txt
//! +a line
//! *** Delete File: old.txt
//! *** Update File: a.rs
//! *** Move to: b.rs                          if it gets another name
//! @@ fn main() {                             a line above, if the lines alone are ambiguous
//!  a line that is kept
//! -a line that is removed
//! +a line that is added
//! *** End of File                            if the last line is the file's last
//! *** End Patch
//! ```

use super::hunk::{Hunk, HunkLine, Kind, content};
use super::unified::numbers;
use super::{Action, FilePatch, Refusal, Target, checked_path};

/// The line that begins an envelope.
pub(super) fn begin(lines: &[&[u8]]) -> Option<usize> {
    lines.iter().position(|line| line.trim_ascii() == b"*** Begin Patch")
}

/// The files of the envelope that begins at the line `begin`.
///
/// # Errors
/// The line that is wrong.
pub(super) fn parse(lines: &[&[u8]], begin: usize) -> Result<Vec<FilePatch>, Refusal> {
    let mut parser = Parser { lines, next: begin + 1 };
    let mut files = Vec::new();
    loop {
        let number = parser.next + 1;
        let Some(line) = parser.take() else {
            let text = "the patch ends without `*** End Patch`: it may be cut off; give all of it";
            return Err(text.to_owned().into());
        };
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text == "*** End Patch" {
            return Ok(files);
        }
        if text.is_empty() || text.starts_with("*** Environment ID:") {
            continue;
        }
        let operation = text.strip_prefix("*** ").and_then(|it| it.split_once(" File: "));
        let Some((operation, path)) = operation else { return Err(no_header(number, text)) };
        let path = checked_path(path.trim(), number)?;
        let action = match operation {
            "Add" => Action::Add { content: parser.added(), may_replace: true },
            "Delete" => Action::Delete { hunks: Vec::new() },
            "Update" => {
                let to = parser.target()?;
                let hunks = parser.hunks()?;
                if hunks.is_empty() && to.is_none() {
                    let text = "has no hunk; give lines with - and +";
                    return Err(format!("line {number} of the patch: {path} {text}").into());
                }
                Action::Update { hunks, to }
            }
            _ => return Err(no_header(number, text)),
        };
        files.push(FilePatch { path, line: number, action, is_executable: None });
    }
}

fn no_header(number: usize, text: &str) -> Refusal {
    let shown: String = text.chars().take(80).collect();
    format!(
        "line {number} of the patch: {shown:?} is no header; there are `*** Add File: PATH`, \
         `*** Delete File: PATH`, `*** Update File: PATH` and `*** End Patch`, and lines of a hunk \
         begin with a blank, - or +"
    )
    .into()
}

struct Parser<'a> {
    lines: &'a [&'a [u8]],
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&[u8]> {
        self.lines.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&[u8]> {
        self.next += 1;
        self.lines.get(self.next - 1).copied()
    }

    /// The content of an added file.
    fn added(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        while let Some(text) = self.peek().and_then(|line| line.strip_prefix(b"+")) {
            lines.push(HunkLine { kind: Kind::Added, text: text.to_vec(), has_end: true });
            self.next += 1;
        }
        content(&lines)
    }

    fn target(&mut self) -> Result<Option<Target>, Refusal> {
        let number = self.next + 1;
        let line = self.peek().map(|line| String::from_utf8_lossy(line).trim().to_owned());
        let path = line.as_deref().and_then(|line| line.strip_prefix("*** Move to: "));
        let Some(path) = path else { return Ok(None) };
        let path = checked_path(path.trim(), number)?;
        self.next += 1;
        Ok(Some(Target { path, keeps_source: false, may_replace: true }))
    }

    fn hunks(&mut self) -> Result<Vec<Hunk>, Refusal> {
        let mut hunks = Vec::new();
        loop {
            let mut hunk = Hunk { line: self.next + 1, ..Hunk::default() };
            while let Some(header) = self.peek().and_then(|line| line.strip_prefix(b"@@")) {
                let (at, header) = match numbers(header) {
                    Some(numbers) => (Some(numbers.old_start), numbers.rest),
                    None => (None, header),
                };
                hunk.at = hunk.at.or(at);
                let header = header.trim_ascii();
                let header = header.strip_suffix(b"@@").map_or(header, <[u8]>::trim_ascii_end);
                if !header.is_empty() {
                    hunk.headers.push(header.to_vec());
                }
                self.next += 1;
            }
            while let Some(line) = self.peek().filter(|line| !line.starts_with(b"@@")) {
                if line.trim_ascii() == b"*** End of File" {
                    hunk.is_at_end = true;
                    self.next += 1;
                    break;
                }
                let line = line.to_vec();
                if !hunk.take(&line) {
                    break;
                }
                self.next += 1;
            }
            if hunk.lines.len() == hunk.blank_tail && hunk.headers.is_empty() {
                return Ok(hunks);
            }
            hunks.push(hunk.checked()?);
        }
    }
}
