//! The parts that expressions are made of.

use crate::error::Error;
use crate::tool::json_text::Chars;

/// Why there is no answer.
pub(super) enum MatchFault {
    Unread,
    Work(Error),
}

/// One item of an expression, by where it starts.
#[derive(Clone)]
pub(super) enum Atom<'p> {
    /// A test of one character.
    One(Chars<'p>),
    /// A group, after its opening.
    Group(Chars<'p>),
    /// `(?=` or `(?!`, after it, and whether it must match.
    Ahead(Chars<'p>, bool),
    Start,
    End,
    /// `\b`, or `\B`.
    Edge(bool),
}

/// Whether the whole pattern is one that is read here, so that the answer does not depend on how far
/// a text leads into it.
pub(super) fn check(mut pattern: Chars<'_>) -> Result<(), MatchFault> {
    let mut depth = 0_u32;
    loop {
        match pattern.clone().next() {
            None if depth == 0 => return Ok(()),
            None => return Err(MatchFault::Unread),
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
                depth = depth.checked_sub(1).ok_or(MatchFault::Unread)?;
                quantifier(&mut pattern)?;
            }
            Some(_) => {
                let atom = atom(&mut pattern)?;
                let counts = quantifier(&mut pattern)?;
                match atom {
                    Some(Atom::One(test)) => {
                        fits(test, ' ')?;
                    }
                    _ if counts != (1, 1) => return Err(MatchFault::Unread),
                    _ => {}
                }
            }
        }
    }
}

/// Takes the next item; `None` at the end of the alternative.
pub(super) fn atom<'p>(pattern: &mut Chars<'p>) -> Result<Option<Atom<'p>>, MatchFault> {
    let start = pattern.clone();
    let atom = match pattern.next() {
        None | Some('|' | ')') => return Ok(None),
        Some('^') => Atom::Start,
        Some('$') => Atom::End,
        Some('(') => return group(pattern).map(Some),
        Some('*' | '+' | '?' | '{') => return Err(MatchFault::Unread),
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

/// Reads a whole group; `pattern` begins after its bracket.
fn group<'p>(pattern: &mut Chars<'p>) -> Result<Atom<'p>, MatchFault> {
    let ahead = opening(pattern)?;
    let inner = pattern.clone();
    while skip_alternative(pattern)? {}
    match pattern.next() {
        Some(')') => {}
        _ => return Err(MatchFault::Unread),
    }
    Ok(ahead.map_or(Atom::Group(inner.clone()), |wanted| Atom::Ahead(inner, wanted)))
}

/// Takes what follows the bracket of a group; for a look ahead, whether it must match.
fn opening(pattern: &mut Chars<'_>) -> Result<Option<bool>, MatchFault> {
    if pattern.clone().next() != Some('?') {
        return Ok(None);
    }
    pattern.next();
    match pattern.next() {
        Some(':') => Ok(None),
        Some(kind @ ('=' | '!')) => Ok(Some(kind == '=')),
        // Named groups are groups; lookbehind is not read.
        Some('<') if !matches!(pattern.clone().next(), Some('=' | '!')) => {
            pattern.find(|c| *c == '>').ok_or(MatchFault::Unread)?;
            Ok(None)
        }
        _ => Err(MatchFault::Unread),
    }
}

/// Skips an alternative and its bar; false, and before the bracket, at the end of the group.
pub(super) fn skip_alternative(pattern: &mut Chars<'_>) -> Result<bool, MatchFault> {
    let mut depth = 0_u32;
    loop {
        let before = pattern.clone();
        match pattern.next() {
            None if depth == 0 => return Ok(false),
            None => return Err(MatchFault::Unread),
            Some('|') if depth == 0 => return Ok(true),
            Some('(') => depth = depth.saturating_add(1),
            Some(')') if depth == 0 => {
                *pattern = before;
                return Ok(false);
            }
            Some(')') => depth = depth.saturating_sub(1),
            Some('[') => skip_class(pattern)?,
            Some('\\') => {
                pattern.next().ok_or(MatchFault::Unread)?;
            }
            Some(_) => {}
        }
    }
}

