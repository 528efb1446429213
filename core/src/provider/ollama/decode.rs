//! Lines of a chat, and whole ones, which are a single line.
//!
//! Keys come in any order, so the end of the reply counts at the end of its line.

use super::THINKING_FIELD;
use crate::Error;
use crate::message::StopReason;
use crate::provider::Sink;
use crate::provider::reply::Slot;
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    MESSAGE = ROOT . "message",
    CONTENT = MESSAGE . "content",
    THINKING = MESSAGE . "thinking",
    CALLS = MESSAGE . "tool_calls",
    CALL_ID = CALLS . "id",
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name",
    ARGUMENTS = FUNCTION . "arguments" raw,
    DONE = ROOT . "done",
    DONE_REASON = ROOT . "done_reason",
    PROMPT_TOKENS = ROOT . "prompt_eval_count",
    REPLY_TOKENS = ROOT . "eval_count",
    ERROR = ROOT . "error",
    ERROR_MESSAGE = ERROR . "message",
}

const STOP_WORDS: &[(&[u8], StopReason)] =
    &[(b"stop", StopReason::EndTurn), (b"length", StopReason::MaxTokens)];

/// The line says that it is the last one.
const IS_LAST: u8 = 1;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    match token {
        Token::Begin(CALLS) => sink.drop_stage(),
        Token::Begin(ERROR) => sink.failure(),
        Token::End(CALLS) => sink.commit_new_call()?,
        Token::Piece(CONTENT, bytes) => sink.text(bytes)?,
        Token::Piece(THINKING, bytes) => sink.part(Kind::Thinking, [THINKING_FIELD, 0], bytes)?,
        Token::Piece(CALL_ID, bytes) => sink.stage(Slot::Id, bytes)?,
        Token::Piece(NAME, bytes) => sink.stage(Slot::Name, bytes)?,
        Token::Piece(ARGUMENTS, bytes) => sink.stage(Slot::Arguments, bytes)?,
        Token::Piece(DONE_REASON, bytes) => sink.word(bytes),
        Token::Piece(ERROR | ERROR_MESSAGE, bytes) => sink.failure_text(bytes),
        Token::PieceEnd(ERROR | ERROR_MESSAGE) => sink.failure_text_end(),
        Token::Number(PROMPT_TOKENS, value) => sink.count(|usage| &mut usage.input_tokens, value),
        Token::Number(REPLY_TOKENS, value) => sink.count(|usage| &mut usage.output_tokens, value),
        Token::Bool(DONE, true) => sink.reply.notes.document = IS_LAST,
        _ => {}
    }
    Ok(())
}

pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.close_calls();
    if core::mem::take(&mut sink.reply.notes.document) == IS_LAST {
        sink.stop(STOP_WORDS);
        sink.reply.ended = true;
    }
    sink.document_end();
    Ok(())
}
