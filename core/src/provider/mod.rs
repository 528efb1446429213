//! Providers and their dialects: how a transcript becomes a request, how a response becomes
//! a reply.

mod config;
mod dialect;
mod reply;
mod request;

#[cfg(feature = "anthropic")]
mod anthropic;
#[cfg(feature = "openai-chat")]
mod openai_chat;

pub use config::{Config, FailedTurn, Limits, SessionConfig};
#[cfg(feature = "alloc")]
pub use config::{OwnedConfig, OwnedTool};
pub use request::Request;

pub(crate) use config::check;
pub(crate) use dialect::{Context, Dialect};
pub(crate) use reply::{Reply, Shown, Sink, Word};

use crate::message::Provider;
use crate::{Error, ErrorKind};

/// The dialect that `provider` speaks.
///
/// # Errors
/// `Unsupported` when it is not compiled in.
pub(crate) fn dialect_of(provider: Provider) -> Result<&'static Dialect, Error> {
    match provider {
        #[cfg(feature = "openai-chat")]
        Provider::OpenAiChat => Ok(&openai_chat::DIALECT),
        #[cfg(feature = "anthropic")]
        Provider::Anthropic => Ok(&anthropic::DIALECT),
        #[allow(unreachable_patterns, reason = "reached when a dialect is not compiled in")]
        other => Err(Error::new(ErrorKind::Unsupported, other as u32)),
    }
}
