//! The fields of a profile by number and name.

use super::forms::{
    AttachmentForm, CacheControl, CallIdForm, InstructionRole, ReasoningForm, SchemaForm,
    SystemRole,
};
use crate::error::PROFILE_FIELD_NAMES;
use crate::message::Dialect;

/// A field of a [`crate::Profile`]. The numbers are stable: errors have them as their detail.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ProfileField {
    /// Whether a reply is asked for as a stream.
    Stream = 64,
    /// Whether `stream_options` is sent.
    StreamOptions = 65,
    /// The places of cache marks.
    CacheControl = 66,
    /// Whether `include` is sent.
    Include = 67,
    /// The role of the system prompt.
    SystemRole = 68,
    /// The role of an instruction in mid-conversation.
    InstructionRole = 69,
    /// The key of the limit of a reply, see [`crate::OutputLimitKey`]: a separate setting, which
    /// every build has.
    OutputLimitKey = 70,
    /// Which reasoning goes back.
    Reasoning = 71,
    /// Which ids of calls are taken.
    CallIds = 72,
    /// Which schemas are taken.
    Schemas = 73,
    /// Whether the arguments of calls are asked for as they are written.
    StreamArguments = 74,
    /// Which attachments are taken.
    Attachments = 75,
}

impl ProfileField {
    /// All of them, in the order of their numbers.
    pub const ALL: &[Self; 12] = &[
        Self::Stream,
        Self::StreamOptions,
        Self::CacheControl,
        Self::Include,
        Self::SystemRole,
        Self::InstructionRole,
        Self::OutputLimitKey,
        Self::Reasoning,
        Self::CallIds,
        Self::Schemas,
        Self::StreamArguments,
        Self::Attachments,
    ];

    /// The name that commands and files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        PROFILE_FIELD_NAMES.get(self.index()).copied().unwrap_or_default()
    }

    /// The field with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// The names of its values, see [`crate::Profile::set`]; [`OutputLimitKey`](Self::OutputLimitKey) has
    /// none, because it is not a field of a [`crate::Profile`].
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Stream | Self::StreamOptions | Self::Include | Self::StreamArguments => {
                &["true", "false"]
            }
            Self::CacheControl => CacheControl::NAMES,
            Self::SystemRole => SystemRole::NAMES,
            Self::InstructionRole => InstructionRole::NAMES,
            Self::OutputLimitKey => &[],
            Self::Reasoning => ReasoningForm::NAMES,
            Self::CallIds => CallIdForm::NAMES,
            Self::Schemas => SchemaForm::NAMES,
            Self::Attachments => AttachmentForm::NAMES,
        }
    }

    /// The field that the detail of an `UnsupportedOption` names.
    #[must_use]
    pub fn from_detail(detail: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| *field as u32 == detail)
    }

    /// Whether `dialect` has it, whatever its value.
    #[must_use]
    pub const fn is_in(self, dialect: Dialect) -> bool {
        let is_chat = matches!(dialect, Dialect::OpenAiChat);
        match self {
            Self::Stream => !matches!(dialect, Dialect::Gemini),
            Self::StreamOptions | Self::SystemRole | Self::OutputLimitKey => is_chat,
            Self::CacheControl => matches!(dialect, Dialect::Anthropic),
            Self::Include => matches!(dialect, Dialect::OpenAiResponses),
            Self::InstructionRole => {
                is_chat || matches!(dialect, Dialect::OpenAiResponses | Dialect::Ollama)
            }
            Self::Reasoning | Self::CallIds => true,
            Self::Schemas => is_chat || matches!(dialect, Dialect::OpenAiResponses),
            // They are read where they can be shown.
            Self::StreamArguments => {
                cfg!(feature = "call-deltas") && matches!(dialect, Dialect::Gemini)
            }
            Self::Attachments => cfg!(feature = "attachments"),
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize - Self::Stream as usize
    }
}
