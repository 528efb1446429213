//! A word: text and expansions.

use super::{Assignment, Command, Script, Simple};

/// One word of a command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Word {
    /// Its pieces, in their order.
    pub pieces: Vec<Piece>,
    /// The scripts of its command and process substitutions, which run in any case.
    pub substitutions: Vec<Script>,
}

/// An assignment that is part of something else.
pub(super) fn assigned(name: &str, value: Word) -> Command {
    let assignments = vec![Assignment { name: name.to_owned(), value }];
    Command::Simple(Simple { assignments, ..Simple::default() })
}

/// A piece of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Piece {
    /// Text after quote removal.
    Text(String),
    /// `*`, `?` or `[...]` outside of quotes: file names.
    Glob(String),
    /// The home folder of the user: `~` at the beginning.
    Home,
    /// A value that is not known before the script runs.
    Unknown {
        /// Inside of double quotes: it stays one word.
        is_quoted: bool,
    },
}

impl Word {
    /// The text, if all of it is known.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut all = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => all.push_str(text),
                Piece::Glob(_) | Piece::Home | Piece::Unknown { .. } => return None,
            }
        }
        Some(all)
    }

    /// The text up to the first piece that is not known. `~` stays `~`, patterns stay patterns.
    #[must_use]
    pub fn known_prefix(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) | Piece::Glob(text) => all.push_str(text),
                Piece::Home => all.push('~'),
                Piece::Unknown { .. } => break,
            }
        }
        all
    }

    /// The text after the last piece that is not known.
    #[must_use]
    pub fn known_suffix(&self) -> String {
        let is_unknown = |piece: &Piece| matches!(piece, Piece::Unknown { .. });
        let start = self.pieces.iter().rposition(is_unknown).map_or(0, |at| at + 1);
        let pieces = self.pieces.get(start..).unwrap_or_default().to_vec();
        Self { pieces, substitutions: Vec::new() }.known_prefix()
    }

    /// The text for a person; `…` stands for what is not known.
    #[must_use]
    pub fn display(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) | Piece::Glob(text) => all.push_str(text),
                Piece::Home => all.push('~'),
                Piece::Unknown { .. } => all.push('…'),
            }
        }
        all
    }

    /// Whether a part of it is not known before the script runs.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Unknown { .. }))
    }

    /// Whether it expands to names of files.
    #[must_use]
    pub fn has_glob(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Glob(_)))
    }

    /// Whether it may turn out to be an option, or several words that begin with one.
    #[must_use]
    pub fn may_be_option(&self) -> bool {
        let splits = self.pieces.iter().any(|it| matches!(it, Piece::Unknown { is_quoted: false }));
        let first =
            self.pieces.iter().find(|it| !matches!(it, Piece::Text(text) if text.is_empty()));
        splits
            || match first {
                Some(Piece::Text(text)) => text.starts_with('-'),
                Some(Piece::Unknown { .. }) => true,
                // A file that is named like an option.
                Some(Piece::Glob(_)) => true,
                Some(Piece::Home) | None => false,
            }
    }

    /// A word of known text.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], substitutions: Vec::new() }
    }

    /// A completely unknown word.
    #[must_use]
    pub fn unknown() -> Self {
        Self { pieces: vec![Piece::Unknown { is_quoted: false }], substitutions: Vec::new() }
    }

    /// The word without its first `bytes`, which are known text.
    #[must_use]
    pub fn without_prefix(&self, bytes: usize) -> Self {
        let mut rest = self.clone();
        if let Some(Piece::Text(text)) = rest.pieces.first_mut() {
            *text = text.get(bytes..).unwrap_or_default().to_owned();
        }
        rest
    }

    /// Adds text, joined to the text before it.
    pub(super) fn push_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// Adds the pieces and substitutions of another word.
    pub(super) fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => self.push_text(&text),
                piece => self.pieces.push(piece),
            }
        }
        self.substitutions.extend(other.substitutions);
    }
}
