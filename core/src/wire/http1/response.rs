//! A response, byte by byte.

use super::fields::{DecimalReader, Name, NameMatcher, is_token_byte, is_value};
use super::limits::{MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES, MAX_INTERIM_HEADS, MAX_TRAILER_BYTES};
use crate::error::{Error, ErrorKind};

/// Reads one response of a request that was not `HEAD` or `CONNECT`.
///
/// Pass the received bytes to [`feed`](Self::feed), and call [`end`](Self::end) when the connection ends.
/// [`is_done`](Self::is_done) returns whether it is complete.
///
/// ```
/// use zerostack_core::wire::http1::{Response, ResponseEvent};
///
/// let mut response = Response::new();
/// let mut body = Vec::new();
/// // Bytes arrive in any pieces.
/// for piece in b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n".chunks(7) {
///     let mut rest = piece;
///     while !rest.is_empty() {
///         let fed = response.feed(rest)?;
///         rest = &rest[fed.used..];
///         match fed.event {
///             Some(ResponseEvent::Head { status, .. }) => assert_eq!(status, 200),
///             Some(ResponseEvent::Body(bytes)) => body.extend_from_slice(bytes),
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
    left: u32,
    number: DecimalReader,
    /// Bytes read, for errors.
    offset: u32,
    retry_after_ms: Option<u32>,
    /// Bytes that are left to the limit of the head, the chunk line or the trailers.
    room: u16,
    status: u16,
    matcher: NameMatcher,
    state: ResponseState,
    /// Why reading cannot continue.
    failed: Option<ErrorKind>,
    /// Bytes of the version and the status.
    count: u8,
    /// The header whose value is read.
    field: Name,
    interim_heads: u8,
    /// A CR came: only an LF may follow.
    after_cr: bool,
    has_length: bool,
    is_chunked: bool,
    is_http10: bool,
    /// A space after a word: the next byte must be a comma.
    gap: bool,
    /// `retry-after-ms` came, which wins over `retry-after`.
    exact_retry: bool,
    /// What the headers say about the connection afterwards: `closes` counts more.
    closes: bool,
    keeps: bool,
    /// The caller looks at `content-encoding`.
    any_encoding: bool,
}

/// The result of [`Response::feed`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResponseFed<'i> {
    /// Bytes taken from the front of the input.
    pub used: usize,
    /// At most one.
    pub event: Option<ResponseEvent<'i>>,
}

/// The parts of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each event")]
pub enum ResponseEvent<'i> {
    /// The head is complete; the body follows.
    Head {
        /// The status code.
        status: u16,
        /// The wait that the server asks for, from `retry-after-ms` or `retry-after` in seconds. A
        /// date is ignored: there is no clock here.
        retry_after_ms: Option<u32>,
    },
    /// More of the body, a part of the input.
    Body(&'i [u8]),
}

impl Response {
    /// A reader that waits for the first byte.
    // Not inlined: it is large, and a head of an interim response needs it too.
    #[inline(never)]
    pub const fn new() -> Self {
        Self {
            left: 0,
            number: DecimalReader::new(),
            offset: 0,
            retry_after_ms: None,
            room: MAX_HEAD_BYTES,
            status: 0,
            matcher: NameMatcher::new(),
            state: ResponseState::Start,
            failed: None,
            count: 0,
            field: Name::Other,
            interim_heads: 0,
            after_cr: false,
            has_length: false,
            is_chunked: false,
            is_http10: false,
            gap: false,
            exact_retry: false,
            closes: false,
            keeps: false,
            any_encoding: false,
        }
    }

    /// A reader that does not look at `content-encoding`: the caller does, which keeps the head.
    pub const fn any_encoding() -> Self {
        Self { any_encoding: true, ..Self::new() }
    }

