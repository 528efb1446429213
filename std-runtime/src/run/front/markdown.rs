//! Markdown on a terminal, while it arrives.
//!
//! A marker is rendered once its end marker has arrived; until then the text waits, for a line at
//! most. Characters that are not markers are shown as written, so that no part of an answer is lost.
//! No crate renders Markdown that is still incomplete.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

/// A whole text as a terminal with colours shows it; it has no control characters of its own.
pub(crate) fn rendered(text: &str) -> String {
    let (mut markdown, mut out) = (Markdown::default(), String::new());
    markdown.push(text, &mut out);
    markdown.flush(&mut out);
    out
}

/// The state of an answer so far.
#[derive(Debug, Default)]
pub(crate) struct Markdown {
    place: Place,
    /// The end of the text, whose meaning is not known yet.
    held: String,
    /// What was already shown of the same line.
    before: Option<char>,
    /// The fence of the open code block: its character, and how many.
    fence: Option<(char, usize)>,
}

/// The place in a line where the text continues.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Text,
    Heading,
    Code,
}

impl Markdown {
    /// Adds `text` to the answer, and the part that can be shown to `out`.
    pub(crate) fn push(&mut self, text: &str, out: &mut String) {
        for part in text.split_inclusive('\n') {
            let line = part.strip_suffix('\n');
            self.held.push_str(line.unwrap_or(part));
            self.advance(line.is_some(), out);
            if line.is_some() {
                self.ends_line(out);
                out.push('\n');
            }
        }
    }

    /// Adds the waiting text to `out`, because something else is shown next.
    pub(crate) fn flush(&mut self, out: &mut String) {
        if self.place != Place::Start || !self.held.is_empty() {
            self.advance(true, out);
            self.ends_line(out);
        }
    }

    /// Ends the answer: the next one does not begin inside code.
    pub(crate) fn ends(&mut self) {
        *self = Self::default();
    }

    /// Shows as much of the line as is unambiguous, all of it if it is `over`.
    fn advance(&mut self, over: bool, out: &mut String) {
        if self.place == Place::Start {
            if !over && is_undecided(&self.held, self.fence) {
                return;
            }
            self.begin_line(out);
        }
        if self.place == Place::Code {
            out.push_str(&std::mem::take(&mut self.held));
            return;
        }
        let is_bold = self.place == Place::Heading;
        let shown = inline(&self.held, &mut self.before, is_bold, over, out);
        self.held.drain(..shown);
    }

    /// Shows the beginning of a line, and returns the kind of the rest.
    fn begin_line(&mut self, out: &mut String) {
        let indent = self.held.len() - self.held.trim_start_matches(' ').len();
        let (blanks, text) = self.held.split_at(indent);
        if let Some(fence) = self.fence {
            if run(text, fence.0) >= fence.1 && text.trim_matches(fence.0).trim().is_empty() {
                self.fence = None;
            }
            self.place = Place::Code;
            out.push_str(if self.fence.is_some() { CODE } else { FAINT });
            return;
        }
        if let Some(fence) = fence(text) {
            (self.fence, self.place) = (Some(fence), Place::Code);
            out.push_str(FAINT);
            return;
        }
        self.place = Place::Text;
        let level = run(text, '#');
        if (1..=6).contains(&level) && text[level..].starts_with(' ') {
            self.place = Place::Heading;
            out.push_str(if level == 1 { "\x1b[1;4m" } else { "\x1b[1m" });
            self.held = text[level..].trim().trim_end_matches('#').trim_end().to_owned();
            return;
        }
        let (shown, used) = match text.as_bytes() {
            [b'-', b' ', b'[', mark, b']', b' ', ..] if matches!(mark, b' ' | b'x' | b'X') => {
                (if *mark == b' ' { "☐ " } else { "☑ " }, 6)
            }
            [b'-' | b'*' | b'+', b' ', ..] => ("• ", 2),
            [b'>', b' ', ..] => ("\x1b[2m│\x1b[22m ", 2),
            [b'>', ..] => ("\x1b[2m│\x1b[22m ", 1),
            _ if is_rule(text) => ("\x1b[2m────────\x1b[22m", text.len()),
            _ => ("", 0),
        };
        out.push_str(blanks);
        out.push_str(shown);
        self.before = Some(' ');
        self.held.drain(..indent + used);
    }

