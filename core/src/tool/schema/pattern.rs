//! Regular expressions of `pattern`, matched where they stand: nothing is compiled.
//!
//! Only whether there is a match counts, so repetitions try their counts upwards and need no stack
//! for single characters; groups take a level of the stack each time they repeat.

use super::eval::Eval;
use crate::error::Error;
use crate::tool::json_text::{Chars, Json};

/// Whether `pattern` matches anywhere in `text`, both JSON strings; `None` when the pattern is not
/// one that is read here.
pub(super) fn is_match(
    pattern: Json<'_>,
    text: Json<'_>,
    eval: &mut Eval<'_>,
) -> Result<Option<bool>, Error> {
    eval.spend(pattern.raw().len())?;
    if check(pattern.chars()).is_err() {
        return Ok(None);
    }
    let mut matcher = Matcher { eval, depth: 0, is_cut: false };
    let mut at = At { rest: text.chars(), before: None };
    // What starts with `^` in all its alternatives matches at the start or nowhere.
    let anchored = pattern.chars().next() == Some('^') && !pattern.chars().any(|c| c == '|');
    loop {
        matcher.depth = 0;
        match matcher.choice(pattern.chars(), at.clone(), &mut |_, _| Ok(true)) {
            Ok(true) => return Ok(Some(true)),
            Ok(false) if anchored => return Ok((!matcher.is_cut).then_some(false)),
            Ok(false) => {}
            Err(Stop::Unread) => return Ok(None),
            Err(Stop::Work(error)) => return Err(error),
        }
        if at.next().is_none() {
            return Ok((!matcher.is_cut).then_some(false));
        }
    }
}

/// Whether the whole pattern is one that is read here, so that the answer does not hang on how far
/// a text leads into it.
fn check(mut pattern: Chars<'_>) -> Result<(), Stop> {
    let mut depth = 0_u32;
    loop {
        match pattern.clone().next() {
            None if depth == 0 => return Ok(()),
            None => return Err(Stop::Unread),
            Some('|') => {
                pattern.next();
            }
            Some('(') => {
                pattern.next();
                opening(&mut pattern)?;
                depth = depth.saturating_add(1);
            }
            Some(')') => {
                pattern.next();
                depth = depth.checked_sub(1).ok_or(Stop::Unread)?;
                quantifier(&mut pattern)?;
            }
            Some(_) => {
                let atom = atom(&mut pattern)?;
                let counts = quantifier(&mut pattern)?;
                match atom {
                    Some(Atom::One(test)) => {
                        fits(test, ' ')?;
                    }
                    _ if counts != (1, 1) => return Err(Stop::Unread),
                    _ => {}
                }
            }
        }
    }
}

/// A place in the text.
#[derive(Clone)]
struct At<'t> {
    rest: Chars<'t>,
    before: Option<char>,
}

impl At<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.before = Some(c);
        Some(c)
    }

    fn is_end(&self) -> bool {
        self.rest.clone().next().is_none()
    }

    fn is_word_edge(&self) -> bool {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        word(self.before) != word(self.rest.clone().next())
    }
}

/// Why there is no answer.
enum Stop {
    Unread,
    Work(Error),
}

/// What must match behind an expression.
type Then<'k, 't> = &'k mut dyn FnMut(&mut Matcher<'_, '_>, At<'t>) -> Result<bool, Stop>;

struct Matcher<'e, 'a> {
    eval: &'e mut Eval<'a>,
    depth: u32,
    /// A way was not followed to its end, for its depth: that there is no match is not known.
    is_cut: bool,
}

