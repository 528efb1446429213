//! The head of a request.

use super::fields::{is_token, is_value};
use crate::error::{Error, ErrorKind};

/// What stands before the body of a request.
///
/// It holds no secret unless the caller gives one among the headers.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// `POST`, `GET`.
    pub method: &'a str,
    /// The path with its query, from `/`.
    pub path: &'a str,
    /// Name and, unless it is the scheme's own, port of the server.
    pub host: &'a str,
    /// Bytes of the body.
    pub content_length: usize,
}

impl RequestHead<'_> {
    /// Writes the head with these headers, its empty line included, and gives its length.
    ///
    /// # Errors
    /// `BadRequest` for what would not be one request: a method or header name that is no token, a
    /// path or host with spaces or controls, a value with a line break, or a header that the head
    /// has already (`host`, `content-length`) or cannot have (`transfer-encoding`). `detail` is 0 for
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
            for (byte, slot) in text.bytes().zip(slots.by_ref()) {
                *slot = byte;
            }
            Ok(())
        })?;
        Ok(length)
    }

    /// Writes the head to `writer` and gives its length.
    ///
    /// # Errors
    /// `BadRequest` as in [`write`](Self::write), before anything is written. `WriteFailed`;
    /// `detail` is the bytes that it took at least.
    pub fn write_to<'h, H, W>(&self, headers: H, writer: &mut W) -> Result<usize, Error>
    where
        H: Iterator<Item = (&'h str, &'h str)> + Clone,
        W: embedded_io::Write,
    {
        let length = self.len(headers.clone())?;
        let mut written = 0_u32;
        self.each(headers, &mut |text| {
            let failed = |_| Error::new(ErrorKind::WriteFailed, written);
            writer.write_all(text.as_bytes()).map_err(failed)?;
            written = written.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
            Ok(())
        })?;
        Ok(length)
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
        self.each(headers, &mut |text| {
            bytes = bytes.saturating_add(text.len());
            Ok(())
        })?;
        Ok(bytes)
    }

    fn check<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)>) -> Result<(), Error> {
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let target = visible(self.path) && self.path.starts_with('/') && !self.path.contains('#');
        let host = visible(self.host) && !self.host.contains(['/', '?', '#', '@', '\\']);
        let own = [is_token(self.method), target, host];
        let headers = headers.map(|(name, value)| {
            let taken = ["host", "content-length", "transfer-encoding"];
            let is_taken = taken.iter().any(|taken| name.eq_ignore_ascii_case(taken));
            is_token(name) && !is_taken && value.bytes().all(is_value)
        });
        match own.into_iter().chain(headers).position(|good| !good) {
            Some(at) => {
                Err(Error::new(ErrorKind::BadRequest, u32::try_from(at).unwrap_or(u32::MAX)))
            }
            None => Ok(()),
        }
    }

    fn each<'h>(
        &self,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        put: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for text in [self.method, " ", self.path, " HTTP/1.1\r\nhost: ", self.host, "\r\n"] {
            put(text)?;
        }
        for (name, value) in headers {
            for text in [name, ": ", value, "\r\n"] {
                put(text)?;
            }
        }
        put("content-length: ")?;
        put(decimal(self.content_length, &mut [0; MAX_DIGITS]))?;
        put("\r\n\r\n")
    }
}

/// `number` in decimal digits.
fn decimal(mut number: usize, digits: &mut [u8; MAX_DIGITS]) -> &str {
    let mut used = 0_usize;
    for slot in digits.iter_mut().rev() {
        let digit = number.checked_rem(10).and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
        *slot = b'0'.saturating_add(digit);
        used = used.saturating_add(1);
        number = number.checked_div(10).unwrap_or(0);
        if number == 0 {
            break;
        }
    }
    let start = MAX_DIGITS.saturating_sub(used);
    digits.get(start..).and_then(|d| core::str::from_utf8(d).ok()).unwrap_or_default()
}

/// Digits of the largest 64-bit number.
const MAX_DIGITS: usize = 20;
