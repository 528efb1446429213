//! Chunks of a chat completion, and whole ones.
//!
//! A chunk has its news in `choices[].delta`, a whole body has all in `choices[].message`;
//! both are read alike. Some servers send `message` in a chunk, too: beside a `delta`, or behind
//! one, it repeats what came, and is not read.

use super::{CONTENT_FIELD, REASONING_CONTENT_FIELD, REASONING_FIELD};
use crate::Error;
use crate::provider::{Sink, tag};
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    CHOICES = ROOT . "choices",
    CHOICE_INDEX = CHOICES . "index",
    FINISH_REASON = CHOICES . "finish_reason" => tag::STOP,
    CHOICE_ERROR = CHOICES . "error" (from ERROR_MESSAGE) => tag::ERROR,
    DELTA = CHOICES . "delta",
    CONTENT = DELTA . "content" => tag::TEXT,
    CONTENT_TEXT = CONTENT . "text" => tag::TEXT,
    CONTENT_THINKING = CONTENT . "thinking",
    THINKING_TEXT = CONTENT_THINKING . "text",
    REASONING_CONTENT = DELTA . "reasoning_content",
    REASONING = DELTA . "reasoning",
    REFUSAL = DELTA . "refusal" => tag::REFUSAL,
    CALLS = DELTA . "tool_calls",
    CALL_INDEX = CALLS . "index" => tag::INDEX,
    CALL_ID = CALLS . "id" => tag::ID,
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name" => tag::NAME,
    ARGUMENTS = FUNCTION . "arguments" raw => tag::ARGUMENTS,
    // The same again for whole bodies.
    MESSAGE = CHOICES . "message" (from CONTENT),
    USAGE = ROOT . "usage",
    PROMPT_TOKENS = USAGE . "prompt_tokens" => tag::INPUT,
    COMPLETION_TOKENS = USAGE . "completion_tokens" => tag::OUTPUT,
    PROMPT_DETAILS = USAGE . "prompt_tokens_details",
    CACHED_TOKENS = PROMPT_DETAILS . "cached_tokens" => tag::CACHE_READ,
    CACHE_HIT_TOKENS = USAGE . "prompt_cache_hit_tokens" => tag::CACHE_READ,
    CACHE_READ_TOKENS = USAGE . "cache_read_input_tokens" => tag::CACHE_READ,
    CACHE_WRITE_TOKENS = USAGE . "cache_creation_input_tokens" => tag::CACHE_WRITE,
    COMPLETION_DETAILS = USAGE . "completion_tokens_details",
    REASONING_TOKENS = COMPLETION_DETAILS . "reasoning_tokens" => tag::REASONING,
    ERROR = ROOT . "error" => tag::ERROR,
    ERROR_MESSAGE = ERROR . "message" => tag::ERROR,
    ERROR_TYPE = ERROR . "type" => tag::ERROR_TYPE,
    ERROR_CODE = ERROR . "code" => tag::ERROR_CODE,
    RETRY_AFTER = ERROR . "retry_after" => tag::DELAY,
    // Gemini's errors in this dialect are those of its own.
    ERROR_DETAILS = ERROR . "details",
    RETRY_DELAY = ERROR_DETAILS . "retryDelay" => tag::DELAY,
    ERROR_ERROR = ERROR . "error" (from ERROR_MESSAGE) => tag::ERROR,
    // Errors of servers that do not follow OpenAI's form.
    OBJECT = ROOT . "object" => tag::OBJECT,
    TOP_MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    TOP_TYPE = ROOT . "type" => tag::OBJECT,
    TOP_CODE = ROOT . "code" => tag::TOP_CODE,
    DETAIL = ROOT . "detail" => tag::TOP_MESSAGE,
    DETAIL_MESSAGE = DETAIL . "msg" => tag::TOP_MESSAGE,
}

/// A whole body has its content in the message alone.
pub(super) const TWINS: [u8; 2] = [DELTA, ROOT];

/// Content came in a `delta`: a `message` repeats it.
const HAS_DELTA: u8 = 1;
/// The choice that is read has a `message`, which repeats what a `delta` behind it says.
const HAS_MESSAGE: u8 = 2;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    match token {
        Token::Begin(CHOICES) => {
            sink.reply.is_known = true;
            sink.reply.notes.block = 0;
            sink.reply.notes.flags &= !HAS_MESSAGE;
            sink.hold();
        }
        Token::Number(CHOICE_INDEX, 0) if sink.reply.notes.level <= 1 => sink.release(true)?,
        Token::Number(CHOICE_INDEX, value) => sink.reply.notes.block = value.min(254) as u8,
        Token::Begin(MESSAGE) if sink.reply.notes.flags & HAS_DELTA != 0 => sink.skip(),
        Token::Begin(MESSAGE) if !sink.reply.whole => {
            sink.reply.notes.flags |= HAS_MESSAGE;
            sink.hold();
        }
        Token::End(MESSAGE) => sink.unskip(),
        Token::Begin(DELTA) => {
            if sink.reply.notes.flags & HAS_MESSAGE != 0 {
                sink.drop_held()?;
            }
            sink.reply.notes.count = sink.log.used() as u32;
        }
        Token::End(DELTA) if sink.log.used() > sink.reply.notes.count as usize => {
            sink.reply.notes.flags |= HAS_DELTA;
        }
        Token::Begin(CALLS) => sink.reply.index = None,
        Token::End(CALLS) => sink.commit_call(true)?,
        Token::End(CHOICES) => {
            let is_ours = is_ours(sink);
            sink.release(is_ours)?;
            sink.unskip();
        }
        Token::Piece(place, bytes) => match place {
            REASONING_CONTENT => thinking(sink, REASONING_CONTENT_FIELD, bytes)?,
            REASONING => thinking(sink, REASONING_FIELD, bytes)?,
            CONTENT_THINKING | THINKING_TEXT => thinking(sink, CONTENT_FIELD, bytes)?,
            _ => {}
        },
        _ => {}
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

/// Whether the choice belongs to the reply. Only one is asked for, and some servers spread it
/// over several: the first with text counts, and the calls of those that have none. One with a
/// text of its own is another answer.
fn is_ours(sink: &mut Sink<'_, '_>) -> bool {
    let number = sink.reply.notes.block + 1;
    if sink.reply.notes.level == 0 {
        sink.reply.notes.level = match sink.text_is_held() {
            Some(false) if number > 1 => 1,
            Some(_) => number,
            None => 0,
        };
    }
    let text_choice = sink.reply.notes.level;
    if text_choice == 0 || text_choice == number {
        return true;
    }
    let bit = 1 << (number % 32);
    if sink.holds_text() {
        sink.reply.notes.seen |= bit;
    }
    sink.holds_calls() && sink.reply.notes.seen & bit == 0
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
