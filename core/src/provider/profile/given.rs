//! The profile itself, lent by the configuration.

use super::ProfileField;
use crate::message::Dialect;

/// What a server refuses or demands beyond its dialect. All of it is unset at first, and then the
/// dialect and the name of the model decide.
///
/// [`KnownHost::of`](crate::KnownHost::of) has those of known servers. What a dialect has no place
/// for is refused by [`crate::Session::new`] with `UnsupportedOption` and the number of the
/// [`ProfileField`]; [`for_dialect`](Self::for_dialect) leaves it out.
///
/// ```
/// use zerostack_core::{Dialect, Profile, Session, SessionConfig};
///
/// let profile = Profile { stream_options: Some(false), ..Profile::DIALECT };
/// let config = SessionConfig { profile, ..SessionConfig::new(Dialect::OpenAiChat, "some-model") };
/// let mut session = Session::new([0_u8; 512], &config)?;
/// session.user("hi")?;
/// let mut body = [0; 512];
/// let length = session.request()?.read(&mut body);
/// assert!(!core::str::from_utf8(&body[..length]).unwrap().contains("stream_options"));
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Whether a reply is asked for as a stream; else as one document.
    pub stream: Option<bool>,
    /// Whether `stream_options` asks for the counts of tokens.
    pub stream_options: Option<bool>,
    /// Where cache marks stand.
    pub cache_control: Option<CacheControl>,
    /// Whether `include` asks for encrypted reasoning.
    pub include: Option<bool>,
    /// The role of the system prompt.
    pub system_role: Option<SystemRole>,
    /// The role of an instruction in mid-conversation.
    pub instruction_role: Option<InstructionRole>,
    /// Which reasoning goes back to the server.
    pub reasoning: Option<ReasoningForm>,
    /// Which ids of calls the server takes.
    pub call_ids: Option<CallIdForm>,
    /// Which schemas the server takes.
    pub schemas: Option<SchemaForm>,
}

impl Profile {
    /// All unset.
    pub const DIALECT: Self = Self {
        stream: None,
        stream_options: None,
        cache_control: None,
        include: None,
        system_role: None,
        instruction_role: None,
        reasoning: None,
        call_ids: None,
        schemas: None,
    };

    /// What is set here, and what `below` sets beside that.
    #[must_use]
    pub const fn over(self, below: Self) -> Self {
        /// `Option::or` of a constant function.
        macro_rules! or {
            ($field:ident) => {
                if self.$field.is_some() { self.$field } else { below.$field }
            };
        }
        Self {
            stream: or!(stream),
            stream_options: or!(stream_options),
            cache_control: or!(cache_control),
            include: or!(include),
            system_role: or!(system_role),
            instruction_role: or!(instruction_role),
            reasoning: or!(reasoning),
            call_ids: or!(call_ids),
            schemas: or!(schemas),
        }
    }

    /// The same without what `dialect` has no place for.
    #[must_use]
    pub fn for_dialect(mut self, dialect: Dialect) -> Self {
        for &field in ProfileField::ALL {
            if !field.fits(&self, dialect) {
                field.unset(&mut self);
            }
        }
        self
    }

