//! The output of a tool, in a borrowed buffer.

use core::fmt;

use crate::wire::json_write::Digits;

/// Where a tool writes its result.
///
/// What does not fit is counted and left out at the end, and the model reads how much that was.
#[derive(Debug)]
pub struct ToolOutput<'b> {
    buffer: &'b mut [u8],
    used: usize,
    left_out: u32,
    is_error: bool,
}

impl<'b> ToolOutput<'b> {
    /// An empty output. [`NOTE_BYTES`](Self::NOTE_BYTES) of `buffer` are kept for a note about
    /// left-out bytes.
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, used: 0, left_out: 0, is_error: false }
    }

    /// Bytes that can still be written: a tool with more output writes a part of it, and marks that it is a part.
    #[must_use]
    pub const fn room(&self) -> usize {
        let room = self.buffer.len().saturating_sub(Self::NOTE_BYTES);
        if self.left_out > 0 { 0 } else { room.saturating_sub(self.used) }
    }

    /// Adds text.
    pub fn push_str(&mut self, text: &str) {
        let fits = text.floor_char_boundary(self.room());
        self.put(text.as_bytes().get(..fits).unwrap_or_default());
        let lost = u32::try_from(text.len().saturating_sub(fits)).unwrap_or(u32::MAX);
        self.left_out = self.left_out.saturating_add(lost);
    }

    /// Adds a number in decimal digits.
    pub fn push_number(&mut self, number: i32) {
        if number < 0 {
            self.push_str("-");
        }
        let digits = Digits::of(number.unsigned_abs() as usize);
        self.push_str(core::str::from_utf8(digits.as_bytes()).unwrap_or_default());
    }

    /// Marks the call as failed, with this reason in place of everything written.
    pub fn fail(&mut self, reason: &str) {
        (self.used, self.left_out, self.is_error) = (0, 0, true);
        self.push_str(reason);
    }

    /// Whether the call failed.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.is_error
    }

    /// The text, with a note at its end when something was left out; and how many bytes that was.
    pub fn finish(mut self) -> (&'b str, u32) {
        if self.left_out > 0 {
            self.put(b"\n[");
            self.put(Digits::of(self.left_out as usize).as_bytes());
            self.put(b" bytes left out]");
        }
        let text = self.buffer.get(..self.used).unwrap_or_default();
        (core::str::from_utf8(text).unwrap_or_default(), self.left_out)
    }

    fn put(&mut self, bytes: &[u8]) {
        let free = self.buffer.get_mut(self.used..).unwrap_or_default();
        self.used = self.used.saturating_add(free.len().min(bytes.len()));
        free.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    }

    /// The longest note.
    pub const NOTE_BYTES: usize = 28;
}

impl fmt::Write for ToolOutput<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}
