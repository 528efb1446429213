//! The pre-tokenizer of DeepSeek V3 and later: digits, then Chinese and Japanese, are set apart first, and
//! the text between them is cut separately, so that a space before a digit does not see it.

use super::class::{Class, char_at, class_of, is_sign};

/// The groups that are set apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StretchKind {
    Number,
    /// Han and kana of the ranges that the pattern names.
    EastAsian,
    Rest,
}

impl StretchKind {
    pub(crate) fn of(character: char) -> Self {
        match character {
            '\u{4E00}'..='\u{9FA5}' | '\u{3040}'..='\u{30FF}' => Self::EastAsian,
            _ if class_of(character) == Class::Number => Self::Number,
            _ => Self::Rest,
        }
    }
}

/// The kind of a character in this pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CharGroup {
    /// Letters and marks.
    Word,
    /// Punctuation and symbols.
    Sign,
    Space,
    Newline,
    /// Controls and unassigned characters: part of an alternative only as the start of a word.
    Dull,
}

impl CharGroup {
    pub(crate) fn of(character: char) -> Self {
        match class_of(character) {
            Class::Upper | Class::Lower | Class::Letter | Class::Mark => Self::Word,
            Class::Space => Self::Space,
            Class::Newline => Self::Newline,
            Class::Other if is_sign(character) => Self::Sign,
            Class::Other | Class::Number => Self::Dull,
        }
    }
}

/// Where the piece that starts at `at` ends. `text` is valid UTF-8.
pub(crate) fn piece_end(text: &[u8], at: usize) -> usize {
    let Some((first, length)) = char_at(text, at) else { return text.len() };
    let part = MaskedText { text, kind: StretchKind::of(first) };
    let next = at + length;
    if part.kind == StretchKind::Number {
        return part.numbers(next);
    }
    let group = CharGroup::of(first);
    match (group, part.group_at(next)) {
        (CharGroup::Word, _) => part.run(next, CharGroup::Word),
        (CharGroup::Sign, _) => match text.get(next) {
            Some(byte) if first.is_ascii() && byte.is_ascii_alphabetic() => {
                let rest = text.get(next..).unwrap_or_default();
                next + rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
            }
            _ => part.run(part.run(next, CharGroup::Sign), CharGroup::Newline),
        },
        (CharGroup::Space | CharGroup::Dull, Some((CharGroup::Word, _))) => {
            part.run(next, CharGroup::Word)
        }
        (CharGroup::Space, Some((CharGroup::Sign, _))) if first == ' ' => {
            part.run(part.run(next, CharGroup::Sign), CharGroup::Newline)
        }
        (CharGroup::Space | CharGroup::Newline, _) => part.spaces(at),
        (CharGroup::Dull, _) => part.dull(next),
    }
}

/// A text that ends where a character of another kind follows.
struct MaskedText<'t> {
    text: &'t [u8],
    kind: StretchKind,
}

impl MaskedText<'_> {
    fn group_at(&self, at: usize) -> Option<(CharGroup, usize)> {
        let (character, length) = char_at(self.text, at)?;
        (StretchKind::of(character) == self.kind).then(|| (CharGroup::of(character), length))
    }

    /// `\p{N}{1,3}`, the first one read.
    fn numbers(&self, mut at: usize) -> usize {
        for _ in 1..3 {
            match self.group_at(at) {
                Some((_, length)) => at += length,
                None => break,
            }
        }
        at
    }

    /// Where a run of a group ends.
    fn run(&self, mut at: usize, wanted: CharGroup) -> usize {
        while let Some((group, length)) = self.group_at(at)
            && group == wanted
        {
            at += length;
        }
        at
    }

    /// `\s*[\r\n]+`, or else `\s+(?!\S)`, or else `\s+`.
    fn spaces(&self, start: usize) -> usize {
        let (mut at, mut last, mut after_newline) = (start, start, None);
        while let Some((group @ (CharGroup::Space | CharGroup::Newline), length)) =
            self.group_at(at)
        {
            (last, at) = (at, at + length);
            if group == CharGroup::Newline {
                after_newline = Some(at);
            }
        }
        let alone = last == start || self.group_at(at).is_none();
        after_newline.unwrap_or(if alone { at } else { last })
    }

    /// Text that no alternative takes continues until one does.
    fn dull(&self, mut at: usize) -> usize {
        while let Some((CharGroup::Dull, length)) = self.group_at(at)
            && !matches!(self.group_at(at + length), Some((CharGroup::Word, _)))
        {
            at += length;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn pieces() {
        let cases: [(&str, &[&str]); 12] = [
            ("don't (abc) (été)", &["don", "'t", " (", "abc", ")", " (", "été", ")"]),
            ("(abcé", &["(abc", "é"]),
            ("!!a !a", &["!!", "a", " !", "a"]),
            ("a  1234", &["a", "  ", "123", "4"]),
            ("a  b\t!", &["a", " ", " b", "\t", "!"]),
            ("x ア・イ", &["x", " ", "ア", "・", "イ"]),
            ("中文a 中", &["中文", "a", " ", "中"]),
            ("!\n\n x\r\n", &["!\n\n", " x", "\r\n"]),
            ("・\nx", &["・", "\n", "x"]),
            ("\u{1}\u{2}\u{3}a\u{1}", &["\u{1}\u{2}", "\u{3}a", "\u{1}"]),
            (" \u{1} \u{1}1", &[" ", "\u{1}", " ", "\u{1}", "1"]),
            ("e\u{301}\u{301} \u{301}", &["e\u{301}\u{301}", " \u{301}"]),
        ];
        for (text, wanted) in cases {
            let (mut found, mut at) = (Vec::new(), 0);
            while at < text.len() {
                let end = piece_end(text.as_bytes(), at);
                found.push(&text[at..end]);
                at = end;
            }
            assert_eq!(found, wanted);
        }
    }
}
