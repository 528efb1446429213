//! What was said, as values.

use crate::{Attachment, Dialect, Role, ToolCall};

/// One part of the transcript, and its place.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Entry {
    /// Its author.
    pub role: Role,
    /// What was said.
    pub part: Part,
    /// Whether it begins a message; else it continues the previous one.
    pub starts_message: bool,
    /// Whether it is kept in part only.
    pub is_cut: bool,
}

/// One piece of a message.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// An instruction in addition to the user's text.
    Instruction {
        /// The text.
        text: String,
    },
    /// The model's reasoning, if the provider returns it.
    Thinking {
        /// The text.
        text: String,
    },
    /// A file attached to the preceding user's text or tool's result.
    Attachment {
        /// What it is, and where its bytes are.
        attachment: Attachment,
    },
    /// The model wants a tool to run.
    ToolCall {
        /// The call.
        call: ToolCall,
    },
    /// The answer to a call.
    ToolResult {
        /// The call that it answers.
        id: u32,
        /// The content for the model.
        content: String,
        /// Whether the call failed.
        is_error: bool,
    },
    /// Text that only its provider understands; it is sent back unchanged.
    Opaque {
        /// Who made it; nothing for a dialect that this version does not name.
        dialect: Option<Dialect>,
        /// Its kind among the opaque data of this provider.
        subtype: u8,
        /// The text as received.
        text: String,
    },
    /// Something that this version does not name.
    Unknown,
}

impl From<zerostack_core::Entry<'_>> for Entry {
    fn from(entry: zerostack_core::Entry<'_>) -> Self {
        Self {
            role: entry.role.into(),
            part: entry.part.into(),
            starts_message: entry.starts_message,
            is_cut: entry.is_cut,
        }
    }
}

impl From<zerostack_core::Part<'_>> for Part {
    fn from(part: zerostack_core::Part<'_>) -> Self {
        use zerostack_core::Part as Core;
        match part {
            Core::Text(text) => Self::Text { text: text.to_owned() },
            Core::Instruction(text) => Self::Instruction { text: text.to_owned() },
            Core::Thinking(text) => Self::Thinking { text: text.to_owned() },
            Core::Attachment(attachment) => Self::Attachment { attachment: attachment.into() },
            Core::ToolCall(call) => Self::ToolCall { call: call.into() },
            Core::ToolResult(result) => Self::ToolResult {
                id: result.id.number(),
                content: result.content.to_owned(),
                is_error: result.is_error,
            },
            Core::Opaque { dialect, subtype, text } => Self::Opaque {
                dialect: Dialect::from_core(dialect),
                subtype,
                text: text.to_owned(),
            },
            _ => Self::Unknown,
        }
    }
}
