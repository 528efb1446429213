//! Where the first word of a command line is.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// The place of the first argument that is neither a flag nor a flag's value; `None` after `--`, or
/// if a prompt was named before.
pub(crate) fn first_word(arguments: &[OsString], flags: &Command) -> Option<usize> {
    let mut place = 0;
    while let Some(argument) = arguments.get(place) {
        match flag(argument) {
            Flag::None => return Some(place),
            Flag::End => return None,
            Flag::Given(name) => match taken_value(name, flags) {
                Some(arg) if arg.get_id() == "prompt" => return None,
                // The value is an argument of its own.
                Some(_) if !has_value(name, flags) => place += 2,
                _ => place += 1,
            },
        }
    }
    None
}

enum Flag<'a> {
    None,
    End,
    Given(&'a str),
}

fn flag(argument: &OsStr) -> Flag<'_> {
    // An argument that is not UTF-8 is not a flag.
    match argument.to_str() {
        Some("--") => Flag::End,
        Some(text) if text.len() > 1 && text.starts_with('-') => Flag::Given(text),
        _ => Flag::None,
    }
}

/// The flag that takes a value, of those that an argument gives.
fn taken_value<'a>(argument: &str, flags: &'a Command) -> Option<&'a Arg> {
    match argument.strip_prefix("--") {
        Some(long) => {
            let name = long.split('=').next().unwrap_or(long);
            flags.get_arguments().find(|arg| arg.get_long() == Some(name) && takes_value(arg))
        }
        None => shorts(argument, flags).map(|(arg, _)| arg),
    }
}

/// Whether the value is in the same argument, as in `--model=x` and `-mx`.
fn has_value(argument: &str, flags: &Command) -> bool {
    match argument.strip_prefix("--") {
        Some(long) => long.contains('='),
        None => shorts(argument, flags).is_some_and(|(_, rest)| !rest.is_empty()),
    }
}

/// The first of some short flags that takes a value, and what follows it.
fn shorts<'a, 't>(argument: &'t str, flags: &'a Command) -> Option<(&'a Arg, &'t str)> {
    let letters = argument.strip_prefix('-')?;
    letters.char_indices().find_map(|(place, letter)| {
        let arg = flags.get_arguments().find(|arg| arg.get_short() == Some(letter))?;
        takes_value(arg).then(|| (arg, &letters[place + letter.len_utf8()..]))
    })
}

/// Whether a flag takes a value; arguments that are no flags do not count.
pub(crate) fn takes_value(arg: &Arg) -> bool {
    !arg.is_positional() && arg.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::run::ENTRY;

    #[test]
    fn it_is_found_after_flags_in_all_their_forms() {
        for (line, expected) in [
            ("fix it", Some(0)),
            ("-q fix it", Some(1)),
            ("-m log fix", Some(2)),
            ("-mlog fix", Some(1)),
            ("-qm log fix", Some(2)),
            ("--model log fix", Some(2)),
            ("--model=log fix", Some(1)),
            ("--write fix", Some(1)),
            ("--colour fix", Some(1)),
            ("- fix", Some(0)),
            ("-q", None),
            ("-q -- fix", None),
            ("-p log it", None),
            ("--prompt=log it", None),
            ("--model", None),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(first_word(&arguments, &ENTRY.command()), expected, "{line}");
        }
    }
}
