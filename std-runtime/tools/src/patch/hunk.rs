//! A hunk: lines of a file, and their replacement.

use super::Refusal;

#[derive(Debug, Default)]
pub(super) struct Hunk {
    /// The line of the patch where it begins.
    pub(super) line: usize,
    /// Lines of the file that are above it, from `@@` lines.
    pub(super) headers: Vec<Vec<u8>>,
    /// The number, from 1, that its first line had in the file, as far as the patch knows.
    pub(super) at: Option<usize>,
    pub(super) lines: Vec<HunkLine>,
    /// Empty lines at its end, which may be no part of it.
    pub(super) blank_tail: usize,
    /// Its last line is the file's last.
    pub(super) is_at_end: bool,
}

#[derive(Debug, Clone)]
pub(super) struct HunkLine {
    pub(super) kind: Kind,
    pub(super) text: Vec<u8>,
    /// Whether a line end follows.
    pub(super) has_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Context,
    Removed,
    Added,
}

impl Hunk {
    /// Takes a line of the patch, with its first character. `false` if it does not belong to a hunk.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        let (kind, text) = match line.split_first() {
            None => (Kind::Context, line),
            Some((b' ', text)) => (Kind::Context, text),
            Some((b'-', text)) => (Kind::Removed, text),
            Some((b'+', text)) => (Kind::Added, text),
            Some((b'\\', _)) => {
                if let Some(last) = self.lines.last_mut() {
                    last.has_end = false;
                }
                return true;
            }
            Some(_) => return false,
        };
        self.blank_tail = if line.is_empty() { self.blank_tail + 1 } else { 0 };
        self.lines.push(HunkLine { kind, text: text.to_vec(), has_end: true });
        true
    }

    /// The number of its lines that are in the file before, and after.
    pub(super) fn counts(&self) -> (usize, usize) {
        let count = |not: Kind| self.lines.iter().filter(|line| line.kind != not).count();
        (count(Kind::Added), count(Kind::Removed))
    }

    /// Takes empty lines at the end away, `count` of them.
    pub(super) fn drop_blanks(&mut self, count: usize) {
        let count = count.min(self.blank_tail);
        self.lines.truncate(self.lines.len() - count);
        self.blank_tail -= count;
    }

    /// # Errors
    /// When it changes nothing.
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        if self.lines.iter().all(|line| line.kind == Kind::Context) {
            let line = self.line;
            let text = "the hunk has no line with + or -; add the changed lines";
            return Err(format!("line {line} of the patch: {text}").into());
        }
        Ok(self)
    }
}

/// The text of the added lines.
pub(super) fn content(lines: &[HunkLine]) -> Vec<u8> {
    let mut content = Vec::new();
    for line in lines {
        content.extend_from_slice(&line.text);
        if line.has_end {
            content.push(b'\n');
        }
    }
    content
}
