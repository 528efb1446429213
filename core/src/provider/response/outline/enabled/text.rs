//! The characters of a JSON string that are easily recognised.

use crate::wire::scan::plain_length;

/// A piece of a string.
#[derive(Clone, Copy, Debug)]
pub(super) enum Characters<'i> {
    /// Unescaped bytes.
    Run(&'i [u8]),
    /// The character of an escape.
    One(char),
}

impl Characters<'_> {
    /// Passes their bytes to `take`.
    #[inline(always)]
    pub fn bytes<T>(self, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Run(run) => take(run),
            Self::One(character) => take(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Takes the next characters of the string that `input` goes on with. `None`: it begins with the quote at the
/// end, or with an escape that is not all at hand, or it is empty.
#[inline(always)]
pub(super) fn next<'i>(input: &mut &'i [u8]) -> Option<Characters<'i>> {
    let (run, rest) = input.split_at_checked(plain_length(input))?;
    if !run.is_empty() {
        *input = rest;
        return Some(Characters::Run(run));
    }
    let (b'\\', rest) = rest.split_first()? else { return None };
    escaped(rest, input).map(Characters::One)
}

/// Whether the string is `text`.
pub(super) fn is(string: &[u8], text: &[u8]) -> bool {
    let (mut string, mut text) = (string, text);
    while let Some(characters) = next(&mut string) {
        let Some(rest) = characters.bytes(|bytes| text.strip_prefix(bytes)) else { return false };
        text = rest;
    }
    string.is_empty() && text.is_empty()
}

/// The character of the escape whose backslash is before `rest`; advances `input` past it.
fn escaped<'i>(rest: &'i [u8], input: &mut &'i [u8]) -> Option<char> {
    let mut after = rest;
    if let Some(character) = after_backslash(&mut after) {
        *input = after;
        return Some(character);
    }
    let (high, after) = unit(rest.strip_prefix(b"u")?)?;
    if let Some(character) = char::from_u32(high) {
        *input = after;
        return Some(character);
    }
    // A lone half of a pair is left to the reader.
    let (low, after) = unit(after.strip_prefix(b"\\u")?)?;
    let (0xd800..0xdc00, 0xdc00..0xe000) = (high, low) else { return None };
    *input = after;
    char::from_u32(0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff))
}

/// The character of the letter at the front of `input` after a backslash; `None` if it is not a single letter.
fn after_backslash(input: &mut &[u8]) -> Option<char> {
    let (letter, rest) = input.split_first()?;
    let character = match letter {
        b'n' => '\n',
        b'"' | b'\\' | b'/' => char::from(*letter),
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        _ => return None,
    };
    *input = rest;
    Some(character)
}

/// A unit of UTF-16 in hex digits.
fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
    let unit = digits.reduce(|unit, digit| Some((unit? << 4) | digit?))??;
    Some((unit, rest))
}
