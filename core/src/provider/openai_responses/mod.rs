//! OpenAI responses: `POST /responses`, answered by server-sent events.
//!
//! Source: the OpenAI API reference, "Responses" and its streaming events, and what
//! compatible servers really send. Nothing is kept at the server (`store` is false), so
//! reasoning goes back in its encrypted form.

#[cfg(feature = "attachments")]
mod attach;
mod decode;
mod encode;
#[cfg(all(test, feature = "all-dialects"))]
mod item_tests;
mod items;
#[cfg(feature = "options")]
mod options;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;

use super::Codec;
use super::codec::Body;
use crate::wire::json_write::CallIdRule;

pub(crate) static CODEC: Codec = Codec {
    path: |_| ["/responses", "", ""],
    headers: &[("content-type", "application/json"), ("accept", "text/event-stream")],
    body: Body::Whole,
    places: decode::PLACES,
    token: decode::token,
    document_end: items::document_end,
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

/// Subtypes of opaque text: encrypted reasoning, which ends a reasoning item, the id of that item,
/// and the phase of the message before it.
const ENCRYPTED: u8 = 0;
const PHASE: u8 = 1;
const ITEM_ID: u8 = 2;
/// The forms of reasoning: a summary with its encrypted form, or the reasoning itself. No other
/// dialect uses the second number, so that foreign reasoning is left out.
const SUMMARY_FIELD: u8 = 0;
const CONTENT_FIELD: u8 = 17;
