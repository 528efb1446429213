//! Learns the outline of an event.

use super::{Blank, BlankKind, EventForm, text};
use crate::provider::codec::{Codec, Ignores};
use crate::provider::{Reply, tag};
use crate::wire::json_read::{JsonReader, Scalar};
use crate::wire::scan::plain_length;
use crate::wire::taken;

/// Collects the values of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lesson<'a> {
    /// All of its bytes.
    pub event: &'a [u8],
    /// Those before its document.
    pub head: usize,
    /// The dialect.
    pub codec: &'static Codec,
    /// The state of the reply before it, and after it.
    pub reply: &'a Reply,
    /// The text that it added to the open part.
    pub text: &'a [u8],
    /// Counts are passed to the dialect.
    pub counts: bool,
}

impl EventForm {
    /// Takes the bytes of an event, without its text and the values that differ from those of the event before,
    /// if that had the same form. False: its form cannot be followed.
    pub(super) fn learn(&mut self, lesson: &Lesson<'_>) -> bool {
        let before = Before { form: self.clone(), at: 0, blank: 0, is_same: self.count > 0 };
        (self.used, self.count) = (0, 0);
        let is_learned = self.take(lesson, before).is_some();
        if !is_learned {
            self.count = 0;
        }
        is_learned
    }

    fn take(&mut self, lesson: &Lesson<'_>, mut before: Before) -> Option<()> {
        let mut rest = lesson.event.get(lesson.head..)?;
        let mut reader = JsonReader::new(lesson.codec.places);
        // The bytes that are not kept yet, and those between two values.
        let (mut fixed, mut gap) = (lesson.event, lesson.event);
        let mut has_text = lesson.text.is_empty();
        let (mut needs_number, mut has_number) = (false, false);
        while let Some(scalar) = reader.find_scalar(&mut rest) {
            let start = rest;
            let value = reader.scalar(&mut rest)?;
            let after = start.get(value.len()..)?;
            let differs = before.differs(taken(gap, start), value, scalar.is_text);
            gap = after;
            let (place, tag) = scalar.wanted.unwrap_or((0, tag::OWN));
            let ignores = match scalar.is_wanted_text() {
                true => (lesson.codec.ignores)(lesson.reply, place),
                false => Ignores::Nothing,
            };
            has_number |= tag == tag::INDEX && !scalar.is_text;
            let Some(kind) = blank(&scalar, value, lesson, ignores, differs)? else { continue };
            needs_number |= ignores == Ignores::IfNumbered;
            if kind == BlankKind::Text && core::mem::replace(&mut has_text, true) {
                // Two strings are the same, and one of them may be of no use.
                return None;
            }
            self.keep(taken(fixed, start))?;
            self.push(kind, place)?;
            fixed = after;
        }
        if !has_text || needs_number && !has_number || !rest.is_empty() || !reader.is_done() {
            return None;
        }
        // Anthropic ends its documents with a random number of spaces.
        self.keep(fixed.strip_suffix(b"}")?.trim_ascii_end())?;
        self.push(BlankKind::Spaces, 0)?;
        self.keep(b"}")?;
        self.push(BlankKind::End, 0)
    }

    fn push(&mut self, kind: BlankKind, place: u8) -> Option<()> {
        *self.blanks.get_mut(usize::from(self.count))? = Blank { end: self.used, kind, place };
        self.count += 1;
        Some(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Option<()> {
        let from = usize::from(self.used);
        let room = self.bytes.get_mut(from..from + bytes.len())?;
        for (to, byte) in room.iter_mut().zip(bytes) {
            *to = *byte;
        }
        self.used += bytes.len() as u16;
        Some(())
    }
}

/// The outline of the event before, beside which another is learned.
struct Before {
    form: EventForm,
    at: u16,
    blank: u8,
    is_same: bool,
}

impl Before {
    /// Whether the value after `gap` was another, as far as the two have the same form.
    fn differs(&mut self, gap: &[u8], value: &[u8], is_text: bool) -> bool {
        let EventForm { bytes, blanks, .. } = &self.form;
        let end = blanks.get(usize::from(self.blank)).map_or(0, |blank| blank.end);
        let rest = bytes.get(self.at.into()..end.into()).unwrap_or_default();
        let Some(rest) = rest.strip_prefix(gap).filter(|_| self.is_same) else {
            self.is_same = false;
            return false;
        };
        self.at += gap.len() as u16;
        if rest.is_empty() {
            self.blank += 1;
            return true;
        }
        let length = if is_text { string_length(rest) } else { number_length(rest) };
        self.at += length as u16;
        rest.get(..length) != Some(value)
    }
}

/// The kind of blank that a value leaves, if it leaves one. `None`: the event cannot be followed.
fn blank(
    scalar: &Scalar,
    value: &[u8],
    lesson: &Lesson<'_>,
    ignores: Ignores,
    differs: bool,
) -> Option<Option<BlankKind>> {
    let is_natural =
        matches!(value, [b'1'..=b'9', ..]) && value.iter().all(|byte| byte.is_ascii_digit());
    let is_count = |tag| lesson.counts && matches!(tag, tag::NUMBER | tag::INPUT..=tag::REASONING);
    Some(match scalar.wanted {
        Some((_, tag)) if is_count(tag) => {
            let is_short = is_natural && value.len() <= MAX_DIGITS;
            Some(Some(BlankKind::Number).filter(|_| is_short && !scalar.is_text)?)
        }
        Some(_) if ignores == Ignores::All => Some(BlankKind::String),
        Some(_) if ignores == Ignores::Nothing => {
            let is_text = scalar.is_wanted_text() && !lesson.text.is_empty();
            (is_text && text::is(value, lesson.text)).then_some(BlankKind::Text)
        }
        _ if scalar.is_text => {
            (differs || value.len() > MAX_FIXED_BYTES).then_some(BlankKind::String)
        }
        _ => (differs && is_natural).then_some(BlankKind::Digits),
    })
}

fn string_length(text: &[u8]) -> usize {
    let mut rest = text;
    loop {
        rest = rest.get(plain_length(rest)..).unwrap_or_default();
        match rest {
            [b'\\', _, after @ ..] => rest = after,
            _ => return text.len() - rest.len(),
        }
    }
}

fn number_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ')).count()
}

/// Longer strings are not compared.
const MAX_FIXED_BYTES: usize = 64;

const MAX_DIGITS: usize = 9;
