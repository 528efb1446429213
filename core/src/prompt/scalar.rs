//! Scalars of the front matter: borrowed as written, decoded character by character when read.

use core::str;

use crate::error::{Error, ErrorKind};

/// A text of the front matter. It borrows the file; quotes, escapes and folded lines are resolved
/// while it is read, so it needs no memory.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a str,
    style: Style,
}

impl<'a> Text<'a> {
    /// Text without escapes.
    pub(super) const fn verbatim(raw: &'a str) -> Self {
        Self { raw, style: Style::Verbatim }
    }

    /// A plain or quoted scalar; `raw` is the text between its quotes.
    pub(super) fn flow(raw: &'a str, quotes: Quotes) -> Self {
        let folds = raw.bytes().any(|b| b == b'\n');
        let style = match quotes {
            Quotes::None if !folds => Style::Verbatim,
            Quotes::Single if !folds && !raw.contains('\'') => Style::Verbatim,
            Quotes::Double if !folds && !raw.contains('\\') => Style::Verbatim,
            quotes => Style::Flow(quotes),
        };
        Self { raw, style }
    }

    /// A block scalar; `raw` starts with its first line.
    pub(super) fn block(raw: &'a str, fold: bool, indent: usize, chomp: Chomp) -> Self {
        Self { raw, style: Style::Block { fold, indent, chomp } }
    }

    /// The text itself, if the file has it unchanged; `None` if it must be decoded, by
    /// [`chars`](Self::chars) or [`read`](Self::read).
    pub fn as_str(&self) -> Option<&'a str> {
        match self.style {
            Style::Verbatim => Some(self.raw),
            Style::Flow(_) | Style::Block { .. } => None,
        }
    }

    /// The decoded characters.
    pub fn chars(&self) -> ScalarChars<'a> {
        let (rest, tail) = match self.style {
            Style::Verbatim | Style::Flow(_) => (self.raw, 0),
            Style::Block { chomp, .. } => chomped(self.raw, chomp),
        };
        ScalarChars {
            rest,
            style: self.style,
            repeat: None,
            spaces: 0,
            line_start: true,
            indented: false,
            tail,
        }
    }

    /// Decodes into `out` and returns the text.
    ///
    /// # Errors
    /// `Full` if `out` is too short; `detail` is the bytes missing.
    pub fn read<'b>(&self, out: &'b mut [u8]) -> Result<&'b str, Error> {
        let room = out.len();
        let mut used = 0_usize;
        let mut slots = out.iter_mut();
        for c in self.chars() {
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes);
            used = used.saturating_add(text.len());
            for (byte, slot) in text.bytes().zip(slots.by_ref()) {
                *slot = byte;
            }
        }
        let missing = used.saturating_sub(room);
        let full = Error::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX));
        let written = out.get(..used).ok_or(full)?;
        str::from_utf8(written).map_err(|_| full)
    }

    /// Whether there is not one character in it.
    pub fn is_empty(&self) -> bool {
        self.chars().next().is_none()
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        match self.as_str() {
            Some(text) => text == other,
            None => self.chars().eq(other.chars()),
        }
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// How a flow scalar is quoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quotes {
    None,
    Single,
    Double,
}

/// What happens to the newlines at the end of a block scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chomp {
    /// One newline stays.
    Clip,
    /// None stays.
    Strip,
    /// All stay.
    Keep,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    Verbatim,
    Flow(Quotes),
    Block { fold: bool, indent: usize, chomp: Chomp },
}

/// The decoded characters of a [`Text`].
#[derive(Clone, Debug)]
pub struct ScalarChars<'a> {
    rest: &'a str,
    style: Style,
    /// A character that is emitted this many times before `rest` continues.
    repeat: Option<(char, usize)>,
    /// Characters at the front of `rest` that are known to be spaces within a line.
    spaces: usize,
    line_start: bool,
    /// The line of a folded block starts with an extra space, or is empty: its end stays.
    indented: bool,
    /// Newlines after the end of a block.
    tail: usize,
}

impl Iterator for ScalarChars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some((c, times)) = self.repeat {
            self.repeat = times.checked_sub(1).filter(|left| *left > 0).map(|left| (c, left));
            return Some(c);
        }
        match self.style {
            Style::Verbatim => self.take(),
            Style::Flow(quotes) => self.flow(quotes),
            Style::Block { fold, indent, .. } => self.block(fold, indent),
        }
    }
}

