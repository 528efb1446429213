//! The effects of programs, derived from their arguments.
//!
//! A program that is not in one of the tables is not understood.

mod build;
mod files;
mod filter;
mod find;
mod git;
mod interpreter;
mod manager;
mod options;
mod outside;
mod read;
mod shells;
mod system;
mod variable;
mod wrapper;

use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;
pub(crate) use variable::steers_programs;

/// Adds the effects of a program, and of the programs that it runs.
pub(crate) fn run(walk: &mut Walk<'_>, words: &[Word]) {
    let Some((program, rest)) = words.split_first() else { return };
    let Some(name) = name(walk, program) else {
        return walk.not_understood(words, "which program it runs is not known before it runs");
    };
    let name = match name {
        Program::Named(name) => name,
        // A script of the project.
        Program::Project => return walk.effects(words, vec![Effect::RunsProject]),
        Program::Elsewhere(path) => {
            let reason = format!("the program {path} is outside the project");
            return walk.not_understood(words, &reason);
        }
    };
    let call = Call { name: &name, words, rest };
    let handled = shells::run(walk, &call)
        || wrapper::run(walk, &call)
        || find::run(walk, &call)
        || git::run(walk, &call)
        || filter::run(walk, &call)
        || files::run(walk, &call)
        || read::run(walk, &call)
        || interpreter::run(walk, &call)
        || manager::run(walk, &call)
        || build::run(walk, &call)
        || system::run(walk, &call);
    if !handled {
        walk.not_understood(words, &format!("the program {name} is not known"));
    }
}

/// A program and its arguments.
pub(crate) struct Call<'c> {
    /// The program's name without a folder.
    pub name: &'c str,
    /// All words, the program first.
    pub words: &'c [Word],
    /// The arguments.
    pub rest: &'c [Word],
}

enum Program {
    Named(String),
    Project,
    Elsewhere(String),
}

/// Which program a word starts.
fn name(walk: &Walk<'_>, word: &Word) -> Option<Program> {
    if word.has_unknown() || word.has_glob() {
        return None;
    }
    let text = word.known_prefix();
    if !text.contains('/') {
        return Some(Program::Named(text)).filter(|_| word.text().is_some());
    }
    let last = text.rsplit('/').next().unwrap_or_default().to_owned();
    let folder = text.get(..text.len() - last.len()).unwrap_or_default();
    let is_known = SYSTEM_FOLDERS.contains(&folder) || TOOLCHAIN_FOLDERS.contains(&folder);
    Some(match walk.place(word) {
        _ if is_known => Program::Named(last),
        Place::Project(_) => Program::Project,
        _ => Program::Elsewhere(text),
    })
}

const SYSTEM_FOLDERS: [&str; 7] = [
    "/bin/",
    "/sbin/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/bin/",
    "/usr/local/sbin/",
    "/opt/homebrew/bin/",
];

const TOOLCHAIN_FOLDERS: [&str; 3] = ["~/.cargo/bin/", "~/.local/bin/", "~/go/bin/"];
