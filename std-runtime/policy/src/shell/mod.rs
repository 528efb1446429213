//! Bash, as far as a decision about a command needs it.
//!
//! The parser keeps every command that a script can run and every file that it redirects to; it
//! does not keep when they run. Anything else is an error, never a guess.
//! The grammar follows the Bash Reference Manual, chapters 3.1 to 3.7.

mod brace;
mod compound;
mod expansion;
mod list;
mod parse;
mod redirect;
mod word;

pub use parse::parse;
pub use word::{Piece, Word};

/// Every command of a script, in the order of its text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// The commands, including those of loops, branches, groups and functions.
    pub commands: Vec<Command>,
}

/// One thing that a script does.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Command {
    /// A program or a builtin with its arguments.
    Simple(Simple),
    /// Redirections of a group, a loop or a branch.
    Redirects(Vec<Redirect>),
    /// Words that are expanded but run nothing themselves, as the list of a `for` loop.
    Words(Vec<Word>),
    /// A function is defined; the commands of its body follow.
    Function {
        /// Its name.
        name: String,
    },
    /// A subshell begins or ends: the folder and the functions of its inside stay inside.
    Subshell {
        /// Whether it begins.
        begins: bool,
    },
}

/// Assignments, words and redirections, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Simple {
    /// `NAME=value` before the first word.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments. Empty for assignments alone.
    pub words: Vec<Word>,
    /// Its redirections.
    pub redirects: Vec<Redirect>,
}

/// `NAME=value` or `NAME+=value`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The variable, without a subscript.
    pub name: String,
    /// The value; the elements of an array are joined.
    pub value: Word,
}

/// One redirection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// Its effect.
    pub kind: RedirectKind,
    /// The file, the descriptor or the text.
    pub target: Word,
}

/// What a redirection does with its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RedirectKind {
    /// `<`: a file is read.
    Read,
    /// `>`, `>>`, `>|`, `&>`: a file is written.
    Write,
    /// `<>`: a file is read and written.
    ReadWrite,
    /// `<&`, `>&` with a number or `-`: a descriptor is copied or closed.
    Descriptor,
    /// A here-document or a here-string: text.
    Text,
}

/// Why a script is not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// The error, for a person.
    pub message: String,
    /// The byte of the script where it is.
    pub offset: usize,
}

/// Levels of nesting that are followed.
pub(crate) const DEPTH_MAX: u32 = 32;

/// Bytes of a script that are read.
pub(crate) const SCRIPT_BYTES_MAX: usize = 256 * 1024;
