//! The body of a request for a response.
//!
//! Reasoning goes back as an item of its own, with the summary that came before its encrypted
//! form. The server refuses an item of reasoning that nothing follows, so such a one is left
//! out.

use super::{CONTENT_FIELD, ENCRYPTED, PHASE, SUMMARY_FIELD};
use crate::message::Provider;
use crate::provider::Context;
use crate::provider::dialect::{Cursor, call_id, reply_parts};
use crate::transcript::record::{Kind, MARKED, REFUSAL, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// No item is open.
const BETWEEN: u8 = 0;
/// An item of reasoning is open.
const REASONING: u8 = 1;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let model = context.config.model();
    pieces!(out: r#"{"model":""#, Piece::Escaped(model), r#"","stream":true,"store":false"#);
    if may_reason(model) {
        pieces!(out: r#","include":["reasoning.encrypted_content"]"#);
    }
    let max_output_tokens = context.config.limits().max_output_tokens;
    if max_output_tokens > 0 {
        pieces!(out: r#","max_output_tokens":"#, Piece::Number(max_output_tokens));
    }
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    let Some(tool) = context.config.tool(index) else { return };
    // Without the word the server rewrites the schema to its strict form.
    pieces!(out:
        if index == 0 { r#","tools":["# } else { "," },
        r#"{"type":"function","name":""#, Piece::Escaped(tool.name),
        r#"","description":""#, Piece::Escaped(tool.description),
        r#"","parameters":"#, tool.parameters, r#","strict":false}"#
    );
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if context.config.tool(0).is_some() {
        pieces!(out: "]");
    }
    let system = context.config.system();
    if !system.is_empty() {
        pieces!(out: r#","instructions":""#, Piece::Escaped(system), r#"""#);
    }
    pieces!(out: r#","input":["#);
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let bytes = context.bytes;
    let Some(record) = Record::at(bytes, at.offset) else { return false };
    at.offset = record.end();
    match record.header.kind {
        Kind::User => {
            let role = if record.is_instruction() { "developer" } else { "user" };
            begin(at, r#"{"type":"message","role":""#, out);
            pieces!(out: role, r#"","content":[{"type":"input_text","text":""#);
            pieces!(out: Piece::Escaped(record.text()), r#""}]}"#);
        }
        Kind::Result => {
            let call = at.call_of(bytes, &record);
            let [id, place] = call.map_or(["".into(); 2], |call| call_id(&call));
            begin(at, r#"{"type":"function_call_output","call_id":""#, out);
            pieces!(out: id, place, r#"","output":""#, Piece::Escaped(record.text()), r#""}"#);
        }
        kind => {
            if record.header.has(crate::transcript::record::FIRST) {
                at.offset = record.offset;
                at.begin_reply();
                at.offset = record.end();
            }
            match kind {
                Kind::Text => text(bytes, at, &record, out),
                Kind::Call => {
                    let (_, name, arguments) = record.call();
                    let [id, place] = call_id(&record);
                    begin(at, r#"{"type":"function_call","call_id":""#, out);
                    pieces!(out:
                        id, place, r#"","name":""#, Piece::Escaped(name), r#"","arguments":""#,
                        Piece::Escaped(if arguments.is_empty() { "{}" } else { arguments }),
                        r#""}"#
                    );
                }
                _ => reasoning(bytes, at, &record, out),
            }
        }
    }
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    pieces!(out: "]}");
}

/// A message of the model, with the phase that came behind it.
fn text<'a>(bytes: &'a [u8], at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    begin(at, r#"{"type":"message","role":"assistant""#, out);
    let behind = Record::at(bytes, record.end()).filter(|behind| is_ours(behind, PHASE));
    if let Some(phase) = behind {
        pieces!(out: r#","phase":""#, Piece::Escaped(phase.text()), r#"""#);
    }
    let refuses = record.header.info.starts_with(&[REFUSAL]);
    pieces!(out:
        if refuses {
            r#","content":[{"type":"refusal","refusal":""#
        } else {
            r#","content":[{"type":"output_text","text":""#
        },
        Piece::Escaped(record.text()), r#""}]}"#
    );
}

/// A piece of an item of reasoning.
fn reasoning<'a>(bytes: &'a [u8], at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    let [field, ..] = record.header.info;
    let has_more = |wanted: fn(&Record<'_>) -> bool| {
        let mut parts = reply_parts(bytes, record.offset).skip(1);
        parts.any(|part| wanted(&part))
    };
    let is_answer = |part: &Record<'_>| part.is(Kind::Text) || part.is(Kind::Call);
    let is_cut = record.is(Kind::Thinking) && record.header.has(MARKED);
    if is_cut || !has_more(is_answer) {
        return;
    }
    if is_ours(record, ENCRYPTED) {
        if at.stage == BETWEEN {
            begin(at, r#"{"type":"reasoning","summary":["#, out);
        }
        at.stage = BETWEEN;
        pieces!(out: r#"],"encrypted_content":""#, Piece::Escaped(record.text()), r#""}"#);
    } else if record.is(Kind::Thinking) && field == SUMMARY_FIELD && is_sealed(bytes, record) {
        if at.stage == BETWEEN {
            begin(at, r#"{"type":"reasoning","summary":["#, out);
        } else {
            pieces!(out: ",");
        }
        at.stage = REASONING;
        pieces!(out: r#"{"type":"summary_text","text":""#, Piece::Escaped(record.text()), r#""}"#);
    } else if record.is(Kind::Thinking) && field == CONTENT_FIELD && !is_sealed(bytes, record) {
        // A server that shows the reasoning itself has no other form of it.
        begin(
            at,
            r#"{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":""#,
            out,
        );
        pieces!(out: Piece::Escaped(record.text()), r#""}]}"#);
    }
}

/// Whether the reasoning ends with its encrypted form, an answer behind it.
fn is_sealed(bytes: &[u8], record: &Record<'_>) -> bool {
    let mut parts = reply_parts(bytes, record.offset).skip_while(|part| part.is(Kind::Thinking));
    parts.next().is_some_and(|seal| is_ours(&seal, ENCRYPTED))
        && parts.any(|part| part.is(Kind::Text) || part.is(Kind::Call))
}

fn is_ours(record: &Record<'_>, variety: u8) -> bool {
    let wanted = [Provider::OpenAiResponses as u8, variety];
    record.is(Kind::Opaque) && record.header.info.starts_with(&wanted)
}

/// Begins an item.
fn begin<'a>(at: &mut Cursor, opening: &'static str, out: &mut Pieces<'a>) {
    pieces!(out: if at.messages { "," } else { "" }, opening);
    at.messages = true;
}

/// Whether the server takes the request for encrypted reasoning: OpenAI refuses it for the
/// models that came before its reasoning ones. Their number does not grow.
fn may_reason(model: &str) -> bool {
    let vendor = model.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
    let name = model.get(vendor..).unwrap_or_default();
    !["gpt-3", "gpt-4", "chatgpt-", "gpt-5-chat"].iter().any(|old| name.starts_with(old))
}
