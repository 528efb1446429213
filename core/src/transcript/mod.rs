//! All that was said: the context buffer.
//!
//! It only grows at its end; only compaction rewrites it.

mod build;
mod check;
pub(crate) mod log;
pub(crate) mod record;
mod storage;

pub use build::TranscriptBuilder;
#[cfg(feature = "alloc")]
pub use storage::Growing;
pub use storage::Storage;

use crate::message::{CallId, Part, Provider, Role, ToolCall, ToolResult};
use crate::{Error, ErrorKind};
use log::{Log, MAGIC};
use record::{FIRST, Kind, MARKED, Records};

/// All that was said in a session, oldest first.
#[derive(Clone, Debug)]
pub struct Transcript<S> {
    storage: S,
    used: u32,
}

/// One part of the transcript, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub part: Part<'a>,
    /// Whether it begins a message; else it goes on with the one before.
    pub starts_message: bool,
    /// Whether it is kept in part only.
    pub is_cut: bool,
}

impl<'a> Entry<'a> {
    /// A whole part that goes on with the message before, if that is of the same role.
    #[must_use]
    pub const fn new(role: Role, part: Part<'a>) -> Self {
        Self { role, part, starts_message: false, is_cut: false }
    }
}

impl<S: Storage> Transcript<S> {
    pub(crate) fn new(storage: S) -> Result<Self, Error> {
        let mut transcript = Self { storage, used: 0 };
        transcript.log(MAGIC.len()).start()?;
        Ok(transcript)
    }

    /// Takes over the first `used` bytes of `storage` after checking every one of them.
    pub(crate) fn check(storage: S, used: usize) -> Result<Self, Error> {
        let bad = |offset: usize| {
            Error::new(ErrorKind::BadTranscript, u32::try_from(offset).unwrap_or(u32::MAX))
        };
        let used_bytes = u32::try_from(used).map_err(|_| bad(0))?;
        check::check(storage.bytes().get(..used).ok_or(bad(storage.bytes().len()))?)?;
        Ok(Self { storage, used: used_bytes })
    }

    /// All bytes that are written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.storage.bytes().get(..self.used as usize).unwrap_or_default()
    }

    /// Bytes that are used of the storage.
    #[must_use]
    pub const fn used_bytes(&self) -> usize {
        self.used as usize
    }

    /// Whether nothing was said yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.used as usize <= MAGIC.len()
    }

    /// All parts, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        Entries { records: Records::from(self.as_bytes(), MAGIC.len()), reply_calls: 0, calls: 0 }
    }

    /// The `length` bytes behind the end, where a message may lie that is not kept.
    pub(crate) fn bytes_behind(&self, length: usize) -> &[u8] {
        let used = self.used as usize;
        self.storage.bytes().get(used..used.saturating_add(length)).unwrap_or_default()
    }

    /// The writing end, with room for `more` bytes where they can be had.
    pub(crate) fn log(&mut self, more: usize) -> Log<'_> {
        Log::new(&mut self.storage, &mut self.used, more)
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }
}

struct Entries<'a> {
    records: Records<'a>,
    /// Calls before the reply that is being read.
    reply_calls: u32,
    /// Calls so far.
    calls: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let record = self.records.next()?;
        let header = record.header;
        let first = header.has(FIRST);
        if record.is_reply() && first {
            self.reply_calls = self.calls;
        }
        let (role, part) = match header.kind {
            Kind::User => (Role::User, Part::Text(record.text())),
            Kind::Text => (Role::Assistant, Part::Text(record.text())),
            Kind::Thinking => (Role::Assistant, Part::Thinking(record.text())),
            Kind::Opaque => {
                let [provider, variety, _] = header.info;
                let provider = Provider::from_number(provider)?;
                (Role::Assistant, Part::Opaque { provider, variety, text: record.text() })
            }
            Kind::Call => {
                let id = CallId(self.calls);
                self.calls = self.calls.saturating_add(1);
                let (wire_id, name, arguments) = record.call();
                (Role::Assistant, Part::ToolCall(ToolCall { id, wire_id, name, arguments }))
            }
            Kind::Result => {
                let id = CallId(self.reply_calls.saturating_add(header.call_index()));
                let is_error = header.has(MARKED);
                (Role::Tool, Part::ToolResult(ToolResult { id, content: record.text(), is_error }))
            }
        };
        let is_cut = matches!(header.kind, Kind::Text | Kind::Thinking) && header.has(MARKED);
        Some(Entry { role, part, starts_message: first, is_cut })
    }
}
