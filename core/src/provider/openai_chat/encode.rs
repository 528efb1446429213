//! The body of a chat completion request.

use super::{REASONING_CONTENT_FIELD, REASONING_FIELD};
use crate::provider::Context;
use crate::provider::dialect::{Cursor, call_id, reply_parts};
use crate::transcript::record::{Kind, MARKED, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// The stages of an assistant message: each goes through its records once.
const BETWEEN: u8 = 0;
const TEXT: u8 = 1;
const REASONING: u8 = 2;
const CALLS: u8 = 3;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    pieces!(out: r#"{"model":""#, Piece::Escaped(context.config.model()), r#"""#);
    let max_output_tokens = context.config.limits().max_output_tokens;
    if max_output_tokens > 0 {
        let key = context.config.output_limit_key().name();
        pieces!(out: r#",""#, key, r#"":"#, Piece::Number(max_output_tokens));
    }
    pieces!(out: r#","stream":true,"stream_options":{"include_usage":true}"#);
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    let Some(tool) = context.config.tool(index) else { return };
    pieces!(out:
        if index == 0 { r#","tools":["# } else { "," },
        r#"{"type":"function","function":{"name":""#, Piece::Escaped(tool.name),
        r#"","description":""#, Piece::Escaped(tool.description),
        r#"","parameters":"#, tool.parameters, "}}"
    );
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if context.config.tool(0).is_some() {
        pieces!(out: "]");
    }
    pieces!(out: r#","messages":["#);
    if !context.config.system().is_empty() {
        pieces!(out: r#"{"role":"system","content":""#, Piece::Escaped(context.config.system()), r#""}"#);
    }
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    match at.stage {
        BETWEEN => {
            let Some(record) = Record::at(context.bytes, at.offset) else { return false };
            if at.messages || !context.config.system().is_empty() {
                pieces!(out: ",");
            }
            at.messages = true;
            match record.header.kind {
                Kind::User => {
                    at.offset = record.end();
                    let role = if record.is_instruction() { "system" } else { "user" };
                    pieces!(out: r#"{"role":""#, role, r#"","content":""#, Piece::Escaped(record.text()), r#""}"#);
                }
                Kind::Result => {
                    at.offset = record.end();
                    let call = at.call_of(context.bytes, &record);
                    let [id, place] = call.map_or(["".into(); 2], |call| call_id(&call));
                    pieces!(out:
                        r#"{"role":"tool","tool_call_id":""#, id, place,
                        r#"","content":""#, Piece::Escaped(record.text()), r#""}"#
                    );
                }
                Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
                    at.begin_reply();
                    at.stage = TEXT;
                    let mut parts = reply_parts(context.bytes, at.message);
                    // A message of calls alone has no content; any other needs some.
                    let is_silent = parts.clone().any(|part| part.is(Kind::Call))
                        && !parts.any(|part| part.is(Kind::Text));
                    let content = if is_silent { "null" } else { r#"""# };
                    at.comma = !is_silent;
                    pieces!(out: r#"{"role":"assistant","content":"#, content);
                }
            }
        }
        TEXT => {
            if let Some(record) = at.next_part(context.bytes, |record| record.is(Kind::Text)) {
                pieces!(out: Piece::Escaped(record.text()));
            } else {
                if at.comma {
                    pieces!(out: r#"""#);
                }
                at.restart(REASONING);
            }
        }
        REASONING => {
            let field = reasoning_field(context.bytes, at.message);
            let is_part = |record: &Record<'_>| field.is_some() && is_reasoning(record);
            if let Some(record) = at.next_part(context.bytes, is_part) {
                if !at.comma {
                    pieces!(out: ",\"", field.unwrap_or_default(), "\":\"");
                }
                at.comma = true;
                pieces!(out: Piece::Escaped(record.text()));
            } else {
                if at.comma {
                    pieces!(out: r#"""#);
                }
                at.restart(CALLS);
            }
        }
        _ => {
            if let Some(record) = at.next_part(context.bytes, |record| record.is(Kind::Call)) {
                let (_, name, arguments) = record.call();
                let [id, place] = call_id(&record);
                pieces!(out:
                    if at.comma { "," } else { r#","tool_calls":["# },
                    r#"{"id":""#, id, place,
                    r#"","type":"function","function":{"name":""#, Piece::Escaped(name),
                    r#"","arguments":""#,
                    Piece::Escaped(if arguments.is_empty() { "{}" } else { arguments }),
                    r#""}}"#
                );
                at.comma = true;
            } else {
                pieces!(out: if at.comma { "]}" } else { "}" });
                at.stage = BETWEEN;
            }
        }
    }
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    pieces!(out: "]}");
}

/// The field in which the reasoning of this message goes back, if it does: servers that ask
/// for it want it beside tool calls, and others refuse it elsewhere. What was not kept whole
/// is not sent.
fn reasoning_field(bytes: &[u8], message: usize) -> Option<&'static str> {
    let mut parts = reply_parts(bytes, message);
    if !parts.clone().any(|part| part.is(Kind::Call)) {
        return None;
    }
    let part = parts.find(is_reasoning)?;
    match part.header.info {
        [REASONING_CONTENT_FIELD, ..] => Some("reasoning_content"),
        [REASONING_FIELD, ..] => Some("reasoning"),
        _ => None,
    }
}

fn is_reasoning(record: &Record<'_>) -> bool {
    record.is(Kind::Thinking) && !record.header.has(MARKED)
}
