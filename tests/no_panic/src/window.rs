//! Every call of a long conversation: counts, room by policy, marks, forks, journals and lines.

use zerostack_core::{
    Checkpoint, Entry, Error, Event, Frame, Journal, JsonLines, JsonLinesReader, Restored,
    SessionConfig, Transcript, WindowTokens,
};

use crate::Chat;

type Memory = &'static mut [u8];
type Reader = JsonLinesReader<Memory>;

pub static CALLS: Calls = Calls {
    window_tokens: Chat::window_tokens,
    entry_tokens: Chat::entry_tokens,
    is_compacting: Chat::is_compacting,
    make_room: Chat::make_room,
    set_turn_elapsed_ms: Chat::set_turn_elapsed_ms,
    checkpoint: Chat::checkpoint,
    rollback: Chat::rollback,
    fork: Chat::fork,
    journal_frame: Chat::journal_frame,
    restore: Journal::restore,
    json_lines: Transcript::json_lines,
    read: JsonLines::read,
    new: Reader::new,
    push: Reader::push,
    open_call: Reader::open_call,
    finish: Reader::finish,
};

#[allow(dead_code, reason = "it is linked, not called")]
pub struct Calls {
    window_tokens: fn(&Chat) -> WindowTokens,
    entry_tokens: fn(&Chat, &Entry<'_>) -> u32,
    is_compacting: fn(&Chat) -> bool,
    make_room: fn(&mut Chat) -> Result<Event<'static>, Error>,
    set_turn_elapsed_ms: fn(&mut Chat, u32) -> Result<(), Error>,
    checkpoint: fn(&Chat) -> Checkpoint,
    rollback: fn(&mut Chat, Checkpoint) -> Result<(), Error>,
    fork: fn(&Chat, Memory, SessionConfig<'static>) -> Result<Chat, Error>,
    journal_frame: for<'s> fn(&'s Chat, &Journal) -> Option<Frame<'s>>,
    restore: fn(&[u8], Memory) -> Result<Restored<Memory>, Error>,
    json_lines: fn(&Transcript<Memory>) -> JsonLines<'_>,
    read: fn(&mut JsonLines<'static>, &mut [u8]) -> usize,
    new: fn(Memory) -> Result<Reader, Error>,
    push: fn(&mut Reader, &[u8]) -> Result<(), Error>,
    open_call: fn(&Reader) -> Option<&str>,
    finish: fn(Reader) -> Result<(Memory, usize), Error>,
}
