//! The budgets of a turn, and how room is made.

use crate::message::Usage;

/// How room is made when the window passes its high mark, or the storage lacks room.
///
/// With each of them the step is [`crate::Step::MakeRoom`]; all but `Ask` are carried out by
/// [`crate::Session::make_room`], down to the low mark, and everything that is removed is reported.
///
/// A provider that refuses a request because its window is too long gets a shorter one, once: with
/// all but `Ask` the step is `MakeRoom` then, too, and a third of the conversation is removed, or
/// the excess that the provider reports: old results, the oldest exchanges and the middle of new
/// results. If it is refused again, the turn fails with the provider's error.
///
/// With all but `Ask`, new results that alone are longer than the context lose their middle, which
/// a line replaces that explains how to read on. A summary is removed only if no exchange is left to remove.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RoomPolicy {
    /// The caller makes it, by [`crate::Session::compact`] or [`crate::Session::drop_oldest`].
    #[default]
    Ask,
    /// Old tool results are replaced by a line that describes them; when that is not
    /// enough, as `DropOldest`.
    ElideResults,
    /// The oldest exchanges go.
    DropOldest,
    /// The model is asked for a summary that replaces the oldest messages. If the reply is not a
    /// complete summary (cut off, refused, with a call, only reasoning), the model is asked once
    /// more, with up to twice the tokens; if that fails too, as `ElideResults` for the rest of the turn.
    Summarise,
}

impl RoomPolicy {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ask, Self::ElideResults, Self::DropOldest, Self::Summarise];

    /// The name that commands and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::ElideResults => "elide",
            Self::DropOldest => "drop",
            Self::Summarise => "summarise",
        }
    }

    /// The policy with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|policy| policy.name() == name)
    }
}

/// The price of a million tokens, in millionths of a currency: 3 dollars are 3,000,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "named as the counts of `Usage`")]
pub struct Prices {
    pub input: u32,
    pub output: u32,
    pub cache_read: u32,
    pub cache_write: u32,
}

impl Prices {
    /// All prices are 0.
    pub const NONE: Self = Self { input: 0, output: 0, cache_read: 0, cache_write: 0 };

    /// The cost of `usage`, in millionths of the currency, rounded up.
    #[must_use]
    pub const fn cost_micros(&self, usage: Usage) -> u64 {
        self.cost(usage).div_ceil(MILLION)
    }

    /// The same a million times, so that a comparison needs no division.
    pub(crate) const fn cost(&self, usage: Usage) -> u64 {
        let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
        let input = usage.input_tokens.saturating_sub(cached);
        let parts = [
            (input, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, self.cache_read),
            (usage.cache_write_tokens, self.cache_write),
        ];
        let [(a, p), (b, q), (c, r), (d, s)] = parts;
        times(a, p)
            .saturating_add(times(b, q))
            .saturating_add(times(c, r))
            .saturating_add(times(d, s))
    }
}

/// The budgets of a turn: the detail of [`crate::ErrorKind::Limit`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum Budget {
    /// `max_rounds`.
    Rounds = 1,
    /// `max_turn_tokens`.
    Tokens = 2,
    /// `max_turn_cost_micros`.
    Cost = 3,
    /// `max_turn_ms`.
    Time = 4,
    /// `max_repeats`.
    Repeats = 5,
    /// `max_calls`.
    Calls = 6,
}

impl Budget {
    /// The budget that the detail of a `Limit` names; `None` for a limit of the format.
    #[must_use]
    pub const fn from_detail(detail: u32) -> Option<Self> {
        Some(match detail {
            1 => Self::Rounds,
            2 => Self::Tokens,
            3 => Self::Cost,
            4 => Self::Time,
            5 => Self::Repeats,
            6 => Self::Calls,
            _ => return None,
        })
    }
}

const fn times(count: u32, price: u32) -> u64 {
    count as u64 * price as u64
}

const MILLION: u64 = 1_000_000;
