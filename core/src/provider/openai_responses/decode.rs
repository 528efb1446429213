//! Events of a response, and whole responses: where each string goes.
//!
//! The type of an event or an item may follow its content. Strings whose meaning is not known yet
//! wait at the end of the transcript until their document is over.

use super::items::{
    GOT, IGNORES, IS_LISTED, SKIPS_CALLS, SKIPS_LIST, add_to_key, event, is_reported, item,
    list_item,
};
use crate::Error;
use crate::message::StopReason;
use crate::provider::places::dialect_places;
use crate::provider::reply::Slot;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
use crate::provider::{Reply, codec::Ignores};
use crate::provider::{Sink, stop, tag};
use crate::wire::hash::hash;
use crate::wire::json_read::{ROOT, Token};

dialect_places! { PLACES:
    TYPE = ROOT . "type" => tag::WORD,
    OUTPUT_INDEX = ROOT . "output_index" => tag::INDEX,
    EVENT_ITEM_ID = ROOT . "item_id",
    // Servers that name the item otherwise.
    EVENT_ID = ROOT . "id" => tag::HASH,
    EVENT_CALL_ID = ROOT . "call_id" => tag::HASH,
    DELTA = ROOT . "delta",
    TEXT = ROOT . "text",
    REFUSAL = ROOT . "refusal",
    ARGUMENTS = ROOT . "arguments",
    NAME = ROOT . "name",
    MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    PART = ROOT . "part",
    PART_TYPE = PART . "type" => tag::HASH,
    PART_TEXT = PART . "text",
    PART_REFUSAL = PART . "refusal",
    ITEM = ROOT . "item",
    ITEM_TYPE = ITEM . "type" => tag::HASH,
    ITEM_ID = ITEM . "id",
    ITEM_CALL_ID = ITEM . "call_id",
    ITEM_NAME = ITEM . "name",
    ITEM_ARGUMENTS = ITEM . "arguments" raw,
    ITEM_ENCRYPTED = ITEM . "encrypted_content",
    ITEM_PHASE = ITEM . "phase",
    // An image that was made.
    ITEM_RESULT = ITEM . "result",
    ITEM_SUMMARY = ITEM . "summary",
    ITEM_SUMMARY_TEXT = ITEM_SUMMARY . "text",
    ITEM_CONTENT = ITEM . "content",
    ITEM_TEXT = ITEM_CONTENT . "text",
    ITEM_REFUSAL = ITEM_CONTENT . "refusal",
    ITEM_TRANSCRIPT = ITEM_CONTENT . "transcript",
    ITEM_DATA = ITEM_CONTENT . "data",
    // A whole body is what an event has under `response`. Events of other kinds have an `output`
    // of their own, so that of a whole body, which may be an event, has a place of its own too.
    RESPONSE = ROOT . "response" (from STATUS),
    WHOLE_LIST = ROOT . "output" (from ITEM_TYPE),
    STATUS = ROOT . "status" => tag::WORD,
    INCOMPLETE = ROOT . "incomplete_details",
    REASON = INCOMPLETE . "reason" => tag::WORD,
    USAGE = ROOT . "usage",
    INPUT_TOKENS = USAGE . "input_tokens" => tag::INPUT,
    OUTPUT_TOKENS = USAGE . "output_tokens" => tag::OUTPUT,
    INPUT_DETAILS = USAGE . "input_tokens_details",
    CACHED_TOKENS = INPUT_DETAILS . "cached_tokens" => tag::CACHE_READ,
    CACHE_WRITE_TOKENS = INPUT_DETAILS . "cache_write_tokens" => tag::CACHE_WRITE,
    OUTPUT_DETAILS = USAGE . "output_tokens_details",
    REASONING_TOKENS = OUTPUT_DETAILS . "reasoning_tokens" => tag::REASONING,
    // The items of a list are read like the one of an event.
    LIST = ROOT . "output" (from ITEM_TYPE),
}

