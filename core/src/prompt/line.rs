//! Lines and scalars of the front matter: the pieces that its values are made of.

use super::fault::Reason;
use super::scalar::{Quotes, Text, escape};

/// A line of the front matter.
#[derive(Clone, Copy)]
pub(super) struct SourceLine<'a> {
    /// Without its end.
    pub text: &'a str,
    pub start: usize,
    /// Where the next line starts.
    pub end: usize,
    /// Spaces at its front.
    pub indent: usize,
}

impl<'a> SourceLine<'a> {
    pub fn at(front: &'a str, start: usize) -> Option<Self> {
        let rest = front.get(start..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive(['\n']).next().unwrap_or_default();
        let text = line.trim_end_matches(['\n', '\r']);
        let indent = text.bytes().take_while(|b| *b == b' ').count();
        Some(Self { text, start, end: start.saturating_add(line.len()), indent })
    }

    /// Without the spaces at its front and its end.
    pub fn content(&self) -> &'a str {
        self.text.trim_matches(SPACE)
    }

    pub fn is_blank(&self) -> bool {
        let content = self.content();
        content.is_empty() || content.starts_with('#')
    }
}

pub(super) fn content_line(front: &str, mut at: usize) -> Option<SourceLine<'_>> {
    loop {
        let line = SourceLine::at(front, at)?;
        if !line.is_blank() {
            return Some(line);
        }
        at = line.end;
    }
}

pub(super) fn content_or_comment_line(front: &str, mut at: usize) -> Option<SourceLine<'_>> {
    loop {
        let line = SourceLine::at(front, at)?;
        if !line.content().is_empty() {
            return Some(line);
        }
        at = line.end;
    }
}

/// Splits at the first colon that ends a key.
pub(super) fn split_key(text: &str) -> Option<(&str, &str)> {
    let mut from = 0_usize;
    if let Some(quote @ (b'"' | b'\'')) = text.bytes().next() {
        let length = quoted_length(text.get(1..)?, quote).ok().flatten()?;
        from = length.saturating_add(2);
        if !text.get(from..)?.trim_start_matches(BLANK).starts_with(':') {
            return None;
        }
    }
    loop {
        let rest = text.get(from..)?;
        let colon = from.saturating_add(rest.find([':'])?);
        let after = colon.saturating_add(1);
        match text.as_bytes().get(after) {
            None | Some(b' ' | b'\t') if colon > 0 => {
                return Some((text.get(..colon)?, text.get(after..)?));
            }
            _ => from = after,
        }
    }
}

/// A name in small letters and a colon: in the wrong place it is a field that was indented by
/// mistake rather than a sentence with a colon in it.
pub(super) fn looks_like_field(content: &str) -> bool {
    split_key(content).is_some_and(|(key, _)| {
        key.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'))
    })
}

pub(super) fn is_map_like(plain: &str) -> bool {
    let mut next = plain.bytes().skip(1);
    plain.bytes().any(|b| {
        let after = next.next();
        b == b':' && matches!(after, None | Some(b' ' | b'\t'))
    })
}

pub(super) fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// A plain scalar up to its comment.
pub(super) fn without_comment(text: &str) -> &str {
    let mut before = b' ';
    let comment = text.bytes().position(|b| {
        let starts = b == b'#' && matches!(before, b' ' | b'\t');
        before = b;
        starts
    });
    let end = comment.unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(SPACE)
}

/// Bytes up to the closing quote; `None` if there is none. A bad escape is an error.
pub(super) fn quoted_length(rest: &str, quote: u8) -> Result<Option<usize>, (usize, Reason)> {
    let mut at = 0_usize;
    loop {
        let Some(tail) = rest.get(at..) else { return Ok(None) };
        let special = |b: u8| b == quote || (quote == b'"' && b == b'\\');
        let Some(found) = tail.bytes().position(special) else { return Ok(None) };
        let here = at.saturating_add(found);
        let next = here.saturating_add(1);
        let following = rest.get(next..).unwrap_or_default();
        if rest.as_bytes().get(here) == Some(&b'\\') {
            let (_, used) = escape(following).ok_or((here, Reason::Escape))?;
            at = next.saturating_add(used);
        } else if quote == b'\'' && following.starts_with('\'') {
            at = next.saturating_add(1);
        } else {
            return Ok(Some(here));
        }
    }
}

/// A scalar on one line, plain or quoted, with a comment after it perhaps.
pub(super) fn scalar(text: &str) -> Option<Text<'_>> {
    let (quotes, quote) = match text.bytes().next() {
        Some(b'"') => (Quotes::Double, b'"'),
        Some(b'\'') => (Quotes::Single, b'\''),
        Some(b'#') | None => return Some(Text::verbatim("")),
        Some(_) => return Some(Text::flow(without_comment(text), Quotes::None)),
    };
    let rest = text.get(1..)?;
    let length = quoted_length(rest, quote).ok().flatten()?;
    let after = rest.get(length.saturating_add(1)..)?;
    let comment = after.starts_with(BLANK) && after.trim_start_matches(BLANK).starts_with('#');
    (after.trim_matches(SPACE).is_empty() || comment)
        .then(|| Text::flow(rest.get(..length).unwrap_or_default(), quotes))
}

pub(super) const BLANK: [char; 2] = [' ', '\t'];
pub(super) const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