    /// The value of `field` as files write it; `None` where it is unset.
    #[must_use]
    pub fn value(&self, field: ProfileField) -> Option<&'static str> {
        let switch = |is_on: bool| if is_on { "true" } else { "false" };
        match field {
            ProfileField::Stream => self.stream.map(switch),
            ProfileField::StreamOptions => self.stream_options.map(switch),
            ProfileField::CacheControl => self.cache_control.map(CacheControl::name),
            ProfileField::Include => self.include.map(switch),
            ProfileField::SystemRole => self.system_role.map(SystemRole::name),
            ProfileField::InstructionRole => self.instruction_role.map(InstructionRole::name),
            ProfileField::OutputLimitKey => None,
            ProfileField::Reasoning => self.reasoning.map(ReasoningForm::name),
            ProfileField::CallIds => self.call_ids.map(CallIdForm::name),
            ProfileField::Schemas => self.schemas.map(SchemaForm::name),
        }
    }

    /// Sets `field` to the value with this name. False: it has no such value, or is not a field of
    /// a profile.
    pub fn set(&mut self, field: ProfileField, value: &str) -> bool {
        let switch = match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        /// Whether the value was found.
        fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
            let is_known = value.is_some();
            if is_known {
                *place = value;
            }
            is_known
        }
        match field {
            ProfileField::Stream => put(&mut self.stream, switch),
            ProfileField::StreamOptions => put(&mut self.stream_options, switch),
            ProfileField::CacheControl => {
                put(&mut self.cache_control, CacheControl::from_name(value))
            }
            ProfileField::Include => put(&mut self.include, switch),
            ProfileField::SystemRole => put(&mut self.system_role, SystemRole::from_name(value)),
            ProfileField::InstructionRole => {
                put(&mut self.instruction_role, InstructionRole::from_name(value))
            }
            ProfileField::OutputLimitKey => false,
            ProfileField::Reasoning => put(&mut self.reasoning, ReasoningForm::from_name(value)),
            ProfileField::CallIds => put(&mut self.call_ids, CallIdForm::from_name(value)),
            ProfileField::Schemas => put(&mut self.schemas, SchemaForm::from_name(value)),
        }
    }
}

/// An enum of a profile: its values with their names in files.
macro_rules! named {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$of_one:meta])* $one:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$about])*
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$of_one])* $one),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$one),+];
            /// Their names, in the same order.
            pub(super) const NAMES: &[&str] = &[$($text),+];

            /// The name that commands and files use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$one => $text),+
                }
            }

            /// The one with this [`name`](Self::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// Where Anthropic's cache marks stand.
    CacheControl {
        /// After the system prompt or the tools, and at the top of the request, which Anthropic
        /// calls automatic caching.
        Automatic = "automatic",
        /// After the system prompt or the tools alone.
        Blocks = "blocks",
        /// Nowhere.
        None = "none",
    }
}

named! {
    /// The role of the system prompt in OpenAI chat.
    SystemRole {
        /// `system`, which every server knows.
        System = "system",
        /// `developer`, as OpenAI calls it since its reasoning models.
        Developer = "developer",
    }
}

named! {
    /// The role of an instruction in mid-conversation, see [`crate::Session::instruct`].
    InstructionRole {
        /// The user's, in tags that mark it.
        User = "user",
        /// `system`, where templates take it at any place.
        System = "system",
        /// `developer`, as OpenAI calls it.
        Developer = "developer",
    }
}

named! {
    /// Which reasoning goes back to the server, and in which field.
    ReasoningForm {
        /// None at all.
        None = "none",
        /// `reasoning_content` of OpenAI chat. A message of calls always has it, empty if the
        /// model did not reason.
        ReasoningContent = "reasoning_content",
        /// `reasoning` of OpenAI chat.
        Reasoning = "reasoning",
        /// `reasoning_details` of OpenAI chat, as OpenRouter and MiniMax have it.
        ReasoningDetails = "reasoning_details",
        /// The blocks or the field `thinking` of Anthropic and Ollama.
        Thinking = "thinking",
    }
}

named! {
    /// Which ids of calls the server takes. Others are made anew, from the place of the call.
    CallIdForm {
        /// Of any form and length.
        Any = "any",
        /// To 40 bytes.
        FortyBytes = "forty-bytes",
        /// Letters, digits, `_` and `-`, to 64.
        Words = "words",
        /// Nine letters and digits, which every server takes.
        NineLetters = "nine-letters",
    }
}

named! {
    /// Which schemas of tools the server takes.
    SchemaForm {
        /// JSON Schema as it is.
        AsTheyAre = "as-they-are",
        /// Tools whose schema fits OpenAI's strict form are sent as strict: each object has
        /// `additionalProperties` false and requires all of its properties. Others as they are.
        Strict = "strict",
    }
}
