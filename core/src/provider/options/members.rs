//! The members of an object that was checked, and the items of an array: a reader of whole JSON
//! would take two kilobytes of flash more.

/// Goes through the members of one JSON object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectMembers<'a> {
    rest: &'a str,
}

/// A name without its quotes, as written, and a value.
pub(crate) type Member<'a> = (&'a str, &'a str);

impl<'a> ObjectMembers<'a> {
    /// Those of `object`, which is one JSON object.
    pub fn of(object: &'a str) -> Self {
        let start = object.bytes().position(|byte| byte == b'{').map_or(object.len(), |at| at + 1);
        Self { rest: object.get(start..).unwrap_or_default() }
    }

    /// Takes the text before the first of two bytes that is outside strings and brackets.
    fn take_until(&mut self, ends: [u8; 2]) -> &'a str {
        let (mut depth, mut in_string, mut is_escaped) = (0_u32, false, false);
        let end = self.rest.bytes().position(|byte| {
            if in_string {
                (in_string, is_escaped) =
                    (byte != b'"' || is_escaped, byte == b'\\' && !is_escaped);
                return false;
            }
            let is_end = depth == 0 && ends.contains(&byte);
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            is_end
        });
        let (taken, rest) =
            self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        self.rest = rest.get(1..).unwrap_or_default();
        taken.trim_ascii()
    }
}

impl<'a> Iterator for ObjectMembers<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let name = self.take_until([b':'; 2]);
        let value = self.take_until(*b",}");
        // The bracket at the end is not a member.
        let last = name.len().checked_sub(1)?;
        name.get(1..last).filter(|_| !value.is_empty()).map(|name| (name, value))
    }
}

/// Iterates over the items of one JSON array; anything else has none.
#[derive(Clone, Debug)]
pub(crate) struct ArrayElements<'a>(ObjectMembers<'a>);

impl<'a> ArrayElements<'a> {
    /// Those of `array`, which is one JSON value.
    pub fn of(array: &'a str) -> Self {
        Self(ObjectMembers { rest: array.strip_prefix('[').unwrap_or_default() })
    }
}

impl<'a> Iterator for ArrayElements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let item = self.0.take_until(*b",]");
        (!item.is_empty()).then_some(item)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn items_are_found_whatever_they_contain() {
        let all = |text| ArrayElements::of(text).collect::<Vec<_>>();
        assert_eq!(all("[ ]"), [""; 0]);
        assert_eq!(all(r#""a""#), [""; 0]);
        assert_eq!(
            all(r#"[1, [2, 3],{"a":[4,"]"]} , "]," ]"#),
            ["1", "[2, 3]", r#"{"a":[4,"]"]}"#, r#""],""#]
        );
    }

    #[test]
    fn members_are_found_whatever_they_contain() {
        let all = |text| ObjectMembers::of(text).collect::<Vec<_>>();
        assert_eq!(all(" { } "), []);
        assert_eq!(all(r#"{"a":1}"#), [("a", "1")]);
        assert_eq!(
            all(r#" {"a" : [1, {"x": "}"}] , "b,:\"{" : "\\", "c": {"d": {}}, "e": null } "#),
            [
                ("a", r#"[1, {"x": "}"}]"#),
                (r#"b,:\"{"#, r#""\\""#),
                ("c", r#"{"d": {}}"#),
                ("e", "null"),
            ]
        );
    }
}
