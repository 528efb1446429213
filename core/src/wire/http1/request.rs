//! The head of a request.

use super::fields::{Name, NameMatcher, is_token, is_value, is_word};
use crate::error::{Error, ErrorKind};
use crate::wire::json_write::Digits;

/// The head of a request.
///
/// It holds no secret unless the caller passes one in the headers.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// `POST`, `GET`.
    pub method: &'a str,
    /// The path with its query, from `/`, in pieces to be put together.
    pub path: &'a [&'a str],
    /// Name and, unless it is the scheme's own, port of the server.
    pub host: &'a str,
    /// Bytes of the body.
    pub content_length: usize,
}

impl RequestHead<'_> {
    /// Writes the head with these headers, including its empty line, and returns its length.
    ///
    /// # Errors
    /// `BadRequest` for a malformed request: a method or header name that is not a token, a
    /// path or host with spaces or controls, a value with a line break, or a header that the head
    /// already has (`host`, `content-length`) or cannot have (`transfer-encoding`). `detail` is 0 for
    /// the method, 1 for the path, 2 for the host, 3 for the first header, and so on.
    /// `Full`; `detail` is the bytes missing. In both cases `out` is unchanged.
    pub fn write<'h, H>(&self, headers: H, out: &mut [u8]) -> Result<usize, Error>
    where
        H: Iterator<Item = (&'h str, &'h str)> + Clone,
    {
        let length = self.len(headers.clone())?;
        if let Some(missing) = length.checked_sub(out.len()).filter(|missing| *missing > 0) {
            return Err(Error::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX)));
        }
        let mut slots = out.iter_mut();
        self.each(headers, &mut |text| {
            for (byte, slot) in text.iter().zip(slots.by_ref()) {
                *slot = *byte;
            }
        });
        Ok(length)
    }

    /// Writes what follows the first `from` bytes of the head into `out`, of any length from 1
    /// on, and returns how many; 0 is the end.
    ///
    /// # Errors
    /// `BadRequest` as in [`write`](Self::write).
    pub fn write_part<'h, H>(&self, headers: H, from: usize, out: &mut [u8]) -> Result<usize, Error>
    where
        H: Iterator<Item = (&'h str, &'h str)> + Clone,
    {
        self.check(headers.clone())?;
        let size = out.len();
        let mut skip = from;
        let mut slots = out.iter_mut();
        self.each(headers, &mut |text| {
            let rest = text.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(text.len());
            for (byte, slot) in rest.iter().zip(slots.by_ref()) {
                *slot = *byte;
            }
        });
        Ok(size - slots.len())
    }

    /// The bytes of the head with these headers.
    ///
    /// # Errors
    /// `BadRequest` as in [`write`](Self::write).
    pub fn len<'h, H>(&self, headers: H) -> Result<usize, Error>
    where
        H: Iterator<Item = (&'h str, &'h str)> + Clone,
    {
        self.check(headers.clone())?;
        let mut bytes = 0_usize;
        self.each(headers, &mut |text| bytes += text.len());
        Ok(bytes)
    }

    fn check<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)>) -> Result<(), Error> {
        let first = self.path.iter().find(|piece| !piece.is_empty());
        let is_path = first.is_some_and(|piece| piece.as_bytes().first() == Some(&b'/'))
            && self.path.iter().all(|piece| piece.is_empty() || is_word(piece, b"#"));
        let mut headers = headers;
        let bad = if !is_token(self.method) {
            0
        } else if !is_path {
            1
        } else if !is_word(self.host, b"/?#@\\") {
            2
        } else {
            let bad = headers.position(|(name, value)| !is_allowed(name, value));
            let Some(at) = bad else { return Ok(()) };
            3 + at as u32
        };
        Err(Error::new(ErrorKind::BadRequest, bad))
    }

    fn each<'h>(
        &self,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        put: &mut dyn FnMut(&[u8]),
    ) {
        put(self.method.as_bytes());
        put(b" ");
        self.path.iter().for_each(|piece| put(piece.as_bytes()));
        put(b" HTTP/1.1\r\nhost: ");
        put(self.host.as_bytes());
        for (name, value) in headers {
            ["\r\n", name, ": ", value].iter().for_each(|piece| put(piece.as_bytes()));
        }
        put(b"\r\ncontent-length: ");
        put(Digits::of(self.content_length).as_bytes());
        put(b"\r\n\r\n");
    }
}

/// Whether a header may stand beside those that the head has already, and those it cannot have.
#[inline(never)]
fn is_allowed(name: &str, value: &str) -> bool {
    let taken = [Name::Host, Name::ContentLength, Name::TransferEncoding];
    let mut matcher = NameMatcher::new();
    name.bytes().for_each(|b| matcher.push(b));
    let found = matcher.finish();
    is_token(name) && taken.iter().all(|taken| *taken != found) && value.bytes().all(is_value)
}
