//! Skips the parts that nobody asked for, where words are cheap: as much of them as is at hand, in one go.
//!
//! It accepts nothing that [`step`](JsonReader::step) would refuse, leaves the rest to it, and never takes the
//! end of a line, so a stream of events need not be split into lines before.

use super::at_hand::{key, number, split_plain, unescaped};
use super::node::{Heads, bucket, heads, quick};
use super::step::{JsonScan, JsonState, WHOLE};
use super::{JsonReader, NO_HALF, NOWHERE, Node, ROOT, Token};
use crate::wire::hash::{self, add};

/// The facts about the document that the fast way needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The reader stops at the end of a line.
    ends: bool,
    /// Of the string that is read only the hash is wanted.
    pub hashes: bool,
    /// Nobody asks whether a value is null.
    pub skips_null: bool,
    /// The keys at the top.
    top: Heads,
}

impl Line {
    pub const fn new(nodes: &[Node]) -> Self {
        Self { ends: false, hashes: false, skips_null: false, top: heads(nodes, 1) }
    }
}

impl JsonReader {
    /// Whether [`next`](Self::next) stops at the end of a line.
    pub(crate) const fn stop_at_lines(&mut self, stops: bool) {
        self.line.ends = stops;
    }

    /// Whether `input` begins with the end of a line that the reader must not take.
    #[inline(always)]
    pub(super) fn is_at_line_end(&self, input: &[u8]) -> bool {
        match input.first() {
            Some(b'\n' | b'\r') => self.line.ends,
            Some(_) => false,
            None => true,
        }
    }

    /// Skips everything before the next token, if that is easily recognised.
    #[inline(always)]
    pub(crate) fn pass(&mut self, input: &mut &[u8]) {
        if !self.is_quick() {
            return;
        }
        loop {
            self.skim(input);
            let is_unwanted = match self.state {
                JsonState::Value | JsonState::ValueOrEnd => true,
                state => state > JsonState::Done,
            };
            if self.is_at_line_end(input) || !is_unwanted || self.in_key || self.place != NOWHERE {
                return;
            }
            if self.step(input) == JsonScan::Wrong {
                return;
            }
        }
    }

    /// Skips the parts that nobody asked for, up to the value of a wanted key or to anything less
    /// simple.
    #[inline(always)]
    pub(super) fn skim(&mut self, input: &mut &[u8]) {
        match self.state {
            JsonState::Text if self.high == 0 && (self.is_hashed() || self.place == NOWHERE) => {
                self.string(input);
            }
            JsonState::Number => self.digits(input),
            _ => {}
        }
        let is_wanted = self.state <= JsonState::ValueOrEnd && self.place != NOWHERE;
        if self.is_between() && !is_wanted && !input.is_empty() {
            self.members::<false>(input, |_| false);
        }
    }

    /// Passes wanted values to `give` and skips all others, as long as they are easily recognised and `give`
    /// wants more.
    #[inline(always)]
    pub(crate) fn each<'i>(&mut self, input: &mut &'i [u8], give: impl FnMut(Token<'i>) -> bool) {
        let is_worth_it = input.len() >= FEW || self.is_fresh();
        if is_worth_it && self.is_quick() {
            self.members::<true>(input, give);
        }
    }

    /// Whether all that comes next is of the document, and known by its bytes.
    #[inline(always)]
    fn is_quick(&self) -> bool {
        self.raw_place == NOWHERE && !self.raw_ended && self.half <= NO_HALF
    }

