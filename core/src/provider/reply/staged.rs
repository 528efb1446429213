//! The use of strings that were read before their kind was known.

use super::Sink;
use super::stage::Slot;
use crate::transcript::record::{HEADER_BYTES, Kind};
use crate::wire::steps;
use crate::{Error, ResponseRule};

/// Replies with more calls are read without comparing them.
#[cfg(any(feature = "gemini", feature = "ollama"))]
const MOST_COMPARED: u16 = 8;

impl Sink<'_, '_> {
    /// Whether something was read into `slot`.
    pub fn is_staged(&self, slot: Slot) -> bool {
        self.reply.stage.lengths.get(slot as usize).is_some_and(|length| *length > 0)
    }

    /// Whether anything was read that waits.
    pub fn is_any_staged(&self) -> bool {
        self.reply.stage.lengths != [0; 4]
    }

    /// The staged strings are a complete call. A call without arguments has the empty object.
    pub fn commit_new_call(&mut self) -> Result<(), Error> {
        if !self.is_staged(Slot::Arguments) {
            self.stage(Slot::Arguments, b"{}")?;
        }
        if self.reply.is_muted() {
            self.drop_stage();
            return Ok(());
        }
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start as usize;
        let staged = self.log.bytes().get(start + HEADER_BYTES..).unwrap_or_default();
        steps::count(staged.len());
        if core::str::from_utf8(staged).is_err() {
            return Err(Error::broken(ResponseRule::Utf8));
        }
        let [id, name, arguments, _] = stage.lengths.map(|length| length as usize);
        self.begin_call(None, start, id, name)?;
        self.note_delta(start, arguments);
        Ok(())
    }

    /// Whether the staged strings are a call that is there already, with its id. Only the first calls of a
    /// reply are compared: with each of many it would take the square of them.
    #[cfg(any(feature = "gemini", feature = "ollama"))]
    pub fn repeats_call(&self) -> bool {
        let start = self.reply.stage.start as usize;
        let staged = self.log.bytes().get(start + HEADER_BYTES..).unwrap_or_default();
        let mut records = self.log.records_from(self.reply.start as usize);
        self.reply.calls <= MOST_COMPARED
            && self.is_staged(Slot::Id)
            && records.any(|call| {
                let (id, name, arguments) = super::spare::strings(&call);
                let rest = staged.strip_prefix(id).and_then(|rest| rest.strip_prefix(name));
                // Arguments that are left out are the empty object.
                let is_same =
                    |rest: &[u8]| rest == arguments || rest.is_empty() && arguments == b"{}";
                call.is(Kind::Call) && rest.is_some_and(is_same)
            })
    }

    /// The string of the lowest filled slot becomes a part, or continues the previous part if that
    /// is of the same kind; `None` removes it. The strings of
    /// higher slots stay.
    pub fn commit_part(&mut self, kind: Option<(Kind, [u8; 2])>) -> Result<(), Error> {
        let stage = &mut self.reply.stage;
        let Some(length) = stage.lengths.iter_mut().find(|length| **length > 0) else {
            return Ok(());
        };
        let (start, length) = (stage.start as usize, core::mem::take(length) as usize);
        let is_last = stage.lengths == [0; 4];
        let (text, end) = (start + HEADER_BYTES, start + HEADER_BYTES + length);
        let kind = kind.filter(|_| !self.reply.is_muted());
        let Some((kind, [a, b])) = kind else {
            self.log.remove(text, end);
            if is_last {
                self.drop_stage();
            }
            return Ok(());
        };
        let bytes = self.log.bytes().get(text..end).unwrap_or_default();
        steps::count(bytes.len());
        if core::str::from_utf8(bytes).is_err() {
            return Err(Error::broken(ResponseRule::Utf8));
        }
        let before = core::mem::take(&mut self.reply.stage.before) as usize;
        let record = self.log.record(before).filter(|record| {
            before != 0 && record.header.kind() == kind && record.header.info == [a, b, 0]
        });
        if let Some(record) = record {
            // The room for a header moves after the text.
            let known = record.payload.len();
            self.log.swap_runs(start, text, end);
            self.log.set_length(before, known + length);
            self.reply.open = before as u32;
            self.reply.stage.start = (start + length) as u32;
        } else {
            self.head(start, kind, [a, b, 0]);
            self.log.set_length(start, length);
            self.reply.open = start as u32;
            let used = self.log.used();
            self.log.append(&[0; HEADER_BYTES])?;
            self.log.swap_runs(end, used, used + HEADER_BYTES);
            self.reply.stage.start = end as u32;
        }
        if is_last {
            self.drop_stage();
        } else {
            // The next content begins a new part.
            self.end_part();
        }
        Ok(())
    }

    /// Takes out the strings of `slot` and of those after it.
    pub fn drop_from(&mut self, slot: Slot) {
        let lengths = self.reply.stage.lengths.iter_mut().skip(slot as usize);
        let length = lengths.map(core::mem::take).sum::<u32>() as usize;
        self.log.truncate(self.log.used() - length);
        if !self.is_any_staged() {
            self.drop_stage();
        }
    }

    /// Whether the id that was read is the text of the last part of this kind.
    pub fn repeats_part(&self, kind: Kind) -> bool {
        let mut parts = self.log.records_from(self.reply.start as usize);
        let mut last = None;
        while let Some(part) = parts.find(|part| part.is(kind)) {
            last = Some(part.payload);
        }
        last.is_some() && self.staged_id() == last
    }

    /// The id that was read, if one was.
    pub fn staged_id(&self) -> Option<&[u8]> {
        let start = self.reply.stage.start as usize + HEADER_BYTES;
        let [length, ..] = self.reply.stage.lengths;
        self.log.bytes().get(start..start + length as usize).filter(|_| self.is_staged(Slot::Id))
    }

    /// The arguments that were read; strings of higher slots may follow.
    #[cfg(any(feature = "openai-responses", all(feature = "call-deltas", feature = "gemini")))]
    pub fn staged_arguments(&self) -> &[u8] {
        let stage = &self.reply.stage;
        let [id, name, length, _] = stage.lengths.map(|length| length as usize);
        let start = stage.start as usize + HEADER_BYTES + id + name;
        self.log.bytes().get(start..start + length).unwrap_or_default()
    }

    /// Whether a call with this index on the wire has begun, and has no name so far.
    pub fn has_unnamed_call(&self, index: u32) -> bool {
        self.call_at(Some(index), &[]).is_some_and(|call| call.call_bytes().1.is_empty())
    }

    /// Whether a call with this index on the wire has begun.
    pub fn has_call(&self, index: u32) -> bool {
        self.call_at(Some(index), &[]).is_some()
    }

    /// The wire index of the call with the searched id.
    pub fn call_index(&self, is_it: impl Fn(&[u8]) -> bool) -> Option<u32> {
        let mut records = self.log.records_from(self.reply.start as usize);
        let call = records.find(|call| call.is(Kind::Call) && is_it(call.call_bytes().0))?;
        Some(call.header.info[2].into())
    }
}
