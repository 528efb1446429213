//! The body of a chat request.
//!
//! A result is known by the place of its call and by the tool's name, and by the id where the
//! server gave one: results are written in the order of the calls.

use super::THINKING_FIELD;
use crate::provider::Context;
use crate::provider::dialect::Cursor;
use crate::transcript::record::{Kind, MARKED, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// The stages of a message of the model: each goes through its records once.
const BETWEEN: u8 = 0;
const TEXT: u8 = 1;
const THINKING: u8 = 2;
const CALLS: u8 = 3;
/// Results are written.
const RESULTS: u8 = 4;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let limits = context.config.limits();
    pieces!(out: r#"{"model":""#, Piece::Escaped(context.config.model()), r#"","stream":true"#);
    let options =
        [(r#""num_ctx":"#, limits.context_tokens), (r#""num_predict":"#, limits.max_output_tokens)];
    let mut before = r#","options":{"#;
    for (name, number) in options.into_iter().filter(|(_, number)| *number > 0) {
        pieces!(out: before, name, Piece::Number(number));
        before = ",";
    }
    pieces!(out: if before == "," { "}" } else { "" });
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
    let system = context.config.system();
    if !system.is_empty() {
        pieces!(out: r#"{"role":"system","content":""#, Piece::Escaped(system), r#""}"#);
    }
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let bytes = context.bytes;
    match at.stage {
        BETWEEN => {
            let Some(record) = Record::at(bytes, at.offset) else { return false };
            match record.header.kind {
                Kind::User => {
                    at.offset = record.end();
                    begin(context, at, out);
                    let role = if record.is_instruction() { "system" } else { "user" };
                    pieces!(out: role, r#"","content":""#, Piece::Escaped(record.text()), r#""}"#);
                }
                Kind::Result => {
                    at.begin_results();
                    at.stage = RESULTS;
                }
                Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
                    at.begin_reply();
                    at.stage = TEXT;
                    begin(context, at, out);
                    pieces!(out: r#"assistant","content":""#);
                }
            }
        }
        TEXT => match at.next_part(bytes, |part| part.is(Kind::Text)) {
            Some(part) => pieces!(out: Piece::Escaped(part.text())),
            None => {
                pieces!(out: r#"""#);
                at.restart(THINKING);
            }
        },
        THINKING => {
            let part = at.next_part(bytes, |part| {
                let [field, ..] = part.header.info;
                part.is(Kind::Thinking) && field == THINKING_FIELD && !part.header.has(MARKED)
            });
            match part {
                Some(part) => {
                    let before = if at.comma { "" } else { r#","thinking":""# };
                    pieces!(out: before, Piece::Escaped(part.text()));
                    at.comma = true;
                }
                None => {
                    pieces!(out: if at.comma { r#"""# } else { "" });
                    at.restart(CALLS);
                }
            }
        }
        CALLS => match at.next_part(bytes, |part| part.is(Kind::Call)) {
            Some(call) => {
                let (id, name, arguments) = call.call();
                pieces!(out: if at.comma { "," } else { r#","tool_calls":["# });
                if id.is_empty() {
                    pieces!(out: "{");
                } else {
                    pieces!(out: r#"{"id":""#, Piece::Escaped(id), r#"","#);
                }
                pieces!(out: r#""function":{"name":""#, Piece::Escaped(name), r#"","arguments":"#);
                if call.header.has(MARKED) {
                    // Only an object may stand here; the result told the model what was wrong.
                    pieces!(out: r#"{"malformed":""#, Piece::Escaped(arguments), r#""}}}"#);
                } else {
                    pieces!(out: if arguments.is_empty() { "{}" } else { arguments }, "}}");
                }
                at.comma = true;
            }
            None => {
                pieces!(out: if at.comma { "]}" } else { "}" });
                at.stage = BETWEEN;
            }
        },
        _ => match at.next_result(bytes) {
            Some((call, result)) => {
                let (id, name, _) = call.call();
                begin(context, at, out);
                pieces!(out: r#"tool","tool_name":""#, Piece::Escaped(name));
                if !id.is_empty() {
                    pieces!(out: r#"","tool_call_id":""#, Piece::Escaped(id));
                }
                pieces!(out: r#"","content":""#, Piece::Escaped(result.text()), r#""}"#);
            }
            None => at.stage = BETWEEN,
        },
    }
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    pieces!(out: "]}");
}

/// Begins a message; its role follows.
fn begin<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let is_first = !at.messages && context.config.system().is_empty();
    at.messages = true;
    pieces!(out: if is_first { "" } else { "," }, r#"{"role":""#);
}
