//! The body of a request for content.
//!
//! The parameters of a tool go as `parametersJsonSchema`, which accepts JSON Schema unchanged; the
//! older `parameters` accepts only a part of OpenAPI's and refuses the rest.
//!
//! Calls may have no ids and are then identified by their order, so results are written in the
//! order of the calls.

use super::{ALONE, OF_CALL, OF_NEXT};
use crate::message::Dialect;
use crate::provider::codec::{Cursor, about, about_tool, user_tags};
use crate::provider::model::{NO_SIGNATURE, wants_signatures};
use crate::provider::options;
use crate::provider::{Context, attach};
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
/// The attachments of a user's text are written, or those of a result: as parts beside it, or
/// within it.
const USER_PARTS: u8 = 3;
const RESULT_PARTS: u8 = 4;
const INNER_PARTS: u8 = 5;

/// Asks for the arguments of calls as the model writes them.
const STREAM_ARGUMENTS: &str =
    r#""toolConfig":{"functionCallingConfig":{"streamFunctionCallArguments":true}},"#;

/// How a message begins: the first of all, and the others.
const USER: [&str; 2] = [r#"{"role":"user","parts":["#, r#",{"role":"user","parts":["#];
const MODEL: [&str; 2] = [r#"{"role":"model","parts":["#, r#",{"role":"model","parts":["#];

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("{");
    let max_output_tokens = context.reply_tokens;
    if max_output_tokens > 0 {
        pieces!(out:
            r#""generationConfig":{"maxOutputTokens":"#, Piece::Number(max_output_tokens),
            // The options are in it, and end it.
            if options::ENABLED { "" } else { "}," }
        );
    }
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    let is_last = !about_tool(context, index + 1, out);
    about_tool(context, index, out);
    out.fill(if index == 0 { r#""tools":[{"functionDeclarations":["# } else { "," });
    out.fill(r#"{"name":"%n","description":"%t","parametersJsonSchema":%o}"#);
    out.fill(if is_last { "]}]," } else { "" });
    // The options say it beside the choice of tools.
    let streams = is_last && !options::ENABLED && context.profile.streams_arguments();
    out.fill(if streams { STREAM_ARGUMENTS } else { "" });
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = context.config.system();
    if !out.blanks.text.is_empty() {
        out.fill(r#""systemInstruction":{"parts":[{"text":"%t"}]},"#);
    }
    out.fill(r#""contents":["#);
}

pub(super) fn message<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) -> bool {
    if at.stage == RESULTS {
        match at.next_result(context) {
            Some((call, result)) => response(context, at, &call, &result, out),
            None => end(at, out),
        }
        return true;
    }
    let record = Record::at(context.bytes, at.offset);
    if attach::ENABLED && at.stage >= USER_PARTS {
        attached(context, at, record, out);
        return true;
    }
    let goes_on = record.is_some_and(|it| it.is_reply() && !it.header.has(FIRST));
    if at.stage == REPLY && !goes_on {
        end(at, out);
        return true;
    }
    let Some(record) = record else { return false };
    match record.header.kind() {
        Kind::User => {
            begin(at, USER, out);
            at.offset = record.end();
            if attach::follows(context.bytes, at.offset) {
                (at.stage, at.message, at.is_joined) = (USER_PARTS, record.offset, false);
            } else {
                text(&record, out);
                end(at, out);
            }
        }
        Kind::Attachment => at.offset = record.end(),
        Kind::Result => {
            at.begin_results();
            at.stage = RESULTS;
        }
        Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
            if at.stage == BETWEEN {
                at.begin_reply();
                at.stage = REPLY;
            }
            part(context, at, &record, out);
            at.previous = record.offset;
            at.offset = record.end();
        }
    }
    true
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("]}");
}

/// One part of a reply, with its signature.
fn part<'a>(context: &Context<'a>, at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    let signature = signature(context.bytes, at.previous, record).or_else(|| {
        // Of the calls of a reply only the first is signed.
        let mut calls = Records::from(context.bytes, at.message).filter(|it| it.is(Kind::Call));
        let is_first = calls.next().is_some_and(|first| first.offset == record.offset);
        (is_first && wants_signatures(context.config.model())).then_some(NO_SIGNATURE)
    });
    about(context, record, out);
    let form = match record.header.kind() {
        Kind::Text => r#"{"text":"%t""#,
        // Reasoning goes back if it has a signature, and only if complete.
        Kind::Thinking if context.profile.hides_reasoning() => return,
        Kind::Thinking if signature.is_some() && !record.header.has(MARKED) => {
            r#"{"text":"%t","thought":true"#
        }
        Kind::Call if out.blanks.id.is_empty() => r#"{"functionCall":{"name":"%c","args":%o"#,
        Kind::Call => r#"{"functionCall":{"id":"%i","name":"%c","args":%o"#,
        Kind::Opaque if is_ours(record, ALONE) => r#"{"text":"","thoughtSignature":"%t""#,
        _ => return,
    };
    begin(at, MODEL, out);
    out.fill(form);
    let signature = signature.filter(|_| !record.is(Kind::Opaque));
    out.blanks.text = signature.unwrap_or_default();
    out.fill(match (record.is(Kind::Call), signature.is_some()) {
        (true, true) => r#"},"thoughtSignature":"%t"}"#,
        (true, false) => "}}",
        (false, true) => r#","thoughtSignature":"%t"}"#,
        (false, false) => "}",
    });
}

/// Writes the next attachment of a user's text or a result, and after the last the end of what it
/// belongs to. Media precedes the text, as Google recommends.
fn attached<'a>(
    context: &Context<'a>,
    at: &mut Cursor,
    record: Option<Record<'a>>,
    out: &mut Pieces<'a>,
) {
    if let Some(part) = record.filter(|record| record.is(Kind::Attachment)) {
        out.fill(if at.is_joined { "," } else { "" });
        at.is_joined = true;
        attach::part(context, &part, out);
        at.offset = part.end();
        return;
    }
    at.is_joined = false;
    if at.stage == USER_PARTS {
        let said = Record::at(context.bytes, at.message);
        if let Some(said) = said.filter(|said| !is_blank(said.text())) {
            out.fill(",");
            text(&said, out);
        }
        return end(at, out);
    }
    out.fill(if at.stage == INNER_PARTS { "]}}" } else { "" });
    at.stage = RESULTS;
}

/// A part of a user's text.
fn text<'a>(record: &Record<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = record.text();
    let [before, after] = user_tags(record);
    pieces!(out: r#"{"text":""#, before);
    out.fill("%t");
    pieces!(out: after, r#""}"#);
}

fn response<'a>(
    context: &Context<'a>,
    at: &mut Cursor,
    call: &Record<'a>,
    result: &Record<'a>,
    out: &mut Pieces<'a>,
) {
    about(context, call, out);
    about(context, result, out);
    begin(at, USER, out);
    out.fill(if out.blanks.id.is_empty() {
        r#"{"functionResponse":{"name":"%c","response":{"#
    } else {
        r#"{"functionResponse":{"id":"%i","name":"%c","response":{"#
    });
    let is_error = result.header.has(MARKED);
    out.fill(if is_error { r#""error":"%t"}"# } else { r#""output":"%t"}"# });
    // The third generation requires signatures, and accepts files within a result.
    let is_inner = wants_signatures(context.config.model());
    let has_parts = attach::follows(context.bytes, result.end());
    if has_parts {
        (at.stage, at.is_joined) = (if is_inner { INNER_PARTS } else { RESULT_PARTS }, !is_inner);
    }
    out.fill(if has_parts && is_inner { r#","parts":["# } else { "}}" });
}

/// The signature of the part: before a text, after a call, or before it.
fn signature<'a>(bytes: &'a [u8], previous: usize, record: &Record<'a>) -> Option<&'a str> {
    let before = Record::at(bytes, previous).filter(|_| previous != 0);
    if let Some(before) = before.filter(|before| is_ours(before, OF_NEXT)) {
        return Some(before.text());
    }
    let after = Record::at(bytes, record.end()).filter(|after| is_ours(after, OF_CALL));
    after.filter(|_| record.is(Kind::Call)).map(|after| after.text())
}

fn is_ours(record: &Record<'_>, subtype: u8) -> bool {
    record.is(Kind::Opaque) && record.header.info.starts_with(&[Dialect::Gemini as u8, subtype])
}

/// Begins a part, and its message when none is open.
fn begin(at: &mut Cursor, [first, other]: [&'static str; 2], out: &mut Pieces<'_>) {
    let message = if at.messages { other } else { first };
    out.fill(if at.comma { "," } else { message });
    (at.comma, at.messages) = (true, true);
}

/// Ends the message, if one was begun.
fn end(at: &mut Cursor, out: &mut Pieces<'_>) {
    out.fill(if at.comma { "]}" } else { "" });
    (at.stage, at.comma) = (BETWEEN, false);
}
