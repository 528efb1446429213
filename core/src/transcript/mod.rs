//! The transcript: the context buffer.
//!
//! It only grows at its end; only compaction rewrites it.

mod answer;
#[cfg(feature = "attachments")]
pub(crate) mod attached;
mod build;
mod check;
mod journal;
mod jsonl;
pub(crate) mod log;
pub(crate) mod places;
pub(crate) mod record;
mod storage;

pub use answer::Answer;
pub use build::TranscriptBuilder;
pub use journal::{Frame, Journal, Restored};
pub use jsonl::{JsonLines, JsonLinesReader, LineFault};
#[cfg(feature = "alloc")]
pub use storage::Growing;
pub use storage::Storage;

use crate::Error;
use crate::message::{CallId, Dialect, Part, Role, ToolCall, ToolResult};
use log::{Log, MAGIC};
use places::{Extent, Table};
use record::{ELIDED, FIRST, Kind, MARKED, Record};

/// All parts of a session, oldest first.
#[derive(Clone, Debug)]
pub struct Transcript<S> {
    storage: S,
    extent: Extent,
}

/// One part of the transcript, and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The author.
    pub role: Role,
    /// The part itself.
    pub part: Part<'a>,
    /// Whether it begins a message; else it continues the previous one.
    pub starts_message: bool,
    /// Whether it is kept in part only; of a tool result or an attachment, that it was left out to
    /// make room.
    pub is_cut: bool,
}

impl<'a> Entry<'a> {
    /// A complete part that continues the previous message, if that has the same role.
    #[must_use]
    pub const fn new(role: Role, part: Part<'a>) -> Self {
        Self { role, part, starts_message: false, is_cut: false }
    }
}

impl<S: Storage> Transcript<S> {
    /// An empty transcript in `storage`; or its first `used` bytes, after checking every one of them.
    pub(crate) fn open(storage: S, used: Option<usize>) -> Result<Self, Error> {
        let mut transcript = Self { storage, extent: Extent::new(0) };
        match used {
            None => transcript.log().start()?,
            Some(used) => {
                let used = check::check(transcript.storage.bytes(), used)?;
                transcript.extent = Extent::new(used);
            }
        }
        Ok(transcript)
    }

    /// All bytes that are written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.storage.bytes().get(..self.extent.used as usize).unwrap_or_default()
    }

    /// Used bytes of the storage.
    #[must_use]
    pub const fn used_bytes(&self) -> usize {
        self.extent.used as usize
    }

    /// Unused bytes of the storage.
    pub(crate) fn left_bytes(&self) -> usize {
        self.storage.limit().saturating_sub(self.used_bytes())
    }

    /// Bytes that the storage can ever hold.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.storage.limit()
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.extent.used as usize <= MAGIC.len()
    }

    /// All parts, oldest first.
    pub fn entries(&self) -> Entries<'_> {
        self.entries_from(EntryPlace::START)
    }

    /// The parts from a place of [`Entries::place`] on; the transcript may only have grown since.
    pub fn entries_from(&self, place: EntryPlace) -> Entries<'_> {
        Entries { bytes: self.as_bytes(), place }
    }

    /// The texts of the reply that the conversation ends with, without the model's text in earlier
    /// replies of the turn, next to its calls, and without a refusal. Most replies have one.
    pub fn answer(&self) -> Answer<'_> {
        Answer::of(self.as_bytes())
    }

    /// All of it as JSON Lines, for people and scripts, which [`JsonLinesReader`] reads again.
    pub fn json_lines(&self) -> JsonLines<'_> {
        JsonLines::new(self.as_bytes(), self.places(), MAGIC.len())
    }

    /// The lines from a place on, as [`entries_from`](Self::entries_from); a place that begins
    /// a message of the model.
    pub fn json_lines_from(&self, place: EntryPlace) -> JsonLines<'_> {
        JsonLines::new(self.as_bytes(), self.places(), place.offset as usize)
    }

    /// The `length` bytes after the end, where a message may lie that is not kept.
    pub(crate) fn bytes_behind(&self, length: usize) -> &[u8] {
        let used = self.extent.used as usize;
        self.storage.bytes().get(used..used.saturating_add(length)).unwrap_or_default()
    }

    /// A copy of `bytes`, which are a transcript, in `storage`.
    pub(crate) fn copy(bytes: &[u8], storage: S) -> Result<Self, Error> {
        let mut transcript = Self { storage, extent: Extent::new(0) };
        transcript.log().append(bytes)?;
        Ok(transcript)
    }

    /// The places of calls and their results, recorded so far.
    pub(crate) fn places(&self) -> Table<'_> {
        Table::of(&self.storage, self.extent)
    }

    pub(crate) fn log(&mut self) -> Log<'_> {
        Log::new(&mut self.storage, &mut self.extent)
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }
}

/// The parts of a transcript, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    place: EntryPlace,
}

/// Where an entry begins. It outlives the borrow of the transcript.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryPlace {
    offset: u32,
    /// Calls before the reply that is being read.
    reply_calls: u32,
    /// Calls so far.
    calls: u32,
}

impl EntryPlace {
    /// The first entry.
    pub const START: Self = Self { offset: MAGIC.len() as u32, reply_calls: 0, calls: 0 };
}

impl Entries<'_> {
    /// Where the next entry begins.
    #[must_use]
    pub const fn place(&self) -> EntryPlace {
        self.place
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let record = Record::at(self.bytes, self.place.offset as usize)?;
        let place = &mut self.place;
        place.offset = record.end() as u32;
        let header = record.header;
        let first = header.has(FIRST);
        if record.is_reply() && first {
            place.reply_calls = place.calls;
        }
        let (role, part) = match header.kind() {
            Kind::User if record.is_instruction() => (Role::User, Part::Instruction(record.text())),
            Kind::User => (Role::User, Part::Text(record.text())),
            Kind::Text => (Role::Assistant, Part::Text(record.text())),
            Kind::Thinking => (Role::Assistant, Part::Thinking(record.text())),
            Kind::Opaque => {
                let [dialect, subtype, _] = header.info;
                let dialect = Dialect::from_number(dialect)?;
                (Role::Assistant, Part::Opaque { dialect, subtype, text: record.text() })
            }
            Kind::Call => {
                let id = CallId(place.calls);
                place.calls = place.calls.saturating_add(1);
                let (provider_id, name, arguments) = record.call();
                (Role::Assistant, Part::ToolCall(ToolCall { id, provider_id, name, arguments }))
            }
            Kind::Result => {
                let id = CallId(place.reply_calls.saturating_add(header.call_index()));
                let is_error = header.has(MARKED);
                (Role::Tool, Part::ToolResult(ToolResult { id, content: record.text(), is_error }))
            }
            #[cfg(feature = "attachments")]
            Kind::Attachment => {
                let role = if record.is_users_attachment() { Role::User } else { Role::Tool };
                (role, Part::Attachment(attached::read(&record)?))
            }
            #[cfg(not(feature = "attachments"))]
            Kind::Attachment => return None,
        };
        let is_cut = match header.kind() {
            Kind::Text | Kind::Thinking => header.has(MARKED),
            Kind::Result | Kind::Attachment => header.has(ELIDED),
            Kind::User | Kind::Opaque | Kind::Call => false,
        };
        Some(Entry { role, part, starts_message: first, is_cut })
    }
}
