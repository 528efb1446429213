//! Anthropic messages: `POST /v1/messages`, answered by server-sent events.
//!
//! Source: the Anthropic API reference, "Messages" and "Streaming messages".

#[cfg(feature = "attachments")]
mod attach;
mod decode;
mod encode;
#[cfg(feature = "options")]
mod options;

use super::Codec;
use super::codec::Body;
use crate::wire::json_write::CallIdRule;

pub(crate) static CODEC: Codec = Codec {
    path: |_| ["/v1/messages", "", ""],
    headers: &[
        ("content-type", "application/json"),
        ("accept", "text/event-stream"),
        ("anthropic-version", "2023-06-01"),
    ],
    body: Body::Whole,
    places: decode::PLACES,
    token: decode::token,
    document_end: decode::document_end,
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    ignores: decode::ignores,
    ids: |_| CallIdRule::Words,
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

/// Subtypes of opaque text: the signature of the thinking before it, or redacted thinking.
const SIGNATURE: u8 = 0;
const REDACTED: u8 = 1;
/// The field of thinking in this dialect, which no other dialect uses: servers that sign nothing
/// still want it back.
const THINKING_FIELD: u8 = 18;
