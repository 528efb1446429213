//! What an event adds to the reply, once its document is whole.
//!
//! The same content comes up to five times: in deltas, when the text, the part and the item
//! are done, and in the list of the last event. Servers leave some of these out, so content is
//! taken from the first form in which it arrives, and not again.

use super::{CONTENT_FIELD, ENCRYPTED, ITEM_ID, PHASE, SUMMARY_FIELD};
use crate::Error;
use crate::message::StopReason;
use crate::provider::Sink;
use crate::provider::reply::Slot;
use crate::transcript::record::{Kind, REFUSAL};
use crate::wire::hash::{self, hash};

/// The types of events, by number.
pub(super) mod event {
    use super::{CONTENT_FIELD, Kind, REFUSAL, SUMMARY_FIELD, hash};

    /// The type has not arrived yet.
    pub const UNKNOWN: u8 = 0;
    /// Any other, which is ignored.
    pub const OTHER: u8 = 1;
    pub const TEXT_DELTA: u8 = 2;
    pub const REFUSAL_DELTA: u8 = 3;
    pub const SUMMARY_DELTA: u8 = 4;
    pub const REASONING_DELTA: u8 = 5;
    pub const ARGUMENTS_DELTA: u8 = 6;
    pub const TEXT_DONE: u8 = 7;
    pub const REFUSAL_DONE: u8 = 8;
    pub const SUMMARY_DONE: u8 = 9;
    pub const REASONING_DONE: u8 = 10;
    pub const ARGUMENTS_DONE: u8 = 11;
    pub const PART_DONE: u8 = 12;
    pub const SUMMARY_PART_ADDED: u8 = 13;
    pub const ITEM_ADDED: u8 = 14;
    pub const ITEM_DONE: u8 = 15;
    pub const ERROR: u8 = 16;
    pub const COMPLETED: u8 = 17;
    pub const INCOMPLETE: u8 = 18;
    pub const FAILED: u8 = 19;

    /// The words for them, by their hashes.
    static WORDS: [(u32, u8); 23] = [
        (hash(b"response.output_text.delta"), TEXT_DELTA),
        (hash(b"response.audio.transcript.delta"), TEXT_DELTA),
        (hash(b"response.refusal.delta"), REFUSAL_DELTA),
        (hash(b"response.reasoning_summary_text.delta"), SUMMARY_DELTA),
        (hash(b"response.reasoning_text.delta"), REASONING_DELTA),
        // Some servers use the second name.
        (hash(b"response.reasoning.delta"), REASONING_DELTA),
        (hash(b"response.function_call_arguments.delta"), ARGUMENTS_DELTA),
        (hash(b"response.output_text.done"), TEXT_DONE),
        (hash(b"response.refusal.done"), REFUSAL_DONE),
        (hash(b"response.reasoning_summary_text.done"), SUMMARY_DONE),
        (hash(b"response.reasoning_text.done"), REASONING_DONE),
        (hash(b"response.reasoning.done"), REASONING_DONE),
        (hash(b"response.function_call_arguments.done"), ARGUMENTS_DONE),
        (hash(b"response.content_part.done"), PART_DONE),
        (hash(b"response.reasoning_summary_part.done"), PART_DONE),
        (hash(b"response.reasoning_part.done"), PART_DONE),
        (hash(b"response.reasoning_summary_part.added"), SUMMARY_PART_ADDED),
        (hash(b"response.output_item.added"), ITEM_ADDED),
        (hash(b"response.output_item.done"), ITEM_DONE),
        (hash(b"error"), ERROR),
        (hash(b"response.completed"), COMPLETED),
        (hash(b"response.incomplete"), INCOMPLETE),
        (hash(b"response.failed"), FAILED),
    ];

    pub fn from_word(word: u32) -> u8 {
        WORDS.iter().find(|(hash, _)| *hash == word).map_or(OTHER, |(_, event)| *event)
    }

