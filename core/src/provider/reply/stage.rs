//! The strings of a call that are not a part of it yet, at the end of the transcript.
//!
//! ```text
//! … │ room for a header │ id │ name │ arguments │ item │
//!   ^ start               lengths, by slot             ^ end of the transcript
//! ```
//!
//! Servers send them in any order. A piece is appended, then exchanged with the strings of higher
//! slots that are already there:
//!
//! ```text
//! │ header │ id │ arguments │ name │   →   │ header │ id │ name │ arguments │
//! ```

use super::Sink;
use crate::Error;
use crate::transcript::record::HEADER_BYTES;

/// A string of a call, in the order of the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Slot {
    Id = 0,
    Name = 1,
    Arguments = 2,
    /// The id of the item that the strings belong to. No call has it.
    Item = 3,
}

/// The strings at the end of the transcript, in the order of the record, after room for its header.
#[derive(Clone, Hash, Debug, Default)]
pub(super) struct Stage {
    /// Where that room begins; 0 if there are none.
    pub start: u32,
    /// Bytes of each, by [`Slot`].
    pub lengths: [u32; 4],
    /// The last slot.
    pub(super) last: u8,
    /// The part that was open before them, or 0: they may turn out to be more of it.
    pub before: u32,
}

impl Stage {
    /// Where the strings begin, or `used` if there are none.
    pub const fn start_or(&self, used: usize) -> usize {
        if self.start == 0 { used } else { self.start as usize }
    }
}

impl Sink<'_, '_> {
    /// More of a string of the call that is read.
    pub fn stage(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() || self.reply.is_muted() && !self.replaces()? {
            return Ok(());
        }
        self.reply.has_content = true;
        if self.reply.stage.start == 0 {
            self.reply.stage.before = if self.reply.keep_end == 0 { self.reply.open } else { 0 };
            self.end_part();
            let start = self.log.used();
            self.log.append(&[0; HEADER_BYTES])?;
            self.reply.stage.start = start as u32;
        }
        let stage = &mut self.reply.stage;
        let Some(length) = stage.lengths.get_mut(slot as usize) else { return Ok(()) };
        // A repeated key: the first counts.
        if *length > 0 && stage.last != slot as u8 {
            return Ok(());
        }
        let used = self.log.used();
        self.log.append(bytes)?;
        *length += bytes.len() as u32;
        stage.last = slot as u8;
        // Strings of higher slots may have arrived before: it goes in front of them.
        let before = stage.lengths.iter().take(slot as usize + 1).sum::<u32>() as usize;
        let place = stage.start as usize + HEADER_BYTES + before - bytes.len();
        if place < used {
            self.log.swap_runs(place, used, used + bytes.len());
        }
        Ok(())
    }

    /// Forgets the strings that were read.
    pub fn drop_stage(&mut self) {
        let stage = core::mem::take(&mut self.reply.stage);
        if stage.start != 0 {
            self.log.truncate(stage.start as usize);
        }
    }

    /// Forgets the strings of a document that is over. The message of a document of another form
    /// stays until the next one: the name of its event, which makes it an error, may follow it.
    pub fn end_stage(&mut self) {
        if self.reply.is_known || !self.is_staged(Slot::Id) {
            self.drop_stage();
        }
    }
}
