//! Lines of a chat, and whole ones, which are a single line.
//!
//! Keys are in any order, so the end of the reply takes effect at the end of its line.

use super::THINKING_FIELD;
use crate::Error;
use crate::message::StopReason;
use crate::provider::places::dialect_places;
use crate::provider::reply::Slot;
use crate::provider::{Sink, tag};
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token};

dialect_places! { PLACES:
    // An object, or a text in errors of servers that have their own form.
    MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    CONTENT = MESSAGE . "content" => tag::TEXT,
    THINKING = MESSAGE . "thinking",
    IMAGES = MESSAGE . "images" => tag::MEDIA,
    CALLS = MESSAGE . "tool_calls",
    CALL_ID = CALLS . "id" => tag::ID,
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name" => tag::NAME,
    ARGUMENTS = FUNCTION . "arguments" raw => tag::ARGUMENTS,
    DONE = ROOT . "done",
    DONE_REASON = ROOT . "done_reason" => tag::WORD,
    PROMPT_TOKENS = ROOT . "prompt_eval_count" => tag::INPUT,
    REPLY_TOKENS = ROOT . "eval_count" => tag::OUTPUT,
    TOP_TYPE = ROOT . "type" => tag::OBJECT,
    TOP_STATUS = ROOT . "status" => tag::TOP_CODE,
}

/// The line is marked as the last one.
const IS_LAST: u8 = 1;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    match *token {
        Token::PieceEnd(DONE_REASON) => sink.reply.raw_stop_reason = sink.take_word(),
        Token::Begin(MESSAGE) => sink.reply.is_known = true,
        Token::Begin(CALLS) => sink.drop_stage(),
        // Some servers repeat the calls in the last line.
        Token::End(CALLS) if sink.repeats_call() => sink.drop_stage(),
        Token::End(CALLS) => sink.commit_new_call()?,
        Token::Piece(THINKING, bytes) => sink.part(Kind::Thinking, [THINKING_FIELD, 0], bytes)?,
        Token::Bool(DONE, is_last) => {
            sink.reply.is_known = true;
            sink.reply.dialect_state.document = if is_last { IS_LAST } else { 0 };
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    // No stream has a message that is a string, so it belongs to an error.
    if !sink.reply.is_known && sink.is_staged(Slot::Id) {
        sink.fail_document();
    }
    sink.close_calls();
    let word = core::mem::take(&mut sink.reply.raw_stop_reason);
    if core::mem::take(&mut sink.reply.dialect_state.document) == IS_LAST {
        sink.word(&word);
        sink.stop();
        // Older servers have no word for it.
        let is_silent = sink.reply.stop.is_none() && !sink.reply.is_muted();
        sink.reply.stop = if is_silent { Some(StopReason::EndTurn) } else { sink.reply.stop };
        sink.reply.ended = true;
    }
    sink.document_end();
    Ok(())
}
