//! The head of a request.

use super::fields::{is_token, is_value, is_word};
use crate::error::{Error, ErrorKind};
use crate::wire::json_write::digits;

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
        let is_path = is_word(self.path, b"#") && self.path.as_bytes().first() == Some(&b'/');
        let own = [is_token(self.method), is_path, is_word(self.host, b"/?#@\\")];
        let good = headers.map(|(name, value)| {
            let is_taken = TAKEN.iter().any(|taken| name.eq_ignore_ascii_case(taken));
            is_token(name) && !is_taken && value.bytes().all(is_value)
        });
        let mut at = 0;
        for good in own.into_iter().chain(good) {
            if !good {
                return Err(Error::new(ErrorKind::BadRequest, at));
            }
            at += 1;
        }
        Ok(())
    }

    fn each<'h>(
        &self,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        put: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        put_all([self.method, " ", self.path, " HTTP/1.1\r\nhost: "], put)?;
        put(self.host)?;
        for (name, value) in headers {
            put_all(["\r\n", name, ": ", value], put)?;
        }
        let (digits, count) = digits(self.content_length);
        let length = digits.get(digits.len() - count..).unwrap_or_default();
        let length = core::str::from_utf8(length).unwrap_or_default();
        put_all(["\r\ncontent-length: ", length, "\r\n\r\n", ""], put)
    }
}

fn put_all(texts: [&str; 4], put: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    texts.into_iter().try_for_each(put)
}

/// Headers that the head has already or cannot have.
const TAKEN: [&str; 3] = ["host", "content-length", "transfer-encoding"];
