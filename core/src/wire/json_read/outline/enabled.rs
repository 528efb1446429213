//! What is remembered, learned and followed.

#[cfg(test)]
mod tests;

use crate::wire::json_read::at_hand::{key, split_plain};
use crate::wire::json_read::step::{JsonScan, JsonState};
use crate::wire::json_read::{HASHED, JsonReader, NO_HALF, NOWHERE, PLACES, Token};
use crate::wire::scan::line_length;
use crate::wire::taken;

/// A document that was read, for those that follow.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    steps: [OutlineStep; MAX_STEPS],
    /// The document's bytes, without the values that are wanted or long.
    bytes: [u8; MAX_BYTES],
    /// How many of `bytes` are used.
    used: u16,
    /// How many of `steps` there are.
    count: u8,
    /// The step that is next in the document that is read.
    next: u8,
    /// Documents in a row that were not read along it to their end.
    misses: u8,
    /// So many misses, and another document is learned.
    patience: u8,
}

/// Some bytes of a document, up to a value or a token.
#[derive(Clone, Copy, Debug)]
struct OutlineStep {
    /// Where the reader stands after it.
    after: ReaderState,
    /// The place of the token or of the value.
    place: u8,
    kind: StepKind,
    /// Its bytes in those of the outline.
    start: u16,
    end: u16,
    /// The last of the steps up to which the values between them were the same so far: these are
    /// compared together.
    last: u8,
    /// The hash of a word.
    hash: u32,
}

/// What follows the bytes of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StepKind {
    /// A string or a number, which is read as always.
    Value,
    Begin,
    End,
    Word,
    True,
    False,
}

/// Where a reader stands between two lexemes: all that it decides by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ReaderState {
    places: [u8; PLACES],
    /// Bit n: level n is an object.
    objects: u16,
    depth: u8,
    state: JsonState,
}

impl Outline {
    pub const fn new() -> Self {
        Self {
            steps: [NO_STEP; MAX_STEPS],
            bytes: [0; MAX_BYTES],
            used: 0,
            count: 0,
            next: 0,
            misses: 0,
            patience: FIRST_PATIENCE,
        }
    }

    /// Whether the document that is read followed it so far.
    #[inline(always)]
    pub const fn is_followed(&self) -> bool {
        0 < self.next && self.next < self.count
    }

    fn step(&self, number: u8) -> Option<&OutlineStep> {
        self.steps.get(usize::from(number)).filter(|_| number < self.count)
    }

    /// The bytes from the start of one step to the end of another.
    #[inline(always)]
    fn between(&self, first: &OutlineStep, last: &OutlineStep) -> &[u8] {
        self.bytes.get(usize::from(first.start)..usize::from(last.end)).unwrap_or_default()
    }

