//! From bytes of a response body to tokens of the dialect: the framing.
//!
//! A body that begins with `{` is one JSON document, or in some dialects a stream of successive
//! documents; one that begins with `[` is an array of them, which is a stream, too.
//! Any other is a stream of server-sent events with one document each, or an array of them, ended by
//! `[DONE]` if the dialect has it. A document itself shows whether it is a whole reply or a piece of
//! one: gateways collect the pieces of a stream, and put a whole reply into one event.
//!
//! A body that begins with `<` is a web page, which a gateway or a proxy sends in place of a reply. The
//! first words of it, and of plain text, are kept as the message of an error.

mod documents;
mod events;
mod judge;
mod outline;
mod read;

pub(crate) use judge::{cut, has_text, judge, refusal};
pub(crate) use read::{SLACK_BYTES, read};

use super::{Body, Codec, Sink};
use crate::wire::first_text::FirstText;
use crate::wire::json_read::JsonReader;
use crate::wire::scan::WORDS;
use crate::wire::sse::SseReader;
use crate::wire::taken;
use crate::{Error, ErrorKind, ResponseRule};
use documents::{LINES, skip_blank};
use outline::Outline;

/// The state of the body.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    /// The form of the body.
    codec: &'static Codec,
    framing: Framing,
    sse: SseReader,
    json: JsonReader,
    outline: Outline,
    /// The first words of a body that is not a reply.
    text: FirstText,
    /// Bytes of the end marker that were read.
    marker: u8,
    line: DataLine,
    /// The reply is over, or the body cannot be read; the rest is ignored.
    is_over: bool,
    array: Array,
    document: Document,
    /// Something may be there to be shown.
    shows: bool,
    /// Something was read since nothing was left to be shown.
    pub has_news: bool,
    /// The fault in the body. It is reported after everything before it was shown.
    error: Option<Error>,
    /// Bytes of the body that were read.
    pub offset: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    Unknown,
    Events,
    Whole,
    Lines,
    /// A document without a field's name in a stream of events: only an error has this form.
    Bare,
    /// A web page.
    Page,
    /// Plain text, or events, which show nothing so far.
    Text,
}

/// Whether the documents are in an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Array {
    None,
    Open,
    /// An element was complete, so the array itself is not a document.
    HasElements,
}

/// The content of an event's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DataLine {
    /// A document, which is not complete.
    Open,
    /// One that is: only space may follow it.
    Done,
    /// No document but the message of an error.
    Text,
}

/// The document that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Document {
    /// None has begun, or it is complete.
    None,
    /// It began before the stop reason arrived.
    First,
    /// It began after that.
    AfterStop,
}

impl Decoder {
    // Not inlined where a session and a response begin: it is large, and rare.
    #[inline(never)]
    pub const fn new(codec: &'static Codec) -> Self {
        Self {
            codec,
            framing: Framing::Unknown,
            sse: SseReader::new(),
            json: JsonReader::new(codec.places),
            outline: Outline::new(),
            text: FirstText::new(),
            marker: 0,
            line: DataLine::Open,
            is_over: false,
            array: Array::None,
            document: Document::None,
            shows: false,
            has_news: true,
            error: None,
            offset: 0,
        }
    }

    /// Whether the rest of the body is used and ignored.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The fault in the body.
    pub const fn error(&self) -> Option<Error> {
        self.error
    }

    /// Whether the body was one document, which is complete.
    pub fn is_complete(&self) -> bool {
        self.framing == Framing::Whole && self.json.is_done()
    }

    /// Whether the body is a web page.
    pub fn is_page(&self) -> bool {
        self.framing == Framing::Page
    }

    /// Whether the body is plain text, or consists of events that show nothing.
    pub fn is_text(&self) -> bool {
        self.framing == Framing::Text
    }

    /// Whether the document with the stop reason was cut off, since the stop reason may precede the
    /// text; or the document that a comma in an array announced.
    pub fn is_part(&self) -> bool {
        let is_announced = self.array == Array::HasElements && self.json.is_value_due();
        self.document == Document::First || is_announced
    }

    /// Whether the body is not a stream of events.
    pub fn is_foreign(&self) -> bool {
        self.sse.met_unknown()
    }

    /// Something may be there to be shown. A small processor looks each time.
    pub fn note_news(&mut self) {
        if WORDS {
            self.has_news = true;
        }
    }

    /// Takes bytes from the front of `input` that belong to an event that is held; returns their number. Most calls
    /// with a few bytes are over with this.
    #[inline(always)]
    pub fn hold(&mut self, input: &[u8]) -> usize {
        if self.outline.is_holding() { self.outline.hold(input) } else { 0 }
    }

