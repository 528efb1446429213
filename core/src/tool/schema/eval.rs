//! Applies a schema to a value.

use core::cmp::Ordering;

use super::violation::Found;
use super::{MAX_CHECK_DEPTH, MAX_WORK};
use crate::error::{Error, ErrorKind};
use crate::tool::json_text::{Json, Kind};
use crate::tool::number::Number;

/// What came of applying a schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Valid,
    Invalid(Found),
    /// It hangs on the keyword at this offset of the schema.
    Unknown(usize),
}

impl Outcome {
    /// Both must hold: what is surely wrong wins over what is not known.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid(_), _) => self,
            (_, Self::Invalid(_)) => other,
            (Self::Unknown(_), _) => self,
            _ => other,
        }
    }
}

/// One check: the root of the schema for references, and the work that is left.
pub(super) struct Eval<'a> {
    root: Json<'a>,
    work: u32,
}

/// A keyword with its value, the schema that it stands in, and the value that is checked.
#[derive(Clone, Copy)]
struct Rule<'a> {
    schema: Json<'a>,
    keyword: Json<'a>,
    argument: Json<'a>,
    value: Json<'a>,
    /// Of the schemas within it.
    depth: u32,
}

impl<'a> Rule<'a> {
    /// Valid, or violated by the value.
    fn holds(&self, holds: bool) -> Outcome {
        if holds { Outcome::Valid } else { self.violated(self.value, self.argument) }
    }

    fn violated(&self, value: Json<'_>, expected: Json<'_>) -> Outcome {
        Outcome::Invalid(Found {
            at: value.offset(),
            keyword: self.keyword.offset(),
            expected: expected.offset(),
        })
    }

    fn unknown(&self) -> Outcome {
        Outcome::Unknown(self.keyword.offset())
    }

    fn bad(&self) -> Error {
        bad_schema(self.argument)
    }

    fn limit(&self) -> Result<usize, Error> {
        let number = Number::read(self.argument).ok_or(self.bad())?;
        // A limit beyond all counts is one that nothing reaches.
        let beyond = number.is_integer() && !self.argument.raw().starts_with('-');
        number.as_usize().or(beyond.then_some(usize::MAX)).ok_or(self.bad())
    }

    fn object(&self) -> Result<Json<'a>, Error> {
        (self.argument.kind() == Kind::Object).then_some(self.argument).ok_or(self.bad())
    }

    fn array(&self) -> Result<Json<'a>, Error> {
        (self.argument.kind() == Kind::Array).then_some(self.argument).ok_or(self.bad())
    }

    fn sibling(&self, keyword: &str) -> Option<Json<'a>> {
        self.schema.member(keyword)
    }
}

impl<'a> Eval<'a> {
    pub fn new(root: Json<'a>) -> Self {
        Self { root, work: MAX_WORK }
    }

