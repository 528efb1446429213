//! Chunks of a chat completion, and whole ones.
//!
//! A chunk has its content in `choices[].delta`, a whole body in `choices[].message`;
//! both are read alike. Some servers send `message` in a chunk, too. With or after a `delta` it
//! repeats the text, so it is ignored. A body that is one chunk is read as a stream of one.
//!
//! Servers of OpenAI's first form of calls, and wrappers of them, send one call in `function_call`,
//! without an id. llama-cpp-python and LiteLLM send it together with `tool_calls`, which then counts.

use super::{
    BLOCK_REDACTED, BLOCK_SIGNATURE, BLOCKS_FIELD, CONTENT_FIELD, DATA_END, DETAIL_ENCRYPTED,
    DETAIL_SIGNATURE, DETAILS_FIELD, FORMAT_END, ID_END, OF_CALL, OF_NEXT, OF_TEXT,
    OPAQUE_REASONING, REASONING_CONTENT_FIELD, REASONING_FIELD, REASONING_TEXT_FIELD,
};
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
    CHOICES = ROOT . "choices",
    CHOICE_INDEX = CHOICES . "index",
    FINISH_REASON = CHOICES . "finish_reason" => tag::STOP,
    CHOICE_ERROR = CHOICES . "error" (from ERROR_MESSAGE) => tag::ANY_ERROR,
    DELTA = CHOICES . "delta",
    CONTENT = DELTA . "content" => tag::TEXT,
    CONTENT_TYPE = CONTENT . "type" => tag::HASH,
    CONTENT_TEXT = CONTENT . "text",
    CONTENT_IMAGE = CONTENT . "image_url" (from IMAGE_URL) => tag::MEDIA,
    CONTENT_THINKING = CONTENT . "thinking",
    THINKING_TEXT = CONTENT_THINKING . "text",
    // Databricks.
    CONTENT_SUMMARY = CONTENT . "summary" (from THINKING_TEXT),
    REASONING_CONTENT = DELTA . "reasoning_content",
    REASONING = DELTA . "reasoning",
    REASONING_TEXT = DELTA . "reasoning_text",
    REASONING_OPAQUE = DELTA . "reasoning_opaque",
    DETAILS = DELTA . "reasoning_details",
    DETAIL_TYPE = DETAILS . "type" => tag::HASH,
    DETAIL_TEXT = DETAILS . "text",
    DETAIL_SUMMARY = DETAILS . "summary",
    DETAIL_SIGNATURE_TEXT = DETAILS . "signature",
    DETAIL_ID = DETAILS . "id",
    DETAIL_FORMAT = DETAILS . "format",
    DETAIL_DATA = DETAILS . "data",
    // LiteLLM: the blocks of Anthropic.
    BLOCKS = DELTA . "thinking_blocks",
    BLOCK_THINKING = BLOCKS . "thinking",
    BLOCK_SIGNATURE_TEXT = BLOCKS . "signature",
    BLOCK_DATA = BLOCKS . "data",
    TEXT_EXTRA = DELTA . "extra_content",
    TEXT_GOOGLE = TEXT_EXTRA . "google",
    TEXT_SIGNATURE = TEXT_GOOGLE . "thought_signature",
    REFUSAL = DELTA . "refusal" => tag::REFUSAL,
    // OpenRouter, and gateways that took its form over: addresses, most of them with the data in them.
    IMAGES = DELTA . "images" => tag::MEDIA,
    IMAGE = IMAGES . "image_url" => tag::MEDIA,
    IMAGE_URL = IMAGE . "url" => tag::MEDIA,
    // Speech comes as text, too.
    AUDIO = DELTA . "audio",
    AUDIO_TRANSCRIPT = AUDIO . "transcript" => tag::TEXT,
    AUDIO_DATA = AUDIO . "data" => tag::MEDIA,
    CALLS = DELTA . "tool_calls",
    CALL_INDEX = CALLS . "index" => tag::INDEX,
    CALL_ID = CALLS . "id" => tag::ID,
    CALL_EXTRA = CALLS . "extra_content",
    CALL_GOOGLE = CALL_EXTRA . "google",
    CALL_SIGNATURE = CALL_GOOGLE . "thought_signature",
    FUNCTION = CALLS . "function",
    NAME = FUNCTION . "name" => tag::NAME,
    ARGUMENTS = FUNCTION . "arguments" raw => tag::ARGUMENTS,
    // Servers that leave `function` out.
    FLAT_NAME = CALLS . "name" => tag::NAME,
    FLAT_ARGUMENTS = CALLS . "arguments" raw => tag::ARGUMENTS,
    LEGACY_CALL = DELTA . "function_call" (from NAME),
    DELTA_ERROR = DELTA . "error" (from ERROR_MESSAGE) => tag::ANY_ERROR,
    // The same again for whole bodies.
    MESSAGE = CHOICES . "message" (from CONTENT),
    // Moonshot, and Groq of old.
    CHOICE_USAGE = CHOICES . "usage" (from PROMPT_TOKENS),
    GROQ = ROOT . "x_groq",
    GROQ_USAGE = GROQ . "usage" (from PROMPT_TOKENS),
    USAGE = ROOT . "usage",
    PROMPT_TOKENS = USAGE . "prompt_tokens" => tag::INPUT,
    COMPLETION_TOKENS = USAGE . "completion_tokens" => tag::OUTPUT,
    PROMPT_DETAILS = USAGE . "prompt_tokens_details",
    CACHED_TOKENS = PROMPT_DETAILS . "cached_tokens" => tag::CACHE_READ,
    // Moonshot.
    USAGE_CACHED_TOKENS = USAGE . "cached_tokens" => tag::CACHE_READ,
    // OpenRouter.
    CACHE_WRITTEN_TOKENS = PROMPT_DETAILS . "cache_write_tokens" => tag::CACHE_WRITE,
    TOTAL_TOKENS = USAGE . "total_tokens" => tag::NUMBER,
    CACHE_HIT_TOKENS = USAGE . "prompt_cache_hit_tokens" => tag::CACHE_READ,
    CACHE_READ_TOKENS = USAGE . "cache_read_input_tokens" => tag::CACHE_READ,
    CACHE_WRITE_TOKENS = USAGE . "cache_creation_input_tokens" => tag::CACHE_WRITE,
    COMPLETION_DETAILS = USAGE . "completion_tokens_details",
    REASONING_TOKENS = COMPLETION_DETAILS . "reasoning_tokens" => tag::REASONING,
    // Gateways that count in Anthropic's words.
    INPUT_TOKENS = USAGE . "input_tokens" => tag::INPUT,
    OUTPUT_TOKENS = USAGE . "output_tokens" => tag::OUTPUT,
    // Errors of servers that do not follow OpenAI's form.
    TOP_MESSAGE = ROOT . "message" => tag::TOP_MESSAGE,
    // Mistral, for requests that do not fit its schema.
    MESSAGE_DETAIL = TOP_MESSAGE . "detail" (from ERROR_MESSAGE) => tag::ANY_ERROR,
    TOP_TYPE = ROOT . "type" => tag::OBJECT,
    TOP_STATUS = ROOT . "status" => tag::TOP_CODE,
}

