//! Programs that make, change, move and delete files.

use super::Call;
use super::options::{Seen, has_surely, look, option, outer_values, positional};
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    let rest = call.rest;
    let effects = match call.name {
        "mktemp" => {
            let mut effects: Vec<Effect> =
                positional(rest).map(|word| Effect::Writes(walk.place(word))).collect();
            if effects.is_empty() {
                effects.push(Effect::Writes(Place::Temporary("/tmp/tmp".into())));
            }
            effects
        }
        "touch" | "mkdir" | "tee" | "truncate" | "mkfifo" | "sponge" | "fallocate" => {
            positional(rest).map(|word| Effect::Writes(walk.place(word))).collect()
        }
        "chmod" | "chown" | "chgrp" => attributes(walk, rest),
        "rm" | "rmdir" | "unlink" | "shred" | "trash" => deletes(walk, rest),
        "cp" | "install" | "mv" | "rename" | "ditto" => copies(walk, call),
        "ln" => links(walk, rest),
        "dd" => dd(walk, rest),
        "patch" => {
            let mut effects: Vec<Effect> =
                positional(rest).map(|word| Effect::Writes(walk.place(word))).collect();
            if has_surely(rest, &[option('e', "ed")]) {
                effects.push(Effect::NotUnderstood("its input is a script of ed".into()));
            }
            for watched in
                [option('o', "output"), option('d', "directory"), option('r', "reject-file")]
            {
                if let Seen::Yes(Some(word)) = look(rest, watched) {
                    effects.push(Effect::Writes(walk.place(&word)));
                }
            }
            if effects.is_empty() {
                effects.push(Effect::Writes(Place::Project("the files of the patch".into())));
            }
            effects
        }
        "split" | "csplit" => splits(walk, call),
        "link" => links(walk, rest),
        "gzip" | "gunzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" | "unzstd" | "lz4" => {
            let to_stdout = has_surely(
                rest,
                &[option('c', "stdout"), option('t', "test"), option('l', "list")],
            );
            let mut effects: Vec<Effect> = positional(rest)
                .map(|word| {
                    let place = walk.place(word);
                    if to_stdout { Effect::Reads(place) } else { Effect::Writes(place) }
                })
                .collect();
            let lists = [option(' ', "files"), option(' ', "files0"), option(' ', "filelist")];
            if has_surely(rest, &lists) {
                effects.push(Effect::NotUnderstood("a file names its files".into()));
            }
            effects
        }
        "tar" | "bsdtar" => tar(walk, rest),
        "unzip" => match has_surely(
            rest,
            &[option('l', ""), option('t', ""), option('p', ""), option('Z', "")],
        ) {
            true => positional(rest).map(|word| Effect::Reads(walk.place(word))).collect(),
            false => {
                let folder = match look(rest, option('d', "")) {
                    Seen::Yes(Some(folder)) => walk.place(&folder),
                    _ => Place::Project("the files of the archive".into()),
                };
                vec![Effect::Writes(folder)]
            }
        },
        "zip" => match has_surely(rest, &[option('T', ""), option(' ', "unzip-command")]) {
            true => vec![Effect::NotUnderstood("its test can run a program".into())],
            false => {
                let mut paths = positional(rest).map(|word| walk.place(word));
                let archive = paths.next().map(Effect::Writes);
                archive.into_iter().chain(paths.map(Effect::Reads)).collect()
            }
        },
        _ => return false,
    };
    let mut effects: Vec<Effect> = effects;
    if !matches!(call.name, "tar" | "bsdtar") {
        effects.extend(outer_values(walk, rest).map(Effect::Writes));
    }
    if call.name == "install" && has_surely(rest, &[option(' ', "strip-program")]) {
        effects.push(Effect::NotUnderstood("one of its options runs another program".into()));
    }
    walk.effects(call.words, effects);
    true
}

