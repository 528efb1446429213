//! The exact count of a text that arrives in parts, in constant memory.

mod deepseek;
pub(super) mod estimate;
mod lossy;

use self::lossy::LossyDecoder;
use crate::tokenizer::merge::tail::Tail;
use crate::tokenizer::pretokenize::class::{Class, class_of};
use crate::tokenizer::pretokenize::deepseek::StretchKind;
use crate::tokenizer::pretokenize::{Case, Pattern, SecondLetter, fold, second_of, signs_go_on};
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::pruning::Count;

/// Counts the tokens of a text while it arrives, in any chunking, even inside a character.
///
/// [`count`](Self::count) always equals [`Bpe::count_bytes`](super::Bpe::count_bytes) of all bytes so
/// far. The size does not depend on the text: it holds what the future of the last piece
/// can depend on, which is the last token of each of its last 128 prefixes, twice, because some cuts
/// are only known later.
#[derive(Clone, Debug)]
pub struct Counter<'v> {
    vocabulary: Vocabulary<'v>,
    decoder: LossyDecoder,
    /// Tokens of the pieces that are complete.
    done: Count,
    state: PieceState,
    /// The last piece, which may continue.
    piece: Tail,
    /// The text after the cut inside `piece` that may yet turn out to be one.
    rest: Tail,
    /// Tokens of `piece` before that cut.
    before_cut: Count,
    /// For the pattern of DeepSeek: the group of the last piece.
    kind: StretchKind,
}

/// The kind of the last piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PieceState {
    Empty,
    /// Letters of a pattern without cases. `open` is the letter after an apostrophe that one more
    /// letter makes a contraction.
    Word {
        open: u8,
    },
    /// Upper case and uncased letters so far. With `cut`, an uncased one was among them, and what is
    /// upper case after the last of these belongs to the piece only if it goes on in another case.
    Upper {
        cut: bool,
    },
    /// Letters after the first lower case one.
    Lower,
    /// Perhaps a contraction at the end of `piece`, which otherwise ends before the apostrophe, and
    /// `rest` is the next piece. `open` as above.
    Contraction {
        open: u8,
    },
    /// For DeepSeek: a sign and ASCII letters.
    AsciiWord,
    /// For DeepSeek: characters that no alternative takes; the last of them may start a word.
    Dull {
        last: char,
        several: bool,
    },
    Number {
        digits: usize,
    },
    /// Signs; `first` is the only character if there is just one, and it may be part of a word.
    Signs {
        first: Option<char>,
    },
    /// Newlines at the end of signs.
    SignsEnd,
    /// Spaces; with `cut`, a newline was among them and `rest` is the text after the last one.
    Spaces {
        last: char,
        several: bool,
        cut: bool,
    },
}

impl<'v> Counter<'v> {
    pub(crate) const fn new(vocabulary: Vocabulary<'v>) -> Self {
        Self {
            vocabulary,
            decoder: LossyDecoder::new(),
            done: Count::Exact(0),
            state: PieceState::Empty,
            piece: Tail::new(),
            rest: Tail::new(),
            before_cut: Count::Exact(0),
            kind: StretchKind::Rest,
        }
    }

