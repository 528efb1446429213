//! Lines of a chat, and whole ones, which are a single line.
//!
//! Keys come in any order, so the end of the reply counts at the end of its line.

use super::THINKING_FIELD;
use crate::Error;
use crate::message::StopReason;
use crate::provider::{Sink, tag};
use crate::transcript::record::Kind;
use crate::wire::hash::hash;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    MESSAGE = ROOT . "message",
    CONTENT = MESSAGE . "content" => tag::TEXT,
    THINKING = MESSAGE . "thinking",
    CALLS = MESSAGE . "tool_calls",
    CALL_ID = CALLS . "id" => tag::ID,
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name" => tag::NAME,
    ARGUMENTS = FUNCTION . "arguments" raw => tag::ARGUMENTS,
    DONE = ROOT . "done",
    DONE_REASON = ROOT . "done_reason" => tag::WORD,
    PROMPT_TOKENS = ROOT . "prompt_eval_count" => tag::INPUT,
    REPLY_TOKENS = ROOT . "eval_count" => tag::OUTPUT,
    ERROR = ROOT . "error" => tag::ERROR,
    ERROR_MESSAGE = ERROR . "message" => tag::ERROR,
}

pub(super) static STOP_WORDS: [(u32, StopReason); 2] =
    [(hash(b"stop"), StopReason::EndTurn), (hash(b"length"), StopReason::MaxTokens)];

/// The line says that it is the last one.
const IS_LAST: u8 = 1;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    match token {
        Token::Begin(CALLS) => sink.drop_stage(),
        Token::End(CALLS) => sink.commit_new_call()?,
        Token::Piece(THINKING, bytes) => sink.part(Kind::Thinking, [THINKING_FIELD, 0], bytes)?,
        Token::Bool(DONE, true) => sink.reply.notes.document = IS_LAST,
        _ => {}
    }
    Ok(())
}

pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.close_calls();
    if core::mem::take(&mut sink.reply.notes.document) == IS_LAST {
        sink.stop(&STOP_WORDS);
        sink.reply.ended = true;
    }
    sink.document_end();
    Ok(())
}
