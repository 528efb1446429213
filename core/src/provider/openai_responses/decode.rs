//! Events of a response, and whole responses: where each string goes.
//!
//! The type of an event or an item may stand behind what it is the type of. Strings whose
//! meaning is not known yet wait at the end of the transcript until their document is over.

use super::items::{GOT, SKIPS_LIST, event, is_told, item, list_item};
use crate::Error;
use crate::message::StopReason;
use crate::provider::Sink;
use crate::provider::reply::Slot;
use crate::wire::json_read::{ROOT, Token, places};

places! { PLACES:
    TYPE = ROOT . "type",
    OUTPUT_INDEX = ROOT . "output_index",
    DELTA = ROOT . "delta",
    TEXT = ROOT . "text",
    REFUSAL = ROOT . "refusal",
    ARGUMENTS = ROOT . "arguments",
    CODE = ROOT . "code",
    MESSAGE = ROOT . "message",
    PART = ROOT . "part",
    PART_TYPE = PART . "type",
    PART_TEXT = PART . "text",
    PART_REFUSAL = PART . "refusal",
    ITEM = ROOT . "item",
    ITEM_TYPE = ITEM . "type",
    ITEM_CALL_ID = ITEM . "call_id",
    ITEM_NAME = ITEM . "name",
    ITEM_ARGUMENTS = ITEM . "arguments" raw,
    ITEM_ENCRYPTED = ITEM . "encrypted_content",
    ITEM_PHASE = ITEM . "phase",
    ITEM_SUMMARY = ITEM . "summary",
    ITEM_SUMMARY_TEXT = ITEM_SUMMARY . "text",
    ITEM_CONTENT = ITEM . "content",
    ITEM_TEXT = ITEM_CONTENT . "text",
    ITEM_REFUSAL = ITEM_CONTENT . "refusal",
    RESPONSE = ROOT . "response",
    STATUS = RESPONSE . "status",
    INCOMPLETE = RESPONSE . "incomplete_details",
    REASON = INCOMPLETE . "reason",
    ERROR = RESPONSE . "error",
    ERROR_MESSAGE = ERROR . "message",
    ERROR_TYPE = ERROR . "type",
    ERROR_CODE = ERROR . "code",
    USAGE = RESPONSE . "usage",
    INPUT_TOKENS = USAGE . "input_tokens",
    OUTPUT_TOKENS = USAGE . "output_tokens",
    INPUT_DETAILS = USAGE . "input_tokens_details",
    CACHED_TOKENS = INPUT_DETAILS . "cached_tokens",
    CACHE_WRITE_TOKENS = INPUT_DETAILS . "cache_write_tokens",
    OUTPUT_DETAILS = USAGE . "output_tokens_details",
    REASONING_TOKENS = OUTPUT_DETAILS . "reasoning_tokens",
    // The items of a list are read like the one of an event, in the same order.
    LIST = RESPONSE . "output",
    _LIST_TYPE = LIST . "type",
    _LIST_CALL_ID = LIST . "call_id",
    _LIST_NAME = LIST . "name",
    _LIST_ARGUMENTS = LIST . "arguments" raw,
    _LIST_ENCRYPTED = LIST . "encrypted_content",
    _LIST_PHASE = LIST . "phase",
    _LIST_SUMMARY = LIST . "summary",
    _LIST_SUMMARY_TEXT = _LIST_SUMMARY . "text",
    _LIST_CONTENT = LIST . "content",
    _LIST_TEXT = _LIST_CONTENT . "text",
    LIST_REFUSAL = _LIST_CONTENT . "refusal",
    // A whole body is what an event has under `response`, in the same order.
    WHOLE_STATUS = ROOT . "status",
    _WHOLE_INCOMPLETE = ROOT . "incomplete_details",
    _WHOLE_REASON = _WHOLE_INCOMPLETE . "reason",
    _WHOLE_ERROR = ROOT . "error",
    _WHOLE_ERROR_MESSAGE = _WHOLE_ERROR . "message",
    _WHOLE_ERROR_TYPE = _WHOLE_ERROR . "type",
    _WHOLE_ERROR_CODE = _WHOLE_ERROR . "code",
    _WHOLE_USAGE = ROOT . "usage",
    _WHOLE_INPUT_TOKENS = _WHOLE_USAGE . "input_tokens",
    _WHOLE_OUTPUT_TOKENS = _WHOLE_USAGE . "output_tokens",
    _WHOLE_INPUT_DETAILS = _WHOLE_USAGE . "input_tokens_details",
    _WHOLE_CACHED_TOKENS = _WHOLE_INPUT_DETAILS . "cached_tokens",
    _WHOLE_CACHE_WRITE_TOKENS = _WHOLE_INPUT_DETAILS . "cache_write_tokens",
    _WHOLE_OUTPUT_DETAILS = _WHOLE_USAGE . "output_tokens_details",
    _WHOLE_REASONING_TOKENS = _WHOLE_OUTPUT_DETAILS . "reasoning_tokens",
    WHOLE_LIST = ROOT . "output",
    _WHOLE_LIST_TYPE = WHOLE_LIST . "type",
    _WHOLE_LIST_CALL_ID = WHOLE_LIST . "call_id",
    _WHOLE_LIST_NAME = WHOLE_LIST . "name",
    _WHOLE_LIST_ARGUMENTS = WHOLE_LIST . "arguments" raw,
    _WHOLE_LIST_ENCRYPTED = WHOLE_LIST . "encrypted_content",
    _WHOLE_LIST_PHASE = WHOLE_LIST . "phase",
    _WHOLE_LIST_SUMMARY = WHOLE_LIST . "summary",
    _WHOLE_LIST_SUMMARY_TEXT = _WHOLE_LIST_SUMMARY . "text",
    _WHOLE_LIST_CONTENT = WHOLE_LIST . "content",
    _WHOLE_LIST_TEXT = _WHOLE_LIST_CONTENT . "text",
    WHOLE_LIST_REFUSAL = _WHOLE_LIST_CONTENT . "refusal",
}