fn skip_class(pattern: &mut Chars<'_>) -> Result<(), MatchFault> {
    loop {
        match pattern.next().ok_or(MatchFault::Unread)? {
            ']' => return Ok(()),
            '\\' => {
                pattern.next().ok_or(MatchFault::Unread)?;
            }
            _ => {}
        }
    }
}

/// Takes the quantifier of the item before.
pub(super) fn quantifier(pattern: &mut Chars<'_>) -> Result<(u32, u32), MatchFault> {
    let counts = match pattern.clone().next() {
        Some('*') => (0, u32::MAX),
        Some('+') => (1, u32::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            pattern.next();
            let least = number(pattern).ok_or(MatchFault::Unread)?;
            let most = match pattern.next() {
                Some('}') => return Ok(lazy(pattern, (least, least))),
                Some(',') if pattern.clone().next() == Some('}') => u32::MAX,
                Some(',') => number(pattern).ok_or(MatchFault::Unread)?,
                _ => return Err(MatchFault::Unread),
            };
            if pattern.clone().next() != Some('}') || most < least {
                return Err(MatchFault::Unread);
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
pub(super) fn fits(mut test: Chars<'_>, c: char) -> Result<bool, MatchFault> {
    match test.next() {
        Some('.') => Ok(!matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')),
        Some('\\') => Ok(escape(&mut test)?.has(c)),
        Some('[') => in_class(test, c),
        literal => Ok(literal == Some(c)),
    }
}

fn in_class(mut class: Chars<'_>, c: char) -> Result<bool, MatchFault> {
    let negated = class.clone().next() == Some('^');
    if negated {
        class.next();
    }
    let mut found = false;
    loop {
        let first = match class.next().ok_or(MatchFault::Unread)? {
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
        let last = match class.next().ok_or(MatchFault::Unread)? {
            '\\' => class_escape(&mut class)?,
            one => Set::One(one),
        };
        match (first, last) {
            (Set::One(first), Set::One(last)) if first <= last => {
                found |= (first..=last).contains(&c);
            }
            _ => return Err(MatchFault::Unread),
        }
    }
}

/// In a class `\b` is a character.
fn class_escape(class: &mut Chars<'_>) -> Result<Set, MatchFault> {
    match class.clone().next() {
        Some('b') => {
            class.next();
            Ok(Set::One('\u{8}'))
        }
        _ => escape(class),
    }
}

/// The meaning of an escape.
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
                    _ => is_space(c),
                };
                is != *negated
            }
        }
    }
}

/// White space and line ends of ECMA-262; the table of the standard library takes more flash.
const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// Reads an escape; `pattern` begins after the backslash.
fn escape(pattern: &mut Chars<'_>) -> Result<Set, MatchFault> {
    let c = match pattern.next().ok_or(MatchFault::Unread)? {
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
                match pattern.next().ok_or(MatchFault::Unread)? {
                    '}' => break char::from_u32(code).ok_or(MatchFault::Unread)?,
                    c => {
                        let digit = c.to_digit(16).ok_or(MatchFault::Unread)?;
                        let shifted = code.checked_mul(16).ok_or(MatchFault::Unread)?;
                        code = shifted | digit;
                    }
                }
            }
        }
        'u' => hex(pattern, 4)?,
        // Digits would be back references, letters have or may get a meaning.
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => return Err(MatchFault::Unread),
        c => c,
    };
    Ok(Set::One(c))
}

fn hex(pattern: &mut Chars<'_>, digits: u32) -> Result<char, MatchFault> {
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit = pattern.next().and_then(|c| c.to_digit(16)).ok_or(MatchFault::Unread)?;
        code = code.wrapping_shl(4) | digit;
    }
    char::from_u32(code).ok_or(MatchFault::Unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_that_of_unicode_and_a_mark_but_not_the_next_line() {
        for c in '\0'..=char::MAX {
            let is_known = c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}');
            assert_eq!(is_space(c), is_known, "{c:?}");
        }
    }
}
