//! Errors in a reply: in the member `error`, wherever it is, or in a document that is itself an
//! error.

use super::{Sink, Slot, Word};
use crate::Error;
use crate::provider::delay::duration_ms;
#[cfg(feature = "profiles")]
use crate::provider::profile::{ProfileField, named_field};
use crate::provider::stop::fold;
use crate::transcript::record::HEADER_BYTES;
use crate::wire::hash::hash;

/// An error that the provider reported.
#[derive(Clone, Hash, Debug, Default)]
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
    /// What the message is: [`CLOSED`] and [`GUESS`].
    state: u8,
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

    /// More of a string of an error: of its message, or with `is_guess` of a string that takes the
    /// place of one. Servers write an empty error next to an answer, so an empty one is not an error.
    pub fn error_text(&mut self, bytes: &[u8], is_guess: bool) {
        let failure = &mut self.reply.failure;
        let has_text = failure.length > 0;
        if failure.state == CLOSED && (is_guess || has_text) {
            return;
        }
        let is_next = failure.state == CLOSED | GUESS && is_guess && has_text;
        if failure.state & GUESS != 0 && !is_guess && has_text {
            self.log.truncate(failure.start as usize);
            failure.length = 0;
        }
        failure.state = if is_guess { GUESS } else { 0 };
        if is_next {
            self.failure_text(b": ");
        }
        self.failure_text(bytes);
    }

    /// The string is complete. Some servers write a report of success next to an answer.
    pub fn error_text_end(&mut self) {
        let failure = &self.reply.failure;
        let is_alone = !self.reply.refused && failure.status == 0 && failure.code.is_empty();
        let (start, length) = (failure.start as usize, failure.length as usize);
        let text = self.log.bytes().get(start..start + length).unwrap_or_default();
        if is_alone && is_success(text) {
            // One in a message counts for the values after it.
            let is_guess = failure.state & GUESS != 0;
            self.forget_failure();
            self.reply.failure.state = if is_guess { 0 } else { CLOSED };
            return;
        }
        self.failure_text_end();
    }

    /// A value of an error that is neither a string nor empty.
    pub fn error_value(&mut self) {
        if self.reply.failure.state & CLOSED == 0 {
            self.fail_document();
        }
    }

    /// More of the message of an error. The first message counts, up to a limit.
    pub fn failure_text(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.failure();
        let failure = &mut self.reply.failure;
        let room = FAILURE_BYTES - failure.length as usize;
        let room = self.log.room(bytes.len().min(room));
        let Some(bytes) = bytes.get(..room).filter(|_| failure.state & CLOSED == 0) else { return };
        if self.log.append(bytes).is_ok() {
            failure.length += bytes.len() as u16;
        }
    }

    /// More of what a gateway received: it follows the gateway's own message.
    pub fn failure_cause(&mut self, bytes: &[u8]) {
        if self.reply.failure.state & CLOSED != 0 {
            self.reply.failure.state &= !CLOSED;
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
        if self.reply.failure.length > 0 {
            self.reply.failure.state |= CLOSED;
        }
    }

    /// The word is the code or the type of the error; a code takes precedence.
    // Not inlined, see `commit_call`.
    #[inline(never)]
    pub fn failure_code(&mut self, is_code: bool) {
        let word = self.take_word();
        if word.is_empty() || is_success(&word) {
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
        if !matches!(status, 0 | 200..300) {
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
        failure.state = CLOSED;
        let (start, length) = (stage.start as usize, usize::from(failure.length));
        self.log.remove(start, start + HEADER_BYTES);
        self.log.truncate(start + length);
    }
}

/// The message is complete; without one, success was reported.
const CLOSED: u8 = 1;
/// It consists of strings that are not known to be a message.
const GUESS: u8 = 2;

/// Whether the message or the code of an error reports that there is none.
fn is_success(word: &[u8]) -> bool {
    let known = fold(word);
    SUCCESSES.contains(&known) && word.iter().all(|byte| *byte != b':')
}

/// The words for that.
static SUCCESSES: [u32; 7] = [
    fold(b"success"),
    fold(b"ok"),
    fold(b"0"),
    fold(b"200"),
    fold(b"none"),
    fold(b"null"),
    fold(b"no_error"),
];

/// Bytes of a provider's error message that are kept.
const FAILURE_BYTES: usize = 1024;

const ERROR: u32 = hash(b"error");
