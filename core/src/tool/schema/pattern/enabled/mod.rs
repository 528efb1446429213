//! Regular expressions of `pattern`, matched where they stand: nothing is compiled.
//!
//! Only whether there is a match counts, so repetitions try their counts upwards and need no stack
//! for single characters; groups take a level of the stack each time they repeat.

mod syntax;

use super::MAX_PATTERN_DEPTH;
use crate::error::Error;
use crate::tool::json_text::{Chars, Json};
use crate::tool::schema::eval::Eval;
use syntax::{Atom, MatchFault, atom, check, fits, quantifier, skip_alternative};

/// Whether `pattern` matches anywhere in `text`, both JSON strings; `None` when the pattern is not
/// one that is read here.
pub(in crate::tool::schema) fn is_match(
    pattern: Json<'_>,
    text: Json<'_>,
    eval: &mut Eval<'_>,
) -> Result<Option<bool>, Error> {
    eval.spend(pattern.raw().len())?;
    if check(pattern.chars()).is_err() {
        return Ok(None);
    }
    let mut matcher = Matcher { eval, depth: 0, is_cut: false };
    let mut at = TextPosition { rest: text.chars(), before: None };
    // A pattern with `^` at the start of all its alternatives matches at the start or nowhere.
    let anchored = pattern.chars().next() == Some('^') && !pattern.chars().any(|c| c == '|');
    loop {
        matcher.depth = 0;
        match matcher.choice(pattern.chars(), at.clone(), &mut |_, _| Ok(true)) {
            Ok(true) => return Ok(Some(true)),
            Ok(false) if anchored => return Ok((!matcher.is_cut).then_some(false)),
            Ok(false) => {}
            Err(MatchFault::Unread) => return Ok(None),
            Err(MatchFault::Work(error)) => return Err(error),
        }
        if at.next().is_none() {
            return Ok((!matcher.is_cut).then_some(false));
        }
    }
}

/// A place in the text.
#[derive(Clone)]
struct TextPosition<'t> {
    rest: Chars<'t>,
    before: Option<char>,
}

impl TextPosition<'_> {
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

/// The part that must match after an expression.
type Continuation<'k, 't> =
    &'k mut dyn FnMut(&mut Matcher<'_, '_>, TextPosition<'t>) -> Result<bool, MatchFault>;

struct Matcher<'e, 'a> {
    eval: &'e mut Eval<'a>,
    depth: u32,
    /// A way was not followed to its end because of its depth: there may be a match.
    is_cut: bool,
}

impl Matcher<'_, '_> {
    /// The alternatives from here to the end of the group.
    fn choice<'t>(
        &mut self,
        mut pattern: Chars<'_>,
        at: TextPosition<'t>,
        then: Continuation<'_, 't>,
    ) -> Result<bool, MatchFault> {
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
        at: TextPosition<'t>,
        then: Continuation<'_, 't>,
    ) -> Result<bool, MatchFault> {
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
        mut at: TextPosition<'t>,
        then: Continuation<'_, 't>,
    ) -> Result<bool, MatchFault> {
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
                _ if (least, most) != (1, 1) => return Err(MatchFault::Unread),
                Atom::Ahead(inner, wanted) => {
                    let found = self.choice(inner, at.clone(), &mut |_, _| Ok(true))?;
                    // The opposite of an unknown outcome is unknown too.
                    if self.is_cut && !found {
                        return Err(MatchFault::Unread);
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
        mut at: TextPosition<'t>,
        then: Continuation<'_, 't>,
    ) -> Result<Next<'t>, MatchFault> {
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
    fn spend(&mut self, bytes: usize) -> Result<(), MatchFault> {
        self.eval.spend(bytes).map_err(MatchFault::Work)
    }

    /// A group, `count` times before.
    fn group<'t>(
        &mut self,
        repeat: &Repeat<'_>,
        count: u32,
        at: TextPosition<'t>,
        then: Continuation<'_, 't>,
    ) -> Result<bool, MatchFault> {
        if count >= repeat.least && self.sequence(repeat.after.clone(), at.clone(), then)? {
            return Ok(true);
        }
        if count == repeat.most {
            return Ok(false);
        }
        let left = at.rest.remaining_bytes();
        self.choice(repeat.item.clone(), at, &mut |matcher, next| {
            let count = count.saturating_add(1);
            // It matched the empty text: above the least count, more of it changes nothing.
            let is_idle = next.rest.remaining_bytes() == left && count >= repeat.least;
            matcher.group(repeat, if is_idle { repeat.most } else { count }, next, then)
        })
    }
}

/// The outcome of a test that may repeat.
enum Next<'t> {
    /// It took all it may; go on here.
    Goes(TextPosition<'t>),
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
    /// The pattern after it.
    after: Chars<'p>,
}
