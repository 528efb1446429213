//! Which document is learned, and how.

use super::{MAX_STEPS, Outline, OutlineStep, StepKind, after_value};
use crate::wire::json_read::at_hand::key;
use crate::wire::json_read::step::{JsonScan, JsonState};
use crate::wire::json_read::{HASHED, JsonReader, NO_HALF, NOWHERE, PLACES, Token};
use crate::wire::scan::line_length;
use crate::wire::taken;

impl Outline {
    /// Notes bytes of the document, which was read up to their end.
    #[inline(always)]
    pub fn note(&mut self, bytes: &[u8]) {
        if self.records {
            self.record(bytes);
        }
    }

    #[inline(never)]
    fn record(&mut self, bytes: &[u8]) {
        // The end of a line between two lexemes is not the document's own.
        self.records = line_length(bytes) == bytes.len() && self.keep(bytes);
    }

    /// A document begins with `input`, before which `reader` stands.
    pub(super) fn begin(&mut self, reader: &JsonReader, input: &[u8]) {
        if core::mem::take(&mut self.records) {
            let (document, length) = (self.bytes, usize::from(self.used));
            self.learn(reader.clone(), document.get(..length).unwrap_or_default());
        } else if self.next < self.count || self.count == 0 {
            self.misses = self.misses.saturating_add(1);
        } else {
            (self.misses, self.patience) = (0, PATIENCE);
        }
        (self.next, self.left, self.left_end) = (0, 0, 0);
        // The first step of an object is one byte, so that a reader within a step is within a document.
        if self.misses < self.patience || !input.starts_with(b"{") {
            return;
        }
        self.misses = 0;
        // What was learned before was of no use.
        self.patience = self.patience.saturating_mul(if self.count > 0 { 2 } else { 1 });
        let line = input.get(..line_length(input)).unwrap_or_default();
        if line.len() < input.len() {
            self.learn(reader.clone(), line);
        } else {
            (self.count, self.used, self.records) = (0, 0, true);
        }
    }

    /// Takes the steps of a document, while there is room for them.
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
                if let Some(after) = after_value(rest) {
                    rest = after;
                    reader.state = JsonState::CommaOrEnd;
                }
                while reader.state != JsonState::CommaOrEnd && !rest.is_empty() {
                    if reader.step(&mut rest) == JsonScan::Wrong {
                        break;
                    }
                }
                let value = taken(start, rest);
                if place == NOWHERE && value.len() < MAX_VALUE && self.keep(value) {
                    self.join();
                } else {
                    rest = skip_spaces(rest);
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
            rest = skip_spaces(rest);
            start = rest;
        }
        let mut next = None;
        for (number, step) in self.steps.iter_mut().enumerate().take(self.count.into()).rev() {
            let (number, is_joined) = (number as u8, step.last == JOINED);
            let goes_on = is_joined || step.kind != StepKind::Value;
            let (last, run) = next.unwrap_or((number, number));
            step.last = if is_joined { last } else { number };
            step.run = if goes_on { run } else { number };
            next = Some((step.last, step.run));
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
                run: 0,
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

impl JsonReader {
    /// Takes a key or a word in one go, or a step.
    fn lexeme(&mut self, input: &mut &[u8]) -> JsonScan {
        let is_null = matches!(self.state, JsonState::Value | JsonState::ValueOrEnd);
        if let (true, Some(rest)) = (is_null && self.depth > 0, input.strip_prefix(b"null")) {
            *input = rest;
            self.state = JsonState::CommaOrEnd;
            return JsonScan::Null;
        }
        let (rest, state) = match (self.state, *input) {
            (JsonState::Key | JsonState::KeyOrEnd, [b'"', text @ ..]) => {
                let Some((key, rest)) = key(text) else { return self.step(input) };
                self.place = self.quick_place(self.container(), key);
                (rest, JsonState::Colon)
            }
            (JsonState::Colon, [b':', rest @ ..]) => (rest, JsonState::Value),
            (JsonState::CommaOrEnd, [b',', rest @ ..]) if self.in_object() => {
                (rest, JsonState::Key)
            }
            _ => return self.step(input),
        };
        (*input, self.state) = (rest, state);
        JsonScan::Nothing
    }

    /// Whether `input` begins with a value that may differ from document to document.
    fn is_before_variable(&self, input: &[u8]) -> bool {
        let is_word = || self.node(self.place).is_some_and(|node| node.tag >= HASHED);
        self.depth > 0
            && matches!(self.state, JsonState::Value | JsonState::ValueOrEnd)
            && matches!(input, [b'"' | b'-' | b'0'..=b'9', ..])
            && !is_word()
    }
}

/// Spaces before a step may be more or less than in the document that was learned.
pub(super) fn skip_spaces(mut input: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] = input {
        input = rest;
    }
    input
}

/// A longer value is not compared.
const MAX_VALUE: usize = 64;

/// Stands for the last step of those that are compared together while a document is learned.
const JOINED: u8 = u8::MAX;

/// Misses before the first document is learned, since a stream begins with others, and before the second; twice
/// as many before each that follows without a hit, and so many after a hit.
pub(super) const FIRST_PATIENCE: u8 = if cfg!(test) { 1 } else { 2 };
const PATIENCE: u8 = 8;
