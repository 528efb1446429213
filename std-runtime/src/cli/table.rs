//! The table of commands: the source of the command line, the help, the man pages and the completions.

use crate::command::entry::Entry;
use crate::command::{
    chat, complete, completions, config, decode, diff, doctor, encode, fork, help, log, man, patch,
    permissions, prompts, redo, replay, retry, rounds, run, sandbox, sdk, sessions, show, step,
    tokens, tool, trust, try_sample, undo, worktree,
};

/// All commands, in the order of the help.
pub(super) const COMMANDS: &[Entry] = &[
    run::ENTRY,
    chat::ENTRY,
    rounds::ENTRY,
    retry::ENTRY,
    fork::ENTRY,
    try_sample::ENTRY,
    log::ENTRY,
    show::ENTRY,
    diff::ENTRY,
    undo::ENTRY,
    redo::ENTRY,
    sessions::ENTRY,
    patch::ENTRY,
    worktree::ENTRY,
    replay::ENTRY,
    config::ENTRY,
    doctor::ENTRY,
    prompts::ENTRY,
    permissions::ENTRY,
    trust::ENTRY,
    help::ENTRY,
    man::ENTRY,
    completions::ENTRY,
    encode::ENTRY,
    decode::ENTRY,
    step::ENTRY,
    tool::ENTRY,
    sandbox::ENTRY,
    tokens::ENTRY,
    sdk::ENTRY,
    complete::ENTRY,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::command::entry::root;

    #[test]
    fn the_parser_takes_the_table() {
        root(COMMANDS).debug_assert();
        COMMANDS.iter().for_each(|entry| entry.command().debug_assert());
    }

    #[test]
    fn a_name_is_too_long_for_an_instruction_and_occurs_once() {
        let names: Vec<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
        let all: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(all.len(), names.len());
        assert!(all.iter().all(|name| name.len() > 2), "{all:?}");
    }

    #[test]
    fn what_a_usage_line_names_exists() {
        for entry in COMMANDS {
            let command = entry.command();
            let words = entry.usage.split(|character: char| " |[]".contains(character));
            for word in words.filter(|word| word.starts_with('-') && *word != "--") {
                let known = command.get_arguments().any(|arg| {
                    arg.get_long().is_some_and(|long| word == format!("--{long}"))
                        || arg.get_short().is_some_and(|short| word == format!("-{short}"))
                });
                assert!(known, "{}: {word}", entry.name);
            }
        }
    }

    /// The values of a table of the Python package, as `"keyword": "--flag",` lines.
    fn python(table: &str) -> BTreeSet<String> {
        let path = "/../bindings/python/python/zerostack/command.py";
        let path = env!("CARGO_MANIFEST_DIR").to_owned() + path;
        let text = std::fs::read_to_string(path).unwrap();
        let begin = format!("\n{table} = {{\n");
        let body = text.split(&begin).nth(1).unwrap().split("\n}").next().unwrap();
        let pairs = body.lines().map(|line| {
            let (keyword, flag) = line.trim().trim_end_matches(',').split_once(": ").unwrap();
            let flag = flag.trim_matches('"').trim_start_matches("--").to_owned();
            let keyword = keyword.trim_matches('"');
            let keyword = keyword.strip_suffix("_s").unwrap_or(keyword).replace('_', "-");
            // `env` is the environment of the command itself there.
            // `continue` is a Python keyword.
            let keyword = match keyword.as_str() {
                "tool-env" => "env".to_owned(),
                "go-on" => "continue".to_owned(),
                _ => keyword,
            };
            assert_eq!(keyword, flag);
            flag
        });
        pairs.collect()
    }

    #[test]
    fn python_has_a_keyword_for_each_flag_of_a_run() {
        let command = run::ENTRY.command();
        let flags = |takes_value: bool| -> BTreeSet<String> {
            let args = command.get_arguments().filter(|arg| !arg.is_positional());
            args.filter(|arg| arg.get_action().takes_values() == takes_value)
                .filter_map(|arg| arg.get_long().map(str::to_owned))
                .collect()
        };
        let without = |mut flags: BTreeSet<String>, fixed: &[&str]| {
            fixed.iter().for_each(|flag| assert!(flags.remove(*flag), "{flag}"));
            flags
        };
        // Python sets these itself, or has no use for them.
        assert_eq!(
            python("OPTIONS"),
            without(flags(true), &["add-system", "events", "parallel", "color"])
        );
        let fixed = ["quiet", "help", "version", "dry-run", "merge"];
        assert_eq!(python("FLAGS"), without(flags(false), &fixed));
    }
}