/// The prefix of the new files is the last word, after the file that is read, or an option.
fn splits(walk: &Walk<'_>, call: &Call<'_>) -> Vec<Effect> {
    let mut paths = positional(call.rest).map(|word| walk.place(word));
    let mut effects: Vec<Effect> = paths.next().map(Effect::Reads).into_iter().collect();
    if call.name == "split" {
        effects.extend(paths.map(Effect::Writes));
        if matches!(look(call.rest, option(' ', "filter")), Seen::Yes(_)) {
            effects.push(Effect::NotUnderstood("its filter is a script".into()));
        }
    }
    if let Seen::Yes(Some(prefix)) = look(call.rest, option('f', "prefix"))
        && call.name == "csplit"
    {
        effects.push(Effect::Writes(walk.place(&prefix)));
    }
    effects.push(Effect::Writes(Place::Project("the pieces of the file".into())));
    effects
}

fn deletes(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let is_recursive = has_surely(rest, &[option('r', "recursive"), option('R', "")]);
    positional(rest)
        .map(|word| match walk.place(word) {
            // A folder above the project, or one of the system, with all that is in it.
            Place::Elsewhere(path) if is_recursive && path.starts_with("..") => {
                Effect::Deletes(Place::Elsewhere(path))
            }
            place => Effect::Deletes(place),
        })
        .collect()
}

fn attributes(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let mut words = positional(rest);
    let mode = words.next().map(Word::display).unwrap_or_default();
    let mut effects: Vec<Effect> = words.map(|word| Effect::Writes(walk.place(word))).collect();
    let is_wide = mode.contains('s')
        || (mode.len() == 4 && matches!(mode.as_bytes().first(), Some(b'2'..=b'7')));
    if is_wide && !mode.contains(':') && mode.chars().all(|c| "ugoa+-=rwxst,01234567".contains(c)) {
        effects.push(Effect::NotUnderstood("it gives a program the rights of its owner".into()));
    }
    effects
}

/// The last path is written, the others are read; `mv` takes them away.
fn copies(walk: &Walk<'_>, call: &Call<'_>) -> Vec<Effect> {
    let mut paths: Vec<Word> = positional(call.rest).cloned().collect();
    let target = match look(call.rest, option('t', "target-directory")) {
        Seen::Yes(Some(folder)) => {
            paths.retain(|word| *word != folder);
            Some(folder)
        }
        Seen::Yes(None) | Seen::No => paths.pop(),
        Seen::Perhaps => {
            let target = paths.pop();
            // `cp $x`: the last path is not known.
            let splits = |word: &Word| word.has_unknown() && word.may_be_option();
            target.filter(|word| !splits(word)).or_else(|| Some(Word::unknown()))
        }
    };
    let mut effects: Vec<Effect> = paths
        .iter()
        .map(|word| {
            let place = walk.place(word);
            if call.name == "mv" { Effect::Deletes(place) } else { Effect::Reads(place) }
        })
        .collect();
    effects.extend(target.map(|word| Effect::Writes(walk.place(&word))));
    // A link to a file outside carries later writes there.
    let is_link = has_surely(call.rest, &[option('s', "symbolic-link"), option('l', "link")]);
    if call.name == "cp" && is_link {
        let leads_out =
            |word: &Word| !matches!(walk.place(word), Place::Project(_) | Place::WholeProject);
        if paths.iter().any(leads_out) {
            effects.push(Effect::NotUnderstood("it makes a link out of the project".into()));
        }
    }
    effects
}

/// A link in the project that leads out of it would carry later writes out.
fn links(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let mut paths: Vec<&Word> = positional(rest).collect();
    let link = if paths.len() > 1 { paths.pop() } else { None };
    let mut effects: Vec<Effect> =
        link.map(|word| Effect::Writes(walk.place(word))).into_iter().collect();
    for target in paths {
        match walk.place(target) {
            Place::Project(_) | Place::WholeProject => {}
            Place::Unknown => effects.push(Effect::Writes(Place::Unknown)),
            place => effects.push(Effect::Writes(place)),
        }
    }
    effects
}

fn dd(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for word in rest {
        let prefix = word.known_prefix();
        if prefix.starts_with("of=") {
            effects.push(Effect::Writes(walk.place(&word.without_prefix(3))));
        } else if prefix.starts_with("if=") {
            effects.push(Effect::Reads(walk.place(&word.without_prefix(3))));
        } else if word.has_unknown() && word.may_be_option() {
            effects.push(Effect::Writes(Place::Unknown));
        }
    }
    effects
}