    /// The kind of part that its text belongs to.
    pub fn part(event: u8) -> Option<(Kind, [u8; 2])> {
        match event {
            TEXT_DELTA | TEXT_DONE => Some((Kind::Text, [0, 0])),
            REFUSAL_DELTA | REFUSAL_DONE => Some((Kind::Text, [REFUSAL, 0])),
            SUMMARY_DELTA | SUMMARY_DONE => Some((Kind::Thinking, [SUMMARY_FIELD, 0])),
            REASONING_DELTA | REASONING_DONE => Some((Kind::Thinking, [CONTENT_FIELD, 0])),
            _ => None,
        }
    }

    /// Whether its list is that of the whole reply, if known.
    pub fn is_last(event: u8) -> bool {
        matches!(event, UNKNOWN | COMPLETED | INCOMPLETE)
    }

    /// The form of its content: a later form repeats the earlier ones. 0: no content.
    pub fn level(event: u8) -> u8 {
        match event {
            TEXT_DELTA..=ARGUMENTS_DELTA => 1,
            TEXT_DONE..=ARGUMENTS_DONE => 2,
            PART_DONE => 3,
            ITEM_DONE => 4,
            _ => 0,
        }
    }
}

/// The types of items and of their parts, by number.
pub(super) mod item {
    use super::hash;

    /// The type has not arrived yet.
    pub const UNKNOWN: u8 = 0;
    /// Any other, which is ignored.
    pub const OTHER: u8 = 1;
    pub const MESSAGE: u8 = 2;
    pub const REASONING: u8 = 3;
    pub const SUMMARY: u8 = 4;
    pub const CALL: u8 = 5;

    /// The words for them, by their hashes.
    static WORDS: [(u32, u8); 8] = [
        (hash(b"message"), MESSAGE),
        (hash(b"output_text"), MESSAGE),
        (hash(b"output_audio"), MESSAGE),
        (hash(b"refusal"), MESSAGE),
        (hash(b"reasoning"), REASONING),
        (hash(b"reasoning_text"), REASONING),
        (hash(b"summary_text"), SUMMARY),
        (hash(b"function_call"), CALL),
    ];

    pub fn from_word(word: u32) -> u8 {
        WORDS.iter().find(|(hash, _)| *hash == word).map_or(OTHER, |(_, item)| *item)
    }
}

/// The list of items repeats earlier content.
pub(super) const SKIPS_LIST: u8 = 1;
/// The document brought a delta, arguments, or an item of a list.
pub(super) const GOT: u8 = 2;
/// The calls of that list arrived, too.
pub(super) const SKIPS_CALLS: u8 = 4;
/// An item has begun.
const BEGUN: u8 = 8;
/// The item that began last is over.
const OVER: u8 = 16;
/// The current value is in a list of items.
pub(super) const IS_LISTED: u8 = 32;
/// The server gives all items the same number, so they are distinguished without it.
const UNNUMBERED: u8 = 64;
/// The current value is in a list that is not part of the reply.
pub(super) const IGNORES: u8 = 128;

/// More of the id of the item that the event is about.
pub(super) fn add_to_key(sink: &mut Sink<'_, '_>, bytes: &[u8]) {
    let key = &mut sink.reply.dialect_state.key;
    let start = if *key == 0 { hash::START } else { *key };
    *key = bytes.iter().fold(start, |key, byte| hash::add(key, *byte));
}

/// Whether an earlier form contained the content of this event; `None` if that is not known before
/// its document is over, for example because items have no numbers.
pub(super) fn is_reported(sink: &Sink<'_, '_>, event: u8) -> Option<bool> {
    let is_numbered = sink.reply.dialect_state.flags & UNNUMBERED == 0;
    let item = sink.reply.index.filter(|_| is_numbered)?;
    match event::level(event) {
        0 => None,
        1 => Some(was_streamed(sink, item, 1)),
        level => Some(was_streamed(sink, item, level) && !sink.is_call_unfinished(item)),
    }
}

