//! Brace expansion: `{a,b}` and `{1..3}`, which happens before all other expansions.

use super::{Piece, Word};

/// Whether the character marks a brace sign outside quotes.
pub(super) fn is_marker(c: char) -> bool {
    MARKERS.iter().any(|(_, marker)| *marker == c)
}

/// The marker for `{`, `,` or `}` outside of quotes.
pub(super) fn mark(sign: char) -> char {
    MARKERS.iter().find(|(plain, _)| *plain == sign).map_or(sign, |(_, marker)| *marker)
}

/// The word without markers, not expanded.
pub(super) fn plain(mut word: Word) -> Word {
    for piece in &mut word.pieces {
        if let Piece::Text(text) = piece
            && text.contains(is_marker)
        {
            *text = unmarked(text);
        }
    }
    word
}

/// The words that a marked word expands to.
pub(super) fn expand(word: Word) -> Vec<Word> {
    let has_braces =
        word.pieces.iter().any(|it| matches!(it, Piece::Text(text) if text.contains(is_marker)));
    if !has_braces {
        return vec![word];
    }
    let signs = flatten(&word);
    let mut all = Vec::new();
    let braces = signs.iter().filter(|sign| **sign == Sign::Char(mark('{'))).count();
    if braces > BRACES_MAX || alternatives(&signs, &mut all, 0).is_none() || all.len() > WORDS_MAX {
        // Too much to follow: nothing is known of it.
        return vec![Word { pieces: Word::unknown().pieces, substitutions: word.substitutions }];
    }
    let mut substitutions = Some(word.substitutions);
    let mut words = Vec::with_capacity(all.len());
    for signs in all {
        let mut word = Word::default();
        for sign in signs {
            match sign {
                Sign::Char(c) => {
                    let text = MARKERS.iter().find(|(_, marker)| *marker == c);
                    word.push_text(text.map_or(c, |(plain, _)| *plain).encode_utf8(&mut [0; 4]));
                }
                Sign::Piece(piece) => word.pieces.push(piece),
            }
        }
        // Each runs once for the decision, however many words hold it.
        word.substitutions = substitutions.take().unwrap_or_default();
        words.push(word);
    }
    words
}

#[derive(Clone, PartialEq)]
enum Sign {
    Char(char),
    Piece(Piece),
}

fn flatten(word: &Word) -> Vec<Sign> {
    let mut signs = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Text(text) => signs.extend(text.chars().map(Sign::Char)),
            piece => signs.push(Sign::Piece(piece.clone())),
        }
    }
    signs
}

/// All words of the signs; `None` when there are too many.
fn alternatives(signs: &[Sign], all: &mut Vec<Vec<Sign>>, depth: u32) -> Option<()> {
    if depth > 16 {
        return None;
    }
    let open = Sign::Char(mark('{'));
    for start in signs.iter().enumerate().filter(|(_, sign)| **sign == open).map(|(at, _)| at) {
        let Some((parts, end)) = split(signs, start) else { continue };
        let (head, tail) = (signs.get(..start)?, signs.get(end + 1..)?);
        let mut tails = Vec::new();
        alternatives(tail, &mut tails, depth + 1)?;
        for part in parts {
            let mut middles = Vec::new();
            alternatives(&part, &mut middles, depth + 1)?;
            for middle in &middles {
                for tail in &tails {
                    if all.len() > WORDS_MAX {
                        return None;
                    }
                    all.push([head, middle, tail].concat());
                }
            }
        }
        return Some(());
    }
    all.push(signs.to_vec());
    Some(())
}

/// The parts of the brace that begins at `start`, and where it ends.
fn split(signs: &[Sign], start: usize) -> Option<(Vec<Vec<Sign>>, usize)> {
    let [open, comma, close] = ['{', ',', '}'].map(|sign| Sign::Char(mark(sign)));
    let mut level = 0_u32;
    let mut parts = vec![Vec::new()];
    for (at, sign) in signs.iter().enumerate().skip(start + 1) {
        if *sign == close && level == 0 {
            return match parts.as_slice() {
                [only] => range(only).map(|parts| (parts, at)),
                _ => Some((parts, at)),
            };
        }
        if *sign == open {
            level += 1;
        } else if *sign == close {
            level -= 1;
        }
        if *sign == comma && level == 0 {
            parts.push(Vec::new());
        } else {
            parts.last_mut()?.push(sign.clone());
        }
    }
    None
}

/// The numbers or letters of `a..b`.
fn range(signs: &[Sign]) -> Option<Vec<Vec<Sign>>> {
    let text: Option<String> =
        signs.iter().map(|it| if let Sign::Char(c) = it { Some(*c) } else { None }).collect();
    let text = text?;
    let mut parts = text.split("..");
    let (first, last) = (parts.next()?, parts.next()?);
    let words: Vec<String> = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(first), Ok(last)) => {
            let (low, high) = (first.min(last), first.max(last));
            let high = high.min(low.saturating_add(WORDS_MAX as i64 + 1));
            (low..=high).map(|number| number.to_string()).collect()
        }
        _ => {
            let one = |text: &str| text.chars().next().filter(|_| text.chars().count() == 1);
            let (first, last) = (one(first)?, one(last)?);
            (first.min(last)..=first.max(last)).take(WORDS_MAX + 1).map(String::from).collect()
        }
    };
    Some(words.iter().map(|word| word.chars().map(Sign::Char).collect()).collect())
}

fn unmarked(text: &str) -> String {
    let plain = |c| MARKERS.iter().find(|(_, marker)| *marker == c).map_or(c, |(plain, _)| *plain);
    text.chars().map(plain).collect()
}

/// Braces in one word; each is compared with all that follow it.
const BRACES_MAX: usize = 64;

/// The number of words that one word may expand to.
const WORDS_MAX: usize = 256;

/// Characters without a meaning, of Unicode's private use area.
const MARKERS: [(char, char); 3] = [('{', '\u{f8f0}'), (',', '\u{f8f1}'), ('}', '\u{f8f2}')];
