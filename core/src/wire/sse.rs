//! Server-sent events, pushed in any chunking, without a buffer.
//!
//! The format is that of the HTML standard, section "Server-sent events": lines end by LF,
//! CR or CRLF, a byte order mark at the very start is skipped, `:` begins a comment,
//! several `data` lines are joined by LF.

use super::hash;
use super::scan::{WORDS, line_length};
use super::taken;

/// The meaning of a line of a stream. Values come in pieces, as they arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each token")]
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
#[expect(clippy::exhaustive_enums, reason = "the standard has no other field")]
pub enum Field {
    /// The data of the event.
    Data,
    /// The type of the event.
    Event,
    /// The last event id.
    Id,
    /// Reconnection time in milliseconds.
    Retry,
}

/// Splits a stream into fields and events.
#[derive(Clone, Debug)]
pub struct SseReader {
    state: LineState,
    /// The very first name is read, before which a byte order mark may stand.
    is_start: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A line came that is neither a comment nor a known field.
    met_unknown: bool,
    /// The field whose value is read; `None` skips it.
    field: Option<Field>,
    /// The line is of no known field, but of one called `error`: some servers send theirs so.
    is_error: bool,
    /// The hash of the received part of the name, or of the type of the event.
    name: u32,
    /// At least this many bytes from here on belong to the same line.
    unread: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LineState {
    Name,
    /// After the colon, where one space is skipped.
    ValueStart,
    Value,
}

/// The outcome of one step, without a borrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SseScan {
    Nothing,
    Line,
    /// The bytes that the step took.
    Piece,
    LineEnd,
    Dispatch,
}

