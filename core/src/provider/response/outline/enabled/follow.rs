//! Reads the events that follow an outline, and finds those that may.

use super::buffer::MAX_EVENT_BYTES;
use super::learn::Lesson;
use super::search::Search;
use super::{EventForm, Filled};
use crate::Error;
use crate::message::Dialect;
use crate::provider::response::{Array, DataLine, Decoder, Document, Framing};
use crate::provider::{Sink, take};
use crate::wire::event_end::may_end;
use crate::wire::json_read::Token;
use crate::wire::scan::line_length;

impl Decoder {
    /// Moves `input` on as far as its events follow the outline, or keeps an event that is not whole. False: the
    /// reader of JSON is next.
    #[inline(always)]
    pub(in crate::provider::response) fn follow(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<bool, Error> {
        if !self.is_between_events(input) {
            return Ok(false);
        }
        self.follow_events(sink, input)
    }

    /// Whether an event is over, and the next one begins as it usually does.
    #[inline(always)]
    fn is_between_events(&self, input: &[u8]) -> bool {
        let is_between = match self.framing {
            Framing::Events => self.line == DataLine::Done && self.sse.is_after_data(),
            Framing::Lines => self.json.is_done(),
            Framing::Unknown | Framing::Whole | Framing::Bare | Framing::Page | Framing::Text => {
                false
            }
        };
        is_between && matches!(input, [b'\n' | b'\r', ..])
    }

    #[inline(never)]
    fn follow_events(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<bool, Error> {
        let mut state = None;
        if self.outline.buffer.is_recorded {
            state = self.end_record(sink);
        }
        let before = input.len();
        if sink.log.left() <= before + FREE_BYTES {
            self.outline.is_steady = false;
        }
        while self.outline.is_steady && !input.is_empty() {
            if !self.take_event(sink, input)? {
                self.outline.is_steady = false;
                break;
            }
            if self.outline.is_holding() {
                return Ok(true);
            }
            #[cfg(all(test, feature = "all-dialects"))]
            super::tests::count_event();
            (self.outline.wait, self.outline.failures) = (0, 0);
            // The counts of each event are shown.
            if sink.end_repeated() {
                return Ok(true);
            }
        }
        if input.is_empty() || self.is_held(input) {
            return Ok(true);
        }
        let state = state.filter(|_| input.len() == before);
        self.begin_record(sink, input, state);
        Ok(input.len() < before)
    }

    /// Takes an event that follows the outline, or holds it. False: it does not.
    #[inline(always)]
    fn take_event(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<bool, Error> {
        if !sink.begin_repeated() {
            return Ok(false);
        }
        if input.len() > MAX_EVENT_BYTES {
            return self.walk(sink, input);
        }
        let is_from_buffer = self.outline.is_reading();
        let mut search = self.outline.buffer.search;
        let end = match is_from_buffer {
            true => Some(input.len()),
            false => {
                search = Search::new(self.framing == Framing::Events);
                if may_end(input) { search.find(Some(&self.outline.form), input) } else { None }
            }
        };
        let Some(end) = end else {
            self.outline.buffer.hold(core::mem::take(input), search);
            return Ok(true);
        };
        let Some(text) = search.text(input) else { return self.walk(sink, input) };
        let used = sink.log.used();
        sink.log.append(text)?;
        self.shows |= sink.end_added(used);
        *input = input.get(end..).unwrap_or_default();
        Ok(true)
    }

    /// Takes an event that follows the outline, all of which is at hand.
    #[inline(always)]
    fn walk(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<bool, Error> {
        let (used, mut added) = (sink.log.used(), Ok(()));
        let (mut numbers, mut count) = ([(0, 0); MAX_NUMBERS], 0);
        let walked = self.outline.form.walk(input, |filled| match filled {
            Filled::Text(text) if added.is_ok() => {
                added = text.bytes(|bytes| sink.log.append(bytes));
            }
            Filled::Text(_) => {}
            Filled::Number(place, number) => {
                if let Some(next) = numbers.get_mut(count) {
                    *next = (place, number);
                }
                count += 1;
            }
        });
        let (Some(rest), Ok(()), Some(numbers)) = (walked, added, numbers.get(..count)) else {
            sink.log.truncate(used);
            return Ok(false);
        };
        for (place, number) in numbers {
            take(self.codec, sink, &Token::Number(*place, *number))?;
        }
        self.shows |= sink.end_added(used);
        *input = rest;
        Ok(true)
    }

    /// Whether the event with which `input` begins is held, because not all of it is at hand: then all of `input`
    /// is taken.
    fn is_held(&mut self, input: &mut &[u8]) -> bool {
        let mut search = Search::new(self.framing == Framing::Events);
        let is_held = !self.outline.is_reading()
            && input.len() <= MAX_EVENT_BYTES
            && !(may_end(input) && search.find(None, input).is_some());
        if is_held {
            self.outline.buffer.hold(core::mem::take(input), search);
        }
        is_held
    }

    /// Reads what was held until it was whole, or a part of it, until something may be shown; at most so many bytes.
    #[inline(never)]
    pub(in crate::provider::response) fn read_held(
        &mut self,
        sink: &mut Sink<'_, '_>,
        most: usize,
    ) -> bool {
        let (bytes, start, end) = self.outline.buffer.to_read();
        let held = bytes.get(start..end.min(start.saturating_add(most))).unwrap_or_default();
        let mut rest = held;
        let shows = self.read_some(sink, &mut rest);
        self.outline.buffer.advance(held.len() - rest.len());
        shows
    }

    /// The body is over, perhaps within an event that is held.
    pub(crate) fn end_outline(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        self.outline.release();
        while self.outline.is_reading() && self.error.is_none() {
            self.read_held(sink, usize::MAX);
        }
        self.error.map_or(Ok(()), Err)
    }

    /// An event begins, with which `input` does, that may be one of many.
    fn begin_record(&mut self, sink: &Sink<'_, '_>, input: &[u8], state: Option<u64>) {
        if !self.outline.is_alike(input)
            || !sink.may_repeat()
            || !self.is_plain()
            || self.outline.buffer.is_read_in_part()
        {
            return;
        }
        if self.outline.wait > 0 {
            self.outline.wait -= 1;
            return;
        }
        // Unless it proves useful.
        let failures = &mut self.outline.failures;
        self.outline.wait = 1_u8.unbounded_shl((*failures).into()) / 4;
        *failures = (*failures + 1).min(7);
        let state = state.unwrap_or_else(|| sink.state());
        self.outline.buffer.record(state, sink.log.used());
    }

    /// Keeps bytes of the event that was read.
    #[inline(always)]
    pub(in crate::provider::response) fn note(&mut self, bytes: &[u8]) {
        self.outline.buffer.note(bytes);
    }

    /// The event is over: if the state of the reply is that before it, it is followed from now on. Returns the
    /// state, if that was asked for.
    #[inline(never)]
    fn end_record(&mut self, sink: &Sink<'_, '_>) -> Option<u64> {
        let buffer = self.outline.buffer.clone();
        self.outline.buffer.is_recorded = false;
        let (start, event) = (buffer.start as usize, buffer.bytes());
        let may_be_same =
            sink.may_repeat() && self.is_plain() && sink.has_added(start) && sink.begins_at(start);
        let state = may_be_same.then(|| sink.state());
        let is_same = state == Some(buffer.state);
        let head = self.head(event).filter(|_| is_same);
        let is_learned = head.is_some_and(|head| {
            let text = sink.log.bytes().get(start..).unwrap_or_default();
            let counts = sink.dialect == Dialect::Gemini;
            let lesson = Lesson { event, head, codec: self.codec, reply: sink.reply, text, counts };
            self.outline.form.fits(event) || self.outline.form.learn(&lesson)
        });
        self.outline.is_steady = is_learned && self.outline.form.fits(event);
        #[cfg(all(test, feature = "all-dialects"))]
        if super::tests::is_off() {
            self.outline.is_steady = false;
        }
        state
    }

    /// Nothing is under way but events of one document each.
    fn is_plain(&self) -> bool {
        self.array == Array::None
            && self.document == Document::None
            && self.marker == 0
            && self.error.is_none()
            && !self.is_over
            && !self.json.has_half()
            && match self.framing {
                Framing::Lines => self.json.is_done(),
                _ => self.line == DataLine::Done,
            }
    }

    /// How many bytes of an event come before its document: all between it and the document before. `None`: they
    /// may have a meaning, or the document is not all that follows.
    fn head(&self, event: &[u8]) -> Option<usize> {
        let document = if self.framing == Framing::Lines {
            event.strip_prefix(b"\n")?
        } else {
            let end: &[u8] = if event.starts_with(b"\r") { b"\r\n" } else { b"\n" };
            let mut rest = event.strip_prefix(end)?.strip_prefix(end)?;
            if let Some(line) = rest.strip_prefix(b"event: ") {
                let (name, after) = line.split_at_checked(line_length(line))?;
                rest = after.strip_prefix(end).filter(|_| name != b"error")?;
            }
            let rest = rest.strip_prefix(b"data:")?;
            rest.strip_prefix(b" ").unwrap_or(rest)
        };
        let is_one = document.starts_with(b"{") && line_length(document) == document.len();
        is_one.then_some(event.len() - document.len())
    }
}

/// Numbers of an event that the dialect gets.
const MAX_NUMBERS: usize = 8;

/// Room that the text of events leaves: with less, replies end in other ways.
const FREE_BYTES: usize = 4096;

impl EventForm {
    /// Whether `event` follows it to its end.
    fn fits(&self, event: &[u8]) -> bool {
        self.count > 0 && self.walk(event, |_| ()).is_some_and(<[u8]>::is_empty)
    }
}