/// One item of an expression, by where it starts.
#[derive(Clone)]
enum Atom<'p> {
    /// A test of one character.
    One(Chars<'p>),
    /// A group, behind its opening.
    Group(Chars<'p>),
    /// `(?=` or `(?!`, behind it, and whether it must match.
    Ahead(Chars<'p>, bool),
    Start,
    End,
    /// `\b`, or `\B`.
    Edge(bool),
}

impl Matcher<'_, '_> {
    /// The alternatives from here to the end of the group.
    fn choice<'t>(
        &mut self,
        mut pattern: Chars<'_>,
        at: At<'t>,
        then: Then<'_, 't>,
    ) -> Result<bool, Stop> {
        loop {
            if self.deeper(pattern.clone(), at.clone(), then)? {
                return Ok(true);
            }
            let start = pattern.remaining_bytes();
            let is_last = !skip_alternative(&mut pattern)?;
            self.spend(start.saturating_sub(pattern.remaining_bytes()))?;
            if is_last {
                return Ok(false);
            }
        }
    }

    /// The rest of an alternative, a level deeper on the stack.
    fn deeper<'t>(
        &mut self,
        pattern: Chars<'_>,
        at: At<'t>,
        then: Then<'_, 't>,
    ) -> Result<bool, Stop> {
        if self.depth >= MAX_PATTERN_DEPTH {
            self.is_cut = true;
            return Ok(false);
        }
        self.depth = self.depth.saturating_add(1);
        let found = self.sequence(pattern, at, then)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(found)
    }

    /// The items from here to the end of the alternative.
    fn sequence<'t>(
        &mut self,
        mut pattern: Chars<'_>,
        mut at: At<'t>,
        then: Then<'_, 't>,
    ) -> Result<bool, Stop> {
        loop {
            let start = pattern.remaining_bytes();
            let Some(atom) = atom(&mut pattern)? else { return then(self, at) };
            let length = start.saturating_sub(pattern.remaining_bytes());
            self.spend(length)?;
            let (least, most) = quantifier(&mut pattern)?;
            let holds = match atom {
                Atom::One(test) => {
                    let test = Repeat { item: test, length, least, most, after: pattern.clone() };
                    match self.repeated(&test, at, then)? {
                        Next::Goes(next) => {
                            at = next;
                            continue;
                        }
                        Next::Matches => return Ok(true),
                        Next::Fails => return Ok(false),
                    }
                }
                Atom::Group(group) => {
                    let repeat = Repeat { item: group, length, least, most, after: pattern };
                    return self.group(&repeat, 0, at, then);
                }
                _ if (least, most) != (1, 1) => return Err(Stop::Unread),
                Atom::Ahead(inner, wanted) => {
                    let found = self.choice(inner, at.clone(), &mut |_, _| Ok(true))?;
                    // Of what is not known the opposite is not known either.
                    if self.is_cut && !found {
                        return Err(Stop::Unread);
                    }
                    found == wanted
                }
                Atom::Start => at.before.is_none(),
                Atom::End => at.is_end(),
                Atom::Edge(wanted) => at.is_word_edge() == wanted,
            };
            if !holds {
                return Ok(false);
            }
        }
    }

    /// A test of one character, as often as it may be.
    fn repeated<'t>(
        &mut self,
        test: &Repeat<'_>,
        mut at: At<'t>,
        then: Then<'_, 't>,
    ) -> Result<Next<'t>, Stop> {
        let mut count = 0_u32;
        // Every way from here would be one level too deep.
        if test.least < test.most && self.depth >= MAX_PATTERN_DEPTH {
            self.is_cut = true;
            return Ok(Next::Fails);
        }
        loop {
            if count == test.most {
                return Ok(Next::Goes(at));
            }
            self.spend(test.length)?;
            if count >= test.least && self.deeper(test.after.clone(), at.clone(), then)? {
                return Ok(Next::Matches);
            }
            match at.next() {
                Some(c) if fits(test.item.clone(), c)? => count = count.saturating_add(1),
                _ => return Ok(Next::Fails),
            }
        }
    }

    /// Counts work: bytes of the expression that are looked through.
    fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.eval.spend(bytes).map_err(Stop::Work)
    }

    /// A group, `count` times before.
    fn group<'t>(
        &mut self,
        repeat: &Repeat<'_>,
        count: u32,
        at: At<'t>,
        then: Then<'_, 't>,
    ) -> Result<bool, Stop> {
        if count >= repeat.least && self.sequence(repeat.after.clone(), at.clone(), then)? {
            return Ok(true);
        }
        if count == repeat.most {
            return Ok(false);
        }
        let left = at.rest.remaining_bytes();
        self.choice(repeat.item.clone(), at, &mut |matcher, next| {
            let count = count.saturating_add(1);
            // Nothing was matched: beyond the least count more of it changes nothing.
            let is_idle = next.rest.remaining_bytes() == left && count >= repeat.least;
            matcher.group(repeat, if is_idle { repeat.most } else { count }, next, then)
        })
    }
}

/// What came of a test that may repeat.
enum Next<'t> {
    /// It took all it may; go on here.
    Goes(At<'t>),
    /// The whole rest matched.
    Matches,
    Fails,
}

