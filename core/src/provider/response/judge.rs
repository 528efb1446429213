//! Judges a reply when its body is over.

use super::Decoder;
use crate::message::StopReason;
use crate::provider::{Reply, Sink, stop};
use crate::transcript::record::{Kind, MARKED};
use crate::{Error, ErrorKind, ResponseRule};

/// Whether the reply is complete, now that the body is over, and why the model stopped.
pub(crate) fn judge(
    decoder: &Decoder,
    sink: &mut Sink<'_, '_>,
    status: u16,
    limits: (u32, u32),
) -> Result<StopReason, Error> {
    // The server at a wrong base URL may answer with a page, and with success.
    if decoder.is_page() && !sink.reply.refused {
        return Err(Error::broken(ResponseRule::NoPage).at(decoder.offset));
    }
    let is_foreign = decoder.is_foreign();
    if decoder.is_text() && !sink.reply.refused {
        if is_foreign {
            return Err(Error::broken(ResponseRule::Dialect).at(decoder.offset));
        }
        sink.forget_failure();
    }
    // Nothing followed a document of another form that has a message.
    if sink.reply.stop.is_none() && sink.reply.has_strangers && !decoder.is_part() {
        sink.end_message();
    }
    if sink.reply.is_failed() {
        return Err(refusal(sink.reply, status));
    }
    // Content that the end of the body cut off was not shown, and is removed.
    sink.drop_stage();
    sink.end_by_path();
    sink.drop_spare();
    sink.resolve_pending(false)?;
    let reply = &mut *sink.reply;
    let is_empty = sink.log.used() == reply.start as usize && reply.stop.is_none();
    let is_foreign = is_foreign || reply.has_strangers;
    let is_whole = decoder.is_complete() && reply.whole;
    let is_none = (is_foreign || decoder.is_complete()) && !reply.documents;
    if is_none || is_whole && is_empty {
        let rule = if is_none { ResponseRule::Dialect } else { ResponseRule::Answer };
        return Err(Error::broken(rule).at(decoder.offset));
    }
    // The end marker of a stream does not mean that the model was done. A whole body is complete,
    // and some servers send no stop reason in it.
    if reply.stop.is_none() && !is_whole || decoder.is_part() {
        return Err(cut(decoder));
    }
    if reply.stop == Some(StopReason::Other) && stop::is_failure(&reply.raw_stop_reason) {
        sink.failure();
        let reply = &mut *sink.reply;
        reply.failure.code = reply.raw_stop_reason.clone();
        return Err(refusal(reply, status));
    }
    sink.end_part();
    let mut records = sink.log.records_from(sink.reply.start as usize);
    if !records.all(|record| core::str::from_utf8(record.payload).is_ok()) {
        return Err(Error::broken(ResponseRule::Utf8).at(decoder.offset));
    }
    sink.check_calls();
    // Some servers send the same word for a truncated reply and for a complete one.
    let is_cut = sink.reply.stop == Some(StopReason::MaxTokens) || is_used_up(sink, limits);
    if is_cut && sink.drop_cut_call() {
        return Err(Error::new(ErrorKind::Truncated, sink.reply.calls.into()));
    }
    if sink.reply.dropped > 0 && sink.reply.calls == 0 && !has_kept(sink) {
        return Err(Error::new(ErrorKind::MediaOnly, sink.reply.dropped));
    }
    Ok(match sink.reply.stop.unwrap_or(StopReason::EndTurn) {
        // Some providers have no separate word for it.
        StopReason::EndTurn if sink.reply.calls > 0 => StopReason::ToolUse,
        StopReason::EndTurn if is_cut => StopReason::MaxTokens,
        StopReason::EndTurn if sink.reply.refuses => StopReason::Refusal,
        reason => reason,
    })
}

/// Whether the reply has any content.
pub(crate) fn has_text(sink: &Sink<'_, '_>) -> bool {
    sink.log.records_from(sink.reply.start as usize).any(|record| record.is(Kind::Text))
}

/// Whether something is kept of a reply that was not kept whole: text, or reasoning that was cut.
fn has_kept(sink: &Sink<'_, '_>) -> bool {
    let mut records = sink.log.records_from(sink.reply.start as usize);
    records.any(|record| record.is(Kind::Text) || record.header.has(MARKED))
}

pub(crate) const fn cut(decoder: &Decoder) -> Error {
    Error::new(ErrorKind::Cut, decoder.offset)
}

/// Whether the tokens that the reply may have are used up, or those of the model's context.
fn is_used_up(sink: &Sink<'_, '_>, (reply_tokens, context_tokens): (u32, u32)) -> bool {
    let usage = sink.reply.usage();
    let reached = |count, limit| limit > 0 && count >= limit;
    // A server that counts a multiple of the limit does not keep to it, or counts something else.
    let may_be = usage.output_tokens / 4 <= reply_tokens;
    may_be && reached(usage.output_tokens, reply_tokens) || reached(usage.total(), context_tokens)
}

/// The provider's refusal, as an error.
#[inline(never)]
pub(crate) const fn refusal(reply: &Reply, status: u16) -> Error {
    let status = match (status, reply.failure.status) {
        (200..300, refused @ 400..600) => refused,
        (status, _) => status,
    };
    Error::new(ErrorKind::Status, status as u32)
}
