//! The pre-tokenizer: where a text is cut into pieces before anything is merged.
//!
//! Each vocabulary was trained on pieces that a regular expression found. These are the same cuts,
//! written out by hand, so that they need neither a regex engine nor more than one pass.

pub(super) mod block;
pub(super) mod class;
pub(super) mod deepseek;
pub(super) mod fast;
pub(super) mod masks;

use self::class::{Class, class_at};

/// How a vocabulary cuts text into pieces.
///
/// `A` stands for upper and title case, `a` for lower case, `w` for letters without case and marks.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// cl100k_base, and Llama 3: contractions, words of letters with one sign before them, up to three
    /// digits, signs, spaces.
    Cl100k,
    /// o200k_base: words are cut where lower case turns to upper case; marks belong to words;
    /// contractions to the word before them.
    O200k,
    /// Qwen 2 and 3: as cl100k_base, with single digits.
    Qwen2,
    /// GPT-2: words, numbers and signs with at most one space before them.
    Gpt2,
    /// SmolLM: as GPT-2 between digits that stand alone.
    Gpt2Digits,
    /// DeepSeek V3 and later: up to three digits, Chinese and Japanese, and what is between them, each
    /// cut by itself; ASCII words with the sign before them.
    DeepSeek,
}

impl Pattern {
    /// The stable number of the pattern in a packed file.
    pub const fn number(self) -> u32 {
        match self {
            Self::Cl100k => 1,
            Self::O200k => 2,
            Self::Qwen2 => 3,
            Self::Gpt2 => 4,
            Self::Gpt2Digits => 5,
            Self::DeepSeek => 6,
        }
    }

    /// The pattern with that number.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Cl100k,
            2 => Self::O200k,
            3 => Self::Qwen2,
            4 => Self::Gpt2,
            5 => Self::Gpt2Digits,
            6 => Self::DeepSeek,
            _ => return None,
        })
    }

    /// The most digits of a piece.
    pub(crate) const fn digits(self) -> usize {
        match self {
            Self::Cl100k | Self::O200k | Self::DeepSeek => 3,
            Self::Qwen2 | Self::Gpt2Digits => 1,
            Self::Gpt2 => usize::MAX,
        }
    }

    /// Whether it is one of those that know only a space before a word, and no newlines.
    pub(crate) const fn is_gpt2(self) -> bool {
        matches!(self, Self::Gpt2 | Self::Gpt2Digits)
    }

    /// Whether it is one of those that plain ASCII is cut by in blocks.
    pub(crate) const fn is_for_blocks(self) -> bool {
        matches!(self, Self::Cl100k | Self::O200k | Self::Qwen2)
    }
}

/// Where the piece that starts at `at` ends. `text` is valid UTF-8.
#[inline]
pub(crate) fn piece_end(pattern: Pattern, text: &[u8], at: usize) -> usize {
    if pattern == Pattern::DeepSeek {
        return deepseek::piece_end(text, at);
    }
    let Some((class, length)) = class_at(text, at) else { return text.len() };
    let next = at + length;
    let end = match (class, pattern) {
        (Class::Number, _) => numbers(pattern, text, next),
        (Class::Upper | Class::Lower | Class::Letter, Pattern::O200k) => cased_word(text, at, None),
        (Class::Upper | Class::Lower | Class::Letter, _) => Some(letters(text, next)),
        (Class::Newline, _) => None,
        (_, Pattern::Gpt2 | Pattern::Gpt2Digits) => after_space_only(pattern, text, at, next),
        (_, Pattern::O200k) => cased_word(text, next, (class == Class::Mark).then_some(next)),
        (_, Pattern::Cl100k | Pattern::Qwen2 | Pattern::DeepSeek) => {
            contraction(text, at, Case::Any).or_else(|| {
                let (class, length) = class_at(text, next)?;
                class.is_letter().then(|| letters(text, next + length))
            })
        }
    };
    end.or_else(|| match class {
        Class::Other | Class::Mark => Some(signs(pattern, text, next)),
        Class::Space if text.get(at) == Some(&b' ') => {
            let (class, length) = class_at(text, next)?;
            matches!(class, Class::Other | Class::Mark).then(|| signs(pattern, text, next + length))
        }
        _ => None,
    })
    .unwrap_or_else(|| spaces(pattern, text, at))
}

