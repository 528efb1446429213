//! The part of a request that describes tools in text. It is the same for every dialect, apart from
//! the JSON around a text.

use super::form::{
    BY_SCHEMA, BY_TAGS, CALL, CALL_SCHEMA, CALLS, FAILED_RESULT, LISTED_CALL, RESULT, SAY, SCHEMA,
    form,
};
use crate::provider::codec::{Cursor, reply_parts, user_tags};
use crate::provider::{Config, Context, ToolMode, attach};
use crate::transcript::record::{Kind, MARKED, Record};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::is_blank;

/// The position of the writer before the messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextModeCursor {
    part: TextModePart,
    /// The tool that is next.
    tool: u32,
    /// Bytes of its description that are written.
    at: u32,
}

#[derive(Clone, Copy, Debug)]
enum TextModePart {
    Schema,
    SchemaCalls,
    System,
    Tool,
    Description,
}

/// Where writing begins if the tools are described in text.
pub(crate) fn begin(config: &dyn Config) -> Option<TextModeCursor> {
    let part = match config.tool_mode() {
        ToolMode::Native | ToolMode::Lenient => return None,
        ToolMode::Text => TextModePart::System,
        ToolMode::Schema => TextModePart::Schema,
    };
    config.tool(0).map(|_| TextModeCursor { part, tool: 0, at: 0 })
}

/// Writes the next part before the messages; returns the part after it.
pub(crate) fn before_messages<'a>(
    context: &Context<'a>,
    place: TextModeCursor,
    out: &mut Pieces<'a>,
) -> Option<TextModeCursor> {
    let config = context.config;
    let form = form(config.dialect());
    let go = |part, tool| Some(TextModeCursor { part, tool, at: 0 });
    let tool = config.tool(place.tool as usize);
    match (place.part, tool) {
        (TextModePart::Schema, _) => {
            let [before, _] = form.schema;
            let [open, _] = SCHEMA;
            pieces!(out: before, open);
            go(TextModePart::SchemaCalls, 0)
        }
        (TextModePart::SchemaCalls, Some(tool)) => {
            let [before, between, after] = CALL_SCHEMA;
            // A schema without a word allows anything, and arguments are an object.
            let is_free = tool.parameters.trim() == "{}";
            pieces!(out:
                if place.tool == 0 { "" } else { "," }, before, Piece::Escaped(tool.name), between,
                if is_free { r#"{"type":"object"}"# } else { tool.parameters }, after
            );
            go(TextModePart::SchemaCalls, place.tool + 1)
        }
        (TextModePart::SchemaCalls, None) => {
            let [_, after] = form.schema;
            let [_, close] = SCHEMA;
            pieces!(out: close, after);
            go(TextModePart::System, 0)
        }
        (TextModePart::System, _) => {
            let [open, _] = form.system;
            let system = config.system();
            pieces!(out:
                open, Piece::Escaped(system), if system.is_empty() { "" } else { r"\n\n" },
                if config.tool_mode() == ToolMode::Schema { BY_SCHEMA } else { BY_TAGS }
            );
            go(TextModePart::Tool, 0)
        }
        (TextModePart::Tool, Some(tool)) => {
            pieces!(out:
                r#"{\"name\": \""#, Piece::Escaped(tool.name), r#"\", \"description\": \""#
            );
            go(TextModePart::Description, place.tool)
        }
        (TextModePart::Description, Some(tool)) => {
            let mut at = place.at as usize;
            if !twice(tool.description, &mut at, out) {
                return Some(TextModeCursor { at: at as u32, ..place });
            }
            pieces!(out: r#"\", \"parameters\": "#, Piece::Escaped(tool.parameters), r"}\n");
            go(TextModePart::Tool, place.tool + 1)
        }
        (TextModePart::Tool | TextModePart::Description, None) => {
            let [_, close] = form.system;
            pieces!(out: close);
            None
        }
    }
}

/// The stages of a message: each goes through its records once.
const BETWEEN: u8 = 0;
const IN_TEXT: u8 = 1;
const IN_CALLS: u8 = 2;
const IN_RESULTS: u8 = 3;
/// A line for each attachment of a user's text, or of a result: a message here is one text.
const USER_LINES: u8 = 4;
const RESULT_LINES: u8 = 5;

/// Writes the next piece of the messages; false if there is none.
pub(crate) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    let (config, bytes) = (context.config, context.bytes);
    let form = form(config.dialect());
    let is_object = config.tool_mode() == ToolMode::Schema;
    match at.stage {
        BETWEEN => {
            let Some(record) = Record::at(bytes, at.offset) else { return false };
            let opening = if record.is_reply() { form.model } else { form.user };
            if record.is_reply() {
                at.begin_reply();
                // A message of nothing that has words would be empty, and is refused.
                let mut parts = reply_parts(bytes, at.offset);
                if !parts.clone().any(|part| is_spoken(&part)) {
                    at.offset = parts.by_ref().last().map_or(record.end(), |last| last.end());
                    return true;
                }
                at.stage = IN_TEXT;
            } else if record.is(Kind::Result) {
                at.begin_results();
                (at.stage, at.comma) = (IN_RESULTS, false);
            }
            let comma = at.messages || form.system_is_message;
            pieces!(out: if comma { "," } else { "" }, opening);
            at.messages = true;
            if record.is(Kind::User) {
                at.offset = record.end();
                let [before, after] = user_tags(&record);
                pieces!(out: before, Piece::Escaped(record.text()), after);
                if attach::follows(bytes, at.offset) {
                    at.stage = USER_LINES;
                } else {
                    pieces!(out: form.end);
                }
            } else if record.is_reply() && is_object {
                pieces!(out: "{");
            }
        }
        IN_TEXT => text(bytes, at, is_object, out),
        IN_CALLS => match at.next_part(bytes, |part| part.is(Kind::Call)) {
            Some(part) => call(&part, at, is_object, out),
            None => {
                let [_, after] = CALLS;
                let has_list = is_object && at.previous != 0;
                pieces!(out: if has_list { after } else { "" }, if is_object { "}" } else { "" });
                pieces!(out: form.end);
                (at.stage, at.previous) = (BETWEEN, 0);
            }
        },
        USER_LINES | RESULT_LINES if attach::ENABLED => {
            let line = Record::at(bytes, at.offset).filter(|it| it.is(Kind::Attachment));
            if let Some(line) = line {
                at.offset = line.end();
                pieces!(out: r"\n");
                attach::line(&line, out);
            } else if at.stage == USER_LINES {
                pieces!(out: form.end);
                at.stage = BETWEEN;
            } else {
                at.stage = IN_RESULTS;
            }
        }
        _ => match at.next_result(context) {
            Some((call, result)) => {
                let failed = result.header.has(MARKED);
                let [before, between, after] = if failed { FAILED_RESULT } else { RESULT };
                pieces!(out:
                    if at.comma { r"\n" } else { "" }, before, Piece::Escaped(call.call().1),
                    between, Piece::Escaped(result.text()), after
                );
                at.comma = true;
                if attach::follows(bytes, at.offset) {
                    at.stage = RESULT_LINES;
                }
            }
            None => {
                pieces!(out: form.end);
                (at.stage, at.comma) = (BETWEEN, false);
            }
        },
    }
    true
}

/// Writes the next piece of a reply's text; `at.comma` tells whether there is any.
fn text<'a>(bytes: &'a [u8], at: &mut Cursor, is_object: bool, out: &mut Pieces<'a>) {
    let [open, close] = SAY;
    let mut after = *at;
    match after.next_part(bytes, |part| part.is(Kind::Text) && !part.payload.is_empty()) {
        Some(part) if is_object => {
            pieces!(out: if at.comma { "" } else { open });
            let mut written = at.previous;
            if twice(part.text(), &mut written, out) {
                (*at, written) = (after, 0);
            }
            (at.comma, at.previous) = (true, written);
        }
        Some(part) => {
            *at = after;
            pieces!(out: Piece::Escaped(part.text()));
            at.comma = true;
        }
        None => {
            let has_text = at.comma;
            pieces!(out: if is_object && has_text { close } else { "" });
            at.restart(IN_CALLS);
            at.comma = has_text;
        }
    }
}

