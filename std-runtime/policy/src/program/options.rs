//! Options among the arguments of a program.

use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

/// The index of the first word that is not an option, with the values of options skipped; `None` if
/// a word may or may not be an option.
///
/// `with_value` names the options whose value is the next word. Ends after `--`.
pub(super) fn skip(rest: &[Word], with_value: &[&str]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let Some(text) = word.text() else {
            return if word.may_be_option() && !word.known_prefix().starts_with("--") {
                None
            } else if word.known_prefix().starts_with("--") {
                at += 1;
                continue;
            } else {
                Some(at)
            };
        };
        if text == "--" {
            return Some(at + 1);
        }
        if text == "-" || !text.starts_with('-') {
            return Some(at);
        }
        at += if with_value.contains(&text.as_str()) { 2 } else { 1 };
    }
    Some(at.min(rest.len()))
}

/// An option that matters.
#[derive(Clone, Copy)]
pub(super) struct Watched {
    /// The letter of `-o`, or a blank.
    pub short: char,
    /// The name after `--` or, for programs with long names after one dash, after `-`.
    pub long: &'static str,
}

/// The state of a watched option in the arguments.
pub(super) enum Seen {
    /// It is absent.
    No,
    /// It may be present.
    Perhaps,
    /// It is present, with its value if one follows.
    Yes(Option<Word>),
}

/// Looks for an option, in all the ways in which GNU's getopt takes it: `-o x`, `-ox`, `-abo x`,
/// `--output x`, `--output=x`, `--outp=x`.
pub(super) fn look(rest: &[Word], watched: Watched) -> Seen {
    let mut perhaps = false;
    for (at, word) in rest.iter().enumerate() {
        let prefix = word.known_prefix();
        if prefix == "--" && word.text().is_some() {
            break;
        }
        if let Some(name) = prefix.strip_prefix("--") {
            let (name, value) = match name.split_once('=') {
                Some((name, _)) => (name, Some(word.without_prefix(name.len() + 3))),
                None => (name, rest.get(at + 1).cloned()),
            };
            let is_it =
                name.len() >= 2 && watched.long.starts_with(name) && !watched.long.is_empty();
            if is_it {
                return Seen::Yes(value);
            }
            perhaps |= word.has_unknown() && !prefix.contains('=');
        } else if let Some(letters) = prefix.strip_prefix('-').filter(|it| !it.is_empty()) {
            if !watched.long.is_empty() && letters == watched.long {
                return Seen::Yes(rest.get(at + 1).cloned());
            }
            if watched.short != ' '
                && let Some(found) = letters.find(watched.short)
            {
                let after = found + 1 + watched.short.len_utf8();
                let is_last = after >= prefix.len() && !word.has_unknown();
                let value = if is_last {
                    rest.get(at + 1).cloned()
                } else {
                    Some(word.without_prefix(after))
                };
                return Seen::Yes(value);
            }
        } else {
            perhaps |= word.may_be_option();
        }
    }
    if perhaps { Seen::Perhaps } else { Seen::No }
}

/// Whether one of the options is present, or may be.
pub(super) fn has(rest: &[Word], watched: &[Watched]) -> bool {
    watched.iter().any(|watched| !matches!(look(rest, *watched), Seen::No))
}

/// Whether one of the options is certainly present.
pub(super) fn has_surely(rest: &[Word], watched: &[Watched]) -> bool {
    watched.iter().any(|watched| matches!(look(rest, *watched), Seen::Yes(_)))
}

/// The words that are not options.
pub(super) fn positional(rest: &[Word]) -> impl Iterator<Item = &Word> {
    let end = rest.iter().position(|word| word.text().as_deref() == Some("--"));
    rest.iter().enumerate().filter_map(move |(at, word)| {
        let is_after = end.is_some_and(|end| at > end);
        let is_option = word.known_prefix().starts_with('-') && word.known_prefix() != "-";
        (Some(at) != end && (is_after || !is_option)).then_some(word)
    })
}

/// The values in the same word as their option that may be paths: of `--file=PATH` all that are
/// none of the project; of `-fPATH` those that cannot be anything else.
pub(super) fn outer_values<'w>(
    walk: &'w Walk<'_>,
    rest: &'w [Word],
) -> impl Iterator<Item = Place> + use<'w> {
    rest.iter().filter_map(|word| {
        let prefix = word.known_prefix();
        let is_long = prefix.starts_with("--");
        if !prefix.starts_with('-') || is_long && TEXTS.iter().any(|it| prefix.starts_with(it)) {
            return None;
        }
        let at = match prefix.find('=') {
            Some(at) if is_long => at + 1,
            _ => prefix.find(['/', '~']).or_else(|| prefix.find("../"))?,
        };
        let value = word.without_prefix(at);
        let place = match walk.place(&value) {
            // An expression of the shell that is no path begins anyhow.
            Place::Elsewhere(_) if !is_long && !prefix.contains("../") => return None,
            place => place,
        };
        let is_outer = matches!(
            place,
            Place::Home(_)
                | Place::Secret(_)
                | Place::Device(_)
                | Place::Everything(_)
                | Place::Elsewhere(_)
                | Place::Repository(_)
                | Place::System(_)
        );
        is_outer.then_some(place)
    })
}

/// Options whose value is a text.
const TEXTS: [&str; 9] = [
    "--regexp",
    "--exclude=",
    "--include=",
    "--exclude-dir",
    "--glob",
    "--iglob",
    "--format",
    "--printf",
    "--label",
];

/// Short for an option with both forms.
pub(super) const fn option(short: char, long: &'static str) -> Watched {
    Watched { short, long }
}
