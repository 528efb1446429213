//! The numbers of a session.

use super::budgets::{Prices, RoomPolicy};
use crate::message::Dialect;

/// The numbers of a session. Reaching a limit is always reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Tokens of one reply; 0 leaves it to the provider (Anthropic requires a number and gets
    /// [`ANTHROPIC_OUTPUT_TOKENS`](Limits::ANTHROPIC_OUTPUT_TOKENS)).
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider. A longer request
    /// is an error before it is sent. Ollama silently truncates longer requests, so this number is
    /// sent to it.
    pub context_tokens: u32,
    /// Tokens of the request above which room is made; 0 is four fifths of the part of
    /// `context_tokens` that the reply leaves.
    pub high_water_tokens: u32,
    /// Tokens of the request down to which room is made, so that it is made, and the provider's
    /// cache lost, rarely; 0 is two thirds of the high mark.
    pub low_water_tokens: u32,
    /// How room is made.
    pub room: RoomPolicy,
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    pub max_result_bytes: u32,
    /// Bytes of one response body, stored or not. A server that never ends is refused
    /// here: the turn fails with `Limit`.
    pub max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn.
    pub max_rounds: u16,
    /// Tokens of all requests and replies of one turn; 0 is no limit. Once they are used up, no
    /// further request is sent; the same holds for the next two.
    pub max_turn_tokens: u32,
    /// The cost limit of one turn by `prices`, in millionths of their currency; 0 is no limit.
    pub max_turn_cost_micros: u32,
    /// The time limit of one turn in milliseconds, see [`crate::Session::set_turn_elapsed_ms`]; 0 is no limit.
    pub max_turn_ms: u32,
    /// How many times the model may make the same call in a row; 0 is no limit.
    pub max_repeats: u16,
    /// Calls of one reply. A reply with more fails the turn with `Limit`.
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

/// What happens to a turn that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a turn is kept or taken out")]
pub enum FailedTurn {
    /// All of it is removed, including the user's text, as if it had never begun.
    TakeOut,
    /// The rounds that were complete stay.
    Keep,
}

impl Limits {
    /// What Anthropic receives when `max_output_tokens` is 0.
    pub const ANTHROPIC_OUTPUT_TOKENS: u32 = 32_000;

    /// Limits for a program on an operating system.
    pub const DEFAULT: Self = Self {
        max_output_tokens: 0,
        context_tokens: 0,
        high_water_tokens: 0,
        low_water_tokens: 0,
        room: RoomPolicy::Ask,
        max_result_bytes: 64 * 1024,
        max_response_bytes: 256 * 1024 * 1024,
        reply_bytes: 256,
        max_rounds: 200,
        max_turn_tokens: 0,
        max_turn_cost_micros: 0,
        max_turn_ms: 0,
        max_repeats: 0,
        max_calls: 128,
        prices: Prices::NONE,
        max_attempts: 5,
        retry_base_ms: 500,
        retry_max_ms: 60_000,
        seed: 1,
        failed_turn: FailedTurn::TakeOut,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// The most tokens of one reply that the request asks for; 0 leaves it to the provider.
    #[must_use]
    pub const fn reply_tokens(&self, dialect: Dialect) -> u32 {
        match (self.max_output_tokens, dialect) {
            // Of a small context, a reply takes no more than a quarter.
            (0, Dialect::Anthropic) => match self.context_tokens / 4 {
                quarter @ 1..Self::ANTHROPIC_OUTPUT_TOKENS => quarter,
                _ => Self::ANTHROPIC_OUTPUT_TOKENS,
            },
            (tokens, _) => tokens,
        }
    }

    /// Tokens of a request above which it is not sent: the part of the context that the reply leaves.
    #[must_use]
    pub const fn window_tokens(&self, dialect: Dialect) -> u32 {
        match self.context_tokens {
            0 => u32::MAX,
            context => context.saturating_sub(self.reply_tokens(dialect)),
        }
    }

    /// Tokens of a request above which room is made.
    #[must_use]
    pub const fn high_water(&self, dialect: Dialect) -> u32 {
        let window = self.window_tokens(dialect);
        match self.high_water_tokens {
            0 if self.context_tokens == 0 => u32::MAX,
            0 => window - window / 5,
            tokens if tokens < window => tokens,
            _ => window,
        }
    }

    /// Tokens of a request down to which room is made.
    #[must_use]
    pub const fn low_water(&self, dialect: Dialect) -> u32 {
        let high = self.high_water(dialect);
        match self.low_water_tokens {
            0 => high / 3 * 2,
            tokens if tokens < high => tokens,
            _ => high,
        }
    }

    /// Whether anything is limited that only feature `window` can keep.
    pub(super) const fn need_window(&self) -> bool {
        let budgets = self.max_turn_tokens | self.max_turn_cost_micros | self.max_turn_ms;
        let asks = matches!(self.room, RoomPolicy::Ask);
        budgets > 0 || self.max_repeats > 0 || self.high_water_tokens > 0 || !asks
    }

    /// Whether the low mark is not above the high one.
    pub(super) const fn are_marks_in_order(&self) -> bool {
        self.low_water_tokens == 0
            || self.high_water_tokens == 0
            || self.low_water_tokens <= self.high_water_tokens
    }
}
