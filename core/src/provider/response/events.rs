//! The framing of server-sent events: the data of each is a document, or the end marker.

use super::documents::is_blank;
use super::{DataLine, Decoder, Framing, LINES};
use crate::provider::{Body, Sink};
use crate::wire::scan::WORDS;
use crate::wire::sse::{Field, SseScan};
use crate::wire::taken;
use crate::{Error, ResponseRule};

impl Decoder {
    /// The body may be plain text, or a stream of events.
    #[inline(never)]
    pub(super) fn text_or_events(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<(), Error> {
        let before = *input;
        let read = self.events(sink, input);
        if self.is_text() {
            self.first_text(sink, &mut taken(before, input));
        }
        read
    }

    /// The body consists of events, so the text that was kept does not count.
    fn are_events(&mut self, sink: &mut Sink<'_, '_>) {
        if self.is_text() {
            self.framing = Framing::Events;
            sink.forget_failure();
        }
    }

    pub(super) fn events(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<(), Error> {
        let mut noted = *input;
        while !self.shows && !input.is_empty() {
            self.note(taken(noted, input));
            let follows = self.follow(sink, input)?;
            noted = *input;
            if follows {
                continue;
            }
            // The reader of JSON sees the end of the line by itself.
            if WORDS && self.line != DataLine::Text && self.sse.is_in_data(input) {
                self.data(sink, input)?;
                continue;
            }
            let is_between = self.line == DataLine::Done && self.framing == Framing::Events;
            if WORDS && is_between && !self.sse.is_error() && self.sse.pass_to_data(input) {
                self.line = DataLine::Open;
                continue;
            }
            let before = *input;
            if self.sse.is_at_line() && before.starts_with(b"{") && self.json.is_fresh() {
                self.are_events(sink);
                self.json.stop_at_lines(false);
                self.note_news();
                // In a dialect of lines, only a comment or an error is an event.
                if LINES && self.codec.body == Body::Lines && !self.is_foreign() {
                    self.framing = Framing::Lines;
                    return self.lines(sink, input);
                }
                self.framing = Framing::Bare;
                sink.fail_document();
                return self.bare(sink, input);
            }
            let met = self.sse.step(input);
            let is_error = self.sse.is_error();
            let is_data = self.sse.field() == Some(Field::Data) || is_error;
            match met {
                // Servers forget the empty line between two events: each line may hold one.
                SseScan::Line if is_data => {
                    self.are_events(sink);
                    self.line = DataLine::Open;
                    if is_error {
                        self.note_news();
                        sink.fail_document();
                    }
                }
                SseScan::Piece if self.sse.field() == Some(Field::Event) => {
                    self.sse.add_to_event(taken(before, input));
                }
                SseScan::LineEnd if self.sse.ends_error_event() => {
                    self.are_events(sink);
                    self.note_news();
                    sink.fail_document();
                }
                SseScan::Piece if is_data => {
                    let mut rest = taken(before, input);
                    let read = self.data(sink, &mut rest);
                    // The rest of the piece is read next.
                    let used = before.len() - input.len() - rest.len();
                    *input = before.get(used..).unwrap_or_default();
                    self.sse.unread(rest.len());
                    read?;
                }
                SseScan::LineEnd if self.line == DataLine::Text => sink.failure_text_end(),
                // The lines of one event are joined by a line feed.
                SseScan::LineEnd if is_data && !self.json.is_fresh() => {
                    self.json.stop_at_lines(false);
                    self.json(sink, &mut LINE_FEED.as_slice())?;
                    self.json.stop_at_lines(true);
                }
                SseScan::Dispatch => {
                    if self.marker > 0 {
                        return Err(BAD);
                    }
                    if !self.json.is_fresh() {
                        self.json.finish()?;
                        self.end_document(sink)?;
                    }
                }
                SseScan::Nothing | SseScan::Line | SseScan::Piece | SseScan::LineEnd => {}
            }
        }
        self.note(taken(noted, input));
        Ok(())
    }

    /// Takes some of the data of an event, a step at a time as [`SseReader::step`] does.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn data(&mut self, sink: &mut Sink<'_, '_>, data: &mut &[u8]) -> Result<(), Error> {
        let Some((byte, rest)) = data.split_first() else { return Ok(()) };
        if self.line == DataLine::Text {
            sink.failure_text(core::mem::take(data));
            return Ok(());
        }
        let begins = self.marker == 0 && self.json.is_fresh();
        if begins && is_blank(byte) {
            *data = rest;
            return Ok(());
        }
        // More follows the document, or the end marker.
        if self.line == DataLine::Done {
            return Err(Error::broken(ResponseRule::Json));
        }
        // Servers name an event an error, and write the fault without any form.
        if begins && sink.reply.refused && !matches!(byte, b'{' | b'[' | b'"') {
            self.line = DataLine::Text;
            return Ok(());
        }
        let letter = byte.to_ascii_uppercase();
        if self.marker == 1 && letter != b'D' {
            // The apparent marker is an array of documents.
            self.marker = 0;
            self.json(sink, &mut ARRAY.as_slice())?;
        }
        if self.marker > 0 || (begins && *byte == b'[') {
            if END_MARKER.get(usize::from(self.marker)) != Some(&letter) {
                return Err(BAD);
            }
            self.marker += 1;
            *data = rest;
            if usize::from(self.marker) < END_MARKER.len() {
                return Ok(());
            }
            self.marker = 0;
            sink.reply.ended = true;
            // Every dialect may end this way: it does not turn anything else into a reply.
            sink.reply.is_known = !sink.reply.has_strangers;
        } else {
            self.json(sink, data)?;
            if !self.json.is_done() {
                return Ok(());
            }
        }
        // Reported at its last byte: the empty line after it may never arrive.
        self.end_document(sink)
    }
}

/// In upper case; servers send it in any.
const END_MARKER: &[u8] = b"[DONE]";

const LINE_FEED: [u8; 1] = *b"\n";
const ARRAY: [u8; 1] = *b"[";

const BAD: Error = Error::broken(ResponseRule::EndMarker);
