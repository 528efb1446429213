//! A JSON reader that is pushed: any chunking, no buffer, no recursion.
//!
//! A table of [`Node`]s names the keys that matter; the reader returns only the values under
//! them, strings already unescaped. Everything else is checked and skipped at any length.
//! The grammar is RFC 8259. A lone surrogate escape becomes U+FFFD. Depth is bounded by
//! [`MAX_DEPTH`].

#[cfg(target_pointer_width = "64")]
mod at_hand;
#[cfg(target_pointer_width = "64")]
mod fast;
#[cfg(target_pointer_width = "64")]
mod hashed;
mod node;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
mod scalars;
mod step;
mod text;

pub use node::Node;
pub(crate) use node::places;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(crate) use scalars::Scalar;

use super::{steps, taken};
use crate::{Error, ErrorKind};
use step::{JsonScan, JsonState};

/// Arrays and objects inside one another; deeper is an error.
pub const MAX_DEPTH: usize = 128;

/// Levels whose place in the table is remembered. No known format needs more.
const PLACES: usize = 12;

/// The place of the whole document. Node `i` of a table has the number `i + 1`.
pub const ROOT: u8 = 0;

/// No half pair waits.
const NO_HALF: u16 = 1;

/// No first half of a pair has this bit.
const OLD: u16 = 0x400;

/// Nodes with a tag from here on want only the hash of a string, where that is cheaper.
pub(crate) const HASHED: u8 = 0x80;

/// The replacement of half a surrogate pair, in UTF-8.
pub(crate) const LONE: &[u8] = "\u{fffd}".as_bytes();

/// Nodes whose tag has this bit are also the place of the members under them that have no node.
pub(crate) const OPEN: u8 = 0x40;

/// An unneeded place.
const NOWHERE: u8 = u8::MAX;

/// A token at a known place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each token")]
pub enum Token<'a> {
    /// An object begins.
    Begin(u8),
    /// The object ended.
    End(u8),
    /// A piece of a string, unescaped, or of a raw value. It may end inside a character.
    Piece(u8, &'a [u8]),
    /// The string or raw value is complete.
    PieceEnd(u8),
    /// A string of which only the hash was wanted, by a tag of the crate's own, is complete. Small
    /// processors return its pieces.
    Word(u8, u32),
    /// A number: its whole part, saturating; a negative one is 0, an exponent is left aside.
    Number(u8, u32),
    /// `true` or `false`.
    Bool(u8, bool),
    /// `null`.
    Null(u8),
}

impl Token<'_> {
    /// The node of `nodes` for its place; `None` at the top.
    pub(crate) fn node<'n>(&self, nodes: &'n [Node]) -> Option<&'n Node> {
        let (Self::Begin(place)
        | Self::End(place)
        | Self::Piece(place, _)
        | Self::PieceEnd(place)
        | Self::Word(place, _)
        | Self::Number(place, _)
        | Self::Bool(place, _)
        | Self::Null(place)) = *self;
        nodes.get(usize::from(place).wrapping_sub(1))
    }
}

/// The reader. Push bytes through [`next`](Self::next); [`finish`](Self::finish) at the end.
#[derive(Clone, Debug)]
pub struct JsonReader {
    nodes: &'static [Node],
    state: JsonState,
    /// The place of the value that is read now.
    place: u8,
    /// The place of the raw value that is being read, or `NOWHERE`.
    raw_place: u8,
    /// The depth at which the raw value stands.
    raw_depth: u8,
    /// The raw value is complete, and not reported yet.
    raw_ended: bool,
    /// The string that is read is a key.
    in_key: bool,
    /// Open arrays and objects.
    depth: u8,
    /// Bit n: level n is an object.
    objects: [u32; MAX_DEPTH / 32],
    /// The place of each of the first levels.
    places: [u8; PLACES],
    /// First half of a surrogate pair that waits for the second.
    high: u16,
    /// The number, or the hex digits of an escape.
    value: u32,
    is_negative: bool,
    /// The part of the number, the letters of all words, or the hex digits so far.
    count: u8,
    /// The hash of the received part of the key.
    key: u32,
    /// Half a surrogate pair at the end of a string, which waits for the string at this place in
    /// the next document; with `OLD` when a document ended since. Or `NO_HALF`; 0 where documents
    /// are not pieces of one.
    half: u16,
    half_place: u8,
    /// What an escape stands for, as UTF-8.
    decoded: [u8; 4],
    decoded_length: u8,
    #[cfg(target_pointer_width = "64")]
    line: fast::Line,
}

