//! Calls in the text of a reply: found when the reply is complete, and turned into calls.
//!
//! The text is read like the body of a dialect: its strings are staged at the end of the
//! transcript and become calls there; then their text is removed.

use super::find::{self, CallForm, Candidate};
use crate::message::{StopReason, ToolSpec};
use crate::provider::reply::Slot;
use crate::provider::{Config, Sink, ToolMode};
use crate::transcript::record::{HEADER_BYTES, Kind, REFUSAL};
use crate::wire::json_read::{JsonReader, ROOT, Token, is_object, places};
use crate::{Error, ErrorKind};

places! { PLACES:
    NAME = ROOT . "name",
    TOOL = ROOT . "tool",
    TOOL_NAME = ROOT . "tool_name",
    ARGUMENTS = ROOT . "arguments" raw,
    PARAMETERS = ROOT . "parameters" raw,
    ARGS = ROOT . "args" raw,
    INPUT = ROOT . "input" raw,
    FUNCTION = ROOT . "function",
    FUNCTION_NAME = FUNCTION . "name",
    FUNCTION_ARGUMENTS = FUNCTION . "arguments" raw,
    FUNCTION_PARAMETERS = FUNCTION . "parameters" raw,
    DESCRIPTION = ROOT . "description",
    SAY = ROOT . "say",
    CALLS = ROOT . "calls",
    CALLS_NAME = CALLS . "name",
    CALLS_ARGUMENTS = CALLS . "arguments" raw,
    TOOL_CALLS = ROOT . "tool_calls",
    TOOL_CALLS_NAME = TOOL_CALLS . "name",
    TOOL_CALLS_ARGUMENTS = TOOL_CALLS . "arguments" raw,
    TOOL_CALLS_FUNCTION = TOOL_CALLS . "function",
    TOOL_CALLS_FUNCTION_NAME = TOOL_CALLS_FUNCTION . "name",
    TOOL_CALLS_FUNCTION_ARGUMENTS = TOOL_CALLS_FUNCTION . "arguments" raw,
}

/// Turns the calls in the text of a reply into calls of the transcript. `None`: the text stays
/// unchanged; else the number of calls.
///
/// # Errors
/// `Full`, and those of a call that does not fit a record.
pub(crate) fn recover(sink: &mut Sink<'_, '_>, config: &dyn Config) -> Result<Option<u16>, Error> {
    let mode = config.tool_mode();
    let says = mode == ToolMode::Schema;
    // An object that the token limit cut does not count, and its pieces are not what the model meant.
    let is_cut = says && sink.reply.stop == Some(StopReason::MaxTokens);
    if mode == ToolMode::Native || is_cut || sink.reply.calls > 0 || sink.reply.is_muted() {
        return Ok(None);
    }
    let mut recovery = Recovery { sink, config, says, attempts: 0 };
    let mut end = recovery.sink.log.used();
    let mut at = recovery.sink.reply.start as usize;
    let mut is_changed = false;
    while let Some(record) = recovery.sink.log.record(at).filter(|record| record.offset < end) {
        let (is_text, next) = (record.is(Kind::Text), record.end());
        if !is_text || record.header.info.starts_with(&[REFUSAL]) {
            at = next;
            continue;
        }
        let gone = recovery.text(at)?;
        is_changed |= gone > 0;
        end = end.saturating_sub(gone);
        at = next.saturating_sub(gone);
    }
    if !is_changed {
        return Ok(None);
    }
    sink.end_part();
    sink.mark_first();
    Ok(Some(sink.reply.calls))
}

struct Recovery<'a, 'r, 't> {
    sink: &'a mut Sink<'r, 't>,
    config: &'a dyn Config,
    /// The text may be in the JSON.
    says: bool,
    /// Candidates that were looked at.
    attempts: u16,
}

/// The content of one value.
#[derive(Default)]
struct CandidateFields {
    /// Calls that were made of it, or a text.
    is_known: bool,
    /// It is something else, such as the description of a tool.
    is_other: bool,
}

