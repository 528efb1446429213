//! The body of a chat completion request.

use super::{
    BLOCK_REDACTED, BLOCK_SIGNATURE, DATA_END, DETAIL_ENCRYPTED, DETAIL_SIGNATURE, DETAILS_FIELD,
    FORMAT_END, ID_END, OF_CALL, OF_NEXT, OF_TEXT, OPAQUE_REASONING, REASONING_CONTENT_FIELD,
    REASONING_FIELD, REASONING_TEXT_FIELD,
};
use crate::message::Dialect;
use crate::provider::codec::{Cursor, about, about_tool, user_tags};
use crate::provider::model::{NO_SIGNATURE, is_claude, is_mistral, wants_signatures};
use crate::provider::{Context, attach};
use crate::transcript::record::{Kind, MARKED, RESULTS, Record};
use crate::wire::json_write::{CallIdRule, Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::is_blank;

/// The stages of an assistant message: each goes through its records once.
const BETWEEN: u8 = 0;
const TEXT: u8 = 1;
const REASONING: u8 = 2;
const DETAILS: u8 = 3;
const BLOCKS: u8 = 4;
const FIELDS: u8 = 5;
const CALLS: u8 = 6;
/// A call is written but for its signature.
const SIGNATURE: u8 = 7;
/// Texts of the user and their attachments are written.
const USER_PARTS: u8 = 8;
/// The attachments of results are written, in a message of the user.
const RESULT_PARTS: u8 = 9;

/// The ids that the servers of a model take.
pub(super) fn ids(model: &str) -> CallIdRule {
    if is_mistral(model) {
        CallIdRule::Nine
    } else if is_claude(model) {
        // Gateways pass them on.
        CallIdRule::Words
    } else {
        CallIdRule::Chat
    }
}

pub(super) fn head<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    out.blanks.text = context.config.model();
    out.fill(r#"{"model":"%t""#);
    let max_output_tokens = context.reply_tokens;
    if max_output_tokens > 0 {
        let key = context.profile.output_limit_key(context.config);
        pieces!(out: r#",""#, key, r#"":"#, Piece::Number(max_output_tokens));
    }
    out.fill(if context.profile.streams() { r#","stream":true"# } else { r#","stream":false"# });
    if context.profile.has_stream_options() {
        out.fill(r#","stream_options":{"include_usage":true}"#);
    }
}

pub(super) fn tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) {
    about_tool(context, index, out);
    out.fill(if index == 0 { r#","tools":["# } else { "," });
    out.fill(r#"{"type":"function","function":{"name":"%n","description":"%t","parameters":%o"#);
    let is_strict = context.profile.is_strict(out.blanks.arguments);
    out.fill(if is_strict { r#","strict":true}}"# } else { "}}" });
}

pub(super) fn messages<'a>(context: &Context<'a>, out: &mut Pieces<'a>) {
    if context.config.tool(0).is_some() {
        out.fill("]");
    }
    out.fill(r#","messages":["#);
    out.blanks.text = context.config.system();
    if !out.blanks.text.is_empty() {
        out.blanks.name = context.profile.system_role();
        out.fill(r#"{"role":"%n","content":"%t"}"#);
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
            let role = context.profile.own_role(&record, Dialect::OpenAiChat);
            if !was_joined && role.is_none() && Cursor::joins_attachments(bytes, &record) {
                (at.stage, at.comma) = (USER_PARTS, false);
                out.fill(r#"{"role":"user","content":["#);
                return true;
            }
            at.offset = record.end();
            at.about_result(context, &record, out);
            at.is_joined = role.is_none() && at.joins(bytes, &record);
            // Templates refuse the role of the system after the first message.
            let [before, after] = if role.is_none() { user_tags(&record) } else { [""; 2] };
            out.blanks.name = role.unwrap_or_default();
            out.fill(match record.header.kind() {
                _ if was_joined => r"\n\n",
                Kind::User if role.is_some() => r#"{"role":"%n","content":""#,
                Kind::User => r#"{"role":"user","content":""#,
                _ => r#"{"role":"tool","tool_call_id":"%i","content":""#,
            });
            pieces!(out: before);
            out.fill("%t");
            pieces!(out: after, if at.is_joined { "" } else { r#""}"# });
            if attach::ENABLED && record.is(Kind::Result) {
                behind_result(bytes, at, &record, out);
            }
        }
        USER_PARTS if attach::ENABLED => user_part(context, at, out),
        RESULT_PARTS if attach::ENABLED => result_part(context, at, out),
        TEXT => next_text(at, bytes, Kind::Text, REASONING, out),
        REASONING => match reasoning_field(context, at.message) {
            _ if at.comma => next_text(at, bytes, Kind::Thinking, DETAILS, out),
            None => at.restart(DETAILS),
            Some(field) => {
                pieces!(out: ",\"", field, "\":\"");
                at.comma = true;
            }
        },
        DETAILS | BLOCKS => match at.next_of(bytes, Kind::Thinking.bit() | Kind::Opaque.bit()) {
            Some(_) if context.profile.hides_reasoning() => {}
            Some(part) => detail(context, at, &part, out),
            None => {
                out.fill(if at.comma { "]" } else { "" });
                at.restart(at.stage + 1);
                at.previous = 0;
            }
        },
        FIELDS => match at.next_of(bytes, Kind::Opaque.bit()) {
            Some(part) => {
                about(context, &part, out);
                out.fill(match subtype(&part) {
                    Some(OPAQUE_REASONING) if !context.profile.hides_reasoning() => {
                        r#","reasoning_opaque":"%t""#
                    }
                    Some(OF_TEXT) => r#","extra_content":{"google":{"thought_signature":"%t"}}"#,
                    _ => "",
                });
            }
            None => {
                at.restart(CALLS);
                at.previous = 0;
            }
        },
        SIGNATURE => {
            let signature = signature(context, at);
            out.blanks.text = signature.unwrap_or_default();
            out.fill(match signature {
                Some(_) => r#","extra_content":{"google":{"thought_signature":"%t"}}}"#,
                None => "}",
            });
            (at.stage, at.previous) = (CALLS, 0);
        }
        _ => match at.next_of(bytes, Kind::Call.bit() | Kind::Opaque.bit()) {
            Some(part) if part.is(Kind::Opaque) => {
                at.previous = if subtype(&part) == Some(OF_NEXT) { part.offset } else { 0 };
            }
            Some(call) => {
                about(context, &call, out);
                out.fill(if at.comma { "," } else { r#","tool_calls":["# });
                out.fill(
                    r#"{"id":"%i","type":"function","function":{"name":"%c","arguments":"%a"}"#,
                );
                (at.stage, at.comma) = (SIGNATURE, true);
            }
            None => {
                out.fill(if at.comma { "]}" } else { "}" });
                (at.stage, at.previous) = (BETWEEN, 0);
            }
        },
    }
    true
}

/// The next text of the user or its next attachment, and after the last the end of the message.
fn user_part<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let bytes = context.bytes;
    let Some(record) = Record::at(bytes, at.offset) else { return };
    at.offset = record.end();
    if record.is(Kind::User) {
        at.message = record.offset;
    }
    let has_words = !is_blank(record.text());
    if record.is(Kind::Attachment) || has_words {
        out.fill(if at.comma { "," } else { "" });
        at.comma = true;
    }
    if record.is(Kind::Attachment) {
        attach::part(context, &record, out);
    } else if has_words {
        about(context, &record, out);
        let [before, after] = user_tags(&record);
        pieces!(out: r#"{"type":"text","text":""#, before);
        out.fill("%t");
        pieces!(out: after, r#""}"#);
    }
    let said = Record::at(bytes, at.message);
    let goes_on =
        attach::follows(bytes, at.offset) || said.is_some_and(|said| at.joins(bytes, &said));
    if !goes_on {
        out.fill("]}");
        (at.stage, at.comma) = (BETWEEN, false);
    }
}

/// After a result: its attachments follow after all results, because results must be adjacent.
fn behind_result<'a>(bytes: &'a [u8], at: &mut Cursor, result: &Record<'a>, out: &mut Pieces<'a>) {
    if attach::follows(bytes, at.offset) && at.previous == 0 {
        at.previous = result.offset;
    }
    at.offset = attach::end(bytes, at.offset);
    let is_last = !Record::at(bytes, at.offset).is_some_and(|next| next.is(Kind::Result));
    if is_last && at.previous != 0 {
        (at.stage, at.offset, at.comma) = (RESULT_PARTS, at.previous, false);
        out.fill(r#",{"role":"user","content":["#);
    }
}

/// The next attachment of a result, after a line that names its call.
fn result_part<'a>(context: &Context<'a>, at: &mut Cursor, out: &mut Pieces<'a>) {
    let record = Record::at(context.bytes, at.offset);
    let Some(record) = record.filter(|record| record.header.is_of(RESULTS)) else {
        out.fill("]}");
        (at.stage, at.comma, at.previous) = (BETWEEN, false, 0);
        return;
    };
    at.offset = record.end();
    let names = record.is(Kind::Result);
    if names && !attach::follows(context.bytes, at.offset) {
        return;
    }
    out.fill(if at.comma { "," } else { "" });
    at.comma = true;
    if names {
        at.about_result(context, &record, out);
        out.fill(r#"{"type":"text","text":"Returned by the tool call %i:"}"#);
    } else {
        attach::part(context, &record, out);
    }
}

/// One of OpenRouter's details or LiteLLM's blocks: the reasoning with its signature, or encrypted
/// reasoning.
#[inline(never)]
fn detail<'a>(context: &Context<'a>, at: &mut Cursor, part: &Record<'a>, out: &mut Pieces<'a>) {
    let bytes = context.bytes;
    let thinking = Record::at(bytes, at.previous).filter(|_| at.previous != 0);
    at.previous = if part.is(Kind::Thinking) { part.offset } else { 0 };
    let subtype = subtype(part);
    let is_block = at.stage == BLOCKS;
    let is_text = !is_block
        && context.profile.has_reasoning_details()
        && has_field(part)
        && Record::at(bytes, part.end())
            .is_none_or(|it| self::subtype(&it) != Some(DETAIL_SIGNATURE));
    let is_detail = match subtype {
        Some(DETAIL_SIGNATURE | DETAIL_ENCRYPTED) => !is_block,
        Some(BLOCK_SIGNATURE | BLOCK_REDACTED) => is_block,
        _ => is_text,
    };
    if !is_detail || thinking.is_some_and(|thinking| thinking.header.has(MARKED)) {
        return;
    }
    out.fill(match is_block {
        _ if at.comma => ",",
        true => r#","thinking_blocks":["#,
        false => r#","reasoning_details":["#,
    });
    at.comma = true;
    about(context, part, out);
    out.blanks.name = thinking.map_or("", |thinking| thinking.text());
    out.fill(match subtype {
        Some(DETAIL_SIGNATURE) => r#"{"type":"reasoning.text","text":"%n","signature":"%t"}"#,
        Some(BLOCK_SIGNATURE) => r#"{"type":"thinking","thinking":"%n","signature":"%t"}"#,
        Some(BLOCK_REDACTED) => r#"{"type":"redacted_thinking","data":"%t"}"#,
        Some(_) => r#"{"type":"reasoning.encrypted""#,
        None => r#"{"type":"reasoning.text","text":"%t"}"#,
    });
    if subtype != Some(DETAIL_ENCRYPTED) {
        return;
    }
    let mut rest = part.text();
    while let Some(length) = rest.bytes().position(|byte| byte <= DATA_END) {
        let (value, after) = rest.split_at_checked(length).unwrap_or_default();
        out.blanks.text = value;
        out.fill(match after.as_bytes().first() {
            Some(&ID_END) => r#","id":"%t""#,
            Some(&FORMAT_END) => r#","format":"%t""#,
            _ => r#","data":"%t""#,
        });
        rest = after.get(1..).unwrap_or_default();
    }
    out.fill("}");
}

/// Gemini's signature of the call that was written: before it, or after it.
#[inline(never)]
fn signature<'a>(context: &Context<'a>, at: &Cursor) -> Option<&'a str> {
    let bytes = context.bytes;
    if let Some(before) = Record::at(bytes, at.previous).filter(|_| at.previous != 0) {
        return Some(before.text());
    }
    let after = Record::at(bytes, at.offset).filter(|it| subtype(it) == Some(OF_CALL));
    // Of the calls of a reply only the first is signed, in one form or another.
    let first = Record::find_part(bytes, at.message, at.message, Kind::Call.bit());
    let is_first = first.is_some_and(|first| first.end() == at.offset);
    let lacks = || is_first && wants_signatures(context.config.model()) && !has_ours(bytes, at);
    after.map(|after| after.text()).or_else(|| lacks().then_some(NO_SIGNATURE))
}

fn has_ours(bytes: &[u8], at: &Cursor) -> bool {
    let opaque = Record::find_part(bytes, at.message, at.message, Kind::Opaque.bit());
    opaque.is_some_and(|opaque| subtype(&opaque).is_some())
}

/// The kinds of opaque data in this dialect.
#[inline(never)]
fn subtype(record: &Record<'_>) -> Option<u8> {
    match record.header.info {
        [OURS, subtype, _] if record.is(Kind::Opaque) => Some(subtype),
        _ => None,
    }
}

const OURS: u8 = Dialect::OpenAiChat as u8;

/// The next part of this kind that was kept completely, and after the last of them the end of the
/// string, if one was begun.
#[inline(never)]
fn next_text<'a>(
    at: &mut Cursor,
    bytes: &'a [u8],
    kind: Kind,
    next_stage: u8,
    out: &mut Pieces<'a>,
) {
    match at.next_of(bytes, kind.bit()) {
        Some(part) if kind == Kind::Text || !part.header.has(MARKED) => {
            out.blanks.text = part.text();
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

/// The field in which the reasoning of this message goes back, if it does. DeepSeek and Copilot
/// require it in each message of a request with tools and ignore it in one without, where it would
/// only take room; servers with the field `reasoning` require it together with tool calls, and
/// refuse it elsewhere. Incomplete reasoning is not sent.
#[inline(never)]
fn reasoning_field(context: &Context<'_>, message: usize) -> Option<&'static str> {
    let (bytes, profile) = (context.bytes, &context.profile);
    if profile.hides_reasoning() || profile.has_reasoning_details() {
        return None;
    }
    let field = profile.reasoning_field();
    if profile.demands_reasoning() && has(bytes, message, Kind::Call) {
        return field;
    }
    let mut part = Record::find_part(bytes, message, message, Kind::Thinking.bit())?;
    while part.header.has(MARKED) {
        part = Record::find_part(bytes, part.end(), message, Kind::Thinking.bit())?;
    }
    let has_calls = has(bytes, message, Kind::Call);
    match part.header.info {
        _ if field.is_some() => field.filter(|_| has_field(&part)),
        _ if !has_calls && context.config.tool(0).is_none() => None,
        [REASONING_CONTENT_FIELD, ..] => Some("reasoning_content"),
        [REASONING_TEXT_FIELD, ..] => Some("reasoning_text"),
        [REASONING_FIELD | DETAILS_FIELD, ..] if has_calls => Some("reasoning"),
        _ => None,
    }
}

/// Whether it is complete reasoning from a field of this dialect.
fn has_field(part: &Record<'_>) -> bool {
    let [field, ..] = part.header.info;
    let fields = [REASONING_CONTENT_FIELD, REASONING_FIELD, REASONING_TEXT_FIELD, DETAILS_FIELD];
    part.is(Kind::Thinking) && !part.header.has(MARKED) && fields.contains(&field)
}

#[inline(never)]
fn has(bytes: &[u8], message: usize, kind: Kind) -> bool {
    Record::find_part(bytes, message, message, kind.bit()).is_some()
}
