//! Shells and the builtins of bash.

use super::Call;
use super::options::{option, positional, skip};
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    match call.name {
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" | "mksh" => shell(walk, call),
        "fish" | "csh" | "tcsh" | "pwsh" | "nu" | "elvish" | "xonsh" => {
            walk.not_understood(call.words, "the language of this shell is not understood");
        }
        "eval" => eval(walk, call),
        "source" | "." => source(walk, call),
        "cd" | "pushd" => {
            let at = skip(call.rest, &[]);
            walk.effects(call.words, Vec::new());
            match at.map(|at| call.rest.get(at)) {
                // The previous folder, or one of the stack.
                Some(Some(word)) if word.known_prefix().starts_with(['-', '+']) => {
                    walk.enter(Some(&Word::unknown()));
                }
                Some(None) if call.name == "pushd" => walk.enter(Some(&Word::unknown())),
                Some(word) => walk.enter(word),
                None => walk.enter(Some(&Word::unknown())),
            }
        }
        "popd" => {
            walk.effects(call.words, Vec::new());
            walk.enter(Some(&Word::unknown()));
        }
        "export" | "declare" | "typeset" | "local" | "readonly" => declare(walk, call),
        "trap" => {
            walk.effects(call.words, Vec::new());
            if let Some(action) = call.rest.first().filter(|word| word.known_prefix() != "-")
                && call.rest.len() > 1
            {
                walk.script_text(call.words, Some(action));
            }
        }
        "set" | "unset" => {
            let is_unknown = || call.rest.iter().any(Word::has_unknown);
            if call.name == "unset" && (evaluates(call.rest) || is_unknown()) {
                walk.not_understood(call.words, EVALUATES);
            }
            walk.effects(call.words, Vec::new());
            if call.name == "unset" {
                let names: Vec<String> = call.rest.iter().filter_map(Word::text).collect();
                walk.assignments(&names.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
        "mapfile" | "readarray" => match super::options::has(call.rest, &[option('C', "")]) {
            true => walk.not_understood(call.words, "it runs a command for each line"),
            false => {
                walk.effects(call.words, Vec::new());
                let names: Vec<String> = positional(call.rest).filter_map(Word::text).collect();
                walk.assignments(&names.iter().map(String::as_str).collect::<Vec<_>>());
            }
        },
        // The name may have a subscript, in which a command runs.
        "test" | "[" | "[[" | "printf" if names_unknown(call.rest) => {
            walk.not_understood(call.words, EVALUATES);
        }
        "printf" | "read" => {
            // Both assign variables.
            let names: Vec<String> = positional(call.rest).filter_map(Word::text).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            match evaluates(call.rest) && (call.name == "read" || assigns(call.rest)) {
                true => walk.not_understood(call.words, EVALUATES),
                false => walk.effects(call.words, Vec::new()),
            }
            walk.assignments(&names);
        }
        "kill" | "pkill" | "killall" => {
            let everything = ["-1", "1", "0"];
            let texts: Vec<String> = call.rest.iter().map(Word::display).collect();
            let last = texts.last().map_or("", String::as_str);
            let is_wide = call.name != "kill" || (texts.len() > 1 && everything.contains(&last));
            match is_wide || last == "1" {
                true => walk.not_understood(call.words, "it ends processes that it does not name"),
                false => walk.effects(call.words, Vec::new()),
            }
        }
        "test" | "[" | "[[" | "let" | "wait" | "getopts" if evaluates(call.rest) => {
            walk.not_understood(call.words, EVALUATES);
        }
        "getopts" | "let" => {
            walk.effects(call.words, Vec::new());
            let text: Vec<String> = call.rest.iter().map(Word::known_prefix).collect();
            let names: Vec<&str> = text
                .iter()
                .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
                .collect();
            walk.assignments(&names);
        }
        "jobs" if super::options::has(call.rest, &[option('x', "")]) => {
            walk.effects(call.words, Vec::new());
            let at = skip(call.rest, &[]).unwrap_or(call.rest.len());
            walk.run(call.rest.get(at..).unwrap_or_default());
        }
        "hash" if super::options::has(call.rest, &[option('p', "")]) => {
            walk.not_understood(call.words, "it changes which program a name starts");
        }
        "echo" | "test" | "[" | "[[" | "true" | "false" | ":" | "exit" | "return" | "shift"
        | "break" | "continue" | "wait" | "type" | "hash" | "umask" | "ulimit" | "jobs" | "fg"
        | "bg" | "disown" | "dirs" | "times" | "pwd" | "help" | "caller" => {
            walk.effects(call.words, Vec::new());
        }
        "alias" | "shopt" | "enable" | "bind" | "complete" | "compgen" | "compopt" | "fc"
        | "history" | "coproc" | "unalias" => {
            walk.not_understood(call.words, "it changes how the shell reads what follows");
        }
        _ => return false,
    }
    true
}

/// Whether a text among the arguments holds an expansion that bash would make only when it
/// evaluates the text as a number or a subscript.
fn evaluates(rest: &[Word]) -> bool {
    rest.iter().any(|word| {
        let text = word.known_prefix();
        text.contains("$(") || text.contains('`') || text.contains("${")
    })
}

/// Whether a name of a variable that `-v` takes is not known.
fn names_unknown(rest: &[Word]) -> bool {
    let mut pairs = rest.windows(2);
    pairs.any(|pair| matches!(pair, [option, name] if option.text().as_deref() == Some("-v") && name.has_unknown()))
}

/// Whether `printf` assigns a variable.
fn assigns(rest: &[Word]) -> bool {
    rest.first().is_some_and(|word| word.known_prefix().starts_with("-v"))
}

const EVALUATES: &str = "bash runs a command in a text that it evaluates";

fn shell(walk: &mut Walk<'_>, call: &Call<'_>) {
    let mut reads_script = false;
    let mut syntax_only = false;
    let mut at = 0;
    while let Some(word) = call.rest.get(at) {
        let Some(text) = word.text() else {
            return walk.not_understood(call.words, "the arguments of the shell are not known");
        };
        if text == "-" {
            return walk.not_understood(call.words, "the shell may run what it reads");
        }
        let is_option = text.starts_with(['-', '+']) && text.len() > 1;
        if text == "--" {
            at += 1;
            break;
        }
        if !is_option {
            break;
        }
        at += 1;
        if let Some(long) = text.strip_prefix("--") {
            match long {
                "norc" | "noprofile" | "posix" | "version" | "help" | "login" | "verbose" => {}
                _ => return walk.not_understood(call.words, "it starts from another file"),
            }
            continue;
        }
        reads_script |= text.starts_with('-') && text.contains('c');
        syntax_only |= text.starts_with('-') && text.contains('n');
        if text.contains('i') || text.contains('s') {
            return walk.not_understood(call.words, "the shell runs what it reads");
        }
        if text.ends_with(['o', 'O']) {
            at += 1;
        }
    }
    if reads_script {
        return walk.script_text(call.words, call.rest.get(at));
    }
    match call.rest.get(at) {
        Some(script) if syntax_only => {
            let place = walk.place(script);
            walk.effects(call.words, vec![Effect::Reads(place)]);
        }
        Some(script) => script_file(walk, call.words, script),
        None if call.rest.iter().any(|it| it.text().as_deref() == Some("--version")) => {
            walk.effects(call.words, Vec::new());
        }
        None => walk.not_understood(call.words, "the shell runs what it reads from its input"),
    }
}

/// Runs a file as a script, whatever its language.
pub(super) fn script_file(walk: &mut Walk<'_>, words: &[Word], file: &Word) {
    match walk.place(file) {
        Place::Project(_) if !file.has_glob() => walk.effects(words, vec![Effect::RunsProject]),
        _ => {
            let reason = format!("the script {} is not a file of the project", file.display());
            walk.not_understood(words, &reason);
        }
    }
}

fn eval(walk: &mut Walk<'_>, call: &Call<'_>) {
    let texts: Option<Vec<String>> = call.rest.iter().map(Word::text).collect();
    let script = texts.map(|texts| Word::from_text(texts.join(" ")));
    walk.script_text(call.words, script.as_ref());
}

fn source(walk: &mut Walk<'_>, call: &Call<'_>) {
    match call.rest.first() {
        Some(file) => script_file(walk, call.words, file),
        None => walk.not_understood(call.words, "no file is named"),
    }
    // It may have defined anything and changed the folder.
    walk.enter(Some(&Word::from_text(".")));
}

fn declare(walk: &mut Walk<'_>, call: &Call<'_>) {
    let is_reference = call.name != "export" && super::options::has(call.rest, &[option('n', "")]);
    match evaluates(call.rest) || is_reference {
        true => walk.not_understood(call.words, EVALUATES),
        false => walk.effects(call.words, Vec::new()),
    }
    let names: Vec<String> = positional(call.rest)
        .map(|word| word.known_prefix())
        .map(|text| text.split(['=', '+', '[']).next().unwrap_or_default().to_owned())
        .collect();
    walk.assignments(&names.iter().map(String::as_str).collect::<Vec<_>>());
    if positional(call.rest).any(|word| word.has_unknown() && word.known_prefix().is_empty()) {
        walk.not_understood(call.words, "which variable it sets is not known before it runs");
    }
}
