//! What is remembered and followed.

mod learn;
#[cfg(test)]
mod tests;

use crate::wire::json_read::at_hand::split_plain;
use crate::wire::json_read::step::{JsonScan, JsonState};
use crate::wire::json_read::{JsonReader, NOWHERE, PLACES, Token};
use learn::{FIRST_PATIENCE, skip_spaces};

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
    /// The input ended within the next steps: what is left of them in `bytes`. The reader still stands
    /// before them.
    left: u16,
    left_end: u16,
    /// The document that is read is kept in `bytes` as it comes, for it did not come in one piece.
    records: bool,
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
    /// The step before the next value that may differ: up to there a document consists of known bytes
    /// and known tokens.
    run: u8,
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
            left: 0,
            left_end: 0,
            records: false,
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

    /// The step before the next.
    #[inline(always)]
    fn last(&self) -> Option<&OutlineStep> {
        self.step(self.next.checked_sub(1)?)
    }

    /// Whether the input ended within the next steps.
    #[inline(always)]
    const fn is_within(&self) -> bool {
        self.left < self.left_end
    }

    /// The last of the next steps up to a value that may differ, if `input` begins with the bytes of all of
    /// them, and what follows these.
    #[inline(always)]
    fn run<'i>(&self, input: &'i [u8]) -> Option<(u8, &'i [u8])> {
        let first = self.step(self.next)?;
        if first.run == self.next || self.is_within() {
            return None;
        }
        let end = self.step(first.run)?.end;
        let rest = input.strip_prefix(self.bytes.get(first.start.into()..end.into())?)?;
        Some((first.run, rest))
    }

    /// Takes the rest of the next step, or of several, from the front of `input`; returns the last of them.
    #[inline(always)]
    fn advance(&mut self, reader: &mut JsonReader, input: &mut &[u8]) -> Option<&OutlineStep> {
        let first = self.step(self.next)?;
        let number = first.last;
        let end = self.step(number)?.end;
        let start = if self.is_within() { self.left } else { first.start };
        let Some(rest) = input.strip_prefix(self.bytes.get(start.into()..end.into())?) else {
            (self.left, self.left_end) = (start, end);
            if !self.pass(input) {
                return self.part(reader, input);
            }
            *input = &[];
            return None;
        };
        *input = rest;
        self.take(number)
    }

    /// Whether the input ended within the next steps, which go on with all of `input`, and end after it.
    #[inline(always)]
    pub fn pass(&mut self, input: &[u8]) -> bool {
        let left = self.bytes.get(self.left.into()..self.left_end.into()).unwrap_or_default();
        let passes = left.len() > input.len() && left.starts_with(input);
        if passes {
            self.left += input.len() as u16;
        }
        passes
    }

    /// The document follows the steps up to this one.
    #[inline(always)]
    fn take(&mut self, number: u8) -> Option<&OutlineStep> {
        (self.left, self.left_end, self.next) = (0, 0, number + 1);
        self.steps.get(usize::from(number))
    }

    /// Another byte of `input` than of the next steps is a value among them, perhaps, so that from now on
    /// they are compared up to this value.
    #[inline(never)]
    fn part(&mut self, reader: &mut JsonReader, input: &mut &[u8]) -> Option<&OutlineStep> {
        let first = *self.step(self.next)?;
        // Anthropic ends its documents with a random number of spaces.
        if let (true, [b' ', rest @ ..]) = (self.left == first.start, *input) {
            *input = skip_spaces(rest);
            return self.advance(reader, input);
        }
        let left = self.bytes.get(self.left.into()..self.left_end.into())?;
        let same = left.iter().zip(*input).take_while(|(byte, other)| byte == other).count();
        let end = self.left + same as u16;
        let group = self.steps.get(usize::from(self.next)..usize::from(first.last));
        let count = group.unwrap_or_default().iter().take_while(|step| step.end <= end).count();
        let Some(last) = count.checked_sub(1).map(|more| self.next + more as u8) else {
            self.catch_up(reader);
            // Nothing that follows stands where a step begins.
            self.next = 0;
            return None;
        };
        for step in self.steps.get_mut(usize::from(self.next)..=usize::from(last))? {
            step.last = last;
        }
        for step in self.steps.get_mut(..=usize::from(last))? {
            step.run = step.run.min(last);
        }
        if let Some(used) = self.steps.get(usize::from(last))?.end.checked_sub(self.left) {
            *input = input.get(usize::from(used)..).unwrap_or_default();
            return self.take(last);
        }
        // A part of the value was met before.
        self.catch_up(reader);
        self.next = last + 1;
        None
    }

    /// Lets the reader take the bytes of the next steps that were met.
    #[inline(never)]
    fn catch_up(&mut self, reader: &mut JsonReader) {
        let start = self.step(self.next).map_or(0, |step| step.start);
        let end = if self.is_within() { self.left } else { start };
        (self.left, self.left_end) = (0, 0);
        let mut bytes = self.bytes.get(start.into()..end.into()).unwrap_or_default();
        // These are no whole step, so there is no token in them.
        while !bytes.is_empty() && reader.step(&mut bytes) != JsonScan::Wrong {}
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
        } else if !outline.is_within() {
            let position = self.position();
            let Some(last) = outline.last() else { return true };
            let is_value_due =
                last.kind == StepKind::Value && last.after == position && last.place == self.place;
            if is_value_due && !self.value(last, input, give) {
                return false;
            }
            let is_over =
                if is_value_due { self.is_after_value() } else { last.over() == position };
            if !is_over {
                return true;
            }
        }
        loop {
            let step = match outline.run(input) {
                Some((last, rest)) => {
                    if !self.tokens_before(last, outline, input, give) {
                        return false;
                    }
                    *input = rest;
                    outline.take(last)
                }
                None => outline.advance(self, input),
            };
            let Some(step) = step else { return true };
            self.stand_at(step);
            if let Some(token) = step.token() {
                if !give(token) {
                    return false;
                }
                continue;
            }
            if !self.value(step, input, give) {
                return false;
            }
            if !self.is_after_value() {
                return true;
            }
        }
    }

    /// Gives the tokens of the next steps before the step `last`, whose bytes `input` begins with; false if
    /// `give` wants no more: then the reader stands after the last of them.
    #[inline(always)]
    fn tokens_before<'i>(
        &mut self,
        last: u8,
        outline: &mut Outline,
        input: &mut &'i [u8],
        give: &mut impl FnMut(Token<'i>) -> bool,
    ) -> bool {
        let steps = outline.steps.get(outline.next.into()..last.into()).unwrap_or_default();
        let start = steps.first().map_or(0, |step| step.start);
        for (step, number) in steps.iter().zip(outline.next..) {
            if let Some(token) = step.token()
                && !give(token)
            {
                self.stand_at(step);
                *input = input.get(usize::from(step.end - start)..).unwrap_or_default();
                outline.take(number);
                return false;
            }
        }
        true
    }

    const fn is_after_value(&self) -> bool {
        matches!(self.state, JsonState::CommaOrEnd)
    }

    /// Reads the value after `step`; false if `give` wants no more, or no more of it is at hand.
    #[inline(always)]
    fn value<'i>(
        &mut self,
        step: &OutlineStep,
        input: &mut &'i [u8],
        give: &mut impl FnMut(Token<'i>) -> bool,
    ) -> bool {
        if step.place == NOWHERE {
            if let Some(rest) = after_value(input) {
                *input = rest;
                self.state = JsonState::CommaOrEnd;
            }
            return true;
        }
        let found = self.wanted(input);
        found.is_none_or(&mut *give) && self.rest(input, give)
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
    run: 0,
    hash: 0,
};

/// Together less than a kilobyte.
const MAX_STEPS: usize = 20;
const MAX_BYTES: usize = 448;