    /// The next wanted token if it can be read quickly, past all others.
    #[inline(always)]
    pub(super) fn quick_token<'i>(&mut self, input: &mut &'i [u8]) -> Option<Token<'i>> {
        let mut found = None;
        if self.half > NO_HALF {
            self.skim(input);
        } else {
            self.members::<true>(input, |token| {
                found = Some(token);
                false
            });
        }
        found
    }

    fn is_between(&self) -> bool {
        self.state <= JsonState::CommaOrEnd
    }

    /// The rest of a string that is a key or not wanted.
    #[inline(always)]
    pub(super) fn string(&mut self, input: &mut &[u8]) {
        let (run, rest) = split_plain(input);
        *input = rest;
        if self.is_hashed() {
            self.key = run.iter().fold(self.key, |key, byte| add(key, *byte));
        }
        let Some(rest) = rest.strip_prefix(b"\"").filter(|_| !self.line.hashes) else { return };
        *input = rest;
        if core::mem::take(&mut self.in_key) {
            self.place = self.place_of(self.key);
            self.state = JsonState::Colon;
        } else {
            self.state = JsonState::CommaOrEnd;
        }
    }

    /// The rest of a whole number that is not wanted.
    fn digits(&mut self, input: &mut &[u8]) {
        if self.place != NOWHERE || self.count != WHOLE {
            return;
        }
        let digits = input.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *input = input.get(digits..).unwrap_or_default();
        if matches!(input, [b',' | b'}' | b']', ..]) {
            self.after_value();
        }
    }

    /// As [`skim`](Self::skim), between two lexemes; with `TOKENS` as [`each`](Self::each).
    #[inline(never)]
    fn members<'i, const TOKENS: bool>(
        &mut self,
        input: &mut &'i [u8],
        mut give: impl FnMut(Token<'i>) -> bool,
    ) {
        if TOKENS && !self.rest(input, &mut give) {
            return;
        }
        let (mut text, mut state) = (*input, self.state);
        // The end of a value that is wanted as text is handled elsewhere, as is the end of a document.
        let floor = if self.raw_place == NOWHERE { 1 } else { self.raw_depth + 1 };
        let (mut in_object, mut container) = (self.in_object(), self.container());
        loop {
            if state == JsonState::CommaOrEnd {
                match text {
                    [b',', rest @ ..] => {
                        text = rest;
                        if let [b' ', rest @ ..] = text {
                            text = rest;
                        }
                        state = if in_object { JsonState::Key } else { JsonState::Value };
                        self.place = container;
                    }
                    [b'}', rest @ ..]
                        if in_object && container == NOWHERE && self.depth > floor =>
                    {
                        text = rest;
                        (in_object, container) = self.leave();
                        continue;
                    }
                    [b']', rest @ ..] if !in_object && self.depth > floor => {
                        text = rest;
                        (in_object, container) = self.leave();
                        continue;
                    }
                    [b'}', rest @ ..]
                        if TOKENS
                            && in_object
                            && (self.depth > floor || container == ROOT && self.depth == floor) =>
                    {
                        let place = container;
                        (in_object, container) = self.leave();
                        text = rest;
                        if self.depth == 0 {
                            state = JsonState::Done;
                        }
                        (self.state, *input) = (state, text);
                        if !give(Token::End(place)) || state == JsonState::Done {
                            return;
                        }
                        continue;
                    }
                    _ => break,
                }
            }
            if matches!(state, JsonState::Key | JsonState::KeyOrEnd) {
                match text {
                    [b'"', rest @ ..] => {
                        let (key, rest) = match key(rest) {
                            Some(known) => known,
                            None => {
                                let (key, rest) = split_plain(rest);
                                text = rest;
                                let [b'"', rest @ ..] = rest else {
                                    (self.in_key, self.key) = (true, hash::hash(key));
                                    state = JsonState::Text;
                                    break;
                                };
                                (quick(key), rest)
                            }
                        };
                        text = rest;
                        self.place = self.quick_place(container, key);
                        state = JsonState::Colon;
                    }
                    [b'}', rest @ ..]
                        if state == JsonState::KeyOrEnd
                            && container == NOWHERE
                            && self.depth > floor =>
                    {
                        text = rest;
                        state = JsonState::CommaOrEnd;
                        (in_object, container) = self.leave();
                        continue;
                    }
                    _ => break,
                }
            }
            if state == JsonState::Colon {
                let [b':', rest @ ..] = text else { break };
                text = rest;
                if let [b' ', rest @ ..] = text {
                    text = rest;
                }
                state = JsonState::Value;
            }
            if self.place != NOWHERE {
                let is_raw = || self.node(self.place).is_some_and(|node| node.is_raw);
                match text {
                    [b'n', b'u', b'l', b'l', rest @ ..]
                        if self.line.skips_null && self.depth > 0 =>
                    {
                        text = rest;
                        state = JsonState::CommaOrEnd;
                        continue;
                    }
                    [b'[', rest @ ..] if TOKENS && self.depth > 0 && !is_raw() => {
                        if self.open(false) == JsonScan::Wrong {
                            break;
                        }
                        text = rest;
                        state = self.state;
                        (in_object, container) = (false, self.container());
                        continue;
                    }
                    _ if TOKENS => {
                        (self.state, *input) = (state, text);
                        let found = self.wanted(input);
                        if found.is_none() && self.state != JsonState::Text {
                            return;
                        }
                        let begins = matches!(found, Some(Token::Begin(_)));
                        if !found.is_none_or(&mut give) || !self.rest(input, &mut give) {
                            return;
                        }
                        (text, state) = (*input, self.state);
                        if begins {
                            (in_object, container) = (true, self.container());
                        }
                        continue;
                    }
                    _ => break,
                }
            }
            let rest = match text {
                [b'"', rest @ ..] => {
                    let (_, rest) = split_plain(rest);
                    text = rest;
                    if let [b'"', rest @ ..] = rest {
                        text = rest;
                        state = JsonState::CommaOrEnd;
                        continue;
                    }
                    state = JsonState::Text;
                    break;
                }
                [byte @ (b'{' | b'['), rest @ ..] => {
                    if self.open(*byte == b'{') == JsonScan::Wrong {
                        break;
                    }
                    text = rest;
                    state = self.state;
                    (in_object, container) = (*byte == b'{', NOWHERE);
                    continue;
                }
                [b']', rest @ ..] if state == JsonState::ValueOrEnd && self.depth > floor => {
                    text = rest;
                    state = JsonState::CommaOrEnd;
                    (in_object, container) = self.leave();
                    continue;
                }
                [b'1'..=b'9', rest @ ..] => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    rest.get(digits..).filter(|rest| matches!(rest, [b',' | b'}' | b']', ..]))
                }
                [b'0', rest @ ..] => {
                    Some(rest).filter(|_| matches!(rest, [b',' | b'}' | b']', ..]))
                }
                [b'n', rest @ ..] => rest.strip_prefix(b"ull"),
                [b't', rest @ ..] => rest.strip_prefix(b"rue"),
                [b'f', rest @ ..] => rest.strip_prefix(b"alse"),
                _ => None,
            };
            let Some(rest) = rest else { break };
            text = rest;
            state = JsonState::CommaOrEnd;
        }
        self.state = state;
        *input = text;
    }

    /// The rest of a string or of a whole number that is read; whether it is over, or there was none.
    #[inline(always)]
    pub(super) fn rest<'i>(
        &mut self,
        input: &mut &'i [u8],
        give: &mut impl FnMut(Token<'i>) -> bool,
    ) -> bool {
        if self.state == JsonState::Text && self.high == 0 {
            if self.is_hashed() || self.place == NOWHERE {
                self.string(input);
            }
            while let Some(token) = self.wanted_text(input) {
                if !give(token) {
                    return false;
                }
            }
        } else if self.state == JsonState::Number {
            self.digits(input);
        }
        self.is_between() && !input.is_empty()
    }

    /// A piece of a wanted string, or its end.
    #[inline(always)]
    fn wanted_text<'i>(&mut self, input: &mut &'i [u8]) -> Option<Token<'i>> {
        let place = self.place;
        if self.state != JsonState::Text || self.in_key || place == NOWHERE {
            return None;
        }
        let (run, rest) = if self.line.hashes { (&[][..], *input) } else { split_plain(input) };
        *input = rest;
        if !run.is_empty() {
            return Some(Token::Piece(place, run));
        }
        if let [b'\\', letter, rest @ ..] = rest
            && !self.line.hashes
            && let Some(character) = unescaped(*letter)
        {
            *input = rest;
            return Some(Token::Piece(place, character));
        }
        *input = rest.strip_prefix(b"\"")?;
        self.after_value();
        Some(self.text_end(place))
    }

    /// A wanted value, if it is all at hand: a number or a word, the beginning of an object, or the
    /// first piece of a string with the quote before it.
    #[inline(always)]
    pub(super) fn wanted<'i>(&mut self, input: &mut &'i [u8]) -> Option<Token<'i>> {
        let place = self.place;
        let is_value = matches!(self.state, JsonState::Value | JsonState::ValueOrEnd);
        if !is_value || self.depth == 0 && !input.starts_with(b"{") {
            return None;
        }
        let (token, rest) = match *input {
            [b'"', rest @ ..] => {
                self.state = JsonState::Text;
                *input = rest;
                self.begin_text();
                if self.line.hashes {
                    return self.hashed_text(input);
                }
                let (run, rest) = split_plain(rest);
                *input = rest;
                return (!run.is_empty()).then_some(Token::Piece(place, run));
            }
            [b'{', rest @ ..] if !self.node(place).is_some_and(|node| node.is_raw) => {
                if self.open(true) == JsonScan::Wrong {
                    return None;
                }
                *input = rest;
                return Some(Token::Begin(place));
            }
            [b'0'..=b'9', ..] => {
                let (value, rest) = number(input)?;
                (Token::Number(place, value), rest)
            }
            [b'n', b'u', b'l', b'l', rest @ ..] => (Token::Null(place), rest),
            [b't', b'r', b'u', b'e', rest @ ..] => (Token::Bool(place, true), rest),
            [b'f', b'a', b'l', b's', b'e', rest @ ..] => (Token::Bool(place, false), rest),
            _ => return None,
        };
        *input = rest;
        self.state = JsonState::CommaOrEnd;
        Some(token)
    }

    /// The place that a key with this hash leads to.
    #[inline(always)]
    pub(super) fn quick_place(&self, container: u8, key: u32) -> u8 {
        let heads = match container {
            NOWHERE => return NOWHERE,
            ROOT => &self.line.top,
            place => match self.node(place) {
                Some(node) => &node.quick.heads,
                None => return NOWHERE,
            },
        };
        let mut number = heads.get(bucket(key)).copied().unwrap_or_default();
        while let Some(node) = self.node(number) {
            if node.quick.key == key {
                return number;
            }
            number = node.quick.next;
        }
        self.place_of_others(container)
    }

    /// The innermost array or object is over: whether that around it is an object, and its place.
    fn leave(&mut self) -> (bool, u8) {
        self.place = self.container();
        self.depth -= 1;
        (self.in_object(), self.container())
    }
}

/// In fewer bytes there is hardly more than one token.
const FEW: usize = 8;
