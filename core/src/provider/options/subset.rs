//! Which part of JSON Schema a server takes.
//!
//! Sources: for strict schemas the OpenAI API guide "Structured model outputs", supported schemas;
//! for Gemini the discovery document of its API, `GenerationConfig.responseJsonSchema` (revision
//! 20260529): the server reads a schema with other keywords, and ignores these.

use super::members::{ArrayElements, ObjectMembers};
use crate::wire::hash::hash;

/// A part of JSON Schema.
#[derive(Debug)]
pub(crate) struct Subset {
    /// By their hashes.
    keywords: &'static [u32],
    /// Whether every object has `additionalProperties` false and requires all of its properties.
    pub is_closed: bool,
    /// The most schemas within one another.
    levels: u8,
}

/// What OpenAI and others take in strict mode.
pub(crate) static STRICT: Subset = Subset {
    keywords: &[
        hash(b"type"),
        hash(b"properties"),
        hash(b"required"),
        hash(b"additionalProperties"),
        hash(b"items"),
        hash(b"anyOf"),
        hash(b"$defs"),
        hash(b"definitions"),
        hash(b"description"),
        hash(b"title"),
        hash(b"enum"),
        hash(b"const"),
        hash(b"$ref"),
        hash(b"pattern"),
        hash(b"format"),
        hash(b"minimum"),
        hash(b"maximum"),
        hash(b"exclusiveMinimum"),
        hash(b"exclusiveMaximum"),
        hash(b"multipleOf"),
        hash(b"minItems"),
        hash(b"maxItems"),
    ],
    is_closed: true,
    // OpenAI takes five levels of objects; other schemas between them count here too.
    levels: 10,
};

/// What Gemini holds an answer to, and keywords that only describe.
#[cfg(all(feature = "options", feature = "gemini"))]
pub(crate) static GEMINI: Subset = Subset {
    keywords: &[
        hash(b"type"),
        hash(b"properties"),
        hash(b"required"),
        hash(b"additionalProperties"),
        hash(b"items"),
        hash(b"anyOf"),
        hash(b"oneOf"),
        hash(b"prefixItems"),
        hash(b"$defs"),
        hash(b"description"),
        hash(b"title"),
        hash(b"enum"),
        hash(b"$ref"),
        hash(b"$id"),
        hash(b"$anchor"),
        hash(b"format"),
        hash(b"minimum"),
        hash(b"maximum"),
        hash(b"minItems"),
        hash(b"maxItems"),
        hash(b"propertyOrdering"),
        hash(b"$schema"),
        hash(b"$comment"),
        hash(b"default"),
        hash(b"examples"),
        hash(b"deprecated"),
        hash(b"readOnly"),
        hash(b"writeOnly"),
    ],
    is_closed: false,
    levels: 32,
};

