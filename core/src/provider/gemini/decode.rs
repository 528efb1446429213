//! Pieces of a reply, and whole ones, which look alike; the array of pieces is transparent.
//!
//! The flag that marks text as reasoning follows the text, so a part is handled when it is over. A
//! reply has one candidate; if there are more, the first is read.
//!
//! ProtoJSON allows both spellings of a member, `finishReason` and `finish_reason`. Google sends the first;
//! proxies that write out the objects of a Python library send the second.

use super::by_path::{self, GOES_ON, WHOLE, reply_places};
use super::{ALONE, OF_CALL, OF_NEXT};
use crate::Error;
use crate::message::StopReason;
use crate::provider::reply::Slot;
use crate::provider::{Sink, stop, tag};
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token};
use crate::wire::json_write::Digits;

reply_places! { PLACES:
    CANDIDATES = ROOT . "candidates",
    CANDIDATE_INDEX = CANDIDATES . "index",
    FINISH_REASON = CANDIDATES . "finishReason" => tag::WORD,
    CONTENT = CANDIDATES . "content",
    PARTS = CONTENT . "parts",
    TEXT = PARTS . "text" => tag::NAME,
    THOUGHT = PARTS . "thought",
    SIGNATURE = PARTS . "thoughtSignature" => tag::ID,
    SNAKE_SIGNATURE = PARTS . "thought_signature" => tag::ID,
    INLINE_DATA = PARTS . "inlineData" raw => tag::MEDIA,
    FILE_DATA = PARTS . "fileData" raw => tag::MEDIA,
    SNAKE_INLINE_DATA = PARTS . "inline_data" raw => tag::MEDIA,
    SNAKE_FILE_DATA = PARTS . "file_data" raw => tag::MEDIA,
    CALL = PARTS . "functionCall",
    CALL_ID = CALL . "id" => tag::ID,
    NAME = CALL . "name" => tag::NAME,
    ARGUMENTS = CALL . "args" raw => tag::ARGUMENTS,
    WILL_CONTINUE = CALL . "willContinue",
    SNAKE_WILL_CONTINUE = CALL . "will_continue",
    SNAKE_CALL = PARTS . "function_call" (from CALL_ID),
    SNAKE_FINISH_REASON = CANDIDATES . "finish_reason" => tag::WORD,
    FEEDBACK = ROOT . "promptFeedback",
    BLOCK_REASON = FEEDBACK . "blockReason" => tag::WORD,
    SNAKE_BLOCK_REASON = FEEDBACK . "block_reason" => tag::WORD,
    SNAKE_FEEDBACK = ROOT . "prompt_feedback" (from BLOCK_REASON),
    USAGE = ROOT . "usageMetadata",
    PROMPT_TOKENS = USAGE . "promptTokenCount" => tag::INPUT,
    CACHED_TOKENS = USAGE . "cachedContentTokenCount" => tag::CACHE_READ,
    CANDIDATES_TOKENS = USAGE . "candidatesTokenCount" => tag::NUMBER,
    THOUGHTS_TOKENS = USAGE . "thoughtsTokenCount" => tag::NUMBER,
    SNAKE_PROMPT_TOKENS = USAGE . "prompt_token_count" => tag::INPUT,
    SNAKE_CACHED_TOKENS = USAGE . "cached_content_token_count" => tag::CACHE_READ,
    SNAKE_CANDIDATES_TOKENS = USAGE . "candidates_token_count" => tag::NUMBER,
    SNAKE_THOUGHTS_TOKENS = USAGE . "thoughts_token_count" => tag::NUMBER,
    SNAKE_USAGE = ROOT . "usage_metadata" (from PROMPT_TOKENS),
    // Google's Code Assist, and proxies for it, wrap the reply.
    RESPONSE = ROOT . "response" (from CANDIDATES),
    TOP_MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    TOP_TYPE = ROOT . "type" => tag::OBJECT,
    TOP_STATUS = ROOT . "status" => tag::TOP_CODE,
}

/// The state of the current part: its text is reasoning, it has a text, perhaps an
/// empty one, it is a call, it is a call that arrived before.
const IS_THOUGHT: u8 = 1;
const HAS_TEXT: u8 = 2;
const IS_CALL: u8 = 4;
const IS_REPEATED: u8 = 8;

/// The reason to stop is why the question was refused.
const IS_BLOCKED: u8 = 1;

