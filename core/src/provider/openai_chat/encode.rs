//! The body of a chat completion request.

use super::{REASONING_CONTENT_FIELD, REASONING_FIELD};
use crate::provider::Context;
use crate::provider::dialect::{Cursor, call_id};
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
        pieces!(out: r#","max_tokens":"#, Piece::Number(max_output_tokens));
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
                    pieces!(out: r#"{"role":"user","content":""#, Piece::Escaped(record.text()), r#""}"#);
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
                    // A message of calls alone has no content; any other needs some.
                    let is_silent = has(context.bytes, at.message, Kind::Call)
                        && !has(context.bytes, at.message, Kind::Text);
                    let content = if is_silent { "null" } else { r#"""# };
                    at.comma = !is_silent;
                    pieces!(out: r#"{"role":"assistant","content":"#, content);
                }
            }
        }
        TEXT => {
            if let Some(record) = at.next_of(context.bytes, Kind::Text.bit()) {
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
            let record = at.next_of(context.bytes, Kind::Thinking.bit());
            if let (Some(record), Some(field)) = (record, field) {
                if record.header.has(MARKED) {
                    return true;
                }
                if !at.comma {
                    pieces!(out: ",\"", field, "\":\"");
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
            if let Some(record) = at.next_of(context.bytes, Kind::Call.bit()) {
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
    if !has(bytes, message, Kind::Call) {
        return None;
    }
    let mut part = Record::find_part(bytes, message, message, Kind::Thinking.bit())?;
    while part.header.has(MARKED) {
        part = Record::find_part(bytes, part.end(), message, Kind::Thinking.bit())?;
    }
    match part.header.info {
        [REASONING_CONTENT_FIELD, ..] => Some("reasoning_content"),
        [REASONING_FIELD, ..] => Some("reasoning"),
        _ => None,
    }
}

fn has(bytes: &[u8], message: usize, kind: Kind) -> bool {
    Record::find_part(bytes, message, message, kind.bit()).is_some()
}
