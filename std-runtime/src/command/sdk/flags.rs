//! Reads the flags of another program with a table of known ones.

use crate::Result;
use crate::command::usage::usage;

/// What to do with a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has no value, and the run needs it.
    Switch,
    /// It has a value, and the run needs it.
    Value,
    /// It has no value, and is ignored.
    IgnoredSwitch,
    /// It has a value, and is ignored.
    IgnoredValue,
}

/// A word of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A flag, with its value if it takes one.
    Flag(&'static str, &'a str),
    /// Any other word.
    Other(&'a str),
}

/// The words of a command line, without the flags that are ignored.
///
/// # Errors
/// `Usage` for a flag that is not in the table, because its request would be ignored.
pub(super) fn read<'a>(
    whose: &str,
    words: &'a [String],
    table: &[(&'static str, Kind)],
) -> Result<Vec<Word<'a>>> {
    let mut out = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            out.push(Word::Other(word));
            continue;
        }
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some((name, kind)) = table.iter().find(|(known, _)| *known == name) else {
            let text = format!("sdk {whose}: {name} asks for something that a run does not have");
            return Err(usage(text));
        };
        let value = match (kind, joined) {
            (Kind::Switch | Kind::IgnoredSwitch, _) => "",
            (Kind::Value | Kind::IgnoredValue, Some(value)) => value,
            (Kind::Value | Kind::IgnoredValue, None) => {
                words.next().ok_or_else(|| usage(format!("sdk {whose}: {name} lacks its value")))?
            }
        };
        if matches!(kind, Kind::Switch | Kind::Value) {
            out.push(Word::Flag(name, value));
        }
    }
    Ok(out)
}

/// The rules in a list such as `Read,Bash(git log:*, -n)`: a comma between brackets is part of one.
pub(super) fn rules(list: &str) -> Vec<&str> {
    let (mut depth, mut from, mut out) = (0_usize, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(&list[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&list[from..]);
    out.into_iter().map(str::trim).filter(|rule| !rule.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_part_of_their_flag_or_follow_it_and_unknown_flags_are_refused() {
        let table = [
            ("--model", Kind::Value),
            ("--verbose", Kind::IgnoredSwitch),
            ("--sources", Kind::IgnoredValue),
            ("--fork", Kind::Switch),
        ];
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let line = words("exec --model m --verbose --model=-n --sources= --fork");
        let found = read("x", &line, &table).unwrap();
        let flag = |name, value| Word::Flag(name, value);
        let wanted =
            [Word::Other("exec"), flag("--model", "m"), flag("--model", "-n"), flag("--fork", "")];
        assert_eq!(found, wanted);
        for wrong in ["--model", "--other", "--mode m"] {
            assert!(read("x", &words(wrong), &table).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_comma_in_brackets_does_not_separate_rules() {
        assert_eq!(rules("Read, Bash(a, b),,Edit"), ["Read", "Bash(a, b)", "Edit"]);
        assert!(rules(" ").is_empty());
    }
}