/// An item and how often it comes.
struct Repeat<'p> {
    item: Chars<'p>,
    /// Bytes of the item.
    length: usize,
    least: u32,
    most: u32,
    /// What stands behind it.
    after: Chars<'p>,
}

/// Takes the next item; `None` at the end of the alternative.
fn atom<'p>(pattern: &mut Chars<'p>) -> Result<Option<Atom<'p>>, Stop> {
    let start = pattern.clone();
    let atom = match pattern.next() {
        None | Some('|' | ')') => return Ok(None),
        Some('^') => Atom::Start,
        Some('$') => Atom::End,
        Some('(') => return group(pattern).map(Some),
        Some('*' | '+' | '?' | '{') => return Err(Stop::Unread),
        Some('[') => {
            skip_class(pattern)?;
            Atom::One(start)
        }
        Some('\\') => match pattern.clone().next() {
            Some(edge @ ('b' | 'B')) => {
                pattern.next();
                Atom::Edge(edge == 'b')
            }
            _ => {
                escape(pattern)?;
                Atom::One(start)
            }
        },
        Some(_) => Atom::One(start),
    };
    Ok(Some(atom))
}

/// Takes a group whole; `pattern` stands behind its bracket.
fn group<'p>(pattern: &mut Chars<'p>) -> Result<Atom<'p>, Stop> {
    let ahead = opening(pattern)?;
    let inner = pattern.clone();
    while skip_alternative(pattern)? {}
    match pattern.next() {
        Some(')') => {}
        _ => return Err(Stop::Unread),
    }
    Ok(ahead.map_or(Atom::Group(inner.clone()), |wanted| Atom::Ahead(inner, wanted)))
}

/// Takes what follows the bracket of a group; for a look ahead, whether it must match.
fn opening(pattern: &mut Chars<'_>) -> Result<Option<bool>, Stop> {
    if pattern.clone().next() != Some('?') {
        return Ok(None);
    }
    pattern.next();
    match pattern.next() {
        Some(':') => Ok(None),
        Some(kind @ ('=' | '!')) => Ok(Some(kind == '=')),
        // Named groups are groups; lookbehind is not read.
        Some('<') if !matches!(pattern.clone().next(), Some('=' | '!')) => {
            pattern.find(|c| *c == '>').ok_or(Stop::Unread)?;
            Ok(None)
        }
        _ => Err(Stop::Unread),
    }
}

/// Passes over an alternative and its bar; false, and before the bracket, at the end of the group.
fn skip_alternative(pattern: &mut Chars<'_>) -> Result<bool, Stop> {
    let mut depth = 0_u32;
    loop {
        let before = pattern.clone();
        match pattern.next() {
            None if depth == 0 => return Ok(false),
            None => return Err(Stop::Unread),
            Some('|') if depth == 0 => return Ok(true),
            Some('(') => depth = depth.saturating_add(1),
            Some(')') if depth == 0 => {
                *pattern = before;
                return Ok(false);
            }
            Some(')') => depth = depth.saturating_sub(1),
            Some('[') => skip_class(pattern)?,
            Some('\\') => {
                pattern.next().ok_or(Stop::Unread)?;
            }
            Some(_) => {}
        }
    }
}

fn skip_class(pattern: &mut Chars<'_>) -> Result<(), Stop> {
    loop {
        match pattern.next().ok_or(Stop::Unread)? {
            ']' => return Ok(()),
            '\\' => {
                pattern.next().ok_or(Stop::Unread)?;
            }
            _ => {}
        }
    }
}

/// Takes what says how often the item before comes.
fn quantifier(pattern: &mut Chars<'_>) -> Result<(u32, u32), Stop> {
    let counts = match pattern.clone().next() {
        Some('*') => (0, u32::MAX),
        Some('+') => (1, u32::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            pattern.next();
            let least = number(pattern).ok_or(Stop::Unread)?;
            let most = match pattern.next() {
                Some('}') => return Ok(lazy(pattern, (least, least))),
                Some(',') if pattern.clone().next() == Some('}') => u32::MAX,
                Some(',') => number(pattern).ok_or(Stop::Unread)?,
                _ => return Err(Stop::Unread),
            };
            if pattern.clone().next() != Some('}') || most < least {
                return Err(Stop::Unread);
            }
            (least, most)
        }
        _ => return Ok((1, 1)),
    };
    pattern.next();
    Ok(lazy(pattern, counts))
}

