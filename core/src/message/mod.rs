//! Messages: parts, tools and calls, and the events of a reply.

#[cfg(feature = "attachments")]
mod attachment;
mod dialect;
mod event;
mod event_json;
#[cfg(feature = "attachments")]
mod media_type;
mod usage;

#[cfg(feature = "attachments")]
pub use attachment::{Attachment, AttachmentKind, AttachmentSource};
pub use dialect::Dialect;
pub use event::{Dropped, Event, Fed};
pub use event_json::EventJson;
#[cfg(feature = "attachments")]
pub use media_type::media_type_of;
pub use usage::{StopReason, Usage};

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "no dialect knows another role")]
pub enum Role {
    /// The person, or a program in their place.
    User,
    /// The model.
    Assistant,
    /// A tool that answers a call.
    Tool,
}

/// One piece of a message, as stored in the transcript.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// Plain text.
    Text(&'a str),
    /// An instruction of the program, in addition to the user's text, see
    /// [`crate::Session::instruct`].
    Instruction(&'a str),
    /// The model's reasoning, if the provider returns it.
    Thinking(&'a str),
    /// A file attached to the preceding user's text or tool's result.
    #[cfg(feature = "attachments")]
    Attachment(Attachment<'a>),
    /// The model wants a tool to run.
    ToolCall(ToolCall<'a>),
    /// The answer to a call.
    ToolResult(ToolResult<'a>),
    /// Text that only its provider understands (signatures, encrypted reasoning). It is
    /// sent back unchanged, and left out for another provider.
    Opaque {
        /// The dialect that made it.
        dialect: Dialect,
        /// Its kind among the opaque data of this provider.
        subtype: u8,
        /// The text as received.
        text: &'a str,
    },
}

/// Names one call of a session. `Copy`: the borrow of the call ends, the id stays.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallId(pub(crate) u32);

impl CallId {
    /// The id as a number, for a border that has no types.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The id with this number; an unknown one is refused where it is used.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// A call that the model made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToolCall<'a> {
    /// The call that [`ToolResult`] answers.
    pub id: CallId,
    /// The provider's own id of the call; empty if it has none.
    pub provider_id: &'a str,
    /// The tool's name, as the model wrote it.
    pub name: &'a str,
    /// JSON text as the model wrote it; may be empty or malformed.
    pub arguments: &'a str,
}

/// The answer to a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToolResult<'a> {
    /// Which call it answers.
    pub id: CallId,
    /// The content for the model.
    pub content: &'a str,
    /// Whether the call failed.
    pub is_error: bool,
}

/// A tool that the model may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToolSpec<'a> {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    pub name: &'a str,
    /// Its description for the model.
    pub description: &'a str,
    /// JSON Schema of the arguments: one JSON object.
    pub parameters: &'a str,
}

impl<'a> ToolResult<'a> {
    /// A result whose content is `value` as JSON, written into `buffer`.
    ///
    /// # Errors
    /// `Full` when `buffer` is too short; `detail` is its length.
    pub fn json<T: serde::Serialize>(
        id: CallId,
        value: &T,
        buffer: &'a mut [u8],
    ) -> Result<Self, crate::Error> {
        let length = buffer.len();
        let full = crate::Error::full(length);
        let used = serde_json_core::to_slice(value, buffer).map_err(|_| full)?;
        let content = buffer.get(..used).and_then(|text| core::str::from_utf8(text).ok());
        Ok(Self { id, content: content.ok_or(full)?, is_error: false })
    }
}
