//! From bytes of a response body to tokens of the dialect: the framing.
//!
//! A body that begins with `{` or `[` is one JSON document, or where the dialect says so a
//! stream of documents one after another; any other is a stream of server-sent events with
//! one document each, ended by `[DONE]` where the dialect has it.

use crate::provider::{Body, Dialect, Sink, take};
use crate::wire::json_read::{JsonReader, Token};
use crate::wire::sse::{Field, SseReader, SseToken};
use crate::{Error, ErrorKind};

/// Where the body stands.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    framing: Framing,
    sse: SseReader,
    json: JsonReader,
    /// Bytes of the end marker that were read.
    marker: u8,
    /// The document of this line is complete; only space may follow it.
    line_is_done: bool,
    /// The reply is over, or what comes cannot be read; the rest is of no use.
    is_over: bool,
    /// What is wrong with the body. It is told when all before it was shown.
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
}

/// Why the decoder stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pause {
    /// Something may be there to be shown.
    Show,
    /// The input is used up.
    Empty,
}

impl Decoder {
    // Not inlined where a session and a response begin: it is large, and rare.
    #[inline(never)]
    pub const fn new(dialect: &Dialect) -> Self {
        Self {
            framing: Framing::Unknown,
            sse: SseReader::new(),
            json: JsonReader::new(dialect.places),
            marker: 0,
            line_is_done: false,
            is_over: false,
            error: None,
            offset: 0,
        }
    }

    /// Whether the rest of the body is used and ignored.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// What comes from now on is ignored.
    pub const fn ignore_rest(&mut self) {
        self.is_over = true;
    }

    /// Keeps an error until all before it was shown.
    pub const fn fail(&mut self, error: Error) {
        self.error = Some(error);
    }

    /// What is wrong with the body.
    pub const fn error(&self) -> Option<Error> {
        self.error
    }

    /// Whether the body was one document, which is complete.
    pub fn is_whole(&self) -> bool {
        self.framing == Framing::Whole && self.json.is_done()
    }

    /// Whether what came is no stream of events.
    pub fn is_foreign(&self) -> bool {
        self.sse.met_unknown()
    }

    /// Reads from the front of `input`, which it moves on, until something may be shown.
    pub fn advance(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<Pause, Error> {
        let before = input.len();
        let pause = match self.framing {
            _ if self.is_over => {
                *input = &[];
                Ok(Pause::Empty)
            }
            Framing::Unknown => {
                self.find_framing(dialect, sink, input);
                Ok(if input.is_empty() { Pause::Empty } else { Pause::Show })
            }
            Framing::Events => self.events(dialect, sink, input),
            Framing::Whole => self.whole(dialect, sink, input),
            Framing::Lines => self.lines(dialect, sink, input),
        };
        let used = before.saturating_sub(input.len());
        self.offset = self.offset.saturating_add(used as u32);
        pause.map_err(|error| match error.kind() {
            ErrorKind::BadJson | ErrorKind::BadResponse => {
                Error::new(ErrorKind::BadResponse, self.offset)
            }
            _ => error,
        })
    }

    fn find_framing(&mut self, dialect: &Dialect, sink: &mut Sink<'_, '_>, input: &mut &[u8]) {
        skip_space(input);
        self.framing = match input.first() {
            None => Framing::Unknown,
            Some(b'{' | b'[') if dialect.body == Body::Lines => Framing::Lines,
            Some(b'{' | b'[') => Framing::Whole,
            Some(_) => Framing::Events,
        };
        sink.reply.whole = self.framing == Framing::Whole;
        let [stream, whole] = dialect.twins;
        self.json.hide(if sink.reply.whole { stream } else { whole });
    }

    fn whole(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<Pause, Error> {
        let was_done = self.json.is_done();
        let pause = self.json(dialect, sink, input)?;
        if !was_done && self.json.is_done() {
            (dialect.document_end)(sink)?;
            return Ok(Pause::Show);
        }
        Ok(pause)
    }

    fn lines(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<Pause, Error> {
        if self.json.is_done() {
            skip_space(input);
            if input.is_empty() {
                return Ok(Pause::Empty);
            }
            self.json.restart();
        }
        self.whole(dialect, sink, input)
    }

    fn events(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<Pause, Error> {
        loop {
            let before = *input;
            let Some(token) = self.sse.next(input) else { return Ok(Pause::Empty) };
            match token {
                // Servers forget the empty line between two events: each line may hold one.
                SseToken::Line(Field::Data) => self.line_is_done = false,
                SseToken::Piece(Field::Data, data) => {
                    let mut rest = data;
                    let pause = self.data(dialect, sink, &mut rest);
                    // What was not read of the piece is read next.
                    let read = before.len().saturating_sub(input.len() + rest.len());
                    *input = before.get(read..).unwrap_or_default();
                    self.sse.unread(rest.len());
                    if pause? == Pause::Show {
                        return Ok(Pause::Show);
                    }
                }
                // The lines of one event are joined by a line feed.
                SseToken::LineEnd(Field::Data) if !self.json.is_fresh() => {
                    self.json(dialect, sink, &mut LINE_FEED.as_slice())?;
                }
                SseToken::Dispatch => {
                    if self.marker > 0 {
                        return Err(BAD);
                    }
                    if !self.json.is_fresh() {
                        self.json.finish()?;
                        self.end_document(dialect, sink)?;
                        return Ok(Pause::Show);
                    }
                }
                SseToken::Line(_) | SseToken::Piece(..) | SseToken::LineEnd(_) => {}
            }
        }
    }

    /// More of the data of an event.
    fn data(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        data: &mut &[u8],
    ) -> Result<Pause, Error> {
        while let Some((byte, rest)) = data.split_first() {
            let begins = self.marker == 0 && self.json.is_fresh();
            if begins && byte.is_ascii_whitespace() {
                *data = rest;
            } else if self.line_is_done {
                return Err(BAD);
            } else if self.marker > 0 || (begins && *byte == b'[') {
                if END_MARKER.get(usize::from(self.marker)) != Some(byte) {
                    return Err(BAD);
                }
                self.marker += 1;
                *data = rest;
                if usize::from(self.marker) == END_MARKER.len() {
                    self.marker = 0;
                    sink.reply.ended = true;
                    self.end_document(dialect, sink)?;
                    return Ok(Pause::Show);
                }
            } else {
                let pause = self.json(dialect, sink, data)?;
                // Told at its last byte: the empty line behind it may never come.
                if self.json.is_done() {
                    self.end_document(dialect, sink)?;
                    return Ok(Pause::Show);
                }
                return Ok(pause);
            }
        }
        Ok(Pause::Empty)
    }

    fn json(
        &mut self,
        dialect: &Dialect,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<Pause, Error> {
        while let Some(token) = self.json.next(input)? {
            let ends = matches!(token, Token::PieceEnd(_) | Token::End(_));
            take(dialect, sink, token)?;
            if self.json.is_done() || (ends && sink.may_have_more()) {
                return Ok(Pause::Show);
            }
        }
        Ok(Pause::Empty)
    }

    fn end_document(&mut self, dialect: &Dialect, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        self.json.restart();
        self.line_is_done = true;
        (dialect.document_end)(sink)?;
        self.is_over = sink.reply.ended;
        Ok(())
    }
}

fn skip_space(input: &mut &[u8]) {
    *input = input.trim_ascii_start();
}

const END_MARKER: &[u8] = b"[DONE]";

const LINE_FEED: [u8; 1] = *b"\n";

const BAD: Error = Error::new(ErrorKind::BadResponse, 0);
