//! Errors of the command line.

pub(crate) use crate::nearest::nearest;
use crate::provider::shown;
use crate::run::PromptFiles;
use crate::{Error, ErrorKind};

/// A command line that cannot be understood.
pub(crate) fn usage(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, text)
}

/// The error for `word` in place of one of the subcommands `words` of a command, or for none.
pub(crate) fn unknown_subcommand(command: &str, word: Option<&str>, words: &[&str]) -> Error {
    let all = words.join(", ");
    usage(match word {
        None => format!("{command}: the subcommand is missing; use {all}"),
        Some(word) if words.contains(&word) => {
            format!("{command} {word}: wrong number of arguments; see `zerostack {command} --help`")
        }
        Some(word) => {
            let advice = match nearest(word, words.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("use {all}"),
            };
            format!("{command}: unknown subcommand {}; {advice}", shown(word))
        }
    })
}

/// The error for a prompt that does not exist.
pub(crate) fn unknown_prompt(name: &str, files: &PromptFiles) -> Error {
    let all: Vec<String> = files.list().into_iter().map(|(name, _)| name).collect();
    let advice = match nearest(name, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", all.join(", ")),
    };
    usage(format!("unknown prompt {name:?}; {advice}"))
}

/// The error for a missing argument that a command needs.
pub(crate) fn missing(what: &str, command: &str) -> Error {
    usage(format!("{what} is missing; see `zerostack {command} --help`"))
}