impl JsonReader {
    /// A reader for one document, which returns the values at `nodes`.
    #[must_use]
    pub const fn new(nodes: &'static [Node]) -> Self {
        Self {
            nodes,
            state: JsonState::Value,
            place: ROOT,
            raw_place: NOWHERE,
            raw_depth: 0,
            raw_ended: false,
            in_key: false,
            depth: 0,
            objects: [0; MAX_DEPTH / 32],
            places: [NOWHERE; PLACES],
            high: 0,
            value: 0,
            is_negative: false,
            count: 0,
            key: 0,
            half: 0,
            half_place: NOWHERE,
            decoded: [0; 4],
            decoded_length: 0,
            #[cfg(target_pointer_width = "64")]
            line: fast::Line::new(nodes),
        }
    }

    /// `joins`: the documents are pieces of one.
    pub(crate) const fn begin(&mut self, joins: bool) {
        self.half = if joins { NO_HALF } else { 0 };
        #[cfg(target_pointer_width = "64")]
        (self.line.skips_null = true);
    }

    /// The replacement of half a surrogate pair that waited for the document that is now
    /// complete, and was not in it. It waits longer if the document `is_next` to nothing: one that
    /// only keeps the connection open, or has only counts. It is asked for once after each document.
    pub(crate) fn lost_half(&mut self, is_next: bool) -> Option<Token<'_>> {
        if self.half <= NO_HALF {
            return None;
        }
        if self.half & OLD == 0 {
            self.half |= OLD;
            return None;
        }
        if !is_next {
            return None;
        }
        self.half = NO_HALF;
        self.decoded_length = text::LONE.encode_utf8(&mut self.decoded).len() as u8;
        Some(Token::Piece(self.half_place, self.decoded_text()))
    }

    /// Whether half a pair waited, for which nothing will come.
    pub(crate) const fn loses_half(&mut self) -> bool {
        let waited = self.half > NO_HALF;
        if waited {
            self.half = NO_HALF;
        }
        waited
    }

    /// Whether the next byte is the last digit of the second half of a surrogate pair.
    fn is_second_half(&self) -> bool {
        self.state == JsonState::Hex && self.count == 3 && matches!(self.value, 0xdc0..0xe00)
    }

    fn decoded_text(&self) -> &[u8] {
        self.decoded.get(..usize::from(self.decoded_length)).unwrap_or_default()
    }

    /// Ready for the next document.
    pub const fn restart(&mut self) {
        // Everything else is set before it is read.
        self.state = JsonState::Value;
        self.place = ROOT;
        self.raw_place = NOWHERE;
        self.raw_ended = false;
        self.in_key = false;
        self.depth = 0;
        self.high = 0;
    }

    /// Whether only white space was read so far.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        matches!(self.state, JsonState::Value) && self.depth == 0
    }

    /// Whether a value is due: after a comma in an array, for example.
    pub(crate) const fn is_value_due(&self) -> bool {
        matches!(self.state, JsonState::Value)
    }

    /// Whether half a surrogate pair waits for the next document.
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    pub(crate) const fn has_half(&self) -> bool {
        self.half > NO_HALF
    }

    /// Whether the document is complete.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, JsonState::Done)
    }

    /// Reads from the front of `input`, which it advances, until a known token.
    /// `None`: the input is used up.
    ///
    /// # Errors
    /// `BadJson`: `input` begins with the byte that does not fit; `detail` is 0.
    // Inlined, or each token is copied from one place in memory to another.
    #[inline(always)]
    pub fn next<'t, 'i: 't>(
        &'t mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Token<'t>>, Error> {
        loop {
            let before = *input;
            if self.raw_ended {
                self.raw_ended = false;
                let place = core::mem::replace(&mut self.raw_place, NOWHERE);
                return Ok(Some(Token::PieceEnd(place)));
            }
            if before.is_empty() {
                return Ok(None);
            }
            if self.raw_place != NOWHERE {
                while !self.raw_ended && !input.is_empty() {
                    self.skim(input);
                    if self.is_at_line_end(input) {
                        break;
                    }
                    if self.step(input) == JsonScan::Wrong {
                        // Bytes before a wrong one are returned first, as in any chunking.
                        if input.len() < before.len() {
                            break;
                        }
                        return Err(BAD);
                    }
                    let closed =
                        self.depth == self.raw_depth && self.state == JsonState::CommaOrEnd;
                    self.raw_ended = closed;
                }
                if input.len() == before.len() {
                    return Ok(None);
                }
                return Ok(Some(Token::Piece(self.raw_place, taken(before, input))));
            }
            if let Some(token) = self.quick_token(input) {
                return Ok(Some(token));
            }
            let (place, before) = (self.place, *input);
            if self.is_at_line_end(before) {
                return Ok(None);
            }
            let found = self.step(input);
            // The end of a container is reported at the place that it closes.
            let place = if found == JsonScan::End { self.place } else { place };
            if found == JsonScan::Nothing || place == NOWHERE && found != JsonScan::Wrong {
                continue;
            }
            return Ok(Some(match found {
                JsonScan::Nothing | JsonScan::Run => Token::Piece(place, taken(before, input)),
                JsonScan::Decoded => Token::Piece(place, self.decoded_text()),
                JsonScan::TextEnd => self.text_end(place),
                JsonScan::Begin => Token::Begin(place),
                JsonScan::End => Token::End(place),
                JsonScan::Number => Token::Number(place, self.value),
                JsonScan::True => Token::Bool(place, true),
                JsonScan::False => Token::Bool(place, false),
                JsonScan::Wrong => return Err(BAD),
                JsonScan::Null => Token::Null(place),
            }));
        }
    }

    /// The input is over: completes a number at the top.
    ///
    /// # Errors
    /// `BadJson` if the document is not complete; `detail` is 0.
    pub fn finish(&mut self) -> Result<(), Error> {
        if self.state == JsonState::Number && self.depth == 0 {
            self.end_number();
        }
        if self.is_done() { Ok(()) } else { Err(BAD) }
    }
}

