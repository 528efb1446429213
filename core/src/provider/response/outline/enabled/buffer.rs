//! The bytes of one event: one that is held until it is whole, or one that is recorded.

use super::EventForm;
use super::search::Search;
use crate::wire::event_end::may_end;

/// The bytes of an event.
#[derive(Clone, Debug)]
pub(super) struct EventBuffer {
    bytes: [u8; MAX_EVENT_BYTES],
    used: u16,
    phase: Phase,
    /// How far an event that is held was searched for its end.
    pub search: Search,
    /// How many of the bytes that are held were read.
    read: u16,
    /// The event that is read is kept here.
    pub is_recorded: bool,
    /// The state of the reply before an event that is recorded.
    pub state: u64,
    /// The bytes of the transcript then.
    pub start: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The reader reads from the input.
    Free,
    /// The event is not whole.
    Holding,
    /// The reader reads from the buffer.
    Reading,
}

impl EventBuffer {
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_EVENT_BYTES],
            used: 0,
            phase: Phase::Free,
            search: Search::START,
            read: 0,
            is_recorded: false,
            state: 0,
            start: 0,
        }
    }

    #[inline(always)]
    pub const fn is_holding(&self) -> bool {
        matches!(self.phase, Phase::Holding)
    }

    #[inline(always)]
    pub const fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading)
    }

    /// How many bytes are held and not read.
    pub const fn unread_bytes(&self) -> usize {
        match self.phase {
            Phase::Free => 0,
            Phase::Holding | Phase::Reading => (self.used - self.read) as usize,
        }
    }

    pub const fn is_read_in_part(&self) -> bool {
        self.is_reading() && self.read > 0
    }

    /// Holds an event that begins with `bytes`, which fit.
    pub fn hold(&mut self, bytes: &[u8], search: Search) {
        (self.phase, self.used, self.read, self.search) = (Phase::Holding, 0, 0, search);
        self.add(bytes);
    }

    /// Takes more of the event that is held, all of `bytes`, if the event does not end in them and they fit.
    #[inline(always)]
    pub fn pass(&mut self, bytes: &[u8]) -> bool {
        !may_end(bytes) && self.add(bytes)
    }

    /// Takes more of the event that is held from the front of `input`; returns the number of these bytes. The event is
    /// released when it is whole, or too long.
    #[inline(never)]
    pub fn hold_more(&mut self, input: &[u8], form: Option<&EventForm>) -> usize {
        let before = usize::from(self.used);
        let free = MAX_EVENT_BYTES - before;
        let (more, rest) = input.split_at_checked(free).unwrap_or((input, &[]));
        self.add(more);
        let bytes = self.bytes.get(..self.used.into()).unwrap_or_default();
        let found = self.search.find(form, bytes);
        if let Some(end) = found {
            // What is no document was perhaps taken before it was searched.
            self.used = end.max(before) as u16;
        }
        if found.is_some() || !rest.is_empty() {
            self.release();
        }
        usize::from(self.used).saturating_sub(before)
    }

    /// What is held is read next.
    pub const fn release(&mut self) {
        if self.is_holding() {
            self.phase = Phase::Reading;
        }
    }

    /// A copy of the bytes, and which of them are to be read.
    pub const fn to_read(&self) -> ([u8; MAX_EVENT_BYTES], usize, usize) {
        (self.bytes, self.read as usize, self.used as usize)
    }

    /// `count` more bytes were read.
    pub fn advance(&mut self, count: usize) {
        self.read += count as u16;
        if self.read >= self.used {
            self.phase = Phase::Free;
        }
    }

    /// Records the next event, before which the reply has this state and the transcript this length.
    pub fn record(&mut self, state: u64, start: usize) {
        (self.is_recorded, self.state, self.start) = (true, state, start as u32);
        // One that is read from here is recorded already.
        if !self.is_reading() {
            self.used = 0;
        }
    }

    /// More of the event was read.
    #[inline(always)]
    pub fn note(&mut self, bytes: &[u8]) {
        if self.is_recorded && !self.is_reading() {
            self.is_recorded = self.add(bytes);
        }
    }

    /// All bytes so far.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.used.into()).unwrap_or_default()
    }

    /// Adds `bytes` at the end. False: they do not fit.
    #[inline(always)]
    pub fn add(&mut self, bytes: &[u8]) -> bool {
        let from = usize::from(self.used);
        let Some(room) = self.bytes.get_mut(from..from + bytes.len()) else { return false };
        match (&mut *room, bytes) {
            ([to], [byte]) => *to = *byte,
            _ => room.copy_from_slice(bytes),
        }
        self.used += bytes.len() as u16;
        true
    }
}

/// Longer events are read as they come.
pub(super) const MAX_EVENT_BYTES: usize = 512;
