//! The outline, and how the bytes of a stream are compared with it.

mod follow;
mod learn;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;
mod text;

use crate::provider::reply::Shape;
use text::Characters;

/// An event that was read, for those that follow.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    /// The bytes that are the same in each event.
    bytes: [u8; MAX_BYTES],
    /// The places of values among them, in order; the last is the end.
    blanks: [Blank; MAX_BLANKS],
    /// How many of `bytes` and `blanks` are used.
    used: u16,
    count: u8,
    /// How far the event that is read went.
    progress: Progress,
    /// Where its text begins in the transcript, and the shape of the arguments before it.
    text_start: u32,
    shape: Shape,
    /// The state of the reply before the next event is that after the last one.
    is_steady: bool,
    /// The text of an event counts as it comes, not at its end.
    is_immediate: bool,
    /// The reader is catching up.
    rests: bool,
    /// This many events are not recorded, after this many that were of no use.
    wait: u8,
    failures: u8,
    record: EventRecord,
}

/// An event that is read, as it comes.
#[derive(Clone, Debug)]
struct EventRecord {
    bytes: [u8; MAX_EVENT_BYTES],
    used: u16,
    is_on: bool,
    /// How many bytes were read when some of its text was in the open part; 0 before that.
    text_at: u16,
    /// The state of the reply before it.
    state: u64,
    /// The bytes of the transcript then.
    start: u32,
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

/// Where an event is in an outline.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// The bytes that were met.
    at: u16,
    /// The blank after them.
    blank: u8,
    /// It is next.
    in_blank: bool,
    /// Some of its text was met, or digits of this number.
    has_some: bool,
    /// A backslash of it was met.
    is_escaped: bool,
    number: u32,
}

/// The value of a blank.
#[derive(Clone, Copy, Debug)]
enum Filled<'i> {
    /// Characters, and the bytes that are left after them.
    Text(Characters<'i>, usize),
    Number(u8, u32),
}

/// How far the input went along an outline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Walked {
    /// To its end.
    Whole,
    /// To the end of the input.
    Part,
    /// To something else.
    Other,
}

