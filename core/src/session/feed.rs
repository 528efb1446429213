//! From bytes of a response body to tokens of the dialect: the framing.
//!
//! A body that begins with `{` is one JSON document, or in some dialects a stream of successive
//! documents; one that begins with `[` is an array of them, which is a stream, too.
//! Any other is a stream of server-sent events with one document each, or an array of them, ended by
//! `[DONE]` if the dialect has it. A document itself shows whether it is a whole reply or a piece of
//! one: gateways collect the pieces of a stream, and put a whole reply into one event.
//!
//! A body that begins with `<` is a web page, which a gateway or a proxy sends in place of a reply. The
//! first words of it, and of the plain text of a refusal, are kept as the message of an error.

use crate::provider::{Body, Codec, Sink, take};
use crate::wire::first_text::FirstText;
use crate::wire::json_read::{JsonReader, ROOT, Token};
use crate::wire::scan::WORDS;
use crate::wire::sse::{Field, SseReader, SseScan};
use crate::wire::taken;
use crate::{Error, ErrorKind, ResponseRule};

/// The state of the body.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    /// The form of the body.
    codec: &'static Codec,
    framing: Framing,
    sse: SseReader,
    json: JsonReader,
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
    /// The plain text of a refusal, or events, which show nothing so far.
    Refusal,
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

    /// Whether the document with the stop reason was cut off: the stop reason may precede the text.
    pub fn is_part(&self) -> bool {
        self.document == Document::First
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

    /// Skips unneeded bytes at the front of `input`, which it advances, if everything else was shown.
    /// For most calls with a few bytes this is enough.
    #[inline(always)]
    pub fn skim(&mut self, input: &mut &[u8]) {
        let before = input.len();
        let is_inside = match self.framing {
            Framing::Events => self.sse.is_in_data(input) && self.marker == 0,
            Framing::Whole | Framing::Lines => true,
            Framing::Unknown | Framing::Bare | Framing::Page | Framing::Refusal => false,
        };
        if is_inside && !self.has_news && !self.is_over && !self.json.is_fresh() {
            self.json.pass(input);
            self.offset += (before - input.len()) as u32;
        }
    }

    /// Reads from the front of `input`, which it advances, until something may be shown. False: the
    /// input is used up. Whether something may be shown is a field, because a result with more than
    // an error would be returned in memory, not in registers.
    pub fn advance(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> bool {
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
            Framing::Refusal => self.refusal(sink, input),
            Framing::Whole => self.whole(sink, input),
            Framing::Lines if LINES => self.lines(sink, input),
            Framing::Lines => Ok(()),
            Framing::Bare => self.bare(sink, input),
            Framing::Page => {
                self.first_text(sink, input);
                Ok(())
            }
        };
        let used = if counts { before - input.len() } else { 0 };
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
            _ if sink.reply.refused => Framing::Refusal,
            _ => Framing::Events,
        };
        sink.reply.whole = self.framing == Framing::Whole && self.array == Array::None;
        if self.is_page() {
            sink.failure_text(PAGE);
        }
        let are_events = matches!(self.framing, Framing::Events | Framing::Refusal);
        self.json.stop_at_lines(are_events);
        self.json.begin(!sink.reply.whole);
        self.shows = true;
    }

    /// The refusal may be plain text, or a stream of events with an error.
    #[inline(never)]
    fn refusal(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        let before = *input;
        let read = self.events(sink, input);
        if self.framing == Framing::Refusal {
            self.first_text(sink, &mut taken(before, input));
        }
        read
    }

    /// The refusal arrives in events, so the text that was kept does not count.
    fn told_in_events(&mut self, sink: &mut Sink<'_, '_>) {
        if self.framing == Framing::Refusal {
            self.framing = Framing::Events;
            sink.forget_failure();
        }
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

    fn whole(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        let was_done = self.json.is_done();
        if was_done && self.goes_on(sink, input) {
            return Ok(());
        }
        let read = self.json(sink, input);
        // Also when a bad byte follows the document in the same chunk.
        if !was_done && self.json.is_done() {
            self.shows = true;
            self.document_over(sink)?;
            self.is_over |= sink.reply.ended && self.framing == Framing::Lines;
        }
        read
    }

    /// Whether a stream follows what looked like a whole body: some servers put the end marker of a
    /// stream after it, or send the pieces of a stream without the names of fields.
    fn goes_on(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> bool {
        skip_blank(input);
        let is_lines = self.framing == Framing::Lines && self.codec.body == Body::Whole;
        let has_stop = sink.reply.stop.is_some();
        self.framing = match input.first() {
            Some(b'd') if self.framing == Framing::Whole && self.array == Array::None => {
                Framing::Events
            }
            Some(b'{')
                if self.framing == Framing::Whole
                    && self.array == Array::None
                    && LINES
                    && !has_stop =>
            {
                Framing::Lines
            }
            Some(b'[' | b'd') if is_lines && has_stop => Framing::Events,
            _ => return false,
        };
        self.json.restart();
        self.json.stop_at_lines(self.framing == Framing::Events);
        self.json.begin(true);
        (self.shows, sink.reply.whole) = (true, false);
        true
    }

    fn lines(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        if self.json.is_done() {
            skip_blank(input);
            if input.is_empty() || self.goes_on(sink, input) {
                return Ok(());
            }
            self.json.restart();
        }
        self.whole(sink, input)
    }

    fn bare(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        let was_done = self.json.is_done();
        self.whole(sink, input)?;
        self.is_over |= was_done || self.json.is_done();
        Ok(())
    }

    /// A document is complete: half a character that waited for the next one counts first. The
    /// elements of an array were complete before it.
    fn document_over(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        if self.array == Array::HasElements {
            self.array = Array::Open;
            return Ok(());
        }
        if let Some(token) = self.json.lost_half() {
            take(self.codec, sink, token)?;
        }
        (self.codec.document_end)(sink)
    }

    fn events(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        while !self.shows && !input.is_empty() {
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
                self.told_in_events(sink);
                self.framing = Framing::Bare;
                self.json.stop_at_lines(false);
                self.note_news();
                sink.fail_document();
                return self.bare(sink, input);
            }
            let met = self.sse.step(input);
            let is_error = self.sse.is_error();
            let is_data = self.sse.field() == Some(Field::Data) || is_error;
            match met {
                // Servers forget the empty line between two events: each line may hold one.
                SseScan::Line if is_data => {
                    self.told_in_events(sink);
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
        if self.marker == 1 && *byte != b'D' {
            // The apparent marker is an array of documents.
            self.marker = 0;
            self.json(sink, &mut ARRAY.as_slice())?;
        }
        if self.marker > 0 || (begins && *byte == b'[') {
            if END_MARKER.get(usize::from(self.marker)) != Some(byte) {
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

    fn json(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        loop {
            let mut met = self.members(sink, input)?;
            if met == Met::Nothing {
                let Some(token) = self.json.next(input)? else { break };
                self.has_news |= WORDS;
                met = give(self.codec, &mut self.document, sink, token)?;
            }
            // A value that does not complete the document is an element of an array.
            if met == Met::End && !self.json.is_done() {
                self.shows = true;
                self.array = Array::Open;
                self.document_over(sink)?;
                self.array = Array::HasElements;
                self.is_over |= sink.reply.ended;
                break;
            }
            if self.json.is_done() || met == Met::News {
                self.shows = true;
                break;
            }
        }
        Ok(())
    }

    /// Takes what is easily read. [`Met::Nothing`]: the next step is not.
    #[inline(always)]
    fn members(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<Met, Error> {
        let mut met = Ok(Met::Nothing);
        if WORDS {
            let (before, codec, document) = (input.len(), self.codec, &mut self.document);
            self.json.each(input, |token| {
                met = give(codec, document, sink, token);
                let goes_on = matches!(met, Ok(Met::Token));
                if goes_on {
                    met = Ok(Met::Nothing);
                }
                goes_on
            });
            self.has_news |= input.len() < before;
        }
        met
    }

    fn end_document(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        self.json.restart();
        self.line = DataLine::Done;
        self.shows = true;
        self.document_over(sink)?;
        self.is_over = sink.reply.ended;
        if WORDS {
            // Most documents of a stream end with nothing more to be shown.
            self.shows = self.is_over || sink.may_have_more();
        }
        Ok(())
    }
}

/// What was met in a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Nothing,
    Token,
    /// Something that may be shown.
    News,
    /// The end of the document, or of an element of an array.
    End,
}

/// Gives a token to the dialect.
#[inline(always)]
fn give(
    codec: &Codec,
    document: &mut Document,
    sink: &mut Sink<'_, '_>,
    token: Token<'_>,
) -> Result<Met, Error> {
    let ends = matches!(token, Token::PieceEnd(_) | Token::End(_));
    let is_over = token == Token::End(ROOT);
    if token == Token::Begin(ROOT) {
        let had_stop = sink.reply.stop.is_some();
        *document = if had_stop { Document::AfterStop } else { Document::First };
    }
    if is_over {
        *document = Document::None;
    }
    take(codec, sink, token)?;
    Ok(match () {
        () if is_over => Met::End,
        () if ends && sink.may_have_more() => Met::News,
        () => Met::Token,
    })
}

/// Whether `byte` may precede a document: white space, or a byte of a byte order mark.
const fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf)
}

fn skip_blank(input: &mut &[u8]) {
    while let Some((byte, rest)) = input.split_first()
        && is_blank(byte)
    {
        *input = rest;
    }
}

/// Whether a dialect has them.
const LINES: bool = cfg!(feature = "ollama");

const END_MARKER: &[u8] = b"[DONE]";

const LINE_FEED: [u8; 1] = *b"\n";
const ARRAY: [u8; 1] = *b"[";

/// The prefix before the first words of a web page.
const PAGE: &[u8] = b"a web page";

const BAD: Error = Error::broken(ResponseRule::EndMarker);
