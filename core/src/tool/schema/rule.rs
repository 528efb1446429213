//! Keywords that look at nothing but the value itself.

use super::eval::Outcome;
use super::keyword::Keyword;
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
pub(super) fn alone(keyword: Keyword, rule: &Rule<'_>) -> Result<Outcome, Error> {
    match keyword {
        Keyword::AtLeast => Ok(rule.holds(size(rule.value) >= rule.limit()?)),
        Keyword::AtMost => Ok(rule.holds(size(rule.value) <= rule.limit()?)),
        Keyword::Unchecked => Ok(rule.unknown()),
        _ => {
            let number = Number::read(rule.value).ok_or(rule.bad())?;
            let limit = Number::read(rule.argument).ok_or(rule.bad())?;
            let order = number.compare(limit);
            Ok(rule.holds(match keyword {
                Keyword::Minimum => order.is_ge(),
                Keyword::Maximum => order.is_le(),
                Keyword::ExclusiveMinimum => order.is_gt(),
                Keyword::ExclusiveMaximum => order.is_lt(),
                _ => match number.is_multiple_of(limit) {
                    Some(is_multiple) => is_multiple,
                    None => return Ok(rule.unknown()),
                },
            }))
        }
    }
}

/// The members, items or characters of a value.
fn size(value: Json<'_>) -> usize {
    match value.kind() {
        JsonKind::String => value.chars().count(),
        JsonKind::Array => value.elements().count(),
        _ => value.members().count(),
    }
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