/// A small processor, whose flash is scarce, takes each byte by itself.
#[cfg(not(target_pointer_width = "64"))]
impl JsonReader {
    fn skim(&self, _: &mut &[u8]) {}

    pub(crate) fn each<'i>(&self, _: &mut &'i [u8], _: impl FnMut(Token<'i>) -> bool) {}

    pub(crate) fn pass(&self, _: &mut &[u8]) {}

    pub(crate) const fn stop_at_lines(&self, _: bool) {}

    const fn begin_text(&self) {}

    const fn text_end<'t>(&self, place: u8) -> Token<'t> {
        Token::PieceEnd(place)
    }

    const fn is_hashed(&self) -> bool {
        self.in_key
    }

    const fn quick_token<'i>(&self, _: &mut &'i [u8]) -> Option<Token<'i>> {
        None
    }

    const fn is_at_line_end(&self, _: &[u8]) -> bool {
        false
    }
}

const BAD: Error = Error::new(ErrorKind::BadJson, 0);

/// Whether `text` is one JSON object, and nothing else.
pub(crate) fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{") && is_value(text)
}

/// Whether `text` is one JSON value, and nothing else. Half a surrogate pair is not text: servers refuse
/// a request that contains one, although the grammar allows it.
pub(crate) fn is_value(text: &[u8]) -> bool {
    steps::count(text.len());
    let mut reader = JsonReader::new(&[]);
    let mut rest = text;
    while !rest.is_empty() {
        reader.skim(&mut rest);
        let (had_first_half, is_second_half) = (reader.high != 0, reader.is_second_half());
        if reader.step(&mut rest) == JsonScan::Wrong {
            return false;
        }
        let lost_first_half = had_first_half && reader.high == 0 && reader.decoded_length < 4;
        if lost_first_half || is_second_half && !had_first_half {
            return false;
        }
    }
    reader.finish().is_ok()
}
