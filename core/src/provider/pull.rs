//! The bytes of attachments, pulled from the caller while a request is written.

use super::attach::{AttachmentReader, WantedBytes};
use super::request::Request;
use crate::wire::base64;
use crate::{Error, ErrorKind};

impl Request<'_> {
    /// Writes the next bytes of the body into `out`, including those of attachments, which it gets
    /// from `reader`. It needs no other buffer: bytes are encoded as base64 in place.
    ///
    /// # Errors
    /// `MissingAttachment`; `AttachmentLength` if a file ends early or is longer than declared:
    /// abandon the request, whose written part is incomplete.
    pub fn read_from(
        &mut self,
        out: &mut [u8],
        reader: &mut dyn AttachmentReader,
    ) -> Result<usize, Error> {
        let mut written = 0;
        loop {
            let free = out.get_mut(written..).unwrap_or_default();
            written += self.read(free);
            let free = out.get_mut(written..).unwrap_or_default();
            match self.wanted() {
                Some(wanted) if !free.is_empty() => written += self.pull(wanted, free, reader)?,
                _ => return Ok(written),
            }
        }
    }

    /// Writes letters of an attachment to the front of `out`; returns how many.
    fn pull(
        &mut self,
        wanted: WantedBytes,
        out: &mut [u8],
        reader: &mut dyn AttachmentReader,
    ) -> Result<usize, Error> {
        let WantedBytes { number, offset, bytes } = wanted;
        if offset == 0 && reader.read(number, bytes, &mut [0]).is_some_and(|more| more > 0) {
            return Err(Error::new(ErrorKind::AttachmentLength, number));
        }
        let groups = out.len() / base64::CHARS;
        let mut few = [0; base64::BYTES];
        if groups == 0 || self.is_within_group() {
            let count = base64::BYTES.min(bytes as usize);
            let few = few.get_mut(..count).unwrap_or_default();
            fill(few, wanted, reader)?;
            return Ok(self.supply(few, out));
        }
        let groups = groups.min((bytes as usize).div_ceil(base64::BYTES));
        let count = (groups * base64::BYTES).min(bytes as usize);
        let out = out.get_mut(..groups * base64::CHARS).unwrap_or_default();
        let from = out.len().saturating_sub(count);
        fill(out.get_mut(from..).unwrap_or_default(), wanted, reader)?;
        let letters = base64::encode_in_place(out, from, count == bytes as usize);
        self.advance(letters);
        Ok(letters)
    }
}

/// Fills `out` with the bytes that are wanted.
fn fill(
    out: &mut [u8],
    wanted: WantedBytes,
    reader: &mut dyn AttachmentReader,
) -> Result<(), Error> {
    let mut rest = out;
    let mut offset = wanted.offset;
    while !rest.is_empty() {
        let missing = Error::new(ErrorKind::MissingAttachment, wanted.number);
        let length = Error::new(ErrorKind::AttachmentLength, wanted.number);
        let count = reader.read(wanted.number, offset, rest).ok_or(missing)?;
        // A reader that claims more than it was lent is not trusted.
        rest = rest.get_mut(count..).filter(|_| count > 0).ok_or(length)?;
        offset = offset.saturating_add(count as u32);
    }
    Ok(())
}
