//! The body of a messages request.
//!
//! Caching: one mark is after the system prompt (or the last tool), which never moves,
//! and the request asks for automatic caching of the rest, so that no message ever changes because
//! a mark moved. Only Anthropic itself supports that field: Bedrock, Vertex and the gateways in
//! front of them refuse it, and servers of other models cache by themselves.

use super::{REDACTED, SIGNATURE, THINKING_FIELD};
use crate::message::Dialect;
use crate::provider::codec::{Cursor, about, about_tool, user_tags};
use crate::provider::model::is_claude;
use crate::provider::options;
use crate::provider::{Context, attach};
use crate::transcript::log::MAGIC;
use crate::transcript::record::{FIRST, Kind, MARKED, Record, Records};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::is_blank;

/// No message is open.
const BETWEEN: u8 = 0;
/// A message of the model is open.
const REPLY: u8 = 1;
/// A message of results is open.
const RESULTS: u8 = 2;
/// The attachments of a user's text are written, or those of a result.
const USER_PARTS: u8 = 3;
const RESULT_PARTS: u8 = 4;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let max_tokens = context.reply_tokens;
    out.blanks.text = context.config.model();
    out.fill(r#"{"model":"%t","max_tokens":"#);
    pieces!(out: Piece::Number(max_tokens));
    out.fill(if context.profile.streams() { r#","stream":true"# } else { r#","stream":false"# });
    if context.profile.caches_all(context.config.model()) {
        mark(context, out);
    }
}

/// Ends what the provider keeps in its cache.
fn mark<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if !context.profile.has_cache_marks() {
        return;
    }
    let ttl = options::cache_ttl(context.config);
    pieces!(out: r#","cache_control":{"type":"ephemeral""#, ttl, "}");
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    let is_last = !about_tool(context, index + 1, out);
    about_tool(context, index, out);
    out.fill(if index == 0 { r#","tools":["# } else { "," });
    out.fill(r#"{"name":"%n","description":"%t","input_schema":%o"#);
    if is_last && context.config.system().is_empty() {
        mark(context, out);
    }
    out.fill(if is_last { "}]" } else { "}" });
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = context.config.system();
    if !out.blanks.text.is_empty() {
        out.fill(r#","system":[{"type":"text","text":"%t""#);
        mark(context, out);
        out.fill("}]");
    }
    let mut calls = Records::from(context.bytes, MAGIC.len());
    if context.config.tool(0).is_none()
        && let Some(call) = calls.find(|record| record.is(Kind::Call))
    {
        // Calls in a conversation without tools are refused, so a placeholder list of tools is sent.
        about(context, &call, out);
        out.fill(r#","tools":[{"name":"%c","input_schema":{"type":"object"}"#);
        if context.config.system().is_empty() {
            mark(context, out);
        }
        out.fill(r#"}],"tool_choice":{"type":"none"}"#);
    }
    out.fill(r#","messages":["#);
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let record = Record::at(context.bytes, at.offset);
    if attach::ENABLED && at.stage >= USER_PARTS {
        return attached(context, at, record, out);
    }
    let goes_on = record.is_some_and(|record| match at.stage {
        REPLY => record.is_reply() && !record.header.has(FIRST),
        RESULTS => record.is(Kind::Result),
        _ => true,
    });
    if !goes_on && at.stage != BETWEEN {
        // A message that had nothing to send was never begun.
        if at.comma {
            out.fill("]}");
        }
        (at.stage, at.comma) = (BETWEEN, false);
        return true;
    }
    let Some(record) = record else { return false };
    if record.is_reply() && at.stage == BETWEEN {
        at.begin_reply();
    }
    match record.header.kind() {
        Kind::User => {
            begin(at, USER, out);
            if attach::follows(context.bytes, record.end()) {
                (at.stage, at.message, at.is_joined) = (USER_PARTS, record.offset, false);
            } else {
                text(&record, out);
                pieces!(out: "]}");
                (at.stage, at.comma) = (BETWEEN, false);
            }
        }
        Kind::Result => {
            at.stage = RESULTS;
            at.about_result(context, &record, out);
            begin(at, USER, out);
            if attach::follows(context.bytes, record.end()) {
                out.fill(r#"{"type":"tool_result","tool_use_id":"%i","content":["#);
                at.is_joined = attach::text(context, record.text(), out);
                out.fill(if at.is_joined { r#"%t"}"# } else { "" });
                at.stage = RESULT_PARTS;
            } else {
                out.fill(r#"{"type":"tool_result","tool_use_id":"%i","content":"%t""#);
                end_result(&record, out);
            }
        }
        Kind::Attachment => {}
        Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
            at.stage = REPLY;
            if let Some(form) = block(context, at, &record, out) {
                begin(at, ASSISTANT, out);
                out.fill(form);
            }
        }
    }
    at.previous = if matches!(at.stage, REPLY | RESULT_PARTS) { record.offset } else { 0 };
    at.offset = record.end();
    true
}

/// Writes the next attachment of a user's text or a result, and after the last the end of what it
/// belongs to. Images precede the text, as Anthropic recommends.
fn attached<'a>(
    context: &Context<'a>,
    at: &mut Cursor,
    record: Option<Record<'a>>,
    out: &mut Pieces<'a>,
) -> bool {
    if let Some(part) = record.filter(|record| record.is(Kind::Attachment)) {
        out.fill(if at.is_joined { "," } else { "" });
        at.is_joined = true;
        attach::part(context, &part, out);
        at.offset = part.end();
        return true;
    }
    at.is_joined = false;
    if at.stage == USER_PARTS {
        let said = Record::at(context.bytes, at.message);
        if let Some(said) = said.filter(|said| !is_blank(said.text())) {
            out.fill(",");
            text(&said, out);
        }
        out.fill("]}");
        (at.stage, at.comma) = (BETWEEN, false);
    } else {
        out.fill("]");
        if let Some(result) = Record::at(context.bytes, at.previous) {
            end_result(&result, out);
        }
        (at.stage, at.previous) = (RESULTS, 0);
    }
    true
}

/// A block of a user's text.
fn text<'a>(record: &Record<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = record.text();
    let [before, after] = user_tags(record);
    pieces!(out: r#"{"type":"text","text":""#, before);
    out.fill("%t");
    pieces!(out: after, r#""}"#);
}

fn end_result(record: &Record<'_>, out: &mut Pieces<'_>) {
    out.fill(if record.header.has(MARKED) { r#","is_error":true}"# } else { "}" });
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("]}");
}

/// The form of one block of a reply, its blanks filled, unless the provider would refuse it.
fn block<'a>(
    context: &Context<'a>,
    at: &mut Cursor,
    record: &Record<'a>,
    out: &mut Pieces<'a>,
) -> Option<&'static str> {
    about(context, record, out);
    match (record.header.kind(), record.header.info) {
        (Kind::Thinking | Kind::Opaque, _) if context.profile.hides_reasoning() => None,
        // Blocks without a visible character are refused.
        (Kind::Text, _) if !is_blank(record.text()) => Some(r#"{"type":"text","text":"%t"}"#),
        // Anthropic itself signs all thinking, and refuses unsigned thinking; the servers of other
        // models sign nothing or only some, and want it back.
        (Kind::Thinking, [THINKING_FIELD, ..])
            if !record.header.has(MARKED)
                && !is_signed(context.bytes, record)
                && !is_claude(context.config.model()) =>
        {
            Some(r#"{"type":"thinking","thinking":"%t","signature":""}"#)
        }
        (Kind::Call, _) => Some(r#"{"type":"tool_use","id":"%i","name":"%c","input":%o}"#),
        (Kind::Opaque, [OURS, REDACTED, _]) => Some(r#"{"type":"redacted_thinking","data":"%t"}"#),
        (Kind::Opaque, [OURS, SIGNATURE, _]) => {
            // Thinking goes back with its signature, and only if complete.
            let before = Record::at(context.bytes, at.previous);
            let before = before.filter(|before| before.is(Kind::Thinking));
            if before.is_some_and(|thinking| thinking.header.has(MARKED)) {
                return None;
            }
            out.blanks.name = before.map_or("", |thinking| thinking.text());
            Some(r#"{"type":"thinking","thinking":"%n","signature":"%t"}"#)
        }
        _ => None,
    }
}

/// Whether the signature of this thinking follows it.
fn is_signed(bytes: &[u8], thinking: &Record<'_>) -> bool {
    let after = Record::at(bytes, thinking.end());
    after.is_some_and(|it| it.is(Kind::Opaque) && it.header.info.starts_with(&[OURS, SIGNATURE]))
}

/// Begins a block, and its message if none is open.
fn begin(at: &mut Cursor, [first, other]: [&'static str; 2], out: &mut Pieces<'_>) {
    let message = if at.messages { other } else { first };
    out.fill(if at.comma { "," } else { message });
    (at.comma, at.messages) = (true, true);
}

/// How a message begins: the first of all, and the others.
const USER: [&str; 2] = [r#"{"role":"user","content":["#, r#",{"role":"user","content":["#];
const ASSISTANT: [&str; 2] =
    [r#"{"role":"assistant","content":["#, r#",{"role":"assistant","content":["#];

const OURS: u8 = Dialect::Anthropic as u8;