impl SseReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: LineState::Name,
            is_start: true,
            after_cr: false,
            met_unknown: false,
            field: None,
            is_error: false,
            name: hash::START,
            unread: 0,
        }
    }

    /// The last `length` bytes of the last piece come again.
    pub fn unread(&mut self, length: usize) {
        self.unread = length.min(u16::MAX.into()) as u16;
    }

    /// Whether a line came that the standard does not know, or a part of one that cannot become
    /// one that it knows: the body may be something else.
    #[must_use]
    pub fn met_unknown(&self) -> bool {
        self.met_unknown || self.state == LineState::Name && !self.may_become_known()
    }

    /// Reads from the front of `input`, which it advances, until something is found.
    /// `None`: the input is used up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<SseToken<'a>> {
        while !input.is_empty() {
            let before = *input;
            return Some(match (self.step(input), self.field) {
                (SseScan::Dispatch, _) => SseToken::Dispatch,
                (SseScan::Nothing, _) | (_, None) => continue,
                (SseScan::Line, Some(field)) => SseToken::Line(field),
                (SseScan::Piece, Some(field)) => SseToken::Piece(field, taken(before, input)),
                (SseScan::LineEnd, Some(field)) => SseToken::LineEnd(field),
            });
        }
        None
    }

    /// The field of the line that is read.
    pub(crate) const fn field(&self) -> Option<Field> {
        self.field
    }

    /// Whether the line that is read is of a field called `error`, which the standard does not have.
    pub(crate) const fn is_error(&self) -> bool {
        self.is_error
    }

    /// More of the type of an event.
    pub(crate) fn add_to_event(&mut self, bytes: &[u8]) {
        if WORDS && bytes.len() > "error".len() {
            // A longer name cannot be that one.
            self.name = 0;
            return;
        }
        self.name = bytes.iter().fold(self.name, |hash, byte| hash::add(hash, *byte));
    }

    /// Whether the line that is over gave the type `error`; asked for after each line.
    pub(crate) fn ends_error_event(&mut self) -> bool {
        core::mem::replace(&mut self.name, hash::START) == ERROR
    }

    /// Whether `input` continues the value of a line with data.
    #[inline(always)]
    pub(crate) fn is_in_data(&self, input: &[u8]) -> bool {
        self.state == LineState::Value
            && (self.field == Some(Field::Data) || self.is_error)
            && !matches!(input, [b'\n' | b'\r', ..])
    }

    /// Skips the end of an event with data and the beginning of the next one, up to its data, if all
    /// of it is at hand and usual: an empty line, and perhaps a type that is no error.
    #[inline(always)]
    pub(crate) fn pass_to_data(&mut self, input: &mut &[u8]) -> bool {
        if self.state != LineState::Value || self.field != Some(Field::Data) || self.unread > 0 {
            return false;
        }
        let Some(mut rest) = input.strip_prefix(b"\n\n") else { return false };
        if let Some(line) = rest.strip_prefix(b"event: ") {
            let (name, after) = line.split_at_checked(line_length(line)).unwrap_or_default();
            let Some(after) = after.strip_prefix(b"\n").filter(|_| name != b"error") else {
                return false;
            };
            rest = after;
        }
        let Some(data) = rest.strip_prefix(b"data: ") else { return false };
        *input = data;
        true
    }

    /// Whether the value of a line with data is read, and nothing is left over.
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    #[inline(always)]
    pub(crate) fn is_after_data(&self) -> bool {
        let is_data = self.field == Some(Field::Data) && !self.is_error;
        self.state == LineState::Value && is_data && self.unread == 0 && !self.after_cr
    }

    /// Whether a line begins.
    pub(crate) fn is_at_line(&self) -> bool {
        self.state == LineState::Name && self.name == hash::START && !self.is_start
    }

    /// Takes a byte or a run of bytes from the front of `input`, or changes the state. It belongs
    /// to [`field`](Self::field).
    // One step and no loop: a loop would keep each field twice, which takes much more code.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    pub(crate) fn step(&mut self, input: &mut &[u8]) -> SseScan {
        let Some((&byte, rest)) = input.split_first() else { return SseScan::Nothing };
        let ends_line = matches!(byte, b'\n' | b'\r');
        if core::mem::take(&mut self.after_cr) && byte == b'\n' {
            *input = rest;
            return SseScan::Nothing;
        }
        if WORDS && self.state == LineState::Name && self.known_name(input) {
            return SseScan::Line;
        }
        match self.state {
            LineState::Name if !ends_line && byte != b':' => {
                *input = rest;
                self.name = hash::add(self.name, byte);
                if self.is_start && self.name == BYTE_ORDER_MARK {
                    self.is_start = false;
                    self.name = hash::START;
                }
                SseScan::Nothing
            }
            LineState::Name => {
                let name = core::mem::replace(&mut self.name, hash::START);
                let is_empty = name == hash::START;
                self.is_start = false;
                self.field = Field::with_hash(name);
                self.is_error = name == ERROR;
                self.met_unknown |= self.field.is_none() && !is_empty && !self.is_error;
                if ends_line && is_empty {
                    *input = rest;
                    self.after_cr = byte == b'\r';
                    return SseScan::Dispatch;
                }
                // A name alone is a field with an empty value.
                self.state = LineState::Value;
                if !ends_line {
                    *input = rest;
                    self.state = LineState::ValueStart;
                }
                SseScan::Line
            }
            LineState::ValueStart => {
                self.state = LineState::Value;
                if byte == b' ' {
                    *input = rest;
                }
                SseScan::Nothing
            }
            LineState::Value if ends_line => {
                *input = rest;
                self.after_cr = byte == b'\r';
                self.state = LineState::Name;
                SseScan::LineEnd
            }
            LineState::Value => {
                let length = match core::mem::take(&mut self.unread) {
                    0 => line_length(input),
                    unread => input.len().min(unread.into()),
                };
                *input = input.get(length..).unwrap_or_default();
                SseScan::Piece
            }
        }
    }

    /// Takes the name of a line if all of it is at hand and it is one of the two common ones.
    #[inline(always)]
    fn known_name(&mut self, input: &mut &[u8]) -> bool {
        if self.name != hash::START || self.is_start {
            return false;
        }
        let (field, rest) = match input {
            [b'd', b'a', b't', b'a', b':', rest @ ..] => (Field::Data, rest),
            [b'e', b'v', b'e', b'n', b't', b':', rest @ ..] => (Field::Event, rest),
            _ => return false,
        };
        *input = rest;
        (self.field, self.is_error) = (Some(field), false);
        self.state = LineState::ValueStart;
        true
    }

    /// Whether the name that is read is the beginning of a known one, or of a byte order mark.
    fn may_become_known(&self) -> bool {
        let mut hash = hash::START;
        NAMES.iter().any(|byte| {
            hash = if *byte == b' ' { hash::START } else { hash::add(hash, *byte) };
            hash == self.name
        })
    }
}

impl Default for SseReader {
    fn default() -> Self {
        Self::new()
    }
}

impl Field {
    /// The name as written in the stream.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    const fn with_hash(hash: u32) -> Option<Self> {
        match hash {
            DATA => Some(Self::Data),
            EVENT => Some(Self::Event),
            ID => Some(Self::Id),
            RETRY => Some(Self::Retry),
            _ => None,
        }
    }
}

const DATA: u32 = hash::hash(b"data");
const EVENT: u32 = hash::hash(b"event");
const ID: u32 = hash::hash(b"id");
const RETRY: u32 = hash::hash(b"retry");
const ERROR: u32 = hash::hash(b"error");

const BYTE_ORDER_MARK: u32 = hash::hash(&[0xef, 0xbb, 0xbf]);

/// The names before a colon, each after a space.
const NAMES: &[u8] = b" data event id retry \xef\xbb\xbf";
