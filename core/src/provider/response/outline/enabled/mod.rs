//! The outline, and how the bytes of an event are compared with it.

mod buffer;
mod follow;
mod learn;
mod search;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;
mod text;

use buffer::EventBuffer;
use text::Characters;

/// The outline of the events, and the event that is held or recorded.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    form: EventForm,
    /// The state of the reply before the next event is that after the last one.
    is_steady: bool,
    /// This many events are not recorded, after this many that were of no use.
    wait: u8,
    failures: u8,
    /// The hash of the first bytes of the event before.
    start: u8,
    buffer: EventBuffer,
}

/// An event that was read, for those that follow.
#[derive(Clone, Debug)]
struct EventForm {
    /// The bytes that are the same in each event.
    bytes: [u8; MAX_BYTES],
    /// The places of values among them, in order; the last is the end.
    blanks: [Blank; MAX_BLANKS],
    /// How many of `bytes` and `blanks` are used.
    used: u16,
    count: u8,
}

/// A value among the bytes of an outline.
#[derive(Clone, Copy, Debug)]
struct Blank {
    /// The bytes before it end here.
    end: u16,
    kind: BlankKind,
    /// The place of a number.
    place: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum BlankKind {
    /// More of the open part.
    Text,
    /// A string that nobody asks for.
    String,
    /// A number that nobody asks for.
    Digits,
    /// A number for the dialect.
    Number,
    Spaces,
    /// The event is over.
    End,
}

/// The value of a blank.
#[derive(Clone, Copy, Debug)]
enum Filled<'i> {
    Text(Characters<'i>),
    Number(u8, u32),
}

impl Outline {
    pub const fn new() -> Self {
        Self {
            form: EventForm {
                bytes: [0; MAX_BYTES],
                blanks: [Blank { end: 0, kind: BlankKind::End, place: 0 }; MAX_BLANKS],
                used: 0,
                count: 0,
            },
            is_steady: false,
            wait: 0,
            failures: 0,
            start: 0,
            buffer: EventBuffer::new(),
        }
    }

    /// Whether an event was held until it was whole, and is not read to its end.
    #[inline(always)]
    pub const fn is_reading(&self) -> bool {
        self.buffer.is_reading()
    }

    /// How many bytes are held and not read.
    pub const fn unread_bytes(&self) -> usize {
        self.buffer.unread_bytes()
    }

    /// Whether an event is held that is not whole.
    #[inline(always)]
    pub const fn is_holding(&self) -> bool {
        self.buffer.is_holding()
    }

    /// What is held is read next, although it is not whole.
    pub const fn release(&mut self) {
        self.buffer.release();
    }

    /// Takes more of the event that is held from the front of `input`; returns the number of these bytes. The event is
    /// released when it is whole, or too long.
    #[inline(always)]
    pub fn hold(&mut self, input: &[u8]) -> usize {
        if self.buffer.pass(input) {
            return input.len();
        }
        self.buffer.hold_more(input, self.is_steady.then_some(&self.form))
    }
}

impl Outline {
    /// Whether the event with which `input` begins may be of the type of the one before it, or of that of the outline.
    fn is_alike(&mut self, input: &[u8]) -> bool {
        let Some(start) = input.first_chunk() else { return false };
        let hash = start_hash(start);
        let before = core::mem::replace(&mut self.start, hash);
        let is_named = start.starts_with(b"\n\nevent: ");
        !is_named || before == hash || self.form.count > 0 && self.form.bytes.starts_with(start)
    }
}

/// A hash of the first bytes of an event, which end with its type if it has one.
fn start_hash(start: &[u8; 32]) -> u8 {
    let words = start.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let mix = |mixed: u64, word: u64| (mixed.rotate_left(29) ^ word).wrapping_mul(ODD);
    (words.fold(0, mix) >> 56) as u8
}

impl EventForm {
    /// The rest of `input` after an event that follows the outline. The values of the event are passed to `give`.
    /// `None`: it does not, or not all of it is there.
    #[inline(always)]
    fn walk<'i>(&self, input: &'i [u8], mut give: impl FnMut(Filled<'i>)) -> Option<&'i [u8]> {
        let (mut text, mut at) = (input, 0_u16);
        for blank in &self.blanks {
            let fixed = self.bytes.get(at.into()..blank.end.into()).unwrap_or_default();
            text = text.strip_prefix(fixed)?;
            at = blank.end;
            match blank.kind {
                BlankKind::End => return Some(text),
                BlankKind::Text => {
                    // An empty text may change less.
                    let mut is_empty = true;
                    while let Some(characters) = text::next(&mut text) {
                        give(Filled::Text(characters));
                        is_empty = false;
                    }
                    if is_empty {
                        return None;
                    }
                }
                BlankKind::String => while text::next(&mut text).is_some() {},
                BlankKind::Digits | BlankKind::Number => {
                    let (number, rest) = natural(text)?;
                    if blank.kind == BlankKind::Number {
                        give(Filled::Number(blank.place, number));
                    }
                    text = rest;
                }
                BlankKind::Spaces => {
                    while let [b' ', rest @ ..] = text {
                        text = rest;
                    }
                }
            }
        }
        None
    }
}

/// The number of at most nine digits that `text` begins with, without a zero before it, and what follows it.
#[inline(always)]
fn natural(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut number, mut rest) = (0, text);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if rest.len() == text.len() && *digit == b'0' || number > MAX_NUMBER {
            return None;
        }
        number = number * 10 + u32::from(*digit - b'0');
        rest = after;
    }
    (rest.len() < text.len()).then_some((number, rest))
}

/// No bit of it is lost in a product.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// One more digit fits.
const MAX_NUMBER: u32 = 99_999_999;

/// Together less than a kilobyte.
const MAX_BYTES: usize = 400;
const MAX_BLANKS: usize = 20;
