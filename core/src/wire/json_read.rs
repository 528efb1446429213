//! A JSON reader that is pushed: any chunking, no buffer, no recursion.
//!
//! It is told which keys matter (a table of [`Node`]s) and gives out only what stands under
//! them, strings already unescaped; everything else is checked and skipped at any length.
//! The grammar is RFC 8259. A lone surrogate escape becomes U+FFFD. Depth is bounded by
//! [`MAX_DEPTH`].

use super::scan::plain_length;
use crate::{Error, ErrorKind};

/// Arrays and objects inside one another; deeper is an error.
pub const MAX_DEPTH: usize = 128;

/// Levels whose place in the table is remembered. No known format needs more.
const PLACES: usize = 12;

/// One key that matters. Arrays are transparent: their elements stand where they stand.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    key: &'static str,
    parent: u8,
    raw: bool,
    /// The number of the first node under this one, or 0.
    child: u8,
    /// The number of the next node with the same parent, or 0.
    next: u8,
}

impl Node {
    /// The key `key`, without escapes, under the node with the number `parent`; [`ROOT`] is
    /// the top.
    #[must_use]
    pub const fn new(parent: u8, key: &'static str) -> Self {
        Self { key, parent, raw: false, child: 0, next: 0 }
    }

    /// The same; an object or array under it is given out as it was written, as text.
    #[must_use]
    pub const fn raw(parent: u8, key: &'static str) -> Self {
        Self { raw: true, ..Self::new(parent, key) }
    }

    /// Makes a table of `nodes`, whose numbers are then known: the first is 1. Each stands
    /// behind its parent, so the first stands under [`ROOT`].
    #[must_use]
    pub const fn table<const N: usize>(mut nodes: [Self; N]) -> [Self; N] {
        // From the end, so that the lists begin with what stands first.
        let mut index = N;
        let mut first_of_root = 0;
        while index > 0 {
            index -= 1;
            let number = index as u8 + 1;
            let parent = nodes[index].parent;
            let first = if parent == ROOT {
                &mut first_of_root
            } else {
                &mut nodes[parent as usize - 1].child
            };
            let next = *first;
            *first = number;
            nodes[index].next = next;
        }
        nodes
    }
}

/// The place of the whole document. Node `i` of a table has the number `i + 1`.
pub const ROOT: u8 = 0;

/// A place that nobody asked for.
const NOWHERE: u8 = u8::MAX;

/// Something that stands at a known place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token<'a> {
    /// An object begins.
    Begin(u8),
    /// The object ended.
    End(u8),
    /// A piece of a string, unescaped, or of a raw value. It may end inside a character.
    Piece(u8, &'a [u8]),
    /// The string or raw value is complete.
    PieceEnd(u8),
    /// A number: its whole part, saturating; a negative one is 0, an exponent is left aside.
    Number(u8, u32),
    /// `true` or `false`.
    Bool(u8, bool),
    /// `null`.
    Null(u8),
}

/// The reader. Push bytes through [`next`](Self::next); [`finish`](Self::finish) at the end.
#[derive(Clone, Debug)]
pub struct JsonReader {
    nodes: &'static [Node],
    state: State,
    /// Where the value that is read now stands.
    place: u8,
    /// The place of the raw value that is being read, or `NOWHERE`.
    raw_place: u8,
    /// The depth at which the raw value stands.
    raw_depth: u8,
    /// The raw value is complete, and nobody was told yet.
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
    /// Letters or hex digits so far; for a number, 1 when it is negative.
    count: u8,
    /// The number of the node whose key begins like the key that is read, and how far.
    candidate: u8,
    matched: u8,
    /// What an escape stands for, as UTF-8.
    decoded: [u8; 6],
    decoded_length: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
    Text,
    Escape,
    Hex,
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    True,
    False,
    Null,
    Done,
}

/// What one step met, without a borrow.
#[derive(Clone, Copy)]
enum Found {
    Nothing,
    /// The bytes that the step took, as they are.
    Run,
    Decoded,
    TextEnd,
    Begin,
    End,
    Number,
    Bool(bool),
    Null,
}

impl JsonReader {
    /// A reader for one document, which gives out what stands at `nodes`.
    #[must_use]
    pub const fn new(nodes: &'static [Node]) -> Self {
        Self {
            nodes,
            state: State::Value,
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
            count: 0,
            candidate: 0,
            matched: 0,
            decoded: [0; 6],
            decoded_length: 0,
        }
    }

