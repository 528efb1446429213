//! Applies a schema to a value.

use super::index::Index;
use super::keyword::Keyword;
use super::pattern;
use super::rule::{Rule, alone, bad_schema, has_type};
use super::violation::ViolationAt;
use super::{MAX_CHECK_DEPTH, MAX_WORK};
use crate::error::{Error, ErrorKind};
use crate::tool::json_text::{Json, JsonKind};

/// The outcome of applying a schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Valid,
    Invalid(ViolationAt),
    /// It depends on the keyword at this offset of the schema.
    Unknown(usize),
}

impl Outcome {
    /// Both must hold: a violation wins over an unknown outcome.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid(_), _) => self,
            (_, Self::Invalid(_)) => other,
            (Self::Unknown(_), _) => self,
            _ => other,
        }
    }
}

// The parts that go deeper are kept out of one another's frames: the stack of a level is then that of
// one part, not of all of them.

/// One check: the root of the schema for references, and the work that is left.
pub(super) struct Eval<'a> {
    root: Json<'a>,
    /// Steps that are left, and all that there were.
    work: u32,
    all_work: u32,
    pub index: Index,
}

impl<'a> Eval<'a> {
    /// A check of a value in a text of this many bytes.
    pub fn new(root: Json<'a>, value_bytes: usize) -> Self {
        let bytes = root.whole().len().saturating_add(value_bytes);
        let more = u32::try_from(bytes / (STEP_BYTES / LOOKS)).unwrap_or(u32::MAX);
        let work = MAX_WORK.saturating_add(more);
        Self { root, work, all_work: work, index: Index::new() }
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
            JsonKind::Bool(true) => return Ok(Outcome::Valid),
            JsonKind::Bool(false) => {
                let at = schema.offset();
                return Ok(Outcome::Invalid(ViolationAt {
                    at: value.offset(),
                    keyword: at,
                    expected: at,
                }));
            }
            JsonKind::Object => {}
            _ => return Err(bad_schema(schema)),
        }
        let rule = |(keyword, argument)| {
            let depth = depth.saturating_add(1);
            Rule { schema, keyword, argument, value, depth }
        };
        // The type first: it says best what is wrong.
        if let Some(member) = schema.members().find(|(keyword, _)| keyword.is_text("type")) {
            let outcome = has_type(&rule(member))?;
            if outcome != Outcome::Valid {
                return Ok(outcome);
            }
        }
        let mut outcome = Outcome::Valid;
        for member in schema.members() {
            outcome = outcome.and(self.apply(&rule(member))?);
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
        self.work = left.ok_or(Error::new(ErrorKind::TooMuchWork, self.all_work))?;
        Ok(())
    }

    fn apply(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        // A keyword with escapes in it is unknown, or written to be overlooked.
        let Some(name) = rule.keyword.as_str() else { return Ok(rule.unknown()) };
        let Some(keyword) = Keyword::of(name, rule.value.kind()) else {
            return Ok(Outcome::Valid);
        };
        match keyword {
            Keyword::Enum => self.is_one_of(rule),
            Keyword::Const => Ok(rule.holds(self.equal(rule.argument, rule.value, rule.depth)?)),
            Keyword::AllOf | Keyword::AnyOf | Keyword::OneOf => self.combined(keyword, rule),
            Keyword::Not => Ok(match self.check(rule.argument, rule.value, rule.depth)? {
                Outcome::Valid => rule.holds(false),
                Outcome::Invalid(_) => Outcome::Valid,
                unknown => unknown,
            }),
            Keyword::If => self.conditional(rule),
            Keyword::Ref => self.referenced(rule),
            Keyword::Id if rule.schema.offset() == self.root.offset() => Ok(Outcome::Valid),
            Keyword::Id => Ok(rule.unknown()),
            Keyword::Properties => self.properties(rule),
            Keyword::AdditionalProperties => self.additional(rule),
            Keyword::PropertyNames => self.each(rule, &mut rule.value.members().map(|it| it.0)),
            Keyword::DependentRequired | Keyword::DependentSchemas => self.dependent(keyword, rule),
            Keyword::Items => self.items(rule),
            Keyword::PrefixItems => self.prefix_items(rule),
            Keyword::UniqueItems => self.unique(rule),
            Keyword::Contains => self.contains(rule),
            Keyword::Pattern => self.pattern(rule),
            Keyword::PatternProperties => self.pattern_properties(rule),
            Keyword::Required => self.has_all(rule, rule.argument),
            Keyword::AtLeast
            | Keyword::AtMost
            | Keyword::Minimum
            | Keyword::Maximum
            | Keyword::ExclusiveMinimum
            | Keyword::ExclusiveMaximum
            | Keyword::MultipleOf
            | Keyword::Unchecked => alone(keyword, rule),
        }
    }

