//! `git`.

use super::Call;
use super::options::{Seen, has, has_surely, look, option, positional};
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    if call.name != "git" {
        return false;
    }
    let mut at = 0;
    let subcommand = loop {
        let Some(word) = call.rest.get(at) else {
            walk.effects(call.words, Vec::new());
            return true;
        };
        let Some(text) = word.text() else {
            walk.not_understood(call.words, "which command of git it runs is not known");
            return true;
        };
        match text.as_str() {
            "-C" => {
                let place = call.rest.get(at + 1).map_or(Place::Unknown, |word| walk.place(word));
                if !matches!(place, Place::Project(_) | Place::WholeProject) {
                    walk.effects(call.words, vec![Effect::Reads(place)]);
                }
                at += 2;
            }
            "--no-pager"
            | "-P"
            | "--no-optional-locks"
            | "--literal-pathspecs"
            | "--version"
            | "--help"
            | "-h"
            | "-v" => at += 1,
            text if text.starts_with('-') => {
                // `-c` sets anything, including programs that git runs.
                let reason = format!("the option {text} can make git run programs");
                walk.not_understood(call.words, &reason);
                return true;
            }
            text => break text.to_owned(),
        }
    };
    let rest = call.rest.get(at + 1..).unwrap_or_default();
    walk.effects(call.words, effects(walk, &subcommand, rest));
    true
}

fn effects(walk: &Walk<'_>, subcommand: &str, rest: &[Word]) -> Vec<Effect> {
    let not_understood = |reason: &str| vec![Effect::NotUnderstood(reason.to_owned())];
    let first = rest.first().and_then(Word::text).unwrap_or_default();
    let only_options = || positional(rest).next().is_none();
    match subcommand {
        "grep" => match has(rest, &[option('O', "open-files-in-pager")]) {
            true => not_understood("it opens the files in another program"),
            false => look_only(walk, rest),
        },
        "blame" | "annotate" if has(rest, &[option(' ', "contents")]) => {
            let mut effects = look_only(walk, rest);
            if let Seen::Yes(Some(file)) = look(rest, option(' ', "contents")) {
                effects.push(Effect::Reads(walk.place(&file)));
            }
            effects
        }
        "hash-object" => {
            let mut effects: Vec<Effect> =
                positional(rest).map(|word| Effect::Reads(walk.place(word))).collect();
            if has(rest, &[option('w', "")]) {
                effects.push(Effect::Writes(Place::Repository(".git/objects".into())));
            }
            effects
        }
        "help" if has(rest, &[option('w', "web"), option('i', "info"), option('m', "man")]) => {
            not_understood("it opens another program")
        }
        "help" => look_only(walk, rest),
        "branch" | "tag" => {
            let lists = [
                "-l",
                "--list",
                "-a",
                "-r",
                "-v",
                "-vv",
                "--show-current",
                "--contains",
                "--merged",
            ];
            let is_list =
                rest.iter().all(|it| it.text().is_some_and(|it| lists.contains(&it.as_str())));
            let shows =
                rest.first().and_then(Word::text).is_some_and(|it| lists.contains(&it.as_str()));
            let changes = has(
                rest,
                &[
                    option('d', "delete"),
                    option('D', ""),
                    option('f', "force"),
                    option('m', "move"),
                ],
            );
            match is_list || (shows && !changes) {
                true => Vec::new(),
                false => vec![Effect::Writes(Place::Repository(".git".into()))],
            }
        }
        "stash" if matches!(first.as_str(), "list" | "show") => look_only(walk, rest),
        "worktree" | "submodule" | "notes" | "bisect" | "remote"
            if matches!(
                first.as_str(),
                "list" | "status" | "show" | "log" | "-v" | "get-url" | ""
            ) && (subcommand != "submodule" || first == "status")
                && (subcommand != "remote" || first != "show") =>
        {
            Vec::new()
        }
        "config" => match first.as_str() {
            "--get" | "--get-all" | "--list" | "-l" | "get" | "list" | "--get-regexp" => Vec::new(),
            name if !name.starts_with('-') && rest.len() == 1 => Vec::new(),
            _ => not_understood("it changes the configuration of git, which names programs"),
        },
        "reflog" if only_options() || first == "show" => Vec::new(),
        "symbolic-ref" if rest.len() == 1 => Vec::new(),
        "add" | "mv" | "init" | "apply" => {
            let mut effects: Vec<Effect> =
                positional(rest).map(|word| Effect::Writes(walk.place(word))).collect();
            if subcommand == "apply" && has(rest, &[option(' ', "unsafe-paths")]) {
                effects.push(Effect::NotUnderstood("it may write outside the project".into()));
            }
            let edits = [option('e', "edit"), option('i', "interactive"), option('p', "patch")];
            if subcommand == "add" && has_surely(rest, &edits) {
                effects.push(Effect::NotUnderstood("it starts an editor or asks questions".into()));
            }
            let folder = option(' ', if subcommand == "apply" { "directory" } else { "template" });
            match look(rest, folder) {
                Seen::Yes(Some(folder)) if subcommand == "apply" => {
                    effects.push(Effect::Writes(walk.place(&folder)));
                }
                // A template brings hooks with it.
                Seen::Yes(_) => effects.push(Effect::Writes(Place::Repository(".git".into()))),
                Seen::No | Seen::Perhaps => {}
            }
            effects
        }
        "rm" => positional(rest).map(|word| Effect::Deletes(walk.place(word))).collect(),
        "checkout" | "switch" | "restore" | "reset" | "clean" | "stash" => {
            vec![Effect::Discards("changes that are not committed")]
        }
        "push" | "pull" | "fetch" | "clone" | "ls-remote" | "submodule" | "remote" | "archive"
        | "send-email" | "svn" | "lfs" | "request-pull" => vec![Effect::UsesNetwork("git")],
        "commit" | "merge" | "rebase" | "cherry-pick" | "revert" | "am" | "gc" | "prune"
        | "worktree" | "notes" | "bisect" | "update-ref" | "update-index" | "symbolic-ref"
        | "replace" | "repack" | "pack-refs" | "fast-import" | "read-tree" | "write-tree"
        | "commit-tree" | "reflog" | "sparse-checkout" | "maintenance" | "rerere" => {
            vec![Effect::Writes(Place::Repository(".git".into()))]
        }
        _ if LOOK.contains(&subcommand) => look_only(walk, rest),
        "filter-branch" | "filter-repo" => not_understood("it rewrites the history by a script"),
        name => {
            not_understood(&format!("the command {name} of git is not known; it may be an alias"))
        }
    }
}

