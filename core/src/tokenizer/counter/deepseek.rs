//! The states of the pattern of DeepSeek.

use super::{Counter, State, push_to};
use crate::tokenizer::deepseek::{Group, Kind};

impl Counter<'_> {
    /// Takes the character, or ends what cannot go on with it and returns false.
    pub(super) fn step_deepseek(&mut self, character: char) -> bool {
        let (kind, group) = (Kind::of(character), Group::of(character));
        if self.state != State::Empty && kind != self.kind {
            // The end of what is cut by itself: all spaces stand together.
            if matches!(self.state, State::Spaces { cut: true, .. }) {
                self.cut();
            }
            return self.finish();
        }
        match self.state {
            State::Number { digits } if digits < self.pattern().digits() => {
                self.take(character, State::Number { digits: digits + 1 })
            }
            State::Word { .. } if group == Group::Word => {
                self.take(character, State::Word { open: 0 })
            }
            State::AsciiWord if character.is_ascii_alphabetic() => {
                self.take(character, State::AsciiWord)
            }
            State::Signs { first: Some(_) } if character.is_ascii_alphabetic() => {
                self.take(character, State::AsciiWord)
            }
            State::Signs { .. } if group == Group::Sign => {
                self.take(character, State::Signs { first: None })
            }
            State::Signs { .. } | State::SignsEnd if group == Group::Newline => {
                self.take(character, State::SignsEnd)
            }
            State::Spaces { last, several, cut } => {
                self.spaces_deepseek(character, group, (last, several, cut))
            }
            State::Dull { .. } if group == Group::Dull => {
                self.take(character, State::Dull { last: character, several: true })
            }
            State::Dull { last, several } if group == Group::Word => {
                if several {
                    self.leave_last(last);
                }
                self.take(character, State::Word { open: 0 })
            }
            State::Empty => {
                self.piece.clear();
                self.kind = kind;
                self.enter_deepseek(character, group)
            }
            _ => self.finish(),
        }
    }

    /// The first character of a piece.
    fn enter_deepseek(&mut self, character: char, group: Group) -> bool {
        let spaces = |cut| State::Spaces { last: character, several: false, cut };
        match group {
            _ if self.kind == Kind::Number => self.take(character, State::Number { digits: 1 }),
            Group::Word => self.take(character, State::Word { open: 0 }),
            Group::Sign => {
                let first = character.is_ascii().then_some(character);
                self.take(character, State::Signs { first })
            }
            Group::Space => self.take(character, spaces(false)),
            Group::Newline => self.take_and_cut(character, spaces(true)),
            Group::Dull => self.take(character, State::Dull { last: character, several: false }),
        }
    }

    fn spaces_deepseek(
        &mut self,
        character: char,
        group: Group,
        (last, several, cut): (char, bool, bool),
    ) -> bool {
        match group {
            Group::Newline => {
                let state = State::Spaces { last: character, several: false, cut: true };
                return self.take_and_cut(character, state);
            }
            Group::Space => {
                let several = !cut || !self.rest.is_empty();
                if cut {
                    push_to(&mut self.rest, &self.vocabulary, character);
                }
                return self.take(character, State::Spaces { last: character, several, cut });
            }
            Group::Word | Group::Sign | Group::Dull => {}
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
            Group::Word => self.take(character, State::Word { open: 0 }),
            Group::Sign if last == ' ' => self.take(character, State::Signs { first: None }),
            _ => self.finish(),
        }
    }
}
