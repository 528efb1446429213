//! Where a body holds code: the fences and spans of Markdown.
//!
//! Text in code that looks like a placeholder usually belongs to the code: awk's `$1`, the braces of a page.

/// The context of a byte of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Surroundings<'a> {
    /// Outside code; the line before the byte, at most [`LOOK_BACK_BYTES`].
    Prose(&'a str),
    /// Between backticks; the code before the byte.
    Span(&'a str),
    /// Between the lines of a fence; the code before the byte, at most [`LOOK_BACK_BYTES`].
    Fence(&'a str),
}

impl Surroundings<'_> {
    pub fn is_code(self) -> bool {
        !matches!(self, Self::Prose(_))
    }

    /// Whether a shell argument here belongs to the code. `declared` prompts certainly take
    /// arguments; in others only what a shell would expand in a command is an argument.
    pub fn keeps_shell_arguments(self, declared: bool) -> bool {
        match self {
            // A command without marks around it, such as an indented one.
            Self::Prose(before) => is_in_awk(before) && has_open_program(before),
            Self::Span(before) => is_in_awk(before) || !declared && is_in_quotes(before),
            Self::Fence(before) => is_in_awk(before) || !declared,
        }
    }
}

/// Follows the code of a body from its start.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Code {
    /// Where the scan continues.
    at: usize,
    /// The end of its line, so that a long line is searched for it once.
    line_end: usize,
    /// Mark, length and first byte of the open fence's code.
    fence: Option<(u8, usize, usize)>,
    /// The last span that was found.
    span: (usize, usize),
}

impl Code {
    /// The context of byte `at` of `body`. From one call to the next `at` only grows.
    pub fn place<'a>(&mut self, body: &'a str, at: usize) -> Surroundings<'a> {
        while self.at < at {
            self.step(body, at);
        }
        if let Some((_, _, start)) = self.fence {
            return Surroundings::Fence(before(body, start, at));
        }
        let (start, end) = self.span;
        match at >= start && at < end {
            true => Surroundings::Span(body.get(start..at).unwrap_or_default()),
            false => {
                let text = before(body, 0, at);
                let end = text.as_bytes().iter().rposition(|byte| *byte == b'\n');
                let line = text.get(end.map_or(0, |end| end.saturating_add(1))..);
                Surroundings::Prose(line.unwrap_or_default())
            }
        }
    }

    /// Passes a line of a fence, or the text up to the end of the next span or line.
    fn step(&mut self, body: &str, at: usize) {
        let mut is_of_fence = self.fence.is_some();
        if self.at >= self.line_end {
            let rest = body.as_bytes().get(self.at..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(rest.len(), |end| end.saturating_add(1));
            self.line_end = self.at.saturating_add(length.max(1));
            let line = body.get(self.at..self.line_end).unwrap_or_default();
            is_of_fence |= self.fence_line(line);
        }
        let line_end = self.line_end;
        if is_of_fence {
            self.at = if self.fence.is_some() { at.min(line_end) } else { line_end };
            return;
        }
        let line = body.get(self.at..line_end).unwrap_or_default();
        let ahead = at.saturating_sub(self.at);
        let Some(found) = line.bytes().take(ahead).position(|b| b == b'`') else {
            self.at = at.min(line_end);
            return;
        };
        let ticks = line.get(found..).unwrap_or_default();
        let length = run(ticks, b'`');
        let inner = ticks.get(length..).unwrap_or_default();
        let start = self.at.saturating_add(found).saturating_add(length);
        self.at = match closing(inner, length) {
            Some(close) => {
                self.span = (start, start.saturating_add(close));
                start.saturating_add(close).saturating_add(length)
            }
            None => start,
        };
    }

    /// Opens or closes a fence when `line` is one of its two lines.
    fn fence_line(&mut self, line: &str) -> bool {
        let content = line.trim_start_matches([' ', '\t']);
        let mark = content.bytes().next().unwrap_or_default();
        let length = run(content, mark);
        let rest = content.get(length..).unwrap_or_default();
        let is_fence = length >= 3 && matches!(mark, b'`' | b'~');
        match self.fence {
            None if is_fence && !(mark == b'`' && rest.contains('`')) => {
                self.fence = Some((mark, length, self.line_end));
                true
            }
            Some((open, least, _))
                if is_fence && mark == open && length >= least && rest.trim().is_empty() =>
            {
                self.fence = None;
                true
            }
            _ => false,
        }
    }
}