    /// Ready for the next document.
    pub const fn restart(&mut self) {
        // What else there is, is set before it is read.
        self.state = State::Value;
        self.place = ROOT;
        self.raw_place = NOWHERE;
        self.raw_ended = false;
        self.in_key = false;
        self.depth = 0;
        self.high = 0;
    }

    /// Whether nothing but white space came yet.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        matches!(self.state, State::Value) && self.depth == 0
    }

    /// Whether the document is complete.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Reads from the front of `input`, which it moves on, until something known is met.
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
                    let step = self.step(input);
                    // What stands before a wrong byte is given out first, as in any chunking.
                    if step.is_err() && input.len() < before.len() {
                        break;
                    }
                    step?;
                    let closed = self.depth == self.raw_depth && self.state == State::CommaOrEnd;
                    self.raw_ended = closed;
                }
                return Ok(Some(Token::Piece(self.raw_place, taken(before, input))));
            }
            if matches!(self.state, State::CommaOrEnd | State::KeyOrEnd | State::Key | State::Text)
            {
                self.skip_members(input);
            }
            let (place, before) = (self.place, *input);
            let found = self.step(input)?;
            if matches!(found, Found::Nothing) {
                continue;
            }
            // The end of a container is told for the place that it closes.
            let place = if matches!(found, Found::End) { self.place } else { place };
            if place == NOWHERE {
                continue;
            }
            return Ok(Some(match found {
                Found::Nothing | Found::Run => Token::Piece(place, taken(before, input)),
                Found::Decoded => Token::Piece(
                    place,
                    self.decoded.get(..usize::from(self.decoded_length)).unwrap_or_default(),
                ),
                Found::TextEnd => Token::PieceEnd(place),
                Found::Begin => Token::Begin(place),
                Found::End => Token::End(place),
                Found::Number => Token::Number(place, self.value),
                Found::Bool(value) => Token::Bool(place, value),
                Found::Null => Token::Null(place),
            }));
        }
    }

    /// Passes over members that nobody asked for, as long as all of them is at hand, and stops
    /// at the value of one that somebody did. Whatever is less simple is left to `step`.
    fn skip_members(&mut self, input: &mut &[u8]) {
        while let Some(rest) = self.skip_member(input) {
            *input = rest;
            self.state = State::CommaOrEnd;
        }
    }

    /// What is left behind a string or member that is of no interest. `None`: there is none, or
    /// the state is that behind its key.
    fn skip_member<'i>(&mut self, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        let mut text = *input;
        match self.state {
            // The rest of a string, which may be long.
            State::Text if self.place == NOWHERE && !self.in_key && self.high == 0 => {
                *input = text.get(plain_length(text)..)?;
                return input.strip_prefix(b"\"");
            }
            State::CommaOrEnd if self.in_object() => text = strip(text, b',')?,
            State::KeyOrEnd | State::Key => {}
            _ => return None,
        }
        let key = text.strip_prefix(b"\"")?;
        let (key, text) = key.split_at_checked(plain_length(key))?;
        let text = strip(text.strip_prefix(b"\"")?, b':')?;
        *input = text;
        self.state = State::Value;
        self.place = self.find(key);
        match text {
            _ if self.place != NOWHERE => None,
            [b'"', text @ ..] => text.get(plain_length(text)..)?.strip_prefix(b"\""),
            [b'1'..=b'9', digits @ ..] => {
                let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
                digits.get(count..).filter(|rest| rest.first() == Some(&b','))
            }
            _ => text.strip_prefix(b"null"),
        }
    }

    /// The input is over: completes a number that stands at the top.
    ///
    /// # Errors
    /// `BadJson` when the document is not complete; `detail` is 0.
    pub fn finish(&mut self) -> Result<(), Error> {
        let number = matches!(
            self.state,
            State::Zero | State::Whole | State::Fraction | State::ExponentDigits
        );
        if self.state == State::Done || (number && self.depth == 0) {
            self.state = State::Done;
            return Ok(());
        }
        Err(BAD)
    }

    /// Takes at least one byte from `input`, or changes the state.
    fn step(&mut self, input: &mut &[u8]) -> Result<Found, Error> {
        let Some((&byte, rest)) = input.split_first() else { return Ok(Found::Nothing) };
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let found = match self.state {
            State::Text => return self.text(byte, input),
            State::Value
            | State::ValueOrEnd
            | State::KeyOrEnd
            | State::Key
            | State::Colon
            | State::CommaOrEnd
            | State::Done
                if is_space =>
            {
                Found::Nothing
            }
            State::ValueOrEnd if byte == b']' => self.close(),
            State::KeyOrEnd if byte == b'}' => self.close(),
            State::CommaOrEnd => match (byte, self.in_object()) {
                (b',', true) => self.go(State::Key),
                (b',', false) => {
                    self.place = self.container();
                    self.go(State::Value)
                }
                (b'}', true) | (b']', false) => self.close(),
                _ => return Err(BAD),
            },
            State::KeyOrEnd | State::Key if byte == b'"' => {
                self.in_key = true;
                self.candidate = self.first_key();
                self.matched = 0;
                self.go(State::Text)
            }
            State::Colon if byte == b':' => self.go(State::Value),
            State::Value | State::ValueOrEnd => match byte {
                b'{' | b'[' if self.is_raw() => {
                    self.raw_place = self.place;
                    self.raw_depth = self.depth;
                    self.place = NOWHERE;
                    return Ok(Found::Nothing);
                }
                b'{' => {
                    self.open(true)?;
                    Found::Begin
                }
                b'[' => {
                    self.open(false)?;
                    Found::Nothing
                }
                b'"' => self.go(State::Text),
                b'-' => self.number(State::Minus, 0),
                b'0' => self.number(State::Zero, 0),
                b'1'..=b'9' => self.number(State::Whole, byte),
                b't' => self.word(State::True),
                b'f' => self.word(State::False),
                b'n' => self.word(State::Null),
                _ => return Err(BAD),
            },
            State::Escape => self.escape(byte)?,
            State::Hex => self.hex(byte)?,
            State::Minus => match byte {
                b'0' => self.go(State::Zero),
                // The value stays 0: no count on the wire is negative.
                b'1'..=b'9' => {
                    self.count = 1;
                    self.go(State::Whole)
                }
                _ => return Err(BAD),
            },
            State::Whole if byte.is_ascii_digit() => {
                if self.count == 0 {
                    let digit = u32::from(byte.wrapping_sub(b'0'));
                    self.value = self.value.saturating_mul(10).saturating_add(digit);
                }
                Found::Nothing
            }
            State::Zero | State::Whole if byte == b'.' => self.go(State::Point),
            State::Point if byte.is_ascii_digit() => self.go(State::Fraction),
            State::Fraction | State::ExponentDigits if byte.is_ascii_digit() => Found::Nothing,
            State::Zero | State::Whole | State::Fraction if matches!(byte, b'e' | b'E') => {
                self.go(State::Exponent)
            }
            State::Exponent if matches!(byte, b'+' | b'-') => self.go(State::ExponentSign),
            State::Exponent | State::ExponentSign if byte.is_ascii_digit() => {
                self.go(State::ExponentDigits)
            }
            State::Zero | State::Whole | State::Fraction | State::ExponentDigits => {
                // The byte belongs to what follows.
                self.after_value();
                return Ok(Found::Number);
            }
            State::True => self.letter(byte, b"true", Found::Bool(true))?,
            State::False => self.letter(byte, b"false", Found::Bool(false))?,
            State::Null => self.letter(byte, b"null", Found::Null)?,
            State::KeyOrEnd
            | State::Key
            | State::Colon
            | State::Point
            | State::Exponent
            | State::ExponentSign
            | State::Done => return Err(BAD),
        };
        *input = rest;
        Ok(found)
    }

    /// Inside a string, where `byte` comes first.
    fn text(&mut self, byte: u8, input: &mut &[u8]) -> Result<Found, Error> {
        if self.high != 0 && byte != b'\\' {
            self.high = 0;
            return Ok(self.decode(&[LONE]));
        }
        let (run, rest) = input.split_at_checked(plain_length(input)).unwrap_or_default();
        if !run.is_empty() {
            *input = rest;
            if self.in_key {
                self.key_bytes(run);
                return Ok(Found::Nothing);
            }
            return Ok(Found::Run);
        }
        if !matches!(byte, b'"' | b'\\') {
            return Err(BAD);
        }
        *input = input.get(1..).unwrap_or_default();
        match byte {
            b'"' if self.in_key => {
                self.in_key = false;
                self.place = self.key_place();
                Ok(self.go(State::Colon))
            }
            b'"' => {
                self.after_value();
                Ok(Found::TextEnd)
            }
            _ => Ok(self.go(State::Escape)),
        }
    }

    fn escape(&mut self, byte: u8) -> Result<Found, Error> {
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.value = 0;
                self.count = 0;
                return Ok(self.go(State::Hex));
            }
            _ => return Err(BAD),
        };
        self.state = State::Text;
        if core::mem::take(&mut self.high) != 0 {
            return Ok(self.decode(&[LONE, character]));
        }
        Ok(self.decode(&[character]))
    }

    fn hex(&mut self, byte: u8) -> Result<Found, Error> {
        let digit = char::from(byte).to_digit(16).ok_or(BAD)?;
        self.value = (self.value << 4) | digit;
        self.count = self.count.wrapping_add(1);
        if self.count < 4 {
            return Ok(Found::Nothing);
        }
        self.state = State::Text;
        let unit = self.value;
        let high = u32::from(core::mem::take(&mut self.high));
        let character = char::from_u32(unit);
        let is_low = (0xdc00..0xe000).contains(&unit);
        Ok(match (high, character) {
            (0, Some(character)) => self.decode(&[character]),
            (0, None) if is_low => self.decode(&[LONE]),
            (0, None) => {
                self.high = unit as u16;
                Found::Nothing
            }
            (_, None) if is_low => {
                let pair = 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
                self.decode(&[char::from_u32(pair).unwrap_or(LONE)])
            }
            (_, Some(character)) => self.decode(&[LONE, character]),
            (_, None) => {
                self.high = unit as u16;
                self.decode(&[LONE])
            }
        })
    }

    /// Gives out `characters`, or goes on with the key.
    fn decode(&mut self, characters: &[char]) -> Found {
        self.decoded_length = 0;
        for character in characters {
            let mut utf8 = [0; 4];
            for byte in character.encode_utf8(&mut utf8).bytes() {
                if let Some(place) = self.decoded.get_mut(usize::from(self.decoded_length)) {
                    *place = byte;
                    self.decoded_length += 1;
                }
            }
        }
        let length = self.decoded_length;
        if self.in_key {
            let decoded = self.decoded;
            self.key_bytes(decoded.get(..usize::from(length)).unwrap_or_default());
            return Found::Nothing;
        }
        Found::Decoded
    }

    /// More of a key: keeps a node whose key begins with all that came so far.
    fn key_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let matched = usize::from(self.matched);
            let prefix = self.prefix();
            let mut nodes = self.nodes_from(self.candidate);
            let next = nodes.find(|(_, node)| {
                let key = node.key.as_bytes();
                key.get(matched) == Some(byte) && key.get(..matched) == Some(prefix)
            });
            let Some((number, _)) = next else {
                self.candidate = 0;
                return;
            };
            self.candidate = number;
            self.matched = self.matched.saturating_add(1);
        }
    }

    /// The place that the complete key leads to.
    fn key_place(&self) -> u8 {
        place_of(self.prefix(), self.nodes_from(self.candidate))
    }

    /// The place that `key` leads to.
    fn find(&self, key: &[u8]) -> u8 {
        place_of(key, self.nodes_from(self.first_key()))
    }

    /// The part of the key that matched.
    fn prefix(&self) -> &'static [u8] {
        let node = self.node(self.candidate);
        node.and_then(|node| node.key.as_bytes().get(..self.matched.into())).unwrap_or_default()
    }

    /// The first node under the container.
    fn first_key(&self) -> u8 {
        match self.container() {
            ROOT => u8::from(!self.nodes.is_empty()),
            place => self.node(place).map_or(0, |node| node.child),
        }
    }

    /// The node `number` and those behind it that have the same parent.
    fn nodes_from(&self, number: u8) -> impl Iterator<Item = (u8, &'static Node)> + use<> {
        let nodes = self.nodes;
        let numbered =
            move |number: u8| Some((number, nodes.get(usize::from(number).wrapping_sub(1))?));
        core::iter::successors(numbered(number), move |(_, node)| numbered(node.next))
    }

    fn node(&self, number: u8) -> Option<&'static Node> {
        self.nodes.get(usize::from(number).wrapping_sub(1))
    }

    fn go(&mut self, state: State) -> Found {
        self.state = state;
        Found::Nothing
    }

    fn number(&mut self, state: State, first: u8) -> Found {
        self.value = u32::from(first.saturating_sub(b'0'));
        self.count = 0;
        self.go(state)
    }

    fn word(&mut self, state: State) -> Found {
        self.count = 1;
        self.go(state)
    }

    fn letter(&mut self, byte: u8, word: &[u8], found: Found) -> Result<Found, Error> {
        if word.get(usize::from(self.count)) != Some(&byte) {
            return Err(BAD);
        }
        self.count = self.count.wrapping_add(1);
        if usize::from(self.count) < word.len() {
            return Ok(Found::Nothing);
        }
        self.after_value();
        Ok(found)
    }

    fn after_value(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::CommaOrEnd };
    }

    fn open(&mut self, is_object: bool) -> Result<(), Error> {
        let level = usize::from(self.depth);
        let bit = 1_u32 << (level % 32);
        let word = self.objects.get_mut(level / 32).ok_or(BAD)?;
        *word = if is_object { *word | bit } else { *word & !bit };
        if let Some(place) = self.places.get_mut(level) {
            *place = self.place;
        }
        self.depth = self.depth.saturating_add(1);
        self.state = if is_object { State::KeyOrEnd } else { State::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self) -> Found {
        let was_object = self.in_object();
        self.place = self.container();
        self.depth = self.depth.saturating_sub(1);
        self.after_value();
        if was_object { Found::End } else { Found::Nothing }
    }

    /// The place of the innermost open array or object.
    fn container(&self) -> u8 {
        let level = usize::from(self.depth).wrapping_sub(1);
        self.places.get(level).copied().unwrap_or(NOWHERE)
    }

    fn in_object(&self) -> bool {
        let level = usize::from(self.depth).wrapping_sub(1);
        self.objects.get(level / 32).is_some_and(|word| (word >> (level % 32)) & 1 == 1)
    }

    fn is_raw(&self) -> bool {
        self.raw_place == NOWHERE && self.node(self.place).is_some_and(|node| node.raw)
    }
}

