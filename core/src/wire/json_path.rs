//! Paths to a value in a document: the singular queries of RFC 9535, without escapes.

/// A step from a value to one inside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Segment<'a> {
    /// The member with this name, which needs no escape as a JSON string.
    Key(&'a str),
    /// The element with this index.
    Index(u32),
}

/// Goes through the segments of a path from its beginning, up to one that is malformed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonPath<'a> {
    rest: &'a str,
}

impl<'a> JsonPath<'a> {
    /// That of `text`, the inside of a JSON string such as `$.a[0]['b c']`. `None`: it is no such path.
    pub fn of(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('$')?;
        if rest.bytes().any(|byte| byte == b'\\') {
            return None;
        }
        let mut end = Self { rest };
        while end.next().is_some() {}
        end.rest.is_empty().then_some(Self { rest })
    }
}

impl<'a> Iterator for JsonPath<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let rest = self.rest;
        let (segment, after) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.bytes().position(|byte| matches!(byte, b'.' | b'['));
            let end = Some(end.unwrap_or(name.len())).filter(|end| *end > 0)?;
            let (name, after) = name.split_at_checked(end)?;
            (Segment::Key(name), after)
        } else if let Some(quoted) = rest.strip_prefix("['") {
            let (name, after) = cut(quoted, b'\'')?;
            (Segment::Key(name), after.strip_prefix(']')?)
        } else {
            let (digits, after) = cut(rest.strip_prefix('[')?, b']')?;
            (Segment::Index(index(digits)?), after)
        };
        self.rest = after;
        Some(segment)
    }
}

/// The text before and after the first `byte`. The search of the standard library may link a panic.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|it| it == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The number of an element: digits, without needless zeros.
fn index(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain && is_short)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_path_is_its_segments() {
        let all = |text| JsonPath::of(text).map(Iterator::collect::<Vec<_>>);
        let key = Segment::Key;
        assert_eq!(all("$"), Some([].into()));
        assert_eq!(all("$.é-1"), Some([key("é-1")].into()));
        assert_eq!(
            all("$.a[0][10]['b.c[0]'].d"),
            Some([key("a"), Segment::Index(0), Segment::Index(10), key("b.c[0]"), key("d")].into())
        );
        assert_eq!(all("$['']"), Some([key("")].into()));
        for wrong in [
            "",
            "a",
            ".a",
            "$a",
            "$.",
            "$..a",
            "$.a.",
            "$[",
            "$[]",
            "$[-1]",
            "$[+1]",
            "$[01]",
            "$[*]",
            "$['a",
            "$['a'",
            "$['a']b",
            "$[4294967296]",
            r"$['a\\'b']",
            "$.a\\u0062",
        ] {
            assert_eq!(all(wrong), None, "{wrong}");
        }
    }
}
