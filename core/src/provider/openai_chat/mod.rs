//! OpenAI chat completions: `POST /chat/completions`, answered by server-sent events.
//!
//! Source: the OpenAI API reference, "Chat completions" and its streaming events; and what
//! compatible servers really send.

mod decode;
mod encode;

use super::Dialect;
use super::dialect::Body;

pub(crate) static DIALECT: Dialect = Dialect {
    path: |_| ["/chat/completions", "", ""],
    headers: &[("content-type", "application/json"), ("accept", "text/event-stream")],
    body: Body::Whole,
    places: decode::PLACES,
    twins: decode::TWINS,
    token: decode::token,
    document_end: decode::document_end,
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
/// Reasoning that came as a part of the content list has no field to be sent back in.
const CONTENT_FIELD: u8 = 3;
