//! The dialects: how a transcript becomes a request, how a response becomes
//! a reply.

#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_imports, reason = "each dialect uses a part")
)]
pub(crate) mod attach;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod codec;
mod config;
pub(crate) mod delay;
pub(crate) mod local;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod model;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_imports, reason = "each dialect uses a part")
)]
pub(crate) mod options;
#[cfg_attr(not(feature = "all-dialects"), allow(unused, reason = "a build may have no dialect"))]
mod places;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_imports, reason = "each dialect uses a part")
)]
pub(crate) mod profile;
#[cfg(feature = "attachments")]
mod pull;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_imports, reason = "each dialect uses a part")
)]
mod reply;
mod request;
pub(crate) mod response;
pub(crate) mod stop;
#[cfg_attr(not(feature = "all-dialects"), allow(dead_code, reason = "each dialect uses a part"))]
mod tag;
#[cfg(all(test, feature = "all-dialects"))]
pub(crate) mod testing;

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

#[cfg(feature = "attachments")]
pub use attach::{AttachmentReader, WantedBytes};
pub use config::{
    Budget, Config, CountTokens, Counting, FailedTurn, Limits, OutputLimitKey, Prices, RoomPolicy,
    SessionConfig, ToolMode,
};
#[cfg(feature = "alloc")]
pub use config::{OwnedConfig, OwnedTool};
pub use options::RequestOption;
#[cfg(feature = "options")]
pub use options::{
    CacheTtl, ReasoningEffort, RequestOptions, ResponseSchema, SchemaMode, Thousandths, ToolChoice,
};
#[cfg(all(feature = "options", feature = "alloc"))]
pub use options::{OwnedOptions, OwnedResponseSchema, OwnedToolChoice};
#[cfg(feature = "profiles")]
pub use profile::{
    AttachmentForm, CacheControl, CallIdForm, InstructionRole, KnownHost, Profile, ProfileField,
    ReasoningForm, SchemaForm, SystemRole,
};
pub use request::{Request, RequestPlace};

pub(crate) use codec::{Body, Codec, Context};
pub(crate) use config::check;
pub(crate) use model::maker;
pub(crate) use reply::{EmittedEvent, EmittedKind, Reply, Sink, Word};
#[cfg(feature = "window")]
pub(crate) use request::sent_texts;
pub(crate) use tag::take;

use crate::message::Dialect;
use crate::{Error, ErrorKind};

/// Whether the model reads the response schema in words.
#[cfg(feature = "structured")]
pub(crate) fn tells_schema(config: &dyn Config) -> bool {
    codec_of(config.dialect()).is_ok_and(|codec| options::tells_schema(config, codec.options))
}

/// The codec of `dialect`.
///
/// # Errors
/// `Unsupported` when it is not compiled in.
pub(crate) fn codec_of(dialect: Dialect) -> Result<&'static Codec, Error> {
    match dialect {
        #[cfg(feature = "openai-chat")]
        Dialect::OpenAiChat => Ok(&openai_chat::CODEC),
        #[cfg(feature = "anthropic")]
        Dialect::Anthropic => Ok(&anthropic::CODEC),
        #[cfg(feature = "openai-responses")]
        Dialect::OpenAiResponses => Ok(&openai_responses::CODEC),
        #[cfg(feature = "gemini")]
        Dialect::Gemini => Ok(&gemini::CODEC),
        #[cfg(feature = "ollama")]
        Dialect::Ollama => Ok(&ollama::CODEC),
        #[allow(unreachable_patterns, reason = "reached when a dialect is not compiled in")]
        other => Err(Error::new(ErrorKind::Unsupported, other as u32)),
    }
}