pub(super) fn token(sink: &mut Sink<'_, '_>, token: Token<'_>) -> Result<(), Error> {
    match token {
        Token::Begin(place) => begin(sink, twin(sink, place)),
        Token::End(place) if twin(sink, place) == (ITEM, true) => list_item(sink)?,
        Token::Piece(place, bytes) => piece(sink, twin(sink, place), bytes)?,
        Token::PieceEnd(place) => piece_end(sink, twin(sink, place)),
        Token::Number(place, value) => match twin(sink, place).0 {
            OUTPUT_INDEX => sink.reply.index = Some(value),
            INPUT_TOKENS => sink.count(|usage| &mut usage.input_tokens, value),
            OUTPUT_TOKENS => sink.count(|usage| &mut usage.output_tokens, value),
            CACHED_TOKENS => sink.count(|usage| &mut usage.cache_read_tokens, value),
            CACHE_WRITE_TOKENS => sink.count(|usage| &mut usage.cache_write_tokens, value),
            REASONING_TOKENS => sink.count(|usage| &mut usage.reasoning_tokens, value),
            ERROR_CODE => sink.failure_status(value),
            // Some servers repeat the status of HTTP beside an error.
            STATUS if sink.reply.failure.told => sink.failure_status(value),
            _ => {}
        },
        Token::End(_) | Token::Bool(..) | Token::Null(_) => {}
    }
    Ok(())
}

/// The place that `place` is read as, and whether it stands in a list of items.
fn twin(sink: &Sink<'_, '_>, place: u8) -> (u8, bool) {
    let place = match place {
        // Events of other kinds have an `output` of their own.
        WHOLE_LIST..=WHOLE_LIST_REFUSAL if !sink.reply.whole => ROOT,
        WHOLE_STATUS..=WHOLE_LIST_REFUSAL => place - WHOLE_STATUS + STATUS,
        _ => place,
    };
    match place {
        LIST..=LIST_REFUSAL if sink.reply.notes.flags & SKIPS_LIST != 0 => (ROOT, false),
        LIST..=LIST_REFUSAL => (place - LIST + ITEM, true),
        _ => (place, false),
    }
}

