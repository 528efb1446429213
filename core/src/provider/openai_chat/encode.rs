//! The body of a chat completion request.

use super::{REASONING_CONTENT_FIELD, REASONING_FIELD};
use crate::provider::Context;
use crate::provider::dialect::{Cursor, about, about_tool};
use crate::transcript::record::{Kind, MARKED, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// The stages of an assistant message: each goes through its records once.
const BETWEEN: u8 = 0;
const TEXT: u8 = 1;
const REASONING: u8 = 2;
const CALLS: u8 = 3;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = context.config.model();
    out.fill(r#"{"model":"%t""#);
    let max_output_tokens = context.reply_tokens;
    if max_output_tokens > 0 {
        let key = context.config.output_limit_key().name();
        pieces!(out: r#",""#, key, r#"":"#, Piece::Number(max_output_tokens));
    }
    out.fill(r#","stream":true,"stream_options":{"include_usage":true}"#);
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    about_tool(context, index, out);
    out.fill(if index == 0 { r#","tools":["# } else { "," });
    out.fill(r#"{"type":"function","function":{"name":"%n","description":"%t","parameters":%o}}"#);
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if context.config.tool(0).is_some() {
        out.fill("]");
    }
    out.fill(r#","messages":["#);
    out.blanks.text = context.config.system();
    if !out.blanks.text.is_empty() {
        out.fill(r#"{"role":"system","content":"%t"}"#);
    }
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let bytes = context.bytes;
    match at.stage {
        BETWEEN => {
            let Some(record) = Record::at(bytes, at.offset) else { return false };
            let was_joined = core::mem::take(&mut at.is_joined);
            if !was_joined && (at.messages || !context.config.system().is_empty()) {
                out.fill(",");
            }
            at.messages = true;
            if record.is_reply() {
                at.begin_reply();
                at.stage = TEXT;
                // A message of calls alone has no content; any other needs some.
                let is_silent =
                    has(bytes, at.message, Kind::Call) && !has(bytes, at.message, Kind::Text);
                at.comma = !is_silent;
                out.fill(r#"{"role":"assistant","content":"#);
                out.fill(if is_silent { "null" } else { r#"""# });
                return true;
            }
            at.offset = record.end();
            at.about_result(bytes, &record, out);
            at.is_joined = at.joins(bytes, &record);
            out.fill(match record.header.kind() {
                _ if was_joined => r"\n\n%t",
                Kind::User if record.is_instruction() => r#"{"role":"system","content":"%t"#,
                Kind::User => r#"{"role":"user","content":"%t"#,
                _ => r#"{"role":"tool","tool_call_id":"%i","content":"%t"#,
            });
            out.fill(if at.is_joined { "" } else { r#""}"# });
        }
        TEXT => next_text(at, bytes, Kind::Text, REASONING, out),
        REASONING => match reasoning_field(bytes, at.message) {
            _ if at.comma => next_text(at, bytes, Kind::Thinking, CALLS, out),
            None => at.restart(CALLS),
            Some(field) => {
                pieces!(out: ",\"", field, "\":\"");
                at.comma = true;
            }
        },
        _ => {
            if let Some(call) = at.next_of(bytes, Kind::Call.bit()) {
                about(&call, out);
                out.fill(if at.comma { "," } else { r#","tool_calls":["# });
                out.fill(
                    r#"{"id":"%i","type":"function","function":{"name":"%n","arguments":"%a"}}"#,
                );
                at.comma = true;
            } else {
                out.fill(if at.comma { "]}" } else { "}" });
                at.stage = BETWEEN;
            }
        }
    }
    true
}

/// The next part of this kind that was kept whole, and behind the last of them the end of the
/// string, if one was begun.
fn next_text<'a>(
    at: &mut Cursor,
    bytes: &'a [u8],
    kind: Kind,
    next_stage: u8,
    out: &mut Pieces<'a>,
) {
    match at.next_of(bytes, kind.bit()) {
        Some(part) if kind == Kind::Text || !part.header.has(MARKED) => {
            about(&part, out);
            out.fill("%t");
        }
        Some(_) => {}
        None => {
            out.fill(if at.comma { r#"""# } else { "" });
            at.restart(next_stage);
        }
    }
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("]}");
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
