//! Package managers and builders with commands, some of which use the network.

use super::options::skip;
use super::{Call, outside};
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    let Some(manager) = MANAGERS.iter().find(|it| it.name == call.name) else { return false };
    manage(walk, call, manager);
    true
}

/// A program with commands, some of which use the network.
struct Manager {
    name: &'static str,
    /// Commands that only print.
    prints: &'static [&'static str],
    /// Commands that run code of the project.
    runs: &'static [&'static str],
    /// Options that come before the command with their value.
    with_value: &'static [&'static str],
    /// Commands whose first argument is a program that they run.
    inner: &'static [&'static str],
    /// Prefixes of arguments that name a program or settings.
    code: &'static [&'static str],
}

fn manage(walk: &mut Walk<'_>, call: &Call<'_>, manager: &Manager) {
    let mut at = 0;
    let command = loop {
        let Some(word) = call.rest.get(at) else {
            // Without a command some install.
            let effect = match manager.name {
                "yarn" | "bundle" => Effect::UsesNetwork("its command"),
                _ => Effect::Prints,
            };
            return walk.effects(call.words, vec![effect]);
        };
        let Some(text) = word.text() else {
            return walk.not_understood(call.words, "which of its commands it runs is not known");
        };
        if matches!(text.as_str(), "--version" | "-V" | "--help" | "-h") {
            return walk.effects(call.words, Vec::new());
        }
        if text == "-" {
            return walk.not_understood(call.words, "it runs what it reads from its input");
        }
        if outside::begins_like(word, &["--config", "-Z"]) {
            return walk.not_understood(call.words, "its configuration can name programs");
        }
        if !text.starts_with(['-', '+']) {
            break text;
        }
        at += if manager.with_value.contains(&text.as_str()) { 2 } else { 1 };
    };
    let rest = call.rest.get(at + 1..).unwrap_or_default();
    if call.rest.iter().any(|word| outside::begins_like(word, manager.code)) {
        return walk.not_understood(call.words, "one of its options names a program or settings");
    }
    if manager.inner.contains(&command.as_str()) {
        return inner(walk, call, manager, rest);
    }
    let mut effects = outside::effects(walk, call);
    let settings = match (manager.name, command.as_str()) {
        ("go", "env") => rest.iter().any(|it| it.known_prefix().starts_with("-w")),
        _ => false,
    };
    let package = match (manager.name, command.as_str()) {
        ("npm", "pkg") => !matches!(rest.first().and_then(Word::text).as_deref(), Some("get")),
        _ => false,
    };
    let is_remote = manager.name == "go" && rest.iter().any(is_import);
    effects.push(match command.as_str() {
        _ if settings => Effect::NotUnderstood("it changes the settings of the user".to_owned()),
        _ if package => Effect::Writes(Place::Project("package.json".to_owned())),
        _ if is_remote => Effect::UsesNetwork("its command"),
        command if manager.prints.contains(&command) => Effect::Prints,
        command if manager.runs.contains(&command) => Effect::RunsProject,
        _ => Effect::UsesNetwork("its command"),
    });
    walk.effects(call.words, effects);
}

/// The program that it runs counts.
fn inner(walk: &mut Walk<'_>, call: &Call<'_>, manager: &Manager, rest: &[Word]) {
    let fetches = ["--with", "--with-requirements", "--from", "--index", "--package-spec"];
    let scripts = ["-c", "--call", "--shell-mode", "--eval", "--module"];
    let Some(at) = skip(rest, manager.with_value) else {
        return walk.not_understood(call.words, "which program it runs is not known");
    };
    let options = rest.get(..at).unwrap_or_default();
    let mut effects = outside::effects(walk, call);
    if options.iter().any(|word| outside::begins_like(word, &fetches)) {
        effects.push(Effect::UsesNetwork("one of its options"));
    }
    if options.iter().any(|word| outside::begins_like(word, &scripts)) {
        effects.push(Effect::NotUnderstood("one of its options is code".to_owned()));
    }
    let program = rest.get(at..).unwrap_or_default();
    if program.is_empty() {
        effects.push(Effect::NotUnderstood("which program it runs is not known".to_owned()));
    }
    walk.effects(call.words.get(..1).unwrap_or_default(), effects);
    // `uv run a.py` runs a script.
    match program.first().and_then(Word::text) {
        Some(name) if name.ends_with(".py") => {
            if let Some(file) = program.first() {
                super::shells::script_file(walk, program, file);
            }
        }
        _ => walk.run(program),
    }
}

