//! The path of a value, as a JSON Pointer.

use super::{FieldReader, TOO_LONG};
use crate::Error;

impl FieldReader {
    /// The last name of the path goes.
    pub(super) fn pop(&mut self) {
        let path = self.path.get(..usize::from(self.path_length)).unwrap_or_default();
        let slash = path.iter().rposition(|byte| *byte == b'/');
        self.path_length = slash.map_or(0, |slash| slash as u8);
    }

    pub(super) fn push(&mut self, text: &[u8]) -> Result<(), Error> {
        let start = usize::from(self.path_length);
        let end = start.saturating_add(text.len());
        let place = self.path.get_mut(start..end).ok_or(TOO_LONG)?;
        for (slot, byte) in place.iter_mut().zip(text) {
            *slot = *byte;
        }
        self.path_length = end as u8;
        Ok(())
    }

    /// A piece of a key, which a path has with its own escapes.
    pub(super) fn add_to_key(&mut self, mut text: &str) -> Result<(), Error> {
        loop {
            let special = text.bytes().position(|byte| matches!(byte, b'~' | b'/'));
            let split = special.and_then(|at| text.split_at_checked(at));
            let (plain, rest) = split.unwrap_or((text, ""));
            self.push(plain.as_bytes())?;
            let Some(first) = rest.bytes().next() else { return Ok(()) };
            self.push(if first == b'~' { b"~0" } else { b"~1" })?;
            text = rest.get(1..).unwrap_or_default();
        }
    }

    /// The index at the end of the path becomes the next one.
    pub(super) fn count_up(&mut self) -> Result<(), Error> {
        let path = self.path.get_mut(..usize::from(self.path_length)).unwrap_or_default();
        for digit in path.iter_mut().rev() {
            match digit {
                b'9' => *digit = b'0',
                b'0'..=b'8' => {
                    *digit += 1;
                    return Ok(());
                }
                // All were nines.
                _ => break,
            }
        }
        let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        self.push(b"0")?;
        if let Some(first) = self.path.get_mut(slash + 1) {
            *first = b'1';
        }
        Ok(())
    }

    /// Adds a key that is all in `text` and the same in a path; its length with the quotation mark.
    pub(super) fn short_key(&mut self, text: &str) -> Option<usize> {
        let length = text.bytes().take(SHORT_KEY_BYTES).position(|byte| !is_simple(byte))?;
        let (key, rest) = text.as_bytes().split_at_checked(length)?;
        if rest.first() != Some(&b'"') {
            return None;
        }
        self.push(key).ok()?;
        Some(length + 1)
    }
}

/// Whether a byte of a key is itself in JSON and in a path.
const fn is_simple(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ' | b'.')
}

/// Longer keys are read as texts are.
const SHORT_KEY_BYTES: usize = 32;
