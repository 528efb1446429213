//! A provider that refuses a request because its window is too long for the model: room is made
//! once, by the policy, and the request is sent again.

use super::Tried;
use super::policy::Needed;
use crate::message::{Event, Kept};
use crate::provider::{Config, RoomPolicy};
use crate::session::machine::Machine;
use crate::session::room::can_drop;
use crate::transcript::log::Log;
use crate::wire::hash::hash;
use crate::{Error, ErrorKind};

impl Tried {
    /// A summary was asked for, and none came.
    pub const SUMMARY: Self = Self(1);
    /// The provider finds the window too long, and room is to be made for that.
    pub const REFUSED: Self = Self(2);
    /// It was made. It is not made again: what follows would be no better.
    pub const SHORTER: Self = Self(4);

    pub const fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    pub const fn add(&mut self, what: Self) {
        self.0 |= what.0;
    }
}

impl Machine {
    /// Whether room is made for the request that `error` refused, so that it can be sent again.
    pub fn makes_room_for(&mut self, log: &Log<'_>, config: &dyn Config, error: Error) -> bool {
        let policy = config.limits().room;
        let may = error.kind() == ErrorKind::Status
            && !self.tried.has(Tried::REFUSED)
            && policy != RoomPolicy::Ask
            // A summary that cannot be had leads to room without one.
            && self.summary().is_none()
            && self.is_too_long(log, error.detail())
            && (can_drop(log, self.turn as usize)
                || policy != RoomPolicy::DropOldest && self.can_elide(log));
        if may {
            self.tried.add(Tried::REFUSED);
        }
        may
    }

    /// Makes room for a request that was refused: a third of the conversation goes. To ask for a
    /// summary would be refused as well.
    pub fn shorten(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Event<'static> {
        let bytes = log.used() / 3;
        let elided = match config.limits().room {
            RoomPolicy::DropOldest => 0,
            _ => self.elide(log, config, Needed { bytes, tokens: 0 }),
        };
        let (mut what, mut freed) = (Kept::OldResults, elided);
        if elided < bytes {
            let dropped = self.drop_until(log, config, Needed { bytes: bytes - elided, tokens: 0 });
            if dropped > 0 {
                (what, freed) = (Kept::OldExchanges, elided + dropped);
            }
        }
        self.tried.add(Tried::SHORTER);
        self.attempt = 0;
        self.enter_send(log, config);
        Event::Truncated { what, bytes: freed as u32 }
    }

    /// Whether the provider says so, by its code or in its message. A status alone says nothing.
    fn is_too_long(&self, log: &Log<'_>, status: u32) -> bool {
        let failure = &self.reply.failure;
        if CODES.contains(&hash(&failure.code)) {
            return true;
        }
        let start = failure.start as usize;
        let message = log.bytes().get(start..start + failure.length as usize).unwrap_or_default();
        // 2xx: it was told in the stream.
        matches!(status, 200..=299 | 400 | 413 | 422)
            && PHRASES.iter().any(|phrase| contains(message, phrase))
    }
}

fn contains(mut text: &[u8], phrase: &[u8]) -> bool {
    while let Some((_, rest)) = text.split_first() {
        if text.get(..phrase.len()).is_some_and(|start| start.eq_ignore_ascii_case(phrase)) {
            return true;
        }
        text = rest;
    }
    false
}

/// OpenAI and many others; llama.cpp; Anthropic, for bytes.
static CODES: [u32; 3] = [
    hash(b"context_length_exceeded"),
    hash(b"exceed_context_size_error"),
    hash(b"request_too_large"),
];

/// What those say that have no code of their own for it.
static PHRASES: [&[u8]; 6] = [
    // Anthropic, the second where the reply would not fit.
    b"prompt is too long",
    b"exceed context limit",
    // Gemini.
    b"maximum number of tokens allowed",
    // vLLM, DeepSeek, Ollama.
    b"context length",
    // OpenAI's Responses in a stream, llama-cpp-python.
    b"context window",
    // llama.cpp.
    b"context size",
];
