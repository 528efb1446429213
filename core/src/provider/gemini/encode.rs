//! The body of a request for content.
//!
//! The parameters of a tool go as `parametersJsonSchema`, which takes JSON Schema as it is;
//! the older `parameters` takes only a part of OpenAPI's and refuses what it does not know.
//!
//! Calls may have no ids and are then known by their order, so results are written in the
//! order of the calls.

use super::{ALONE, OF_CALL, OF_NEXT};
use crate::message::Dialect;
use crate::provider::Context;
use crate::provider::codec::{Cursor, about, about_tool, user_tags};
use crate::provider::model::{NO_SIGNATURE, wants_signatures};
use crate::provider::options;
use crate::transcript::record::{FIRST, Kind, MARKED, Record, Records};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// No message is open.
const BETWEEN: u8 = 0;
/// A message of the model is open.
const REPLY: u8 = 1;
/// A message of results is open.
const RESULTS: u8 = 2;

/// How a message begins: the first of all, and the others.
const USER: [&str; 2] = [r#"{"role":"user","parts":["#, r#",{"role":"user","parts":["#];
const MODEL: [&str; 2] = [r#"{"role":"model","parts":["#, r#",{"role":"model","parts":["#];

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("{");
    let max_output_tokens = context.reply_tokens;
    if max_output_tokens > 0 {
        pieces!(out:
            r#""generationConfig":{"maxOutputTokens":"#, Piece::Number(max_output_tokens),
            // The options stand in it, and end it.
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
            Some((call, result)) => response(at, &call, &result, out),
            None => end(at, out),
        }
        return true;
    }
    let record = Record::at(context.bytes, at.offset);
    let goes_on = record.is_some_and(|it| it.is_reply() && !it.header.has(FIRST));
    if at.stage == REPLY && !goes_on {
        end(at, out);
        return true;
    }
    let Some(record) = record else { return false };
    match record.header.kind() {
        Kind::User => {
            about(&record, out);
            begin(at, USER, out);
            let [before, behind] = user_tags(&record);
            pieces!(out: r#"{"text":""#, before);
            out.fill("%t");
            pieces!(out: behind, r#""}"#);
            at.offset = record.end();
            end(at, out);
        }
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

/// One part of a reply, with the signature that it came with.
fn part<'a>(context: &Context<'a>, at: &mut Cursor, record: &Record<'a>, out: &mut Pieces<'a>) {
    let signature = signature(context.bytes, at.previous, record).or_else(|| {
        // Of the calls of a reply only the first is signed.
        let mut calls = Records::from(context.bytes, at.message).filter(|it| it.is(Kind::Call));
        let is_first = calls.next().is_some_and(|first| first.offset == record.offset);
        (is_first && wants_signatures(context.config.model())).then_some(NO_SIGNATURE)
    });
    about(record, out);
    let form = match record.header.kind() {
        Kind::Text => r#"{"text":"%t""#,
        // Reasoning goes back where its signature vouches for it, and only whole.
        Kind::Thinking if signature.is_some() && !record.header.has(MARKED) => {
            r#"{"text":"%t","thought":true"#
        }
        Kind::Call if out.blanks.id.is_empty() => r#"{"functionCall":{"name":"%n","args":%o"#,
        Kind::Call => r#"{"functionCall":{"id":"%i","name":"%n","args":%o"#,
        Kind::Opaque if is_ours(record, ALONE) => r#"{"text":"","thoughtSignature":"%t""#,
        Kind::Opaque | Kind::Thinking | Kind::User | Kind::Result => return,
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

fn response<'a>(at: &mut Cursor, call: &Record<'a>, result: &Record<'a>, out: &mut Pieces<'a>) {
    about(call, out);
    about(result, out);
    begin(at, USER, out);
    out.fill(if out.blanks.id.is_empty() {
        r#"{"functionResponse":{"name":"%n","response":{"#
    } else {
        r#"{"functionResponse":{"id":"%i","name":"%n","response":{"#
    });
    let is_error = result.header.has(MARKED);
    out.fill(if is_error { r#""error":"%t"}}}"# } else { r#""output":"%t"}}}"# });
}

/// The signature that came with the part: before a text, after a call, or before it.
fn signature<'a>(bytes: &'a [u8], previous: usize, record: &Record<'a>) -> Option<&'a str> {
    let before = Record::at(bytes, previous).filter(|_| previous != 0);
    if let Some(before) = before.filter(|before| is_ours(before, OF_NEXT)) {
        return Some(before.text());
    }
    let behind = Record::at(bytes, record.end()).filter(|behind| is_ours(behind, OF_CALL));
    behind.filter(|_| record.is(Kind::Call)).map(|behind| behind.text())
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
