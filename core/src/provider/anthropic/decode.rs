//! Events of a message, and whole messages.
//!
//! The blocks of a whole message (`content`) and the blocks that begin in a stream
//! (`content_block`) are read alike. A whole message may be an event of a stream, where it repeats
//! earlier events, if there were any. Blocks of the provider's own tools are left out.

use super::{REDACTED, SIGNATURE, THINKING_FIELD};
use crate::Error;
use crate::provider::places::dialect_places;
use crate::provider::reply::Slot;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
use crate::provider::{Reply, codec::Ignores};
use crate::provider::{Sink, tag};
use crate::transcript::record::Kind;
use crate::wire::hash::hash;
use crate::wire::json_read::{ROOT, Token};

dialect_places! { PLACES:
    TYPE = ROOT . "type" => tag::HASH,
    INDEX = ROOT . "index" => tag::INDEX,
    BLOCK = ROOT . "content_block",
    BLOCK_TYPE = BLOCK . "type" => tag::HASH,
    BLOCK_ID = BLOCK . "id" => tag::ID,
    BLOCK_NAME = BLOCK . "name" => tag::NAME,
    BLOCK_INPUT = BLOCK . "input" raw => tag::ARGUMENTS,
    BLOCK_TEXT = BLOCK . "text",
    BLOCK_THINKING = BLOCK . "thinking",
    BLOCK_SIGNATURE = BLOCK . "signature",
    BLOCK_DATA = BLOCK . "data",
    BLOCK_SOURCE = BLOCK . "source" raw => tag::MEDIA,
    // The same again for whole messages.
    CONTENT = ROOT . "content" (from BLOCK_TYPE),
    DELTA = ROOT . "delta",
    DELTA_TEXT = DELTA . "text",
    DELTA_THINKING = DELTA . "thinking",
    DELTA_SIGNATURE = DELTA . "signature",
    PARTIAL_JSON = DELTA . "partial_json" => tag::ARGUMENTS,
    DELTA_STOP_REASON = DELTA . "stop_reason" => tag::STOP,
    STOP_REASON = ROOT . "stop_reason" => tag::STOP,
    // An object where a message begins, a text in errors of servers that have their own form.
    MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    // Counts are in the message that begins, and later next to the delta.
    MESSAGE_USAGE = MESSAGE . "usage" (from INPUT_TOKENS),
    USAGE = ROOT . "usage",
    INPUT_TOKENS = USAGE . "input_tokens" => tag::INPUT,
    OUTPUT_TOKENS = USAGE . "output_tokens" => tag::OUTPUT,
    CACHE_READ = USAGE . "cache_read_input_tokens" => tag::CACHE_READ,
    CACHE_WRITE = USAGE . "cache_creation_input_tokens" => tag::CACHE_WRITE,
    OUTPUT_DETAILS = USAGE . "output_tokens_details",
    THINKING_TOKENS = OUTPUT_DETAILS . "thinking_tokens" => tag::REASONING,
    TOP_STATUS = ROOT . "status" => tag::TOP_CODE,
}

const BLOCK_STOP: u32 = hash(b"content_block_stop");
const MESSAGE_STOP: u32 = hash(b"message_stop");
const IS_ERROR: u32 = hash(b"error");
/// Other documents of the dialect.
const MESSAGE_WHOLE: u32 = hash(b"message");
const OTHERS: [u32; 2] = [hash(b"message_start"), hash(b"ping")];
const IS_CALL: u32 = hash(b"tool_use");

pub(super) fn token(sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    match *token {
        Token::Begin(DELTA) => is_piece(sink),
        // Content with the end of a block repeats the block.
        Token::Begin(BLOCK) if sink.reply.block_ends => sink.skip(),
        Token::Begin(place @ (BLOCK | CONTENT)) => {
            sink.end_part();
            sink.take_word();
            sink.reply.is_call = false;
            (sink.reply.dialect_state.flags, sink.reply.dialect_state.open) = (0, BLOCK_BEGAN);
            if place == BLOCK {
                is_piece(sink);
                sink.reply.dialect_state.document = HAS_BLOCKS;
            } else if sink.reply.dialect_state.document & (HAS_BLOCKS | UNKNOWN) != 0 {
                sink.skip();
            } else {
                sink.reply.is_known = true;
                sink.reply.dialect_state.document = HAS_CONTENT;
                sink.reply.index = Some(u32::from(sink.reply.calls));
            }
        }
        Token::End(place @ (BLOCK | CONTENT)) => {
            sink.end_skip();
            if !sink.reply.is_call {
                sink.drop_stage();
            } else if place == CONTENT {
                sink.reply.is_call = false;
                sink.commit_call(true)?;
            }
        }
        // Some servers have a text in place of the list of blocks.
        Token::Piece(CONTENT, bytes) if is_message(sink) => {
            sink.reply.is_known = true;
            sink.reply.dialect_state.document |= HAS_CONTENT;
            sink.text(bytes)?;
        }
        Token::Piece(BLOCK_TEXT, bytes) => first(sink, TEXT, bytes)?,
        Token::Piece(BLOCK_THINKING, bytes) => first(sink, THINKING, bytes)?,
        Token::Piece(BLOCK_SIGNATURE, bytes) => first(sink, SIGNED, bytes)?,
        Token::Piece(DELTA_TEXT, bytes) => more(sink, TEXT, bytes)?,
        Token::Piece(DELTA_THINKING, bytes) => more(sink, THINKING, bytes)?,
        Token::Piece(DELTA_SIGNATURE, bytes) => more(sink, SIGNED, bytes)?,
        Token::Piece(BLOCK_DATA, bytes) => {
            sink.part(Kind::Opaque, [sink.dialect as u8, REDACTED], bytes)?;
        }
        Token::PieceEnd(TYPE) => match sink.take_hash() {
            BLOCK_STOP => {
                is_piece(sink);
                sink.end_part();
                sink.reply.block_ends = true;
            }
            MESSAGE_STOP => {
                is_piece(sink);
                sink.reply.ended = true;
            }
            IS_ERROR => sink.fail_document(),
            MESSAGE_WHOLE => sink.reply.is_known = true,
            word if OTHERS.contains(&word) => is_piece(sink),
            _ => sink.reply.dialect_state.document |= UNKNOWN,
        },
        Token::PieceEnd(BLOCK_TYPE) => sink.reply.is_call = sink.take_hash() == IS_CALL,
        _ => {}
    }
    Ok(())
}

