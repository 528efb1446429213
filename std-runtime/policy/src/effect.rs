//! The effects of a command.

use crate::path::Place;

/// One effect of a command, certain or possible.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// It only computes and prints.
    Prints,
    /// It reads a file or a folder.
    Reads(Place),
    /// It makes or changes a file.
    Writes(Place),
    /// It deletes a file or a folder.
    Deletes(Place),
    /// It discards work that is not named file by file.
    Discards(&'static str),
    /// It runs code of the project: its build, its tests, its scripts.
    RunsProject,
    /// It talks to other machines.
    UsesNetwork(&'static str),
    /// It runs with more rights.
    Elevates,
    /// It harms the machine, not only the project.
    HarmsMachine(&'static str),
    /// Its effect is not known before it runs; the string states why.
    NotUnderstood(String),
}