    /// Applies `schema` to `value`.
    pub fn check(
        &mut self,
        schema: Json<'a>,
        value: Json<'a>,
        depth: u32,
    ) -> Result<Outcome, Error> {
        self.enter(schema, value, depth)?;
        match schema.kind() {
            Kind::Bool(true) => return Ok(Outcome::Valid),
            Kind::Bool(false) => {
                let at = schema.offset();
                return Ok(Outcome::Invalid(Found {
                    at: value.offset(),
                    keyword: at,
                    expected: at,
                }));
            }
            Kind::Object => {}
            _ => return Err(bad_schema(schema)),
        }
        let rule = |(keyword, argument)| {
            let depth = depth.saturating_add(1);
            Rule { schema, keyword, argument, value, depth }
        };
        // The type first: it says best what is wrong.
        if let Some(member) = schema.members().find(|(keyword, _)| keyword.is_text("type")) {
            let outcome = has_type(rule(member))?;
            if outcome != Outcome::Valid {
                return Ok(outcome);
            }
        }
        let mut outcome = Outcome::Valid;
        for member in schema.members() {
            outcome = outcome.and(self.apply(rule(member))?);
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    /// Counts an application or a comparison of two values.
    pub fn enter(&mut self, a: Json<'_>, b: Json<'_>, depth: u32) -> Result<(), Error> {
        if depth > MAX_CHECK_DEPTH {
            return Err(Error::new(ErrorKind::TooDeep, MAX_CHECK_DEPTH));
        }
        self.spend(a.raw().len().saturating_add(b.raw().len()))
    }

    /// Counts `bytes` that are looked through.
    pub fn spend(&mut self, bytes: usize) -> Result<(), Error> {
        let steps = bytes.checked_div(STEP_BYTES).unwrap_or(0).saturating_add(1);
        let left = u32::try_from(steps).ok().and_then(|steps| self.work.checked_sub(steps));
        self.work = left.ok_or(Error::new(ErrorKind::TooMuchWork, MAX_WORK))?;
        Ok(())
    }

    fn apply(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        // A keyword with escapes in it is none of these, or written to be overlooked.
        let Some(keyword) = rule.keyword.as_str() else { return Ok(rule.unknown()) };
        match (keyword, rule.value.kind()) {
            ("enum", _) => self.is_one_of(rule),
            ("const", _) => Ok(rule.holds(self.equal(rule.argument, rule.value, rule.depth)?)),
            ("allOf" | "anyOf" | "oneOf", _) => self.combined(keyword, rule),
            ("not", _) => Ok(match self.check(rule.argument, rule.value, rule.depth)? {
                Outcome::Valid => rule.holds(false),
                Outcome::Invalid(_) => Outcome::Valid,
                unknown => unknown,
            }),
            ("if", _) => self.conditional(rule),
            ("$ref", _) => self.referenced(rule),
            ("$id", _) if rule.schema.offset() != self.root.offset() => Ok(rule.unknown()),

            ("properties", Kind::Object) => self.properties(rule),
            ("required", Kind::Object) => has_all(rule, rule.argument),
            ("additionalProperties", Kind::Object) => self.additional(rule),
            ("propertyNames", Kind::Object) => {
                self.each(rule, rule.value.members().map(|(name, _)| name))
            }
            ("minProperties", Kind::Object) => {
                Ok(rule.holds(rule.value.members().count() >= rule.limit()?))
            }
            ("maxProperties", Kind::Object) => {
                Ok(rule.holds(rule.value.members().count() <= rule.limit()?))
            }
            ("dependentRequired" | "dependentSchemas", Kind::Object) => {
                self.dependent(keyword, rule)
            }

            ("items", Kind::Array) if rule.argument.kind() == Kind::Array => Ok(rule.unknown()),
            ("items", Kind::Array) => {
                let before =
                    rule.sibling("prefixItems").map_or(0, |items| items.elements().count());
                self.each(rule, rule.value.elements().skip(before))
            }
            ("prefixItems", Kind::Array) => {
                let mut outcome = Outcome::Valid;
                for (schema, item) in rule.array()?.elements().zip(rule.value.elements()) {
                    outcome = outcome.and(self.check(schema, item, rule.depth)?);
                }
                Ok(outcome)
            }
            ("minItems", Kind::Array) => {
                Ok(rule.holds(rule.value.elements().count() >= rule.limit()?))
            }
            ("maxItems", Kind::Array) => {
                Ok(rule.holds(rule.value.elements().count() <= rule.limit()?))
            }
            ("uniqueItems", Kind::Array) => self.unique(rule),
            ("contains", Kind::Array) => self.contains(rule),

            ("minLength", Kind::String) => {
                Ok(rule.holds(rule.value.chars().count() >= rule.limit()?))
            }
            ("maxLength", Kind::String) => {
                Ok(rule.holds(rule.value.chars().count() <= rule.limit()?))
            }

            ("minimum", Kind::Number) => in_order(rule, &[Ordering::Greater, Ordering::Equal]),
            ("maximum", Kind::Number) => in_order(rule, &[Ordering::Less, Ordering::Equal]),
            ("exclusiveMinimum", Kind::Number) => in_order(rule, &[Ordering::Greater]),
            ("exclusiveMaximum", Kind::Number) => in_order(rule, &[Ordering::Less]),
            ("multipleOf", Kind::Number) => {
                let number = Number::read(rule.value).ok_or(rule.bad())?;
                let unit = Number::read(rule.argument).ok_or(rule.bad())?;
                Ok(number.is_multiple_of(unit).map_or(rule.unknown(), |is| rule.holds(is)))
            }

            ("pattern", Kind::String)
            | ("patternProperties" | "unevaluatedProperties" | "dependencies", Kind::Object)
            | ("unevaluatedItems" | "additionalItems", Kind::Array)
            | ("$dynamicRef" | "$recursiveRef", _) => Ok(rule.unknown()),
            _ => Ok(Outcome::Valid),
        }
    }

    /// Applies the keyword's schema to each of the values.
    fn each(
        &mut self,
        rule: Rule<'a>,
        values: impl Iterator<Item = Json<'a>>,
    ) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for value in values {
            let one = match rule.argument.kind() {
                // The keyword says more than `false` does.
                Kind::Bool(false) => rule.violated(value, rule.argument),
                _ => self.check(rule.argument, value, rule.depth)?,
            };
            outcome = outcome.and(one);
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    fn is_one_of(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        for choice in rule.array()?.elements() {
            if self.equal(choice, rule.value, rule.depth)? {
                return Ok(Outcome::Valid);
            }
        }
        Ok(rule.holds(false))
    }

    fn combined(&mut self, keyword: &str, rule: Rule<'a>) -> Result<Outcome, Error> {
        let (mut valid, mut all, mut unknown) = (0_usize, Outcome::Valid, None);
        let mut only = None;
        let mut schemas = 0_usize;
        for schema in rule.array()?.elements() {
            let outcome = self.check(schema, rule.value, rule.depth)?;
            schemas = schemas.saturating_add(1);
            match outcome {
                Outcome::Valid => valid = valid.saturating_add(1),
                Outcome::Invalid(_) => only = Some(outcome),
                Outcome::Unknown(_) => unknown = Some(outcome),
            }
            all = all.and(outcome);
        }
        Ok(match keyword {
            "allOf" => all,
            "anyOf" if valid > 0 => Outcome::Valid,
            "oneOf" if valid > 1 => rule.holds(false),
            _ => match unknown {
                Some(unknown) => unknown,
                None if valid == 1 => Outcome::Valid,
                // Of a single alternative, what is wrong with it says more.
                None if schemas == 1 => only.unwrap_or(rule.holds(false)),
                None => rule.holds(false),
            },
        })
    }

    fn conditional(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        let (then, otherwise) = (rule.sibling("then"), rule.sibling("else"));
        let branch = match self.check(rule.argument, rule.value, rule.depth)? {
            Outcome::Valid => then,
            Outcome::Invalid(_) => otherwise,
            unknown if then.is_some() || otherwise.is_some() => return Ok(unknown),
            Outcome::Unknown(_) => None,
        };
        match branch {
            Some(schema) => self.check(schema, rule.value, rule.depth),
            None => Ok(Outcome::Valid),
        }
    }

    /// `#`, or a path from the root of the schema.
    fn referenced(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        let target = rule.argument.as_str().ok_or(rule.bad())?;
        let Some(path) = target.strip_prefix('#') else { return Ok(rule.unknown()) };
        // A name (`$anchor`), or a part with an escape of addresses.
        if !(path.is_empty() || path.starts_with('/')) || path.contains('%') {
            return Ok(rule.unknown());
        }
        let mut schema = self.root;
        for part in path.split(['/']).skip(1) {
            self.spend(schema.raw().len())?;
            let found = match schema.kind() {
                Kind::Array => part.parse().ok().and_then(|at: usize| schema.elements().nth(at)),
                _ => schema.members().find(|(name, _)| is_part(*name, part)).map(|(_, v)| v),
            };
            schema = found.ok_or(rule.bad())?;
        }
        self.check(schema, rule.value, rule.depth)
    }

    fn properties(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        let properties = rule.object()?;
        let mut outcome = Outcome::Valid;
        for (name, value) in rule.value.members() {
            self.spend(properties.raw().len())?;
            if let Some(schema) = property(properties, name) {
                outcome = outcome.and(self.check(schema, value, rule.depth)?);
            }
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    fn additional(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        // Which names it means hangs on patterns, which are not read.
        let mut siblings = rule.schema.members();
        if let Some((keyword, _)) = siblings.find(|(name, _)| name.is_text("patternProperties")) {
            return Ok(Outcome::Unknown(keyword.offset()));
        }
        let properties = rule.sibling("properties");
        self.spend(rule.value.raw().len().saturating_add(rule.schema.raw().len()))?;
        let is_additional =
            |name: Json<'a>| properties.and_then(|known| property(known, name)).is_none();
        let others = rule.value.members().filter(|(name, _)| is_additional(*name));
        self.each(rule, others.map(|(_, value)| value))
    }

    fn dependent(&mut self, keyword: &str, rule: Rule<'a>) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for (name, needs) in rule.object()?.members() {
            self.spend(rule.value.raw().len())?;
            if property(rule.value, name).is_none() {
                continue;
            }
            let one = match keyword {
                "dependentRequired" => has_all(rule, needs)?,
                _ => self.check(needs, rule.value, rule.depth)?,
            };
            outcome = outcome.and(one);
        }
        Ok(outcome)
    }

    fn unique(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        match rule.argument.kind() {
            Kind::Bool(false) => return Ok(Outcome::Valid),
            Kind::Bool(true) => {}
            _ => return Err(rule.bad()),
        }
        for (at, item) in rule.value.elements().enumerate() {
            for earlier in rule.value.elements().take(at) {
                if self.equal(earlier, item, rule.depth)? {
                    return Ok(rule.violated(item, rule.argument));
                }
            }
        }
        Ok(Outcome::Valid)
    }

    fn contains(&mut self, rule: Rule<'a>) -> Result<Outcome, Error> {
        let bound = |keyword| match rule.sibling(keyword) {
            Some(argument) => Rule { argument, ..rule }.limit().map(Some),
            None => Ok(None),
        };
        let least = bound("minContains")?.unwrap_or(1);
        let most = bound("maxContains")?.unwrap_or(usize::MAX);
        let (mut found, mut unknown) = (0_usize, 0_usize);
        let mut outcome = Outcome::Valid;
        for item in rule.value.elements() {
            match self.check(rule.argument, item, rule.depth)? {
                Outcome::Valid => found = found.saturating_add(1),
                Outcome::Invalid(_) => {}
                one => {
                    unknown = unknown.saturating_add(1);
                    outcome = one;
                }
            }
        }
        let possible = found.saturating_add(unknown);
        if found > most || possible < least {
            return Ok(rule.holds(false));
        }
        Ok(if found >= least && possible <= most { Outcome::Valid } else { outcome })
    }
}

fn has_type(rule: Rule<'_>) -> Result<Outcome, Error> {
    let is = |name: Json<'_>| {
        let kind = rule.value.kind();
        match name.as_str() {
            Some("null") => Ok(kind == Kind::Null),
            Some("boolean") => Ok(matches!(kind, Kind::Bool(_))),
            Some("object") => Ok(kind == Kind::Object),
            Some("array") => Ok(kind == Kind::Array),
            Some("string") => Ok(kind == Kind::String),
            Some("number") => Ok(kind == Kind::Number),
            Some("integer") => Ok(Number::read(rule.value).is_some_and(Number::is_integer)),
            _ => Err(bad_schema(name)),
        }
    };
    let mut holds = false;
    match rule.argument.kind() {
        Kind::Array => {
            for name in rule.argument.elements() {
                holds |= is(name)?;
            }
        }
        _ => holds = is(rule.argument)?,
    }
    Ok(rule.holds(holds))
}

/// Whether the object has all the names of the list; the first that is missing is expected.
fn has_all(rule: Rule<'_>, names: Json<'_>) -> Result<Outcome, Error> {
    if names.kind() != Kind::Array {
        return Err(bad_schema(names));
    }
    for name in names.elements() {
        if name.kind() != Kind::String {
            return Err(bad_schema(name));
        }
        if property(rule.value, name).is_none() {
            return Ok(rule.violated(rule.value, name));
        }
    }
    Ok(Outcome::Valid)
}

fn in_order(rule: Rule<'_>, wanted: &[Ordering]) -> Result<Outcome, Error> {
    let limit = Number::read(rule.argument).ok_or(rule.bad())?;
    let number = Number::read(rule.value).ok_or(rule.bad())?;
    Ok(rule.holds(wanted.contains(&number.compare(limit))))
}

/// The member of that name, whatever escapes either is written with.
fn property<'a>(object: Json<'a>, name: Json<'_>) -> Option<Json<'a>> {
    match name.as_str() {
        Some(name) => object.member(name),
        None => object
            .members()
            .filter(|(other, _)| other.chars().eq(name.chars()))
            .last()
            .map(|(_, value)| value),
    }
}

/// Whether a part of a path (`~1` is `/`, `~0` is `~`) means this name.
fn is_part(name: Json<'_>, part: &str) -> bool {
    let mut rest = part.chars();
    let decoded = core::iter::from_fn(|| match rest.next()? {
        '~' => Some(if rest.next() == Some('1') { '/' } else { '~' }),
        c => Some(c),
    });
    name.chars().eq(decoded)
}

fn bad_schema(json: Json<'_>) -> Error {
    Error::new(ErrorKind::BadSchema, u32::try_from(json.offset()).unwrap_or(u32::MAX))
}

const STEP_BYTES: usize = 64;