impl Recovery<'_, '_, '_> {
    /// Reads the text record at `record`; returns the number of bytes removed.
    fn text(&mut self, record: usize) -> Result<usize, Error> {
        let mut from = find::behind_reasoning(self.payload(record));
        let mut gone = 0;
        while self.attempts < MAX_ATTEMPTS
            && let Some(candidate) = find::candidate(self.payload(record), from)
        {
            self.attempts += 1;
            let point = self.sink.point();
            match self.calls(record, candidate)? {
                Some(end) => {
                    let payload = record + HEADER_BYTES;
                    let (start, end) = (payload + candidate.start, payload + end);
                    let left = self.sink.log.record(record).map_or(0, |it| it.payload.len());
                    let taken = self.sink.take_from_text(record, start, end);
                    gone += taken;
                    if taken > left {
                        // The record was removed with it.
                        break;
                    }
                    from = candidate.start;
                }
                None => {
                    self.sink.go_back(point);
                    from = find::after(self.payload(record), candidate);
                }
            }
        }
        Ok(gone)
    }

    fn payload(&self, record: usize) -> &[u8] {
        self.sink.log.record(record).map_or(&[], |record| record.payload)
    }

    /// Makes calls of a candidate; returns where it ends, or `None` if it is not a call.
    fn calls(&mut self, record: usize, candidate: Candidate) -> Result<Option<usize>, Error> {
        let Candidate { value, kind, .. } = candidate;
        if let (CallForm::Word, Some(end)) = (kind, self.named_call(record, value)?) {
            return Ok(Some(end));
        }
        let mut at = value;
        loop {
            let Some(end) = find::value_end(self.payload(record), at) else { return Ok(None) };
            if !self.value(record, at, end)? {
                return Ok(None);
            }
            let text = self.payload(record);
            match find::next_value(text, kind, end) {
                Some(next) => at = next,
                None => return Ok(find::end(text, kind, end)),
            }
        }
    }

    /// `NAME[ARGS]{…}`, or without the word between.
    fn named_call(&mut self, record: usize, at: usize) -> Result<Option<usize>, Error> {
        let text = self.payload(record).get(at..).unwrap_or_default();
        let is_name = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'[' | b'{');
        let length = text.iter().take_while(is_name).count();
        let Some((name, rest)) = text.split_at_checked(length) else { return Ok(None) };
        let after = if rest.starts_with(ARGS_WORD) { length + ARGS_WORD.len() } else { length };
        let Some(index) = self.index_of(name) else { return Ok(None) };
        let start = at + after;
        let Some(end) = find::value_end(self.payload(record), start) else { return Ok(None) };
        self.stage_name(index)?;
        let mut from = start;
        while from < end {
            let (window, count) = self.window(record, from, end);
            self.sink.stage(Slot::Arguments, window.get(..count).unwrap_or_default())?;
            from += count.max(1);
        }
        Ok(self.commit()?.then_some(end))
    }

    /// Reads one object, or an array of them, from `at` to `end`: whether all of it is calls.
    fn value(&mut self, record: usize, at: usize, end: usize) -> Result<bool, Error> {
        let mut json = JsonReader::new(PLACES);
        let (mut from, mut seen) = (at, CandidateFields::default());
        while from < end {
            let (window, count) = self.window(record, from, end);
            let mut input = window.get(..count).unwrap_or_default();
            from += count.max(1);
            loop {
                match json.next(&mut input) {
                    Ok(Some(token)) => self.token(&mut seen, token)?,
                    Ok(None) => break,
                    Err(_) => return Ok(false),
                }
            }
        }
        self.sink.end_part();
        Ok(json.is_done() && seen.is_known && !seen.is_other)
    }

    fn token(&mut self, seen: &mut CandidateFields, token: Token<'_>) -> Result<(), Error> {
        match token {
            Token::Begin(ROOT | CALLS | TOOL_CALLS) => self.sink.drop_stage(),
            Token::Piece(SAY, bytes) if self.says => self.sink.text(bytes)?,
            Token::PieceEnd(SAY) if self.says => seen.is_known = true,
            Token::Piece(
                NAME
                | TOOL
                | TOOL_NAME
                | FUNCTION
                | FUNCTION_NAME
                | CALLS_NAME
                | TOOL_CALLS_NAME
                | TOOL_CALLS_FUNCTION_NAME,
                bytes,
            ) => self.sink.stage(Slot::Name, bytes)?,
            Token::Piece(
                ARGUMENTS
                | PARAMETERS
                | ARGS
                | INPUT
                | FUNCTION_ARGUMENTS
                | FUNCTION_PARAMETERS
                | CALLS_ARGUMENTS
                | TOOL_CALLS_ARGUMENTS
                | TOOL_CALLS_FUNCTION_ARGUMENTS,
                bytes,
            ) => self.sink.stage(Slot::Arguments, bytes)?,
            // Models repeat the descriptions of the tools.
            Token::PieceEnd(DESCRIPTION) => seen.is_other = true,
            Token::End(ROOT | CALLS | TOOL_CALLS) => {
                let is_staged =
                    self.sink.is_staged(Slot::Name) || self.sink.is_staged(Slot::Arguments);
                if is_staged {
                    let is_call = self.commit()?;
                    seen.is_known |= is_call;
                    seen.is_other |= !is_call;
                } else if !seen.is_known {
                    seen.is_other = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Turns the staged strings into a call; returns whether it calls a known tool with an object
    /// as arguments.
    fn commit(&mut self) -> Result<bool, Error> {
        if !self.sink.is_staged(Slot::Arguments) || !self.sink.is_staged(Slot::Name) {
            return Ok(false);
        }
        match self.sink.commit_new_call() {
            // No tool has a name of that length.
            Err(error) if error.kind() == ErrorKind::TooLong => return Ok(false),
            committed => committed?,
        }
        let Some(call) = self.sink.last_call() else { return Ok(false) };
        let (_, name, arguments) = call.call();
        Ok(is_object(arguments.as_bytes()) && self.index_of(name.as_bytes()).is_some())
    }

    fn stage_name(&mut self, index: usize) -> Result<(), Error> {
        let name = self.config.tool(index).map_or("", |ToolSpec { name, .. }| name);
        self.sink.stage(Slot::Name, name.as_bytes())
    }

    fn index_of(&self, name: &[u8]) -> Option<usize> {
        let mut index = 0;
        while let Some(tool) = self.config.tool(index) {
            if tool.name.as_bytes() == name {
                return Some(index);
            }
            index += 1;
        }
        None
    }

    /// The next bytes of a text, so that others can be written while they are read.
    fn window(&self, record: usize, from: usize, end: usize) -> ([u8; WINDOW_BYTES], usize) {
        let mut window = [0; WINDOW_BYTES];
        let text = self.payload(record).get(from..end).unwrap_or_default();
        for (place, byte) in window.iter_mut().zip(text) {
            *place = *byte;
        }
        (window, text.len().min(WINDOW_BYTES))
    }
}

/// The number of candidates examined in one reply; the text after them stays text.
const MAX_ATTEMPTS: u16 = 256;

const WINDOW_BYTES: usize = 64;

/// Between the name and the arguments in the form of newer Mistral models.
const ARGS_WORD: &[u8] = b"[ARGS]";