/// `\p{N}{1,n}`, the first one read.
fn numbers(pattern: Pattern, text: &[u8], mut at: usize) -> Option<usize> {
    for _ in 1..pattern.digits() {
        match class_at(text, at) {
            Some((Class::Number, length)) => at += length,
            _ => break,
        }
    }
    Some(at)
}

/// `\p{L}*`
#[inline]
fn letters(text: &[u8], mut at: usize) -> usize {
    while let Some((class, length)) = class_at(text, at)
        && class.is_letter()
    {
        at += length;
    }
    at
}

/// `[Aw]*[wa]+` or else `[Aw]+[wa]*`, and a contraction. `mark` is the end of a mark that comes
/// before: it is a word of its own where the first form would not take it along.
#[inline]
fn cased_word(text: &[u8], start: usize, mark: Option<usize>) -> Option<usize> {
    let mut at = start;
    let mut after_uncased = mark;
    let lower = loop {
        match class_at(text, at) {
            Some((Class::Upper, length)) => at += length,
            Some((Class::Letter | Class::Mark, length)) => {
                at += length;
                after_uncased = Some(at);
            }
            Some((Class::Lower, length)) => {
                at += length;
                break true;
            }
            _ => break false,
        }
    };
    if lower {
        while let Some((Class::Lower | Class::Letter | Class::Mark, length)) = class_at(text, at) {
            at += length;
        }
    } else if let Some(end) = after_uncased {
        // The first form wants a lower case letter or an uncased one at its end: it gives back the
        // upper case after the last of these.
        at = end;
    } else if at == start {
        return None;
    }
    Some(contraction(text, at, Case::Any).unwrap_or(at))
}

/// GPT-2's `'s|'t|…| ?\p{L}+| ?\p{N}+` where no letter or number starts.
fn after_space_only(pattern: Pattern, text: &[u8], at: usize, next: usize) -> Option<usize> {
    if text.get(at) != Some(&b' ') {
        return contraction(text, at, Case::Lower);
    }
    match class_at(text, next)? {
        (Class::Number, length) if pattern == Pattern::Gpt2 => {
            numbers(pattern, text, next + length)
        }
        (class, length) if class.is_letter() => Some(letters(text, next + length)),
        _ => None,
    }
}

/// `[^\s\p{L}\p{N}]*[\r\n]*`; o200k_base also takes slashes among the newlines.
fn signs(pattern: Pattern, text: &[u8], mut at: usize) -> usize {
    while let Some((Class::Other | Class::Mark, length)) = class_at(text, at) {
        at += length;
    }
    while let Some(&byte) = text.get(at)
        && signs_go_on(pattern, byte)
    {
        at += 1;
    }
    at
}

/// Whether a piece of signs takes this byte at its end, after other such bytes.
pub(crate) const fn signs_go_on(pattern: Pattern, byte: u8) -> bool {
    match byte {
        b'\r' | b'\n' => !pattern.is_gpt2(),
        b'/' => matches!(pattern, Pattern::O200k),
        _ => false,
    }
}

/// `\s*[\r\n]+`, or else `\s+(?!\S)`, or else `\s+`.
fn spaces(pattern: Pattern, text: &[u8], start: usize) -> usize {
    let (mut at, mut last, mut after_newline) = (start, start, None);
    let next = loop {
        match class_at(text, at) {
            Some((class @ (Class::Space | Class::Newline), length)) => {
                last = at;
                at += length;
                if class == Class::Newline && !pattern.is_gpt2() {
                    after_newline = Some(at);
                }
            }
            other => break other,
        }
    };
    let alone = match next {
        None => true,
        Some((class, _)) => pattern == Pattern::Gpt2Digits && class == Class::Number,
    };
    after_newline.unwrap_or(if alone || last == start { at } else { last })
}

/// Which letters a contraction may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Lower case only.
    Lower,
    /// Any, and U+017F for an s, as case folding has it.
    Any,
}

/// `'s|'t|'re|'ve|'m|'ll|'d` at `at`.
#[inline]
pub(crate) fn contraction(text: &[u8], at: usize, case: Case) -> Option<usize> {
    if text.get(at) != Some(&b'\'') {
        return None;
    }
    let rest = text.get(at + 1..)?;
    if rest.starts_with("\u{17F}".as_bytes()) {
        return (case == Case::Any).then_some(at + 3);
    }
    let first = fold(*rest.first()?, case);
    match second_of(first) {
        SecondLetter::None => Some(at + 2),
        SecondLetter::Byte(wanted) => (fold(*rest.get(1)?, case) == wanted).then_some(at + 3),
        SecondLetter::NoContraction => None,
    }
}