    /// Takes bytes of the response, split anywhere. Returns after the first event; call again with
    /// the rest. Bytes after the end of the response are used and ignored; then the connection
    /// cannot be used again.
    ///
    /// # Errors
    /// `BadHttp`; `detail` is the offset of the byte in the response. `HttpTooLong`; `detail` is the
    /// limit. `HttpEncoding` for content that is compressed or an unknown transfer
    /// coding; `detail` is the offset. Reading cannot continue; a further call returns the same
    /// error.
    pub fn feed<'i>(&mut self, input: &'i [u8]) -> Result<ResponseFed<'i>, Error> {
        let mut used = 0;
        loop {
            self.check()?;
            let rest = input.get(used..).unwrap_or_default();
            let event = if self.status != 0 && self.state >= ResponseState::Body {
                // The head is complete and was not reported.
                let status = core::mem::take(&mut self.status);
                Some(ResponseEvent::Head { status, retry_after_ms: self.retry_after_ms })
            } else if rest.is_empty() {
                None
            } else if matches!(
                self.state,
                ResponseState::Body | ResponseState::Close | ResponseState::ChunkBytes
            ) {
                let length = self.body(rest.len());
                used += length;
                rest.get(..length).map(ResponseEvent::Body)
            } else {
                self.byte(rest.first().copied().unwrap_or_default());
                used += 1;
                continue;
            };
            return Ok(ResponseFed { used, event });
        }
    }

    /// The connection ended.
    ///
    /// # Errors
    /// `HttpCut` if the response was not complete; `detail` is the number of received bytes. Errors of
    /// [`feed`](Self::feed) again.
    pub fn end(&mut self) -> Result<(), Error> {
        self.check()?;
        self.closes = true;
        if !matches!(self.state, ResponseState::Done | ResponseState::Close) {
            self.failed = Some(ErrorKind::HttpCut);
            return self.check();
        }
        self.state = ResponseState::Done;
        Ok(())
    }

    /// Whether the whole response was read.
    pub fn is_done(&self) -> bool {
        self.state == ResponseState::Done
    }

    /// Whether the connection can carry another request. Known when the response is done.
    pub fn keeps_open(&self) -> bool {
        self.is_done() && !self.closes && (self.keeps || !self.is_http10)
    }

    /// The error that was found before.
    fn check(&self) -> Result<(), Error> {
        match self.failed {
            None => Ok(()),
            Some(kind @ ErrorKind::HttpTooLong) => Err(Error::new(kind, self.room.into())),
            Some(kind) => Err(Error::new(kind, self.offset)),
        }
    }

    /// How many of the next `length` bytes belong to the body.
    fn body(&mut self, length: usize) -> usize {
        if self.state == ResponseState::Close {
            self.offset = advanced(self.offset, length);
            return length;
        }
        let length = length.min(self.left as usize);
        self.left -= length as u32;
        self.offset = advanced(self.offset, length);
        if self.left == 0 {
            self.room = MAX_CHUNK_LINE_BYTES;
            let is_chunk = self.state == ResponseState::ChunkBytes;
            self.state = if is_chunk { ResponseState::ChunkEnd } else { ResponseState::Done };
        }
        length
    }

    #[inline(never)]
    fn byte(&mut self, b: u8) {
        let has_room = self.room > 0;
        self.room = self.room.saturating_sub(1);
        let next = match b {
            _ if self.state == ResponseState::Done => {
                self.closes = true;
                Ok(ResponseState::Done)
            }
            _ if !has_room => Err(ErrorKind::HttpTooLong),
            b'\r' | b'\n' => self.line_end(b),
            _ if self.after_cr => BAD,
            _ => self.inside(b),
        };
        match next {
            Ok(state) => {
                self.state = state;
                self.offset = advanced(self.offset, 1);
            }
            Err(kind) => {
                // Where a limit was hit, `room` holds it.
                if kind == ErrorKind::HttpTooLong && self.room == 0 {
                    self.room = self.limit();
                }
                self.failed = Some(kind);
            }
        }
    }

    /// A byte of the end of a line.
    fn line_end(&mut self, b: u8) -> Result<ResponseState, ErrorKind> {
        let is_pair = self.after_cr && b == b'\n';
        // Trailers are a part of the framing: no bare LF there.
        let must_be_pair = self.in_trailers() || self.state > ResponseState::SizeStart;
        let may_begin = !self.after_cr && (b == b'\r' || !must_be_pair);
        let may_end = !matches!(
            self.state,
            ResponseState::Start | ResponseState::Name | ResponseState::SizeStart
        );
        if !may_end || !(is_pair || may_begin) {
            return BAD;
        }
        self.after_cr = b == b'\r';
        if self.after_cr {
            return Ok(self.state);
        }
        match self.state {
            ResponseState::Line => return self.head_end(),
            ResponseState::Value => self.value_end()?,
            ResponseState::Size | ResponseState::SizeGap | ResponseState::Extension
                if self.left > 0 =>
            {
                return Ok(ResponseState::ChunkBytes);
            }
            ResponseState::Size | ResponseState::SizeGap | ResponseState::Extension => {
                self.room = MAX_TRAILER_BYTES
            }
            ResponseState::ChunkEnd => {
                self.room = MAX_CHUNK_LINE_BYTES;
                return Ok(ResponseState::SizeStart);
            }
            _ => {}
        }
        Ok(ResponseState::Line)
    }

    /// A byte that ends no line.
    fn inside(&mut self, b: u8) -> Result<ResponseState, ErrorKind> {
        match self.state {
            ResponseState::Start => {
                let digit = b.wrapping_sub(b'0');
                match START.get(usize::from(self.count)) {
                    Some(b'x') if digit < 2 => self.is_http10 = digit == 0,
                    Some(b'9') if digit < 10 => {
                        self.status = self.status * 10 + u16::from(digit);
                    }
                    Some(expected) if *expected == b && b != b'x' => {}
                    _ => return BAD,
                }
                self.count += 1;
                if usize::from(self.count) == START.len() {
                    return if self.status < 100 { BAD } else { Ok(ResponseState::CodeEnd) };
                }
            }
            ResponseState::CodeEnd if b == b' ' => return Ok(ResponseState::Reason),
            ResponseState::Reason | ResponseState::Extension if is_value(b) => {}
            ResponseState::Line if is_token_byte(b) => {
                self.matcher = NameMatcher::new();
                self.matcher.push(b);
                return Ok(ResponseState::Name);
            }
            ResponseState::Name if b == b':' => {
                self.field = self.matcher.finish();
                self.matcher = NameMatcher::new();
                self.number = DecimalReader::new();
                self.gap = false;
                return Ok(ResponseState::Value);
            }
            ResponseState::Name if is_token_byte(b) => self.matcher.push(b),
            ResponseState::Value if is_value(b) => self.value_byte(b)?,
            ResponseState::Size | ResponseState::SizeStart if b.is_ascii_hexdigit() => {
                if self.left >= MAX_CHUNK_BYTES {
                    return BAD;
                }
                let digit = char::from(b).to_digit(16).unwrap_or(0);
                self.left = self.left << 4 | digit;
                return Ok(ResponseState::Size);
            }
            ResponseState::Size | ResponseState::SizeGap if b == b';' => {
                return Ok(ResponseState::Extension);
            }
            ResponseState::Size | ResponseState::SizeGap if matches!(b, b' ' | b'\t') => {
                return Ok(ResponseState::SizeGap);
            }
            _ => return BAD,
        }
        Ok(self.state)
    }

    /// The limit that applies where the reader is.
    fn limit(&self) -> u16 {
        match self.state {
            state if state >= ResponseState::SizeStart => MAX_CHUNK_LINE_BYTES,
            _ if self.in_trailers() => MAX_TRAILER_BYTES,
            _ => MAX_HEAD_BYTES,
        }
    }

    /// The status is cleared when the head is reported.
    fn in_trailers(&self) -> bool {
        self.is_chunked && self.status == 0
    }

    fn value_byte(&mut self, b: u8) -> Result<(), ErrorKind> {
        match self.field {
            Name::ContentLength if b == b'.' => return Err(ErrorKind::BadHttp),
            Name::ContentLength | Name::RetryAfterMs => self.number.push(b, 0),
            Name::RetryAfter => self.number.push(b, SECOND_DECIMALS),
            Name::TransferEncoding | Name::ContentEncoding | Name::Connection => match b {
                b',' => self.word_end()?,
                b' ' | b'\t' => self.gap = !self.matcher.is_empty(),
                // Can no longer match.
                _ if self.gap => self.matcher.push(b' '),
                _ => self.matcher.push(b),
            },
            _ => {}
        }
        Ok(())
    }

    fn value_end(&mut self) -> Result<(), ErrorKind> {
        if self.in_trailers() {
            return Ok(());
        }
        match self.field {
            Name::ContentLength => {
                let length = self.number.finish(0).unwrap_or(u32::MAX);
                if length == u32::MAX || (self.has_length && length != self.left) {
                    return Err(ErrorKind::BadHttp);
                }
                self.has_length = true;
                self.left = length;
            }
            Name::RetryAfterMs | Name::RetryAfter => {
                let exact = self.field == Name::RetryAfterMs;
                let decimals = if exact { 0 } else { SECOND_DECIMALS };
                if let Some(wait) = self.number.finish(decimals)
                    && (exact || !self.exact_retry)
                {
                    // The largest number means no wait to the session.
                    self.retry_after_ms = Some(wait.min(u32::MAX - 1));
                    self.exact_retry = exact;
                }
            }
            Name::TransferEncoding | Name::ContentEncoding | Name::Connection => self.word_end()?,
            _ => {}
        }
        Ok(())
    }

    fn word_end(&mut self) -> Result<(), ErrorKind> {
        let word = core::mem::replace(&mut self.matcher, NameMatcher::new());
        self.gap = false;
        match (self.field, word.finish()) {
            _ if word.is_empty() || self.in_trailers() => {}
            (Name::TransferEncoding, Name::Chunked) if !self.is_chunked => self.is_chunked = true,
            (Name::TransferEncoding, Name::Chunked) => return Err(ErrorKind::BadHttp),
            (Name::ContentEncoding, Name::Identity) => {}
            (Name::ContentEncoding, _) if self.any_encoding => {}
            (Name::TransferEncoding | Name::ContentEncoding, _) => {
                return Err(ErrorKind::HttpEncoding);
            }
            (_, Name::Close) => self.closes = true,
            (_, Name::KeepAlive) => self.keeps = true,
            _ => {}
        }
        Ok(())
    }

    /// After the empty line of a head or of the trailers.
    fn head_end(&mut self) -> Result<ResponseState, ErrorKind> {
        if self.in_trailers() {
            return Ok(ResponseState::Done);
        }
        if self.is_chunked && (self.has_length || self.is_http10) {
            return BAD;
        }
        Ok(match self.status {
            // No request asks for another protocol.
            101 => return BAD,
            100..=199 => {
                let interim_heads = self.interim_heads + 1;
                if interim_heads > MAX_INTERIM_HEADS {
                    self.room = MAX_INTERIM_HEADS.into();
                    return Err(ErrorKind::HttpTooLong);
                }
                let (offset, any_encoding) = (self.offset, self.any_encoding);
                *self = Self { offset, interim_heads, any_encoding, ..Self::new() };
                ResponseState::Start
            }
            204 | 304 => ResponseState::Done,
            _ if self.is_chunked => {
                self.room = MAX_CHUNK_LINE_BYTES;
                ResponseState::SizeStart
            }
            _ if self.has_length && self.left == 0 => ResponseState::Done,
            _ if self.has_length => ResponseState::Body,
            _ => {
                self.closes = true;
                ResponseState::Close
            }
        })
    }
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

/// The part that is expected next. From `Body` on, the head is complete; from `SizeStart` on, it is the framing
/// of chunks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
enum ResponseState {
    /// In the version and the status.
    Start,
    CodeEnd,
    Reason,
    /// At the start of a header or of the empty line.
    Line,
    Name,
    Value,
    /// In a body of known length.
    Body,
    /// In a body that ends with the connection.
    Close,
    Done,
    ChunkBytes,
    SizeStart,
    Size,
    /// After a space, which some servers pad the size with.
    SizeGap,
    Extension,
    /// After the bytes of a chunk, which an end of line follows.
    ChunkEnd,
}

fn advanced(offset: u32, bytes: usize) -> u32 {
    offset.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// Another digit would not fit.
const MAX_CHUNK_BYTES: u32 = 1 << 28;
/// How a response begins, `x` for 0 or 1, `9` for any digit.
const START: &[u8] = b"HTTP/1.x 999";
const BAD: Result<ResponseState, ErrorKind> = Err(ErrorKind::BadHttp);
/// Seconds are read to the millisecond.
const SECOND_DECIMALS: u8 = 3;
