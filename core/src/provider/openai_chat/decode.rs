//! Chunks of a chat completion, and whole ones.
//!
//! A chunk has its news in `choices[].delta`, a whole body has all in `choices[].message`;
//! both are read alike. Some servers send `message` beside `delta` in a chunk: it repeats
//! what came, and is not read.

use super::{CONTENT_FIELD, REASONING_CONTENT_FIELD, REASONING_FIELD};
use crate::Error;
use crate::message::StopReason;
use crate::provider::Sink;
use crate::provider::reply::Slot;
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    CHOICES = ROOT . "choices",
    CHOICE_INDEX = CHOICES . "index",
    FINISH_REASON = CHOICES . "finish_reason",
    DELTA = CHOICES . "delta",
    CONTENT = DELTA . "content",
    CONTENT_TEXT = CONTENT . "text",
    CONTENT_THINKING = CONTENT . "thinking",
    THINKING_TEXT = CONTENT_THINKING . "text",
    REASONING_CONTENT = DELTA . "reasoning_content",
    REASONING = DELTA . "reasoning",
    REFUSAL = DELTA . "refusal",
    CALLS = DELTA . "tool_calls",
    CALL_INDEX = CALLS . "index",
    CALL_ID = CALLS . "id",
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name",
    ARGUMENTS = FUNCTION . "arguments" raw,
    // The same again under `message`, in the same order.
    MESSAGE = CHOICES . "message",
    _MESSAGE_CONTENT = MESSAGE . "content",
    _MESSAGE_CONTENT_TEXT = _MESSAGE_CONTENT . "text",
    _MESSAGE_CONTENT_THINKING = _MESSAGE_CONTENT . "thinking",
    _MESSAGE_THINKING_TEXT = _MESSAGE_CONTENT_THINKING . "text",
    _MESSAGE_REASONING_CONTENT = MESSAGE . "reasoning_content",
    _MESSAGE_REASONING = MESSAGE . "reasoning",
    _MESSAGE_REFUSAL = MESSAGE . "refusal",
    _MESSAGE_CALLS = MESSAGE . "tool_calls",
    _MESSAGE_CALL_INDEX = _MESSAGE_CALLS . "index",
    _MESSAGE_CALL_ID = _MESSAGE_CALLS . "id",
    _MESSAGE_FUNCTION = _MESSAGE_CALLS . "function",
    _MESSAGE_NAME = _MESSAGE_FUNCTION . "name",
    MESSAGE_ARGUMENTS = _MESSAGE_FUNCTION . "arguments" raw,
    USAGE = ROOT . "usage",
    PROMPT_TOKENS = USAGE . "prompt_tokens",
    COMPLETION_TOKENS = USAGE . "completion_tokens",
    PROMPT_DETAILS = USAGE . "prompt_tokens_details",
    CACHED_TOKENS = PROMPT_DETAILS . "cached_tokens",
    CACHE_HIT_TOKENS = USAGE . "prompt_cache_hit_tokens",
    CACHE_READ_TOKENS = USAGE . "cache_read_input_tokens",
    CACHE_WRITE_TOKENS = USAGE . "cache_creation_input_tokens",
    COMPLETION_DETAILS = USAGE . "completion_tokens_details",
    REASONING_TOKENS = COMPLETION_DETAILS . "reasoning_tokens",
    ERROR = ROOT . "error",
    ERROR_MESSAGE = ERROR . "message",
    ERROR_TYPE = ERROR . "type",
    ERROR_CODE = ERROR . "code",
    // Refusals of servers that do not follow OpenAI's form.
    TOP_MESSAGE = ROOT . "message",
    TOP_CODE = ROOT . "code",
    DETAIL = ROOT . "detail",
    DETAIL_MESSAGE = DETAIL . "msg",
}