/// Content arrived in a `delta`: a `message` repeats it.
const HAS_DELTA: u8 = 1;
/// The current choice has a `message`, which a later `delta` repeats.
const HAS_MESSAGE: u8 = 2;
/// Calls arrived in `tool_calls`: a `function_call` repeats one of them.
const HAS_CALLS: u8 = 4;
/// The `message` repeats the text of a reply that had no calls: only its calls count.
const ADDS_CALLS: u8 = 8;

pub(super) fn token(sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    match *token {
        Token::Begin(CHOICES) => {
            sink.reply.is_known = true;
            sink.reply.dialect_state.block = 0;
            sink.reply.dialect_state.flags &= !HAS_MESSAGE;
            sink.begin_pending();
        }
        Token::Number(CHOICE_INDEX, 0) if sink.reply.dialect_state.level <= 1 => {
            sink.resolve_pending(true)?
        }
        Token::Number(CHOICE_INDEX, value) => sink.reply.dialect_state.block = value.min(254) as u8,
        Token::Begin(MESSAGE) if sink.reply.dialect_state.flags & HAS_DELTA != 0 => {
            sink.reply.dialect_state.flags |= if sink.reply.calls == 0 { ADDS_CALLS } else { 0 };
            sink.skip();
        }
        Token::Begin(MESSAGE) => {
            sink.reply.dialect_state.flags |= HAS_MESSAGE;
            sink.begin_pending();
        }
        Token::End(MESSAGE) => {
            commit_legacy_call(sink)?;
            sink.end_skip();
            sink.reply.dialect_state.flags &= !ADDS_CALLS;
        }
        // A whole body has its content in the message.
        Token::Begin(DELTA)
            if sink.reply.whole && sink.reply.dialect_state.flags & HAS_MESSAGE != 0 =>
        {
            sink.skip();
        }
        Token::Begin(DELTA) => {
            sink.reply.dialect_state.count = sink.log.used() as u32;
            if sink.reply.dialect_state.flags & HAS_MESSAGE != 0 {
                sink.reply.dialect_state.count = 0;
                sink.skip_if_empty();
            }
        }
        Token::End(DELTA) if sink.is_skipped() => sink.end_skip(),
        Token::End(DELTA) => {
            commit_legacy_call(sink)?;
            if sink.log.used() > sink.reply.dialect_state.count as usize {
                sink.reply.dialect_state.flags |= HAS_DELTA;
                sink.reply.whole = false;
            }
        }
        Token::Begin(LEGACY_CALL) => sink.drop_stage(),
        Token::Begin(CONTENT) => {
            sink.take_word();
            sink.reply.dialect_state.document = 0;
        }
        Token::PieceEnd(CONTENT_TYPE) => {
            let is_reasoning = REASONING_TYPES.contains(&sink.take_hash());
            sink.reply.dialect_state.document = if is_reasoning { IS_REASONING } else { 0 };
        }
        Token::Begin(USAGE | CHOICE_USAGE | GROQ_USAGE) => sink.reply.dialect_state.count = 0,
        Token::Number(TOTAL_TOKENS, total) => sink.reply.dialect_state.count = total,
        Token::End(USAGE | CHOICE_USAGE | GROQ_USAGE) => count_reasoning(sink),
        Token::Begin(place @ (CALLS | DETAILS)) => {
            sink.drop_stage();
            if place == CALLS {
                sink.reply.dialect_state.flags |= HAS_CALLS;
                if sink.reply.dialect_state.flags & ADDS_CALLS != 0 {
                    sink.end_skip();
                }
            }
            sink.reply.index = None;
            sink.reply.dialect_state.document = 0;
            sink.take_word();
        }
        Token::End(DETAILS) => end_detail(sink, [DETAIL_SIGNATURE, DETAIL_ENCRYPTED])?,
        // The reasoning of a whole message is repeated in its blocks, which say where each ends.
        Token::Begin(BLOCKS) => {
            sink.drop_stage();
            sink.reply.dialect_state.document = 0;
            let is_whole = sink.reply.dialect_state.flags & HAS_MESSAGE != 0;
            if is_whole && sink.reply.thinking_field == REASONING_CONTENT_FIELD {
                sink.drop_thinking();
            }
        }
        Token::PieceEnd(BLOCK_DATA) => sink.reply.dialect_state.document = IS_ENCRYPTED,
        Token::End(BLOCKS) => end_detail(sink, [BLOCK_SIGNATURE, BLOCK_REDACTED])?,
        Token::PieceEnd(DETAIL_TYPE) => {
            let is_encrypted = sink.take_hash() == ENCRYPTED;
            sink.reply.dialect_state.document =
                if is_encrypted { IS_ENCRYPTED } else { IS_REASONING };
        }
        Token::PieceEnd(DETAIL_DATA) => sink.stage(OPAQUE_SLOT, &[DATA_END])?,
        Token::PieceEnd(place @ (DETAIL_ID | DETAIL_FORMAT)) if is_encrypted(sink) => {
            sink.stage(OPAQUE_SLOT, &[if place == DETAIL_ID { ID_END } else { FORMAT_END }])?;
        }
        Token::End(CALLS) => {
            sink.commit_call(true)?;
            if sink.reply.dialect_state.flags & ADDS_CALLS != 0 {
                sink.skip();
            }
        }
        Token::End(CHOICES) => {
            let is_ours = is_ours(sink);
            sink.resolve_pending(is_ours)?;
            sink.end_skip();
        }
        Token::Piece(place, bytes) => match place {
            DETAIL_DATA | DETAIL_SIGNATURE_TEXT | BLOCK_DATA | BLOCK_SIGNATURE_TEXT => {
                sink.stage(OPAQUE_SLOT, bytes)?;
            }
            DETAIL_ID | DETAIL_FORMAT if is_encrypted(sink) => {
                sink.stage(OPAQUE_SLOT, bytes)?;
            }
            REASONING_OPAQUE => opaque(sink, OPAQUE_REASONING, bytes)?,
            TEXT_SIGNATURE => opaque(sink, OF_TEXT, bytes)?,
            CALL_SIGNATURE => call_signature(sink, bytes)?,
            CONTENT_TEXT if sink.reply.dialect_state.document != IS_REASONING => {
                sink.text(bytes)?
            }
            _ => thinking(sink, place, bytes)?,
        },
        _ => {}
    }
    Ok(())
}

pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    if sink.reply.stop.is_some() || sink.reply.ended || sink.reply.whole {
        sink.close_calls();
    }
    sink.document_end();
    Ok(())
}

/// The message is over: the content of `function_call` is a call, or continues it.
#[inline(never)]
fn commit_legacy_call(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    if sink.reply.dialect_state.flags & HAS_CALLS != 0 {
        sink.drop_stage();
    }
    sink.reply.index = None;
    sink.commit_call(true)
}

/// xAI counts the reasoning separately from the completion; the total shows whether it does.
fn count_reasoning(sink: &mut Sink<'_, '_>) {
    let total = sink.reply.dialect_state.count;
    let [input, output, .., reasoning] = sink.reply.counts;
    let all = input.saturating_add(output).saturating_add(reasoning);
    if reasoning > 0 && total == all {
        sink.reply.counts = {
            let [input, output, read, write, reasoning] = sink.reply.counts;
            [input, output.saturating_add(reasoning), read, write, reasoning]
        };
    }
}

/// Whether the choice belongs to the reply. Only one is asked for, and some servers spread it
/// over several: the first with text counts, and the calls of those that have none. A choice with
/// its own text is another answer.
#[inline(never)]
fn is_ours(sink: &mut Sink<'_, '_>) -> bool {
    let number = sink.reply.dialect_state.block + 1;
    if sink.reply.dialect_state.level == 0 {
        sink.reply.dialect_state.level = match sink.text_is_pending() {
            Some(false) if number > 1 => 1,
            Some(_) => number,
            None => 0,
        };
    }
    let text_choice = sink.reply.dialect_state.level;
    if text_choice == 0 || text_choice == number {
        return true;
    }
    let bit = 1 << (number % 32);
    if sink.pending_has_text() {
        sink.reply.dialect_state.seen |= bit;
    }
    sink.pending_has_calls() && sink.reply.dialect_state.seen & bit == 0
}

