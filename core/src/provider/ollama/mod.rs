//! Ollama chat: `POST /api/chat`, answered by one JSON document per line.
//!
//! Source: the Ollama API reference, "Generate a chat completion", and what servers of
//! different ages really send.

#[cfg(feature = "attachments")]
mod attach;
mod decode;
mod encode;
#[cfg(feature = "options")]
mod options;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;

use super::Codec;
use super::codec::Body;
use crate::wire::json_write::CallIdRule;

pub(crate) static CODEC: Codec = Codec {
    path: |_| ["/api/chat", "", ""],
    headers: &[("content-type", "application/json"), ("accept", "application/x-ndjson")],
    body: Body::Lines,
    places: decode::PLACES,
    token: decode::token,
    document_end: decode::document_end,
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    ignores: |_, _| crate::provider::codec::Ignores::Nothing,
    ids: |_| CallIdRule::Any,
    #[cfg(feature = "options")]
    options: &options::FIELDS,
    #[cfg(feature = "attachments")]
    attachments: &attach::ATTACHMENTS,
    head: encode::head,
    tool: encode::tool,
    messages: encode::messages,
    message: encode::message,
    tail: encode::tail,
};

/// The field of reasoning; the number is kept with the record and belongs to no other dialect, so
/// that foreign reasoning is left out.
const THINKING_FIELD: u8 = 16;