/// The document is over: the staged strings are taken or dropped.
pub(super) fn document_end(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    let event = core::mem::take(&mut sink.reply.dialect_state.document);
    let level = event::level(event);
    let got = sink.reply.dialect_state.flags & GOT != 0;
    sink.reply.dialect_state.flags &= !(GOT | IS_LISTED);
    let index = number(sink, event);
    sink.reply.index = Some(index);
    match event {
        event::TEXT_DELTA..=event::REASONING_DELTA => {
            commit(sink, Slot::Arguments, event::part(event))?;
            if got {
                mark(sink, index, level);
            }
        }
        event::TEXT_DONE..=event::REASONING_DONE if !was_streamed(sink, index, level) => {
            let is_new = sink.is_staged(Slot::Id);
            commit(sink, Slot::Id, event::part(event))?;
            if is_new {
                mark(sink, index, level);
            }
        }
        event::ARGUMENTS_DELTA | event::ARGUMENTS_DONE
            if got && sink.has_call(index) && (level == 1 || !was_streamed(sink, index, level)) =>
        {
            sink.commit_call(false)?;
            mark(sink, index, level);
        }
        event::ARGUMENTS_DONE if sink.mend_call(index) => sink.commit_call(false)?,
        event::ARGUMENTS_DONE => commit_name(sink, index)?,
        event::PART_DONE if !was_streamed(sink, index, level) => {
            let is_new = sink.is_staged(Slot::Id) || sink.is_staged(Slot::Name);
            let part = match sink.reply.dialect_state.block {
                item::SUMMARY => event::SUMMARY_DONE,
                item::REASONING => event::REASONING_DONE,
                _ => event::TEXT_DONE,
            };
            commit(sink, Slot::Id, event::part(part))?;
            commit(sink, Slot::Name, event::part(event::REFUSAL_DONE))?;
            if is_new {
                mark(sink, index, level);
            }
        }
        event::SUMMARY_PART_ADDED => sink.end_part(),
        event::ITEM_ADDED => {
            sink.end_part();
            sink.reply.dialect_state.seen &= !bit(index);
            if sink.reply.dialect_state.block == item::CALL {
                sink.drop_from(Slot::Item);
                sink.commit_call(true)?;
                sink.reply.dialect_state.open = sink.reply.dialect_state.open.saturating_add(1);
                if got {
                    mark(sink, index, level);
                }
            }
        }
        event::ITEM_DONE => {
            let streamed = was_streamed(sink, index, level);
            if sink.reply.dialect_state.block == item::CALL {
                if streamed && !sink.mend_call(index) {
                    commit_name(sink, index)?;
                } else {
                    sink.drop_from(Slot::Item);
                    sink.commit_call(true)?;
                }
                sink.reply.dialect_state.open = sink.reply.dialect_state.open.saturating_sub(1);
                if sink.reply.dialect_state.open == 0 {
                    sink.close_calls();
                }
            } else {
                commit_item(sink, streamed)?;
            }
            mark(sink, index, level);
            sink.end_part();
        }
        _ => {}
    }
    sink.end_error();
    sink.end_stage();
    (sink.reply.index, sink.reply.dialect_state.block) = (None, item::UNKNOWN);
    stop(sink, event);
    sink.document_end();
    Ok(())
}

/// An item of a list is over.
pub(super) fn list_item(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    match sink.reply.dialect_state.block {
        item::CALL if sink.reply.dialect_state.mends => {
            let known = sink.staged_id().map(hash);
            let known = known.and_then(|known| sink.call_index(|id| hash(id) == known));
            if known.is_some_and(|index| sink.mend_call(index)) {
                sink.reply.index = known;
                sink.drop_from(Slot::Item);
                sink.commit_call(false)?;
            }
        }
        item::CALL => {
            sink.drop_from(Slot::Item);
            sink.commit_new_call()?;
        }
        _ => commit_item(sink, false)?,
    }
    sink.reply.dialect_state.seen |= bit(0);
    sink.reply.dialect_state.flags |= GOT;
    sink.drop_stage();
    sink.end_part();
    Ok(())
}

