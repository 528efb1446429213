//! A response, byte by byte.

use super::fields::{Field, Matcher, Number, Word, is_token_byte, is_value};
use crate::error::{Error, ErrorKind};

/// Reads one response of a request that was not `HEAD` or `CONNECT`.
///
/// Give it what comes in by [`feed`](Self::feed), and [`end`](Self::end) when the connection ends.
/// It is done when [`is_done`](Self::is_done) says so.
///
/// ```
/// use zerostack_core::wire::http1::{Event, Response};
///
/// let mut response = Response::new();
/// let mut body = Vec::new();
/// // Bytes come in any pieces.
/// for piece in b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n".chunks(7) {
///     let mut rest = piece;
///     while !rest.is_empty() {
///         let fed = response.feed(rest)?;
///         rest = &rest[fed.used..];
///         match fed.event {
///             Some(Event::Head { status, .. }) => assert_eq!(status, 200),
///             Some(Event::Body(bytes)) => body.extend_from_slice(bytes),
///             None => {}
///         }
///     }
/// }
/// assert!(response.is_done() && response.keeps_open());
/// assert_eq!(body, b"hi");
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    /// Bytes that are left of the body or of the chunk.
    left: u64,
    number: Number,
    /// Bytes read, for errors.
    offset: u32,
    retry_after_ms: Option<u32>,
    /// Bytes that are left to the limit of the head, the chunk line or the trailers.
    room: u16,
    status: u16,
    matcher: Matcher,
    state: State,
    field: Field,
    interim_heads: u8,
    has_length: bool,
    is_chunked: bool,
    is_http10: bool,
    /// A space behind a word: the next byte must be a comma.
    gap: bool,
    /// `retry-after-ms` came, which wins over `retry-after`.
    exact_retry: bool,
    connection: Connection,
}

/// What [`Response::feed`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed<'i> {
    /// Bytes taken from the front of the input.
    pub used: usize,
    /// At most one.
    pub event: Option<Event<'i>>,
}

/// What a response is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'i> {
    /// The head is complete; the body follows.
    Head {
        /// The status code.
        status: u16,
        /// The server's wish, from `retry-after-ms` or `retry-after` in seconds. A date is not
        /// understood: there is no clock here.
        retry_after_ms: Option<u32>,
    },
    /// More of the body, a part of the input.
    Body(&'i [u8]),
}

impl Response {
    /// A reader that waits for the first byte.
    pub const fn new() -> Self {
        Self {
            left: 0,
            number: Number::new(),
            offset: 0,
            retry_after_ms: None,
            room: MAX_HEAD_BYTES,
            status: 0,
            matcher: Matcher::new(),
            state: State::Version(0),
            field: Field::Other,
            interim_heads: 0,
            has_length: false,
            is_chunked: false,
            is_http10: false,
            gap: false,
            exact_retry: false,
            connection: Connection::Unsaid,
        }
    }

