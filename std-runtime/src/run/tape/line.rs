//! The lines of a tape, and the part of the configuration in the first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zerostack_core::{
    Attachment, AttachmentSource, Dialect, FailedTurn, Limits, OutputLimitKey, OwnedConfig,
    OwnedTool, Prices, ProfileField, RoomPolicy, ToolMode,
};

use super::options::OptionsLine;
use crate::agent::{File, OwnedSession, start_session};
use crate::run::front::{ConversationId, ParentCall};
use crate::run::hex::hex;
use crate::{Error, ErrorKind, Result};

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Tape(Box<Head>),
    User { text: String },
    Request { bytes: usize, sha1: String },
    Response { status: u16, retry_after_ms: Option<u32> },
    Bytes(Bytes),
    End,
    ToolResult { call: u32, content: String, is_error: bool },
    Attached(Box<Attached>),
    AttachedBytes(AttachedBytes),
    Over(Over),
}

/// A file of the text or result that follows.
#[derive(Serialize, Deserialize)]
pub(super) struct Attached {
    pub(super) number: u32,
    pub(super) media_type: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) name: String,
    pub(super) bytes: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) tokens: u32,
    /// The SHA-1 of its bytes, unless the provider has them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) sha1: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file_id: Option<String>,
}

impl Attached {
    /// The line of `file`, whose bytes have this hash.
    pub(super) fn new(number: u32, file: &File, sha1: &str) -> Self {
        let address = file.address().map(str::to_owned);
        let is_url = address.as_ref().is_some_and(|it| it.contains("://"));
        let (url, file_id) = if is_url { (address, None) } else { (None, address) };
        Self {
            number,
            media_type: file.media_type().to_owned(),
            name: file.name().to_owned(),
            bytes: file.len(),
            tokens: file.tokens(),
            sha1: sha1.to_owned(),
            url,
            file_id,
        }
    }

