//! The configuration of a session.

use zerostack_core::{Limits as CoreLimits, OwnedConfig, OwnedTool, Prices as CorePrices, Profile};

use crate::{
    Counting, Dialect, FailedTurn, OutputLimitKey, RequestOptions, RoomPolicy, ToolMode, Usage,
    ZerostackError, counting,
};

/// The settings of a session.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Config {
    /// The dialect to speak.
    pub dialect: Dialect,
    /// The model, as the provider names it.
    pub model: String,
    /// The system prompt; may be empty.
    pub system: String,
    /// The tools that it may call.
    pub tools: Vec<ToolSpec>,
    /// The numbers.
    pub limits: Limits,
    /// The key under which OpenAI chat receives `max_output_tokens`.
    pub output_limit_key: OutputLimitKey,
    /// How tokens are counted until the provider has counted them.
    pub counting: Counting,
    /// How the tools are described to the model, and how it calls them.
    pub tool_mode: ToolMode,
    /// The options of a request.
    #[uniffi(default = None)]
    pub options: Option<RequestOptions>,
    /// What the server refuses or demands beyond its dialect: entries separated by commas, each
    /// `FIELD=VALUE`, or the name or the host of a known server. `output_limit_key` may be
    /// one of them.
    #[uniffi(default = "")]
    pub profile: String,
    /// Whether the arguments of calls are reported while they arrive, by `ToolCallDelta`.
    #[uniffi(default = false)]
    pub call_deltas: bool,
}

/// A tool that the model may call.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct ToolSpec {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    pub name: String,
    /// Its description for the model.
    pub description: String,
    /// JSON Schema of the arguments: one JSON object.
    pub parameters: String,
}

/// The numbers of a session. Reaching a limit is always reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Limits {
    /// Tokens of one reply; 0 leaves it to the provider, or a large number if it requires one.
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    pub context_tokens: u32,
    /// Tokens of the request above which room is made; 0 is four fifths of the part of
    /// `context_tokens` that the reply leaves.
    pub high_water_tokens: u32,
    /// Tokens of the request down to which room is made; 0 is two thirds of the high mark.
    pub low_water_tokens: u32,
    /// How room is made.
    pub room: RoomPolicy,
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    pub max_result_bytes: u32,
    /// Bytes of one response body, stored or not; more are refused by `Limit`.
    pub max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn.
    pub max_rounds: u16,
    /// Tokens of all requests and replies of one turn; 0 is no limit.
    pub max_turn_tokens: u32,
    /// The cost limit of one turn by `prices`, in millionths of their currency; 0 is no limit.
    pub max_turn_cost_micros: u32,
    /// The time limit of one turn in milliseconds, see `set_turn_elapsed_ms`; 0 is no limit.
    pub max_turn_ms: u32,
    /// How many times the model may make the same call in a row; 0 is no limit.
    pub max_repeats: u16,
    /// Calls of one reply; a reply with more fails the turn.
    pub max_calls: u16,
    /// The prices of tokens.
    pub prices: Prices,
    /// Times that one request is sent, the first included.
    pub max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, even if the provider asks for a longer one.
    pub retry_max_ms: u32,
    /// The seed of the jitter of the waits.
    pub seed: u32,
    /// What happens to a turn that fails.
    pub failed_turn: FailedTurn,
}

/// The price of a million tokens, in millionths of a currency: 3 dollars are 3,000,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Prices {
    /// Tokens of requests that were not cached.
    pub input: u32,
    /// Tokens of replies.
    pub output: u32,
    /// Tokens of requests that came from the cache.
    pub cache_read: u32,
    /// Tokens of requests that were put into the cache.
    pub cache_write: u32,
}

/// The cost of `usage` by these prices, in millionths of their currency, rounded up.
#[must_use]
#[uniffi::export]
pub fn cost_micros(prices: Prices, usage: Usage) -> u64 {
    prices.core().cost_micros(usage.core())
}

/// Limits for a program on an operating system.
#[must_use]
#[uniffi::export]
pub fn default_limits() -> Limits {
    let core = CoreLimits::DEFAULT;
    Limits {
        max_output_tokens: core.max_output_tokens,
        context_tokens: core.context_tokens,
        high_water_tokens: core.high_water_tokens,
        low_water_tokens: core.low_water_tokens,
        room: core.room.into(),
        max_result_bytes: core.max_result_bytes,
        max_response_bytes: core.max_response_bytes,
        reply_bytes: core.reply_bytes,
        max_rounds: core.max_rounds,
        max_turn_tokens: core.max_turn_tokens,
        max_turn_cost_micros: core.max_turn_cost_micros,
        max_turn_ms: core.max_turn_ms,
        max_repeats: core.max_repeats,
        max_calls: core.max_calls,
        prices: Prices {
            input: core.prices.input,
            output: core.prices.output,
            cache_read: core.prices.cache_read,
            cache_write: core.prices.cache_write,
        },
        max_attempts: core.max_attempts,
        retry_base_ms: core.retry_base_ms,
        retry_max_ms: core.retry_max_ms,
        seed: core.seed,
        failed_turn: core.failed_turn.into(),
    }
}

impl Config {
    /// # Errors
    /// `Unsupported` when the library was built without the vocabulary that counts, `BadOption` for
    /// an entry of the profile that is not known.
    pub(crate) fn to_core(&self) -> Result<OwnedConfig, ZerostackError> {
        let tools = self.tools.iter().map(|tool| OwnedTool {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        });
        let dialect = self.dialect.into();
        let (profile, key) = Profile::parse(&self.profile, dialect)?;
        Ok(OwnedConfig {
            dialect,
            model: self.model.clone(),
            system: self.system.clone(),
            tools: tools.collect(),
            limits: self.limits.to_core(),
            output_limit_key: key.unwrap_or_else(|| self.output_limit_key.into()),
            profile,
            counting: counting::to_core(self.counting)?,
            tool_mode: self.tool_mode.into(),
            call_deltas: self.call_deltas,
            options: self.options.as_ref().map(RequestOptions::to_core).unwrap_or_default(),
        })
    }
}

impl Limits {
    fn to_core(self) -> CoreLimits {
        CoreLimits {
            max_output_tokens: self.max_output_tokens,
            context_tokens: self.context_tokens,
            high_water_tokens: self.high_water_tokens,
            low_water_tokens: self.low_water_tokens,
            room: self.room.into(),
            max_result_bytes: self.max_result_bytes,
            max_response_bytes: self.max_response_bytes,
            reply_bytes: self.reply_bytes,
            max_rounds: self.max_rounds,
            max_turn_tokens: self.max_turn_tokens,
            max_turn_cost_micros: self.max_turn_cost_micros,
            max_turn_ms: self.max_turn_ms,
            max_repeats: self.max_repeats,
            max_calls: self.max_calls,
            prices: self.prices.core(),
            max_attempts: self.max_attempts,
            retry_base_ms: self.retry_base_ms,
            retry_max_ms: self.retry_max_ms,
            seed: self.seed,
            failed_turn: self.failed_turn.into(),
        }
    }
}

impl Prices {
    fn core(self) -> CorePrices {
        CorePrices {
            input: self.input,
            output: self.output,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
        }
    }
}
