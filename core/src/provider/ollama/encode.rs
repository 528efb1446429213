//! The body of a chat request.
//!
//! A result is identified by the position of its call and the tool's name, and by the id if the
//! server sent one: results are written in the order of the calls.

use super::THINKING_FIELD;
use crate::message::Dialect;
use crate::provider::codec::{Cursor, about, about_tool, user_tags};
use crate::provider::options;
use crate::provider::{Context, attach};
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
/// Lines that name the attachments of a user's text that cannot be sent, and then its images; and
/// the same for a result.
const USER_LINES: u8 = 5;
const USER_IMAGES: u8 = 6;
const RESULT_LINES: u8 = 7;
const RESULT_IMAGES: u8 = 8;

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    let limits = context.config.limits();
    out.blanks.text = context.config.model();
    out.fill(r#"{"model":"%t","stream":"#);
    out.fill(if context.profile.streams() { "true" } else { "false" });
    let options =
        [(r#""num_ctx":"#, limits.context_tokens), (r#""num_predict":"#, context.reply_tokens)];
    let mut before = r#","options":{"#;
    for (name, number) in options.into_iter().filter(|(_, number)| *number > 0) {
        pieces!(out: before, name, Piece::Number(number));
        before = ",";
    }
    // The options are in it, and end it.
    pieces!(out: if before == "," && !options::ENABLED { "}" } else { "" });
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
            match record.header.kind() {
                Kind::User => {
                    at.offset = record.end();
                    about(context, &record, out);
                    let role = context.profile.own_role(&record, Dialect::Ollama);
                    if core::mem::take(&mut at.is_joined) {
                        out.fill(r"\n\n");
                    } else {
                        begin(context, at, out);
                        out.blanks.name = role.unwrap_or("user");
                        out.fill(r#"%n","content":""#);
                    }
                    // Templates refuse the role of the system after the first message.
                    let [before, after] = if role.is_none() { user_tags(&record) } else { [""; 2] };
                    pieces!(out: before);
                    out.fill("%t");
                    pieces!(out: after);
                    if attach::follows(bytes, at.offset) {
                        (at.stage, at.message, at.comma) = (USER_LINES, at.offset, false);
                        return true;
                    }
                    at.is_joined = role.is_none() && at.joins(bytes, &record);
                    out.fill(if at.is_joined { "" } else { r#""}"# });
                }
                Kind::Attachment => at.offset = record.end(),
                Kind::Result => {
                    at.begin_results();
                    at.stage = RESULTS;
                }
                Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
                    at.begin_reply();
                    at.stage = TEXT;
                    begin(context, at, out);
                    out.fill(r#"assistant","content":""#);
                }
            }
        }
        TEXT => match at.next_of(bytes, Kind::Text.bit()) {
            Some(part) => {
                about(context, &part, out);
                out.fill("%t");
            }
            None => {
                out.fill(r#"""#);
                at.restart(THINKING);
            }
        },
        THINKING => match at.next_of(bytes, Kind::Thinking.bit()) {
            Some(part) => {
                let is_ours = part.header.info.first() == Some(&THINKING_FIELD);
                if is_ours && !part.header.has(MARKED) && !context.profile.hides_reasoning() {
                    about(context, &part, out);
                    out.fill(if at.comma { "%t" } else { r#","thinking":"%t"# });
                    at.comma = true;
                }
            }
            None => {
                out.fill(if at.comma { r#"""# } else { "" });
                at.restart(CALLS);
            }
        },
        CALLS => match at.next_of(bytes, Kind::Call.bit()) {
            Some(call) => {
                about(context, &call, out);
                out.fill(if at.comma { "," } else { r#","tool_calls":["# });
                out.fill(if out.blanks.id.is_empty() { "{" } else { r#"{"id":"%i","# });
                out.fill(r#""function":{"name":"%c","arguments":%o}}"#);
                at.comma = true;
            }
            None => {
                out.fill(if at.comma { "]}" } else { "}" });
                at.stage = BETWEEN;
            }
        },
        USER_LINES | RESULT_LINES if attach::ENABLED => lines(context, at, out),
        USER_IMAGES | RESULT_IMAGES if attach::ENABLED => images(context, at, out),
        _ => match at.next_result(context) {
            Some((call, result)) => {
                about(context, &call, out);
                about(context, &result, out);
                begin(context, at, out);
                out.fill(r#"tool","tool_name":"%c""#);
                if !out.blanks.id.is_empty() {
                    out.fill(r#","tool_call_id":"%i""#);
                }
                out.fill(r#","content":"%t"#);
                if attach::follows(bytes, at.offset) {
                    (at.stage, at.previous, at.comma) = (RESULT_LINES, at.offset, false);
                } else {
                    out.fill(r#""}"#);
                }
            }
            None => at.stage = BETWEEN,
        },
    }
    true
}

/// A line for the next attachment that is not sent itself, and after the last the end of the text.
fn lines<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let record = Record::at(context.bytes, at.offset).filter(|it| it.is(Kind::Attachment));
    let Some(record) = record else {
        out.fill(r#"""#);
        (at.offset, at.stage) = match at.stage {
            USER_LINES => (at.message, USER_IMAGES),
            _ => (at.previous, RESULT_IMAGES),
        };
        return;
    };
    at.offset = record.end();
    if !attach::is_sent(context, &record) {
        out.fill(r"\n");
        attach::line(&record, out);
    }
}

/// The next image, and after the last the end of the message.
fn images<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let record = Record::at(context.bytes, at.offset).filter(|it| it.is(Kind::Attachment));
    let Some(record) = record else {
        out.fill(if at.comma { "]}" } else { "}" });
        (at.stage, at.comma) = (if at.stage == USER_IMAGES { BETWEEN } else { RESULTS }, false);
        return;
    };
    at.offset = record.end();
    if attach::is_sent(context, &record) {
        out.fill(if at.comma { ",\"" } else { r#","images":[""# });
        attach::bytes(&record, out);
        out.fill(r#"""#);
        at.comma = true;
    }
}

pub(super) fn tail<'a>(_: &Context<'a>, out: &mut Pieces<'a>) {
    out.fill("]}");
}

/// Begins a message; its role follows.
fn begin<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let is_first = !at.messages && context.config.system().is_empty();
    at.messages = true;
    out.fill(if is_first { r#"{"role":""# } else { r#",{"role":""# });
}
