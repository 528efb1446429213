//! Calls that repeat: the same call, or the same calls of a reply, again and again.

use crate::message::Event;
use crate::transcript::record::{Kind, Record, Records};
use crate::wire::hash::{START, add, hash};

/// How many calls and replies in a row are the same. It is not part of the transcript, so it
/// survives making room.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Runs {
    /// The last call of the last reply, and how many up to it are the same.
    last: u32,
    count: u16,
    /// All calls of that reply, and how many replies up to it have the same.
    reply: u32,
    replies: u16,
    /// The last reported call of the current reply, and the number of calls up to it.
    now: u32,
    now_count: u16,
    /// Its offset if it repeats earlier ones and that is not reported yet, or 0.
    at: u32,
}

impl Runs {
    pub const fn new() -> Self {
        Self { last: 0, count: 0, reply: 0, replies: 0, now: 0, now_count: 0, at: 0 }
    }

    /// A reply begins, perhaps once more.
    pub const fn begin(&mut self) {
        (self.now, self.now_count, self.at) = (self.last, self.count, 0);
    }

    /// The event of the call at `offset` is out; returns whether it has another one.
    pub fn emit_call(&mut self, bytes: &[u8], offset: u32) -> bool {
        if let Some(call) = Record::at(bytes, offset as usize) {
            let this = call_hash(&call);
            self.now_count = if this == self.now { self.now_count.saturating_add(1) } else { 1 };
            self.now = this;
            self.at = if self.now_count >= REPEATING { offset } else { 0 };
        }
        self.at > 0
    }

    /// Whether a reported call repeats earlier ones, which is not reported yet.
    pub const fn is_due(&self) -> bool {
        self.at > 0
    }

    pub fn event<'a>(&mut self, bytes: &'a [u8]) -> Option<Event<'a>> {
        let call = Record::at(bytes, core::mem::take(&mut self.at) as usize)?;
        Some(Event::Repeating { name: call.call().1, count: self.now_count })
    }

    /// The reply at `start` is complete: the longest run that it makes or continues.
    pub fn close(&mut self, bytes: &[u8], start: usize) -> u16 {
        let mut most = 0;
        // A sum: the same calls in another order are the same set.
        let mut all = START;
        for call in Records::from(bytes, start).filter(|record| record.is(Kind::Call)) {
            let this = call_hash(&call);
            self.count = if this == self.last { self.count.saturating_add(1) } else { 1 };
            self.last = this;
            most = most.max(self.count);
            all = all.wrapping_add(mix(START, this, 0));
        }
        self.replies = if all == self.reply { self.replies.saturating_add(1) } else { 1 };
        self.reply = all;
        most.max(self.replies)
    }
}

/// A call as a number: the same for arguments that differ in blanks, escapes or the order of
/// members only.
fn call_hash(call: &Record<'_>) -> u32 {
    let (_, name, arguments) = call.call();
    let mut canon = CanonicalHash { sum: hash(name.as_bytes()), ..CanonicalHash::default() };
    let mut chars = arguments.chars();
    while let Some(char) = chars.next() {
        canon.take(char, &mut chars);
    }
    canon.flush();
    canon.sum
}

/// Adds up the leaves of a JSON value, each with its path, so that the order does not matter.
#[derive(Default)]
struct CanonicalHash {
    sum: u32,
    depth: usize,
    /// Of each container around: its path, and the key or the index of its member.
    around: [(u32, u32); MOST_DEPTH],
    is_string: bool,
    /// The string or other value that was read last.
    value: Option<u32>,
}

impl CanonicalHash {
    fn take(&mut self, char: char, rest: &mut core::str::Chars<'_>) {
        match char {
            '"' => {
                self.is_string = !self.is_string;
                if self.is_string {
                    self.value = Some(add(START, b'"'));
                }
            }
            '\\' if self.is_string => {
                let unit = match rest.next() {
                    Some('u') => {
                        let digits = (0..4).map_while(|_| rest.next()?.to_digit(16));
                        digits.fold(0, |unit, digit| unit << 4 | digit)
                    }
                    Some('n') => 0x0a,
                    Some('t') => 0x09,
                    Some('r') => 0x0d,
                    Some('b') => 0x08,
                    Some('f') => 0x0c,
                    other => other.map_or(0, u32::from),
                };
                self.unit(unit);
            }
            _ if self.is_string => {
                // Escapes name the halves of a pair, so they are what is counted.
                for unit in char.encode_utf16(&mut [0; 2]) {
                    self.unit(u32::from(*unit));
                }
            }
            '{' | '[' => {
                let (path, member) = self.member();
                self.leaf(u32::from(char));
                self.depth += 1;
                if let Some(place) = self.around.get_mut(self.depth) {
                    *place = (mix(path, member, u32::from(char)), 0);
                }
            }
            '}' | ']' => {
                self.flush();
                self.depth = self.depth.saturating_sub(1);
            }
            ',' => {
                self.flush();
                let (path, member) = self.member();
                self.set_member(path, member.wrapping_add(1));
            }
            ':' => {
                let (path, _) = self.member();
                let key = self.value.take().unwrap_or_default();
                self.set_member(path, key);
            }
            _ if char.is_ascii_whitespace() => {}
            _ => self.unit(u32::from(char)),
        }
    }

    fn unit(&mut self, unit: u32) {
        let [low, high, ..] = unit.to_le_bytes();
        self.value = Some(add(add(self.value.unwrap_or(START), low), high));
    }

    fn member(&self) -> (u32, u32) {
        self.around.get(self.depth).copied().unwrap_or_default()
    }

    fn set_member(&mut self, path: u32, member: u32) {
        if let Some(place) = self.around.get_mut(self.depth) {
            *place = (path, member);
        }
    }

    fn flush(&mut self) {
        if let Some(value) = self.value.take() {
            self.leaf(value);
        }
    }

    fn leaf(&mut self, value: u32) {
        let (path, member) = self.member();
        self.sum = self.sum.wrapping_add(mix(path, member, value));
    }
}

fn mix(one: u32, two: u32, three: u32) -> u32 {
    let [one, two, three] = [one.to_le_bytes(), two.to_le_bytes(), three.to_le_bytes()];
    one.into_iter().chain(two).chain(three).fold(START, add)
}

/// This many equal calls in a row are reported.
const REPEATING: u16 = 3;

/// Everything deeper counts as one.
const MOST_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> u32 {
        let mut canon = CanonicalHash::default();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            canon.take(char, &mut chars);
        }
        canon.flush();
        canon.sum
    }

    #[test]
    fn the_same_value_is_the_same_however_it_is_written() {
        for (one, other) in [
            (r#"{"command":"ls"}"#, "{ \"command\" :\n\"ls\" }"),
            (r#"{"path":"a","offset":1}"#, r#"{"offset":1,"path":"a"}"#),
            (r#"{"a":{"b":[1,2],"c":{}}}"#, r#"{"a":{"c":{},"b":[ 1, 2 ]}}"#),
            (r#"{"a":"\u006cs\/ \ud83e\udd80"}"#, r#"{"a":"ls/ 🦀"}"#),
        ] {
            assert_eq!(value(one), value(other), "{one} {other}");
        }
        for (one, other) in [
            (r#"{"a":"b"}"#, r#"{"b":"a"}"#),
            (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#),
            ("[1,2]", "[2,1]"),
            ("[[1],2]", "[[1,2]]"),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":{}}"#, r#"{"a":[]}"#),
            (r#"{"a":"a b"}"#, r#"{"a":"ab"}"#),
        ] {
            assert_ne!(value(one), value(other), "{one} {other}");
        }
    }
}