/// More of the signature of a call, which precedes its strings or follows them.
#[inline(never)]
fn call_signature(sink: &mut Sink<'_, '_>, bytes: &[u8]) -> Result<(), Error> {
    if sink.reply.dialect_state.document == 0 {
        let is_behind = sink.is_any_staged();
        sink.reply.dialect_state.document = if is_behind { SIGNED_BEHIND } else { SIGNED_BEFORE };
        if is_behind {
            sink.commit_call(true)?;
        }
    }
    let is_behind = sink.reply.dialect_state.document == SIGNED_BEHIND;
    opaque(sink, if is_behind { OF_CALL } else { OF_NEXT }, bytes)
}

fn opaque(sink: &mut Sink<'_, '_>, subtype: u8, bytes: &[u8]) -> Result<(), Error> {
    sink.part(Kind::Opaque, [sink.dialect as u8, subtype], bytes)
}

/// Whether the current detail is encrypted reasoning, if known: its type may follow its
/// data.
#[inline(never)]
fn is_encrypted(sink: &Sink<'_, '_>) -> bool {
    match sink.reply.dialect_state.document {
        0 => sink.is_any_staged(),
        known => known == IS_ENCRYPTED,
    }
}

/// One of the details or blocks of the reasoning is over: the part that is not plain text goes back,
/// after the text that it belongs to.
#[inline(never)]
fn end_detail(sink: &mut Sink<'_, '_>, subtypes: [u8; 2]) -> Result<(), Error> {
    if !sink.is_staged(OPAQUE_SLOT) {
        return Ok(());
    }
    let [signature, encrypted] = subtypes;
    let is_encrypted = sink.reply.dialect_state.document == IS_ENCRYPTED;
    let subtype = if is_encrypted { encrypted } else { signature };
    sink.end_part();
    if sink.is_staged(TEXT_SLOT) {
        let text = (Kind::Thinking, [sink.reply.thinking_field, 0]);
        sink.commit_part(Some(text))?;
    }
    sink.commit_part(Some((Kind::Opaque, [sink.dialect as u8, subtype])))?;
    sink.end_part();
    Ok(())
}

