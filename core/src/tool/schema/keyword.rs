//! The keywords that are checked, and the kinds of values that they look at.

use crate::tool::json_text::JsonKind;
use crate::wire::hash::hash;

/// What a keyword asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keyword {
    Enum,
    Const,
    AllOf,
    AnyOf,
    OneOf,
    Not,
    If,
    Ref,
    Id,
    Properties,
    AdditionalProperties,
    PropertyNames,
    PatternProperties,
    DependentRequired,
    DependentSchemas,
    Required,
    Items,
    PrefixItems,
    UniqueItems,
    Contains,
    Pattern,
    /// So many members, items or characters.
    AtLeast,
    AtMost,
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
    MultipleOf,
    /// It could decide, and is not checked.
    Unchecked,
}

impl Keyword {
    /// The keyword of this name, if it looks at values of this kind.
    pub fn of(name: &str, kind: JsonKind) -> Option<Self> {
        let (hash, kind) = (hash(name.as_bytes()), bit(kind));
        let row = ROWS.iter().find(|row| row.hash == hash).filter(|row| row.kinds & kind != 0)?;
        Some(row.keyword)
    }
}

/// The bit of a kind in [`Row::kinds`].
const fn bit(kind: JsonKind) -> u8 {
    match kind {
        JsonKind::Null | JsonKind::Bool(_) => 1,
        JsonKind::Number => 2,
        JsonKind::String => 4,
        JsonKind::Array => 8,
        JsonKind::Object => 16,
    }
}

const ANY: u8 = u8::MAX;
const NUMBER: u8 = bit(JsonKind::Number);
const STRING: u8 = bit(JsonKind::String);
const ARRAY: u8 = bit(JsonKind::Array);
const OBJECT: u8 = bit(JsonKind::Object);

struct Row {
    hash: u32,
    keyword: Keyword,
    kinds: u8,
}

const fn row(name: &str, kinds: u8, keyword: Keyword) -> Row {
    Row { hash: hash(name.as_bytes()), keyword, kinds }
}

static ROWS: [Row; 38] = [
    row("enum", ANY, Keyword::Enum),
    row("const", ANY, Keyword::Const),
    row("allOf", ANY, Keyword::AllOf),
    row("anyOf", ANY, Keyword::AnyOf),
    row("oneOf", ANY, Keyword::OneOf),
    row("not", ANY, Keyword::Not),
    row("if", ANY, Keyword::If),
    row("$ref", ANY, Keyword::Ref),
    row("$id", ANY, Keyword::Id),
    row("properties", OBJECT, Keyword::Properties),
    row("additionalProperties", OBJECT, Keyword::AdditionalProperties),
    row("propertyNames", OBJECT, Keyword::PropertyNames),
    row("patternProperties", OBJECT, Keyword::PatternProperties),
    row("dependentRequired", OBJECT, Keyword::DependentRequired),
    row("dependentSchemas", OBJECT, Keyword::DependentSchemas),
    row("required", OBJECT, Keyword::Required),
    row("items", ARRAY, Keyword::Items),
    row("prefixItems", ARRAY, Keyword::PrefixItems),
    row("uniqueItems", ARRAY, Keyword::UniqueItems),
    row("contains", ARRAY, Keyword::Contains),
    row("pattern", STRING, Keyword::Pattern),
    row("minProperties", OBJECT, Keyword::AtLeast),
    row("maxProperties", OBJECT, Keyword::AtMost),
    row("minItems", ARRAY, Keyword::AtLeast),
    row("maxItems", ARRAY, Keyword::AtMost),
    row("minLength", STRING, Keyword::AtLeast),
    row("maxLength", STRING, Keyword::AtMost),
    row("minimum", NUMBER, Keyword::Minimum),
    row("maximum", NUMBER, Keyword::Maximum),
    row("exclusiveMinimum", NUMBER, Keyword::ExclusiveMinimum),
    row("exclusiveMaximum", NUMBER, Keyword::ExclusiveMaximum),
    row("multipleOf", NUMBER, Keyword::MultipleOf),
    row("unevaluatedProperties", OBJECT, Keyword::Unchecked),
    row("dependencies", OBJECT, Keyword::Unchecked),
    row("unevaluatedItems", ARRAY, Keyword::Unchecked),
    row("additionalItems", ARRAY, Keyword::Unchecked),
    row("$dynamicRef", ANY, Keyword::Unchecked),
    row("$recursiveRef", ANY, Keyword::Unchecked),
];