    fn ends_line(&mut self, out: &mut String) {
        if matches!(self.place, Place::Heading | Place::Code) {
            out.push_str(PLAIN);
        }
        (self.place, self.before) = (Place::Start, None);
        self.held.clear();
    }
}

/// Whether more of a line is needed to know its kind.
fn is_undecided(line: &str, fence: Option<(char, usize)>) -> bool {
    let text = line.trim_start_matches(' ');
    let Some(first) = text.chars().next() else { return line.len() < SPAN_BYTES };
    if let Some((mark, _)) = fence {
        return first == mark && text.trim_end().chars().all(|it| it == mark);
    }
    let is_run = text.trim_end().chars().all(|it| it == first);
    match first {
        // A heading, whose end may also be marked, and code, whose language follows, wait for the whole line.
        '#' => run(text, '#') <= 6 && (is_run || text[run(text, '#')..].starts_with(' ')),
        '`' | '~' if run(text, first) >= 3 => !text.trim_start_matches(first).contains('`'),
        '-' if text.len() < 6 && "- [ ] - [x] - [X] ".contains(text) => true,
        '`' | '~' | '-' | '*' | '_' => is_run,
        '+' | '>' => text.len() == 1,
        _ => false,
    }
}

/// How often `text` begins with `mark`.
fn run(text: &str, mark: char) -> usize {
    text.chars().take_while(|it| *it == mark).count()
}

/// The fence that begins code, if the line is one.
fn fence(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|it| matches!(it, '`' | '~'))?;
    let length = run(text, mark);
    (length >= 3 && !text[length..].contains('`')).then_some((mark, length))
}

fn is_rule(text: &str) -> bool {
    let text = text.trim_end();
    let mark = text.chars().next().filter(|it| matches!(it, '-' | '*' | '_'));
    text.len() >= 3 && mark.is_some_and(|mark| text.chars().all(|it| it == mark))
}

/// What is at a place in a line.
enum Found<'a> {
    /// This many bytes, unchanged.
    Literal(usize),
    /// More of the line is needed.
    Unknown,
    /// Text in another style, between `on` and `off`, and how many bytes it takes.
    Code(&'a str, usize),
    Styled {
        on: &'static str,
        off: &'static str,
        text: &'a str,
        used: usize,
    },
    Link {
        text: &'a str,
        address: &'a str,
        used: usize,
    },
}

/// Shows the inline text of a line and returns how much of it was shown: all if the line is `over`.
fn inline(
    line: &str,
    before: &mut Option<char>,
    is_bold: bool,
    over: bool,
    out: &mut String,
) -> usize {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(['\\', '`', '*', '_', '~', '[']).unwrap_or(rest.len());
        let (text, marked) = rest.split_at(plain);
        out.push_str(text);
        *before = text.chars().next_back().or(*before);
        at += plain;
        if marked.is_empty() {
            break;
        }
        let used = match found(marked, *before, over) {
            Found::Unknown => break,
            Found::Literal(bytes) => {
                out.push_str(marked.get(..bytes).unwrap_or(marked));
                bytes
            }
            Found::Code(text, used) => {
                let _ = write!(out, "{CODE}{text}\x1b[39m");
                used
            }
            Found::Styled { on, off, text, used } => {
                let is_marked = on == BOLD && is_bold;
                out.push_str(if is_marked { "" } else { on });
                inline(text, &mut None, is_bold || on == BOLD, true, out);
                out.push_str(if is_marked { "" } else { off });
                used
            }
            Found::Link { text, address, used } => {
                out.push_str("\x1b[4m");
                inline(text, &mut None, is_bold, true, out);
                out.push_str("\x1b[24m");
                if text != address {
                    let on = if is_bold { BOLD } else { "" };
                    let _ = write!(out, " {FAINT}({address})\x1b[22m{on}");
                }
                used
            }
        };
        at += used;
        *before = marked.get(..used).and_then(|it| it.chars().next_back());
    }
    at
}

