//! The placeholders of a prompt's body.

use super::ArgumentNames;
use super::code::{Code, Surroundings};

/// A place in a prompt's body that a value fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placeholder<'a> {
    /// The name of the value: a name, `ARGUMENTS`, or the number of an argument.
    pub name: &'a str,
    /// The default value, if there is one. An undeclared name in braces in code may belong to the code:
    /// its default is the placeholder as written.
    pub default: Option<&'a str>,
    /// Offset of its first byte in the prompt's text.
    pub offset: usize,
    pub(super) kind: PlaceholderKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PlaceholderKind {
    /// `{{name}}`, `$name`.
    Named,
    /// `$ARGUMENTS`, `$@`, `${@:2}`: the words from one to another, counted from 0.
    Words { from: usize, count: Option<usize> },
    /// `$1`, `$ARGUMENTS[0]`: one word, counted from 0.
    Word(usize),
}

/// A stretch of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BodyPiece<'a> {
    Text(&'a str),
    Placeholder(Placeholder<'a>),
}

/// The pieces of a body in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyPieces<'a> {
    body: &'a str,
    at: usize,
    /// Offset of the body in the prompt's text.
    offset: usize,
    names: Option<ArgumentNames<'a>>,
    positions: u8,
    /// Whether the prompt takes arguments for sure.
    declared: bool,
    code: Code,
}

impl<'a> BodyPieces<'a> {
    /// `positions` numbers (`$1`, `$2`, ...) are arguments, higher ones are text.
    pub fn new(
        body: &'a str,
        offset: usize,
        names: Option<ArgumentNames<'a>>,
        positions: u8,
        declared: bool,
    ) -> Self {
        Self { body, at: 0, offset, names, positions, declared, code: Code::default() }
    }

    fn is_declared(&self, name: &str) -> bool {
        self.names.is_some_and(|mut names| names.any(|n| n == name))
    }

    /// The placeholder that starts at `at` with `{` or `$`, and its length.
    fn placeholder(&mut self, at: usize) -> Option<(Placeholder<'a>, usize)> {
        let rest = bounded(self.body.get(at..)?);
        let offset = self.offset.saturating_add(at);
        if let Some(inner) = rest.strip_prefix("{{") {
            let (mut placeholder, length) = braces(inner, offset)?;
            let place = self.code.place(self.body, at);
            let is_of_page = place.is_code() || is_in_element(self.body.get(..at)?);
            if is_of_page && !self.is_declared(placeholder.name) {
                placeholder.default = rest.get(..length);
            }
            return Some((placeholder, length));
        }
        let inner = rest.strip_prefix('$')?;
        let (placeholder, length) = self.dollar(inner, offset)?;
        // `$ARGUMENTS` and declared names have no other meaning anywhere.
        let is_shell = inner.starts_with(|c: char| matches!(c, '@' | '{') || c.is_ascii_digit())
            && !inner.starts_with("{ARGUMENTS");
        let place = match is_shell {
            true => self.code.place(self.body, at),
            false => Surroundings::Prose(""),
        };
        (!place.keeps_shell_arguments(self.declared)).then_some((placeholder, length))
    }

