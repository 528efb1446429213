//! Text, reasoning, opaque text, words, counts and errors of a reply.

use super::{Reply, Sink, Skip, USAGE_CHANGED, USAGE_DUE, Word};
use crate::message::StopReason;
use crate::provider::stop;
use crate::transcript::record::{FIRST, HEADER_BYTES, Header, Kind, MARKED, REFUSAL, Record};
use crate::wire::hash::hash;
use crate::{Error, ResponseRule};

/// A state of a reply to return to.
#[derive(Clone, Copy, Hash, Debug)]
pub(super) struct PendingStart {
    used: u32,
    open: u32,
    calls: u16,
    unclosed: u16,
    last_call: u32,
    /// Something before `used` was rewritten since.
    pub is_stale: bool,
    stop: Option<StopReason>,
    refuses: bool,
    thinking_field: u8,
}

impl PendingStart {
    /// The offsets that move with the bytes.
    pub fn offsets(&mut self) -> [&mut u32; 3] {
        [&mut self.used, &mut self.open, &mut self.last_call]
    }
}

impl Sink<'_, '_> {
    /// Adds to the open part, if it is of this kind; else begins one.
    pub fn part(&mut self, kind: Kind, info: [u8; 2], bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() || self.reply.is_muted() && !self.replaces()? {
            return Ok(());
        }
        self.reply.has_content = true;
        self.drop_stage();
        let [a, b] = info;
        let open = self.reply.open as usize;
        let fits = |header: &Header| header.kind() == kind && header.info == [a, b, 0];
        if open == 0 || !self.log.header(open).as_ref().is_some_and(fits) {
            self.end_part();
            self.log.reserve(HEADER_BYTES + bytes.len())?;
            let first = self.first_flag(self.log.used());
            self.reply.open = self.log.push(Header::new(kind, first, [a, b, 0]), &[])? as u32;
        }
        self.log.append(bytes)?;
        self.log.close(self.reply.open as usize);
        Ok(())
    }

    /// More of the answer.
    pub fn text(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.part(Kind::Text, [0, 0], bytes)
    }

    /// More of a refusal; it is why the model stopped.
    pub fn refusal(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.part(Kind::Text, [REFUSAL, 0], bytes)?;
        self.reply.refuses |= !self.reply.is_muted() && !bytes.is_empty();
        Ok(())
    }

    /// More of an image, of sound or of another medium, which is not kept.
    pub fn media(&mut self, bytes: usize) {
        if !self.reply.is_muted() {
            self.reply.dropped = self.reply.dropped.saturating_add(bytes as u32);
            self.reply.cut_is_emitted = false;
        }
    }

    /// Removes the reasoning that is held back, if nothing follows it: it is repeated.
    #[cfg(feature = "openai-chat")]
    pub fn drop_thinking(&mut self) {
        let (open, pending) = (self.reply.open, self.reply.pending);
        let is_held = pending.is_some_and(|start| start.used <= open);
        let header = self.log.header(open as usize).filter(|_| is_held);
        if header.is_some_and(|header| header.kind() == Kind::Thinking) {
            self.log.truncate(open as usize);
            (self.reply.open, self.reply.thinking_field) = (0, 0);
        }
    }

    /// What comes next begins a part of its own.
    pub fn end_part(&mut self) {
        // With another chunking, text would have been dropped before this place.
        if self.reply.keep_end == 0 && self.is_nearly_full() {
            self.keep_first();
        }
        if self.reply.keep_end != 0 {
            self.drop_to_keep_end();
            if let Some(pending) = &mut self.reply.pending {
                pending.is_stale = true;
            }
        }
        self.reply.keep_end = 0;
        self.reply.open = 0;
    }

    /// Removes the text shown after the kept part; returns the freed bytes.
    fn drop_to_keep_end(&mut self) -> usize {
        let (keep_end, shown) = (self.reply.keep_end, self.reply.shown);
        let dropped = shown.saturating_sub(keep_end);
        self.reply.dropped += dropped;
        self.reply.cut_is_emitted &= dropped == 0;
        self.log.remove(keep_end as usize, shown as usize);
        self.log.close(self.reply.open as usize);
        self.reply.shown = keep_end;
        dropped as usize
    }

    /// The flag of a record at `offset`: the first of a reply begins a message.
    pub(super) fn first_flag(&self, offset: usize) -> u8 {
        if offset == self.reply.start as usize { FIRST } else { 0 }
    }

    /// Writes the header of a record of the reply, whose length is set afterwards.
    pub(super) fn head(&mut self, offset: usize, kind: Kind, info: [u8; 3]) {
        let first = self.first_flag(offset);
        self.log.set_header(offset, Header::new(kind, first, info));
    }