    /// The next step, or the last of several, that `input` begins with, and what follows it.
    #[inline(always)]
    fn advance<'i>(&mut self, input: &'i [u8]) -> Option<(&OutlineStep, &'i [u8])> {
        let first = self.step(self.next)?;
        let mut number = first.last;
        let mut rest = input.strip_prefix(self.between(first, self.step(number)?));
        if rest.is_none() && number > self.next {
            number = self.loosen(input)?;
            let first = self.step(self.next)?;
            rest = input.strip_prefix(self.between(first, self.step(number)?));
        }
        let rest = rest?;
        self.next = number + 1;
        Some((self.steps.get(usize::from(number))?, rest))
    }

    /// A value after one of the next steps is another than before `input`: the number of that step, up to
    /// which they are compared together from now on.
    #[inline(never)]
    fn loosen(&mut self, input: &[u8]) -> Option<u8> {
        let first = *self.step(self.next)?;
        let bytes = self.between(&first, self.step(first.last)?);
        let same = bytes.iter().zip(input).take_while(|(byte, other)| byte == other).count();
        let ends = |step: &&OutlineStep| usize::from(step.end - first.start) <= same;
        let group = self.steps.get(usize::from(self.next)..usize::from(first.last))?;
        let last = self.next + group.iter().take_while(ends).count().checked_sub(1)? as u8;
        for step in self.steps.get_mut(usize::from(self.next)..=usize::from(last))? {
            step.last = last;
        }
        Some(last)
    }

    /// A document begins with `input`, before which `reader` stands.
    fn begin(&mut self, reader: &JsonReader, input: &[u8]) {
        if self.next < self.count || self.count == 0 {
            self.misses = self.misses.saturating_add(1);
        } else {
            (self.misses, self.patience) = (0, PATIENCE);
        }
        self.next = 0;
        if self.misses < self.patience {
            return;
        }
        let line = input.get(..line_length(input)).unwrap_or_default();
        if line.len() < input.len() {
            self.misses = 0;
            self.patience = self.patience.saturating_mul(2);
            self.learn(reader.clone(), line);
        }
    }

    /// Takes the steps of a document, as far as there is room for them.
    #[inline(never)]
    fn learn(&mut self, mut reader: JsonReader, line: &[u8]) {
        (self.count, self.used) = (0, 0);
        let (mut rest, mut start) = (line, line);
        while !rest.is_empty() && usize::from(reader.depth) < PLACES && reader.raw_place == NOWHERE
        {
            let place = reader.place;
            if reader.is_before_variable(rest) {
                if !self.push(&reader, start, rest, StepKind::Value) {
                    break;
                }
                start = rest;
                while reader.state != JsonState::CommaOrEnd && !rest.is_empty() {
                    if reader.step(&mut rest) == JsonScan::Wrong {
                        break;
                    }
                }
                let value = taken(start, rest);
                if place == NOWHERE && value.len() < MAX_VALUE && self.keep(value) {
                    self.join();
                }
                start = rest;
                continue;
            }
            let kind = match reader.lexeme(&mut rest) {
                JsonScan::Begin if place != NOWHERE => StepKind::Begin,
                JsonScan::End if reader.place != NOWHERE => StepKind::End,
                JsonScan::True if place != NOWHERE => StepKind::True,
                JsonScan::False if place != NOWHERE => StepKind::False,
                JsonScan::TextEnd if matches!(reader.text_end(place), Token::Word(..)) => {
                    StepKind::Word
                }
                JsonScan::Wrong => break,
                _ => continue,
            };
            if reader.half > NO_HALF || !self.push(&reader, start, rest, kind) || reader.is_done() {
                break;
            }
            start = rest;
        }
        let mut next = None;
        for (number, step) in self.steps.iter_mut().enumerate().take(self.count.into()).rev() {
            step.last = next.filter(|_| step.last == JOINED).unwrap_or(number as u8);
            next = Some(step.last);
        }
    }

    /// Adds a step from `start` up to `rest`, where `reader` stands; false: there is no room.
    fn push(&mut self, reader: &JsonReader, start: &[u8], rest: &[u8], kind: StepKind) -> bool {
        let from = self.used;
        let has_room = usize::from(self.count) < MAX_STEPS && self.keep(taken(start, rest));
        if let (true, Some(step)) = (has_room, self.steps.get_mut(usize::from(self.count))) {
            self.count += 1;
            *step = OutlineStep {
                after: reader.position(),
                place: reader.place,
                kind,
                start: from,
                end: self.used,
                last: 0,
                hash: reader.key,
            };
        }
        has_room
    }

    /// Adds bytes; false: there is no room.
    fn keep(&mut self, bytes: &[u8]) -> bool {
        let from = usize::from(self.used);
        let Some(room) = self.bytes.get_mut(from..from + bytes.len()) else { return false };
        for (to, byte) in room.iter_mut().zip(bytes) {
            *to = *byte;
        }
        self.used += bytes.len() as u16;
        true
    }

    /// The value after the last step is kept.
    fn join(&mut self) {
        let last = usize::from(self.count).checked_sub(1);
        if let Some(step) = last.and_then(|last| self.steps.get_mut(last)) {
            step.last = JOINED;
        }
    }
}

impl OutlineStep {
    /// Where the reader stands when it is over, with the value that may follow it.
    #[inline(always)]
    const fn over(&self) -> ReaderState {
        let ReaderState { places, objects, depth, state } = self.after;
        let state =
            if matches!(self.kind, StepKind::Value) { JsonState::CommaOrEnd } else { state };
        ReaderState { places, objects, depth, state }
    }

    const fn token<'t>(&self) -> Option<Token<'t>> {
        let place = self.place;
        Some(match self.kind {
            StepKind::Value => return None,
            StepKind::Begin => Token::Begin(place),
            StepKind::End => Token::End(place),
            StepKind::Word => Token::Word(place, self.hash),
            StepKind::True => Token::Bool(place, true),
            StepKind::False => Token::Bool(place, false),
        })
    }
}

