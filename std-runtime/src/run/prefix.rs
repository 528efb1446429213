//! `--prove-prefix`: each request begins with the bytes of the previous one.

use crate::{Error, ErrorKind, Result};

/// Compares each request with the previous one.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    /// The previous request, unless room was made since.
    before: Option<Vec<u8>>,
    /// Requests so far.
    count: u32,
    /// How many of them began with the bytes of the previous one.
    pub(super) proved: u32,
}

impl Prefixes {
    /// Checks the body of a request before it is sent; hashes may replace the bytes of files.
    ///
    /// # Errors
    /// `Internal` if it does not begin with the bytes of the previous one.
    pub(super) fn request(&mut self, now: Vec<u8>) -> Result<()> {
        self.count += 1;
        if let Some(before) = &self.before {
            if let Err(place) = begins_with(&now, before) {
                let (this, last) = (self.count, self.count - 1);
                let text = format!(
                    "request {this} does not begin with the bytes of request {last}: they differ \
                     at byte {place}; nothing more was sent"
                );
                return Err(Error::new(ErrorKind::Internal, text));
            }
            self.proved += 1;
        }
        self.before = Some(now);
        Ok(())
    }

    /// The next request need not begin with the last one.
    pub(super) fn made_room(&mut self) {
        self.before = None;
    }
}

/// Whether `now` begins with all bytes of `before` except the brackets that close its lists; if
/// not, the place of the first difference.
pub(crate) fn begins_with(now: &[u8], before: &[u8]) -> Result<(), usize> {
    let shared = now.iter().zip(before).take_while(|(now, before)| now == before).count();
    let rest = before.get(shared..).unwrap_or_default();
    match rest.iter().all(|byte| b"]}".contains(byte)) {
        true => Ok(()),
        false => Err(shared),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_closing_brackets_may_move() {
        let before = br#"{"model":"m","messages":[{"a":1}]}"#;
        assert_eq!(begins_with(before, before), Ok(()));
        let longer = br#"{"model":"m","messages":[{"a":1},{"b":2}]}"#;
        assert_eq!(begins_with(longer, before), Ok(()));
        let other = br#"{"model":"m","messages":[{"a":2},{"b":2}]}"#;
        assert_eq!(begins_with(other, before), Err(30));
        let shorter = br#"{"model":"m","messages":[]}"#;
        assert_eq!(begins_with(shorter, before), Err(25));
    }
}
