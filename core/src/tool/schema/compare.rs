//! Whether two JSON values are the same, as JSON Schema means it.

use super::eval::Eval;
use crate::error::Error;
use crate::tool::json_text::{Json, JsonKind};
use crate::tool::number::Number;
use core::cmp::Ordering;

impl Eval<'_> {
    /// Numbers by their value, strings by their characters, objects without order.
    pub(super) fn equal(&mut self, a: Json<'_>, b: Json<'_>, depth: u32) -> Result<bool, Error> {
        self.enter(a, b, depth)?;
        let depth = depth.saturating_add(1);
        match (a.kind(), b.kind()) {
            (JsonKind::Null, JsonKind::Null) => Ok(true),
            (JsonKind::Bool(a), JsonKind::Bool(b)) => Ok(a == b),
            (JsonKind::Number, JsonKind::Number) => {
                let numbers = Number::read(a).zip(Number::read(b));
                Ok(numbers.is_some_and(|(a, b)| a.compare(b) == Ordering::Equal))
            }
            (JsonKind::String, JsonKind::String) => Ok(a.chars().eq(b.chars())),
            (JsonKind::Array, JsonKind::Array) => {
                let (mut left, mut right) = (a.elements(), b.elements());
                loop {
                    match (left.next(), right.next()) {
                        (None, None) => return Ok(true),
                        (Some(a), Some(b)) if self.equal(a, b, depth)? => {}
                        _ => return Ok(false),
                    }
                }
            }
            (JsonKind::Object, JsonKind::Object) => {
                if a.members().count() != b.members().count() {
                    return Ok(false);
                }
                for (name, value) in a.members() {
                    self.spend(b.raw().len())?;
                    let same = b.members().find(|(other, _)| other.chars().eq(name.chars()));
                    match same {
                        Some((_, other)) if self.equal(value, other, depth)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
