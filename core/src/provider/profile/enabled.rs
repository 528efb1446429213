//! The questions of the encoders.

use super::{
    AttachmentForm, CacheControl, CallIdForm, InstructionRole, Profile, ProfileField,
    ReasoningForm, SchemaForm, SystemRole,
};
use crate::message::Dialect;
use crate::provider::model::{is_claude, is_claude_of_cloud};
use crate::provider::options::STRICT;
use crate::provider::{Config, OutputLimitKey};
use crate::transcript::record::Record;
use crate::wire::json_write::CallIdRule;
use crate::{Error, ErrorKind};

#[cfg(feature = "attachments")]
use crate::message::AttachmentKind;

/// The fields that the server has refused, and that go as it takes them since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Switched {
    /// A bit for each field; and one each for the second step of two of them.
    bits: u16,
    /// The number of the last one.
    last: u8,
}

/// The bit of the second step of [`ProfileField::CacheControl`].
const NO_MARKS: u16 = 1 << 15;
/// That of [`ProfileField::Attachments`].
const NO_IMAGES: u16 = 1 << 14;

impl Switched {
    pub const NONE: Self = Self { bits: 0, last: 0 };

    /// The last field that was switched off.
    pub fn last(self) -> Option<ProfileField> {
        ProfileField::from_detail(self.last.into())
    }

    /// The last one was reported.
    pub const fn forget_last(&mut self) {
        self.last = 0;
    }

    const fn has(self, field: ProfileField) -> bool {
        self.bits & (1 << field.index()) != 0
    }

    /// Switches `field` off; false when there is nothing left to switch.
    pub fn add(&mut self, field: ProfileField) -> bool {
        let bit = match field {
            ProfileField::CacheControl if self.has(field) => NO_MARKS,
            ProfileField::Attachments if self.has(field) => NO_IMAGES,
            _ => 1 << field.index(),
        };
        let is_new = self.bits & bit == 0;
        self.bits |= bit;
        self.last = field as u8;
        is_new
    }
}

/// The profile of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce {
    pub profile: Profile,
    limit_key: OutputLimitKey,
}

impl InForce {
    pub fn new(config: &dyn Config, switched: Switched) -> Self {
        let mut profile = config.profile();
        let mut limit_key = config.output_limit_key();
        if switched.has(ProfileField::StreamOptions) {
            profile.stream_options = Some(false);
        }
        if switched.has(ProfileField::CacheControl) {
            let has_no_marks = switched.bits & NO_MARKS != 0
                || profile.cache_control == Some(CacheControl::Blocks);
            let less = if has_no_marks { CacheControl::None } else { CacheControl::Blocks };
            profile.cache_control = Some(less);
        }
        if switched.has(ProfileField::Include) {
            profile.include = Some(false);
        }
        if switched.has(ProfileField::SystemRole) {
            profile.system_role = Some(SystemRole::System);
        }
        if switched.has(ProfileField::InstructionRole) {
            profile.instruction_role = Some(InstructionRole::User);
        }
        if switched.has(ProfileField::OutputLimitKey) {
            limit_key = match limit_key {
                OutputLimitKey::MaxTokens => OutputLimitKey::MaxCompletionTokens,
                OutputLimitKey::MaxCompletionTokens => OutputLimitKey::MaxTokens,
            };
        }
        if switched.has(ProfileField::Reasoning) {
            profile.reasoning = Some(ReasoningForm::None);
        }
        if switched.has(ProfileField::CallIds) {
            profile.call_ids = Some(CallIdForm::NineLetters);
        }
        if switched.has(ProfileField::Schemas) {
            profile.schemas = Some(SchemaForm::AsTheyAre);
        }
        if switched.has(ProfileField::StreamArguments) {
            profile.stream_arguments = None;
        }
        if switched.has(ProfileField::Attachments) {
            let takes_images = switched.bits & NO_IMAGES == 0
                && profile.attachments.is_none_or(|it| it == AttachmentForm::All);
            let less = if takes_images { AttachmentForm::Images } else { AttachmentForm::None };
            profile.attachments = Some(less);
        }
        Self { profile, limit_key }
    }

    pub fn streams(&self) -> bool {
        self.profile.stream.unwrap_or(true)
    }

    pub fn has_stream_options(&self) -> bool {
        self.streams() && self.profile.stream_options.unwrap_or(true)
    }

    /// The places of cache marks.
    pub fn cache_control(&self, model: &str) -> CacheControl {
        self.profile.cache_control.unwrap_or_else(|| {
            match is_claude(model) && !is_claude_of_cloud(model) {
                true => CacheControl::Automatic,
                false => CacheControl::Blocks,
            }
        })
    }

