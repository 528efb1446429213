//! Events of a message, and whole messages.
//!
//! The blocks of a whole message (`content`) and the blocks that begin in a stream
//! (`content_block`) are read alike. Blocks of the provider's own tools are left out.

use super::{REDACTED, SIGNATURE, THINKING_FIELD};
use crate::Error;
use crate::provider::{Sink, tag};
use crate::transcript::record::Kind;
use crate::wire::hash::hash;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    TYPE = ROOT . "type" => tag::WORD,
    INDEX = ROOT . "index" => tag::INDEX,
    BLOCK = ROOT . "content_block",
    BLOCK_TYPE = BLOCK . "type" => tag::WORD,
    BLOCK_ID = BLOCK . "id" => tag::ID,
    BLOCK_NAME = BLOCK . "name" => tag::NAME,
    BLOCK_INPUT = BLOCK . "input" raw => tag::ARGUMENTS,
    BLOCK_TEXT = BLOCK . "text" => tag::TEXT,
    BLOCK_THINKING = BLOCK . "thinking",
    BLOCK_SIGNATURE = BLOCK . "signature",
    BLOCK_DATA = BLOCK . "data",
    // The same again for whole messages.
    CONTENT = ROOT . "content" (from BLOCK_TYPE),
    DELTA = ROOT . "delta",
    DELTA_TEXT = DELTA . "text" => tag::TEXT,
    DELTA_THINKING = DELTA . "thinking",
    DELTA_SIGNATURE = DELTA . "signature",
    PARTIAL_JSON = DELTA . "partial_json" => tag::ARGUMENTS,
    DELTA_STOP_REASON = DELTA . "stop_reason" => tag::STOP,
    STOP_REASON = ROOT . "stop_reason" => tag::STOP,
    // An object where a message begins, a text in errors of servers that have their own form.
    MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    // Counts stand in the message that begins, and later beside the delta.
    MESSAGE_USAGE = MESSAGE . "usage" (from INPUT_TOKENS),
    USAGE = ROOT . "usage",
    INPUT_TOKENS = USAGE . "input_tokens" => tag::INPUT,
    OUTPUT_TOKENS = USAGE . "output_tokens" => tag::OUTPUT,
    CACHE_READ = USAGE . "cache_read_input_tokens" => tag::CACHE_READ,
    CACHE_WRITE = USAGE . "cache_creation_input_tokens" => tag::CACHE_WRITE,
    OUTPUT_DETAILS = USAGE . "output_tokens_details",
    THINKING_TOKENS = OUTPUT_DETAILS . "thinking_tokens" => tag::REASONING,
    ERROR = ROOT . "error" => tag::ERROR,
    ERROR_TYPE = ERROR . "type" => tag::ERROR_TYPE,
    ERROR_MESSAGE = ERROR . "message" => tag::ERROR,
    ERROR_ERROR = ERROR . "error" (from ERROR_TYPE) => tag::ERROR,
    ERROR_DETAILS = ERROR . "details",
    DETAILS_CODE = ERROR_DETAILS . "error_code" => tag::ERROR_CODE,
    // Gateways put their own code here, a word or a status.
    GATEWAY_CODE = ERROR . "code" => tag::ERROR_CODE,
    OBJECT = ROOT . "object" => tag::OBJECT,
    TOP_CODE = ROOT . "code" => tag::TOP_CODE,
}

pub(super) const TWINS: [u8; 2] = [BLOCK, CONTENT];

const BLOCK_STOP: u32 = hash(b"content_block_stop");
const MESSAGE_STOP: u32 = hash(b"message_stop");
const IS_ERROR: u32 = hash(b"error");
/// Other documents of the dialect.
const OTHERS: [u32; 3] = [hash(b"message"), hash(b"message_start"), hash(b"ping")];
const IS_CALL: u32 = hash(b"tool_use");

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    let dialect = sink.dialect as u8;
    let whole = sink.reply.whole;
    match token {
        Token::Begin(DELTA) => sink.reply.is_known = true,
        // What comes with the end of a block repeats the block.
        Token::Begin(BLOCK) if sink.reply.block_ends => sink.skip(),
        Token::Begin(BLOCK | CONTENT) => {
            sink.reply.is_known = true;
            sink.end_part();
            sink.take_word();
            sink.reply.is_call = false;
            if whole {
                sink.reply.index = Some(u32::from(sink.reply.calls));
            }
        }
        Token::End(BLOCK | CONTENT) => {
            sink.end_skip();
            if !sink.reply.is_call {
                sink.drop_stage();
            } else if whole {
                sink.commit_call(true)?;
            }
        }
        Token::Piece(BLOCK_THINKING | DELTA_THINKING, bytes) => {
            sink.part(Kind::Thinking, [THINKING_FIELD, 0], bytes)?;
        }
        Token::Piece(BLOCK_SIGNATURE | DELTA_SIGNATURE, bytes) => {
            sink.part(Kind::Opaque, [dialect, SIGNATURE], bytes)?;
        }
        Token::Piece(BLOCK_DATA, bytes) => sink.part(Kind::Opaque, [dialect, REDACTED], bytes)?,
        Token::PieceEnd(TYPE) => match sink.take_hash() {
            BLOCK_STOP => {
                sink.reply.is_known = true;
                sink.end_part();
                sink.reply.block_ends = true;
            }
            MESSAGE_STOP => (sink.reply.is_known, sink.reply.ended) = (true, true),
            IS_ERROR => sink.fail_document(),
            word => sink.reply.is_known |= OTHERS.contains(&word),
        },
        Token::PieceEnd(BLOCK_TYPE) => sink.reply.is_call = sink.take_hash() == IS_CALL,
        _ => {}
    }
    Ok(())
}

/// The index of a block may stand after it, so a block and its deltas are taken here.
pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.end_error();
    sink.reply.is_cache_apart = true;
    if !sink.reply.whole {
        let begins = core::mem::take(&mut sink.reply.is_call);
        sink.commit_call(begins)?;
        if core::mem::take(&mut sink.reply.block_ends) {
            sink.close_call();
        }
        sink.reply.index = None;
    }
    if sink.reply.ended || sink.reply.whole {
        sink.close_calls();
    }
    sink.document_end();
    Ok(())
}