/// The strings of an item become parts; those that a later form repeats only if they were not reported.
fn commit_item(sink: &mut Sink<'_, '_>, streamed: bool) -> Result<(), Error> {
    let unless_streamed = |part| if streamed { None } else { event::part(part) };
    let dialect = sink.dialect as u8;
    let (first, second, opaque) = match sink.reply.dialect_state.block {
        item::MESSAGE => (event::TEXT_DONE, event::REFUSAL_DONE, PHASE),
        item::REASONING => (event::REASONING_DONE, event::SUMMARY_DONE, ENCRYPTED),
        _ => return Ok(()),
    };
    commit(sink, Slot::Id, unless_streamed(first))?;
    commit(sink, Slot::Name, unless_streamed(second))?;
    let is_encrypted = opaque == ENCRYPTED && sink.is_staged(Slot::Arguments);
    commit(sink, Slot::Arguments, Some((Kind::Opaque, [dialect, opaque])))?;
    // Its encrypted form goes back under its own id.
    let id = if is_encrypted { Some((Kind::Opaque, [dialect, ITEM_ID])) } else { None };
    commit(sink, Slot::Item, id)
}

/// The late name of a call whose other strings arrived before.
fn commit_name(sink: &mut Sink<'_, '_>, index: u32) -> Result<(), Error> {
    sink.drop_from(Slot::Arguments);
    if sink.is_staged(Slot::Name) && sink.has_unnamed_call(index) {
        sink.commit_call(false)?;
    }
    Ok(())
}

/// The string in `slot`, if there is one, becomes a part, or is dropped. The lower slots are
/// empty.
fn commit(sink: &mut Sink<'_, '_>, slot: Slot, part: Option<(Kind, [u8; 2])>) -> Result<(), Error> {
    if !sink.is_staged(slot) {
        return Ok(());
    }
    if part == event::part(event::REFUSAL_DONE) {
        sink.reply.refuses |= !sink.reply.is_muted();
    }
    sink.commit_part(part)
}

/// The number of the event's item. If the server sends none, the item is identified by its id, or
/// by that of its call; without these, items follow one another.
fn number(sink: &mut Sink<'_, '_>, event: u8) -> u32 {
    let key = core::mem::take(&mut sink.reply.dialect_state.key);
    if is_taken(sink, event, key) {
        sink.reply.dialect_state.flags |= UNNUMBERED;
    }
    let is_numbered = sink.reply.dialect_state.flags & UNNUMBERED == 0;
    let numbered = sink.reply.index.filter(|_| is_numbered);
    let known = numbered.or_else(|| known_number(sink, key));
    let notes = &mut sink.reply.dialect_state;
    let begins = event == event::ITEM_ADDED && notes.flags & BEGUN != 0;
    let lacks_begin = notes.flags & OVER != 0
        && match event::level(event) {
            1 | 4 => true,
            2 | 3 => key != 0,
            _ => false,
        };
    let is_new = known.is_none() && (begins || lacks_begin);
    let index = match known {
        Some(index) => index,
        None if is_new => notes.last.saturating_add(1),
        None => notes.count,
    };
    notes.last = notes.last.max(index);
    if index != notes.count {
        (notes.count, notes.level) = (index, 0);
    }
    if is_new {
        notes.flags &= !OVER;
    }
    if let Some(place) = notes.keys.get_mut(index as usize)
        && (is_new || matches!(event, event::ITEM_ADDED | event::ITEM_DONE))
    {
        *place = short(key);
    }
    match event {
        event::ITEM_ADDED => notes.flags = notes.flags & !OVER | BEGUN,
        event::ITEM_DONE => notes.flags |= BEGUN | OVER,
        _ => {}
    }
    index
}

