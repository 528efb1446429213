//! Why a turn failed.

use super::machine::Machine;
use crate::Error;
use crate::transcript::{Storage, Transcript};

/// Why the last turn failed, for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure<'s> {
    /// The error that the call returned.
    pub error: Error,
    /// The provider's code or type of the error, if it sent one.
    pub code: &'s str,
    /// The provider's message, if it sent one. Valid until the next turn begins.
    pub message: &'s str,
    /// The HTTP status, 0 without a response.
    pub status: u16,
}

impl Machine {
    pub fn failure<'s, S: Storage>(&'s self, transcript: &'s Transcript<S>) -> Option<Failure<'s>> {
        let text = |bytes: &'s [u8]| match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => bytes
                .get(..error.valid_up_to())
                .and_then(|whole| core::str::from_utf8(whole).ok())
                .unwrap_or_default(),
        };
        Some(Failure {
            error: self.error?,
            code: text(&self.reply.failure.code),
            message: text(transcript.bytes_behind(self.reply.failure.length as usize)),
            status: self.status,
        })
    }
}