/// Lazy or not, the same texts match.
fn lazy(pattern: &mut Chars<'_>, counts: (u32, u32)) -> (u32, u32) {
    if pattern.clone().next() == Some('?') {
        pattern.next();
    }
    counts
}

fn number(pattern: &mut Chars<'_>) -> Option<u32> {
    let mut number = None;
    while let Some(digit) = pattern.clone().next().and_then(|c| c.to_digit(10)) {
        pattern.next();
        number = Some(number.unwrap_or(0_u32).checked_mul(10)?.checked_add(digit)?);
    }
    number
}

/// Whether a character fits the test that starts here.
fn fits(mut test: Chars<'_>, c: char) -> Result<bool, Stop> {
    match test.next() {
        Some('.') => Ok(!matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')),
        Some('\\') => Ok(escape(&mut test)?.has(c)),
        Some('[') => in_class(test, c),
        literal => Ok(literal == Some(c)),
    }
}

fn in_class(mut class: Chars<'_>, c: char) -> Result<bool, Stop> {
    let negated = class.clone().next() == Some('^');
    if negated {
        class.next();
    }
    let mut found = false;
    loop {
        let first = match class.next().ok_or(Stop::Unread)? {
            ']' => return Ok(found != negated),
            '\\' => class_escape(&mut class)?,
            one => Set::One(one),
        };
        let mut ahead = class.clone();
        let is_range = ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']'));
        if !is_range {
            found |= first.has(c);
            continue;
        }
        class.next();
        let last = match class.next().ok_or(Stop::Unread)? {
            '\\' => class_escape(&mut class)?,
            one => Set::One(one),
        };
        match (first, last) {
            (Set::One(first), Set::One(last)) if first <= last => {
                found |= (first..=last).contains(&c);
            }
            _ => return Err(Stop::Unread),
        }
    }
}

/// In a class `\b` is a character.
fn class_escape(class: &mut Chars<'_>) -> Result<Set, Stop> {
    match class.clone().next() {
        Some('b') => {
            class.next();
            Ok(Set::One('\u{8}'))
        }
        _ => escape(class),
    }
}

/// What an escape stands for.
enum Set {
    One(char),
    /// `\d`, `\w`, `\s`, and whether it is the opposite.
    Class(char, bool),
}

impl Set {
    fn has(&self, c: char) -> bool {
        match self {
            Self::One(own) => *own == c,
            Self::Class(class, negated) => {
                let is = match class {
                    'd' => c.is_ascii_digit(),
                    'w' => c.is_ascii_alphanumeric() || c == '_',
                    _ => c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'),
                };
                is != *negated
            }
        }
    }
}

/// Takes an escape; `pattern` stands behind the backslash.
fn escape(pattern: &mut Chars<'_>) -> Result<Set, Stop> {
    let c = match pattern.next().ok_or(Stop::Unread)? {
        class @ ('d' | 'w' | 's') => return Ok(Set::Class(class, false)),
        class @ ('D' | 'W' | 'S') => return Ok(Set::Class(class.to_ascii_lowercase(), true)),
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' if !pattern.clone().next().is_some_and(|c| c.is_ascii_digit()) => '\0',
        'x' => hex(pattern, 2)?,
        'u' if pattern.clone().next() == Some('{') => {
            pattern.next();
            let mut code = 0_u32;
            loop {
                match pattern.next().ok_or(Stop::Unread)? {
                    '}' => break char::from_u32(code).ok_or(Stop::Unread)?,
                    c => {
                        let digit = c.to_digit(16).ok_or(Stop::Unread)?;
                        let shifted = code.checked_mul(16).ok_or(Stop::Unread)?;
                        code = shifted | digit;
                    }
                }
            }
        }
        'u' => hex(pattern, 4)?,
        // Digits would be back references, letters have or may get a meaning.
        c if c.is_alphanumeric() => return Err(Stop::Unread),
        c => c,
    };
    Ok(Set::One(c))
}

fn hex(pattern: &mut Chars<'_>, digits: u32) -> Result<char, Stop> {
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit = pattern.next().and_then(|c| c.to_digit(16)).ok_or(Stop::Unread)?;
        code = code.wrapping_shl(4) | digit;
    }
    char::from_u32(code).ok_or(Stop::Unread)
}

/// How many groups, repetitions of a group and repeated characters may stand open at once.
pub const MAX_PATTERN_DEPTH: u32 = 48;