impl Subset {
    /// The first part of `schema`, a slice of it, that is outside: a keyword, a schema that is not an
    /// object or not closed, a property that is not required.
    pub fn first_outside<'a>(&self, schema: &'a str) -> Option<&'a str> {
        self.outside(schema, self.levels)
    }

    fn outside<'a>(&self, schema: &'a str, levels: u8) -> Option<&'a str> {
        let Some(levels) = levels.checked_sub(1) else { return Some(schema) };
        if !schema.starts_with('{') {
            return Some(schema);
        }
        let (mut properties, mut required, mut is_closed) = ("", "", false);
        let (mut is_object, mut has_reference) = (false, false);
        for (name, value) in ObjectMembers::of(schema) {
            let of_members =
                || ObjectMembers::of(value).find_map(|(_, it)| self.outside(it, levels));
            let found = match name {
                _ if !self.keywords.contains(&hash(name.as_bytes())) => Some(name),
                "type" => {
                    is_object |= value == OBJECT || ArrayElements::of(value).any(|it| it == OBJECT);
                    None
                }
                "properties" => {
                    (properties, is_object) = (value, true);
                    of_members()
                }
                "$defs" | "definitions" => of_members(),
                "required" => {
                    required = value;
                    None
                }
                "additionalProperties" if self.is_closed => {
                    is_closed = value == "false";
                    Some(name).filter(|_| !is_closed)
                }
                "additionalProperties" if matches!(value, "true" | "false") => None,
                "items" | "additionalProperties" => self.outside(value, levels),
                "anyOf" | "oneOf" | "prefixItems" => {
                    ArrayElements::of(value).find_map(|it| self.outside(it, levels))
                }
                "$ref" => {
                    has_reference = true;
                    None
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        let mut names = ObjectMembers::of(if self.is_closed { properties } else { schema });
        let is_outside: &dyn Fn(&str) -> bool = match self.is_closed {
            true if !is_object => return None,
            true if !is_closed => return Some(schema),
            true => &|name| !is_in(required, name),
            // Beside a reference, Gemini takes nothing else.
            false if has_reference => &|name| !name.starts_with('$'),
            false => return None,
        };
        names.find(|(name, _)| is_outside(name)).map(|(name, _)| name)
    }
}

/// Whether the array of strings has `name`, as it is written.
fn is_in(array: &str, name: &str) -> bool {
    ArrayElements::of(array)
        .any(|item| item.strip_prefix('"').and_then(|item| item.strip_suffix('"')) == Some(name))
}

const OBJECT: &str = r#""object""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_objects_are_closed_and_require_all() {
        for strict in [
            r#"{"type":"object","properties":{},"additionalProperties":false}"#,
            r#" {"type":"object","properties":{"a":{"type":"string","description":"x"}},
                "required":["a"],"additionalProperties":false}"#
                .trim(),
            r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object",
                "properties":{"b":{"type":["string","null"]}},"required":["b"],
                "additionalProperties":false}}},"required":["a"],"additionalProperties":false}"#,
            r##"{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},
                "required":["a"],"additionalProperties":false,"$defs":{"a":{"type":"integer"}}}"##,
        ] {
            assert_eq!(STRICT.first_outside(strict), None, "{strict}");
        }
        for (loose, part) in [
            (r#"{"type":"object"}"#, r#"{"type":"object"}"#),
            (
                r#"{"type":"object","properties":{"a":{}}}"#,
                r#"{"type":"object","properties":{"a":{}}}"#,
            ),
            (r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, "a"),
            (r#"{"properties":{"a":{}},"required":["b"],"additionalProperties":false}"#, "a"),
            (
                r#"{"properties":{"a":{}},"required":["a"],"additionalProperties":true}"#,
                "additionalProperties",
            ),
            (
                r#"{"properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false}"#,
                r#"{"type":"object"}"#,
            ),
            (
                r#"{"properties":{"a":{"oneOf":[{}]}},"required":["a"],"additionalProperties":false}"#,
                "oneOf",
            ),
            (
                r#"{"properties":{"a":{"items":{"type":["object","null"]}}},"required":["a"],"additionalProperties":false}"#,
                r#"{"type":["object","null"]}"#,
            ),
            (r#"{"items":{"minLength":1}}"#, "minLength"),
        ] {
            assert_eq!(STRICT.first_outside(loose), Some(part), "{loose}");
        }
    }

    #[cfg(all(feature = "options", feature = "gemini"))]
    #[test]
    fn gemini_takes_its_keywords_and_nothing_beside_a_reference() {
        for inside in [
            "{}",
            r#"{"type":["object","null"],"properties":{"a":{"enum":[1]}},"additionalProperties":{"type":"string"}}"#,
            r#"{"type":"object","additionalProperties":true,"default":{}}"#,
            r##"{"$defs":{"a":{"oneOf":[{"type":"null"}]}},"items":{"$ref":"#/$defs/a","$comment":"x"}}"##,
        ] {
            assert_eq!(GEMINI.first_outside(inside), None, "{inside}");
        }
        for (outside, part) in [
            (r#"{"properties":{"a":{"const":1}}}"#, "const"),
            (r#"{"properties":{"const":{"pattern":"a"}}}"#, "pattern"),
            (r#"{"$defs":{"a":{"minLength":1}}}"#, "minLength"),
            (r#"{"anyOf":[{},{"allOf":[]}]}"#, "allOf"),
            (r#"{"additionalProperties":{"not":{}}}"#, "not"),
            (r##"{"items":{"description":"x","$ref":"#"}}"##, "description"),
            (r#"{"items":true}"#, "true"),
            (r#"{"prefixItems":[{"\u0074ype":1}]}"#, r"\u0074ype"),
        ] {
            assert_eq!(GEMINI.first_outside(outside), Some(part), "{outside}");
        }
    }

    #[test]
    fn what_is_too_deep_is_outside() {
        let deep = r#"{"items":{"items":{"items":{"items":{"items":{"items":{"items":{"items":{"items":{"items":{}}}}}}}}}}}"#;
        assert_eq!(STRICT.first_outside(deep), Some("{}"));
    }
}
