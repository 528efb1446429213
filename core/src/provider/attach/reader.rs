//! The source of the bytes of attachments.

/// Gives the bytes of attachments, by the numbers that the caller gave them.
///
/// A slice of slices is one, whose numbers are its indexes, and so is a closure.
pub trait AttachmentReader {
    /// Copies bytes of attachment `number` from `offset` on to `out`, at least one; returns how
    /// many. 0 is the end of the file. `None`: it is not there, or cannot be read.
    fn read(&mut self, number: u32, offset: u32, out: &mut [u8]) -> Option<usize>;
}

impl<F: FnMut(u32, u32, &mut [u8]) -> Option<usize>> AttachmentReader for F {
    fn read(&mut self, number: u32, offset: u32, out: &mut [u8]) -> Option<usize> {
        self(number, offset, out)
    }
}

impl AttachmentReader for &[&[u8]] {
    fn read(&mut self, number: u32, offset: u32, out: &mut [u8]) -> Option<usize> {
        let rest = self.get(number as usize)?.get(offset as usize..).unwrap_or_default();
        for (place, byte) in out.iter_mut().zip(rest) {
            *place = *byte;
        }
        Some(out.len().min(rest.len()))
    }
}

/// Which bytes a request needs next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WantedBytes {
    /// The number of the attachment.
    pub number: u32,
    /// The first byte.
    pub offset: u32,
    /// Reads the rest of it; any prefix of at least three bytes is enough.
    pub bytes: u32,
}
