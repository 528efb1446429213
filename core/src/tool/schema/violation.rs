//! The fault of a value, and its place.

use crate::error::{Error, ErrorKind};
use crate::tool::json_text::{Json, JsonKind};

/// A place in a value that does not fit the schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation<'a> {
    value: &'a str,
    at: usize,
    keyword: &'a str,
    expected: &'a str,
}

/// A violation by its offsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ViolationAt {
    /// Of the value, in the text that was checked.
    pub at: usize,
    /// Of the keyword, in the schema.
    pub keyword: usize,
    /// Of what the keyword asks for, in the schema.
    pub expected: usize,
}

impl<'a> Violation<'a> {
    pub(super) fn new(schema: Json<'a>, value: Json<'a>, found: ViolationAt) -> Self {
        Self {
            value: value.whole(),
            at: found.at,
            keyword: text_at(schema, found.keyword),
            expected: schema.at(found.expected).raw(),
        }
    }

    /// The keyword of the schema that is violated, such as `required`; `false` for a schema that
    /// nothing fits.
    pub const fn keyword(&self) -> &'a str {
        self.keyword
    }

    /// The requirement of the keyword, as written in the schema; for `required` the missing name,
    /// in quotes.
    pub const fn expected(&self) -> &'a str {
        self.expected
    }

    /// The text that was checked.
    pub(super) const fn checked(&self) -> &'a str {
        self.value
    }

    /// Where the value starts in the checked text.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Writes the path of the value, such as `/edits/0/old`, to `out`; a JSON Pointer, empty for the
    /// whole text.
    ///
    /// # Errors
    /// `Full` when `out` is short; `detail` is the bytes missing.
    pub fn path<'b>(&self, out: &'b mut [u8]) -> Result<&'b str, Error> {
        fill(out, |put| self.each_of_path(put))
    }

    /// Writes a sentence for the model to `out`: the path, the keyword, its requirement and the
    /// value, each cut to [`MAX_SHOWN_CHARS`] characters.
    ///
    /// # Errors
    /// `Full` when `out` is short; `detail` is the bytes missing.
    pub fn message<'b>(&self, out: &'b mut [u8]) -> Result<&'b str, Error> {
        let found = Json::parse(self.value)?.at(self.at).raw();
        fill(out, |put| {
            if self.at_root() {
                put("(root)");
            }
            self.each_of_path(put);
            put(": ");
            put(self.keyword);
            put(" ");
            put_short(self.expected, put);
            put(", found ");
            put_short(found, put);
        })
    }

    fn at_root(&self) -> bool {
        self.value.get(..self.at).is_some_and(|before| before.trim_ascii().is_empty())
    }

    fn each_of_path(&self, put: &mut dyn FnMut(&str)) {
        let Ok(mut node) = Json::parse(self.value) else { return };
        let holds = |json: &Json<'_>| {
            let end = json.offset().saturating_add(json.raw().len());
            (json.offset()..end).contains(&self.at)
        };
        while node.offset() != self.at {
            let next = match node.kind() {
                JsonKind::Object => {
                    let Some((name, value)) = node.members().find(|(_, value)| holds(value)) else {
                        return;
                    };
                    put("/");
                    for c in name.chars() {
                        match c {
                            '~' => put("~0"),
                            '/' => put("~1"),
                            c => put(c.encode_utf8(&mut [0; 4])),
                        }
                    }
                    value
                }
                _ => {
                    let mut elements = node.elements().enumerate();
                    let Some((index, value)) = elements.find(|(_, value)| holds(value)) else {
                        return;
                    };
                    put("/");
                    put_number(index, put);
                    value
                }
            };
            node = next;
        }
    }
}

/// The keyword at an offset of the schema, without its quotes.
pub(super) fn text_at(schema: Json<'_>, offset: usize) -> &str {
    let json = schema.at(offset);
    json.as_str().unwrap_or(json.raw())
}

fn fill(out: &mut [u8], write: impl Fn(&mut dyn FnMut(&str))) -> Result<&str, Error> {
    let mut length = 0_usize;
    let mut slots = out.iter_mut();
    write(&mut |text| {
        length = length.saturating_add(text.len());
        for (byte, slot) in text.bytes().zip(slots.by_ref()) {
            *slot = byte;
        }
    });
    let missing = length.saturating_sub(out.len());
    let full = Error::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX));
    let written = out.get(..length).ok_or(full)?;
    core::str::from_utf8(written).map_err(|_| full)
}

fn put_short(text: &str, put: &mut dyn FnMut(&str)) {
    let mut rest = text.chars();
    for _ in 0..MAX_SHOWN_CHARS {
        rest.next();
    }
    match text.strip_suffix(rest.as_str()) {
        Some(shown) if shown.len() < text.len() => {
            put(shown);
            put("…");
        }
        _ => put(text),
    }
}

fn put_number(number: usize, put: &mut dyn FnMut(&str)) {
    if let Some(tens) = number.checked_div(10).filter(|tens| *tens > 0) {
        put_number(tens, put);
    }
    let digit = number.checked_rem(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    put(char::from(b'0'.saturating_add(digit)).encode_utf8(&mut [0; 4]));
}

/// How much of a value a message shows.
pub const MAX_SHOWN_CHARS: usize = 60;
