//! Tool calls of a reply.
//!
//! The strings of a call arrive in any order, in pieces, and pieces of several calls are
//! interleaved. Each piece is read to the end of the transcript first (the stage), and moves to its
//! call when the call is known.

use super::arguments::{is_same, may_be_cut, repeated};
use super::shape::Shape;
use super::spare::strings;
use super::{Reply, Sink};
use crate::provider::Budget;
use crate::transcript::record::{HEADER_BYTES, ID_BYTES_MAX, Kind, MARKED, Record, id_length};
use crate::wire::json_read::is_object;
use crate::wire::steps;
use crate::{Error, ErrorKind, ResponseRule};

impl Sink<'_, '_> {
    /// The element is complete: its strings begin a call or continue one.
    ///
    /// Which call that is: the one with the same `index`; without an index, the one with the
    /// same id, or the last. Servers give all calls the index 0, or no index and no id, so a
    /// complete call after a complete call is a new one. They send the id and the name late, in
    /// pieces, or again in each piece. Not inlined, like a few others of this type: otherwise each
    // token would need the stack of this rare case.
    #[inline(never)]
    pub fn commit_call(&mut self, may_begin: bool) -> Result<(), Error> {
        if self.reply.is_muted() || self.reply.stage.start == 0 {
            self.drop_stage();
            return Ok(());
        }
        let index = self.reply.index;
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start as usize;
        let mut lengths = stage.lengths.map(|length| length as usize);
        let mut at = start + HEADER_BYTES;
        for length in lengths.iter_mut().take(2) {
            let end = at + *length;
            match self.log.bytes().get(at..end).map(<[u8]>::trim_ascii) {
                // Some servers write a word where the first piece had the id and the name.
                Some(b"" | b"null" | b"None") => {
                    self.log.remove(at, end);
                    *length = 0;
                }
                _ => at = end,
            }
        }
        let [id, name, ..] = lengths;
        // Arguments are checked when they are complete: a character may arrive in two pieces.
        let words = start + HEADER_BYTES;
        let words = self.log.bytes().get(words..words + id + name).unwrap_or_default();
        steps::count(words.len());
        let words = core::str::from_utf8(words).ok();
        if words.is_none_or(|words| !words.is_char_boundary(id)) {
            return Err(Error::broken(ResponseRule::Utf8));
        }
        match self.find_call(index, start, lengths)? {
            Some((call, more)) => {
                let arguments = if more.arguments { lengths[2] } else { 0 };
                let call = self.extend_call(call, start, lengths, more)?;
                self.note_delta(call, arguments);
                Ok(())
            }
            None if may_begin => {
                self.begin_call(index, start, id, name)?;
                self.note_delta(start, lengths[2]);
                Ok(())
            }
            None => {
                self.log.truncate(start);
                Ok(())
            }
        }
    }

    /// All calls so far are complete.
    pub fn close_calls(&mut self) {
        self.end_stage();
        self.drop_spare();
        self.reply.unclosed = 0;
    }

    /// The block that was read is over; it may have been a call.
    pub fn close_call(&mut self) {
        self.drop_stage();
        if self.call_at(self.reply.index, &[]).is_some() {
            self.reply.unclosed = self.reply.unclosed.saturating_sub(1);
        }
        if self.reply.unclosed == 0 {
            self.drop_spare();
        }
    }

    /// Removes a last call that the token limit cut off; true if there was one.
    pub fn drop_cut_call(&mut self) -> bool {
        let last = self.reply.last_call as usize;
        let Some(record) = self.log.record(last).filter(|_| last != 0) else { return false };
        if !may_be_cut(record.call().2.as_bytes()) {
            return false;
        }
        let end = record.end();
        self.log.remove(last, end);
        self.reply.calls -= 1;
        self.reply.last_call = 0;
        let Reply { show, shown, emitted_to, .. } = self.reply;
        for offset in [show, shown, emitted_to] {
            if *offset as usize >= end {
                *offset -= (end - last) as u32;
            } else if *offset as usize > last {
                *offset = last as u32;
            }
        }
        true
    }

