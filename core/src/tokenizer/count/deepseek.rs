//! The states of the pattern of DeepSeek.

use super::{Counter, PieceState, push_to};
use crate::tokenizer::pretokenize::deepseek::{CharGroup, StretchKind};

impl Counter<'_> {
    /// Takes the character, or ends the piece that cannot continue with it and returns false.
    pub(crate) fn step_deepseek(&mut self, character: char) -> bool {
        let (kind, group) = (StretchKind::of(character), CharGroup::of(character));
        if self.state != PieceState::Empty && kind != self.kind {
            // The end of a part that is cut separately: all of its spaces stay together.
            if matches!(self.state, PieceState::Spaces { cut: true, .. }) {
                self.cut();
            }
            return self.finish();
        }
        match self.state {
            PieceState::Number { digits } if digits < self.pattern().digits() => {
                self.take(character, PieceState::Number { digits: digits + 1 })
            }
            PieceState::Word { .. } if group == CharGroup::Word => {
                self.take(character, PieceState::Word { open: 0 })
            }
            PieceState::AsciiWord if character.is_ascii_alphabetic() => {
                self.take(character, PieceState::AsciiWord)
            }
            PieceState::Signs { first: Some(_) } if character.is_ascii_alphabetic() => {
                self.take(character, PieceState::AsciiWord)
            }
            PieceState::Signs { .. } if group == CharGroup::Sign => {
                self.take(character, PieceState::Signs { first: None })
            }
            PieceState::Signs { .. } | PieceState::SignsEnd if group == CharGroup::Newline => {
                self.take(character, PieceState::SignsEnd)
            }
            PieceState::Spaces { last, several, cut } => {
                self.spaces_deepseek(character, group, (last, several, cut))
            }
            PieceState::Dull { .. } if group == CharGroup::Dull => {
                self.take(character, PieceState::Dull { last: character, several: true })
            }
            PieceState::Dull { last, several } if group == CharGroup::Word => {
                if several {
                    self.leave_last(last);
                }
                self.take(character, PieceState::Word { open: 0 })
            }
            PieceState::Empty => {
                self.piece.clear();
                self.kind = kind;
                self.enter_deepseek(character, group)
            }
            _ => self.finish(),
        }
    }

    /// The first character of a piece.
    fn enter_deepseek(&mut self, character: char, group: CharGroup) -> bool {
        let spaces = |cut| PieceState::Spaces { last: character, several: false, cut };
        match group {
            _ if self.kind == StretchKind::Number => {
                self.take(character, PieceState::Number { digits: 1 })
            }
            CharGroup::Word => self.take(character, PieceState::Word { open: 0 }),
            CharGroup::Sign => {
                let first = character.is_ascii().then_some(character);
                self.take(character, PieceState::Signs { first })
            }
            CharGroup::Space => self.take(character, spaces(false)),
            CharGroup::Newline => self.take_and_cut(character, spaces(true)),
            CharGroup::Dull => {
                self.take(character, PieceState::Dull { last: character, several: false })
            }
        }
    }

    fn spaces_deepseek(
        &mut self,
        character: char,
        group: CharGroup,
        (last, several, cut): (char, bool, bool),
    ) -> bool {
        match group {
            CharGroup::Newline => {
                let state = PieceState::Spaces { last: character, several: false, cut: true };
                return self.take_and_cut(character, state);
            }
            CharGroup::Space => {
                let several = !cut || !self.rest.is_empty();
                if cut {
                    push_to(&mut self.rest, &self.vocabulary, character);
                }
                return self.take(character, PieceState::Spaces { last: character, several, cut });
            }
            CharGroup::Word | CharGroup::Sign | CharGroup::Dull => {}
        }
        if cut {
            self.cut();
            if self.piece.is_empty() {
                return self.finish();
            }
        }
        if several {
            self.leave_last(last);
        }
        match group {
            CharGroup::Word => self.take(character, PieceState::Word { open: 0 }),
            CharGroup::Sign if last == ' ' => {
                self.take(character, PieceState::Signs { first: None })
            }
            _ => self.finish(),
        }
    }
}