/// The order in which the strings of a detail or block wait for its end.
const TEXT_SLOT: Slot = Slot::Id;
const OPAQUE_SLOT: Slot = Slot::Name;

const ENCRYPTED: u32 = hash(b"reasoning.encrypted");
/// The types of the parts of the content whose text is reasoning.
const REASONING_TYPES: [u32; 3] = [hash(b"reasoning"), hash(b"thinking"), hash(b"reasoning_text")];

/// The state of the current detail, call or part of the content.
const IS_ENCRYPTED: u8 = 1;
const SIGNED_BEFORE: u8 = 2;
const SIGNED_BEHIND: u8 = 3;
const IS_REASONING: u8 = 4;

/// Reasoning; servers that send it in two fields repeat it, so the first field counts.
fn thinking(sink: &mut Sink<'_, '_>, place: u8, bytes: &[u8]) -> Result<(), Error> {
    let Some(field) = thinking_field(place) else { return Ok(()) };
    if !bytes.is_empty() && sink.reply.thinking_field == 0 {
        sink.reply.thinking_field = field;
    }
    if sink.reply.thinking_field != field {
        return Ok(());
    }
    if matches!(place, DETAIL_TEXT | BLOCK_THINKING) && sink.is_any_staged() {
        return sink.stage(TEXT_SLOT, bytes);
    }
    sink.part(Kind::Thinking, [field, 0], bytes)
}

/// The field of the reasoning at `place`, if that is one.
#[inline(always)]
const fn thinking_field(place: u8) -> Option<u8> {
    Some(match place {
        REASONING_CONTENT => REASONING_CONTENT_FIELD,
        REASONING => REASONING_FIELD,
        REASONING_TEXT => REASONING_TEXT_FIELD,
        DETAIL_TEXT | DETAIL_SUMMARY => DETAILS_FIELD,
        BLOCK_THINKING => BLOCKS_FIELD,
        CONTENT_THINKING | THINKING_TEXT | CONTENT_TEXT => CONTENT_FIELD,
        _ => return None,
    })
}

/// Reasoning that repeats that of another field; the content may be the answer, too.
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(super) fn ignores(reply: &Reply, place: u8) -> Ignores {
    let is_repeated = |field| field != reply.thinking_field && field != CONTENT_FIELD;
    match thinking_field(place) {
        Some(field) if reply.thinking_field != 0 && is_repeated(field) => Ignores::All,
        _ => Ignores::Nothing,
    }
}
