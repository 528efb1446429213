//! The length of the window in tokens, making room by policy, and the budgets of a turn: the
//! part of a session that feature `window` adds.

#[cfg(feature = "window")]
mod budget;
#[cfg(feature = "window")]
mod calls;
#[cfg(feature = "window")]
mod count;
#[cfg(not(feature = "window"))]
mod disabled;
#[cfg(feature = "window")]
mod policy;
#[cfg(feature = "window")]
mod refused;
#[cfg(feature = "window")]
mod repeats;
#[cfg(feature = "window")]
mod shorten;
#[cfg(feature = "window")]
mod summary;
#[cfg(feature = "window")]
mod written;

#[cfg(feature = "window")]
pub(super) use budget::used_up;
#[cfg(feature = "window")]
pub(super) use count::WindowCount;
#[cfg(feature = "window")]
pub use count::WindowTokens;
#[cfg(not(feature = "window"))]
pub(super) use disabled::{Runs, WindowCount, used_up};
#[cfg(feature = "window")]
pub(super) use repeats::Runs;

use super::machine::Machine;
use crate::Error;
use crate::message::{Event, StopReason};
use crate::provider::Config;
use crate::transcript::log::Log;

/// Ends the request for a summary, with or without its reply.
pub(super) type FinishSummary =
    fn(&mut Machine, &mut Log<'_>, &dyn Config, SummaryOutcome) -> Result<Event<'static>, Error>;

/// How the reply to that request ended.
pub(super) type SummaryOutcome = Result<StopReason, Error>;

/// Whether any of it is present.
pub(super) const ENABLED: bool = cfg!(feature = "window");

/// The ways to make room that were tried in this turn, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RoomAttempts(u8);

impl RoomAttempts {
    pub const NOTHING: Self = Self(0);
    /// A summary was requested, and the model wrote none. It is not requested again in this turn: a model
    /// that cannot write one would be paid for it in each round.
    const SUMMARY: Self = Self(1);

    /// A good reply arrived: the attempts for its request do not matter for the next.
    pub const fn end_of_round(&mut self) {
        self.0 &= Self::SUMMARY.0;
    }
}

/// By how much the window is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Excess {
    /// Tokens above the low mark, when it is above the high one.
    pub marks: u32,
    /// Tokens that do not fit the context of the model.
    pub context: u32,
}

impl Excess {
    pub const NONE: Self = Self { marks: 0, context: 0 };
}
