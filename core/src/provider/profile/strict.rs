//! Whether a schema fits the strict form of structured outputs.
//!
//! Source: the OpenAI API guide "Structured model outputs", supported schemas: every object has
//! `additionalProperties` false and requires all of its properties, and some keywords are refused.

use crate::provider::options::{ArrayElements, ObjectMembers};

/// Whether a server in strict mode takes `schema`, an object.
pub(super) fn is_strict(schema: &str) -> bool {
    fits(schema, MAX_DEPTH)
}

fn fits(schema: &str, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    if !schema.starts_with('{') {
        return false;
    }
    let (mut properties, mut required, mut is_closed) = (None, "", false);
    let mut is_object = false;
    for (name, value) in ObjectMembers::of(schema) {
        let is_known = match name {
            "type" => {
                is_object |= value == r#""object""#
                    || ArrayElements::of(value).any(|it| it == r#""object""#);
                true
            }
            "properties" => {
                properties = Some(value);
                is_object = true;
                ObjectMembers::of(value).all(|(_, schema)| fits(schema, depth))
            }
            "required" => {
                required = value;
                true
            }
            "additionalProperties" => {
                is_closed = value == "false";
                is_closed
            }
            "items" => fits(value, depth),
            "anyOf" => ArrayElements::of(value).all(|schema| fits(schema, depth)),
            "$defs" | "definitions" => {
                ObjectMembers::of(value).all(|(_, schema)| fits(schema, depth))
            }
            _ => KEYWORDS.contains(&name),
        };
        if !is_known {
            return false;
        }
    }
    let names = ObjectMembers::of(properties.unwrap_or("{}"));
    let is_required = |name: &str| {
        ArrayElements::of(required).any(|item| {
            item.strip_prefix('"').and_then(|item| item.strip_suffix('"')) == Some(name)
        })
    };
    !is_object || is_closed && names.into_iter().all(|(name, _)| is_required(name))
}

/// Further keywords that such a schema may have.
const KEYWORDS: &[&str] = &[
    "description",
    "title",
    "enum",
    "const",
    "$ref",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];

/// OpenAI takes five levels of objects; other schemas between them count here too.
const MAX_DEPTH: u8 = 10;

#[cfg(test)]
mod tests {
    use super::is_strict;

    #[test]
    fn objects_are_closed_and_require_all() {
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
            assert!(is_strict(strict), "{strict}");
        }
        for loose in [
            r#"{"type":"object"}"#,
            r#"{"type":"object","properties":{"a":{}}}"#,
            r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#,
            r#"{"properties":{"a":{}},"required":["b"],"additionalProperties":false}"#,
            r#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":true}"#,
            r#"{"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false}"#,
            r#"{"type":"object","properties":{"a":{"oneOf":[{}]}},"required":["a"],"additionalProperties":false}"#,
            r#"{"type":"object","properties":{"a":{"items":{"type":["object","null"]}}},"required":["a"],"additionalProperties":false}"#,
        ] {
            assert!(!is_strict(loose), "{loose}");
        }
    }
}