    /// The attachment for a session.
    pub(super) fn core(&self) -> Attachment<'_> {
        let source = match (&self.url, &self.file_id) {
            (Some(url), _) => AttachmentSource::Url(url),
            (None, Some(id)) => AttachmentSource::FileId(id),
            (None, None) => AttachmentSource::Number(self.number),
        };
        let Self { media_type, name, bytes, tokens, .. } = self;
        Attachment { media_type, name, bytes: *bytes, tokens: *tokens, source }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AttachedBytes {
    pub(super) number: u32,
    #[serde(flatten)]
    pub(super) bytes: Bytes,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Over {
    pub(super) exit_code: u8,
    pub(super) sha1: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Payload {
    Text(String),
    Hex(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Bytes {
    #[serde(flatten)]
    payload: Payload,
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        let payload = match std::str::from_utf8(bytes) {
            Ok(text) => Payload::Text(text.to_owned()),
            Err(_) => Payload::Hex(hex(bytes)),
        };
        Self { payload }
    }
}

impl Bytes {
    pub(super) fn into_vec(self) -> Result<Vec<u8>> {
        match self.payload {
            Payload::Text(text) => Ok(text.into_bytes()),
            Payload::Hex(text) => from_hex(&text),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    version: u32,
    api: String,
    model: String,
    system: String,
    tools: Vec<ToolLine>,
    limits: LimitsLine,
    /// Left out if it is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_limit_key: Option<String>,
    /// The same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_mode: Option<String>,
    /// The same.
    #[serde(default, skip_serializing_if = "is_default")]
    options: OptionsLine,
    /// The fields of the profile that are set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    profile: BTreeMap<String, String>,
    /// The conversation of the run, on the tapes of a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent_call: Option<String>,
}

impl Head {
    /// The head of the tape of conversation `id`.
    pub(super) fn of(config: &OwnedConfig, id: &ConversationId) -> Self {
        let mut head = Self::from(config);
        head.conversation = Some(id.id.clone());
        head.parent = id.parent.as_ref().map(|parent| parent.conversation.clone());
        head.parent_call = id.parent.as_ref().map(|parent| parent.call.clone());
        head
    }

    /// Its conversation, if it names one.
    pub(super) fn id(self) -> Option<ConversationId> {
        let parent = self.parent.zip(self.parent_call);
        let parent = parent.map(|(conversation, call)| ParentCall { conversation, call });
        self.conversation.map(|id| ConversationId { id, parent })
    }
}

#[derive(Serialize, Deserialize)]
struct ToolLine {
    name: String,
    description: String,
    parameters: String,
}

#[derive(Serialize, Deserialize)]
struct LimitsLine {
    max_output_tokens: u32,
    context_tokens: u32,
    max_result_bytes: u32,
    max_response_bytes: u32,
    reply_bytes: u32,
    max_rounds: u16,
    max_attempts: u8,
    retry_base_ms: u32,
    retry_max_ms: u32,
    seed: u32,
    /// Fields that old tapes lack, and few need.
    #[serde(default, skip_serializing_if = "is_default")]
    room: RoomLine,
    #[serde(default, skip_serializing_if = "is_default")]
    budget: BudgetLine,
    /// If it is not the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_calls: Option<u16>,
}

/// When and how room is made.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct RoomLine {
    policy: String,
    high_water_tokens: u32,
    low_water_tokens: u32,
}

/// The budgets of a turn besides its rounds.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct BudgetLine {
    tokens: u32,
    cost_micros: u32,
    repeats: u16,
    /// The prices of input, output, cache reads and cache writes.
    prices: [u32; 4],
}

impl From<&OwnedConfig> for Head {
    fn from(config: &OwnedConfig) -> Self {
        Self {
            version: VERSION,
            api: config.dialect.name().to_owned(),
            model: config.model.clone(),
            system: config.system.clone(),
            tools: config.tools.iter().cloned().map(ToolLine::from).collect(),
            limits: LimitsLine::from(config.limits),
            output_limit_key: (config.output_limit_key != OutputLimitKey::default())
                .then(|| config.output_limit_key.name().to_owned()),
            tool_mode: (config.tool_mode != ToolMode::default())
                .then(|| config.tool_mode.name().to_owned()),
            options: OptionsLine::from(&config.options),
            profile: ProfileField::ALL
                .iter()
                .filter_map(|field| {
                    Some((field.name().into(), config.profile.value(*field)?.into()))
                })
                .collect(),
            conversation: None,
            parent: None,
            parent_call: None,
        }
    }
}

impl Head {
    pub(super) fn session(self) -> Result<OwnedSession> {
        let input = |text: String| Error::new(ErrorKind::Input, text);
        if self.version != VERSION {
            let version = self.version;
            return Err(input(format!("version {version} is unknown; this is version {VERSION}")));
        }
        let api = Dialect::from_name(&self.api);
        let api = api.ok_or_else(|| input(format!("the API {:?} is unknown", self.api)))?;
        let mut config = OwnedConfig::new(api, self.model);
        config.system = self.system;
        config.tools = self.tools.into_iter().map(OwnedTool::from).collect();
        config.limits = self.limits.into();
        if let Some(name) = &self.output_limit_key {
            let key = OutputLimitKey::from_name(name);
            config.output_limit_key =
                key.ok_or_else(|| input(format!("the key {name:?} is unknown")))?;
        }
        if let Some(name) = &self.tool_mode {
            let mode = ToolMode::from_name(name);
            config.tool_mode =
                mode.ok_or_else(|| input(format!("the tool mode {name:?} is unknown")))?;
        }
        let options = self.options.read();
        config.options = options.ok_or_else(|| input("an option is unknown".to_owned()))?;
        for (name, value) in &self.profile {
            let field = ProfileField::from_name(name);
            if !field.is_some_and(|field| config.profile.set(field, value)) {
                return Err(input(format!("the profile's {name:?} {value:?} is unknown")));
            }
        }
        Ok(start_session(config)?)
    }
}

impl From<OwnedTool> for ToolLine {
    fn from(tool: OwnedTool) -> Self {
        let OwnedTool { name, description, parameters } = tool;
        Self { name, description, parameters }
    }
}

impl From<ToolLine> for OwnedTool {
    fn from(tool: ToolLine) -> Self {
        let ToolLine { name, description, parameters } = tool;
        Self { name, description, parameters }
    }
}

impl From<Limits> for LimitsLine {
    fn from(limits: Limits) -> Self {
        Self {
            max_output_tokens: limits.max_output_tokens,
            context_tokens: limits.context_tokens,
            max_result_bytes: limits.max_result_bytes,
            max_response_bytes: limits.max_response_bytes,
            reply_bytes: limits.reply_bytes,
            max_rounds: limits.max_rounds,
            max_attempts: limits.max_attempts,
            retry_base_ms: limits.retry_base_ms,
            retry_max_ms: limits.retry_max_ms,
            seed: limits.seed,
            room: match limits.room {
                RoomPolicy::Ask => RoomLine::default(),
                policy => RoomLine {
                    policy: policy.name().to_owned(),
                    high_water_tokens: limits.high_water_tokens,
                    low_water_tokens: limits.low_water_tokens,
                },
            },
            budget: BudgetLine {
                tokens: limits.max_turn_tokens,
                cost_micros: limits.max_turn_cost_micros,
                repeats: limits.max_repeats,
                prices: {
                    let Prices { input, output, cache_read, cache_write } = limits.prices;
                    [input, output, cache_read, cache_write]
                },
            },
            max_calls: Some(limits.max_calls).filter(|calls| *calls != Limits::DEFAULT.max_calls),
        }
    }
}

impl From<LimitsLine> for Limits {
    fn from(line: LimitsLine) -> Self {
        Self {
            max_output_tokens: line.max_output_tokens,
            context_tokens: line.context_tokens,
            max_result_bytes: line.max_result_bytes,
            max_response_bytes: line.max_response_bytes,
            reply_bytes: line.reply_bytes,
            max_rounds: line.max_rounds,
            max_attempts: line.max_attempts,
            retry_base_ms: line.retry_base_ms,
            retry_max_ms: line.retry_max_ms,
            seed: line.seed,
            failed_turn: FailedTurn::TakeOut,
            room: RoomPolicy::from_name(&line.room.policy).unwrap_or_default(),
            high_water_tokens: line.room.high_water_tokens,
            low_water_tokens: line.room.low_water_tokens,
            max_turn_tokens: line.budget.tokens,
            max_turn_cost_micros: line.budget.cost_micros,
            max_repeats: line.budget.repeats,
            max_calls: line.max_calls.unwrap_or(Limits::DEFAULT.max_calls),
            prices: {
                let [input, output, cache_read, cache_write] = line.budget.prices;
                Prices { input, output, cache_read, cache_write }
            },
            // The time of a turn is not on the tape.
            ..Limits::DEFAULT
        }
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits =
        digits.ok_or_else(|| Error::new(ErrorKind::Input, "\"hex\" is not hexadecimal"))?;
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
