//! Programs that read and print, unless an option makes them do more.

use super::Call;
use super::options::{Seen, Watched, has, look, option, outer_values, positional};
use crate::Effect;
use crate::path::Place;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    if PRINTS.contains(&call.name) {
        walk.effects(call.words, Vec::new());
        return true;
    }
    let special = SPECIAL.iter().find(|special| special.name == call.name);
    if special.is_none() && !READS.contains(&call.name) {
        return false;
    }
    // The pattern or script is the value of an option, or in the file that one names.
    let has_script = has(
        call.rest,
        &[
            option('f', "file"),
            option('e', "regexp"),
            option(' ', "from-file"),
            option('L', "library-path"),
        ],
    );
    let mut effects: Vec<Effect> = match PATTERN_FIRST.contains(&call.name) && !has_script {
        // A pattern is no path, whatever it looks like.
        true => positional(call.rest).skip(1).map(|word| Effect::Reads(walk.place(word))).collect(),
        false => positional(call.rest).map(|word| Effect::Reads(walk.place(word))).collect(),
    };
    effects.extend(outer_values(walk, call.rest).map(Effect::Reads));
    let takes_file = ["nm", "objdump", "readelf", "size", "strings"].contains(&call.name);
    if takes_file && positional(call.rest).any(|word| word.known_prefix().starts_with('@')) {
        effects.push(Effect::NotUnderstood("its options are in a file".into()));
    }
    if call.name == "xmllint" && positional(call.rest).any(|it| it.known_prefix().contains("://")) {
        effects.push(Effect::UsesNetwork("xmllint"));
    }
    if call.name == "yq" && call.rest.iter().any(|it| it.known_prefix().contains("load")) {
        effects.push(Effect::NotUnderstood("its script may read other files".into()));
    }
    if let Some(special) = special {
        for watched in special.writes {
            match look(call.rest, *watched) {
                Seen::Yes(Some(file)) => effects.push(Effect::Writes(walk.place(&file))),
                Seen::Yes(None) => {}
                Seen::Perhaps => effects.push(Effect::Writes(Place::Unknown)),
                Seen::No => {}
            }
        }
        for watched in special.refused {
            match look(call.rest, *watched) {
                Seen::No => {}
                // Reading one more file is harmless if only a file's name causes it.
                Seen::Perhaps if special.reason == READS_MORE => {}
                Seen::Perhaps if call.rest.iter().all(|it| !it.has_unknown()) => {}
                Seen::Yes(_) | Seen::Perhaps => {
                    effects.push(Effect::NotUnderstood(special.reason.to_owned()));
                    break;
                }
            }
        }
    }
    let is_pager = matches!(call.name, "less" | "more" | "most" | "view");
    if is_pager && call.rest.iter().any(|word| word.known_prefix().starts_with('+')) {
        effects.push(Effect::NotUnderstood("a command of the pager can run a program".into()));
    }
    if matches!(call.name, "uniq" | "xxd")
        && let Some(output) = positional(call.rest).nth(1)
    {
        effects.push(Effect::Writes(walk.place(output)));
    }
    if call.name == "hostname" && positional(call.rest).next().is_some() {
        effects.push(Effect::NotUnderstood("it changes the name of the machine".into()));
    }
    walk.effects(call.words, effects);
    true
}

/// A program of which some options do more than read.
struct Special {
    name: &'static str,
    /// Options whose value is a file that is written.
    writes: &'static [Watched],
    /// Options whose effect is `reason`.
    refused: &'static [Watched],
    reason: &'static str,
}

/// A library that is loaded.
const PLUGIN: &[Watched] = &[option(' ', "plugin")];

const RUNS: &str = "one of its options runs another program";

const READS_MORE: &str = "one of its options reads files that it does not name";