/// A package of go that is fetched: `example.test/x`, `x@latest`.
fn is_import(word: &Word) -> bool {
    let text = word.known_prefix();
    let first = text.split('/').next().unwrap_or_default();
    let is_host = text.contains('/') && first.contains('.') && !matches!(first, "." | ".." | "...");
    !text.starts_with('-') && (text.contains('@') || is_host)
}

const MANAGERS: &[Manager] = &[
    Manager {
        name: "cargo",
        prints: &[
            "tree",
            "metadata",
            "version",
            "help",
            "pkgid",
            "locate-project",
            "verify-project",
            "read-manifest",
        ],
        runs: &[
            "build",
            "b",
            "check",
            "c",
            "test",
            "t",
            "clippy",
            "fmt",
            "doc",
            "d",
            "bench",
            "run",
            "r",
            "nextest",
            "fix",
            "rustc",
            "rustdoc",
            "clean",
            "expand",
            "miri",
            "llvm-cov",
            "generate-lockfile",
            "hack",
            "machete",
            "deny",
        ],
        with_value: &["-C", "--color", "--manifest-path"],
        inner: &[],
        code: &["--config", "-Clinker", "linker=", "--codegen=linker", "-Z", "--artifact-dir"],
    },
    Manager {
        name: "go",
        prints: &["version", "env", "list", "doc", "help"],
        runs: &["build", "test", "vet", "run", "fmt", "generate", "tool", "fix", "clean"],
        with_value: &["-C"],
        inner: &[],
        code: &[
            "-exec",
            "-toolexec",
            "--exec",
            "--toolexec",
            "-vettool",
            "--vettool",
            "-ldflags=-extld",
            "-gccgoflags",
        ],
    },
    Manager {
        name: "npm",
        prints: &["ls", "list", "help", "root", "prefix", "bin", "explain", "query", "pkg"],
        runs: &["test", "t", "run", "run-script", "start", "stop", "rebuild"],
        with_value: &["--prefix", "-w", "--workspace", "-C"],
        inner: &[],
        code: &[
            "--script-shell",
            "--shell",
            "--node-options",
            "--prefix=/",
            "--userconfig",
            "--globalconfig",
            "--scripts-prepend",
        ],
    },
    Manager {
        name: "pnpm",
        prints: &["ls", "list", "help", "root", "why"],
        runs: &["test", "t", "run", "start", "build", "lint"],
        with_value: &["--filter", "-F", "-C", "--dir"],
        inner: &["exec"],
        code: &["--script-shell", "--shell-emulator", "--shell-mode"],
    },
    Manager {
        name: "yarn",
        prints: &["list", "help", "why", "info", "bin"],
        runs: &["test", "run", "start", "build", "lint", "workspace", "workspaces"],
        with_value: &["--cwd"],
        inner: &["exec"],
        code: &["--script-shell", "--use-yarnrc"],
    },
    Manager {
        name: "uv",
        prints: &["version", "help", "tree"],
        runs: &[],
        with_value: &[
            "--directory",
            "--project",
            "--python",
            "-p",
            "--extra",
            "--group",
            "--with",
            "--package",
        ],
        inner: &["run"],
        code: &[],
    },
    Manager {
        name: "poetry",
        prints: &["show", "version", "check", "env"],
        runs: &["build"],
        with_value: &["-C"],
        inner: &["run"],
        code: &[],
    },
    Manager {
        name: "bundle",
        prints: &["list", "show", "info"],
        runs: &[],
        with_value: &[],
        inner: &["exec"],
        code: &[],
    },
    Manager {
        name: "dotnet",
        prints: &["--info", "--list-sdks"],
        runs: &["build", "test", "run", "format", "clean", "msbuild", "vstest"],
        with_value: &[],
        inner: &[],
        code: &["exec", "--additionalprobingpath"],
    },
    Manager {
        name: "swift",
        prints: &[],
        runs: &["build", "test", "run", "format"],
        with_value: &[],
        inner: &[],
        code: &[],
    },
    Manager {
        name: "rustup",
        prints: &["show", "which", "--version"],
        runs: &["doc"],
        with_value: &[],
        inner: &[],
        code: &["run"],
    },
    Manager {
        name: "zig",
        prints: &["version", "env", "targets"],
        runs: &["build", "test", "run", "fmt", "cc"],
        with_value: &[],
        inner: &[],
        code: &[],
    },
    Manager {
        name: "mix",
        prints: &["help"],
        runs: &["test", "compile", "format", "run", "credo"],
        with_value: &[],
        inner: &[],
        code: &["-e", "--eval", "cmd"],
    },
];
