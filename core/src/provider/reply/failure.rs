//! Errors in a reply: in the member `error`, wherever it is, or in a document that is itself an
//! error.

use super::{Sink, Slot, Word};
use crate::Error;
use crate::provider::delay::duration_ms;
#[cfg(feature = "profiles")]
use crate::provider::profile::{ProfileField, named_field};
use crate::transcript::record::HEADER_BYTES;
use crate::wire::hash::hash;

/// An error that the provider reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProviderError {
    /// Its code or type.
    pub code: Word,
    /// Its code where it is a number.
    pub status: u16,
    /// Tenths of a second to wait before the next attempt, if it asks for that; else 0.
    pub delay: u16,
    /// Tokens that fit the context, and tokens of the request, if the refusal has them; else 0.
    #[cfg(feature = "window")]
    pub context_tokens: u32,
    #[cfg(feature = "window")]
    pub sent_tokens: u32,
    /// The field of the profile that it names next to its message.
    #[cfg(feature = "profiles")]
    pub field: Option<ProfileField>,
    /// The offset of its message after the records, and its length.
    pub start: u32,
    pub length: u16,
    /// The message is complete.
    closed: bool,
}

impl Sink<'_, '_> {
    /// An error begins.
    pub fn failure(&mut self) {
        if self.reply.has_failed {
            return;
        }
        self.drop_stage();
        self.end_part();
        self.drop_spare();
        self.reply.has_failed = true;
        self.reply.failure.start = self.log.used() as u32;
    }

    /// The next or current document is an error, whatever its form.
    pub fn fail_document(&mut self) {
        self.commit_failure();
        self.reply.refused = true;
    }

    /// More of the message of an error. The first message counts, up to a limit. Servers write an
    /// empty error next to an answer, so an empty one is not an error.
    pub fn failure_text(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.failure();
        let failure = &mut self.reply.failure;
        let room = FAILURE_BYTES - failure.length as usize;
        let room = self.log.room(bytes.len().min(room));
        let Some(bytes) = bytes.get(..room).filter(|_| !failure.closed) else { return };
        if self.log.append(bytes).is_ok() {
            failure.length += bytes.len() as u16;
        }
    }

    /// More of what a gateway received: it follows the gateway's own message.
    pub fn failure_cause(&mut self, bytes: &[u8]) {
        if core::mem::take(&mut self.reply.failure.closed) {
            self.failure_text(b": ");
        }
        self.failure_text(bytes);
    }

    /// Bytes of the message so far.
    pub const fn failure_length(&self) -> usize {
        self.reply.failure.length as usize
    }

    /// The assumed message of an error is not one.
    pub fn forget_failure(&mut self) {
        if core::mem::take(&mut self.reply.has_failed) {
            self.log.truncate(self.reply.failure.start as usize);
            self.reply.failure.length = 0;
        }
    }

    /// The message is complete.
    pub fn failure_text_end(&mut self) {
        self.reply.failure.closed |= self.reply.failure.length > 0;
    }

    /// The word is the code or the type of the error; a code takes precedence.
    // Not inlined, see `commit_call`.
    #[inline(never)]
    pub fn failure_code(&mut self, is_code: bool) {
        let word = self.take_word();
        if word.is_empty() {
            return;
        }
        self.failure();
        self.note_code(word, is_code);
    }

    /// Keeps a code; one of digits is a status that is written as text.
    fn note_code(&mut self, word: Word, counts_more: bool) {
        let failure = &mut self.reply.failure;
        if word.len() == 3 && word.iter().all(u8::is_ascii_digit) {
            failure.status = word.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit & 15));
        } else if counts_more || failure.code.is_empty() {
            failure.code = word;
        }
    }

    /// The word is the name of the field in the error.
    #[cfg(feature = "profiles")]
    pub fn failure_field(&mut self) {
        let word = self.take_word();
        self.reply.failure.field = named_field(&word).or(self.reply.failure.field);
    }

    /// The word is the wait before the next attempt.
    pub fn failure_delay(&mut self) {
        let word = self.take_word();
        if let Some(millis) = duration_ms(&word) {
            self.note_delay(millis);
        }
    }

    /// The error asks for a wait before the next attempt.
    pub fn note_delay(&mut self, millis: u32) {
        let tenths = millis.div_ceil(100).min(u16::MAX.into()) as u16;
        self.reply.failure.delay = self.reply.failure.delay.max(tenths);
    }

    /// The code of the error is a number.
    pub fn failure_status(&mut self, status: u32) {
        if status > 0 {
            self.failure();
            self.top_status(status);
        }
    }

    /// More of a message at the top of a document, which may turn out to be an error.
    pub fn top_message(&mut self, bytes: &[u8]) -> Result<(), Error> {
        // Frameworks put the name of the status into `error`, in front of it.
        if self.reply.is_failed() {
            self.failure_cause(bytes);
            return Ok(());
        }
        self.stage(Slot::Id, bytes)
    }

    /// The word is the code of the document, if it is an error.
    pub fn top_code(&mut self) {
        let word = self.take_word();
        self.note_code(word, false);
    }

    /// The same for a code that is a number.
    pub fn top_status(&mut self, status: u32) {
        self.reply.failure.status = status.min(u16::MAX.into()) as u16;
    }

    /// The word is the type of the document.
    pub fn object(&mut self) {
        if self.take_hash() == ERROR {
            self.fail_document();
        }
    }

    /// The document is over. A document that is not of the dialect and has a message and a code is
    /// an error, as is a whole body with only a message.
    pub fn end_error(&mut self) {
        let ProviderError { code, status, .. } = &self.reply.failure;
        let is_whole = self.reply.whole && self.reply.stop.is_none();
        let has_code = !code.is_empty() || *status > 0;
        if !self.reply.is_known && self.is_staged(Slot::Id) && (has_code || is_whole) {
            self.commit_failure();
        }
        if !self.reply.is_failed() {
            self.reply.failure = ProviderError::default();
        }
    }

    /// The body is over: the message of its last document, which is of no known form, is an error.
    pub fn end_message(&mut self) {
        if self.is_staged(Slot::Id) {
            self.commit_failure();
        }
    }

    /// The string that was read is the message of an error.
    pub fn commit_failure(&mut self) {
        if self.reply.has_failed || !self.is_staged(Slot::Id) {
            return self.failure();
        }
        let stage = core::mem::take(&mut self.reply.stage);
        let [length, ..] = stage.lengths;
        let failure = &mut self.reply.failure;
        self.reply.has_failed = true;
        failure.start = stage.start;
        failure.length = length.min(FAILURE_BYTES as u32) as u16;
        failure.closed = true;
        let (start, length) = (stage.start as usize, usize::from(failure.length));
        self.log.remove(start, start + HEADER_BYTES);
        self.log.truncate(start + length);
    }
}

/// Bytes of a provider's error message that are kept.
const FAILURE_BYTES: usize = 1024;

const ERROR: u32 = hash(b"error");
