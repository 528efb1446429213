//! The body of a request for a response.
//!
//! Reasoning goes back as a separate item, with the summary that preceded its encrypted form. The
//! server refuses a reasoning item without a following item, so such an item is left out.

use super::{CONTENT_FIELD, ENCRYPTED, ITEM_ID, PHASE, SUMMARY_FIELD};
use crate::message::Dialect;
use crate::provider::codec::{Cursor, about_tool, user_tags};
use crate::provider::{Context, attach};
use crate::transcript::record::{FIRST, Kind, MARKED, PARTS, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// No item is open.
const BETWEEN: u8 = 0;
/// An item of reasoning is open.
const REASONING: u8 = 1;
/// The parts of a user's text or a result are written.
const ATTACHED: u8 = 2;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = context.config.model();
    out.fill(r#"{"model":"%t","stream":"#);
    out.fill(if context.profile.streams() { "true" } else { "false" });
    out.fill(r#","store":false"#);
    if context.profile.includes(may_reason(out.blanks.text)) {
        out.fill(r#","include":["reasoning.encrypted_content"]"#);
    }
    let max_output_tokens = context.reply_tokens;
    if max_output_tokens > 0 {
        pieces!(out: r#","max_output_tokens":"#, Piece::Number(max_output_tokens));
    }
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    about_tool(context, index, out);
    out.fill(if index == 0 { r#","tools":["# } else { "," });
    // Without the word the server rewrites the schema to its strict form.
    out.fill(r#"{"type":"function","name":"%n","description":"%t","parameters":%o,"strict":"#);
    out.fill(if context.profile.is_strict(out.blanks.arguments) { "true}" } else { "false}" });
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if context.config.tool(0).is_some() {
        out.fill("]");
    }
    out.blanks.text = context.config.system();
    if !out.blanks.text.is_empty() {
        out.fill(r#","instructions":"%t""#);
    }
    out.fill(r#","input":["#);
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let bytes = context.bytes;
    let record = Record::at(bytes, at.offset);
    if attach::ENABLED && at.stage == ATTACHED {
        match record.filter(|record| record.is(Kind::Attachment)) {
            Some(part) => {
                out.fill(if at.comma { "," } else { "" });
                at.comma = true;
                attach::part(context, &part, out);
                at.offset = part.end();
            }
            None => {
                out.fill("]}");
                (at.stage, at.comma) = (BETWEEN, false);
            }
        }
        return true;
    }
    let Some(record) = record else { return false };
    if record.is_reply() && record.header.has(FIRST) {
        at.begin_reply();
    }
    at.offset = record.end();
    at.about_result(context, &record, out);
    match record.header.kind() {
        Kind::User => {
            begin(at, r#"{"type":"message","role":""#, out);
            let role = context.profile.own_role(&record, Dialect::OpenAiResponses);
            let [before, after] = if role.is_none() { user_tags(&record) } else { [""; 2] };
            out.blanks.name = role.unwrap_or("user");
            out.fill("%n");
            out.fill(r#"","content":["#);
            let has_parts = attach::follows(bytes, at.offset);
            if has_parts {
                (at.stage, at.comma) = (ATTACHED, attach::text(context, record.text(), out));
            } else {
                out.fill(r#"{"type":"input_text","text":""#);
            }
            let has_text = !has_parts || at.comma;
            pieces!(out: before);
            out.fill(if has_text { "%t" } else { "" });
            pieces!(out: after, if has_text { r#""}"# } else { "" });
            out.fill(if has_parts { "" } else { "]}" });
        }
        Kind::Attachment => {}
        Kind::Result if attach::follows(bytes, at.offset) => {
            begin(at, r#"{"type":"function_call_output","call_id":"%i","output":["#, out);
            (at.stage, at.comma) = (ATTACHED, attach::text(context, record.text(), out));
            out.fill(if at.comma { r#"%t"}"# } else { "" });
        }
        Kind::Result => {
            begin(at, r#"{"type":"function_call_output","call_id":"%i","output":"%t"}"#, out);
        }
        Kind::Text => text(bytes, at, &record, out),
        Kind::Call => begin(
            at,
            r#"{"type":"function_call","call_id":"%i","name":"%c","arguments":"%a"}"#,
            out,
        ),
        Kind::Thinking | Kind::Opaque if context.profile.hides_reasoning() => {}
        Kind::Thinking | Kind::Opaque => reasoning(bytes, at, &record, out),
    }
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("]}");
}

/// A message of the model, with the phase that followed it.
fn text<'a>(bytes: &'a [u8], at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    begin(at, r#"{"type":"message","role":"assistant""#, out);
    let after = Record::at(bytes, record.end()).filter(|after| is_ours(after, PHASE));
    if let Some(phase) = after {
        out.blanks.name = phase.text();
        out.fill(r#","phase":"%n""#);
    }
    // The easy form: the other one also requires an id and a status.
    out.fill(r#","content":"%t"}"#);
}

/// A piece of an item of reasoning.
fn reasoning<'a>(bytes: &'a [u8], at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    let [field, ..] = record.header.info;
    let is_cut = record.is(Kind::Thinking) && record.header.has(MARKED);
    if is_cut || !is_answered(bytes, record) {
        return;
    }
    if is_ours(record, ENCRYPTED) {
        if at.stage == BETWEEN {
            begin(at, r#"{"type":"reasoning","summary":["#, out);
        }
        at.stage = BETWEEN;
        out.fill(r#"],"encrypted_content":"%t""#);
        // A server may compare it with the one in the encrypted form. One that sent none compares
        // nothing, but may still require one.
        let id = Record::at(bytes, record.end()).filter(|after| is_ours(after, ITEM_ID));
        out.blanks.name = id.map_or("", |id| id.text());
        if id.is_some() {
            out.fill(r#","id":"%n"}"#);
        } else {
            pieces!(out: r#","id":"rs_"#, Piece::Id(record.offset as u32), r#""}"#);
        }
    } else if record.is(Kind::Thinking) && field == SUMMARY_FIELD && is_sealed(bytes, record) {
        if at.stage == BETWEEN {
            begin(at, r#"{"type":"reasoning","summary":["#, out);
        } else {
            out.fill(",");
        }
        at.stage = REASONING;
        out.fill(r#"{"type":"summary_text","text":"%t"}"#);
    } else if record.is(Kind::Thinking) && field == CONTENT_FIELD && !is_sealed(bytes, record) {
        // A server that shows the reasoning itself has no other form of it.
        // Its items need an id, of any kind.
        begin(at, r#"{"type":"reasoning","id":"rs_"#, out);
        pieces!(out: Piece::Id(record.offset as u32));
        out.fill(r#"","summary":[],"content":[{"type":"reasoning_text","text":"%t"}]}"#);
    }
}

/// Whether an answer follows this part of the reply.
fn is_answered(bytes: &[u8], record: &Record<'_>) -> bool {
    let answers = Kind::Text.bit() | Kind::Call.bit();
    Record::find_part(bytes, record.end(), record.offset, answers).is_some()
}

/// Whether the reasoning ends with its encrypted form, an answer after it.
fn is_sealed(bytes: &[u8], record: &Record<'_>) -> bool {
    let others = PARTS & !Kind::Thinking.bit();
    let seal = Record::find_part(bytes, record.offset, record.offset, others);
    seal.is_some_and(|seal| is_ours(&seal, ENCRYPTED) && is_answered(bytes, &seal))
}

fn is_ours(record: &Record<'_>, subtype: u8) -> bool {
    let wanted = [Dialect::OpenAiResponses as u8, subtype];
    record.is(Kind::Opaque) && record.header.info.starts_with(&wanted)
}

/// Begins an item.
fn begin<'a>(at: &mut Cursor, opening: &'static str, out: &mut Pieces<'a>) {
    out.fill(if at.messages { "," } else { "" });
    out.fill(opening);
    at.messages = true;
}

/// Whether the server accepts the request for encrypted reasoning: OpenAI refuses it for models
/// older than its reasoning ones. Their number does not grow.
fn may_reason(model: &str) -> bool {
    let vendor = model.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
    let name = model.get(vendor..).unwrap_or_default();
    !["gpt-3", "gpt-4", "chatgpt-", "gpt-5-chat"].iter().any(|old| name.starts_with(old))
}