/// The position of the run of exactly `length` backticks that closes a span.
fn closing(inner: &str, length: usize) -> Option<usize> {
    let bytes = inner.as_bytes().get(..inner.len().min(MAX_SPAN_BYTES)).unwrap_or_default();
    let mut at = 0_usize;
    loop {
        let found = bytes.get(at..)?.iter().position(|b| *b == b'`')?;
        let start = at.saturating_add(found);
        let ticks = run(inner.get(start..)?, b'`');
        if ticks == length {
            return Some(start);
        }
        at = start.saturating_add(ticks);
    }
}

/// The text of `body` from `start` to byte `at`: its last [`LOOK_BACK_BYTES`] at most.
fn before(body: &str, start: usize, at: usize) -> &str {
    let mut from = start.max(at.saturating_sub(LOOK_BACK_BYTES));
    while from < at && !body.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    body.get(from..at).unwrap_or_default()
}

/// Whether a program of awk in quotes has begun: prose may name awk and have an apostrophe.
fn has_open_program(line: &str) -> bool {
    let opens = |pair: &[u8]| matches!(pair, [b'\'' | b'"', b'{'] | [b'\'' | b'"', b'/']);
    line.as_bytes().windows(2).any(opens)
}

/// Whether the code ends inside single quotes, where a shell expands nothing.
fn is_in_quotes(code: &str) -> bool {
    code.bytes().filter(|b| *b == b'\'').count() % 2 == 1
}

/// Whether the code ends inside a program for awk, whose `$1` are fields.
fn is_in_awk(code: &str) -> bool {
    // Bytes, as the search for a text can panic as far as the linker can see.
    let name = code.as_bytes().windows(3).rposition(|word| word == b"awk");
    name.and_then(|at| code.as_bytes().get(at..)).is_some_and(|program| {
        [b'\'', b'"'].iter().any(|quote| program.iter().filter(|b| *b == quote).count() % 2 == 1)
    })
}

fn run(text: &str, mark: u8) -> usize {
    text.bytes().take_while(|b| *b == mark).count()
}

/// The longest code between backticks; longer ones are text.
const MAX_SPAN_BYTES: usize = 1024;
/// How far a quote is looked for before a place outside spans.
const LOOK_BACK_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// The place of each `@` of the body.
    fn places(body: &str) -> Vec<Surroundings<'_>> {
        let mut code = Code::default();
        let marks = body.bytes().enumerate().filter(|(_, b)| *b == b'@');
        marks.map(|(at, _)| code.place(body, at)).collect()
    }

    #[test]
    fn spans_and_fences_are_code() {
        use Surroundings::{Fence, Prose, Span};
        let cases: [(&str, &[Surroundings<'_>]); 9] = [
            ("x\na @ b", &[Prose("a ")]),
            ("`a @` @", &[Span("a "), Prose("`a @` ")]),
            ("``a ` @`` @", &[Span("a ` "), Prose("``a ` @`` ")]),
            ("a ` b @ c", &[Prose("a ` b ")]),
            ("`a\n@`", &[Prose("")]),
            ("```sh\na @ @\n@\n```\n@", &[Fence("a "), Fence("a @ "), Fence("a @ @\n"), Prose("")]),
            ("~~~\n```\n@\n~~~~ \n`@`", &[Fence("```\n"), Span("")]),
            ("  ````\n```\n@\n````", &[Fence("```\n")]),
            ("```x``` @\n`@`@", &[Prose("```x``` "), Span(""), Prose("`@`")]),
        ];
        for (body, expected) in cases {
            assert_eq!(places(body), expected, "{body}");
        }
    }

    #[test]
    fn code_keeps_what_its_shell_would_not_expand() {
        let span = |code| Surroundings::Span(code).keeps_shell_arguments(false);
        assert!(span("awk '{print ") && span("sed 's/") && span("awk \"{print "));
        assert!(!span("gh pr view ") && !span("it''s "));
        assert!(Surroundings::Fence("x ").keeps_shell_arguments(false));
        assert!(!Surroundings::Fence("x ").keeps_shell_arguments(true));
        assert!(Surroundings::Span("gawk -F: '{print ").keeps_shell_arguments(true));
        let prose = |line| Surroundings::Prose(line).keeps_shell_arguments(true);
        assert!(prose("    awk '{print ") && prose("awk '/x/ {print ") && prose("gawk \"{print "));
        assert!(!prose("") && !prose("no awk; it's ") && !prose("awk '{print}' file "));
    }
}
