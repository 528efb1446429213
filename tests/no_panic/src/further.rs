//! The calls that an agent can do without: saved conversations, what went wrong, going back.

use zerostack_core::{Error, Failure, SessionConfig, Usage};

use crate::Chat;

pub static CALLS: Calls = Calls {
    resume: Chat::resume,
    snapshot: Chat::snapshot,
    usage: Chat::usage,
    raw_stop_reason: Chat::raw_stop_reason,
    failure: Chat::failure,
    instruct: Chat::instruct,
    abort: Chat::abort,
    compact: Chat::compact,
};

#[allow(dead_code, reason = "it is linked, not called")]
pub struct Calls {
    resume: fn(&'static mut [u8], usize, SessionConfig<'static>) -> Result<Chat, Error>,
    snapshot: fn(&Chat) -> &[u8],
    usage: fn(&Chat) -> Usage,
    raw_stop_reason: fn(&Chat) -> &str,
    failure: fn(&Chat) -> Option<Failure<'_>>,
    instruct: fn(&mut Chat, &str) -> Result<(), Error>,
    abort: fn(&mut Chat),
    compact: fn(&mut Chat, &str, usize) -> Result<(), Error>,
}
