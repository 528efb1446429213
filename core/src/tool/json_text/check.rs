//! The check that a text is one JSON value: RFC 8259, strictly, with whole surrogate pairs.

use super::escape;
use crate::error::{Error, ErrorKind};

/// How deep arrays and objects may be in one another.
pub const MAX_DEPTH: u32 = 128;

/// Checks a text without recursion: a bit a level says whether it is an object.
pub(super) struct Checker<'a> {
    pub text: &'a str,
}

impl Checker<'_> {
    pub fn run(&self) -> Result<(usize, usize), Error> {
        let start = self.blanks(0);
        let mut at = start;
        let mut objects = 0_u128;
        let mut depth = 0_u32;
        loop {
            let opened = self.byte(at);
            match opened {
                Some(b'{' | b'[') => {
                    if depth >= MAX_DEPTH {
                        return Err(Error::new(ErrorKind::TooDeep, MAX_DEPTH));
                    }
                    let is_object = opened == Some(b'{');
                    objects = objects.wrapping_shl(1) | u128::from(is_object);
                    depth = depth.saturating_add(1);
                    at = self.blanks(at.saturating_add(1));
                    let close = if is_object { b'}' } else { b']' };
                    if self.byte(at) != Some(close) {
                        if is_object {
                            at = self.name(at)?;
                        }
                        continue;
                    }
                }
                _ => at = self.scalar(at)?,
            }
            // After a value, or before the end of an empty array or object.
            loop {
                at = self.blanks(at);
                let is_object = objects & 1 == 1;
                match (self.byte(at), depth, is_object) {
                    (None, 0, _) => return Ok((start, self.end())),
                    (Some(_), 0, _) => return Err(bad(at)),
                    (Some(b'}'), _, true) | (Some(b']'), _, false) => {
                        objects = objects.wrapping_shr(1);
                        depth = depth.saturating_sub(1);
                        at = at.saturating_add(1);
                    }
                    (Some(b','), _, true) => {
                        at = self.name(self.blanks(at.saturating_add(1)))?;
                        break;
                    }
                    (Some(b','), _, false) => {
                        at = self.blanks(at.saturating_add(1));
                        break;
                    }
                    _ => return Err(bad(at)),
                }
            }
        }
    }

    /// The end of the text without the blanks after it.
    fn end(&self) -> usize {
        let last = self.text.bytes().rposition(|byte| !is_blank(byte));
        last.map_or(0, |last| last.saturating_add(1))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn blanks(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at.saturating_add(rest.iter().take_while(|byte| is_blank(**byte)).count())
    }

    /// A name and its colon; where the value starts.
    fn name(&self, at: usize) -> Result<usize, Error> {
        if self.byte(at) != Some(b'"') {
            return Err(bad(at));
        }
        let colon = self.blanks(self.string(at)?);
        match self.byte(colon) {
            Some(b':') => Ok(self.blanks(colon.saturating_add(1))),
            _ => Err(bad(colon)),
        }
    }

    fn scalar(&self, at: usize) -> Result<usize, Error> {
        let word = match self.byte(at) {
            Some(b'"') => return self.string(at),
            Some(b'-' | b'0'..=b'9') => return self.number(at),
            Some(b't') => "true",
            Some(b'f') => "false",
            Some(b'n') => "null",
            _ => return Err(bad(at)),
        };
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let same = rest.iter().zip(word.bytes()).take_while(|(a, b)| **a == *b).count();
        let end = at.saturating_add(same);
        if same == word.len() { Ok(end) } else { Err(bad(end)) }
    }

    fn string(&self, open: usize) -> Result<usize, Error> {
        let mut at = open.saturating_add(1);
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            let plain = |b: &&u8| !matches!(b, b'"' | b'\\' | 0..0x20);
            at = at.saturating_add(rest.iter().take_while(plain).count());
            match self.byte(at) {
                Some(b'"') => return Ok(at.saturating_add(1)),
                Some(b'\\') => {
                    let rest = self.text.get(at..).unwrap_or_default();
                    let (_, length) = escape(rest).ok_or(bad(at))?;
                    at = at.saturating_add(length);
                }
                _ => return Err(bad(at)),
            }
        }
    }

    fn number(&self, start: usize) -> Result<usize, Error> {
        let sign = usize::from(self.byte(start) == Some(b'-'));
        let first = start.saturating_add(sign);
        let mut at = self.digits(first)?;
        if self.byte(first) == Some(b'0') && at > first.saturating_add(1) {
            return Err(bad(first.saturating_add(1)));
        }
        if self.byte(at) == Some(b'.') {
            at = self.digits(at.saturating_add(1))?;
        }
        if matches!(self.byte(at), Some(b'e' | b'E')) {
            at = at.saturating_add(1);
            at = at.saturating_add(usize::from(matches!(self.byte(at), Some(b'+' | b'-'))));
            at = self.digits(at)?;
        }
        Ok(at)
    }

    fn digits(&self, at: usize) -> Result<usize, Error> {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        match rest.iter().take_while(|b| b.is_ascii_digit()).count() {
            0 => Err(bad(at)),
            count => Ok(at.saturating_add(count)),
        }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn bad(at: usize) -> Error {
    Error::new(ErrorKind::BadJson, u32::try_from(at).unwrap_or(u32::MAX))
}
