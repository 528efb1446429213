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
    /// The path with its query, from `/`, in pieces to be put together.
    pub path: &'a [&'a str],
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
        });
        Ok(length)
    }

    /// Writes what follows the first `from` bytes of the head into `out`, of any length from 1
    /// on, and gives how many that were; 0 is the end.
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
            let rest = text.as_bytes().get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(text.len());
            for (byte, slot) in rest.iter().zip(slots.by_ref()) {
                *slot = *byte;
            }
        });
        Ok(size.saturating_sub(slots.len()))
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
        self.each(headers, &mut |text| bytes = bytes.saturating_add(text.len()));
        Ok(bytes)
    }

    fn check<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)>) -> Result<(), Error> {
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let mut path = self.path.iter().flat_map(|piece| piece.bytes());
        let target = path.next() == Some(b'/') && path.all(|b| b.is_ascii_graphic() && b != b'#');
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
        put: &mut dyn FnMut(&str),
    ) {
        put(self.method);
        put(" ");
        self.path.iter().for_each(|piece| put(piece));
        for text in [" HTTP/1.1\r\nhost: ", self.host, "\r\n"] {
            put(text);
        }
        for (name, value) in headers {
            for text in [name, ": ", value, "\r\n"] {
                put(text);
            }
        }
        put("content-length: ");
        put(decimal(self.content_length, &mut [0; MAX_DIGITS]));
        put("\r\n\r\n");
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
