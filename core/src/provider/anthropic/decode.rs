//! Events of a message, and whole messages.
//!
//! The blocks of a whole message (`content`) and the blocks that begin in a stream
//! (`content_block`) are read alike. Blocks of the provider's own tools are left out.

use super::{REDACTED, SIGNATURE};
use crate::Error;
use crate::message::StopReason;
use crate::provider::Sink;
use crate::provider::reply::Slot;
use crate::transcript::record::Kind;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    TYPE = ROOT . "type",
    INDEX = ROOT . "index",
    BLOCK = ROOT . "content_block",
    BLOCK_TYPE = BLOCK . "type",
    BLOCK_ID = BLOCK . "id",
    BLOCK_NAME = BLOCK . "name",
    BLOCK_INPUT = BLOCK . "input" raw,
    BLOCK_TEXT = BLOCK . "text",
    BLOCK_THINKING = BLOCK . "thinking",
    BLOCK_SIGNATURE = BLOCK . "signature",
    BLOCK_DATA = BLOCK . "data",
    // The same again for whole messages, in the same order.
    CONTENT = ROOT . "content",
    _CONTENT_TYPE = CONTENT . "type",
    _CONTENT_ID = CONTENT . "id",
    _CONTENT_NAME = CONTENT . "name",
    _CONTENT_INPUT = CONTENT . "input" raw,
    _CONTENT_TEXT = CONTENT . "text",
    _CONTENT_THINKING = CONTENT . "thinking",
    _CONTENT_SIGNATURE = CONTENT . "signature",
    CONTENT_DATA = CONTENT . "data",
    DELTA = ROOT . "delta",
    DELTA_TEXT = DELTA . "text",
    DELTA_THINKING = DELTA . "thinking",
    DELTA_SIGNATURE = DELTA . "signature",
    PARTIAL_JSON = DELTA . "partial_json",
    DELTA_STOP_REASON = DELTA . "stop_reason",
    STOP_REASON = ROOT . "stop_reason",
    MESSAGE = ROOT . "message",
    // Counts stand in the message that begins, and later beside the delta.
    MESSAGE_USAGE = MESSAGE . "usage",
    MESSAGE_INPUT_TOKENS = MESSAGE_USAGE . "input_tokens",
    MESSAGE_OUTPUT_TOKENS = MESSAGE_USAGE . "output_tokens",
    MESSAGE_CACHE_READ = MESSAGE_USAGE . "cache_read_input_tokens",
    MESSAGE_CACHE_WRITE = MESSAGE_USAGE . "cache_creation_input_tokens",
    USAGE = ROOT . "usage",
    INPUT_TOKENS = USAGE . "input_tokens",
    OUTPUT_TOKENS = USAGE . "output_tokens",
    CACHE_READ = USAGE . "cache_read_input_tokens",
    CACHE_WRITE = USAGE . "cache_creation_input_tokens",
    OUTPUT_DETAILS = USAGE . "output_tokens_details",
    THINKING_TOKENS = OUTPUT_DETAILS . "thinking_tokens",
    ERROR = ROOT . "error",
    ERROR_TYPE = ERROR . "type",
    ERROR_MESSAGE = ERROR . "message",
    ERROR_DETAILS = ERROR . "details",
    ERROR_CODE = ERROR_DETAILS . "error_code",
    // Gateways put their own code here, a word or a status.
    GATEWAY_CODE = ERROR . "code",
}

