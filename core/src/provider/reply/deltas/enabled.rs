//! The last piece of the arguments of a call, until it is reported.

use super::super::spare::strings;
use super::super::{EmittedEvent, EmittedKind, Reply, Sink};
use crate::message::{CallId, Event, ToolCall};
use crate::provider::Config;
use crate::transcript::record::{Kind, Record};

/// Which bytes of which arguments are reported next.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct CallDelta {
    is_wanted: bool,
    is_due: bool,
    /// Where the call is.
    call: u32,
    /// Of its arguments.
    from: u32,
    to: u32,
    /// The first calls of which a piece was reported: a bit each.
    reported: u64,
}

impl CallDelta {
    /// Whether the caller asks for them.
    pub fn want(&mut self, config: &dyn Config) {
        self.is_wanted = config.shows_call_deltas();
    }

    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    pub const fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Where the call is, to be changed when it moves.
    pub fn offset(&mut self) -> Option<&mut u32> {
        self.is_due.then_some(&mut self.call)
    }
}

impl Sink<'_, '_> {
    /// This many bytes arrived at the end of the arguments of the call at `call`.
    pub(in super::super) fn note_delta(&mut self, call: usize, length: usize) {
        if !self.reply.delta.is_wanted || length == 0 {
            return;
        }
        let Some(record) = self.log.record(call) else { return };
        let arguments = strings(&record).2;
        // It stands for arguments that did not come, or not yet.
        if arguments == b"{}" {
            return;
        }
        let to = arguments.len() as u32;
        let before = &self.reply.delta;
        let is_more = before.is_due && before.call as usize == call && before.from < to;
        let from = if is_more { before.from } else { to.saturating_sub(length as u32) };
        let CallDelta { is_wanted, reported, .. } = *before;
        self.reply.delta =
            CallDelta { is_wanted, is_due: true, call: call as u32, from, to, reported };
    }

    pub(in super::super) fn delta_is_due(&self) -> bool {
        self.reply.delta.is_due
    }

    pub(in super::super) fn show_delta(&mut self) -> Option<EmittedEvent> {
        if !core::mem::take(&mut self.reply.delta.is_due) {
            return None;
        }
        let call = self.reply.delta.call;
        let index = if call == self.reply.last_call {
            u32::from(self.reply.calls).saturating_sub(1)
        } else {
            let records = self.log.records_from(self.reply.start as usize);
            let before = records.take_while(|record| record.offset < call as usize);
            before.filter(|record| record.is(Kind::Call)).count() as u32
        };
        self.reply.delta.reported |= 1_u64.checked_shl(index).unwrap_or(0);
        Some(EmittedEvent { what: EmittedKind::CallDelta, start: call, end: index })
    }

    /// The whole of the call at `call`, which is emitted next, if no piece of it was emitted: it arrived
    /// at once, and other calls before any event could be emitted.
    pub(in super::super) fn show_unreported(&mut self, call: usize) -> Option<EmittedEvent> {
        let index = u32::from(self.reply.emitted_calls);
        let CallDelta { is_wanted, reported, .. } = self.reply.delta;
        let bit = 1_u64.checked_shl(index).filter(|bit| is_wanted && reported & bit == 0)?;
        let record = self.log.record(call)?;
        let (call, arguments) = (call as u32, strings(&record).2);
        let (from, to, reported) = (0, arguments.len() as u32, reported | bit);
        let shows = arguments != b"{}" && !arguments.is_empty();
        self.reply.delta = CallDelta { is_wanted, is_due: false, call, from, to, reported };
        shows.then_some(EmittedEvent { what: EmittedKind::CallDelta, start: call, end: index })
    }
}

impl Reply {
    /// The event of the call at `offset`, which has the number `id`. `None` where no character of it is
    /// complete.
    pub(in super::super) fn delta_event<'a>(
        &self,
        bytes: &'a [u8],
        offset: usize,
        id: CallId,
    ) -> Option<Event<'a>> {
        let record = Record::at(bytes, offset).filter(|record| record.is(Kind::Call))?;
        let (provider_id, name, all) = strings(&record);
        let (mut from, to) = (self.delta.from as usize, self.delta.to as usize);
        // A character that was begun by the piece before was not reported with it.
        while from > 0 && all.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
            from -= 1;
        }
        let piece = all.get(from..to)?;
        let arguments = match core::str::from_utf8(piece) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(piece.get(..error.valid_up_to())?).ok()?,
        };
        if arguments.is_empty() {
            return None;
        }
        let provider_id = core::str::from_utf8(provider_id).ok()?;
        let name = core::str::from_utf8(name).ok()?;
        Some(Event::ToolCallDelta(ToolCall { id, provider_id, name, arguments }))
    }
}