impl JsonReader {
    /// Reads along `outline` as far as `input` follows it, and gives the tokens to `give`; false if that wants
    /// no more.
    #[inline(always)]
    pub(in crate::wire::json_read) fn follow<'i>(
        &mut self,
        outline: &mut Outline,
        input: &mut &'i [u8],
        give: &mut impl FnMut(Token<'i>) -> bool,
    ) -> bool {
        if self.is_fresh() {
            outline.begin(self, input);
        } else {
            let last = outline.next.checked_sub(1).and_then(|last| outline.step(last));
            if last.is_none_or(|last| last.over() != self.position()) {
                return true;
            }
        }
        while let Some((step, rest)) = outline.advance(input) {
            *input = rest;
            if let Some(token) = step.token() {
                self.stand_at(step);
                if !give(token) {
                    return false;
                }
                continue;
            }
            if step.place == NOWHERE
                && let Some(rest) = after_value(rest)
            {
                *input = rest;
                self.stand_at(step);
                self.state = JsonState::CommaOrEnd;
                continue;
            }
            self.stand_at(step);
            if step.place == NOWHERE {
                return true;
            }
            let found = self.wanted(input);
            if !found.is_none_or(&mut *give) || !self.rest(input, give) {
                return false;
            }
            if self.state != JsonState::CommaOrEnd {
                return true;
            }
        }
        true
    }

    /// Takes a key or a word in one go, or a step.
    fn lexeme(&mut self, input: &mut &[u8]) -> JsonScan {
        let is_null = matches!(self.state, JsonState::Value | JsonState::ValueOrEnd);
        if let (true, Some(rest)) = (is_null && self.depth > 0, input.strip_prefix(b"null")) {
            *input = rest;
            self.state = JsonState::CommaOrEnd;
            return JsonScan::Null;
        }
        if let (JsonState::Key | JsonState::KeyOrEnd, [b'"', text @ ..]) = (self.state, *input)
            && let Some((key, rest)) = key(text)
        {
            *input = rest;
            self.place = self.quick_place(self.container(), key);
            self.state = JsonState::Colon;
            return JsonScan::Nothing;
        }
        self.step(input)
    }

    /// Whether `input` begins with a value that may differ from document to document.
    fn is_before_variable(&self, input: &[u8]) -> bool {
        let is_word = || self.node(self.place).is_some_and(|node| node.tag >= HASHED);
        self.depth > 0
            && matches!(self.state, JsonState::Value | JsonState::ValueOrEnd)
            && matches!(input, [b'"' | b'-' | b'0'..=b'9', ..])
            && !is_word()
    }

    #[inline(always)]
    fn position(&self) -> ReaderState {
        let [objects, ..] = self.objects;
        let levels = (1_u32 << self.depth.min(16)) - 1;
        ReaderState {
            places: self.places,
            objects: (objects & levels) as u16,
            depth: self.depth,
            state: self.state,
        }
    }

    #[inline(always)]
    fn stand_at(&mut self, step: &OutlineStep) {
        let ReaderState { places, objects, depth, state } = step.after;
        let [first, ..] = &mut self.objects;
        *first = objects.into();
        (self.places, self.depth, self.state, self.place) = (places, depth, state, step.place);
    }
}

/// What follows the string or number that `input` begins with, if that is easily told.
#[inline(always)]
fn after_value(input: &[u8]) -> Option<&[u8]> {
    match input {
        [b'"', rest @ ..] => {
            let (_, rest) = split_plain(rest);
            rest.strip_prefix(b"\"")
        }
        [b'1'..=b'9', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest.get(digits..).filter(|rest| matches!(rest, [b',' | b'}' | b']', ..]))
        }
        _ => None,
    }
}

const NO_STEP: OutlineStep = OutlineStep {
    after: ReaderState { places: [0; PLACES], objects: 0, depth: 0, state: JsonState::Value },
    place: NOWHERE,
    kind: StepKind::Value,
    start: 0,
    end: 0,
    last: 0,
    hash: 0,
};

/// Together less than a kilobyte.
const MAX_STEPS: usize = 20;
const MAX_BYTES: usize = 448;

/// A longer value is not compared.
const MAX_VALUE: usize = 64;

/// Stands for the last step of those that are compared together while a document is learned.
const JOINED: u8 = u8::MAX;

/// Misses before the first document is learned, since a stream begins with others; twice as many before
/// each that follows without a hit, and so many after a hit.
const FIRST_PATIENCE: u8 = if cfg!(test) { 1 } else { 3 };
const PATIENCE: u8 = 8;