    /// Appends bytes to the text.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut decoder = self.decoder;
        for &byte in bytes {
            decoder.push(byte, |character| self.push_char(character));
        }
        self.decoder = decoder;
    }

    /// Tokens of all the text so far. A character that is not complete yet counts as the U+FFFD it
    /// would become if the text ended here. An upper bound if the vocabulary was pruned: see
    /// [`count_bound`](Self::count_bound).
    pub fn count(&self) -> u64 {
        self.count_bound().tokens()
    }

    /// As [`count`](Self::count), and whether that is exact.
    pub fn count_bound(&self) -> Count {
        if self.decoder.is_between() {
            return self.count_whole();
        }
        let mut ended = self.clone();
        ended.push_char(char::REPLACEMENT_CHARACTER);
        ended.count_whole()
    }

    /// Starts again with an empty text.
    pub fn clear(&mut self) {
        *self = Self::new(self.vocabulary);
    }

    /// Tokens of all whole characters so far.
    fn count_whole(&self) -> Count {
        let tokens = |tail: &Tail| tail.count(&self.vocabulary, 0);
        self.done.plus(match self.state {
            PieceState::Empty => Count::Exact(0),
            PieceState::Upper { cut: true } | PieceState::Spaces { cut: true, .. }
                if !self.rest.is_empty() =>
            {
                self.before_cut.plus(tokens(&self.rest))
            }
            PieceState::Contraction { .. } => self.before_cut.plus(tokens(&self.rest)),
            _ => tokens(&self.piece),
        })
    }

    /// No continuation of the text has fewer tokens than this.
    pub(crate) fn lower_bound(&self) -> u64 {
        let whole = self.piece.fewest_tokens();
        let cut = self.before_cut.tokens() + self.rest.fewest_tokens();
        self.done.tokens()
            + match self.state {
                PieceState::Empty => 0,
                PieceState::Upper { cut: true }
                | PieceState::Spaces { cut: true, .. }
                | PieceState::Contraction { .. } => whole.min(cut),
                _ => whole,
            }
    }

    pub(crate) fn push_char(&mut self, character: char) {
        if self.pattern() == Pattern::DeepSeek {
            while !self.step_deepseek(character) {}
            return;
        }
        let class = class_of(character);
        while !self.step(character, class) {}
    }

    /// Takes the character, or ends the piece that cannot continue with it and returns false.
    fn step(&mut self, character: char, class: Class) -> bool {
        match self.state {
            PieceState::Empty => {
                self.piece.clear();
                self.enter(character, class)
            }
            PieceState::Word { open } => self.word(character, class, open),
            PieceState::Upper { cut } => self.upper(character, class, cut),
            PieceState::Lower => match class {
                Class::Lower | Class::Letter | Class::Mark => {
                    self.take(character, PieceState::Lower)
                }
                _ => self.after_word(character),
            },
            PieceState::Contraction { open } => self.contraction(character, open),
            PieceState::Number { digits } => {
                if class == Class::Number && digits < self.pattern().digits() {
                    return self.take(character, PieceState::Number { digits: digits + 1 });
                }
                self.finish()
            }
            PieceState::Signs { first } => self.signs(character, class, first),
            // These belong to another pattern.
            PieceState::AsciiWord | PieceState::Dull { .. } => self.finish(),
            PieceState::SignsEnd => {
                if self.signs_go_on(character) {
                    return self.take(character, PieceState::SignsEnd);
                }
                self.finish()
            }
            PieceState::Spaces { last, several, cut } => {
                self.spaces(character, class, last, several, cut)
            }
        }
    }

    /// The first character of a piece, or the one after the sign or space that starts it.
    fn enter(&mut self, character: char, class: Class) -> bool {
        let pattern = self.pattern();
        let first = self.piece.is_empty().then_some(character);
        match (class, pattern) {
            (Class::Letter | Class::Mark, Pattern::O200k) => {
                self.take_and_cut(character, PieceState::Upper { cut: true })
            }
            (Class::Upper, Pattern::O200k) => {
                self.take(character, PieceState::Upper { cut: false })
            }
            (Class::Lower, Pattern::O200k) => self.take(character, PieceState::Lower),
            (Class::Upper | Class::Lower | Class::Letter, _) => {
                self.take(character, PieceState::Word { open: 0 })
            }
            (Class::Number, _) => self.take(character, PieceState::Number { digits: 1 }),
            (Class::Other | Class::Mark, _) => self.take(character, PieceState::Signs { first }),
            (Class::Newline, _) if !pattern.is_gpt2() => {
                let state = PieceState::Spaces { last: character, several: false, cut: true };
                self.take_and_cut(character, state)
            }
            (Class::Space | Class::Newline, _) => self.take(
                character,
                PieceState::Spaces { last: character, several: false, cut: false },
            ),
        }
    }

    fn word(&mut self, character: char, class: Class, open: u8) -> bool {
        if open != 0 && completes(open, character, Case::Any) {
            return self.take_last(character);
        }
        if class.is_letter() {
            return self.take(character, PieceState::Word { open: 0 });
        }
        self.finish()
    }

    fn upper(&mut self, character: char, class: Class, cut: bool) -> bool {
        match class {
            Class::Upper => {
                if cut {
                    push_to(&mut self.rest, &self.vocabulary, character);
                }
                self.take(character, PieceState::Upper { cut })
            }
            Class::Letter | Class::Mark => {
                self.take_and_cut(character, PieceState::Upper { cut: true })
            }
            Class::Lower => self.take(character, PieceState::Lower),
            _ => {
                if cut && !self.rest.is_empty() {
                    self.cut();
                }
                self.after_word(character)
            }
        }
    }

    /// The text after a word of o200k_base that cannot continue.
    fn after_word(&mut self, character: char) -> bool {
        if character != '\'' {
            return self.finish();
        }
        self.open_contraction(character, 0)
    }

    fn open_contraction(&mut self, character: char, open: u8) -> bool {
        self.before_cut = self.piece.count(&self.vocabulary, 0);
        self.rest.clear();
        push_to(&mut self.rest, &self.vocabulary, character);
        self.take(character, PieceState::Contraction { open })
    }

    fn contraction(&mut self, character: char, open: u8) -> bool {
        let case = if self.pattern().is_gpt2() { Case::Lower } else { Case::Any };
        if open != 0 {
            if completes(open, character, case) {
                return self.take_last(character);
            }
            self.cut();
            self.state = match self.pattern() {
                Pattern::O200k if open.is_ascii_uppercase() => PieceState::Upper { cut: false },
                Pattern::O200k => PieceState::Lower,
                _ => PieceState::Word { open: 0 },
            };
            return false;
        }
        match starts(character, case) {
            AfterApostrophe::Whole => self.take_last(character),
            AfterApostrophe::Half(open) => {
                push_to(&mut self.rest, &self.vocabulary, character);
                self.take(character, PieceState::Contraction { open })
            }
            AfterApostrophe::Nothing => {
                self.cut();
                self.state = PieceState::Signs { first: Some('\'') };
                false
            }
        }
    }

    fn signs(&mut self, character: char, class: Class, first: Option<char>) -> bool {
        let pattern = self.pattern();
        if first == Some('\'') && pattern != Pattern::O200k {
            let case = if pattern.is_gpt2() { Case::Lower } else { Case::Any };
            match starts(character, case) {
                AfterApostrophe::Whole => return self.take_last(character),
                AfterApostrophe::Half(open) if pattern.is_gpt2() => {
                    return self.open_contraction(character, open);
                }
                AfterApostrophe::Half(open) => {
                    return self.take(character, PieceState::Word { open });
                }
                AfterApostrophe::Nothing => {}
            }
        }
        let in_word = class.is_letter() || (class == Class::Mark && pattern == Pattern::O200k);
        match class {
            _ if in_word && first.is_some() && !pattern.is_gpt2() => self.enter(character, class),
            Class::Other | Class::Mark => self.take(character, PieceState::Signs { first: None }),
            Class::Newline if self.signs_go_on(character) => {
                self.take(character, PieceState::SignsEnd)
            }
            _ => self.finish(),
        }
    }

    fn spaces(
        &mut self,
        character: char,
        class: Class,
        last: char,
        several: bool,
        cut: bool,
    ) -> bool {
        if matches!(class, Class::Space | Class::Newline) {
            if class == Class::Newline && !self.pattern().is_gpt2() {
                let state = PieceState::Spaces { last: character, several: false, cut: true };
                return self.take_and_cut(character, state);
            }
            let several = !cut || !self.rest.is_empty();
            if cut {
                push_to(&mut self.rest, &self.vocabulary, character);
            }
            return self.take(character, PieceState::Spaces { last: character, several, cut });
        }
        if cut {
            self.cut();
            if self.piece.is_empty() {
                return self.finish();
            }
        }
        let pattern = self.pattern();
        if pattern == Pattern::Gpt2Digits && class == Class::Number {
            return self.finish();
        }
        if several {
            self.leave_last(last);
        }
        let joins = match class {
            Class::Mark if pattern == Pattern::O200k => true,
            Class::Upper | Class::Lower | Class::Letter => last == ' ' || !pattern.is_gpt2(),
            Class::Number => last == ' ' && pattern == Pattern::Gpt2,
            _ => last == ' ',
        };
        if joins { self.enter(character, class) } else { self.finish() }
    }

    /// The last character of the piece stays with what follows.
    fn leave_last(&mut self, last: char) {
        self.done = self.done.plus(self.piece.count(&self.vocabulary, last.len_utf8()));
        self.piece.clear();
        push_to(&mut self.piece, &self.vocabulary, last);
    }

    fn take(&mut self, character: char, state: PieceState) -> bool {
        push_to(&mut self.piece, &self.vocabulary, character);
        self.state = state;
        true
    }

    /// Takes the last character of a piece.
    fn take_last(&mut self, character: char) -> bool {
        self.take(character, PieceState::Empty);
        self.finish();
        true
    }

    /// Takes a character after which the piece may turn out to end.
    fn take_and_cut(&mut self, character: char, state: PieceState) -> bool {
        self.take(character, state);
        self.before_cut = self.piece.count(&self.vocabulary, 0);
        self.rest.clear();
        true
    }

    /// The cut is certain: the text after it is the piece now.
    fn cut(&mut self) {
        self.done = self.done.plus(self.before_cut);
        core::mem::swap(&mut self.piece, &mut self.rest);
    }

    /// The piece is complete; the character is not taken.
    fn finish(&mut self) -> bool {
        self.done = self.done.plus(self.piece.count(&self.vocabulary, 0));
        self.state = PieceState::Empty;
        false
    }

    fn signs_go_on(&self, character: char) -> bool {
        u8::try_from(character).is_ok_and(|byte| signs_go_on(self.pattern(), byte))
    }

    fn pattern(&self) -> Pattern {
        self.vocabulary.pattern()
    }
}

fn push_to(tail: &mut Tail, vocabulary: &Vocabulary<'_>, character: char) {
    tail.push_char(vocabulary, character);
}

/// The contraction that a character after an apostrophe starts.
enum AfterApostrophe {
    Whole,
    /// With its byte, as stored.
    Half(u8),
    Nothing,
}

fn starts(character: char, case: Case) -> AfterApostrophe {
    if character == '\u{17F}' && case == Case::Any {
        return AfterApostrophe::Whole;
    }
    let Ok(byte) = u8::try_from(character) else { return AfterApostrophe::Nothing };
    match second_of(fold(byte, case)) {
        SecondLetter::None => AfterApostrophe::Whole,
        SecondLetter::Byte(_) => AfterApostrophe::Half(byte),
        SecondLetter::NoContraction => AfterApostrophe::Nothing,
    }
}

/// Whether `character` makes a contraction of the one that `open` started.
fn completes(open: u8, character: char, case: Case) -> bool {
    let Ok(byte) = u8::try_from(character) else { return false };
    matches!(second_of(fold(open, case)), SecondLetter::Byte(wanted) if wanted == fold(byte, case))
}
