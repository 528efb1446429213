//! A transcript from parts that were stored elsewhere, for example as text.

#[cfg(feature = "attachments")]
use super::attached::{self, Owner};
use super::log::Log;
use super::places::Extent;
use super::record::{ELIDED, FIRST, Header, ID_BYTES_MAX, INSTRUCTION, Kind, MARKED, id_length};
use super::{Entry, Storage};
#[cfg(feature = "attachments")]
use crate::message::Attachment;
use crate::message::{CallId, Part, Role};
use crate::{Error, ErrorKind};

/// Builds a transcript from parts, which [`crate::Session::resume`] takes.
///
/// ```
/// use zerostack_core::{Entry, Part, Dialect, Role, Session, SessionConfig, Step, TranscriptBuilder};
///
/// let mut builder = TranscriptBuilder::new([0; 256])?;
/// builder.push(Entry::new(Role::User, Part::Text("Hello")))?;
/// let (storage, used) = builder.finish();
/// let config = SessionConfig::new(Dialect::Anthropic, "some-model");
/// assert_eq!(Session::resume(storage, used, &config)?.step(), Step::Send);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TranscriptBuilder<S> {
    storage: S,
    extent: Extent,
    /// Calls so far, and those before the last reply.
    calls: u32,
    before: u32,
    last: Option<Role>,
    /// The owner of an attachment that would be added now.
    #[cfg(feature = "attachments")]
    owner: Option<Owner>,
}

impl<S: Storage> TranscriptBuilder<S> {
    /// Begins in `storage`.
    ///
    /// # Errors
    /// `Full` when it has not even room for a beginning.
    pub fn new(storage: S) -> Result<Self, Error> {
        let mut builder = Self {
            storage,
            extent: Extent::new(0),
            calls: 0,
            before: 0,
            last: None,
            #[cfg(feature = "attachments")]
            owner: None,
        };
        builder.log().start()?;
        Ok(builder)
    }

    /// Adds `entry`. Calls are numbered in order, from 0 on; a result names the call that
    /// it answers, which is one of the last reply. A part of the model continues its message unless
    /// it starts one, or something else was in between.
    ///
    /// # Errors
    /// `Full`, `TooLong` for the name of a call above 255 bytes or an id above 2 MiB, `UnknownCall` for a
    /// result without its call, `BadTranscript` for a part that does not fit the role or an
    /// attachment without an owner, `BadAttachment`.
    pub fn push(&mut self, entry: Entry<'_>) -> Result<(), Error> {
        #[cfg(feature = "attachments")]
        if let Part::Attachment(attachment) = entry.part {
            return self.push_attachment(entry, &attachment);
        }
        let starts = entry.starts_message || self.last != Some(entry.role);
        let first = if starts { FIRST } else { 0 };
        let cut = if entry.is_cut { MARKED } else { 0 };
        let id_head;
        let (header, pieces): (Header, [&[u8]; 4]) = match (entry.role, entry.part) {
            (Role::User, Part::Text(text)) => {
                (Header::new(Kind::User, FIRST, [0; 3]), [text.as_bytes(), &[], &[], &[]])
            }
            (Role::User, Part::Instruction(text)) => {
                let header = Header::new(Kind::User, FIRST | MARKED, [INSTRUCTION, 0, 0]);
                (header, [text.as_bytes(), &[], &[], &[]])
            }
            (Role::Assistant, Part::Text(text)) => {
                (Header::new(Kind::Text, first | cut, [0; 3]), [text.as_bytes(), &[], &[], &[]])
            }
            (Role::Assistant, Part::Thinking(text)) => {
                (Header::new(Kind::Thinking, first | cut, [0; 3]), [text.as_bytes(), &[], &[], &[]])
            }
            (Role::Assistant, Part::Opaque { dialect, subtype, text }) => {
                let info = [dialect as u8, subtype, 0];
                (Header::new(Kind::Opaque, first, info), [text.as_bytes(), &[], &[], &[]])
            }
            (Role::Assistant, Part::ToolCall(call)) => {
                let too_long = Error::new(ErrorKind::TooLong, 255);
                let name = u8::try_from(call.name.len()).map_err(|_| too_long)?;
                let too_long = Error::new(ErrorKind::TooLong, ID_BYTES_MAX as u32);
                let (id, head, length) = id_length(call.provider_id.len()).ok_or(too_long)?;
                id_head = head;
                let head = id_head.get(..length).unwrap_or_default();
                let [id_text, name_text, arguments] =
                    [call.provider_id, call.name, call.arguments].map(str::as_bytes);
                let pieces = [head, id_text, name_text, arguments];
                (Header::new(Kind::Call, first, [id, name, 0]), pieces)
            }
            (Role::Tool, Part::ToolResult(result)) => {
                let index = self.index(result.id)?;
                let [low, high] = index.to_le_bytes();
                let failed = if result.is_error { MARKED } else { 0 };
                let elided = if entry.is_cut { ELIDED } else { 0 };
                let header = Header::new(Kind::Result, FIRST | failed | elided, [low, high, 0]);
                (header, [result.content.as_bytes(), &[], &[], &[]])
            }
            _ => return Err(Error::new(ErrorKind::BadTranscript, self.extent.used)),
        };
        self.log().push(header, &pieces)?;
        if entry.role == Role::Assistant && starts {
            self.before = self.calls;
        }
        if header.kind() == Kind::Call {
            self.calls = self.calls.saturating_add(1);
        }
        self.last = Some(entry.role);
        #[cfg(feature = "attachments")]
        {
            self.owner = match entry.part {
                Part::Text(_) if entry.role == Role::User => Some(Owner::User),
                Part::ToolResult(_) => Some(Owner::Result),
                _ => None,
            };
        }
        Ok(())
    }

    /// An attachment belongs to what was added before it.
    #[cfg(feature = "attachments")]
    fn push_attachment(
        &mut self,
        entry: Entry<'_>,
        attachment: &Attachment<'_>,
    ) -> Result<(), Error> {
        let owner = match entry.role {
            Role::User => Some(Owner::User),
            Role::Tool => Some(Owner::Result),
            Role::Assistant => None,
        };
        let lost = Error::new(ErrorKind::BadTranscript, self.extent.used);
        let owner = owner.filter(|owner| self.owner == Some(*owner)).ok_or(lost)?;
        attached::check(0, attachment)?;
        let flags = if entry.is_cut { ELIDED } else { 0 };
        attached::push(&mut self.log(), attachment, owner, flags)
    }

    /// The number of the next call.
    #[must_use]
    pub const fn next_call(&self) -> CallId {
        CallId(self.calls)
    }

    /// The storage, and how much of it is used.
    #[must_use]
    pub fn finish(self) -> (S, usize) {
        (self.storage, self.extent.used as usize)
    }

    /// The index of a call in the last reply.
    fn index(&self, id: CallId) -> Result<u16, Error> {
        let unknown = Error::new(ErrorKind::UnknownCall, id.number());
        let index = id.number().checked_sub(self.before).filter(|_| id.number() < self.calls);
        u16::try_from(index.ok_or(unknown)?).map_err(|_| unknown)
    }

    fn log(&mut self) -> Log<'_> {
        Log::new(&mut self.storage, &mut self.extent)
    }
}