fn begin(sink: &mut Sink<'_, '_>, place: (u8, bool)) {
    match place {
        (ITEM, is_listed) => {
            sink.drop_stage();
            sink.reply.notes.block = item::UNKNOWN;
            if is_listed {
                sink.end_part();
            }
        }
        // What came before is told once more.
        (RESPONSE, _) if sink.reply.notes.seen != 0 => sink.reply.notes.flags |= SKIPS_LIST,
        (ERROR, _) => sink.failure(),
        _ => {}
    }
}

fn piece(
    sink: &mut Sink<'_, '_>,
    (place, is_listed): (u8, bool),
    bytes: &[u8],
) -> Result<(), Error> {
    let event = sink.reply.notes.document;
    let item = sink.reply.notes.block;
    match place {
        TYPE | PART_TYPE | ITEM_TYPE | STATUS | REASON | ERROR_TYPE | ERROR_CODE | CODE => {
            sink.word(bytes);
        }
        ERROR | ERROR_MESSAGE => sink.failure_text(bytes),
        MESSAGE if event == event::ERROR || sink.reply.whole => sink.failure_text(bytes),
        MESSAGE if event == event::UNKNOWN => sink.stage(Slot::Id, bytes)?,
        DELTA => {
            sink.reply.notes.flags |= GOT;
            match event::part(event) {
                Some(_) if event == event::REFUSAL_DELTA => sink.refusal(bytes)?,
                Some((kind, info)) => sink.part(kind, info, bytes)?,
                None if matches!(event, event::UNKNOWN | event::ARGUMENTS_DELTA) => {
                    sink.stage(Slot::Arguments, bytes)?;
                }
                None => {}
            }
        }
        ITEM_ENCRYPTED | ITEM_PHASE => sink.stage(Slot::Arguments, bytes)?,
        // What came before, and may be long, is not kept a second time.
        _ if item == item::OTHER => {}
        _ if !is_listed && (event == event::OTHER || is_told(sink, event) == Some(true)) => {}
        ITEM_TEXT if is_listed && item == item::MESSAGE => sink.text(bytes)?,
        ITEM_REFUSAL if is_listed && item == item::MESSAGE => sink.refusal(bytes)?,
        TEXT | REFUSAL | PART_TEXT | ITEM_TEXT | ITEM_CALL_ID => sink.stage(Slot::Id, bytes)?,
        PART_REFUSAL | ITEM_REFUSAL | ITEM_SUMMARY_TEXT | ITEM_NAME => {
            sink.stage(Slot::Name, bytes)?;
        }
        ARGUMENTS | ITEM_ARGUMENTS => {
            sink.reply.notes.flags |= GOT;
            sink.stage(Slot::Arguments, bytes)?;
        }
        _ => {}
    }
    Ok(())
}

fn piece_end(sink: &mut Sink<'_, '_>, (place, _): (u8, bool)) {
    match place {
        TYPE => sink.reply.notes.document = event::from_word(&sink.take_word()),
        PART_TYPE | ITEM_TYPE => sink.reply.notes.block = item::from_word(&sink.take_word()),
        STATUS => match sink.take_word() {
            word if matches!(word.as_slice(), b"in_progress" | b"queued") => {}
            word => sink.reply.stop_word = word,
        },
        REASON => {
            sink.reply.notes.reason = Some(match sink.take_word().as_slice() {
                b"max_output_tokens" | b"max_tokens" => StopReason::MaxTokens,
                b"content_filter" => StopReason::ContentFilter,
                _ => StopReason::Other,
            });
        }
        ERROR | ERROR_MESSAGE => sink.failure_text_end(),
        MESSAGE if sink.reply.failure.told => sink.failure_text_end(),
        ERROR_TYPE => sink.failure_code(false),
        ERROR_CODE => sink.failure_code(true),
        // It is the code of an error if the document turns out to be one.
        CODE => {
            let word = sink.take_word();
            let code = &mut sink.reply.failure.code;
            if code.is_empty() {
                *code = word;
            }
        }
        _ => {}
    }
}
