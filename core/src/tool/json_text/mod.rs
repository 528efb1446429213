//! JSON in one piece, read in place.
//!
//! [`Json::parse`] checks a whole text once, strictly by RFC 8259 and with whole surrogate pairs;
//! the result is a cursor over borrowed text that can no longer fail. Nothing is copied:
//! strings are decoded character by character when they are read.

mod check;

use core::iter;

use check::Checker;
pub use check::MAX_DEPTH;

use crate::error::Error;

/// One value of a checked text.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

/// The kind of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8259 has no other value")]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number of any length.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'a> Json<'a> {
    /// Checks a whole text: one value with blanks around it.
    ///
    /// # Errors
    /// `BadJson`; `detail` is the offset of the first wrong byte. `TooDeep` for more than
    /// [`MAX_DEPTH`] arrays and objects in one another; `detail` is the depth that is allowed.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let (start, end) = Checker { text }.run()?;
        Ok(Self { text, start, end })
    }

    /// The value that starts at this offset of the same text. The offset must be one of a value.
    pub(super) fn at(self, start: usize) -> Self {
        Self { text: self.text, start, end: value_end(self.text, start) }
    }

    /// The whole text that the value is a part of.
    pub(super) const fn whole(self) -> &'a str {
        self.text
    }

    /// The kind of the value.
    pub fn kind(self) -> JsonKind {
        match self.text.as_bytes().get(self.start) {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't') => JsonKind::Bool(true),
            Some(b'f') => JsonKind::Bool(false),
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }

    /// Where the value starts in the whole text.
    pub const fn offset(self) -> usize {
        self.start
    }

    /// The value as written.
    pub fn raw(self) -> &'a str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The names and values of an object, in the order of the text; nothing for other values.
    pub fn members(self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> + use<'a> {
        let mut rest = Children::new(self, b'{');
        iter::from_fn(move || {
            let name = rest.next()?;
            Some((name, rest.next()?))
        })
    }

    /// The name at this offset of the same text, or after the separator there, and its value.
    /// The offset must be one between two members of this object.
    pub(super) fn member_at(self, start: usize) -> Option<(Json<'a>, Json<'a>)> {
        let mut rest = Children { text: self.text, at: start };
        let name = rest.next()?;
        Some((name, rest.next()?))
    }

    /// The values of an array; nothing for other values.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> + use<'a> {
        Children::new(self, b'[')
    }

    /// The last value of that name in an object.
    pub fn member(self, name: &str) -> Option<Json<'a>> {
        self.members().filter(|(key, _)| key.is_text(name)).last().map(|(_, value)| value)
    }

    /// The characters of a string; nothing for other values.
    pub fn chars(self) -> Chars<'a> {
        let inner = self.raw().strip_prefix('"').and_then(|s| s.strip_suffix('"'));
        Chars { rest: inner.unwrap_or_default() }
    }

    /// A string that is in the text unchanged, without escapes.
    pub fn as_str(self) -> Option<&'a str> {
        let inner = self.raw().strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains('\\')).then_some(inner)
    }

    /// Whether it is a string with this text.
    pub fn is_text(self, text: &str) -> bool {
        match self.as_str() {
            Some(own) => own == text,
            None => self.kind() == JsonKind::String && self.chars().eq(text.chars()),
        }
    }
}

/// The decoded characters of a string.
#[derive(Clone, Debug)]
pub struct Chars<'a> {
    rest: &'a str,
}

impl Chars<'_> {
    /// The remaining bytes, as written.
    #[cfg_attr(
        not(feature = "schema-patterns"),
        allow(dead_code, reason = "only patterns count them")
    )]
    pub(super) const fn remaining_bytes(&self) -> usize {
        self.rest.len()
    }
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        if first != '\\' {
            self.rest = chars.as_str();
            return Some(first);
        }
        let (c, length) = escape(self.rest)?;
        self.rest = self.rest.get(length..).unwrap_or_default();
        Some(c)
    }
}

/// The values in a checked array or object, names among them.
struct Children<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Children<'a> {
    fn new(json: Json<'a>, open: u8) -> Self {
        let is_open = json.text.as_bytes().get(json.start) == Some(&open);
        let at = if is_open { json.start.saturating_add(1) } else { json.text.len() };
        Self { text: json.text, at }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let between = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        let start = self.at.saturating_add(rest.iter().take_while(between).count());
        match self.text.as_bytes().get(start)? {
            b']' | b'}' => {
                self.at = self.text.len();
                None
            }
            _ => {
                let end = value_end(self.text, start);
                self.at = end;
                Some(Json { text: self.text, start, end })
            }
        }
    }
}