/// The document is an event of a stream.
const fn is_piece(sink: &mut Sink<'_, '_>) {
    (sink.reply.is_known, sink.reply.whole) = (true, false);
}

/// Whether the content of the document is that of a whole message, as far as known.
const fn is_message(sink: &Sink<'_, '_>) -> bool {
    let is_other = sink.reply.dialect_state.document & (HAS_BLOCKS | UNKNOWN) != 0;
    !is_other && (sink.reply.is_known || sink.reply.whole)
}

/// The index of a block may follow it, so a block and its deltas are handled here.
pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.end_error();
    sink.reply.is_cache_apart = true;
    if !sink.reply.whole {
        end_repeat(sink)?;
        let begins = core::mem::take(&mut sink.reply.is_call);
        let state = &mut sink.reply.dialect_state;
        (state.level, state.open) = match (begins, core::mem::take(&mut state.open)) {
            (true, _) => (IN_CALL, 0),
            (false, BLOCK_BEGAN) => (0, 0),
            (false, _) => (state.level, 0),
        };
        // Some servers number the pieces of a call otherwise than the call.
        let is_lost = sink.reply.index.is_some_and(|index| !sink.has_call(index));
        if is_lost && !begins && sink.reply.dialect_state.level == IN_CALL {
            sink.reply.index = None;
        }
        if sink.reply.is_known {
            sink.commit_call(begins)?;
        }
        if core::mem::take(&mut sink.reply.block_ends) {
            sink.close_call();
        }
        sink.reply.index = None;
    }
    let is_message = sink.reply.dialect_state.document & HAS_CONTENT != 0;
    sink.reply.dialect_state.document &= !UNKNOWN;
    // Some servers leave out the ends of the blocks and that of the message.
    let is_last = sink.reply.stop.is_some() || sink.reply.ended;
    if is_last || sink.reply.whole || is_message {
        sink.close_calls();
    }
    sink.document_end();
    Ok(())
}

/// Pieces of calls, as long as there is none: they are those of the provider's own tools.
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(super) const fn ignores(reply: &Reply, place: u8) -> Ignores {
    if place == PARTIAL_JSON && reply.calls == 0 { Ignores::All } else { Ignores::Nothing }
}

/// Blocks arrived in separate events.
const HAS_BLOCKS: u8 = 1;
/// A whole message arrived.
const HAS_CONTENT: u8 = 2;
/// The document has an unknown type, so its `content` is ignored.
const UNKNOWN: u8 = 4;

/// The contents at the start of a block, a bit each: some servers repeat them in the first delta.
const TEXT: u8 = 1;
const THINKING: u8 = 2;
const SIGNED: u8 = 4;

/// A block begins in the document that is read.
const BLOCK_BEGAN: u16 = 1;
/// The block that began last is a call.
const IN_CALL: u8 = 1;

fn part(sink: &mut Sink<'_, '_>, what: u8, bytes: &[u8]) -> Result<(), Error> {
    let (kind, info) = kind_of(sink, what);
    sink.part(kind, info, bytes)
}

const fn kind_of(sink: &Sink<'_, '_>, what: u8) -> (Kind, [u8; 2]) {
    match what {
        TEXT => (Kind::Text, [0, 0]),
        THINKING => (Kind::Thinking, [THINKING_FIELD, 0]),
        _ => (Kind::Opaque, [sink.dialect as u8, SIGNATURE]),
    }
}

/// The contents at the start of a block.
fn first(sink: &mut Sink<'_, '_>, what: u8, bytes: &[u8]) -> Result<(), Error> {
    sink.reply.dialect_state.flags |= what;
    part(sink, what, bytes)
}

/// More of a block. The first delta is held until it is known whether it repeats the text that the
/// block began with.
fn more(sink: &mut Sink<'_, '_>, what: u8, bytes: &[u8]) -> Result<(), Error> {
    if sink.reply.dialect_state.flags & what == 0 {
        return part(sink, what, bytes);
    }
    sink.reply.dialect_state.block = what;
    sink.stage(Slot::Id, bytes)
}

/// The staged strings continue the block, or repeat its start.
fn end_repeat(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    let what = core::mem::take(&mut sink.reply.dialect_state.block);
    if what == 0 || !sink.is_staged(Slot::Id) {
        return Ok(());
    }
    sink.reply.dialect_state.flags &= !what;
    let (kind, info) = kind_of(sink, what);
    sink.commit_part(if sink.repeats_part(kind) { None } else { Some((kind, info)) })
}