/// The order in which the strings of a part wait for its end, a signature before the text; the tags
/// of their places agree with it.
const SIGNATURE_SLOT: Slot = Slot::Id;
const TEXT_SLOT: Slot = Slot::Name;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    match *token {
        Token::Begin(CANDIDATES) => {
            sink.reply.is_known = true;
            sink.take_word();
            sink.begin_pending();
        }
        Token::Begin(FEEDBACK | SNAKE_FEEDBACK | USAGE | SNAKE_USAGE) => sink.reply.is_known = true,
        Token::Begin(PARTS) => {
            sink.drop_stage();
            sink.reply.dialect_state.block = 0;
        }
        Token::Begin(CALL | SNAKE_CALL) => {
            commit_strings(sink, Some(OF_NEXT))?;
            sink.reply.dialect_state.block |= IS_CALL;
            sink.reply.dialect_state.level = 0;
        }
        // Some servers send a call again, with its id, in a later piece.
        Token::End(CALL | SNAKE_CALL) if sink.repeats_call() => {
            sink.drop_stage();
            sink.reply.dialect_state.block |= IS_REPEATED;
        }
        Token::End(CALL | SNAKE_CALL) => by_path::end_call(sink)?,
        Token::End(PARTS) => {
            let block = sink.reply.dialect_state.block;
            let text = if block & HAS_TEXT != 0 { Some(ALONE) } else { None };
            let is_call = block & IS_CALL != 0;
            let has_more = is_call && by_path::has_open_call(sink);
            let of_call = Some(if has_more { OF_NEXT } else { OF_CALL });
            let subtype = if is_call { of_call } else { text };
            commit_strings(sink, subtype.filter(|_| block & IS_REPEATED == 0))?;
            if has_more {
                by_path::put_before_call(sink);
            }
        }
        Token::End(CANDIDATES) => {
            // A candidate without an index is the only one.
            sink.resolve_pending(true)?;
            note_stop(sink);
            sink.end_skip();
        }
        // One of the documents of an array is over, or the only one.
        Token::End(ROOT) => {
            sink.end_error();
            if by_path::has_open_call(sink) {
                sink.end_stage();
            } else {
                sink.close_calls();
            }
            sink.take_word();
            stop(sink);
            sink.element_end();
            // So that the bytes that were not kept can be reported before the end.
            if sink.reply.stop.is_some() {
                sink.end_part();
            }
        }
        Token::PieceEnd(ARGUMENTS) => by_path::note(sink, WHOLE),
        Token::PieceEnd(TEXT) => sink.reply.dialect_state.block |= HAS_TEXT,
        Token::PieceEnd(BLOCK_REASON | SNAKE_BLOCK_REASON) => note_block(sink),
        Token::Number(CANDIDATE_INDEX, value) => sink.resolve_pending(value == 0)?,
        Token::Number(FINISH_REASON | SNAKE_FINISH_REASON, value) => number_word(sink, value),
        Token::Number(BLOCK_REASON | SNAKE_BLOCK_REASON, value) => {
            number_word(sink, value);
            note_block(sink);
        }
        Token::Number(CANDIDATES_TOKENS | SNAKE_CANDIDATES_TOKENS, value) => {
            sink.reply.dialect_state.count = value;
            count_output(sink);
        }
        Token::Number(THOUGHTS_TOKENS | SNAKE_THOUGHTS_TOKENS, value) => {
            sink.count(tag::REASONING - tag::INPUT, value);
            count_output(sink);
        }
        Token::Bool(THOUGHT, true) => sink.reply.dialect_state.block |= IS_THOUGHT,
        Token::Bool(WILL_CONTINUE | SNAKE_WILL_CONTINUE, true) => {
            by_path::note(sink, GOES_ON);
        }
        rest => by_path::note_pieces(sink, rest),
    }
    Ok(())
}

pub(super) fn document_end(_: &mut Sink<'_, '_>) -> Result<(), Error> {
    Ok(())
}

/// The strings of the part that wait become parts of the reply. A signature stays with its part:
/// the text, or if there is none the one of `subtype`.
fn commit_strings(sink: &mut Sink<'_, '_>, subtype: Option<u8>) -> Result<(), Error> {
    let (dialect, block) = (sink.dialect as u8, sink.reply.dialect_state.block);
    let is_signed = sink.is_staged(SIGNATURE_SLOT);
    let has_text = sink.is_staged(TEXT_SLOT);
    if is_signed {
        let subtype = if has_text { Some(OF_NEXT) } else { subtype };
        sink.end_part();
        sink.commit_part(subtype.map(|subtype| (Kind::Opaque, [dialect, subtype])))?;
        sink.end_part();
    }
    if has_text {
        let is_thought = block & IS_THOUGHT != 0;
        let text = (Kind::Text, [0, 0]);
        let thought = (Kind::Thinking, [0, 0]);
        sink.commit_part(Some(if is_thought { thought } else { text }))?;
        if is_signed {
            sink.end_part();
        }
    }
    Ok(())
}

/// A stop reason arrived. Older models send one in each piece.
fn note_stop(sink: &mut Sink<'_, '_>) {
    let word = sink.take_word();
    if !sink.reply.is_muted() && stop::counts(&word, sink.reply.stop) {
        sink.reply.raw_stop_reason = word;
    }
}

/// The piece is complete, so its reason counts.
fn stop(sink: &mut Sink<'_, '_>) {
    if sink.reply.is_muted() {
        return;
    }
    sink.reply.stop = None;
    let word = core::mem::take(&mut sink.reply.raw_stop_reason);
    sink.word(&word);
    sink.stop();
    if sink.reply.dialect_state.document == IS_BLOCKED && sink.reply.stop.is_some() {
        sink.reply.stop = Some(StopReason::ContentFilter);
    }
}

/// The question was refused, and there will be no candidate.
fn note_block(sink: &mut Sink<'_, '_>) {
    note_stop(sink);
    if !sink.reply.raw_stop_reason.is_empty() {
        sink.reply.dialect_state.document = IS_BLOCKED;
    }
}

fn number_word(sink: &mut Sink<'_, '_>, number: u32) {
    sink.word(Digits::of(number as usize).as_bytes());
}

/// The tokens of the candidate do not count its reasoning.
fn count_output(sink: &mut Sink<'_, '_>) {
    let sum = sink.reply.dialect_state.count.saturating_add(sink.reply.usage().reasoning_tokens);
    sink.count(tag::OUTPUT - tag::INPUT, sum);
}
