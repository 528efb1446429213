//! Providers and their dialects: how a transcript becomes a request, how a response becomes
//! a reply.

mod config;
mod counting;
pub(crate) mod delay;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod dialect;
mod limits;
pub(crate) mod local;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod model;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_imports, reason = "each dialect uses a part")
)]
mod reply;
mod request;
pub(crate) mod stop;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod tag;
#[cfg(all(test, feature = "all-dialects"))]
mod testing;

#[cfg(feature = "anthropic")]
mod anthropic;
#[cfg(feature = "gemini")]
mod gemini;
#[cfg(feature = "ollama")]
mod ollama;
#[cfg(feature = "openai-chat")]
mod openai_chat;
#[cfg(feature = "openai-responses")]
mod openai_responses;

pub use config::{Config, FailedTurn, Limits, OutputLimitKey, SessionConfig, ToolMode};
#[cfg(feature = "alloc")]
pub use config::{OwnedConfig, OwnedTool};
pub use counting::{CountTokens, Counting};
pub use limits::{Budget, Prices, RoomPolicy};
pub use request::{Request, RequestPlace};

pub(crate) use config::check;
pub(crate) use dialect::{Body, Context, Dialect};
pub(crate) use reply::{Reply, Shown, Sink, What, Word};
#[cfg(feature = "window")]
pub(crate) use request::sent_texts;
pub(crate) use tag::take;

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
        #[cfg(feature = "openai-responses")]
        Provider::OpenAiResponses => Ok(&openai_responses::DIALECT),
        #[cfg(feature = "gemini")]
        Provider::Gemini => Ok(&gemini::DIALECT),
        #[cfg(feature = "ollama")]
        Provider::Ollama => Ok(&ollama::DIALECT),
        #[allow(unreachable_patterns, reason = "reached when a dialect is not compiled in")]
        other => Err(Error::new(ErrorKind::Unsupported, other as u32)),
    }
}
