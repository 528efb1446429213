//! Repairs of arguments that a model plainly meant otherwise than it wrote them.

use super::rule::is_of_type;
use super::violation::Violation;
use crate::tool::json_text::{Json, JsonKind};

impl Violation<'_> {
    /// As many bytes as [`repaired`](Self::repaired) may want.
    #[must_use]
    pub const fn repaired_bytes_max(&self) -> usize {
        self.checked().len().saturating_add(2)
    }

    /// Writes the checked text to `out`, with the wrong value replaced by the intended one, if that
    /// is unambiguous:
    ///
    /// - a string whose text is exactly one JSON value of a type that the schema asks for becomes that
    ///   value: `"5"` where it asks for an integer, `"{\"a\":1}"` where it asks for an object;
    /// - any other value becomes an array of that one, if the schema asks for an array and nothing else.
    ///
    /// Only violations of the keyword `type` are repaired: alternatives (`anyOf`) have more than one
    /// reading. The text may have other faults: check it again. `None` if there is no repair, or
    /// `out` is too short: see [`repaired_bytes_max`](Self::repaired_bytes_max).
    ///
    /// ```
    /// use zerostack_core::tool::schema::{Schema, Verdict};
    ///
    /// let schema = Schema::new(r#"{"properties":{"line":{"type":"integer"}}}"#)?;
    /// let Verdict::Invalid(found) = schema.check(r#"{"line": "7"}"#)? else { panic!() };
    /// assert_eq!(found.repaired(&mut [0; 32]), Some(r#"{"line": 7}"#));
    /// # Ok::<(), zerostack_core::Error>(())
    /// ```
    pub fn repaired<'b>(&self, out: &'b mut [u8]) -> Option<&'b str> {
        if self.keyword() != "type" {
            return None;
        }
        let wanted = Json::parse(self.expected()).ok()?;
        let found = Json::parse(self.checked()).ok()?.at(self.offset());
        let before = self.checked().get(..self.offset())?;
        let after = self.checked().get(self.offset().checked_add(found.raw().len())?..)?;
        let mut to = Writer { out, length: 0 };
        to.text(before)?;
        let start = to.length;
        if found.kind() == JsonKind::String {
            found.chars().try_for_each(|c| to.text(c.encode_utf8(&mut [0; 4])))?;
            let meant = to.from(start).and_then(|text| Json::parse(text).ok());
            if !meant.is_some_and(|meant| matches!(is_of_type(wanted, meant), Ok(true))) {
                to.length = start;
            }
        }
        if to.length == start {
            // An empty string is not a value, so nothing was taken.
            if !wanted.is_text("array") || found.kind() == JsonKind::Array {
                return None;
            }
            to.text("[")?;
            to.text(found.raw())?;
            to.text("]")?;
        }
        to.text(after)?;
        let Writer { out, length } = to;
        core::str::from_utf8(out.get(..length)?).ok()
    }
}

/// Writes texts one after another.
struct Writer<'b> {
    out: &'b mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) -> Option<()> {
        let end = self.length.checked_add(text.len())?;
        let place = self.out.get_mut(self.length..end)?;
        for (slot, byte) in place.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        self.length = end;
        Some(())
    }

    fn from(&self, start: usize) -> Option<&str> {
        core::str::from_utf8(self.out.get(start..self.length)?).ok()
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    extern crate std;

    use crate::tool::{BadCallPolicy, check_arguments};

    const SCHEMA: &str = r#"{"type":"object","properties":{
        "line":{"type":"integer"},"share":{"type":"number"},"all":{"type":"boolean"},
        "none":{"type":["null","boolean"]},"names":{"type":"array","items":{"type":"string"}},
        "lines":{"type":"array","items":{"type":"integer"}},"at":{"type":"object"},
        "either":{"anyOf":[{"type":"integer"},{"type":"null"}]},"text":{"type":"string"},
        "small":{"type":"integer","maximum":9}}}"#;

    #[test]
    fn obvious_mistakes_are_repaired_and_nothing_else() {
        for (given, expected) in [
            (r#"{"line":"7"}"#, Some(r#"{"line":7}"#)),
            (r#"{"line":" -7\n"}"#, Some("{\"line\": -7\n}")),
            (r#"{"share":"2.5","all":"true"}"#, Some(r#"{"share":2.5,"all":true}"#)),
            (r#"{"none":"null"}"#, Some(r#"{"none":null}"#)),
            (r#"{"names":"a"}"#, Some(r#"{"names":["a"]}"#)),
            (r#"{"names":"[\"a\"]"}"#, Some(r#"{"names":["a"]}"#)),
            // One after the other.
            (r#"{"lines":"7"}"#, Some(r#"{"lines":[7]}"#)),
            (r#"{"lines":["7","8"]}"#, Some(r#"{"lines":[7,8]}"#)),
            (r#"{"at":"{\"x\":1}"}"#, Some(r#"{"at":{"x":1}}"#)),
            (r#""{\"line\":\"7\"}""#, Some(r#"{"line":7}"#)),
            ("", Some("{}")),
            // No value, another type, more than one value, and more than one reading.
            (r#"{"line":"seven"}"#, None),
            (r#"{"line":"7.5"}"#, None),
            (r#"{"line":7.5}"#, None),
            (r#"{"line":""}"#, None),
            (r#"{"line":"7,\"text\":\"x\""}"#, None),
            (r#"{"line":"7}"}"#, None),
            (r#"{"either":"7"}"#, None),
            (r#"{"text":7}"#, None),
            (r#"{"all":1}"#, None),
            (r#"{"at":[]}"#, None),
            // The repaired value has to fit.
            (r#"{"small":"10"}"#, None),
            (r#"{"names":7}"#, None),
            ("{", None),
        ] {
            let found = check_arguments(SCHEMA, given, BadCallPolicy::Repair);
            assert_eq!(found.as_deref().ok(), expected, "{given}");
        }
        // The sentence is about what the model wrote.
        let told = check_arguments(SCHEMA, r#"{"small":"10"}"#, BadCallPolicy::Repair);
        let said = r#"the arguments do not fit: /small: type "integer", found "10""#;
        assert_eq!(told.unwrap_err(), said);
    }

    #[test]
    fn a_buffer_of_every_length_is_enough_or_refused() {
        use crate::tool::schema::{Schema, Verdict};
        let text = r#"{"names":"a"}"#;
        let Ok(Verdict::Invalid(found)) = Schema::new(SCHEMA).unwrap().check(text) else {
            panic!()
        };
        let most = found.repaired_bytes_max();
        for length in 0..most {
            assert_eq!(found.repaired(&mut std::vec![0; length]), None, "{length}");
        }
        assert_eq!(found.repaired(&mut std::vec![0; most]), Some(r#"{"names":["a"]}"#));
    }
}