/// Long options of tar, whole names, that change neither which files it touches nor what it runs.
const TAR_OPTIONS: [&str; 47] = [
    "--append",
    "--auto-compress",
    "--bzip2",
    "--catenate",
    "--checkpoint",
    "--compare",
    "--create",
    "--dereference",
    "--diff",
    "--directory",
    "--exclude",
    "--exclude-backups",
    "--exclude-caches",
    "--exclude-from",
    "--exclude-vcs",
    "--exclude-vcs-ignores",
    "--extract",
    "--file",
    "--format",
    "--full-time",
    "--get",
    "--group",
    "--gunzip",
    "--gzip",
    "--keep-old-files",
    "--list",
    "--lzma",
    "--mode",
    "--mtime",
    "--no-recursion",
    "--no-same-owner",
    "--no-same-permissions",
    "--numeric-owner",
    "--one-file-system",
    "--overwrite",
    "--owner",
    "--posix",
    "--skip-old-files",
    "--sort",
    "--strip-components",
    "--totals",
    "--touch",
    "--update",
    "--verbose",
    "--wildcards",
    "--xz",
    "--zstd",
];

fn tar(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let runs = [
        option(' ', "to-command"),
        option(' ', "checkpoint-action"),
        option('I', "use-compress-program"),
        option('F', "info-script"),
        option(' ', "new-volume-script"),
        option(' ', "rsh-command"),
        option('P', "absolute-names"),
        option('T', "files-from"),
        option(' ', "transform"),
        option(' ', "xform"),
        option(' ', "one-top-level"),
    ];
    if runs.iter().any(|it| matches!(look(rest, *it), Seen::Yes(_))) {
        return vec![Effect::NotUnderstood("it runs a program or leaves its folder".into())];
    }
    // A file of the project may be named `--checkpoint-action=...`.
    if rest.iter().any(|word| word.may_be_option() && (word.has_unknown() || word.has_glob())) {
        return vec![Effect::NotUnderstood("its options are not known before it runs".into())];
    }
    let long = rest.iter().map(Word::known_prefix).filter(|it| it.starts_with("--"));
    let mut names = long.map(|it| it.split('=').next().unwrap_or_default().to_owned());
    if let Some(name) = names.find(|name| name != "--" && !TAR_OPTIONS.contains(&name.as_str())) {
        return vec![Effect::NotUnderstood(format!("what its option {name} does is not known"))];
    }
    let first = rest.first().and_then(Word::text).unwrap_or_default();
    // Without a dash the first word is options all the same.
    let letters = if first.starts_with('-') { "" } else { first.as_str() };
    let does =
        |letter: char, long| letters.contains(letter) || has_surely(rest, &[option(letter, long)]);
    let archive = match letters.contains('f') {
        true => rest.get(1).cloned(),
        false => match look(rest, option('f', "file")) {
            Seen::Yes(value) => value,
            _ => None,
        },
    };
    let archive = archive.map(|word| walk.place(&word));
    let mut effects = Vec::new();
    for watched in [option('g', "listed-incremental"), option('X', "exclude-from")] {
        if let Seen::Yes(Some(file)) = look(rest, watched) {
            let place = walk.place(&file);
            effects.push(if watched.short == 'g' {
                Effect::Writes(place)
            } else {
                Effect::Reads(place)
            });
        }
    }
    if let Seen::Yes(Some(folder)) = look(rest, option('C', "directory")) {
        let place = walk.place(&folder);
        effects.push(if does('x', "extract") {
            Effect::Writes(place)
        } else {
            Effect::Reads(place)
        });
    }
    if does('c', "create") || does('r', "append") || does('u', "update") {
        // The archive is one of them.
        effects.extend(
            positional(rest)
                .skip(usize::from(!first.starts_with('-')))
                .map(|word| Effect::Reads(walk.place(word))),
        );
        effects.extend(archive.map(Effect::Writes));
    } else {
        effects.extend(archive.map(Effect::Reads));
        if does('x', "extract") {
            effects.push(Effect::Writes(Place::Project("the files of the archive".into())));
        }
    }
    effects
}
