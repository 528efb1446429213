//! Searches an event that comes in pieces for its end: along the outline, or by its brackets.

use super::{BlankKind, EventForm};
use crate::wire::event_end::EventEnd;
use crate::wire::scan::plain_length;

/// How far an event was searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// The number of its bytes that were searched.
    at: u16,
    /// The place in the bytes of the outline.
    outline_at: u16,
    /// The blank after these.
    blank: u8,
    /// It is next.
    in_blank: bool,
    /// The number that is searched has a digit.
    has_digit: bool,
    /// It does not follow the outline, so it is searched without.
    is_other: bool,
    /// It follows the outline to its end.
    is_whole: bool,
    /// It has escapes, or a number that counts.
    is_mixed: bool,
    /// The start and the end of its text.
    text: (u16, u16),
    end: EventEnd,
}

impl Search {
    pub const START: Self = Self::new(true);

    /// At the beginning of a server-sent event, or of a document.
    pub const fn new(is_named: bool) -> Self {
        let end = EventEnd::new(is_named);
        Self {
            at: 0,
            outline_at: 0,
            blank: 0,
            in_blank: false,
            has_digit: false,
            is_other: false,
            is_whole: false,
            is_mixed: false,
            text: (0, 0),
            end,
        }
    }

    /// The text of `event`, if that was found to follow the outline and has nothing else that counts.
    pub fn text<'e>(&self, event: &'e [u8]) -> Option<&'e [u8]> {
        let (start, end) = self.text;
        let text = event.get(start.into()..end.into())?;
        (self.is_whole && !self.is_mixed && !text.is_empty()).then_some(text)
    }

    /// The length of the event that `bytes` begin with, if all of it is there. It may follow `form`.
    #[inline(always)]
    pub fn find(&mut self, form: Option<&EventForm>, bytes: &[u8]) -> Option<usize> {
        if let Some(form) = form
            && !self.is_other
        {
            match form.follow(self, bytes) {
                Found::End => {
                    self.is_whole = true;
                    return Some(self.at.into());
                }
                Found::Part => return None,
                Found::Other => self.is_other = true,
            }
        }
        self.end.find(bytes)
    }
}

/// How far an event follows the outline, with strings of any content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    End,
    Part,
    Other,
}

impl EventForm {
    #[inline(always)]
    fn follow(&self, search: &mut Search, bytes: &[u8]) -> Found {
        let mut rest = bytes.get(search.at.into()..).unwrap_or_default();
        let found = loop {
            let Some(blank) = self.blanks.get(usize::from(search.blank)) else {
                break Found::Other;
            };
            if !search.in_blank {
                let left = self.bytes.get(search.outline_at.into()..blank.end.into());
                let left = left.unwrap_or_default();
                let count = left.len().min(rest.len());
                let (Some(expected), Some((met, after))) =
                    (left.get(..count), rest.split_at_checked(count))
                else {
                    break Found::Other;
                };
                if met.first() != expected.first() || count > 1 && met != expected {
                    break Found::Other;
                }
                (rest, search.outline_at) = (after, search.outline_at + count as u16);
                if count < left.len() {
                    break Found::Part;
                }
                (search.in_blank, search.has_digit) = (true, false);
                if blank.kind == BlankKind::Text {
                    let start = (bytes.len() - rest.len()) as u16;
                    search.text = (start, start);
                }
            }
            match blank.kind {
                BlankKind::End => break Found::End,
                BlankKind::Text | BlankKind::String => {
                    while let Some(after) = rest.get(plain_length(rest)..) {
                        rest = after;
                        let [b'\\', _, after @ ..] = rest else { break };
                        search.is_mixed = true;
                        rest = after;
                    }
                    if blank.kind == BlankKind::Text {
                        search.text.1 = (bytes.len() - rest.len()) as u16;
                    }
                    match rest {
                        [] | [b'\\'] => break Found::Part,
                        [b'"', ..] => {}
                        _ => break Found::Other,
                    }
                }
                BlankKind::Digits | BlankKind::Number => {
                    search.is_mixed |= blank.kind == BlankKind::Number;
                    while let [digit @ b'0'..=b'9', after @ ..] = rest {
                        if *digit == b'0' && !search.has_digit {
                            break;
                        }
                        (rest, search.has_digit) = (after, true);
                    }
                    if !rest.is_empty() && !search.has_digit {
                        break Found::Other;
                    }
                }
                BlankKind::Spaces => {
                    while let [b' ', after @ ..] = rest {
                        rest = after;
                    }
                }
            }
            if rest.is_empty() {
                break Found::Part;
            }
            (search.blank, search.in_blank) = (search.blank + 1, false);
        };
        search.at = (bytes.len() - rest.len()) as u16;
        found
    }
}
