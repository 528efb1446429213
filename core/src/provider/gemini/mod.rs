//! Gemini: `POST /models/MODEL:streamGenerateContent`, answered by server-sent events, or by
//! a JSON array where `alt=sse` is not understood.
//!
//! Source: the Gemini API reference, "Generating content", "Function calling" and "Thought
//! signatures"; the same dialect is spoken by Vertex AI. The base URL ends with the version
//! (`/v1beta`), or for Vertex AI with the publisher.

#[cfg(feature = "attachments")]
mod attach;
mod by_path;
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
    // A model with a slash names its collection itself: `tunedModels/x`, `models/x`.
    path: |model| {
        let before = if model.contains('/') { "/" } else { "/models/" };
        [before, model, ":streamGenerateContent?alt=sse"]
    },
    headers: &[("content-type", "application/json"), ("accept", "text/event-stream")],
    body: Body::Whole,
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

/// Subtypes of opaque text: the signature of the part after it, of the call before it, or one on a
/// text part without text.
const OF_NEXT: u8 = 0;
const OF_CALL: u8 = 1;
const ALONE: u8 = 2;
