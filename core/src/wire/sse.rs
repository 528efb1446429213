//! Server-sent events, pushed in any chunking, without a buffer.
//!
//! The format is that of the HTML standard, section "Server-sent events": lines end by LF,
//! CR or CRLF, a byte order mark at the very start is skipped, `:` begins a comment,
//! several `data` lines are joined by LF.

use super::scan::line_length;

/// What a line of a stream says. Values come in pieces, as they arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SseToken<'a> {
    /// A line of this field begins; its value follows.
    Line(Field),
    /// A piece of the value of the line.
    Piece(Field, &'a [u8]),
    /// The line is over.
    LineEnd(Field),
    /// An empty line: the event is over.
    Dispatch,
}

/// The fields that the standard knows; all others are skipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// What the event carries.
    Data,
    /// The type of the event.
    Event,
    /// The last event id.
    Id,
    /// Reconnection time in milliseconds.
    Retry,
}

/// Splits a stream into fields and events.
#[derive(Clone, Debug, Default)]
pub struct SseReader {
    state: State,
    /// Bytes of the name, or of the byte order mark, that were read.
    count: u8,
    /// The field whose name is read, or whose value is.
    field: Option<Field>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A line came that is neither a comment nor a known field.
    met_unknown: bool,
    /// So many bytes from here on are known to be of the same line.
    unread: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    /// At the very start, where a byte order mark may stand.
    #[default]
    Start,
    LineStart,
    Name,
    /// Behind the colon, where one space is skipped.
    ValueStart,
    Value,
    /// The value was left at its end of line, which is still to be told.
    LineEnd,
    Skip,
}

impl SseReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Start,
            count: 0,
            field: None,
            after_cr: false,
            met_unknown: false,
            unread: 0,
        }
    }

    /// The last `length` bytes of the piece that came last come again.
    pub fn unread(&mut self, length: usize) {
        self.unread = length as u32;
    }

    /// Whether a line came that the standard does not know: the body may be something else.
    #[must_use]
    pub const fn met_unknown(&self) -> bool {
        self.met_unknown
    }

    /// Reads from the front of `input`, which it moves on, until something is met.
    /// `None`: the input is used up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<SseToken<'a>> {
        loop {
            let (&byte, rest) = input.split_first()?;
            if core::mem::take(&mut self.after_cr) && byte == b'\n' {
                *input = rest;
                continue;
            }
            let ends_line = matches!(byte, b'\n' | b'\r');
            match (self.state, self.field) {
                (State::Start, _) => {
                    if BYTE_ORDER_MARK.get(usize::from(self.count)) == Some(&byte) {
                        self.count += 1;
                        *input = rest;
                        if usize::from(self.count) < BYTE_ORDER_MARK.len() {
                            continue;
                        }
                    }
                    // A mark that breaks off was the start of an unknown field.
                    let broken = (1..3).contains(&self.count);
                    self.state = if broken { State::Skip } else { State::LineStart };
                    self.met_unknown |= broken;
                    self.count = 0;
                }
                (State::LineStart, _) if ends_line => {
                    *input = rest;
                    self.after_cr = byte == b'\r';
                    return Some(SseToken::Dispatch);
                }
                (State::LineStart, _) => {
                    self.count = 0;
                    self.field = Field::beginning_with(byte);
                    self.state = if self.field.is_some() { State::Name } else { State::Skip };
                    self.met_unknown |= self.field.is_none() && byte != b':';
                }
                (State::Name, Some(field)) => {
                    let name = field.name().as_bytes();
                    let at = usize::from(self.count);
                    if name.get(at) == Some(&byte) {
                        self.count += 1;
                        *input = rest;
                    } else if at == name.len() && byte == b':' {
                        *input = rest;
                        self.state = State::ValueStart;
                        return Some(SseToken::Line(field));
                    } else if at == name.len() && ends_line {
                        // A name alone is a field with an empty value.
                        self.state = State::LineEnd;
                        return Some(SseToken::Line(field));
                    } else {
                        self.state = State::Skip;
                        self.met_unknown = true;
                    }
                }
                (State::ValueStart, _) => {
                    if byte == b' ' {
                        *input = rest;
                    }
                    self.state = State::Value;
                }
                (State::Value, Some(field)) => {
                    let length = match core::mem::take(&mut self.unread) {
                        0 => line_length(input),
                        unread => input.len().min(unread as usize),
                    };
                    let (piece, rest) = input.split_at_checked(length).unwrap_or_default();
                    if piece.is_empty() {
                        self.state = State::LineEnd;
                    } else {
                        *input = rest;
                        return Some(SseToken::Piece(field, piece));
                    }
                }
                (State::LineEnd, Some(field)) => {
                    *input = rest;
                    self.after_cr = byte == b'\r';
                    self.state = State::LineStart;
                    return Some(SseToken::LineEnd(field));
                }
                (State::Skip | State::Name | State::Value | State::LineEnd, _) => {
                    *input = input.get(line_length(input)..).unwrap_or_default();
                    if let Some((&end, rest)) = input.split_first() {
                        *input = rest;
                        self.after_cr = end == b'\r';
                        self.state = State::LineStart;
                    }
                }
            }
        }
    }
}

impl Field {
    /// The name as it stands in the stream.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    const fn beginning_with(byte: u8) -> Option<Self> {
        match byte {
            b'd' => Some(Self::Data),
            b'e' => Some(Self::Event),
            b'i' => Some(Self::Id),
            b'r' => Some(Self::Retry),
            _ => None,
        }
    }
}

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
