//! Events that only add text to the open part or to the last call: how a reply tells them, and takes them.

use core::hash::{Hash as _, Hasher};

use super::shape::Shape;
use super::{Reply, Sink, USAGE_CHANGED, USAGE_DUE};
use crate::message::Dialect;
use crate::transcript::record::Kind;

/// The destination of more text.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The open part, at this place.
    Part(u32),
    /// The arguments of the last call.
    Call(u32),
    /// There is neither, so what is read adds nothing.
    Nowhere,
}

impl Sink<'_, '_> {
    /// Whether a part of text or a call is open, all of it was shown, and nothing else is due or under way.
    pub fn may_repeat(&self) -> bool {
        let reply = &*self.reply;
        let fits = match self.target() {
            Target::Part(at) => {
                let kind = self.log.header(at as usize).map(|header| header.kind());
                let is_text = matches!(kind, Some(Kind::Text | Kind::Thinking));
                reply.show == at && is_text && !self.may_have_more()
            }
            Target::Call(at) => {
                reply.show == at
                    && reply.unclosed > 0
                    && !reply.has_spare
                    && !reply.delta.is_wanted()
                    // A closed object is perhaps that which stands for arguments that are to come.
                    && !reply.shape.is_closed()
            }
            Target::Nowhere => !self.may_have_more(),
        };
        fits && reply.keep_end == 0
            && reply.pending.is_none()
            && reply.stage.start == 0
            && reply.usage_news == 0
            && !reply.is_muted()
            && !reply.is_stopping()
    }

    fn target(&self) -> Target {
        match (self.reply.open, self.reply.last_call) {
            (0, 0) => Target::Nowhere,
            (0, call) => Target::Call(call),
            (open, _) => Target::Part(open),
        }
    }

    /// A hash of the reply's state, without the length of its text.
    pub fn state(&self) -> u64 {
        let mut reply: Reply = self.reply.clone();
        reply.shown = 0;
        reply.shape = Shape::default();
        // It is set in each event before it is used, see `begins_at`.
        if let Dialect::OpenAiChat | Dialect::Gemini = self.dialect {
            reply.dialect_state.count = 0;
        }
        // The counts of an event are set again.
        if self.dialect == Dialect::Gemini {
            reply.counts = [0; 5];
        }
        let mut state = StateHash(0);
        reply.hash(&mut state);
        state.finish()
    }

    /// Whether an event that began when `used` bytes were used has recorded that, in a dialect that does.
    pub fn begins_at(&self, used: usize) -> bool {
        !self.notes_start() || self.reply.dialect_state.count == used as u32
    }

    fn notes_start(&self) -> bool {
        self.dialect == Dialect::OpenAiChat
    }

    /// Whether the open part has grown up to the end since `used` bytes were used, or nothing has because there is
    /// none.
    pub fn has_added(&self, used: usize) -> bool {
        let (Target::Part(at) | Target::Call(at)) = self.target() else {
            return self.log.used() == used;
        };
        let record = self.log.record(at as usize);
        let is_whole = record.is_some_and(|record| record.end() == self.log.used());
        self.log.used() > used && is_whole && self.reply.stage.start == 0
    }

    /// An event begins that only adds text. False: it might do more.
    pub fn begin_repeated(&mut self) -> bool {
        if self.notes_start() {
            self.reply.dialect_state.count = self.log.used() as u32;
        }
        !matches!(self.target(), Target::Call(_)) || !self.reply.shape.is_closed()
    }

    /// The bytes added since `used` bytes were used belong to the open part; returns whether they are to be shown.
    pub fn end_added(&mut self, used: usize) -> bool {
        match self.target() {
            Target::Part(at) => {
                self.log.close(at as usize);
                true
            }
            Target::Call(at) => {
                let more = self.log.bytes().get(used..).unwrap_or_default();
                self.reply.shape.add(more);
                self.log.close(at as usize);
                false
            }
            Target::Nowhere => false,
        }
    }

    /// An event that only adds text is over; whether it brought counts, too.
    pub fn end_repeated(&mut self) -> bool {
        let has_counts = self.reply.usage_news & USAGE_CHANGED != 0;
        if has_counts {
            self.reply.usage_news = USAGE_DUE;
        }
        has_counts
    }
}

/// Hashes words, eight bytes at a time.
struct StateHash(u64);

impl Hasher for StateHash {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    #[inline(always)]
    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    #[inline(always)]
    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    #[inline(always)]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    #[inline(always)]
    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline(always)]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    #[inline(always)]
    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