pub(super) fn token(sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    match *token {
        Token::Begin(WHOLE_LIST) if is_others(sink) => sink.reply.dialect_state.flags |= IGNORES,
        Token::End(WHOLE_LIST) if has(sink, IGNORES) => {
            sink.reply.dialect_state.flags &= !IGNORES;
        }
        _ if has(sink, IGNORES) => {
            sink.take_word();
        }
        Token::End(LIST | WHOLE_LIST) => {
            sink.reply.dialect_state.flags &= !IS_LISTED;
            let flags = sink.reply.dialect_state.flags;
            let is_call = sink.reply.dialect_state.block == item::CALL;
            if flags & SKIPS_LIST == 0 || is_call && flags & SKIPS_CALLS == 0 {
                list_item(sink)?;
            } else {
                sink.drop_stage();
            }
        }
        _ if has(sink, IS_LISTED | SKIPS_CALLS) => {
            sink.take_word();
        }
        Token::Begin(place) => begin(sink, place),
        Token::Piece(place, bytes) => piece(sink, place, bytes)?,
        Token::PieceEnd(place) => piece_end(sink, place),
        // Some servers repeat the HTTP status with an error.
        Token::Number(STATUS, value) if sink.reply.has_failed => sink.failure_status(value),
        Token::Number(STATUS, value) => sink.top_status(value),
        _ => {}
    }
    Ok(())
}

fn begin(sink: &mut Sink<'_, '_>, place: u8) {
    sink.reply.is_known |= matches!(place, RESPONSE | WHOLE_LIST);
    match place {
        LIST | WHOLE_LIST if has(sink, SKIPS_CALLS) => {
            sink.reply.dialect_state.flags |= IS_LISTED;
        }
        ITEM | LIST | WHOLE_LIST => {
            sink.drop_stage();
            sink.reply.dialect_state.block = item::UNKNOWN;
            if place != ITEM {
                sink.reply.dialect_state.flags |= IS_LISTED;
                sink.end_part();
            }
        }
        // The last event repeats the reply. Some servers send calls in this event alone.
        RESPONSE if sink.reply.dialect_state.seen != 0 || sink.reply.calls > 0 => {
            let is_last = event::is_last(sink.reply.dialect_state.document);
            let mends = is_last && sink.has_unfinished_call();
            let takes_calls = mends || is_last && sink.reply.calls == 0;
            let state = &mut sink.reply.dialect_state;
            state.mends = mends;
            state.flags |= if state.seen != 0 { SKIPS_LIST } else { 0 };
            state.flags |= if takes_calls { 0 } else { SKIPS_CALLS };
        }
        _ => {}
    }
}

fn piece(sink: &mut Sink<'_, '_>, place: u8, bytes: &[u8]) -> Result<(), Error> {
    let is_listed = sink.reply.dialect_state.flags & IS_LISTED != 0;
    let event = sink.reply.dialect_state.document;
    let item = sink.reply.dialect_state.block;
    match place {
        DELTA => {
            sink.reply.dialect_state.flags |= GOT;
            match event::part(event) {
                Some(_) if event == event::REFUSAL_DELTA => sink.refusal(bytes)?,
                Some((kind, info)) => sink.part(kind, info, bytes)?,
                None if matches!(event, event::UNKNOWN | event::ARGUMENTS_DELTA) => {
                    sink.stage(Slot::Arguments, bytes)?;
                }
                None => {}
            }
        }
        EVENT_ITEM_ID if !is_listed => add_to_key(sink, bytes),
        ITEM_ID => {
            if !is_listed {
                add_to_key(sink, bytes);
            }
            if matches!(item, item::UNKNOWN | item::REASONING) && !has(sink, SKIPS_LIST) {
                sink.stage(Slot::Item, bytes)?;
            }
        }
        ITEM_CALL_ID if matches!(item, item::UNKNOWN | item::CALL) => {
            sink.stage(Slot::Id, bytes)?
        }
        ITEM_NAME if matches!(item, item::UNKNOWN | item::CALL) => sink.stage(Slot::Name, bytes)?,
        NAME if matches!(event, event::UNKNOWN | event::ARGUMENTS_DONE) => {
            sink.stage(Slot::Name, bytes)?;
        }
        // Of a repeated list, only calls count.
        _ if is_listed && has(sink, SKIPS_LIST) && place != ITEM_ARGUMENTS => {}
        ITEM_ENCRYPTED | ITEM_PHASE => sink.stage(Slot::Arguments, bytes)?,
        ITEM_RESULT | ITEM_DATA => sink.media(bytes.len()),
        // Earlier content, which may be long, is not kept a second time.
        _ if item == item::OTHER => {}
        _ if !is_listed && (event == event::OTHER || is_reported(sink, event) == Some(true)) => {}
        ITEM_TEXT | ITEM_TRANSCRIPT | ITEM_CONTENT if is_listed && item == item::MESSAGE => {
            sink.text(bytes)?
        }
        ITEM_REFUSAL if is_listed && item == item::MESSAGE => sink.refusal(bytes)?,
        TEXT | REFUSAL | PART_TEXT | ITEM_TEXT | ITEM_TRANSCRIPT | ITEM_CONTENT => {
            sink.stage(Slot::Id, bytes)?
        }
        PART_REFUSAL | ITEM_REFUSAL | ITEM_SUMMARY_TEXT => sink.stage(Slot::Name, bytes)?,
        ARGUMENTS | ITEM_ARGUMENTS => {
            sink.reply.dialect_state.flags |= GOT;
            sink.stage(Slot::Arguments, bytes)?;
        }
        _ => {}
    }
    Ok(())
}

