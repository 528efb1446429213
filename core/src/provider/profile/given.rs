//! The profile itself, lent by the configuration.

use super::field::ProfileField;
use super::forms::{
    AttachmentForm, CacheControl, CallIdForm, InstructionRole, ReasoningForm, SchemaForm,
    SystemRole,
};
use crate::message::Dialect;

/// What a server refuses or demands beyond its dialect. All fields are unset by default, and then
/// the dialect and the name of the model decide.
///
/// [`KnownHost::of`](crate::KnownHost::of) has those of known servers. [`crate::Session::new`]
/// refuses a field that the dialect does not have with `UnsupportedOption` and the number of the
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
    /// Whether a reply is requested as a stream; else as one document.
    pub stream: Option<bool>,
    /// Whether `stream_options` asks for the counts of tokens.
    pub stream_options: Option<bool>,
    /// The places of cache marks.
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
    /// Whether the arguments of calls are asked for as the model writes them, for
    /// [`Event::ToolCallDelta`](crate::Event::ToolCallDelta): Gemini sends them whole otherwise. Vertex AI
    /// takes it, from the third generation of models on. Needs the feature `call-deltas`.
    pub stream_arguments: Option<bool>,
    /// Which attachments the server takes. Others of the user's are an error before they are added, and
    /// so are those of results; if they are in the conversation already, a line of text describes them.
    /// Needs the feature `attachments`.
    pub attachments: Option<AttachmentForm>,
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
        stream_arguments: None,
        attachments: None,
    };

    /// The fields set here, completed by those of `below`.
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
            stream_arguments: or!(stream_arguments),
            attachments: or!(attachments),
        }
    }

    /// The same without fields that `dialect` does not have.
    #[must_use]
    pub fn for_dialect(mut self, dialect: Dialect) -> Self {
        for &field in ProfileField::ALL {
            if !self.fits(field, dialect) {
                self.unset(field);
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
            ProfileField::StreamArguments => self.stream_arguments.map(switch),
            ProfileField::Attachments => self.attachments.map(AttachmentForm::name),
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
            ProfileField::StreamArguments => put(&mut self.stream_arguments, switch),
            ProfileField::Attachments => {
                put(&mut self.attachments, AttachmentForm::from_name(value))
            }
        }
    }

    /// Whether `dialect` supports the value of `field`.
    pub(super) fn fits(&self, field: ProfileField, dialect: Dialect) -> bool {
        let is_set = self.value(field).is_some();
        let can = match (field, dialect) {
            (ProfileField::InstructionRole, Dialect::Ollama) => {
                self.instruction_role != Some(InstructionRole::Developer)
            }
            (ProfileField::Reasoning, _) => match self.reasoning {
                None | Some(ReasoningForm::None) => true,
                Some(ReasoningForm::Thinking) => {
                    matches!(dialect, Dialect::Anthropic | Dialect::Ollama)
                }
                Some(_) => dialect == Dialect::OpenAiChat,
            },
            _ => true,
        };
        !is_set || field.is_in(dialect) && can
    }

    const fn unset(&mut self, field: ProfileField) {
        match field {
            ProfileField::Stream => self.stream = None,
            ProfileField::StreamOptions => self.stream_options = None,
            ProfileField::CacheControl => self.cache_control = None,
            ProfileField::Include => self.include = None,
            ProfileField::SystemRole => self.system_role = None,
            ProfileField::InstructionRole => self.instruction_role = None,
            ProfileField::OutputLimitKey => {}
            ProfileField::Reasoning => self.reasoning = None,
            ProfileField::CallIds => self.call_ids = None,
            ProfileField::Schemas => self.schemas = None,
            ProfileField::StreamArguments => self.stream_arguments = None,
            ProfileField::Attachments => self.attachments = None,
        }
    }
}
