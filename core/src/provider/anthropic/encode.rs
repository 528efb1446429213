//! The body of a messages request.
//!
//! Caching: one mark stands behind the system prompt (or the last tool), which never moves,
//! and the request asks for automatic caching of the rest, so that no message ever changes
//! because a mark moved on.

use super::{REDACTED, SIGNATURE};
use crate::message::Provider;
use crate::provider::Context;
use crate::provider::dialect::{Cursor, call_id, user_tags};
use crate::transcript::record::{FIRST, Kind, MARKED, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// No message is open.
const BETWEEN: u8 = 0;
/// A message of the model is open.
const REPLY: u8 = 1;
/// A message of results is open.
const RESULTS: u8 = 2;

const MARK: &str = r#","cache_control":{"type":"ephemeral"}"#;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let max_tokens = context.config.limits().reply_tokens(Provider::Anthropic);
    pieces!(out:
        r#"{"model":""#, Piece::Escaped(context.config.model()),
        r#"","max_tokens":"#, Piece::Number(max_tokens), r#","stream":true"#, MARK
    );
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    let Some(tool) = context.config.tool(index) else { return };
    let is_last = context.config.tool(index + 1).is_none();
    let mark = if is_last && context.config.system().is_empty() { MARK } else { "" };
    pieces!(out:
        if index == 0 { r#","tools":["# } else { "," },
        r#"{"name":""#, Piece::Escaped(tool.name),
        r#"","description":""#, Piece::Escaped(tool.description),
        r#"","input_schema":"#, tool.parameters, mark, "}",
        if is_last { "]" } else { "" }
    );
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let system = context.config.system();
    if !system.is_empty() {
        pieces!(out:
            r#","system":[{"type":"text","text":""#, Piece::Escaped(system), r#"""#, MARK, "}]"
        );
    }
    pieces!(out: r#","messages":["#);
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let record = Record::at(context.bytes, at.offset);
    let goes_on = record.is_some_and(|record| match at.stage {
        REPLY => record.is_reply() && !record.header.has(FIRST),
        RESULTS => record.is(Kind::Result),
        _ => true,
    });
    if !goes_on && at.stage != BETWEEN {
        // A message that had nothing to send was never begun.
        if at.comma {
            pieces!(out: "]}");
        }
        (at.stage, at.comma) = (BETWEEN, false);
        return true;
    }
    let Some(record) = record else { return false };
    if record.is_reply() && at.stage == BETWEEN {
        at.begin_reply();
    }
    match record.header.kind {
        Kind::User => {
            begin(at, "user", out);
            let [before, behind] = user_tags(&record);
            pieces!(out:
                r#"{"type":"text","text":""#, before, Piece::Escaped(record.text()), behind,
                r#""}]}"#
            );
            (at.stage, at.comma) = (BETWEEN, false);
        }
        Kind::Result => {
            at.stage = RESULTS;
            let call = at.call_of(context.bytes, &record);
            let [id, place] = call.map_or(["".into(); 2], |call| call_id(&call));
            begin(at, "user", out);
            pieces!(out:
                r#"{"type":"tool_result","tool_use_id":""#, id, place,
                r#"","content":""#, Piece::Escaped(record.text()),
                if record.header.has(MARKED) { r#"","is_error":true}"# } else { r#""}"# }
            );
        }
        Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
            at.stage = REPLY;
            block(context, at, &record, out);
        }
    }
    at.previous = if at.stage == REPLY { record.offset } else { 0 };
    at.offset = record.end();
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    pieces!(out: "]}");
}

/// One block of a reply, unless the provider would refuse it.
fn block<'a>(context: &Context<'a>, at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    match record.header.kind {
        // Blocks without a visible character are refused.
        Kind::Text if !record.text().trim().is_empty() => {
            begin(at, "assistant", out);
            pieces!(out: r#"{"type":"text","text":""#, Piece::Escaped(record.text()), r#""}"#);
        }
        Kind::Call => {
            let (_, name, arguments) = record.call();
            let [id, place] = call_id(record);
            begin(at, "assistant", out);
            pieces!(out:
                r#"{"type":"tool_use","id":""#, id, place,
                r#"","name":""#, Piece::Escaped(name), r#"","input":"#
            );
            if record.header.has(MARKED) {
                // Only an object may stand here; the result told the model what was wrong.
                pieces!(out: r#"{"malformed":""#, Piece::Escaped(arguments), r#""}}"#);
            } else {
                pieces!(out: if arguments.is_empty() { "{}" } else { arguments }, "}");
            }
        }
        Kind::Opaque => match record.header.info {
            [provider, REDACTED, _] if provider == Provider::Anthropic as u8 => {
                begin(at, "assistant", out);
                pieces!(out: r#"{"type":"redacted_thinking","data":""#, Piece::Escaped(record.text()), r#""}"#);
            }
            [provider, SIGNATURE, _] if provider == Provider::Anthropic as u8 => {
                // Thinking goes back with its signature, and only whole.
                let before = Record::at(context.bytes, at.previous);
                let before = before.filter(|before| before.is(Kind::Thinking));
                if before.is_some_and(|thinking| thinking.header.has(MARKED)) {
                    return;
                }
                begin(at, "assistant", out);
                pieces!(out:
                    r#"{"type":"thinking","thinking":""#,
                    Piece::Escaped(before.map_or("", |thinking| thinking.text())),
                    r#"","signature":""#, Piece::Escaped(record.text()), r#""}"#
                );
            }
            _ => {}
        },
        Kind::Text | Kind::Thinking | Kind::User | Kind::Result => {}
    }
}

/// Begins a block, and its message when none is open.
fn begin<'a>(at: &mut Cursor, role: &'static str, out: &mut Pieces<'a>) {
    if at.comma {
        pieces!(out: ",");
    } else {
        let message = if at.messages { r#",{"role":""# } else { r#"{"role":""# };
        pieces!(out: message, role, r#"","content":["#);
    }
    (at.comma, at.messages) = (true, true);
}