    pub fn caches_all(&self, model: &str) -> bool {
        self.cache_control(model) == CacheControl::Automatic
    }

    pub fn has_cache_marks(&self) -> bool {
        self.profile.cache_control != Some(CacheControl::None)
    }

    pub fn includes(&self, may_reason: bool) -> bool {
        self.profile.include.unwrap_or(may_reason)
    }

    pub fn system_role(&self) -> &'static str {
        self.profile.system_role.unwrap_or(SystemRole::System).name()
    }

    /// The role of `record` that is not the user's, if it is an instruction.
    pub fn own_role(&self, record: &Record<'_>, dialect: Dialect) -> Option<&'static str> {
        let role = self.instruction_role(dialect);
        (record.is_instruction() && role != InstructionRole::User).then(|| role.name())
    }

    pub fn instruction_role(&self, dialect: Dialect) -> InstructionRole {
        self.profile.instruction_role.unwrap_or(match dialect {
            Dialect::OpenAiResponses => InstructionRole::Developer,
            _ => InstructionRole::User,
        })
    }

    pub fn output_limit_key(&self, _: &dyn Config) -> &'static str {
        self.limit_key.name()
    }

    /// Whether no reasoning goes back.
    pub fn hides_reasoning(&self) -> bool {
        self.profile.reasoning == Some(ReasoningForm::None)
    }

    /// The field of OpenAI chat in which the reasoning goes back, if one is set.
    pub fn reasoning_field(&self) -> Option<&'static str> {
        match self.profile.reasoning {
            Some(form @ (ReasoningForm::ReasoningContent | ReasoningForm::Reasoning)) => {
                Some(form.name())
            }
            _ => None,
        }
    }

    /// Whether a message of calls has a field for reasoning, even an empty one.
    pub fn demands_reasoning(&self) -> bool {
        self.profile.reasoning == Some(ReasoningForm::ReasoningContent)
    }

    pub fn has_reasoning_details(&self) -> bool {
        self.profile.reasoning == Some(ReasoningForm::ReasoningDetails)
    }

    pub fn call_ids(&self, of_dialect: CallIdRule) -> CallIdRule {
        match self.profile.call_ids {
            None => of_dialect,
            Some(CallIdForm::Any) => CallIdRule::Any,
            Some(CallIdForm::FortyBytes) => CallIdRule::Chat,
            Some(CallIdForm::Words) => CallIdRule::Words,
            Some(CallIdForm::NineLetters) => CallIdRule::Nine,
        }
    }

    /// Whether the arguments of calls are asked for as they are written.
    #[cfg_attr(
        not(feature = "gemini"),
        allow(dead_code, reason = "the others always send them so")
    )]
    pub fn streams_arguments(&self) -> bool {
        self.profile.stream_arguments == Some(true)
    }

    /// Whether an attachment of this kind is sent, if the dialect has a place for it.
    #[cfg(feature = "attachments")]
    pub fn takes(&self, kind: AttachmentKind) -> bool {
        match self.profile.attachments {
            None | Some(AttachmentForm::All) => true,
            Some(AttachmentForm::Images) => kind == AttachmentKind::Image,
            Some(AttachmentForm::None) => false,
        }
    }

    /// Whether a tool with this schema is sent as strict.
    pub fn is_strict(&self, schema: &str) -> bool {
        self.profile.schemas == Some(SchemaForm::Strict) && STRICT.first_outside(schema).is_none()
    }
}

/// Whether the requests of this configuration, which has tools, ask for arguments as they are written.
#[cfg(feature = "options")]
pub(crate) fn streams_arguments(config: &dyn Config) -> bool {
    config.profile().stream_arguments == Some(true)
        && config.tool(0).is_some()
        && !matches!(config.tool_mode(), crate::ToolMode::Text | crate::ToolMode::Schema)
}

/// Refuses fields that the dialect does not have, and a time to live without marks.
pub(crate) fn check(config: &dyn Config) -> Result<(), Error> {
    let (profile, dialect) = (config.profile(), config.dialect());
    #[cfg(feature = "options")]
    if profile.cache_control == Some(CacheControl::None) && config.options().cache_ttl.is_some() {
        let option = crate::provider::RequestOption::CacheTtl;
        return Err(Error::new(ErrorKind::UnsupportedOption, option as u32));
    }
    let misfit = ProfileField::ALL.iter().find(|field| !profile.fits(**field, dialect));
    misfit.map_or(Ok(()), |field| Err(Error::new(ErrorKind::UnsupportedOption, *field as u32)))
}