    /// Applies the keyword's schema to each of the values.
    #[inline(never)]
    fn each(
        &mut self,
        rule: &Rule<'a>,
        values: &mut dyn Iterator<Item = Json<'a>>,
    ) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for value in values {
            outcome = outcome.and(self.one(rule, value)?);
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    /// Applies the keyword's schema to one value.
    fn one(&mut self, rule: &Rule<'a>, value: Json<'a>) -> Result<Outcome, Error> {
        match rule.argument.kind() {
            // The keyword says more than `false` does.
            JsonKind::Bool(false) => Ok(rule.violated(value, rule.argument)),
            _ => self.check(rule.argument, value, rule.depth),
        }
    }

    #[inline(never)]
    fn items(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        if rule.argument.kind() == JsonKind::Array {
            return Ok(rule.unknown());
        }
        let mut items = rule.value.elements();
        if let Some(prefix) = rule.sibling("prefixItems") {
            // These items have schemas of their own.
            for _ in prefix.elements() {
                items.next();
            }
        }
        self.each(rule, &mut items)
    }

    #[inline(never)]
    fn prefix_items(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for (schema, item) in rule.array()?.elements().zip(rule.value.elements()) {
            outcome = outcome.and(self.check(schema, item, rule.depth)?);
        }
        Ok(outcome)
    }

    #[inline(never)]
    fn is_one_of(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        for choice in rule.array()?.elements() {
            if self.equal(choice, rule.value, rule.depth)? {
                return Ok(Outcome::Valid);
            }
        }
        Ok(rule.holds(false))
    }

    #[inline(never)]
    fn combined(&mut self, keyword: Keyword, rule: &Rule<'a>) -> Result<Outcome, Error> {
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
            Keyword::AllOf => all,
            Keyword::AnyOf if valid > 0 => Outcome::Valid,
            Keyword::OneOf if valid > 1 => rule.holds(false),
            _ => match unknown {
                Some(unknown) => unknown,
                None if valid == 1 => Outcome::Valid,
                // Of a single alternative, its own violation says more.
                None if schemas == 1 => only.unwrap_or(rule.holds(false)),
                None => rule.holds(false),
            },
        })
    }

    #[inline(never)]
    fn conditional(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
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
    #[inline(never)]
    fn referenced(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let target = rule.argument.as_str().ok_or(rule.bad())?;
        let Some(path) = target.strip_prefix('#') else { return Ok(rule.unknown()) };
        // A name (`$anchor`), or a part with an escape of addresses.
        if !(path.is_empty() || path.starts_with('/')) || path.bytes().any(|byte| byte == b'%') {
            return Ok(rule.unknown());
        }
        let (mut schema, mut rest) = (self.root, path);
        while let Some(parts) = rest.strip_prefix('/') {
            let end = parts.bytes().position(|byte| byte == b'/').unwrap_or(parts.len());
            let (part, after) = parts.split_at_checked(end).unwrap_or_default();
            rest = after;
            self.spend(schema.raw().len())?;
            let found = match schema.kind() {
                JsonKind::Array => number_of(part).and_then(|at| schema.elements().nth(at)),
                _ => schema.members().find(|(name, _)| is_part(*name, part)).map(|(_, v)| v),
            };
            schema = found.ok_or(rule.bad())?;
        }
        self.check(schema, rule.value, rule.depth)
    }

    #[inline(never)]
    fn properties(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let properties = rule.object()?;
        let mut outcome = Outcome::Valid;
        for (name, value) in rule.value.members() {
            if let Some(schema) = self.property(properties, name)? {
                outcome = outcome.and(self.check(schema, value, rule.depth)?);
            }
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    #[inline(never)]
    fn pattern(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        if rule.argument.kind() != JsonKind::String {
            return Err(rule.bad());
        }
        let matched = pattern::is_match(rule.argument, rule.value, self)?;
        Ok(matched.map_or(rule.unknown(), |matched| rule.holds(matched)))
    }

    #[inline(never)]
    fn pattern_properties(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for (pattern, schema) in rule.object()?.members() {
            for (name, value) in rule.value.members() {
                let one = match pattern::is_match(pattern, name, self)? {
                    Some(true) => self.check(schema, value, rule.depth)?,
                    Some(false) => Outcome::Valid,
                    None => rule.unknown(),
                };
                outcome = outcome.and(one);
            }
        }
        Ok(outcome)
    }

    #[inline(never)]
    fn additional(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let properties = rule.sibling("properties");
        let mut siblings = rule.schema.members();
        let patterns = siblings.find(|(keyword, _)| keyword.is_text("patternProperties"));
        let mut outcome = Outcome::Valid;
        for (name, value) in rule.value.members() {
            if let Some(known) = properties
                && self.property(known, name)?.is_some()
            {
                continue;
            }
            let mut known = Some(false);
            for (pattern, _) in patterns.into_iter().flat_map(|(_, patterns)| patterns.members()) {
                known = match (known, pattern::is_match(pattern, name, self)?) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                    _ => Some(false),
                };
            }
            let one = match (known, patterns) {
                (Some(true), _) => Outcome::Valid,
                (None, Some((keyword, _))) => Outcome::Unknown(keyword.offset()),
                _ => self.one(rule, value)?,
            };
            outcome = outcome.and(one);
            if matches!(outcome, Outcome::Invalid(_)) {
                break;
            }
        }
        Ok(outcome)
    }

    #[inline(never)]
    fn dependent(&mut self, keyword: Keyword, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let mut outcome = Outcome::Valid;
        for (name, needs) in rule.object()?.members() {
            if self.property(rule.value, name)?.is_none() {
                continue;
            }
            let one = match keyword {
                Keyword::DependentRequired => self.has_all(rule, needs)?,
                _ => self.check(needs, rule.value, rule.depth)?,
            };
            outcome = outcome.and(one);
        }
        Ok(outcome)
    }

    /// Whether the object has all the names of the list; the first that is missing is expected.
    #[inline(never)]
    fn has_all(&mut self, rule: &Rule<'a>, names: Json<'a>) -> Result<Outcome, Error> {
        if names.kind() != JsonKind::Array {
            return Err(bad_schema(names));
        }
        for name in names.elements() {
            if name.kind() != JsonKind::String {
                return Err(bad_schema(name));
            }
            if self.property(rule.value, name)?.is_none() {
                return Ok(rule.violated(rule.value, name));
            }
        }
        Ok(Outcome::Valid)
    }

    #[inline(never)]
    fn contains(&mut self, rule: &Rule<'a>) -> Result<Outcome, Error> {
        let bound = |keyword| match rule.sibling(keyword) {
            Some(argument) => Rule { argument, ..*rule }.limit().map(Some),
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

/// The number of an item in a path.
fn number_of(part: &str) -> Option<usize> {
    part.bytes().try_fold(0_usize, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
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

const STEP_BYTES: usize = 64;

/// How often each byte may be looked at beyond the work that every check has.
const LOOKS: usize = 8;
