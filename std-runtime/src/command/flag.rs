//! Flags and their values.

use std::path::PathBuf;

use clap::builder::{
    NonEmptyStringValueParser, OsStringValueParser, PossibleValuesParser, TypedValueParser,
};
use clap::{Arg, ArgAction, ArgMatches};
use zerostack_policy::{Rule, Verdict};

use crate::provider::shown;

/// `--name`, without a value.
pub(crate) fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// `--name VALUE`, a string with at least one letter: an empty one is a variable that a script did
/// not set, and would be as if the flag were not there.
pub(crate) fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).value_name(value).help(help);
    arg.value_parser(NonEmptyStringValueParser::new())
}

/// A path, which may be empty: an error about it is reported where it is used.
pub(crate) fn paths() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// `--name VALUE`, a whole number that is at least `least`.
pub(crate) fn number(
    name: &'static str,
    value: &'static str,
    least: u32,
    help: &'static str,
) -> Arg {
    bounded(name, value, least, u32::MAX, help)
}

/// `--name VALUE`, a whole number from `least` to `most`.
pub(crate) fn bounded(
    name: &'static str,
    value: &'static str,
    least: u32,
    most: u32,
    help: &'static str,
) -> Arg {
    let parse = move |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            Ok(number) if number < least => Err(format!("must be at least {least}, not {number}")),
            _ if !is_number => Err(format!("must be a whole number, not {}", shown(text))),
            _ if text.starts_with('-') => Err(format!("must be at least {least}, not {text}")),
            _ => Err(format!("must be at most {most}, not {}", shown(text))),
        }
    };
    option(name, value, help).allow_negative_numbers(true).value_parser(parse)
}

/// `--name VALUE`, one of a few words, each of which has a value.
pub(crate) fn choice<T: Clone + Send + Sync + 'static>(
    name: &'static str,
    value: &'static str,
    choices: Vec<(&'static str, T)>,
    help: &'static str,
) -> Arg {
    let names: Vec<&'static str> = choices.iter().map(|(name, _)| *name).collect();
    let parser = PossibleValuesParser::new(names).try_map(move |name| {
        let found = choices.iter().find(|(choice, _)| *choice == name);
        found.map(|(_, value)| value.clone()).ok_or("is not known")
    });
    option(name, value, help).value_parser(parser)
}

/// `--name AMOUNT`, money, in millionths of the currency.
pub(crate) fn amount(name: &'static str, help: &'static str) -> Arg {
    let parse = |text: &str| {
        let micros = text.parse::<f64>().ok().map(|amount| (amount * 1e6).round());
        let micros = micros.filter(|micros| (1.0..=f64::from(u32::MAX)).contains(micros));
        let wrong = || format!("must be an amount from 0.000001 to 4294, not {}", shown(text));
        micros.map(|micros| micros as u32).ok_or_else(wrong)
    };
    option(name, "AMOUNT", help).allow_negative_numbers(true).value_parser(parse)
}

/// Millionths as [`amount`] reads them.
pub(crate) fn text_of_amount(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// `--allow`, `--ask` and `--deny`, each any number of times.
pub(crate) fn rules() -> [Arg; 3] {
    let help = [
        "Permit the calls of a rule, such as Bash(npm install:*) or Edit(./src/**)",
        "Ask about the calls of a rule; without a terminal they are denied",
        "Deny the calls of a rule, whatever else allows them",
    ];
    let mut help = help.into_iter();
    VERDICTS.map(|(name, _)| {
        let parse = |text: &str| Rule::parse(text).map_err(|error| error.to_string());
        option(name, "RULE", help.next().unwrap_or_default())
            .action(ArgAction::Append)
            .value_parser(parse)
    })
}

/// The values of [`rules`], in the order of the command line.
pub(crate) fn given_rules(matches: &ArgMatches) -> Vec<(Verdict, Rule)> {
    let mut rules: Vec<(usize, Verdict, Rule)> = Vec::new();
    for (name, verdict) in VERDICTS {
        let places = matches.indices_of(name).into_iter().flatten();
        let values = matches.get_many::<Rule>(name).into_iter().flatten();
        rules.extend(places.zip(values).map(|(place, rule)| (place, verdict, rule.clone())));
    }
    rules.sort_by_key(|(place, ..)| *place);
    rules.into_iter().map(|(_, verdict, rule)| (verdict, rule)).collect()
}

/// The value of a flag, if it was given.
pub(crate) fn value<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    name: &str,
) -> Option<T> {
    matches.get_one::<T>(name).cloned()
}

/// All values of a flag or an argument.
pub(crate) fn values<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches.get_many::<T>(name).into_iter().flatten().cloned().collect()
}

const VERDICTS: [(&str, Verdict); 3] =
    [("allow", Verdict::Allow), ("ask", Verdict::Ask), ("deny", Verdict::Deny)];