/// A command that only prints, unless its options make it do more.
fn look_only(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let unknown =
        |word: &Word| word.has_unknown() && word.may_be_option() && word.substitutions.is_empty();
    match look(rest, option(' ', "output")) {
        Seen::Yes(Some(file)) => effects.push(Effect::Writes(walk.place(&file))),
        Seen::Yes(None) => {}
        Seen::No | Seen::Perhaps => {}
    }
    let runs = [option(' ', "ext-diff"), option(' ', "textconv"), option(' ', "upload-pack")];
    if runs.iter().any(|it| matches!(look(rest, *it), Seen::Yes(_))) {
        let reason = "it runs programs that the repository names";
        effects.push(Effect::NotUnderstood(reason.to_owned()));
    }
    // An unquoted value may hold `--output=...`.
    if rest.iter().any(unknown) && rest.iter().all(|word| word.text().as_deref() != Some("--")) {
        effects.push(Effect::NotUnderstood("its options are not known before it runs".into()));
    }
    // `--no-index` compares any two files.
    if matches!(look(rest, option(' ', "no-index")), Seen::Yes(_)) {
        effects.extend(positional(rest).map(|word| Effect::Reads(walk.place(word))));
    }
    effects
}

const LOOK: [&str; 29] = [
    "status",
    "diff",
    "log",
    "show",
    "blame",
    "annotate",
    "rev-parse",
    "rev-list",
    "ls-files",
    "ls-tree",
    "describe",
    "cat-file",
    "shortlog",
    "merge-base",
    "diff-tree",
    "diff-index",
    "diff-files",
    "name-rev",
    "show-ref",
    "for-each-ref",
    "whatchanged",
    "range-diff",
    "count-objects",
    "check-ignore",
    "check-attr",
    "version",
    "var",
    "show-branch",
    "cherry",
];