/// Writes a call; `at.previous` tells whether it is not the first.
fn call<'a>(part: &Record<'a>, at: &mut Cursor, is_object: bool, out: &mut Pieces<'a>) {
    let (_, name, arguments) = part.call();
    let arguments = if arguments.is_empty() { "{}" } else { arguments };
    let [list, _] = CALLS;
    let [before, between, after] = if is_object { LISTED_CALL } else { CALL };
    let is_first = at.previous == 0;
    pieces!(out:
        match (at.comma, is_object) {
            (false, _) => "",
            (true, true) => ", ",
            // A call is on its own line.
            (true, false) => r"\n",
        },
        if is_object && is_first { list } else { "" },
        before, Piece::Escaped(name), between, Piece::Escaped(arguments), after
    );
    (at.comma, at.previous) = (true, part.offset);
}

fn is_spoken(part: &Record<'_>) -> bool {
    part.is(Kind::Call) || (part.is(Kind::Text) && !is_blank(part.text()))
}

/// Writes the next part of `text` as the inside of a string within another string, from `at` on,
/// which it advances. True: all of it is written.
fn twice<'a>(text: &'a str, at: &mut usize, out: &mut Pieces<'a>) -> bool {
    let rest = text.get(*at..).unwrap_or_default();
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let plain = rest.bytes().position(|byte| is_special(&byte)).unwrap_or(rest.len());
    pieces!(out: rest.get(..plain).unwrap_or_default());
    let Some(special) = rest.as_bytes().get(plain) else { return true };
    *at += plain + 1;
    let digit = |half: u8| "0123456789abcdef".get(usize::from(half)..usize::from(half) + 1);
    match special {
        b'"' => pieces!(out: r#"\\\""#),
        b'\\' => pieces!(out: r"\\\\"),
        b'\n' => pieces!(out: r"\\n"),
        control => {
            let high = digit(control >> 4).unwrap_or_default();
            let low = digit(control & 15).unwrap_or_default();
            pieces!(out: r"\\u00", high, low);
        }
    }
    false
}
