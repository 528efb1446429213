//! What becomes of strings that were read before it was known what they are.

use super::Sink;
use super::calls::Slot;
use super::parts::FAILURE_BYTES;
use crate::transcript::record::{HEADER_BYTES, Header, Kind};
use crate::{Error, ErrorKind};

impl Sink<'_, '_> {
    /// Whether something was read into `slot`.
    pub fn is_staged(&self, slot: Slot) -> bool {
        self.reply.stage.lengths.get(slot as usize).is_some_and(|length| *length > 0)
    }

    /// The strings that were read are a whole call of their own. A call without arguments
    /// has the empty object.
    pub fn commit_new_call(&mut self) -> Result<(), Error> {
        if !self.is_staged(Slot::Arguments) {
            self.stage(Slot::Arguments, b"{}")?;
        }
        if self.reply.is_muted() {
            self.drop_stage();
            return Ok(());
        }
        self.sort_stage();
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start as usize;
        let staged = self.log.bytes().get(start..).unwrap_or_default();
        if core::str::from_utf8(staged).is_err() {
            return Err(Error::new(ErrorKind::BadResponse, 0));
        }
        let [id, name, _] = stage.lengths.map(|length| length as usize);
        self.begin_call(None, start, id, name)
    }

    /// The string of the lowest slot that holds one becomes a part, or more of the part
    /// before the strings when that is of the same kind; `None` takes it out. The strings of
    /// higher slots stay.
    pub fn commit_part(&mut self, kind: Option<(Kind, [u8; 2])>) -> Result<(), Error> {
        self.sort_stage();
        let stage = &mut self.reply.stage;
        let Some(length) = stage.lengths.iter_mut().find(|length| **length > 0) else {
            return Ok(());
        };
        let (start, length) = (stage.start as usize, core::mem::take(length) as usize);
        let end = start + length;
        // The slots that are left keep their order.
        stage.order.rotate_left(1);
        stage.count = stage.count.saturating_sub(1);
        let Some((kind, [a, b])) = kind.filter(|_| !self.reply.is_muted()) else {
            self.log.remove(start, end);
            return Ok(());
        };
        let text = self.log.bytes().get(start..end).unwrap_or_default();
        if core::str::from_utf8(text).is_err() {
            return Err(Error::new(ErrorKind::BadResponse, 0));
        }
        let before = core::mem::take(&mut self.reply.stage.before) as usize;
        if let Some(record) = self.log.record(before).filter(|record| {
            before != 0 && record.header.kind() == kind && record.header.info == [a, b, 0]
        }) {
            let mut header = record.header;
            header.length = header.length.saturating_add(length as u32);
            self.log.set_header(before, header);
            self.reply.open = before as u32;
        } else {
            let mut header = Header::new(kind, self.first_flag(start), [a, b, 0]);
            header.length = length as u32;
            let used = self.log.used();
            self.log.append(&header.to_bytes())?;
            self.log.swap_runs(start, used, used + HEADER_BYTES);
            self.reply.open = start as u32;
        }
        let end = self.log.record(self.reply.open as usize).map_or(0, |record| record.end());
        self.reply.stage.start = end as u32;
        if self.reply.stage.count > 0 {
            // What follows begins a part of its own.
            self.end_part();
        }
        Ok(())
    }

    /// The string that was read is the message of an error.
    pub fn commit_failure(&mut self) {
        let stage = core::mem::take(&mut self.reply.stage);
        let failure = &mut self.reply.failure;
        if stage.count == 0 || self.reply.has_failed {
            return self.failure();
        }
        self.reply.has_failed = true;
        failure.start = stage.start;
        let length = self.log.used().saturating_sub(stage.start as usize).min(FAILURE_BYTES);
        failure.length = length as u32;
        self.log.truncate(stage.start as usize + length);
        self.failure_text_end();
    }

    /// Whether a call with this index on the wire has begun.
    pub fn has_call(&self, index: u32) -> bool {
        let mut records = self.log.records_from(self.reply.start as usize);
        records.any(|record| record.is(Kind::Call) && record.header.info.ends_with(&[index as u8]))
    }
}