/// What must follow the first letter of a contraction.
pub(crate) enum SecondLetter {
    None,
    Byte(u8),
    NoContraction,
}

pub(crate) const fn second_of(first: u8) -> SecondLetter {
    match first {
        b's' | b't' | b'm' | b'd' => SecondLetter::None,
        b'l' => SecondLetter::Byte(b'l'),
        b'r' | b'v' => SecondLetter::Byte(b'e'),
        _ => SecondLetter::NoContraction,
    }
}

pub(crate) const fn fold(byte: u8, case: Case) -> u8 {
    match case {
        Case::Lower => byte,
        Case::Any => byte.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn pieces(pattern: Pattern, text: &str) -> Vec<&str> {
        let (mut pieces, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let end = piece_end(pattern, text.as_bytes(), at);
            pieces.push(&text[at..end]);
            at = end;
        }
        pieces
    }

    #[test]
    fn contractions() {
        let cases: [(&str, &[&str], &[&str]); 7] = [
            ("don't", &["don", "'t"], &["don't"]),
            ("É'ſ'Sa", &["É", "'ſ", "'S", "a"], &["É'ſ", "'Sa"]),
            ("WE'LLs", &["WE", "'LL", "s"], &["WE'LL", "s"]),
            ("'rest", &["'re", "st"], &["'rest"]),
            ("x'rx", &["x", "'rx"], &["x", "'rx"]),
            ("x's't", &["x", "'s", "'t"], &["x's", "'t"]),
            ("!'s", &["!'", "s"], &["!'", "s"]),
        ];
        for (text, cl100k, o200k) in cases {
            assert_eq!(pieces(Pattern::Cl100k, text), cl100k);
            assert_eq!(pieces(Pattern::O200k, text), o200k);
        }
        assert_eq!(pieces(Pattern::Gpt2, "it's 'S 'ſ"), ["it", "'s", " '", "S", " '", "ſ"]);
    }

    #[test]
    fn cases_and_marks() {
        let cases: [(&str, &[&str]); 9] = [
            ("camelCaseXML", &["camel", "Case", "XML"]),
            ("XMLHttp", &["XMLHttp"]),
            ("中AA", &["中", "AA"]),
            ("中AAa", &["中AAa"]),
            ("A中AA's", &["A中", "AA's"]),
            ("!\u{301}A", &["!\u{301}", "A"]),
            ("\u{301}AA", &["\u{301}", "AA"]),
            ("\u{301}'s", &["\u{301}'s"]),
            ("ǅa ʰB", &["ǅa", " ʰ", "B"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(pieces(Pattern::O200k, text), wanted);
        }
    }

    #[test]
    fn spaces_newlines_and_signs() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("a  b", &["a", " ", " b"], &["a", " ", " b"]),
            ("a \t1", &["a", " ", "\t", "1"], &["a", " ", "\t", "1"]),
            (" \n \n  x", &[" \n \n", " ", " x"], &[" \n \n", " ", " x"]),
            ("x  ", &["x", "  "], &["x", "  "]),
            ("\tx", &["\tx"], &["\tx"]),
            ("\u{3000}x\u{a0}!", &["\u{3000}x", "\u{a0}", "!"], &["\u{3000}x", "\u{a0}", "!"]),
            ("!\n/\n/x", &["!\n", "/\n", "/x"], &["!\n/\n/", "x"]),
            ("1234½", &["123", "4½"], &["123", "4½"]),
        ];
        for (text, cl100k, o200k) in cases {
            assert_eq!(pieces(Pattern::Cl100k, text), cl100k);
            assert_eq!(pieces(Pattern::O200k, text), o200k);
        }
        assert_eq!(pieces(Pattern::Gpt2, "a\n\n b 12345"), ["a", "\n\n", " b", " 12345"]);
        assert_eq!(pieces(Pattern::Gpt2Digits, "a   12"), ["a", "   ", "1", "2"]);
        assert_eq!(pieces(Pattern::Qwen2, "a 12"), ["a", " ", "1", "2"]);
    }
}
