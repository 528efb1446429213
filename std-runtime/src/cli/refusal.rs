//! Turns an error of the parser into this crate's error: what is wrong, where, what to do.

use clap::error::{ContextKind, ContextValue, Error as Refused, ErrorKind};
use clap::{Arg, Command};

use crate::Error;
use crate::command::usage::usage;
use crate::nearest::nearest_flag;
use crate::provider::shown;

/// The error of a command line that `command` does not accept.
pub(super) fn refusal(refused: &Refused, command: &Command) -> Error {
    let argument = text(refused, ContextKind::InvalidArg);
    // The parser adds the name of the value, and brackets where there is no flag.
    let argument = argument.split(' ').next().unwrap_or_default();
    let argument = argument.trim_matches(['[', ']', '<', '>', '.']);
    let value = text(refused, ContextKind::InvalidValue);
    let help = match command.get_name() {
        "run" => "zerostack --help".to_owned(),
        name => format!("zerostack {name} --help"),
    };
    usage(match refused.kind() {
        ErrorKind::UnknownArgument => {
            let flags: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
            let word = argument.strip_prefix("--");
            let advice = match word.and_then(|word| nearest_flag(word, &flags)) {
                None => format!("see `{help}`"),
                Some(near) => format!("did you mean --{near}?"),
            };
            match argument.strip_prefix('-') {
                Some(_) if shown(argument).contains('…') => {
                    format!("unknown option {}; {advice}", shown(argument))
                }
                Some(_) => format!("unknown option {argument}; {advice}"),
                None => format!("unexpected argument {}; {advice}", shown(argument)),
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => {
            let valid = texts(refused, ContextKind::ValidValue).join(", ");
            let near = match text(refused, ContextKind::SuggestedValue).as_str() {
                "" => String::new(),
                near => format!("; did you mean {near}?"),
            };
            format!("{argument} must be one of {valid}, not {}{near}", shown(&value))
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(refused).map(ToString::to_string);
            let why = why.unwrap_or_else(|| format!("{} is wrong", shown(&value)));
            let colon = if why.starts_with("must ") { "" } else { ":" };
            format!("{argument}{colon} {why}")
        }
        ErrorKind::TooManyValues => format!("{argument} takes no value"),
        ErrorKind::ArgumentConflict => {
            let prior = text(refused, ContextKind::PriorArg);
            let prior = prior.split(' ').next().unwrap_or_default();
            format!("{argument} and {prior} cannot be combined")
        }
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing; see `{help}`"),
        ErrorKind::InvalidUtf8 => "an argument is not valid Unicode".to_owned(),
        _ => format!("the command line cannot be parsed; see `{help}`"),
    })
}

/// The first string that the parser reports.
fn text(refused: &Refused, kind: ContextKind) -> String {
    texts(refused, kind).into_iter().next().unwrap_or_default()
}

fn texts(refused: &Refused, kind: ContextKind) -> Vec<String> {
    match refused.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
