//! Keywords that look at nothing but the value itself.

use core::cmp::Ordering;

use super::eval::Outcome;
use super::violation::ViolationAt;
use crate::error::{Error, ErrorKind};
use crate::tool::json_text::{Json, JsonKind};
use crate::tool::number::Number;

/// A keyword with its value, the schema that it is in, and the value that is checked.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    pub schema: Json<'a>,
    pub keyword: Json<'a>,
    pub argument: Json<'a>,
    pub value: Json<'a>,
    /// Of the schemas within it.
    pub depth: u32,
}

impl<'a> Rule<'a> {
    /// Valid, or violated by the value.
    pub fn holds(&self, holds: bool) -> Outcome {
        if holds { Outcome::Valid } else { self.violated(self.value, self.argument) }
    }

    pub fn violated(&self, value: Json<'_>, expected: Json<'_>) -> Outcome {
        Outcome::Invalid(ViolationAt {
            at: value.offset(),
            keyword: self.keyword.offset(),
            expected: expected.offset(),
        })
    }

    pub fn unknown(&self) -> Outcome {
        Outcome::Unknown(self.keyword.offset())
    }

    pub fn bad(&self) -> Error {
        bad_schema(self.argument)
    }

    pub fn limit(&self) -> Result<usize, Error> {
        let number = Number::read(self.argument).ok_or(self.bad())?;
        // No value reaches a limit above all counts.
        let beyond = number.is_integer() && !self.argument.raw().starts_with('-');
        number.as_usize().or(beyond.then_some(usize::MAX)).ok_or(self.bad())
    }

    pub fn object(&self) -> Result<Json<'a>, Error> {
        (self.argument.kind() == JsonKind::Object).then_some(self.argument).ok_or(self.bad())
    }

    pub fn array(&self) -> Result<Json<'a>, Error> {
        (self.argument.kind() == JsonKind::Array).then_some(self.argument).ok_or(self.bad())
    }

    pub fn sibling(&self, keyword: &str) -> Option<Json<'a>> {
        self.schema.member(keyword)
    }
}

/// A keyword that looks at nothing but its value, or one that is not checked.
#[inline(never)]
pub(super) fn alone(keyword: &str, kind: JsonKind, rule: &Rule<'_>) -> Result<Outcome, Error> {
    let value = rule.value;
    match (keyword, kind) {
        ("minProperties", JsonKind::Object) => at_least(rule, value.members().count()),
        ("maxProperties", JsonKind::Object) => at_most(rule, value.members().count()),
        ("minItems", JsonKind::Array) => at_least(rule, value.elements().count()),
        ("maxItems", JsonKind::Array) => at_most(rule, value.elements().count()),
        ("minLength", JsonKind::String) => at_least(rule, value.chars().count()),
        ("maxLength", JsonKind::String) => at_most(rule, value.chars().count()),
        ("minimum", JsonKind::Number) => in_order(rule, &[Ordering::Greater, Ordering::Equal]),
        ("maximum", JsonKind::Number) => in_order(rule, &[Ordering::Less, Ordering::Equal]),
        ("exclusiveMinimum", JsonKind::Number) => in_order(rule, &[Ordering::Greater]),
        ("exclusiveMaximum", JsonKind::Number) => in_order(rule, &[Ordering::Less]),
        ("multipleOf", JsonKind::Number) => {
            let number = Number::read(value).ok_or(rule.bad())?;
            let unit = Number::read(rule.argument).ok_or(rule.bad())?;
            Ok(number.is_multiple_of(unit).map_or(rule.unknown(), |is| rule.holds(is)))
        }
        ("unevaluatedProperties" | "dependencies", JsonKind::Object)
        | ("unevaluatedItems" | "additionalItems", JsonKind::Array)
        | ("$dynamicRef" | "$recursiveRef", _) => Ok(rule.unknown()),
        _ => Ok(Outcome::Valid),
    }
}

fn at_least(rule: &Rule<'_>, count: usize) -> Result<Outcome, Error> {
    Ok(rule.holds(count >= rule.limit()?))
}

fn at_most(rule: &Rule<'_>, count: usize) -> Result<Outcome, Error> {
    Ok(rule.holds(count <= rule.limit()?))
}

#[inline(never)]
pub(super) fn has_type(rule: &Rule<'_>) -> Result<Outcome, Error> {
    Ok(rule.holds(is_of_type(rule.argument, rule.value)?))
}

/// Whether `value` is of a type that `wanted` names: a name, or a list of them.
pub(super) fn is_of_type(wanted: Json<'_>, value: Json<'_>) -> Result<bool, Error> {
    let kind = value.kind();
    let is = |name: Json<'_>| match name.as_str() {
        Some("null") => Ok(kind == JsonKind::Null),
        Some("boolean") => Ok(matches!(kind, JsonKind::Bool(_))),
        Some("object") => Ok(kind == JsonKind::Object),
        Some("array") => Ok(kind == JsonKind::Array),
        Some("string") => Ok(kind == JsonKind::String),
        Some("number") => Ok(kind == JsonKind::Number),
        Some("integer") => Ok(Number::read(value).is_some_and(Number::is_integer)),
        _ => Err(bad_schema(name)),
    };
    let mut holds = false;
    match wanted.kind() {
        JsonKind::Array => {
            for name in wanted.elements() {
                holds |= is(name)?;
            }
        }
        _ => holds = is(wanted)?,
    }
    Ok(holds)
}

fn in_order(rule: &Rule<'_>, wanted: &[Ordering]) -> Result<Outcome, Error> {
    let limit = Number::read(rule.argument).ok_or(rule.bad())?;
    let number = Number::read(rule.value).ok_or(rule.bad())?;
    Ok(rule.holds(wanted.contains(&number.compare(limit))))
}

/// The member of that name, whatever escapes either is written with.
pub(super) fn property<'a>(object: Json<'a>, name: Json<'_>) -> Option<Json<'a>> {
    match name.as_str() {
        Some(name) => object.member(name),
        None => object
            .members()
            .filter(|(other, _)| other.chars().eq(name.chars()))
            .last()
            .map(|(_, value)| value),
    }
}

pub(super) fn bad_schema(json: Json<'_>) -> Error {
    Error::new(ErrorKind::BadSchema, u32::try_from(json.offset()).unwrap_or(u32::MAX))
}