    /// Drops text that was shown, so that more can be shown: keeps the beginning. True if there is
    /// room again.
    pub fn drop_shown(&mut self) -> bool {
        self.keep_first() && self.drop_to_keep_end() > 0
    }

    /// Decides how much of the open text stays, now that not all of it can: the same in every
    /// chunking. False if nothing can be dropped.
    fn keep_first(&mut self) -> bool {
        let limit = self.log.limit().saturating_sub(SLACK_BYTES + self.scratch_bytes());
        let reply = &mut *self.reply;
        let (open, shown) = (reply.open as usize, reply.shown as usize);
        let header = self.log.header(open).filter(|header| {
            open != 0
                && reply.pending.is_none()
                && matches!(header.kind(), Kind::Text | Kind::Thinking)
        });
        if header.is_none() || reply.show as usize != open {
            return false;
        }
        if reply.keep_end == 0 {
            let payload = open + HEADER_BYTES;
            let wanted = limit.min(shown).max(payload);
            let text = self.log.bytes().get(payload..wanted).unwrap_or_default();
            reply.keep_end = (wanted - incomplete_length(text)) as u32;
            self.log.set_flags(open, MARKED);
        }
        true
    }

    /// Whether the storage is so full that text must be dropped.
    pub fn is_nearly_full(&mut self) -> bool {
        if self.log.left() <= SLACK_BYTES {
            self.drop_spare();
        }
        self.log.left() <= SLACK_BYTES
    }

    /// Room that text which is not kept passes through.
    fn scratch_bytes(&self) -> usize {
        (self.log.limit() / 8).clamp(MIN_SCRATCH_BYTES, MAX_SCRATCH_BYTES)
    }

    /// Holds events back until it is known whether the content counts.
    // Not inlined, see `commit_call`.
    #[inline(never)]
    pub fn begin_pending(&mut self) {
        if self.reply.pending.is_some() {
            return;
        }
        // Held-back content needs room, and nothing can be dropped meanwhile.
        if self.log.left() < self.scratch_bytes() {
            self.drop_spare();
        }
        if self.log.left() < self.scratch_bytes() {
            self.drop_shown();
        }
        let Reply { open, calls, unclosed, last_call, refuses, thinking_field, .. } = *self.reply;
        self.reply.pending = Some(PendingStart {
            used: self.log.used() as u32,
            open,
            calls,
            unclosed,
            last_call,
            is_stale: false,
            stop: self.reply.stop,
            refuses,
            thinking_field,
        });
        self.reply.index = None;
        self.reply.skip = Skip::Nothing;
    }

    /// The content since [`begin_pending`](Self::begin_pending), and what follows, counts, or does not.
    ///
    /// # Errors
    /// `BadResponse` if it does not, and was added to calls that do.
    pub fn resolve_pending(&mut self, is_ours: bool) -> Result<(), Error> {
        let Some(start) = self.reply.pending.take() else { return Ok(()) };
        if !is_ours {
            if start.is_stale {
                return Err(Error::broken(ResponseRule::OneChoice));
            }
            self.drop_stage();
            self.log.truncate(start.used as usize);
            if self.reply.last_call != start.last_call {
                self.set_last(start.last_call as usize);
            }
            self.reply.open = start.open;
            (self.reply.calls, self.reply.unclosed) = (start.calls, start.unclosed);
            (self.reply.refuses, self.reply.thinking_field) = (start.refuses, start.thinking_field);
            if start.open != 0 {
                self.log.close(start.open as usize);
            }
            if self.reply.stop != start.stop {
                self.reply.stop = start.stop;
                self.reply.raw_stop_reason.clear();
            }
        }
        self.reply.skip = if is_ours { Skip::Nothing } else { Skip::All };
        Ok(())
    }

    /// The content since [`begin_pending`](Self::begin_pending) does not count, but a stop reason does; the next
    /// content is held back.
    ///
    /// # Errors
    /// As [`resolve_pending`](Self::resolve_pending).
    pub fn drop_pending(&mut self) -> Result<(), Error> {
        if let Some(start) = &mut self.reply.pending {
            start.stop = self.reply.stop;
        }
        self.resolve_pending(false)?;
        self.begin_pending();
        Ok(())
    }

    /// Skips content until [`end_skip`](Self::end_skip), unless there is any: then it counts in
    /// place of what is held back, as after [`drop_pending`](Self::drop_pending).
    pub fn skip_if_empty(&mut self) {
        self.reply.skip = Skip::IfEmpty;
    }

    /// Whether content that would be skipped counts.
    #[inline(never)]
    pub(super) fn replaces(&mut self) -> Result<bool, Error> {
        let replaces = self.reply.skip == Skip::IfEmpty && !self.reply.is_failed();
        if replaces {
            self.drop_pending()?;
        }
        Ok(replaces)
    }

