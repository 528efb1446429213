//! Reads the events that follow an outline, and finds those that may.

use super::learn::Lesson;
use super::{BlankKind, EventRecord, Filled, Progress, Walked};
use crate::Error;
use crate::message::Dialect;
use crate::provider::response::documents::give;
use crate::provider::response::{Array, DataLine, Decoder, Document, Framing};
use crate::provider::{Sink, take};
use crate::wire::json_read::Token;
use crate::wire::scan::line_length;

impl Decoder {
    /// Moves `input` on as far as its events follow the outline. False: the reader of JSON is next.
    #[inline(always)]
    pub(in crate::provider::response) fn follow(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<bool, Error> {
        #[cfg(all(test, feature = "all-dialects"))]
        if super::tests::is_off() {
            return Ok(false);
        }
        if !self.outline.is_within() && (self.outline.rests || !self.is_between_events(input)) {
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
        if self.outline.record.is_on {
            self.end_record(sink);
        }
        let before = input.len();
        if sink.log.left() <= before + FREE_BYTES {
            self.catch_up(sink)?;
            self.outline.is_steady = false;
            return Ok(false);
        }
        while self.outline.is_steady && !input.is_empty() {
            let walked = self.walk(sink, input)?;
            if walked == Walked::Other {
                self.catch_up(sink)?;
                self.outline.is_steady = false;
            }
            if walked != Walked::Whole {
                break;
            }
            #[cfg(all(test, feature = "all-dialects"))]
            super::tests::count_event();
            (self.outline.wait, self.outline.failures) = (0, 0);
            // The counts of each event are shown.
            if sink.end_repeated() {
                break;
            }
        }
        if input.len() < before {
            return Ok(true);
        }
        if self.is_between_events(input) {
            self.begin_record(sink);
        }
        Ok(false)
    }

    /// Takes an event or a part of it.
    #[inline(always)]
    fn walk(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<Walked, Error> {
        if !self.outline.is_within() {
            if !self.outline.is_immediate && self.outline.text_end(input).is_none() {
                return Ok(Walked::Other);
            }
            if !sink.begin_repeated() {
                return Ok(Walked::Other);
            }
            self.outline.text_start = sink.log.used() as u32;
            self.outline.shape = sink.reply.shape;
        }
        let (mut progress, mut done) = (self.outline.progress, Ok(()));
        let used = sink.log.used();
        let walked = self.outline.walk(&mut progress, input, |filled| {
            if done.is_ok() {
                done = match filled {
                    Filled::Text(text, _) => text.bytes(|bytes| sink.log.append(bytes)),
                    Filled::Number(place, number) => {
                        take(self.codec, sink, &Token::Number(place, number))
                    }
                };
            }
        });
        self.outline.progress = progress;
        if sink.log.used() > used {
            self.shows |= sink.end_added(used);
        }
        done.map(|()| walked)
    }

    /// The body is over, perhaps within an event.
    pub(crate) fn end_outline(&mut self, sink: &mut Sink<'_, '_>) {
        if self.catch_up(sink).is_err() {
            // Not all of it was read.
            self.document = Document::First;
        }
    }

    /// Reads the usual way the part of an event that was compared, when the rest leaves the outline.
    #[inline(never)]
    pub(in crate::provider::response) fn catch_up(
        &mut self,
        sink: &mut Sink<'_, '_>,
    ) -> Result<(), Error> {
        if !self.outline.is_within() {
            return Ok(());
        }
        let progress = core::mem::replace(&mut self.outline.progress, Progress::START);
        self.outline.is_steady = false;
        let outline = self.outline.clone();
        let shows = self.shows;
        let text = sink.log.used().saturating_sub(outline.text_start as usize);
        if text > 0 {
            sink.take_back(outline.text_start as usize, GAP_BYTES, outline.shape)?;
        }
        let mut start = 0;
        for (number, blank) in (0..=progress.blank).zip(&outline.blanks) {
            let is_last = number == progress.blank;
            let end = if is_last { progress.at } else { blank.end };
            let bytes = outline.bytes.get(start.into()..end.into()).unwrap_or_default();
            self.read_alone(sink, bytes)?;
            start = end;
            if is_last && !progress.in_blank {
                break;
            }
            match blank.kind {
                BlankKind::Text => self.give_again(sink, outline.text_start as usize, text)?,
                BlankKind::Digits | BlankKind::Number if !is_last || progress.has_some => {
                    self.read_alone(sink, b"1")?;
                }
                // Nobody asks for anything else in it.
                BlankKind::String
                | BlankKind::Digits
                | BlankKind::Number
                | BlankKind::Spaces
                | BlankKind::End => {}
            }
            if is_last && progress.is_escaped {
                self.read_alone(sink, b"\\")?;
            }
        }
        self.shows = shows;
        Ok(())
    }

    /// Passes the text that was taken back from `start` to the dialect.
    fn give_again(
        &mut self,
        sink: &mut Sink<'_, '_>,
        start: usize,
        length: usize,
    ) -> Result<(), Error> {
        let mut given = 0;
        while given < length {
            let mut few = [0; 64];
            let count = few.len().min(length - given);
            let before = (start + GAP_BYTES + given).saturating_sub(sink.log.used());
            let bytes = sink.log.after(before + count).get(before..).unwrap_or_default();
            for (to, byte) in few.iter_mut().zip(bytes) {
                *to = *byte;
            }
            let piece = few.get(..count).unwrap_or_default();
            let token = Token::Piece(self.json.place(), piece);
            give(self.codec, &mut self.document, sink, &token)?;
            given += count;
        }
        Ok(())
    }

    /// Reads all of `input` without the outline, and without showing anything.
    fn read_alone(&mut self, sink: &mut Sink<'_, '_>, input: &[u8]) -> Result<(), Error> {
        let (mut rest, mut read) = (input, Ok(()));
        self.outline.rests = true;
        while !rest.is_empty() && read.is_ok() {
            self.shows = false;
            read = match self.framing {
                Framing::Lines => self.lines(sink, &mut rest),
                _ => self.events(sink, &mut rest),
            };
        }
        self.outline.rests = false;
        read
    }

    /// An event begins that may be one of many.
    fn begin_record(&mut self, sink: &Sink<'_, '_>) {
        if !sink.may_repeat() || !self.is_plain() {
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
        let record = &mut self.outline.record;
        (record.is_on, record.used, record.text_at) = (true, 0, 0);
        (record.state, record.start) = (sink.state(), sink.log.used() as u32);
    }

    /// Keeps bytes of the event that was read.
    #[inline(always)]
    pub(in crate::provider::response) fn note(&mut self, sink: &Sink<'_, '_>, bytes: &[u8]) {
        if self.outline.record.is_on {
            self.outline.record.note(sink, bytes);
        }
    }

    /// The event is over: if the state of the reply is that before it, it is followed from now on.
    #[inline(never)]
    fn end_record(&mut self, sink: &Sink<'_, '_>) {
        let outline = &mut self.outline;
        outline.record.is_on = false;
        let (start, end) = (outline.record.start as usize, outline.record.used.into());
        let state = outline.record.state;
        let text_at = usize::from(outline.record.text_at);
        let document = outline.record.bytes;
        let event = document.get(..end).unwrap_or_default();
        let is_same = sink.may_repeat()
            && self.is_plain()
            && sink.has_added(start)
            && sink.begins_at(start)
            && sink.state() == state;
        let fits = self.outline.count > 0 && self.outline.text_end(event).is_some();
        let head = self.head(event).filter(|_| is_same);
        let is_learned = head.is_some_and(|head| {
            let text = sink.log.bytes().get(start..).unwrap_or_default();
            let counts = sink.dialect == Dialect::Gemini;
            let nodes = self.codec.places;
            fits || self.outline.learn(&Lesson { event, head, nodes, text, counts })
        });
        let text_end = self.outline.text_end(event).unwrap_or_default();
        self.outline.is_steady = is_learned && text_end > 0;
        self.outline.is_immediate = sink.adds_at_once() || text_at <= text_end + 1;
        // One whose text counts at its end may never be at hand as a whole.
        if fits && self.outline.is_immediate {
            (self.outline.wait, self.outline.failures) = (0, 0);
        }
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

/// Bytes that the dialect may add before it gets the text of an event again: not more than an event has.
const GAP_BYTES: usize = 512;

/// Room that the text of events leaves: with less, replies end in other ways.
const FREE_BYTES: usize = 4096;

impl EventRecord {
    #[inline(never)]
    fn note(&mut self, sink: &Sink<'_, '_>, bytes: &[u8]) {
        self.add(bytes);
        if self.text_at == 0 && sink.has_added(self.start as usize) {
            self.text_at = self.used;
        }
    }
}
