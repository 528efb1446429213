//! Checks the arguments of a tool call against the tool's JSON Schema.
//!
//! Both are read in place: nothing is built, nothing is allocated. Draft 2020-12.
//!
//! | checked | |
//! |---|---|
//! | any value | `type` `enum` `const` `allOf` `anyOf` `oneOf` `not` `if` `then` `else` `$ref` within the schema |
//! | objects | `properties` `required` `additionalProperties` `patternProperties` `propertyNames` `minProperties` `maxProperties` `dependentRequired` `dependentSchemas` |
//! | arrays | `items` `prefixItems` `minItems` `maxItems` `uniqueItems` `contains` `minContains` `maxContains` |
//! | strings | `minLength` `maxLength` `pattern` |
//! | numbers | `minimum` `maximum` `exclusiveMinimum` `exclusiveMaximum` `multipleOf` |
//!
//! Not checked are `unevaluatedProperties` `unevaluatedItems`
//! `$dynamicRef` `$recursiveRef` `additionalItems` `dependencies`, `items` as a list, a `$ref` to
//! another document and a `$id` below the root. They are never ignored silently: if the verdict
//! depends on one of them, it is [`Verdict::Unsupported`]. As in the standard, `format` and unknown
//! keywords decide nothing.
//!
//! Patterns are ECMA-262 expressions over Unicode characters, without lookbehind, back references,
//! and classes by property (`\p`); groups may repeat [`MAX_PATTERN_DEPTH`] times. If a pattern goes
//! beyond that, its keyword is reported in the same way, and without the feature `schema-patterns`
//! that of every pattern is.
//!
//! Numbers are compared exactly, digit by digit; lengths count characters.

mod compare;
mod eval;
mod index;
mod keyword;
mod pattern;
mod repair;
mod rule;
mod violation;

pub use pattern::MAX_PATTERN_DEPTH;
pub use violation::{MAX_SHOWN_CHARS, Violation};

use super::json_text::Json;
use crate::error::{Error, ErrorKind};
use eval::{Eval, Outcome};

/// A JSON Schema, as text.
///
/// ```
/// use zerostack_core::tool::schema::{Schema, Verdict};
///
/// let schema = Schema::new(r#"{"type":"object","properties":{"line":{"type":"integer","minimum":1}}}"#)?;
/// assert_eq!(schema.check(r#"{"line": 7}"#)?, Verdict::Valid);
/// let Verdict::Invalid(found) = schema.check(r#"{"line": 0}"#)? else { panic!() };
/// let mut out = [0; 64];
/// assert_eq!(found.message(&mut out)?, "/line: minimum 1, found 0");
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    root: Json<'a>,
}

/// The result of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each verdict")]
pub enum Verdict<'a> {
    /// The value fits the schema.
    Valid,
    /// It does not.
    Invalid(Violation<'a>),
    /// Everything that was checked is valid, but the verdict depends on this keyword, which is not checked.
    Unsupported(&'a str),
}

impl<'a> Schema<'a> {
    /// Takes a schema.
    ///
    /// # Errors
    /// `BadSchema` when it is not JSON; `detail` is the offset of the first wrong byte. `TooDeep`.
    pub fn new(text: &'a str) -> Result<Self, Error> {
        match Json::parse(text) {
            Ok(root) => Ok(Self { root }),
            Err(error) if error.kind() == ErrorKind::BadJson => {
                Err(Error::new(ErrorKind::BadSchema, error.detail()))
            }
            Err(error) => Err(error),
        }
    }

    /// Checks a value, given as JSON text.
    ///
    /// # Errors
    /// `BadJson` if the value is not JSON; `detail` is the offset of the first wrong byte.
    /// `BadSchema` for a keyword whose own value is wrong; `detail` is its offset in the schema.
    /// `TooDeep` if value or schema are deeper than [`MAX_CHECK_DEPTH`]; `detail` is the allowed depth.
    /// `TooMuchWork` after [`MAX_WORK`] steps, and an eighth of a step more for each byte of
    /// schema and value; `detail` is how many these are.
    pub fn check(&self, text: &'a str) -> Result<Verdict<'a>, Error> {
        let instance = Json::parse(text)?;
        let mut eval = Eval::new(self.root, text.len());
        Ok(match eval.check(self.root, instance, 0)? {
            Outcome::Valid => Verdict::Valid,
            Outcome::Invalid(found) => Verdict::Invalid(Violation::new(self.root, instance, found)),
            Outcome::Unknown(keyword) => {
                Verdict::Unsupported(violation::text_at(self.root, keyword))
            }
        })
    }
}

/// How deep schemas are applied within one another, references and alternatives included.
pub const MAX_CHECK_DEPTH: u32 = 48;
/// How much work the check of a small value may take: a step is a comparison, or 64 bytes that are
/// looked through. Of a large value each byte may be looked at eight times beyond that.
pub const MAX_WORK: u32 = 1 << 19;