/// What `text` begins with, which starts with a character that may be a marker.
fn found(text: &str, before: Option<char>, over: bool) -> Found<'_> {
    let over = over || text.len() > SPAN_BYTES;
    let mark = text.chars().next().unwrap_or_default();
    let (length, is_word) = (run(text, mark), before.is_some_and(char::is_alphanumeric));
    let unknown = |literal| if over { Found::Literal(literal) } else { Found::Unknown };
    // The run may go on.
    let next = text[length..].chars().next();
    if next.is_none() || (mark == '\\' && text.len() == 1) {
        return unknown(length);
    }
    match mark {
        '\\' => match text[1..].chars().next() {
            // The character alone, which is not a marker.
            Some(next) if next.is_ascii_punctuation() => {
                Found::Styled { on: "", off: "", text: escaped(text), used: 2 }
            }
            _ => Found::Literal(1),
        },
        '`' => match end_of_code(&text[length..], length, over) {
            Some(end) => {
                let inner = &text[length..length + end];
                let blanks = inner.strip_prefix(' ').and_then(|it| it.strip_suffix(' '));
                let inner = blanks.filter(|it| !it.trim().is_empty()).unwrap_or(inner);
                Found::Code(inner, end + 2 * length)
            }
            None => unknown(length),
        },
        '[' => link(text, over),
        _ => {
            let (on, off) = match (mark, length) {
                ('~', 2) => ("\x1b[9m", "\x1b[29m"),
                ('~', _) => return Found::Literal(length),
                // This is far more often a Python name than bold text.
                ('_', 2..) => return Found::Literal(length),
                (_, 1) => ("\x1b[3m", "\x1b[23m"),
                (_, 2) => (BOLD, "\x1b[22m"),
                (_, 3) => ("\x1b[1;3m", "\x1b[22;23m"),
                _ => return Found::Literal(length),
            };
            // Within a word it is an ordinary character: `2*3`, `snake_case`.
            let is_within = is_word && (mark == '_' || length == 1);
            if is_within || next.is_some_and(char::is_whitespace) {
                return Found::Literal(length);
            }
            match end_of_emphasis(&text[length..], mark, length, over) {
                Some(Some(end)) => {
                    let inner = &text[length..length + end];
                    Found::Styled { on, off, text: inner, used: end + 2 * length }
                }
                Some(None) => Found::Literal(length),
                None => unknown(length),
            }
        }
    }
}

/// The character after a `\`. As part of the text it would be a marker again, so it stays separate.
fn escaped(text: &str) -> &str {
    text.get(1..2).unwrap_or_default()
}

/// Where in `text` the code ends that began with this many backticks.
fn end_of_code(text: &str, length: usize, over: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.find('`')?;
        let ticks = run(&text[at..], '`');
        let may_go_on = at + ticks == text.len() && !over;
        if ticks == length && !may_go_on {
            return Some(at);
        }
        at += ticks;
    }
}

/// Where in `text` the emphasis ends; `Some(None)` if it does not end, `None` if that is not known yet.
fn end_of_emphasis(text: &str, mark: char, length: usize, over: bool) -> Option<Option<usize>> {
    let (mut at, mut before) = (0, None);
    loop {
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else { return over.then_some(None) };
        let used = match first {
            '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
            '`' => {
                let ticks = run(rest, '`');
                match end_of_code(&rest[ticks..], ticks, over) {
                    Some(end) => end + 2 * ticks,
                    None if over => ticks,
                    None => return None,
                }
            }
            _ if first == mark => {
                let marks = run(rest, mark);
                let after = rest[marks..].chars().next();
                let is_closed = marks == length && !before.is_some_and(char::is_whitespace);
                let is_within = after.is_some_and(char::is_alphanumeric);
                if after.is_none() && !over {
                    return None;
                }
                if is_closed && !(is_within && (mark == '_' || length == 1)) {
                    return Some(Some(at));
                }
                marks
            }
            _ => first.len_utf8(),
        };
        before = rest[..used].chars().next_back();
        at += used;
    }
}

/// `[text](address)`.
fn link(text: &str, over: bool) -> Found<'_> {
    let unknown = if over { Found::Literal(1) } else { Found::Unknown };
    let Some(end) = text.find(']') else { return unknown };
    let Some(address) = text[end + 1..].strip_prefix('(') else {
        return if text.len() == end + 1 { unknown } else { Found::Literal(1) };
    };
    match address.find([')', ' ']) {
        Some(close) if address[close..].starts_with(')') => {
            let used = end + 2 + close + 1;
            Found::Link { text: &text[1..end], address: &address[..close], used }
        }
        Some(_) => Found::Literal(1),
        None => unknown,
    }
}

const BOLD: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const CODE: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[m";
/// How much of a line may wait for the marker that ends a span.
const SPAN_BYTES: usize = 1000;