const STOP_WORDS: &[(&[u8], StopReason)] = &[
    (b"end_turn", StopReason::EndTurn),
    (b"tool_use", StopReason::ToolUse),
    (b"max_tokens", StopReason::MaxTokens),
    (b"model_context_window_exceeded", StopReason::MaxTokens),
    (b"stop_sequence", StopReason::StopSequence),
    (b"refusal", StopReason::Refusal),
    (b"pause_turn", StopReason::Pause),
];

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    let provider = sink.provider as u8;
    let whole = sink.reply.whole;
    let twin = |place: u8| match place {
        CONTENT..=CONTENT_DATA if whole => Some(place - CONTENT + BLOCK),
        CONTENT..=CONTENT_DATA => None,
        _ => Some(place),
    };
    match token {
        Token::Begin(place) => match twin(place) {
            Some(BLOCK) => {
                sink.end_part();
                sink.take_word();
                sink.reply.is_call = false;
                if whole {
                    sink.reply.index = Some(u32::from(sink.reply.calls));
                }
            }
            Some(ERROR) => sink.failure(),
            _ => {}
        },
        Token::End(place) if twin(place) == Some(BLOCK) => {
            if !sink.reply.is_call {
                sink.drop_stage();
            } else if whole {
                sink.commit_call(true)?;
            }
        }
        Token::Piece(place, bytes) => match twin(place) {
            Some(BLOCK_TEXT | DELTA_TEXT) => sink.text(bytes)?,
            Some(BLOCK_THINKING | DELTA_THINKING) => sink.part(Kind::Thinking, [0, 0], bytes)?,
            Some(BLOCK_SIGNATURE | DELTA_SIGNATURE) => {
                sink.part(Kind::Opaque, [provider, SIGNATURE], bytes)?;
            }
            Some(BLOCK_DATA) => sink.part(Kind::Opaque, [provider, REDACTED], bytes)?,
            Some(BLOCK_ID) => sink.stage(Slot::Id, bytes)?,
            Some(BLOCK_NAME) => sink.stage(Slot::Name, bytes)?,
            Some(BLOCK_INPUT | PARTIAL_JSON) => sink.stage(Slot::Arguments, bytes)?,
            Some(
                TYPE | BLOCK_TYPE | STOP_REASON | DELTA_STOP_REASON | ERROR_TYPE | ERROR_CODE
                | GATEWAY_CODE,
            ) => sink.word(bytes),
            Some(ERROR | ERROR_MESSAGE) => sink.failure_text(bytes),
            _ => {}
        },
        Token::PieceEnd(place) => match twin(place) {
            Some(TYPE) => match sink.take_word().as_slice() {
                b"content_block_stop" => {
                    sink.end_part();
                    sink.reply.block_ends = true;
                }
                b"message_stop" => sink.reply.ended = true,
                b"error" => sink.failure(),
                _ => {}
            },
            Some(BLOCK_TYPE) => sink.reply.is_call = sink.take_word().as_slice() == b"tool_use",
            Some(DELTA_STOP_REASON | STOP_REASON) => sink.stop(STOP_WORDS),
            Some(ERROR | ERROR_MESSAGE) => sink.failure_text_end(),
            Some(ERROR_TYPE) => sink.failure_code(false),
            Some(ERROR_CODE | GATEWAY_CODE) => sink.failure_code(true),
            _ => {}
        },
        Token::Number(place, value) => match place {
            INDEX => sink.reply.index = Some(value),
            MESSAGE_INPUT_TOKENS | INPUT_TOKENS => {
                sink.count(|usage| &mut usage.input_tokens, value);
            }
            MESSAGE_OUTPUT_TOKENS | OUTPUT_TOKENS => {
                sink.count(|usage| &mut usage.output_tokens, value);
            }
            MESSAGE_CACHE_READ | CACHE_READ => {
                sink.count(|usage| &mut usage.cache_read_tokens, value);
            }
            MESSAGE_CACHE_WRITE | CACHE_WRITE => {
                sink.count(|usage| &mut usage.cache_write_tokens, value);
            }
            GATEWAY_CODE => sink.failure_status(value),
            THINKING_TOKENS => sink.count(|usage| &mut usage.reasoning_tokens, value),
            _ => {}
        },
        Token::End(_) | Token::Bool(..) | Token::Null(_) => {}
    }
    Ok(())
}

/// The index of a block may stand behind it, so a block and its deltas are taken here.
pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
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