    /// Skips content, until [`end_skip`](Self::end_skip).
    pub fn skip(&mut self) {
        self.reply.skip = Skip::All;
    }

    /// Whether calls arrived since [`begin_pending`](Self::begin_pending).
    pub fn pending_has_calls(&self) -> bool {
        self.reply.pending.is_some_and(|start| self.reply.calls > start.calls)
    }

    /// Whether text arrived since [`begin_pending`](Self::begin_pending).
    pub fn pending_has_text(&self) -> bool {
        let Some(start) = self.reply.pending else { return false };
        let (used, open) = (start.used as usize, self.reply.open as usize);
        let is_longer = open != 0 && open < used && self.log.used() > used;
        let start = if is_longer { open } else { used };
        Record::find_part(self.log.bytes(), start, start, Kind::Text.bit()).is_some()
    }

    /// Whether the first text of the reply arrived since [`begin_pending`](Self::begin_pending); `None`: there is
    /// none, as far as the open part shows if nothing is held.
    pub fn text_is_pending(&self) -> Option<bool> {
        let start = match self.reply.pending {
            Some(_) => self.reply.start as usize,
            None => self.reply.open as usize,
        };
        let text = Record::find_part(self.log.bytes(), start, start, Kind::Text.bit());
        let text = text.filter(|_| start != 0)?.offset;
        Some(self.reply.pending.is_some_and(|start| text >= start.used as usize))
    }

    /// Whether content is skipped.
    pub fn is_skipped(&self) -> bool {
        self.reply.skip != Skip::Nothing
    }

    /// The element that was held or skipped is over.
    pub fn end_skip(&mut self) {
        self.reply.skip = Skip::Nothing;
    }

    /// More of a short word; a longer one is not a known word, and is kept only in part.
    pub fn word(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.reply.word.push(*byte).is_err() {
                return;
            }
        }
    }

    /// The hash of the complete word.
    pub fn take_hash(&mut self) -> u32 {
        #[cfg(target_pointer_width = "64")]
        if let Some(hash) = self.reply.hash.take() {
            return hash;
        }
        let hash = hash(&self.reply.word);
        self.reply.word.clear();
        hash
    }

    /// The complete word.
    pub fn take_word(&mut self) -> Word {
        core::mem::take(&mut self.reply.word)
    }

    /// The number that the complete word is: some servers write numbers as text.
    pub fn take_number(&mut self) -> Option<u32> {
        let word = self.take_word();
        let digits = word.iter().map_while(|byte| char::from(*byte).to_digit(10));
        digits.fold(None, |number, digit| {
            Some(number.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit))
        })
    }

    /// The model's stop reason; see [`stop::counts`] if there was one before.
    // Not inlined, see `commit_call`.
    #[inline(never)]
    pub fn stop(&mut self) {
        let word = self.take_word();
        if self.reply.is_muted() || !stop::counts(&word, self.reply.stop) {
            return;
        }
        self.reply.stop = Some(stop::reason(&word));
        self.reply.raw_stop_reason = word;
    }

    /// A count arrived: the one with this number in [`crate::Usage`].
    pub fn count(&mut self, number: u8, value: u32) {
        if let Some(count) = self.reply.counts.get_mut(usize::from(number)) {
            // Servers that do not update a count write 0; 1 may mean no count yet.
            *count = if value == 0 && *count > 1 { *count } else { value };
            self.reply.usage_news |= USAGE_CHANGED;
        }
    }

    /// A document is over.
    pub fn document_end(&mut self) {
        self.element_end();
        if self.reply.is_stopping() {
            self.end_part();
        }
    }

    /// A document, or one of several in an array, is over: its counts are new.
    pub fn element_end(&mut self) {
        self.end_error();
        self.reply.is_touched = false;
        let is_known = core::mem::take(&mut self.reply.is_known);
        self.reply.documents |= is_known;
        self.reply.has_strangers |= !is_known;
        if self.reply.usage_news & USAGE_CHANGED != 0 {
            self.reply.usage_news = USAGE_DUE;
        }
        self.reply.word.clear();
    }
}

/// Bytes at the end of `text` that begin a character and do not complete it.
fn incomplete_length(text: &[u8]) -> usize {
    let mut back = 0;
    for byte in text.iter().rev().take(3) {
        back += 1;
        let wanted = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x80..=0xbf => continue,
            0x00..=0x7f => return 0,
        };
        return if wanted > back { back } else { 0 };
    }
    0
}

/// Room that is always left: twice what one check of the room may miss.
pub(crate) const SLACK_BYTES: usize = 48;

/// Bounds of the text that is dropped first when the storage is full.
const MIN_SCRATCH_BYTES: usize = 64;
const MAX_SCRATCH_BYTES: usize = 2048;
