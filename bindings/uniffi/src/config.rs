//! What a session is made with.

use zerostack_core::{Limits as CoreLimits, OwnedConfig, OwnedTool};

use crate::{FailedTurn, Provider};

/// What stays the same during a session.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Config {
    /// The dialect to speak.
    pub provider: Provider,
    /// The model, as the provider names it.
    pub model: String,
    /// What the model is told first; may be empty.
    pub system: String,
    /// The tools that it may call.
    pub tools: Vec<ToolSpec>,
    /// The numbers.
    pub limits: Limits,
}

/// A tool that the model may call.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct ToolSpec {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of the arguments: one JSON object.
    pub parameters: String,
}

/// The numbers of a session. Each is a bound that is said when it is hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Limits {
    /// Tokens of one reply; 0 leaves it to the provider, or a large number where it wants one.
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    pub context_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle and says so.
    pub max_result_bytes: u32,
    /// Bytes of one response body, whatever is kept of it; more are refused by `Limit`.
    pub max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn.
    pub max_rounds: u16,
    /// Times that one request is sent, the first included.
    pub max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, whatever the provider asks for.
    pub retry_max_ms: u32,
    /// Where the jitter of the waits begins.
    pub seed: u32,
    /// What becomes of a turn that fails.
    pub failed_turn: FailedTurn,
}

/// Numbers that suit a program with an operating system.
#[must_use]
#[uniffi::export]
pub fn default_limits() -> Limits {
    let core = CoreLimits::DEFAULT;
    Limits {
        max_output_tokens: core.max_output_tokens,
        context_tokens: core.context_tokens,
        max_result_bytes: core.max_result_bytes,
        max_response_bytes: core.max_response_bytes,
        reply_bytes: core.reply_bytes,
        max_rounds: core.max_rounds,
        max_attempts: core.max_attempts,
        retry_base_ms: core.retry_base_ms,
        retry_max_ms: core.retry_max_ms,
        seed: core.seed,
        failed_turn: core.failed_turn.into(),
    }
}

impl Config {
    pub(crate) fn to_core(&self) -> OwnedConfig {
        let tools = self.tools.iter().map(|tool| OwnedTool {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        });
        OwnedConfig {
            system: self.system.clone(),
            tools: tools.collect(),
            limits: self.limits.to_core(),
            ..OwnedConfig::new(self.provider.into(), self.model.clone())
        }
    }
}

impl Limits {
    fn to_core(self) -> CoreLimits {
        CoreLimits {
            max_output_tokens: self.max_output_tokens,
            context_tokens: self.context_tokens,
            max_result_bytes: self.max_result_bytes,
            max_response_bytes: self.max_response_bytes,
            reply_bytes: self.reply_bytes,
            max_rounds: self.max_rounds,
            max_attempts: self.max_attempts,
            retry_base_ms: self.retry_base_ms,
            retry_max_ms: self.retry_max_ms,
            seed: self.seed,
            failed_turn: self.failed_turn.into(),
            ..CoreLimits::DEFAULT
        }
    }
}