impl ScalarChars<'_> {
    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn flow(&mut self, quotes: Quotes) -> Option<char> {
        loop {
            if self.spaces > 0 {
                self.spaces = self.spaces.saturating_sub(1);
                return self.take();
            }
            let blank = leading(self.rest, |b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            if blank > 0 {
                let newlines = newlines(self.rest.get(..blank).unwrap_or_default());
                if newlines == 0 {
                    self.spaces = blank.saturating_sub(1);
                    return self.take();
                }
                self.skip(blank);
                return self.fold(newlines);
            }
            match (quotes, self.take()?) {
                (Quotes::Single, '\'') => {
                    self.rest = self.rest.strip_prefix('\'').unwrap_or(self.rest);
                    return Some('\'');
                }
                (Quotes::Double, '\\') => {
                    let (decoded, used) = escape(self.rest)?;
                    self.skip(used);
                    match decoded {
                        Some(c) => return Some(c),
                        // A backslash at the end of a line joins it to the next.
                        None => self.skip(leading(self.rest, |b| matches!(b, b' ' | b'\t'))),
                    }
                }
                (_, c) => return Some(c),
            }
        }
    }

    /// One line break is a space, more of them are one newline less.
    fn fold(&mut self, newlines: usize) -> Option<char> {
        match newlines.saturating_sub(1) {
            0 => Some(' '),
            more => self.newlines(more),
        }
    }

    fn newlines(&mut self, count: usize) -> Option<char> {
        self.repeat = count.checked_sub(1).filter(|left| *left > 0).map(|left| ('\n', left));
        Some('\n')
    }

    fn block(&mut self, fold: bool, indent: usize) -> Option<char> {
        if self.rest.is_empty() {
            self.tail = self.tail.checked_sub(1)?;
            return Some('\n');
        }
        if self.line_start {
            self.line_start = false;
            self.skip(leading(self.rest, |b| b == b' ').min(indent));
            self.indented = self.rest.starts_with([' ', '\t', '\r', '\n']);
        }
        match self.take()? {
            '\r' if self.rest.starts_with('\n') => self.block(fold, indent),
            '\n' if fold => {
                let blank = blank_lines(self.rest);
                let breaks = newlines(self.rest.get(..blank).unwrap_or_default()).saturating_add(1);
                self.skip(blank);
                self.line_start = true;
                let next = self.rest.as_bytes().get(indent);
                if self.indented || matches!(next, Some(b' ' | b'\t')) {
                    self.newlines(breaks)
                } else {
                    self.fold(breaks)
                }
            }
            '\n' => {
                self.line_start = true;
                Some('\n')
            }
            c => Some(c),
        }
    }
}

/// Decodes the escape at the front of `rest`, which follows a backslash: its character, or `None`
/// for a line break, and its length in bytes. `None` if YAML has no such escape.
pub(super) fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let one = |c| Some((Some(c), 1));
    match rest.as_bytes().first()? {
        b'0' => one('\0'),
        b'a' => one('\u{7}'),
        b'b' => one('\u{8}'),
        b't' | b'\t' => one('\t'),
        b'n' => one('\n'),
        b'v' => one('\u{b}'),
        b'f' => one('\u{c}'),
        b'r' => one('\r'),
        b'e' => one('\u{1b}'),
        b' ' => one(' '),
        b'"' => one('"'),
        b'/' => one('/'),
        b'\\' => one('\\'),
        b'N' => one('\u{85}'),
        b'_' => one('\u{a0}'),
        b'L' => one('\u{2028}'),
        b'P' => one('\u{2029}'),
        b'x' => hex(rest, 2),
        b'u' => hex(rest, 4),
        b'U' => hex(rest, 8),
        b'\n' => Some((None, 1)),
        b'\r' if rest.starts_with("\r\n") => Some((None, 2)),
        _ => None,
    }
}

fn hex(rest: &str, digits: usize) -> Option<(Option<char>, usize)> {
    let end = digits.checked_add(1)?;
    let text = rest.get(1..end).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let c = char::from_u32(u32::from_str_radix(text, 16).ok()?)?;
    Some((Some(c), end))
}

/// The lines of a block without the empty ones at its end, and the newlines that follow them.
fn chomped(raw: &str, chomp: Chomp) -> (&str, usize) {
    let content = raw.trim_end_matches([' ', '\t', '\r', '\n']);
    // Spaces at the end of the last line belong to it.
    let after = raw.get(content.len()..).unwrap_or_default();
    let line_end = leading(after, |b| matches!(b, b' ' | b'\t'));
    let content = match content.is_empty() {
        true => content,
        false => raw.get(..content.len().saturating_add(line_end)).unwrap_or(content),
    };
    let newlines = newlines(raw.get(content.len()..).unwrap_or_default());
    match chomp {
        Chomp::Strip => (content, 0),
        Chomp::Clip => (content, newlines.min(usize::from(!content.is_empty()))),
        Chomp::Keep => (content, newlines),
    }
}

/// Bytes of the lines at the front of `text` that hold only spaces.
fn blank_lines(text: &str) -> usize {
    let mut bytes = 0_usize;
    for line in text.split_inclusive(['\n']) {
        if !line.ends_with('\n') || !line.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            break;
        }
        bytes = bytes.saturating_add(line.len());
    }
    bytes
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'\n').count()
}

fn leading(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| is(*b)).count()
}