    /// The last call with this index; without an index that with this id, or the last of all
    /// if there is no id.
    pub(super) fn call_at(&self, index: Option<u32>, id: &[u8]) -> Option<Record<'_>> {
        let (bytes, last) = (self.log.bytes(), self.reply.last_call as usize);
        if last == 0 || index.is_some_and(|index| index > self.reply.last_index) {
            return None;
        }
        let start = self.reply.start as usize;
        let find_from = |mut at: usize| {
            let mut found = None;
            while let Some(call) = Record::find_part(bytes, at, start, Kind::Call.bit()) {
                at = call.end();
                let belongs = match index {
                    Some(index) => call.header.info[2] == index as u8,
                    None => id.is_empty() || call.call_bytes().0 == id,
                };
                if belongs {
                    found = Some(call);
                }
            }
            found
        };
        // Mostly it is the last.
        find_from(last).or_else(|| find_from(start))
    }

    /// The call that the strings staged at `start` belong to, and the part of them that continues
    /// it. `None`: they are a separate call.
    // Not inlined: its stack is free again when the strings move to their call.
    #[inline(never)]
    fn find_call(
        &self,
        index: Option<u32>,
        start: usize,
        lengths: [usize; 4],
    ) -> Result<Option<(usize, NewStrings)>, Error> {
        let last = self.reply.last_call as usize;
        let staged = self.log.bytes().get(start + HEADER_BYTES..).unwrap_or_default();
        let (id, rest) = staged.split_at_checked(lengths[0]).unwrap_or_default();
        let (name, arguments) = rest.split_at_checked(lengths[1]).unwrap_or_default();
        let record = self.log.record(last).filter(|_| last != 0);
        // A new id may be that of the last call, which has none so far.
        let unnamed = record.filter(|call| {
            let (known_id, known_name, _) = call.call_bytes();
            let is_late = known_name.is_empty() || name.is_empty() && !self.reply.shape.is_closed();
            index.is_none() && known_id.is_empty() && is_late
        });
        // Some servers count the pieces of a call on, or number them otherwise than its head.
        let is_astray = index.is_some() && id.is_empty() && name.is_empty();
        let unfinished = record.filter(|call| {
            is_astray && !call.call_bytes().1.is_empty() && !self.reply.shape.is_closed()
        });
        let found = self.call_at(index, id).or(unnamed).or(unfinished);
        let Some(call) = found else { return Ok(None) };
        let is_last = call.offset == last;
        let (known_id, known_name, known_arguments) = strings(&call);
        let has_other_id = !id.is_empty() && !known_id.is_empty() && known_id != id;
        let has_same_id = !id.is_empty() && known_id == id;
        let is_closed = || match is_last {
            true => self.reply.shape.is_closed(),
            // Only arguments that may be complete are checked in full.
            false => known_arguments.trim_ascii_end().ends_with(b"}") && is_object(known_arguments),
        };
        // Some servers give every call the same id: a whole call after a whole one is another call.
        if has_same_id
            && !name.is_empty()
            && arguments.trim_ascii_start().starts_with(b"{")
            && known_arguments != b"{}"
            && is_closed()
            && !(known_name == name && is_same(known_arguments, arguments))
        {
            return Ok(None);
        }
        let mut more = NewStrings { id: known_id.is_empty(), name: 0, arguments: true };
        if name.is_empty() || known_name == name {
            // The name is repeated, or it is a call of the same tool.
            let has_more = !arguments.is_empty() || has_other_id;
            let is_whole = !name.is_empty() && has_more && !has_same_id;
            // Elements of one document that nothing distinguishes are separate calls.
            let is_own = index.is_none() && id.is_empty() && is_last && self.reply.is_touched;
            if is_whole && (has_other_id || known_id.is_empty() || id.is_empty()) && is_closed() {
                let repeats = !has_other_id && !is_own && is_same(known_arguments, arguments);
                if !repeats {
                    return Ok(None);
                }
                more.arguments = false;
            } else if !name.is_empty() && is_own {
                return Ok(None);
            }
        } else if known_name.is_empty() {
            more.name = name.len();
        } else if has_other_id {
            return Ok(None);
        } else if known_arguments.is_empty() && is_last && (index.is_some() || has_same_id) {
            // The name arrives in pieces, or cumulatively.
            more.name = name.len() - name.strip_prefix(known_name).map_or(0, |_| known_name.len());
        } else if !has_same_id {
            return Ok(None);
        }
        // Only the low byte of an index is kept, so further back it is ambiguous.
        let is_ambiguous =
            index.is_some_and(|index| index >= SLOTS || u32::from(self.reply.calls) > SLOTS);
        if !is_last && is_ambiguous {
            return Err(Error::new(ErrorKind::Limit, SLOTS));
        }
        Ok(Some((call.offset, more)))
    }

    /// The strings that were staged at `start` are a call.
    pub(super) fn begin_call(
        &mut self,
        index: Option<u32>,
        start: usize,
        id: usize,
        name: usize,
    ) -> Result<(), Error> {
        let calls = self.reply.calls;
        if calls >= self.max_calls {
            return Err(Error::new(ErrorKind::Limit, Budget::Calls as u32));
        }
        let name = u8::try_from(name).map_err(|_| NAME_TOO_LONG)?;
        let (id, head, length) = id_length(id).ok_or(ID_TOO_LONG)?;
        self.log.insert(start + HEADER_BYTES, head.get(..length).unwrap_or_default())?;
        self.reply.calls += 1;
        let index = index.unwrap_or(u32::from(calls));
        self.head(start, Kind::Call, [id, name, index as u8]);
        self.log.close(start);
        self.reply.last_index = self.reply.last_index.max(index);
        self.reply.unclosed += 1;
        self.set_last(start);
        Ok(())
    }

    /// The call at `call` is the last one now.
    pub(super) fn set_last(&mut self, call: usize) {
        self.reply.last_call = call as u32;
        self.reply.is_touched = true;
        self.reply.shape = Shape::default();
        if let Some(record) = self.log.record(call) {
            self.reply.shape.add(strings(&record).2);
        }
    }

    /// Adds the strings staged at `start` to the call at `call`; returns where that is now.
    #[inline(never)]
    fn extend_call(
        &mut self,
        call: usize,
        start: usize,
        lengths: [usize; 4],
        more: NewStrings,
    ) -> Result<usize, Error> {
        let is_last = call == self.reply.last_call as usize;
        self.reply.is_touched |= is_last;
        let [id, name, ..] = lengths;
        let staged = start + HEADER_BYTES;
        // Unneeded strings are removed, from the end on.
        if !more.arguments {
            self.log.truncate(staged + id + name);
        }
        self.log.remove(staged + id, staged + id + name - more.name);
        let id = if more.id { id } else { 0 };
        self.log.remove(start, staged + lengths[0] - id);
        let (new_id, head, head_length) = id_length(id).ok_or(ID_TOO_LONG)?;
        self.log.insert(start, head.get(..head_length).unwrap_or_default())?;
        let id = id + head_length;
        if let Some(pending) = &mut self.reply.pending {
            pending.is_stale = true;
        }
        let is_empty = self.log.record(call).is_none_or(|call| strings(&call).2 == b"{}");
        let is_plain = id == 0 && more.name == 0 && !is_empty;
        let (mut call, mut start) = (call, start);
        if is_plain && !is_last && self.reply.unclosed > 0 {
            if self.add_to_spare(call, start) {
                return Ok(call);
            }
            // Room that other calls have not used is available to all again.
            if self.reply.has_spare {
                (call, start) = self.share_spare(call, start);
                if self.add_to_spare(call, start) {
                    return Ok(call);
                }
            }
        }
        let start = start - self.drop_spare_of(call);
        let Some(record) = self.log.record(call).filter(|_| self.log.used() > start) else {
            self.log.truncate(start);
            return Ok(call);
        };
        let [known_id, known_name, slot] = record.header.info;
        let all_id = if id > 0 { new_id } else { known_id };
        let (before_id, known_id) = record.id_place();
        let known_id = before_id + known_id;
        let all_name = more.name + usize::from(known_name);
        let all_name = u8::try_from(all_name).map_err(|_| NAME_TOO_LONG)?;
        // An empty object is a placeholder until the first piece arrives.
        let arguments = self.log.used() - start - id - more.name;
        let is_placeholder = record.call_bytes().2 == b"{}" && arguments > 0;
        let placeholder = if is_placeholder { 2 } else { 0 };
        let (mut header, payload) = (record.header, record.payload.len());
        let end = record.end();
        if is_last && arguments > 0 {
            let at = self.log.used() - arguments;
            if is_placeholder {
                self.reply.shape = Shape::default();
            }
            self.reply.shape.add(self.log.bytes().get(at..).unwrap_or_default());
        }
        // Each string goes after its own, from the front on.
        let ends = [
            call + HEADER_BYTES + known_id,
            call + HEADER_BYTES + id + known_id + usize::from(known_name),
            end + id + more.name,
        ];
        let mut from = start;
        for (place, length) in ends.into_iter().zip([id, more.name, arguments]) {
            if place < from && length > 0 {
                self.log.swap_runs(place, from, from + length);
            }
            from += length;
        }
        let grown = id + more.name + arguments;
        let end_now = end + id + more.name;
        self.log.remove(end_now - placeholder, end_now);
        header.info = [all_id, all_name, slot];
        header.length = (payload + grown - placeholder) as u32;
        self.log.set_header(call, header);
        // Only records after the call moved; when it is the last, nothing did.
        if end < start {
            self.moved(end, placeholder, grown);
        }
        Ok(call)
    }

    /// Marks all calls whose arguments are not one JSON object.
    pub fn check_calls(&mut self) {
        let mut at = self.reply.start as usize;
        while let Some(record) = self.log.record(at) {
            if record.is(Kind::Call) {
                self.check_call(at);
            }
            at = self.log.record(at).map_or(usize::MAX, |record| record.end());
        }
    }

    /// Marks the call at `offset` when its arguments are not one JSON object.
    pub(super) fn check_call(&mut self, offset: usize) -> bool {
        let Some(record) = self.log.record(offset) else { return true };
        if record.header.has(MARKED) {
            return false;
        }
        let arguments = record.call().2;
        if arguments.is_empty() || is_object(arguments.as_bytes()) {
            return true;
        }
        // Servers give the whole of it in front of the pieces, or after them, and for none `null`.
        let is_free = self.reply.stage.start == 0 && !self.reply.has_failed;
        let arguments = arguments.as_bytes();
        let is_none = is_same(arguments, b"") || is_same(arguments, b"null");
        let kept = if is_none { Some(0) } else { repeated(arguments) };
        if let Some(first) = kept.filter(|_| is_free) {
            let (start, end) = (record.end() - arguments.len(), record.end());
            self.take_out(offset, start + first, end);
            return true;
        }
        self.log.set_flags(offset, MARKED);
        false
    }

    /// Whether a call has no arguments, or the last one only a part of them.
    #[cfg(feature = "openai-responses")]
    pub fn has_unfinished_call(&self) -> bool {
        let mut records = self.log.records_from(self.reply.start as usize);
        records.any(|record| record.is(Kind::Call) && self.is_unfinished(&record))
    }

    /// The same of the call with this index.
    #[cfg(feature = "openai-responses")]
    pub fn is_call_unfinished(&self, index: u32) -> bool {
        self.call_at(Some(index), &[]).is_some_and(|call| self.is_unfinished(&call))
    }

    #[cfg(feature = "openai-responses")]
    fn is_unfinished(&self, call: &Record<'_>) -> bool {
        let is_last = call.offset == self.reply.last_call as usize;
        if is_last { !self.reply.shape.is_closed() } else { strings(call).2.is_empty() }
    }

    /// Makes room for the staged arguments if they are the whole of those of an unfinished call:
    /// servers lose pieces, and repeat all of them at the end. False if there is nothing to mend.
    #[cfg(feature = "openai-responses")]
    pub fn mend_call(&mut self, index: u32) -> bool {
        let call = self.call_at(Some(index), &[]).filter(|call| self.is_unfinished(call));
        let Some(call) = call.filter(|_| is_object(self.staged_arguments())) else { return false };
        let (offset, end, length) = (call.offset, call.end(), strings(&call).2.len());
        if length > 0 {
            self.log.remove(end - length, end);
            self.log.set_length(offset, end - length - offset - HEADER_BYTES);
            self.moved(end, length, 0);
            self.reply.shape = Shape::default();
        }
        true
    }

    /// Takes bytes out of the end of the call at `call`.
    fn take_out(&mut self, call: usize, start: usize, end: usize) {
        self.log.remove(start, end);
        self.log.set_length(call, start - call - HEADER_BYTES);
        let Reply { show, shown, emitted_to, last_call, open, keep_end, .. } = self.reply;
        for offset in [show, shown, emitted_to, last_call, open, keep_end] {
            if *offset as usize >= end {
                *offset -= (end - start) as u32;
            }
        }
    }
}

/// The strings of an element that continue a call: the id, this many of the last bytes of the name,
/// the arguments.
#[derive(Clone, Copy)]
struct NewStrings {
    id: bool,
    name: usize,
    arguments: bool,
}

const NAME_TOO_LONG: Error = Error::new(ErrorKind::TooLong, u8::MAX as u32);
const ID_TOO_LONG: Error = Error::new(ErrorKind::TooLong, ID_BYTES_MAX as u32);

/// Calls of a reply whose pieces may take turns in any order.
const SLOTS: u32 = 256;