/// The end of the value that starts at `start` of a checked text.
fn value_end(text: &str, start: usize) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let mut bytes = (start..).zip(rest);
    let mut depth = 0_usize;
    while let Some((at, b)) = bytes.next() {
        match b {
            b'"' => {
                let mut escaped = false;
                let close = bytes.find(|(_, b)| {
                    let closes = **b == b'"' && !escaped;
                    escaped = **b == b'\\' && !escaped;
                    closes
                });
                if depth == 0 {
                    return close.map_or(text.len(), |(at, _)| at.saturating_add(1));
                }
            }
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' | b'}' if depth == 0 => return at,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at.saturating_add(1);
                }
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' | b':' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// The character of the escape at the front of `rest`, backslash and all, and its length.
fn escape(rest: &str) -> Option<(char, usize)> {
    let c = match rest.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(rest),
        _ => return None,
    };
    Some((c, 2))
}

fn unicode_escape(rest: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = rest.get(from..from.checked_add(4)?)?;
        let all_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        all_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(2)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = rest.get(6..8).filter(|mark| *mark == "\\u").and_then(|_| unit(8))?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let high = first.checked_sub(0xd800)?.checked_mul(0x400)?;
    let c = char::from_u32(high.checked_add(low)?.checked_add(0x1_0000)?)?;
    Some((c, 12))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::error::ErrorKind;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn values_are_walked_in_place() {
        let text = r#" {"a": [1, -2.5e3, "x\"]}"], "b\n": {"c": null}, "d": true, "a": {} } "#;
        let json = Json::parse(text).expect("JSON");
        assert_eq!((json.kind(), json.offset()), (JsonKind::Object, 1));
        let names: Vec<String> = json.members().map(|(name, _)| name.chars().collect()).collect();
        assert_eq!(names, ["a", "b\n", "d", "a"]);
        let (_, first) = json.members().next().expect("a member");
        let raws: Vec<_> = first.elements().map(Json::raw).collect();
        assert_eq!(raws, ["1", "-2.5e3", r#""x\"]}""#]);
        assert_eq!(json.member("a").map(Json::raw), Some("{}"), "the last one");
        assert_eq!(
            json.member("b\n").and_then(|b| b.member("c")).map(Json::kind),
            Some(JsonKind::Null)
        );
        assert_eq!(json.member("d").map(Json::kind), Some(JsonKind::Bool(true)));
        assert_eq!(json.elements().count() + first.members().count(), 0);
        assert_eq!(Json::parse("3.0e0").map(Json::as_usize), Ok(Some(3)));
        assert_eq!(Json::parse(" 7 ").map(Json::raw), Ok("7"));
    }

    #[test]
    fn strings_are_decoded() {
        let text = r#""\"\\\/\b\f\n\r\té\u00e9\uD83D\ude00""#;
        let json = Json::parse(text).expect("JSON");
        let decoded: String = json.chars().collect();
        assert_eq!(decoded, "\"\\/\u{8}\u{c}\n\r\téé😀");
        assert!(json.is_text(&decoded) && !json.is_text("x") && json.as_str().is_none());
    }

    #[test]
    fn invalid_json_is_refused_at_its_fault() {
        let cases = [
            ("", 0),
            (" ", 1),
            ("tru", 3),
            ("truE", 3),
            ("01", 1),
            ("-", 1),
            ("1.", 2),
            ("1e+", 3),
            (".5", 0),
            ("+1", 0),
            ("1 2", 2),
            ("\"a", 2),
            ("\"\n\"", 1),
            (r#""\x""#, 1),
            (r#""\ud800""#, 1),
            (r#""\udc00""#, 1),
            (r#""\ud800\u0041""#, 1),
            (r#""\u00g0""#, 1),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("[1}", 2),
            ("{\"a\":1]", 6),
            ("{a:1}", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("[", 1),
            ("]", 0),
            ("'a'", 0),
            ("\u{feff}1", 0),
        ];
        for (text, at) in cases {
            assert_eq!(
                Json::parse(text).err(),
                Some(Error::new(ErrorKind::BadJson, at)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn depth_is_bounded_at_its_edge() {
        let nested = |depth: u32| {
            let depth = usize::try_from(depth).expect("a count");
            let mut text = "[{\"a\":".repeat(depth / 2);
            text.push_str("[]");
            text.push_str(&"}]".repeat(depth / 2));
            text
        };
        assert!(Json::parse(&nested(MAX_DEPTH - 2)).is_ok());
        let deep = Err(Error::new(ErrorKind::TooDeep, MAX_DEPTH));
        assert_eq!(Json::parse(&nested(MAX_DEPTH)).map(|_| ()), deep);
        assert_eq!(Json::parse(&"[".repeat(100_000)).map(|_| ()), deep);
    }
}
