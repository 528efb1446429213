//! The end of an event of a stream, found without reading the event.
//!
//! An event begins after the document of the one before it. It ends with its document, or with an empty line
//! if it has none, or one that is broken.

use super::scan::{line_length, plain_length, unclosed_length};

/// Whether an event may end within `bytes`: it ends with a bracket or a line. More than a few bytes are not
/// looked at.
#[inline(always)]
pub(crate) fn may_end(bytes: &[u8]) -> bool {
    match bytes {
        [byte] => ENDS.get(usize::from(*byte)).is_some_and(|ends| *ends),
        _ => bytes.len() > FEW_BYTES || unclosed_length(bytes) < bytes.len(),
    }
}

/// How far an event of less than 64 KiB was searched for its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventEnd {
    at: u16,
    place: EventPlace,
    /// Open objects and arrays of the document.
    depth: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EventPlace {
    /// The rest of the line before it, and empty lines.
    Start,
    /// At the start of a line that is not the first.
    NextLine,
    /// In a line that is not data.
    Line,
    /// Between the name of the field and the document.
    Data,
    /// Between two documents of a stream that has no lines with names.
    Between,
    Document,
    /// At the start of a line within it.
    DocumentLine,
    /// In a string of the document.
    Text,
}

impl EventEnd {
    /// Before the first byte of a server-sent event, or of a document with white space before it.
    pub const fn new(is_named: bool) -> Self {
        Self {
            at: 0,
            place: if is_named { EventPlace::Start } else { EventPlace::Between },
            depth: 0,
        }
    }

    /// The length of the event, if all of it is in `bytes`, which begin with it; or of the part before
    /// something that is no document. Call it again with the same bytes and more of them.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let rest = bytes.get(self.at.into()..).unwrap_or_default();
            let byte = *rest.first()?;
            match self.place {
                EventPlace::Start | EventPlace::NextLine if matches!(byte, b'\n' | b'\r') => {
                    self.at += end_of_line(rest)?;
                    if self.place == EventPlace::NextLine {
                        return Some(self.at.into());
                    }
                }
                EventPlace::Start | EventPlace::NextLine => {
                    if rest.starts_with(DATA) {
                        (self.at, self.place) = (self.at + DATA.len() as u16, EventPlace::Data);
                    } else if DATA.starts_with(rest) {
                        return None;
                    } else {
                        self.place = EventPlace::Line;
                    }
                }
                EventPlace::Line => {
                    let length = line_length(rest);
                    self.at += length as u16;
                    self.at += end_of_line(rest.get(length..)?)?;
                    self.place = EventPlace::NextLine;
                }
                EventPlace::Data | EventPlace::Between => match byte {
                    b'{' | b'[' => {
                        (self.at, self.place, self.depth) = (self.at + 1, EventPlace::Document, 1);
                    }
                    b' ' => self.at += 1,
                    b'\n' | b'\r' | b'\t' if self.place == EventPlace::Between => self.at += 1,
                    _ => return Some(self.at.into()),
                },
                EventPlace::DocumentLine => match byte {
                    // An empty line, or another document.
                    b'\n' | b'\r' | b'{' => return Some(self.at.into()),
                    _ => self.place = EventPlace::Document,
                },
                EventPlace::Document => {
                    let length = rest.iter().position(is_met).unwrap_or(rest.len());
                    self.at += length as u16;
                    let rest = rest.get(length..)?;
                    match rest.first()? {
                        b'\n' | b'\r' => {
                            self.at += end_of_line(rest)?;
                            self.place = EventPlace::DocumentLine;
                            continue;
                        }
                        b'"' => self.place = EventPlace::Text,
                        b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                        _ => self.depth -= 1,
                    }
                    self.at += 1;
                    if self.depth == 0 {
                        return Some(self.at.into());
                    }
                }
                EventPlace::Text => {
                    let length = plain_length(rest);
                    self.at += length as u16;
                    match rest.get(length..)? {
                        [b'"', ..] => (self.at, self.place) = (self.at + 1, EventPlace::Document),
                        [] | [b'\\'] => return None,
                        [b'\\', ..] => self.at += 2,
                        // No string has the end of a line.
                        [b'\n' | b'\r', ..] => return Some(self.at.into()),
                        _ => self.at += 1,
                    }
                }
            }
        }
    }
}

/// Whether `byte` is of interest in a document.
const fn is_met(byte: &u8) -> bool {
    matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b'\n' | b'\r')
}

/// The length of the end of a line that `bytes` begins with. `None`: it may be longer than what is at hand.
const fn end_of_line(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [] | [b'\r'] => None,
        [b'\r', b'\n', ..] => Some(2),
        _ => Some(1),
    }
}

const DATA: &[u8] = b"data:";

/// Whether an event may end with a byte. Comparisons of it are branches that a processor cannot predict.
static ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    (ends[b'}' as usize], ends[b']' as usize]) = (true, true);
    (ends[b'\n' as usize], ends[b'\r' as usize]) = (true, true);
    ends
};

/// A search of so many bytes costs less than two.
const FEW_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::EventEnd;

    /// The end of the event in `bytes` given one by one, which is where it is in all of them.
    fn end(bytes: &str, is_named: bool) -> Option<usize> {
        let bytes = bytes.as_bytes();
        let mut slow = EventEnd::new(is_named);
        let found = (0..=bytes.len()).find_map(|length| slow.find(&bytes[..length]));
        assert_eq!(found, EventEnd::new(is_named).find(bytes), "{bytes:?}");
        found
    }

    #[test]
    fn an_event_ends_with_its_document() {
        for (event, rest) in [
            ("\n\ndata: {}", "\n"),
            ("\n\nevent: a\ndata: {\"a\":[\"}\\\"]\"]}", ""),
            ("\r\n\r\nid:1\r\ndata:[{},{}]", "x"),
            ("\n\n: it's {\ndata: [DONE]", " "),
            ("\n\ndata: {\ndata: \"a\":{}}", "\n"),
            // One without a document, at the empty line.
            ("\n\nevent: ping\n\n", "data: {}"),
            ("\n\n:\r\n\r\n", "\n"),
            // A broken document.
            ("\n\ndata: {\"a\":[}\n", "\n"),
            ("\r\n\r\ndata: {\"a\":[}\r\n", "\r\n"),
            ("\n\ndata: {\"a", "\n"),
            // Something else.
            ("\n\ndata: ", "text"),
            ("\n\ndata:", "\n\n"),
        ] {
            let all = [event, rest].concat();
            assert_eq!(end(&all, true), Some(event.len()), "{all}");
            // Anything else than a document is noticed at its first byte.
            if event.ends_with(['}', ']']) || event.ends_with("\n\n") {
                assert_eq!(end(event, true), Some(event.len()), "{event}");
            }
        }
    }

    #[test]
    fn a_part_of_an_event_has_no_end() {
        let event = "\n\nevent: a\ndata: {\"a\\\\\":[1,{}],\"b\":\"\\\"}\"}";
        for length in 0..event.len() {
            assert_eq!(end(&event[..length], true), None, "{}", &event[..length]);
        }
    }

    #[test]
    fn a_line_ends_with_its_document() {
        assert_eq!(end("\n{\"a\":\"{\"}\n{", false), Some(10));
        assert_eq!(end("\n \n{\"a\":{}", false), None);
        assert_eq!(end("\nx", false), Some(1));
        assert_eq!(end("\n{\"a\":[}\n{\"", false), Some(9));
        assert_eq!(end("\n{\n \"a\": 1\n}\n", false), Some(12));
    }
}