    /// The placeholder that starts with a `$` before `inner`, and its length.
    fn dollar(&self, inner: &'a str, offset: usize) -> Option<(Placeholder<'a>, usize)> {
        let placeholder = |name, default, kind| Placeholder { name, default, offset, kind };
        let all = PlaceholderKind::Words { from: 0, count: None };
        match inner.bytes().next()? {
            b'@' => Some((placeholder(ARGUMENTS, None, all), 2)),
            b'0'..=b'9' => {
                let digits = leading(inner, |b| b.is_ascii_digit());
                let number = inner.get(..digits)?;
                let index = number.parse::<u8>().ok()?.checked_sub(1)?;
                let money = match inner.as_bytes().get(digits..)? {
                    [b'.' | b',', next, ..] => next.is_ascii_digit(),
                    [next, ..] => next.is_ascii_alphabetic() || matches!(next, b'_' | b'%'),
                    [] => false,
                };
                let is_argument = index < self.positions && !money;
                is_argument.then(|| {
                    (
                        placeholder(number, None, PlaceholderKind::Word(index.into())),
                        digits.saturating_add(1),
                    )
                })
            }
            b'{' => shell_braces(inner, offset),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let length = leading(inner, is_word);
                let (name, after) = inner.split_at_checked(length)?;
                if name == ARGUMENTS {
                    if let Some((index, digits)) = bracketed_index(after) {
                        let length = length.saturating_add(digits).saturating_add(3);
                        return Some((
                            placeholder(ARGUMENTS, None, PlaceholderKind::Word(index)),
                            length,
                        ));
                    }
                    return Some((placeholder(name, None, all), length.saturating_add(1)));
                }
                let declared = self.is_declared(name);
                declared.then(|| {
                    (placeholder(name, None, PlaceholderKind::Named), length.saturating_add(1))
                })
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for BodyPieces<'a> {
    type Item = BodyPiece<'a>;

    fn next(&mut self) -> Option<BodyPiece<'a>> {
        let start = self.at;
        let mut at = start;
        loop {
            let rest = self.body.as_bytes().get(at..)?;
            let Some(found) = find_special(rest) else {
                self.at = self.body.len();
                return self.body.get(start..).filter(|t| !t.is_empty()).map(BodyPiece::Text);
            };
            let special = at.saturating_add(found);
            let (mark, escaped) = match rest.get(found) {
                Some(b'\\') => (special.saturating_add(1), true),
                _ => (special, false),
            };
            match self.placeholder(mark) {
                // The backslash is removed, the text of the placeholder stays.
                Some((_, length)) if escaped => {
                    if start < special {
                        self.at = special;
                        return self.body.get(start..special).map(BodyPiece::Text);
                    }
                    let end = mark.saturating_add(length);
                    self.at = end;
                    return self.body.get(mark..end).map(BodyPiece::Text);
                }
                Some(_) if start < special => {
                    self.at = special;
                    return self.body.get(start..special).map(BodyPiece::Text);
                }
                Some((placeholder, length)) => {
                    self.at = special.saturating_add(length);
                    return Some(BodyPiece::Placeholder(placeholder));
                }
                // Passed whole: `{{{x}}}` and `${{ x }}` belong to other languages.
                None => {
                    let following = rest.get(found.saturating_add(1)..).unwrap_or_default();
                    let braces = following.iter().take_while(|b| **b == b'{').count();
                    let length = match rest.get(found) {
                        Some(b'{' | b'$') => braces.saturating_add(1),
                        _ => 1,
                    };
                    at = special.saturating_add(length);
                }
            }
        }
    }
}

/// `{{name}}`, `{{ name }}`, `{{name|default}}`; `inner` starts after the braces.
fn braces(inner: &str, offset: usize) -> Option<(Placeholder<'_>, usize)> {
    let blank = leading(inner, |b| b == b' ');
    let named = inner.get(blank..)?;
    if !named.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let (name, after) = named.split_at_checked(leading(named, |b| is_word(b) || b == b'-'))?;
    let close = after.find(['}', '\n'])?;
    let (between, end) = after.split_at_checked(close)?;
    if !end.starts_with("}}") {
        return None;
    }
    let default = match between.trim_matches(' ') {
        "" => None,
        text => Some(text.strip_prefix('|')?),
    };
    // `{{ name | upper }}` belongs to a template language.
    let is_filter = |text: &str| {
        let filter = text.trim_matches(' ').split(['(', ':', ' ', '|']).next().unwrap_or_default();
        text.starts_with(' ') && FILTERS.contains(&filter)
    };
    if default.is_some_and(is_filter) {
        return None;
    }
    let default = default.map(|text| text.trim_matches(' '));
    let bytes = [2, blank, name.len(), close, 2].iter().fold(0_usize, |a, b| a.saturating_add(*b));
    Some((Placeholder { name, default, offset, kind: PlaceholderKind::Named }, bytes))
}

/// `${1:-default}`, `${@:2}`, `${@:2:3}`, `${ARGUMENTS:-default}`; `inner` starts with the brace.
fn shell_braces(inner: &str, offset: usize) -> Option<(Placeholder<'_>, usize)> {
    let close = inner.find(['}', '\n']).filter(|c| inner.as_bytes().get(*c) == Some(&b'}'))?;
    let expression = inner.get(1..close)?;
    let (name, rest) = expression.split_once([':'])?;
    let (default, range) = match rest.strip_prefix('-') {
        Some(default) => (Some(default), None),
        None => (None, Some(rest)),
    };
    let kind = match (name, range) {
        ("@" | ARGUMENTS, None) => PlaceholderKind::Words { from: 0, count: None },
        ("@", Some(range)) => {
            let (from, count) = match range.split_once([':']) {
                Some((from, count)) => (from, Some(number(count)?)),
                None => (range, None),
            };
            PlaceholderKind::Words { from: number(from)?.saturating_sub(1), count }
        }
        (name, None) => PlaceholderKind::Word(number(name)?.checked_sub(1)?),
        _ => return None,
    };
    let name = match kind {
        PlaceholderKind::Word(_) => name,
        _ => ARGUMENTS,
    };
    Some((Placeholder { name, default, offset, kind }, close.saturating_add(2)))
}

/// `[0]`: the number and its digits.
fn bracketed_index(after: &str) -> Option<(usize, usize)> {
    let digits = after.strip_prefix('[')?.split_once([']'])?.0;
    Some((number(digits)?, digits.len()))
}

pub(super) fn number(digits: &str) -> Option<usize> {
    let plain =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// How many of `$1`, `$2`, ... are arguments: they count from 1 without a gap, so that a lone `$5`
/// is money.
pub(super) fn positions(body: &str, declared: bool) -> u8 {
    if !body.as_bytes().contains(&b'$') {
        return 0;
    }
    let mut seen = [false; MAX_POSITIONS];
    for piece in BodyPieces::new(body, 0, None, u8::MAX, declared) {
        if let BodyPiece::Placeholder(Placeholder { kind: PlaceholderKind::Word(index), .. }) =
            piece
            && let Some(slot) = seen.get_mut(index)
        {
            *slot = true;
        }
    }
    let run = seen.iter().take_while(|seen| **seen).count();
    u8::try_from(run).unwrap_or(u8::MAX)
}

/// How many arguments a hint such as `<file> [line number]` shows, [`MAX_POSITIONS`] at most.
pub(super) fn hinted(hint: impl Iterator<Item = char>) -> u8 {
    let (mut count, mut depth, mut inside) = (0_u8, 0_u32, false);
    for c in hint {
        match c {
            '[' | '<' | '{' | '(' => depth = depth.saturating_add(1),
            ']' | '>' | '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_blank = c.is_whitespace() && depth == 0;
        if !is_blank && !inside {
            count = count.saturating_add(1);
        }
        inside = !is_blank;
    }
    count.min(u8::try_from(MAX_POSITIONS).unwrap_or(u8::MAX))
}

/// Whether `before` ends with the tag of an element that pages have and prompts do not.
fn is_in_element(before: &str) -> bool {
    let Some(tag) = before.trim_end_matches(' ').strip_suffix('>') else { return false };
    let Some((_, tag)) = tag.rsplit_once(['<', '\n']) else { return false };
    let name = tag.split([' ', '\t', '>']).next().unwrap_or_default();
    ELEMENTS.contains(&name)
}

/// Where the first `{{`, `$` or `\` is. Looks at eight bytes at once, so that plain text passes quickly
/// whether or not the compiler makes vector code.
fn find_special(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<8>();
    let is_plain = |block: &&[u8; 8]| {
        let block = u64::from_le_bytes(**block);
        SPECIAL.iter().fold(0, |found, &byte| found | places_of(byte, block)) == 0
    };
    let plain = blocks.iter().take_while(is_plain).count().saturating_mul(8);
    let found = bytes.get(plain..)?.iter().position(|byte| SPECIAL.contains(byte))?;
    Some(plain.saturating_add(found))
}

/// A bit in the place of each `byte`, and perhaps of bytes after the first; 0 if there is none.
const fn places_of(byte: u8, block: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    // Only a byte that is 0 borrows from its highest bit.
    let differences = block ^ ONES.wrapping_mul(byte as u64);
    differences.wrapping_sub(ONES) & !differences & (ONES << 7)
}

/// The front of `text` that a placeholder can take.
fn bounded(text: &str) -> &str {
    let end =
        (0..=MAX_PLACEHOLDER_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    match text.len() > MAX_PLACEHOLDER_BYTES {
        true => text.get(..end).unwrap_or_default(),
        false => text,
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn leading(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| is(*b)).count()
}

pub(super) const ARGUMENTS: &str = "ARGUMENTS";
/// The longest placeholder with its default; a longer one is text.
pub const MAX_PLACEHOLDER_BYTES: usize = 1024;
/// Arguments that are distinguished from money by their number.
const MAX_POSITIONS: usize = 9;
const SPECIAL: [u8; 3] = *b"{$\\";
/// Filters of Jinja, Liquid and their kin.
const FILTERS: [&str; 24] = [
    "upper",
    "lower",
    "title",
    "trim",
    "strip",
    "capitalize",
    "upcase",
    "downcase",
    "escape",
    "e",
    "safe",
    "tojson",
    "json",
    "length",
    "size",
    "join",
    "first",
    "last",
    "default",
    "d",
    "replace",
    "date",
    "indent",
    "raw",
];
const ELEMENTS: [&str; 14] = [
    "p", "div", "span", "li", "td", "th", "h1", "h2", "h3", "h4", "a", "button", "option", "strong",
];