    /// Skips unneeded bytes at the front of `input`, which it advances, if everything else was shown.
    #[inline(always)]
    pub fn skim(&mut self, input: &mut &[u8]) {
        let before = *input;
        let is_inside = match self.framing {
            Framing::Events => self.sse.is_in_data(input) && self.marker == 0,
            Framing::Whole | Framing::Lines => true,
            Framing::Unknown | Framing::Bare | Framing::Page | Framing::Text => false,
        };
        let is_quiet = !self.has_news && !self.is_over && !self.json.is_fresh();
        if is_inside && is_quiet && !self.outline.is_holding() && !self.outline.is_reading() {
            self.json.pass(input);
            self.note(taken(before, input));
            self.offset += (before.len() - input.len()) as u32;
        }
    }

    /// Whether something that was held is to be read before the input.
    pub const fn is_reading_held(&self) -> bool {
        self.outline.is_reading()
    }

    /// How many bytes are held and not read.
    pub const fn held_bytes(&self) -> usize {
        self.outline.unread_bytes()
    }

    /// What is held is read next, although it is not whole.
    pub const fn release_held(&mut self) {
        self.outline.release();
    }

    /// Reads what was held, at most so many bytes of it, or from the front of `input`, which it advances, until
    /// something may be shown. False: there is nothing more to be read of that.
    pub fn advance(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
        most_held: usize,
    ) -> bool {
        if self.outline.is_holding() {
            let held = self.outline.hold(input);
            *input = input.get(held..).unwrap_or_default();
            return false;
        }
        match self.outline.is_reading() {
            true => self.read_held(sink, most_held),
            false => self.read_some(sink, input),
        }
    }

    /// Reads from the front of `input`, which it advances, until something may be shown. False: the
    /// input is used up. Whether something may be shown is a field, because a result with more than
    /// an error would be returned in memory, not in registers.
    fn read_some(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> bool {
        let before = input.len();
        // Bytes after the end marker do not count, or the result would depend on the chunking.
        let counts = !(self.is_over && sink.reply.ended);
        self.shows = false;
        let read = match self.framing {
            _ if self.is_over => {
                *input = &[];
                Ok(())
            }
            Framing::Unknown => {
                self.note_news();
                self.find_framing(sink, input);
                Ok(())
            }
            Framing::Events => self.events(sink, input),
            Framing::Text => self.text_or_events(sink, input),
            Framing::Whole => self.whole(sink, input),
            Framing::Lines if LINES => self.lines(sink, input),
            Framing::Lines => Ok(()),
            Framing::Bare => self.bare(sink, input),
            Framing::Page => {
                self.first_text(sink, input);
                Ok(())
            }
        };
        // What is held counts when it is read.
        let taken = before - input.len();
        let held = if self.outline.is_holding() { self.held_bytes() } else { 0 };
        let used = if counts { taken - held } else { 0 };
        // Not more than `max_response_bytes`.
        self.offset += used as u32;
        if let Err(error) = read {
            let error = match error.kind() {
                ErrorKind::BadJson => Error::broken(ResponseRule::Json).at(self.offset),
                ErrorKind::BadResponse => error.at(self.offset),
                _ => error,
            };
            // Of a reply that failed nothing is kept, so a broken rest does no harm.
            self.is_over |= sink.reply.is_failed();
            if !self.is_over {
                self.error = Some(error);
            }
            self.shows = true;
        }
        if self.shows {
            self.note_news();
        }
        self.shows
    }

    fn find_framing(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) {
        skip_blank(input);
        let Some(first) = input.first() else { return };
        if *first == b'[' {
            self.array = Array::Open;
        }
        self.framing = match first {
            b'{' | b'[' if LINES && self.codec.body == Body::Lines => Framing::Lines,
            b'{' | b'[' => Framing::Whole,
            b'<' => Framing::Page,
            _ => Framing::Text,
        };
        sink.reply.whole = self.framing == Framing::Whole && self.array == Array::None;
        if self.is_page() {
            sink.failure_text(PAGE);
        } else if self.is_text() && !sink.reply.refused {
            sink.failure_text(TEXT);
        }
        self.json.stop_at_lines(self.is_text());
        self.json.begin(!sink.reply.whole);
        self.shows = true;
    }

    fn first_text(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) {
        let mut is_first = sink.failure_length() == PAGE.len();
        while let Some(text) = self.text.next(input) {
            if core::mem::take(&mut is_first) && self.is_page() {
                sink.failure_text(b": ");
            }
            sink.failure_text(text);
        }
    }
}

/// The prefixes of the first words of a body that is not a reply.
const PAGE: &[u8] = b"a web page";
const TEXT: &[u8] = b"plain text: ";