const SPECIAL: &[Special] = &[
    Special {
        name: "sort",
        writes: &[option('o', "output"), option('T', "temporary-directory")],
        refused: &[option(' ', "compress-program"), option(' ', "files0-from")],
        reason: "one of its options runs a program or reads other files",
    },
    Special { name: "wc", writes: &[], refused: &[option(' ', "files0-from")], reason: READS_MORE },
    Special { name: "du", writes: &[], refused: &[option(' ', "files0-from")], reason: READS_MORE },
    Special { name: "shuf", writes: &[option('o', "output")], refused: &[], reason: RUNS },
    Special {
        name: "diff",
        writes: &[],
        refused: &[option(' ', "from-file"), option(' ', "to-file")],
        reason: READS_MORE,
    },
    Special {
        name: "sdiff",
        writes: &[option('o', "output")],
        refused: &[option(' ', "diff-program")],
        reason: RUNS,
    },
    Special {
        name: "xmllint",
        writes: &[option('o', "output")],
        refused: &[
            option(' ', "shell"),
            option(' ', "noent"),
            option(' ', "xinclude"),
            option(' ', "loaddtd"),
            option(' ', "dtdattr"),
            option(' ', "path"),
            option(' ', "catalogs"),
        ],
        reason: "one of its options reads commands or other files",
    },
    Special { name: "nm", writes: &[], refused: PLUGIN, reason: RUNS },
    Special { name: "objdump", writes: &[], refused: PLUGIN, reason: RUNS },
    Special { name: "readelf", writes: &[], refused: PLUGIN, reason: RUNS },
    Special { name: "size", writes: &[], refused: PLUGIN, reason: RUNS },
    Special { name: "strings", writes: &[], refused: PLUGIN, reason: RUNS },
    Special { name: "tree", writes: &[option('o', "output")], refused: &[], reason: RUNS },
    Special {
        name: "rg",
        writes: &[],
        refused: &[option(' ', "pre"), option(' ', "hostname-bin")],
        reason: RUNS,
    },
    Special { name: "ag", writes: &[], refused: &[option(' ', "pager")], reason: RUNS },
    Special { name: "ack", writes: &[], refused: &[option(' ', "pager")], reason: RUNS },
    Special {
        name: "date",
        writes: &[],
        refused: &[option('s', "set")],
        reason: "it sets the clock",
    },
    Special {
        name: "man",
        writes: &[],
        refused: &[option('P', "pager"), option('H', "html"), option('C', "config-file")],
        reason: RUNS,
    },
    Special {
        name: "less",
        writes: &[option('o', "log-file"), option('O', "LOG-FILE")],
        refused: &[],
        reason: RUNS,
    },
    Special {
        name: "xxd",
        writes: &[],
        refused: &[option('r', "revert")],
        reason: "it may write a file",
    },
    Special {
        name: "yq",
        writes: &[],
        refused: &[option('i', "inplace"), option('s', "split-exp")],
        reason: "it changes files",
    },
    Special { name: "iconv", writes: &[option('o', "output")], refused: &[], reason: RUNS },
    Special {
        name: "file",
        writes: &[],
        refused: &[option('C', "compile"), option('f', "files-from")],
        reason: "it writes a file or prints lines of one as names",
    },
    Special { name: "bat", writes: &[], refused: &[option(' ', "pager")], reason: RUNS },
    Special { name: "batcat", writes: &[], refused: &[option(' ', "pager")], reason: RUNS },
    Special { name: "tokei", writes: &[], refused: &[], reason: RUNS },
];

/// Programs that read the files that they are given.
const READS: &[&str] = &[
    "cat",
    "head",
    "tail",
    "wc",
    "ls",
    "dir",
    "vdir",
    "stat",
    "du",
    "df",
    "diff",
    "cmp",
    "comm",
    "cut",
    "tr",
    "nl",
    "od",
    "hexdump",
    "strings",
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2sum",
    "cksum",
    "sum",
    "realpath",
    "readlink",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "zcat",
    "xzcat",
    "bzcat",
    "jq",
    "column",
    "fold",
    "fmt",
    "paste",
    "join",
    "rev",
    "tac",
    "expand",
    "unexpand",
    "uniq",
    "pr",
    "base64",
    "base32",
    "nm",
    "objdump",
    "readelf",
    "size",
    "more",
    "most",
    "colordiff",
    "diffstat",
    "eza",
    "exa",
    "lsd",
    "cloc",
    "scc",
    "batcat",
    "sdiff",
    "look",
    "tsort",
    "shuf",
    "namei",
    "lsattr",
    "getfacl",
    "hd",
    "pdftotext",
    "xmllint",
];

/// Programs whose first argument is a pattern or their own script.
const PATTERN_FIRST: &[&str] =
    &["grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "jq", "yq", "tr", "look"];

/// Programs whose arguments are not files.
const PRINTS: &[&str] = &[
    "basename",
    "dirname",
    "uname",
    "whoami",
    "id",
    "groups",
    "uptime",
    "ps",
    "free",
    "nproc",
    "which",
    "whereis",
    "seq",
    "yes",
    "sleep",
    "printenv",
    "arch",
    "tty",
    "locale",
    "getconf",
    "cal",
    "bc",
    "expr",
    "factor",
    "numfmt",
    "tput",
    "clear",
    "reset",
    "logname",
    "users",
    "who",
    "w",
    "pgrep",
    "pidof",
    "lscpu",
    "lsblk",
    "lsmod",
    "vmstat",
    "iostat",
    "ncal",
    "dircolors",
    "stty",
    "sync",
    "fortune",
    "cowsay",
    "figlet",
    "hostname",
    "hostid",
    "apropos",
    "whatis",
    "top",
];
