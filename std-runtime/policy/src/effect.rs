//! What a command does.

use crate::path::Place;

/// One thing that a command does, or may do.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// It computes and prints, no more.
    Prints,
    /// It reads a file or a folder.
    Reads(Place),
    /// It makes or changes a file.
    Writes(Place),
    /// It deletes a file or a folder.
    Deletes(Place),
    /// It throws work away that is not named file by file.
    Discards(&'static str),
    /// It runs code of the project: its build, its tests, its scripts.
    RunsProject,
    /// It talks to other machines.
    UsesNetwork(&'static str),
    /// It runs with more rights.
    Elevates,
    /// It harms the machine, not only the project.
    HarmsMachine(&'static str),
    /// What it does is not known before it runs; the text says why.
    NotUnderstood(String),
}
