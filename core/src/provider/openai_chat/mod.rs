//! OpenAI chat completions: `POST /chat/completions`, answered by server-sent events.
//!
//! Source: the OpenAI API reference, "Chat completions" and its streaming events; and what
//! compatible servers really send.

#[cfg(feature = "attachments")]
mod attach;
mod decode;
mod encode;
#[cfg(feature = "options")]
mod options;

use super::Codec;
use super::codec::Body;

pub(crate) static CODEC: Codec = Codec {
    path: |_| ["/chat/completions", "", ""],
    headers: &[("content-type", "application/json"), ("accept", "text/event-stream")],
    body: Body::Whole,
    places: decode::PLACES,
    token: decode::token,
    document_end: decode::document_end,
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    ignores: decode::ignores,
    ids: encode::ids,
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

/// The fields in which servers send reasoning; the number is kept with the record, so that
/// it can be sent back in the same field.
const REASONING_CONTENT_FIELD: u8 = 1;
const REASONING_FIELD: u8 = 2;
/// Reasoning from a part of the content list has no field in which it can be sent back.
const CONTENT_FIELD: u8 = 3;
/// Copilot's, in addition to its opaque form.
const REASONING_TEXT_FIELD: u8 = 4;
/// Reasoning from OpenRouter's details only.
const DETAILS_FIELD: u8 = 5;
/// Reasoning from LiteLLM's blocks only.
const BLOCKS_FIELD: u8 = 6;

/// Subtypes of opaque text: Gemini's signature of the call before it, of the call after it, and
/// of the text (`extra_content`); OpenRouter's signature of the reasoning before it, and its
/// encrypted reasoning (`reasoning_details`); Copilot's (`reasoning_opaque`); LiteLLM's signature of
/// the reasoning before it, and its redacted reasoning (`thinking_blocks`).
const OF_CALL: u8 = 0;
const OF_NEXT: u8 = 1;
const OF_TEXT: u8 = 2;
const DETAIL_SIGNATURE: u8 = 3;
const DETAIL_ENCRYPTED: u8 = 4;
const OPAQUE_REASONING: u8 = 5;
const BLOCK_SIGNATURE: u8 = 6;
const BLOCK_REDACTED: u8 = 7;

/// The end of each string of encrypted reasoning; they are in any order.
const ID_END: u8 = 1;
const FORMAT_END: u8 = 2;
const DATA_END: u8 = 3;