/// Whether a piece of a numbered item is that of an item that began before, whatever its id is: see [`number`] and
/// [`is_taken`].
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(super) const fn goes_on_by_number(reply: &crate::provider::Reply) -> bool {
    reply.dialect_state.flags & (OVER | UNNUMBERED) == 0
}

/// Whether another item has the number of the item that begins with this event.
fn is_taken(sink: &Sink<'_, '_>, event: u8, key: u32) -> bool {
    let notes = &sink.reply.dialect_state;
    let Some(index) = sink.reply.index.filter(|_| key != 0) else { return false };
    let known = notes.keys.get(index as usize).copied().unwrap_or_default();
    let begins = match event {
        event::ITEM_ADDED => true,
        // Some servers change the id of an item at its end, so items are new only one after the other.
        event::ITEM_DONE => index == notes.count && notes.level == event::level(event),
        // An item that is not announced begins with its first piece.
        event::TEXT_DELTA..=event::REASONING_DELTA | event::ARGUMENTS_DELTA => {
            index == notes.count && notes.flags & OVER != 0
        }
        _ => false,
    };
    begins && known != 0 && known != short(key)
}

/// The number of the item with this key, or of the call with this or the staged id.
fn known_number(sink: &Sink<'_, '_>, key: u32) -> Option<u32> {
    let short = short(key);
    let place = sink.reply.dialect_state.keys.iter().position(|known| *known == short);
    if let (Some(place), true) = (place, key != 0) {
        return Some(place as u32);
    }
    let is_call = sink.reply.dialect_state.block == item::CALL;
    let call_id = sink.staged_id().filter(|_| is_call).map(hash);
    let wanted = [key, call_id.unwrap_or_default()];
    sink.call_index(|id| !id.is_empty() && wanted.contains(&hash(id)))
}

const fn short(key: u32) -> u16 {
    (key ^ key >> 16) as u16 | 1
}

/// Content of item `index` arrived in this form.
fn mark(sink: &mut Sink<'_, '_>, index: u32, level: u8) {
    sink.reply.dialect_state.seen |= bit(index);
    sink.reply.dialect_state.level = level;
}

/// Whether content of item `index` arrived in an earlier form than this one. In the same form
/// there may be more of it.
fn was_streamed(sink: &Sink<'_, '_>, index: u32, level: u8) -> bool {
    let notes = &sink.reply.dialect_state;
    let is_more = index == notes.count && notes.level == level;
    notes.seen & bit(index) != 0 && !is_more
}

const fn bit(index: u32) -> u32 {
    1 << if index < u32::BITS { index } else { u32::BITS - 1 }
}

/// The status arrived, or the event that implies it: why the model stopped, or that it failed.
fn stop(sink: &mut Sink<'_, '_>, event: u8) {
    let reply = &mut *sink.reply;
    if reply.raw_stop_reason.is_empty() {
        let status: &[u8] = match event {
            event::COMPLETED => b"completed",
            event::INCOMPLETE => b"incomplete",
            event::FAILED => b"failed",
            _ => b"",
        };
        reply.raw_stop_reason.extend(status.iter().copied());
    }
    if reply.raw_stop_reason.is_empty() || reply.stop.is_some() || reply.is_muted() {
        return;
    }
    reply.stop = match hash(&reply.raw_stop_reason) {
        FAILED | CANCELLED => return sink.failure(),
        COMPLETED => Some(StopReason::EndTurn),
        INCOMPLETE => Some(reply.dialect_state.reason.unwrap_or(StopReason::Other)),
        _ => Some(StopReason::Other),
    };
    reply.ended = true;
    sink.close_calls();
}

const FAILED: u32 = hash(b"failed");
const CANCELLED: u32 = hash(b"cancelled");
const COMPLETED: u32 = hash(b"completed");
const INCOMPLETE: u32 = hash(b"incomplete");