const BAD: Error = Error::new(ErrorKind::BadJson, 0);

/// What stands in for half a surrogate pair.
const LONE: char = char::REPLACEMENT_CHARACTER;

/// `text` behind `mark` and a space that may follow it.
fn strip(text: &[u8], mark: u8) -> Option<&[u8]> {
    let (_, text) = text.split_first().filter(|(first, _)| **first == mark)?;
    Some(text.strip_prefix(b" ").unwrap_or(text))
}

/// The number of the node whose key is `key`.
fn place_of(key: &[u8], mut nodes: impl Iterator<Item = (u8, &'static Node)>) -> u8 {
    let found = nodes.find(|(_, node)| node.key.as_bytes() == key);
    found.map_or(NOWHERE, |(number, _)| number)
}

/// The bytes of `before` that are no longer in `after`, its tail.
fn taken<'a>(before: &'a [u8], after: &[u8]) -> &'a [u8] {
    before.get(..before.len().saturating_sub(after.len())).unwrap_or_default()
}

/// Whether `text` is one JSON object, and nothing else.
pub(crate) fn is_object(text: &[u8]) -> bool {
    let mut reader = JsonReader::new(&[]);
    let mut rest = text;
    let begins = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    while begins && !rest.is_empty() {
        reader.skip_members(&mut rest);
        if reader.step(&mut rest).is_err() {
            return false;
        }
    }
    begins && reader.is_done()
}

/// Names places and the table of them in one list: `NAME = PARENT . "key"`, and `raw` behind
/// the key where objects and arrays are wanted as text.
macro_rules! places {
    ($table:ident: $($name:ident = $parent:ident . $key:literal $($raw:ident)?),+ $(,)?) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "they name constants")]
        enum Place { _Root, $($name),+ }
        $(const $name: u8 = Place::$name as u8;)+
        pub(super) static $table: &[$crate::wire::json_read::Node] =
            &$crate::wire::json_read::Node::table([
                $($crate::wire::json_read::places!(@node $parent $key $($raw)?)),+
            ]);
    };
    (@node $parent:ident $key:literal) => { $crate::wire::json_read::Node::new($parent, $key) };
    (@node $parent:ident $key:literal raw) => { $crate::wire::json_read::Node::raw($parent, $key) };
}
pub(crate) use places;