impl Outline {
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_BYTES],
            blanks: [Blank { end: 0, kind: BlankKind::End, place: 0 }; MAX_BLANKS],
            used: 0,
            count: 0,
            progress: Progress::START,
            text_start: 0,
            shape: Shape::NONE,
            is_steady: false,
            is_immediate: false,
            rests: false,
            wait: 0,
            failures: 0,
            record: EventRecord {
                bytes: [0; MAX_EVENT_BYTES],
                used: 0,
                is_on: false,
                text_at: 0,
                state: 0,
                start: 0,
            },
        }
    }

    /// Whether the input ended within an event that follows it.
    #[inline(always)]
    pub const fn is_within(&self) -> bool {
        self.progress.at > 0
    }

    /// Whether all of `input` is as expected within an event, and more of the same bytes follows.
    #[inline(always)]
    pub fn pass(&mut self, input: &[u8]) -> bool {
        let Progress { at, blank, in_blank, .. } = self.progress;
        if at == 0 || in_blank {
            return false;
        }
        let Some(blank) = self.blanks.get(usize::from(blank)) else { return false };
        let left = self.bytes.get(at.into()..blank.end.into()).unwrap_or_default();
        let passes = left.len() > input.len() && left.starts_with(input);
        if passes {
            self.progress.at += input.len() as u16;
        }
        passes
    }

    /// Keeps bytes of the event that was read, which added nothing.
    #[inline(always)]
    pub fn note(&mut self, bytes: &[u8]) {
        if self.record.is_on {
            self.record.add(bytes);
        }
    }

    /// Whether `input` begins with an event that follows it: where its text ends.
    fn text_end(&self, input: &[u8]) -> Option<usize> {
        let (mut progress, mut rest) = (Progress::START, input);
        let (mut is_text, mut after) = (true, 0);
        let walked = self.walk(&mut progress, &mut rest, |filled| {
            if let Filled::Text(characters, left) = filled {
                is_text &= characters.bytes(|bytes| core::str::from_utf8(bytes).is_ok());
                after = left;
            }
        });
        (walked == Walked::Whole && is_text).then_some(input.len() - after)
    }

    /// Moves `input` on as far as it follows the outline from `progress` on, and passes its values to
    /// `give`.
    #[inline(always)]
    fn walk<'i>(
        &self,
        progress: &mut Progress,
        input: &mut &'i [u8],
        mut give: impl FnMut(Filled<'i>),
    ) -> Walked {
        let mut now = *progress;
        let mut text = *input;
        let walked = loop {
            let Some(blank) = self.blanks.get(usize::from(now.blank)) else { break Walked::Other };
            if !now.in_blank {
                let left = self.bytes.get(now.at.into()..blank.end.into()).unwrap_or_default();
                match text.strip_prefix(left) {
                    Some(rest) => {
                        (text, now.at, now.in_blank) = (rest, blank.end, true);
                        (now.has_some, now.is_escaped, now.number) = (false, false, 0);
                    }
                    None if left.starts_with(text) => {
                        now.at += text.len() as u16;
                        text = &[];
                        break Walked::Part;
                    }
                    None => break Walked::Other,
                }
            }
            match blank.kind {
                BlankKind::End => {
                    now = Progress::START;
                    break Walked::Whole;
                }
                BlankKind::Text | BlankKind::String => {
                    if core::mem::take(&mut now.is_escaped) {
                        let Some(character) = text::after_backslash(&mut text) else {
                            now.is_escaped = true;
                            break Walked::Other;
                        };
                        now.has_some = true;
                        if blank.kind == BlankKind::Text {
                            give(Filled::Text(Characters::One(character), text.len()));
                        }
                    }
                    while let Some(characters) = text::next(&mut text) {
                        now.has_some = true;
                        if blank.kind == BlankKind::Text {
                            give(Filled::Text(characters, text.len()));
                        }
                    }
                    if let [b'\\'] = text {
                        (text, now.is_escaped) = (&[], true);
                    }
                    // An empty text may change less.
                    let may_end = now.has_some || blank.kind == BlankKind::String;
                    let ends = may_end && text.starts_with(b"\"");
                    if !(text.is_empty() || ends) {
                        break Walked::Other;
                    }
                }
                BlankKind::Digits | BlankKind::Number => {
                    while let [digit @ b'0'..=b'9', rest @ ..] = text {
                        let is_first_zero = !now.has_some && *digit == b'0';
                        if is_first_zero || now.number > MAX_NUMBER {
                            break;
                        }
                        now.has_some = true;
                        if blank.kind == BlankKind::Number {
                            now.number = now.number * 10 + u32::from(*digit - b'0');
                        }
                        text = rest;
                    }
                    if !text.is_empty() {
                        if !now.has_some {
                            break Walked::Other;
                        }
                        if blank.kind == BlankKind::Number {
                            give(Filled::Number(blank.place, now.number));
                        }
                    }
                }
                BlankKind::Spaces => {
                    while let [b' ', rest @ ..] = text {
                        text = rest;
                    }
                }
            }
            if text.is_empty() {
                break Walked::Part;
            }
            now.in_blank = false;
            now.blank += 1;
        };
        (*progress, *input) = (now, text);
        walked
    }
}

impl Progress {
    const START: Self =
        Self { at: 0, blank: 0, in_blank: false, has_some: false, is_escaped: false, number: 0 };
}

impl EventRecord {
    /// More of it was read.
    fn add(&mut self, bytes: &[u8]) {
        let from = usize::from(self.used);
        let Some(room) = self.bytes.get_mut(from..from + bytes.len()) else {
            self.is_on = false;
            return;
        };
        for (to, byte) in room.iter_mut().zip(bytes) {
            *to = *byte;
        }
        self.used += bytes.len() as u16;
    }
}

/// One more digit fits.
const MAX_NUMBER: u32 = 99_999_999;

/// Together less than a kilobyte.
const MAX_BYTES: usize = 400;
const MAX_BLANKS: usize = 20;
const MAX_EVENT_BYTES: usize = 472;