fn piece_end(sink: &mut Sink<'_, '_>, place: u8) {
    match place {
        TYPE => {
            let word = sink.take_word();
            if word.starts_with(b"response.") {
                (sink.reply.is_known, sink.reply.whole) = (true, false);
            }
            sink.reply.dialect_state.document = event::from_word(hash(&word));
            if sink.reply.dialect_state.document == event::ERROR {
                sink.fail_document();
            }
        }
        EVENT_ID | EVENT_CALL_ID => {
            let hash = sink.take_hash();
            let key = &mut sink.reply.dialect_state.key;
            *key = if *key == 0 { hash } else { *key };
        }
        PART_TYPE | ITEM_TYPE => sink.reply.dialect_state.block = item::from_word(sink.take_hash()),
        STATUS => {
            let word = sink.take_word();
            let known = STATUSES.iter().position(|status| *status == hash(&word));
            sink.reply.is_known |= known.is_some();
            // The body may be complete although the model's text is not.
            sink.reply.whole &= known.is_none_or(|place| place >= UNENDED);
            if known.is_none() {
                // Other servers have a code of the error here.
                sink.word(&word);
                sink.top_code();
            }
            if known.is_none_or(|place| place >= UNENDED) {
                sink.reply.raw_stop_reason = word;
            }
        }
        REASON => {
            // Whatever it is, it does not belong to a complete reply.
            sink.reply.dialect_state.reason = Some(match stop::reason(&sink.take_word()) {
                StopReason::MaxTokens => StopReason::MaxTokens,
                StopReason::ContentFilter => StopReason::ContentFilter,
                _ => StopReason::Other,
            });
        }
        _ => {}
    }
}

/// The id of an item, where the number of the item counts.
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(super) const fn ignores(reply: &Reply, place: u8) -> Ignores {
    let is_id = place == EVENT_ITEM_ID && super::items::goes_on_by_number(reply);
    if is_id { Ignores::IfNumbered } else { Ignores::Nothing }
}

/// Whether a list at the top of an event is not a whole reply: the event has a type, or
/// earlier events brought the reply.
const fn is_others(sink: &Sink<'_, '_>) -> bool {
    let state = &sink.reply.dialect_state;
    let is_repeated = state.seen != 0 && state.flags & GOT == 0;
    !sink.reply.whole && (state.document != event::UNKNOWN || is_repeated)
}

fn has(sink: &Sink<'_, '_>, flags: u8) -> bool {
    sink.reply.dialect_state.flags & flags == flags
}

/// The words for how far a response is; the first do not end it.
const STATUSES: [u32; 6] = [
    hash(b"in_progress"),
    hash(b"queued"),
    hash(b"completed"),
    hash(b"incomplete"),
    hash(b"failed"),
    hash(b"cancelled"),
];
const UNENDED: usize = 2;
