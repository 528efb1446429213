//! Programs that run another program, which decides.

use super::Call;
use super::options::{Seen, look, option, skip};
use crate::Effect;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    if let Some((_, with_value)) = PLAIN.iter().find(|(name, _)| *name == call.name) {
        plain(walk, call, with_value, 0);
        return true;
    }
    match call.name {
        "env" => env(walk, call),
        "time" => {
            if let Seen::Yes(Some(file)) = look(options_of(call), option('o', "output")) {
                let place = walk.place(&file);
                walk.effects(call.words, vec![Effect::Writes(place)]);
            }
            plain(walk, call, &["-f", "--format", "-o", "--output"], 0);
        }
        "timeout" => plain(walk, call, &["-s", "--signal", "-k", "--kill-after"], 1),
        "taskset" | "chrt" => plain(walk, call, &[], 1),
        "command" => match call.rest.first().and_then(Word::text).as_deref() {
            Some("-v" | "-V") => walk.effects(call.words, Vec::new()),
            _ => plain(walk, call, &[], 0),
        },
        "exec" if call.rest.is_empty() => walk.effects(call.words, Vec::new()),
        "exec" => plain(walk, call, &["-a"], 0),
        "sudo" | "doas" | "pkexec" | "run0" => {
            walk.effects(call.words, vec![Effect::Elevates]);
            let with_value = ["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "--user", "--group"];
            inner(walk, call, &with_value, 0);
        }
        "su" | "runuser" => {
            walk.effects(call.words, vec![Effect::Elevates]);
            let at = call
                .rest
                .iter()
                .position(|it| matches!(it.text().as_deref(), Some("-c" | "--command" | "-lc")));
            if let Some(at) = at {
                walk.script_text(call.words, call.rest.get(at + 1));
            }
        }
        "xargs" => xargs(walk, call),
        "watch" => {
            let Some(at) = skip(call.rest, &["-n", "--interval"]) else {
                walk.not_understood(call.words, "its arguments are not known before it runs");
                return true;
            };
            // It passes its words to a shell.
            let texts: Option<Vec<String>> = call.rest.iter().skip(at).map(Word::text).collect();
            let script = texts.map(|texts| Word::from_text(texts.join(" ")));
            walk.script_text(call.words, script.as_ref());
        }
        "strace" | "ltrace" => {
            walk.not_understood(call.words, "it can change what the traced program does");
            inner(walk, call, &["-e", "-o", "-s", "-p", "-u", "-P"], 0);
        }
        "flock" => {
            let at = call
                .rest
                .iter()
                .position(|it| matches!(it.text().as_deref(), Some("-c" | "--command")));
            match at {
                Some(at) => walk.script_text(call.words, call.rest.get(at + 1)),
                None => plain(walk, call, &["-w", "--timeout", "-E"], 1),
            }
        }
        "busybox" | "toybox" => plain(walk, call, &[], 0),
        "parallel" | "script" | "unshare" | "nsenter" | "chroot" | "systemd-run" | "screen"
        | "tmux" | "dtach" | "at" | "batch" | "expect" | "entr" | "watchexec" => {
            walk.not_understood(call.words, "how it runs the other program is not understood");
        }
        _ => return false,
    }
    true
}

/// The options before the program that it runs.
fn options_of<'c>(call: &Call<'c>) -> &'c [Word] {
    let at = skip(call.rest, &["-f", "--format", "-o", "--output"]).unwrap_or_default();
    call.rest.get(..at).unwrap_or_default()
}

/// Runs what follows the options and `skipped` words.
fn plain(walk: &mut Walk<'_>, call: &Call<'_>, with_value: &[&str], skipped: usize) {
    walk.effects(call.words.get(..1).unwrap_or_default(), Vec::new());
    inner(walk, call, with_value, skipped);
}

fn inner(walk: &mut Walk<'_>, call: &Call<'_>, with_value: &[&str], skipped: usize) {
    match skip(call.rest, with_value) {
        Some(at) => walk.run(call.rest.get(at + skipped..).unwrap_or_default()),
        None => walk.not_understood(call.words, "which program it runs is not known"),
    }
}

fn env(walk: &mut Walk<'_>, call: &Call<'_>) {
    if super::options::has_surely(call.rest, &[option('S', "split-string")]) && {
        let first = call.rest.first().map(Word::known_prefix).unwrap_or_default();
        first.starts_with("-S") || first.starts_with("--split") || first.starts_with("-iS")
    } {
        return walk.not_understood(call.words, "it splits a text into a command");
    }
    let Some(mut at) = skip(call.rest, &["-u", "--unset", "-C", "--chdir", "-a", "--argv0"]) else {
        return walk.not_understood(call.words, "which program it runs is not known");
    };
    walk.effects(call.words.get(..1).unwrap_or_default(), Vec::new());
    let mut names = Vec::new();
    while let Some(word) = call.rest.get(at) {
        let prefix = word.known_prefix();
        let Some((name, _)) = prefix.split_once('=') else { break };
        names.push(name.to_owned());
        at += 1;
    }
    walk.assignments(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let words = call.rest.get(at..).unwrap_or_default();
    match look(call.rest.get(..at).unwrap_or_default(), option('C', "chdir")) {
        Seen::Yes(folder) => walk.run_in(&folder.unwrap_or_else(Word::unknown), words),
        Seen::No | Seen::Perhaps => walk.run(words),
    }
}

fn xargs(walk: &mut Walk<'_>, call: &Call<'_>) {
    let with_value = [
        "-I",
        "-n",
        "-P",
        "-d",
        "-L",
        "-s",
        "-E",
        "-a",
        "--max-args",
        "--max-procs",
        "--delimiter",
        "--max-lines",
        "--arg-file",
        "--max-chars",
    ];
    let Some(at) = skip(call.rest, &with_value) else {
        return walk.not_understood(call.words, "which program it runs is not known");
    };
    let mut words: Vec<Word> = call.rest.get(at..).unwrap_or_default().to_vec();
    if words.is_empty() {
        return walk.effects(call.words, Vec::new());
    }
    // The words that it reads are appended, or replace its placeholder.
    let options = call.rest.get(..at).unwrap_or_default();
    let mark = match super::options::look(options, option('I', "replace")) {
        super::options::Seen::Yes(value) => {
            value.and_then(|word| word.text()).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    match mark {
        Some(mark) => {
            for word in &mut words {
                if word.display().contains(&mark) {
                    *word = Word::unknown();
                }
            }
        }
        None => words.push(Word::unknown()),
    }
    walk.effects(call.words.get(..1).unwrap_or_default(), Vec::new());
    walk.run(&words);
}

/// Names, and the options whose value is the next word.
const PLAIN: &[(&str, &[&str])] = &[
    ("nice", &["-n", "--adjustment"]),
    ("ionice", &["-c", "-n", "--class", "--classdata"]),
    ("nohup", &[]),
    ("stdbuf", &["-i", "-o", "-e", "--input", "--output", "--error"]),
    ("setsid", &[]),
    ("builtin", &[]),
    ("unbuffer", &[]),
    ("chronic", &[]),
    ("caffeinate", &[]),
    ("catchsegv", &[]),
    ("firejail", &[]),
];
