//! `find` and `fd`.

use super::Call;
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    match call.name {
        "find" | "gfind" => find(walk, call),
        "fd" | "fdfind" => fd(walk, call),
        _ => return false,
    }
    true
}

fn find(walk: &mut Walk<'_>, call: &Call<'_>) {
    let mut effects = Vec::new();
    let mut roots = true;
    let mut rest = call.rest.iter().enumerate();
    let mut inner: Vec<Vec<Word>> = Vec::new();
    let mut everything: Vec<Word> = Vec::new();
    let narrows = |word: &Word| {
        word.text().is_some_and(|text| TESTS.iter().take(NARROWING).any(|test| *test == text))
    };
    let is_narrowed = call.rest.iter().any(narrows);
    let runs = ["-exec", "-execdir", "-ok", "-okdir"];
    let runs = call.rest.iter().any(|it| it.text().is_some_and(|it| runs.contains(&it.as_str())));
    if runs {
        // The program is given what the names stand for.
        let starts =
            call.rest.iter().take_while(|it| !it.known_prefix().starts_with(['-', '(', '!']));
        let named = call.rest.windows(2).filter_map(|pair| match pair {
            [test, name] => {
                let tests = ["-name", "-iname", "-path", "-ipath", "-wholename"];
                tests.contains(&test.text()?.as_str()).then(|| name.known_prefix())
            }
            _ => None,
        });
        let named: Vec<String> = named.collect();
        for start in starts {
            for name in &named {
                let path = format!("{}/{name}", start.known_prefix());
                let place = walk.place(&Word::from_text(path));
                if matches!(place, Place::Secret(_)) {
                    effects.push(Effect::Reads(place));
                }
            }
        }
    }
    while let Some((at, word)) = rest.next() {
        let Some(text) = word.text() else {
            if !roots && word.may_be_option() && word.has_unknown() {
                effects
                    .push(Effect::NotUnderstood("what it does with the files is not known".into()));
            } else if roots {
                if word.has_unknown() && word.may_be_option() {
                    effects.push(Effect::NotUnderstood(
                        "what it does with the files is not known".into(),
                    ));
                }
                let place = walk.place(word);
                if matches!(place, Place::Everything(_) | Place::System(_) | Place::Secret(_)) {
                    everything.push(word.clone());
                }
                effects.push(Effect::Reads(place));
            }
            continue;
        };
        roots &=
            !text.starts_with(['-', '(', '!', ')']) || matches!(text.as_str(), "-L" | "-H" | "-P");
        match text.as_str() {
            "-delete" => {
                effects.push(Effect::Discards("files that it does not name"));
                let whole = everything.iter().filter(|_| !is_narrowed);
                effects.extend(whole.map(|word| Effect::Deletes(walk.place(word))));
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let words: Vec<Word> = call
                    .rest
                    .iter()
                    .skip(at + 1)
                    .take_while(|word| !matches!(word.text().as_deref(), Some(";" | "+")))
                    .cloned()
                    .collect();
                for _ in 0..words.len() {
                    rest.next();
                }
                inner.push(words);
            }
            "-files0-from" => {
                effects.push(Effect::NotUnderstood("a file names where it looks".into()));
            }
            "-fprint" | "-fprintf" | "-fls" | "-fprint0" => {
                if let Some((_, file)) = rest.next() {
                    effects.push(Effect::Writes(walk.place(file)));
                }
            }
            _ if roots => {
                let place = walk.place(word);
                if matches!(place, Place::Everything(_) | Place::System(_) | Place::Secret(_)) {
                    everything.push(word.clone());
                }
                effects.push(Effect::Reads(place));
            }
            // The value of a test may be a pattern; it begins nothing.
            _ => {
                if TESTS.contains(&text.as_str()) {
                    rest.next();
                }
            }
        }
    }
    walk.effects(call.words, effects);
    // A folder that contains everything is itself found too.
    let whole = everything.into_iter().filter(|_| !is_narrowed);
    let found = std::iter::once(Word::unknown()).chain(whole);
    for file in found {
        for words in &inner {
            let filled = |word: &Word| match word.display().contains("{}") {
                true => file.clone(),
                false => word.clone(),
            };
            match words.is_empty() {
                true => walk.not_understood(call.words, "the command that it runs is missing"),
                false => walk.run(&words.iter().map(filled).collect::<Vec<_>>()),
            }
        }
    }
}

fn fd(walk: &mut Walk<'_>, call: &Call<'_>) {
    let exec = ["-x", "-X", "--exec", "--exec-batch"];
    let at = call.rest.iter().position(|word| {
        word.text().is_some_and(|text| exec.contains(&text.as_str()) || text.starts_with("--exec"))
    });
    let options = call.rest.get(..at.unwrap_or(call.rest.len())).unwrap_or_default();
    if options.iter().any(|word| word.may_be_option() && word.has_unknown()) {
        return walk.not_understood(call.words, "what it does with the files is not known");
    }
    walk.effects(call.words, Vec::new());
    if let Some(at) = at {
        let mut words: Vec<Word> = call.rest.get(at + 1..).unwrap_or_default().to_vec();
        for word in &mut words {
            if word.display().contains('{') {
                *word = Word::unknown();
            }
        }
        words.push(Word::unknown());
        walk.run(&words);
    }
}

/// How many of the tests do not let everything pass.
const NARROWING: usize = 18;

/// Tests that take a value, which may look like anything.
const TESTS: [&str; 22] = [
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-regex",
    "-iregex",
    "-newer",
    "-size",
    "-mtime",
    "-mmin",
    "-perm",
    "-user",
    "-group",
    "-ctime",
    "-atime",
    "-lname",
    "-samefile",
    "-type",
    "-maxdepth",
    "-mindepth",
    "-printf",
];