/// The words for the end of a reply, those of compatible servers included.
const STOP_WORDS: &[(&[u8], StopReason)] = &[
    (b"stop", StopReason::EndTurn),
    (b"eos", StopReason::EndTurn),
    (b"tool_calls", StopReason::ToolUse),
    (b"length", StopReason::MaxTokens),
    (b"model_length", StopReason::MaxTokens),
    (b"content_filter", StopReason::ContentFilter),
];

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    let whole = sink.reply.whole;
    // A place under `message` is read as its twin under `delta`.
    let twin = |place: u8| match place {
        MESSAGE..=MESSAGE_ARGUMENTS if whole => Some(place - MESSAGE + DELTA),
        MESSAGE..=MESSAGE_ARGUMENTS => None,
        DELTA..=ARGUMENTS if whole => None,
        _ => Some(place),
    };
    match token {
        Token::Begin(place) => match twin(place) {
            Some(CHOICES) => sink.hold(),
            Some(CALLS) => sink.reply.index = None,
            Some(ERROR) => sink.failure(),
            _ => {}
        },
        Token::End(place) => match twin(place) {
            Some(CALLS) => sink.commit_call(true)?,
            Some(CHOICES) => {
                // A choice without an index is the only one.
                sink.release(true)?;
                sink.unskip();
            }
            _ => {}
        },
        Token::Piece(place, bytes) => match twin(place) {
            Some(CONTENT | CONTENT_TEXT) => sink.text(bytes)?,
            Some(REFUSAL) => sink.refusal(bytes)?,
            Some(REASONING_CONTENT) => thinking(sink, REASONING_CONTENT_FIELD, bytes)?,
            Some(REASONING) => thinking(sink, REASONING_FIELD, bytes)?,
            Some(CONTENT_THINKING | THINKING_TEXT) => thinking(sink, CONTENT_FIELD, bytes)?,
            Some(CALL_ID) => sink.stage(Slot::Id, bytes)?,
            Some(NAME) => sink.stage(Slot::Name, bytes)?,
            Some(ARGUMENTS) => sink.stage(Slot::Arguments, bytes)?,
            Some(FINISH_REASON | ERROR_TYPE | ERROR_CODE) => sink.word(bytes),
            Some(ERROR | ERROR_MESSAGE) => sink.failure_text(bytes),
            Some(TOP_CODE) if sink.reply.refused => sink.word(bytes),
            Some(TOP_MESSAGE | DETAIL | DETAIL_MESSAGE) if sink.reply.refused => {
                sink.failure_text(bytes);
            }
            _ => {}
        },
        Token::PieceEnd(place) => match twin(place) {
            Some(FINISH_REASON) => sink.stop(STOP_WORDS),
            Some(ERROR | ERROR_MESSAGE) => sink.failure_text_end(),
            Some(ERROR_TYPE) => sink.failure_code(false),
            Some(ERROR_CODE) => sink.failure_code(true),
            Some(TOP_CODE) if sink.reply.refused => sink.failure_code(true),
            Some(TOP_MESSAGE | DETAIL | DETAIL_MESSAGE) if sink.reply.refused => {
                sink.failure_text_end();
            }
            _ => {}
        },
        Token::Number(place, value) => match twin(place) {
            Some(CHOICE_INDEX) => sink.release(value == 0)?,
            Some(CALL_INDEX) => sink.reply.index = Some(value),
            Some(PROMPT_TOKENS) => sink.count(|usage| &mut usage.input_tokens, value),
            Some(COMPLETION_TOKENS) => sink.count(|usage| &mut usage.output_tokens, value),
            Some(CACHED_TOKENS | CACHE_HIT_TOKENS | CACHE_READ_TOKENS) => {
                sink.count(|usage| &mut usage.cache_read_tokens, value);
            }
            Some(CACHE_WRITE_TOKENS) => sink.count(|usage| &mut usage.cache_write_tokens, value),
            Some(REASONING_TOKENS) => sink.count(|usage| &mut usage.reasoning_tokens, value),
            Some(ERROR_CODE) => sink.failure_status(value),
            _ => {}
        },
        Token::Bool(..) | Token::Null(_) => {}
    }
    Ok(())
}

pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.document_end();
    if sink.reply.stop.is_some() || sink.reply.ended || sink.reply.whole {
        sink.close_calls();
    }
    Ok(())
}

/// Reasoning; servers that send it in two fields repeat it, so the first field counts.
fn thinking(sink: &mut Sink<'_, '_>, field: u8, bytes: &[u8]) -> Result<(), Error> {
    if !bytes.is_empty() && sink.reply.thinking_field == 0 {
        sink.reply.thinking_field = field;
    }
    if sink.reply.thinking_field != field {
        return Ok(());
    }
    sink.part(Kind::Thinking, [field, 0], bytes)
}