    /// Takes bytes of the response, cut anywhere. Returns after the first event; call again with
    /// the rest. Bytes behind the end of the response are used and ignored; the connection cannot
    /// be used again then.
    ///
    /// # Errors
    /// `BadHttp`; `detail` is the offset of the byte in the response. `HttpTooLong`; `detail` is the
    /// limit that was hit. `HttpEncoding` for content that is compressed or an unknown transfer
    /// coding; `detail` is the offset. The response cannot be read on; a further call gives the same
    /// error.
    pub fn feed<'i>(&mut self, input: &'i [u8]) -> Result<Fed<'i>, Error> {
        let mut used = 0_usize;
        while let Some(b) = input.get(used) {
            match self.state {
                State::Body | State::Close | State::ChunkBytes => {
                    let rest = input.get(used..).unwrap_or_default();
                    let body = self.body(rest);
                    let used = used.saturating_add(body.len());
                    return Ok(Fed { used, event: Some(Event::Body(body)) });
                }
                State::Done => {
                    self.connection = Connection::Close;
                    self.offset = advanced(self.offset, input.len().saturating_sub(used));
                    return Ok(Fed { used: input.len(), event: None });
                }
                State::Failed(kind) => return Err(self.error(kind)),
                _ => {}
            }
            let event = self.byte(*b).map_err(|kind| {
                self.state = State::Failed(kind);
                self.error(kind)
            })?;
            self.offset = advanced(self.offset, 1);
            used = used.saturating_add(1);
            if event.is_some() {
                return Ok(Fed { used, event });
            }
        }
        match self.state {
            State::Failed(kind) => Err(self.error(kind)),
            _ => Ok(Fed { used, event: None }),
        }
    }

    /// The connection ended.
    ///
    /// # Errors
    /// `HttpCut` when the response was not complete; `detail` is the bytes that came. Errors of
    /// [`feed`](Self::feed) again.
    pub fn end(&mut self) -> Result<(), Error> {
        let whole = matches!(self.state, State::Done | State::Close);
        self.state = match self.state {
            State::Failed(kind) => State::Failed(kind),
            _ if whole => State::Done,
            _ => State::Failed(ErrorKind::HttpCut),
        };
        self.connection = Connection::Close;
        match self.state {
            State::Failed(kind) => Err(self.error(kind)),
            _ => Ok(()),
        }
    }

    /// Whether the whole response was read.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the connection can carry another request. Known when the response is done.
    pub fn keeps_open(&self) -> bool {
        let by_default = !self.is_http10;
        self.is_done()
            && match self.connection {
                Connection::Unsaid => by_default,
                Connection::KeepAlive => true,
                Connection::Close => false,
            }
    }

    /// Where a limit was hit, `room` holds it.
    fn error(&self, kind: ErrorKind) -> Error {
        let limit = match self.state {
            State::Failed(ErrorKind::HttpTooLong) => Some(u32::from(self.room)),
            _ => None,
        };
        Error::new(kind, limit.unwrap_or(self.offset))
    }

    /// The part of `rest` that belongs to the body.
    fn body<'i>(&mut self, rest: &'i [u8]) -> &'i [u8] {
        if self.state == State::Close {
            self.offset = advanced(self.offset, rest.len());
            return rest;
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX);
        let body = rest.get(..wanted).unwrap_or(rest);
        self.left = self.left.saturating_sub(u64::try_from(body.len()).unwrap_or(u64::MAX));
        self.offset = advanced(self.offset, body.len());
        if self.left == 0 {
            self.room = MAX_CHUNK_LINE_BYTES;
            self.state = match self.state {
                State::ChunkBytes => State::ChunkCr,
                _ => State::Done,
            };
        }
        body
    }

    fn byte(&mut self, b: u8) -> Result<Option<Event<'static>>, ErrorKind> {
        let limit = self.limit();
        match self.room.checked_sub(1) {
            Some(room) => self.room = room,
            None => {
                self.room = limit;
                return Err(ErrorKind::HttpTooLong);
            }
        }
        self.state = match (self.state, b) {
            (State::Version(at), b) => self.version(at, b)?,
            (State::Code(digits), b'0'..=b'9') => {
                let digit = u16::from(b.wrapping_sub(b'0'));
                self.status = self.status.saturating_mul(10).saturating_add(digit);
                match digits {
                    0 | 1 => State::Code(digits.saturating_add(1)),
                    _ if self.status < 100 => return Err(ErrorKind::BadHttp),
                    _ => State::CodeEnd,
                }
            }
            (State::CodeEnd, b' ') => State::Reason,
            (State::CodeEnd | State::Reason, b'\r') => State::ReasonLf,
            (State::CodeEnd | State::Reason | State::ReasonLf, b'\n') => State::Line,
            (State::Reason, b) if is_value(b) => State::Reason,
            (State::Line, b'\r') => State::EndLf,
            // Trailers are a part of the framing: no bare LF there.
            (State::Line | State::Value, b'\n') if self.in_trailers() => {
                return Err(ErrorKind::BadHttp);
            }
            (State::Line | State::EndLf, b'\n') => return self.head_end(),
            (State::Line, b) if is_token_byte(b) => {
                self.matcher = Matcher::new();
                self.matcher.field(b);
                State::Name
            }
            (State::Name, b':') => {
                self.field = self.matcher.finish_field();
                self.matcher = Matcher::new();
                self.number = Number::new();
                self.gap = false;
                State::Value
            }
            (State::Name, b) if is_token_byte(b) => {
                self.matcher.field(b);
                State::Name
            }
            (State::Value, b'\r') => State::ValueLf,
            (State::Value | State::ValueLf, b'\n') => {
                self.value_end()?;
                State::Line
            }
            (State::Value, b) if is_value(b) => {
                self.value_byte(b)?;
                State::Value
            }
            (State::SizeStart | State::Size, b) if b.is_ascii_hexdigit() => {
                if self.left >= MAX_CHUNK_BYTES {
                    return Err(ErrorKind::BadHttp);
                }
                let digit = char::from(b).to_digit(16).unwrap_or(0);
                self.left = self.left.wrapping_shl(4) | u64::from(digit);
                State::Size
            }
            (State::Size | State::SizeGap, b';') => State::Extension,
            (State::Size | State::SizeGap, b' ' | b'\t') => State::SizeGap,
            (State::Extension, b) if is_value(b) => State::Extension,
            (State::Size | State::SizeGap | State::Extension, b'\r') => State::SizeLf,
            (State::SizeLf, b'\n') if self.left > 0 => State::ChunkBytes,
            (State::SizeLf, b'\n') => {
                self.room = MAX_TRAILER_BYTES;
                self.status = 0;
                State::Line
            }
            (State::ChunkCr, b'\r') => State::ChunkLf,
            (State::ChunkLf, b'\n') => {
                self.room = MAX_CHUNK_LINE_BYTES;
                State::SizeStart
            }
            _ => return Err(ErrorKind::BadHttp),
        };
        Ok(None)
    }

    /// The limit that counts where the reader stands.
    fn limit(&self) -> u16 {
        match self.state {
            State::SizeStart | State::Size | State::SizeGap | State::Extension | State::SizeLf => {
                MAX_CHUNK_LINE_BYTES
            }
            _ if self.in_trailers() => MAX_TRAILER_BYTES,
            _ => MAX_HEAD_BYTES,
        }
    }

    /// The status is given out with the head and is cleared where the trailers start.
    fn in_trailers(&self) -> bool {
        self.is_chunked && self.status == 0
    }

    fn version(&mut self, at: u8, b: u8) -> Result<State, ErrorKind> {
        match (VERSION.as_bytes().get(usize::from(at)), b) {
            (Some(expected), b) if *expected == b => Ok(State::Version(at.saturating_add(1))),
            (None, b'0' | b'1') if usize::from(at) == VERSION.len() => {
                self.is_http10 = b == b'0';
                Ok(State::Version(at.saturating_add(1)))
            }
            (None, b' ') if usize::from(at) > VERSION.len() => Ok(State::Code(0)),
            _ => Err(ErrorKind::BadHttp),
        }
    }

    fn value_byte(&mut self, b: u8) -> Result<(), ErrorKind> {
        if self.in_trailers() {
            return Ok(());
        }
        match self.field {
            Field::ContentLength if b == b'.' => return Err(ErrorKind::BadHttp),
            Field::ContentLength | Field::RetryAfterMs => self.number.push(b, 0),
            Field::RetryAfter => self.number.push(b, SECOND_DECIMALS),
            Field::TransferEncoding | Field::ContentEncoding | Field::Connection => match b {
                b',' => self.word_end()?,
                b' ' | b'\t' => self.gap = !self.matcher.is_empty(),
                b => {
                    self.matcher.word(b);
                    if self.gap {
                        self.matcher.spoil();
                    }
                }
            },
            Field::Other => {}
        }
        Ok(())
    }

    fn value_end(&mut self) -> Result<(), ErrorKind> {
        if self.in_trailers() {
            return Ok(());
        }
        match self.field {
            Field::ContentLength => {
                let length = self.number.finish(0).ok_or(ErrorKind::BadHttp)?;
                if self.has_length && length != self.left {
                    return Err(ErrorKind::BadHttp);
                }
                self.has_length = true;
                self.left = length;
            }
            Field::RetryAfterMs | Field::RetryAfter => {
                let exact = self.field == Field::RetryAfterMs;
                let decimals = if exact { 0 } else { SECOND_DECIMALS };
                if let Some(wait) = self.number.finish(decimals)
                    && (exact || !self.exact_retry)
                {
                    self.retry_after_ms = Some(u32::try_from(wait).unwrap_or(u32::MAX));
                    self.exact_retry = exact;
                }
            }
            Field::TransferEncoding | Field::ContentEncoding | Field::Connection => {
                self.word_end()?;
            }
            Field::Other => {}
        }
        Ok(())
    }

    fn word_end(&mut self) -> Result<(), ErrorKind> {
        let word = self.matcher;
        self.matcher = Matcher::new();
        self.gap = false;
        if word.is_empty() {
            return Ok(());
        }
        match (self.field, word.finish_word()) {
            (Field::TransferEncoding, Word::Chunked) if self.is_chunked => Err(ErrorKind::BadHttp),
            (Field::TransferEncoding, Word::Chunked) => {
                self.is_chunked = true;
                Ok(())
            }
            (Field::ContentEncoding, Word::Identity) => Ok(()),
            (Field::TransferEncoding | Field::ContentEncoding, _) => Err(ErrorKind::HttpEncoding),
            (Field::Connection, Word::Close) => {
                self.connection = Connection::Close;
                Ok(())
            }
            (Field::Connection, Word::KeepAlive) if self.connection == Connection::Unsaid => {
                self.connection = Connection::KeepAlive;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Behind the empty line of a head or of the trailers.
    fn head_end(&mut self) -> Result<Option<Event<'static>>, ErrorKind> {
        if self.in_trailers() {
            self.state = State::Done;
            return Ok(None);
        }
        if self.is_chunked && (self.has_length || self.is_http10) {
            return Err(ErrorKind::BadHttp);
        }
        let (status, retry_after_ms) = (self.status, self.retry_after_ms);
        match status {
            // Nobody asked to speak another protocol.
            101 => return Err(ErrorKind::BadHttp),
            100..=199 => {
                let interim_heads = self.interim_heads.saturating_add(1);
                if interim_heads > MAX_INTERIM_HEADS {
                    self.room = u16::from(MAX_INTERIM_HEADS);
                    return Err(ErrorKind::HttpTooLong);
                }
                *self = Self { offset: self.offset, interim_heads, ..Self::new() };
                return Ok(None);
            }
            204 | 304 => {
                self.left = 0;
                self.state = State::Done;
            }
            _ if self.is_chunked => {
                self.room = MAX_CHUNK_LINE_BYTES;
                self.state = State::SizeStart;
            }
            _ if self.has_length => {
                self.state = if self.left == 0 { State::Done } else { State::Body };
            }
            _ => {
                self.connection = Connection::Close;
                self.state = State::Close;
            }
        }
        Ok(Some(Event::Head { status, retry_after_ms }))
    }
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// In `HTTP/1.x `, behind this many bytes.
    Version(u8),
    Code(u8),
    CodeEnd,
    Reason,
    ReasonLf,
    /// At the start of a header or of the empty line.
    Line,
    Name,
    Value,
    ValueLf,
    EndLf,
    /// In a body of known length.
    Body,
    /// In a body that ends with the connection.
    Close,
    SizeStart,
    Size,
    /// Behind a space, which some servers pad the size with.
    SizeGap,
    Extension,
    SizeLf,
    ChunkBytes,
    ChunkCr,
    ChunkLf,
    Done,
    Failed(ErrorKind),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Connection {
    Unsaid,
    KeepAlive,
    Close,
}

fn advanced(offset: u32, bytes: usize) -> u32 {
    offset.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// The longest head, its status line and its empty line included.
pub const MAX_HEAD_BYTES: u16 = 32 * 1024;
/// The longest line before a chunk, its extensions and its end included.
pub const MAX_CHUNK_LINE_BYTES: u16 = 256;
/// The longest trailers, their empty line included.
pub const MAX_TRAILER_BYTES: u16 = 8 * 1024;
/// The most interim responses before the real one.
pub const MAX_INTERIM_HEADS: u8 = 8;

/// Another digit would not fit.
const MAX_CHUNK_BYTES: u64 = 1 << 60;
const VERSION: &str = "HTTP/1.";
/// Seconds are read to the millisecond.
const SECOND_DECIMALS: u8 = 3;
