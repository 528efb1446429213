//! Build tools, test runners, compilers and interpreters: they run code of the project.

use super::options::{Seen, has, look, option};
use super::{Call, shells};
use crate::Effect;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    if let Some(interpreter) = INTERPRETERS.iter().find(|it| it.is(call.name)) {
        interpret(walk, call, interpreter);
        return true;
    }
    if let Some(manager) = MANAGERS.iter().find(|it| it.name == call.name) {
        manage(walk, call, manager);
        return true;
    }
    if !BUILDS.contains(&call.name) {
        return false;
    }
    if call
        .rest
        .iter()
        .all(|word| matches!(word.text().as_deref(), Some("--version" | "-V" | "--help")))
        && !call.rest.is_empty()
    {
        walk.effects(call.words, Vec::new());
        return true;
    }
    let mut effects = vec![Effect::RunsProject];
    // Where the result goes; another folder to work in.
    for watched in [option('o', ""), option('C', "directory")] {
        if let Seen::Yes(Some(word)) = look(call.rest, watched)
            && OUTPUT.contains(&call.name)
        {
            effects.push(Effect::Writes(walk.place(&word)));
        }
    }
    walk.effects(call.words, effects);
    true
}

/// A program that runs files of a language.
struct Interpreter {
    name: &'static str,
    /// Options whose value is code.
    code: &'static [&'static str],
    /// Options whose value is no file.
    with_value: &'static [&'static str],
    /// Modules that `-m` may run.
    modules: &'static [&'static str],
}

impl Interpreter {
    fn is(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.name);
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    }
}

fn interpret(walk: &mut Walk<'_>, call: &Call<'_>, interpreter: &Interpreter) {
    let mut at = 0;
    while let Some(word) = call.rest.get(at) {
        let Some(text) = word.text() else {
            if word.may_be_option() {
                return walk.not_understood(call.words, "what it runs is not known before it runs");
            }
            break;
        };
        if matches!(text.as_str(), "--version" | "-V" | "--help" | "-h" | "-v")
            && call.rest.len() == 1
        {
            return walk.effects(call.words, Vec::new());
        }
        if text == "-m" && !interpreter.modules.is_empty() {
            return match call.rest.get(at + 1).and_then(Word::text) {
                Some(module) if module == "pip" || module == "ensurepip" => {
                    walk.effects(call.words, vec![Effect::UsesNetwork("pip")]);
                }
                Some(module)
                    if interpreter
                        .modules
                        .contains(&module.split('.').next().unwrap_or_default()) =>
                {
                    walk.effects(call.words, vec![Effect::RunsProject]);
                }
                module => {
                    let name = module.unwrap_or_default();
                    walk.not_understood(call.words, &format!("the module {name} is not known"));
                }
            };
        }
        let is_code = interpreter.code.iter().any(|option| {
            let is_cluster = option.len() == 2 && !text.starts_with("--") && text.starts_with('-');
            let letter = option.chars().nth(1).unwrap_or('-');
            text.as_str() == *option
                || text.split('=').next() == Some(*option)
                || (is_cluster && text.contains(letter))
        });
        if is_code || text == "-" {
            return walk.not_understood(
                call.words,
                "code in an argument or from its input is not understood",
            );
        }
        if !text.starts_with('-') {
            break;
        }
        at += if interpreter.with_value.contains(&text.as_str()) { 2 } else { 1 };
    }
    match call.rest.get(at) {
        Some(file) if interpreter.name == "deno" || interpreter.name == "bun" => {
            match file.text().as_deref() {
                Some("test" | "check" | "lint" | "fmt" | "run" | "task" | "bench" | "build") => {
                    walk.effects(call.words, vec![Effect::RunsProject]);
                }
                _ => walk.effects(call.words, vec![Effect::UsesNetwork("its command")]),
            }
        }
        Some(file) => shells::script_file(walk, call.words, file),
        None => walk.not_understood(call.words, "it runs what it reads from its input"),
    }
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
}

fn manage(walk: &mut Walk<'_>, call: &Call<'_>, manager: &Manager) {
    let mut at = 0;
    let command = loop {
        let Some(word) = call.rest.get(at) else {
            return walk.effects(call.words, Vec::new());
        };
        let Some(text) = word.text() else {
            return walk.not_understood(call.words, "which of its commands it runs is not known");
        };
        if matches!(text.as_str(), "--version" | "-V" | "--help" | "-h") {
            return walk.effects(call.words, Vec::new());
        }
        if text == "--config" || text.starts_with("--config=") || text == "-Z" {
            return walk.not_understood(call.words, "its configuration can name programs");
        }
        if !text.starts_with(['-', '+']) {
            break text;
        }
        at += if manager.with_value.contains(&text.as_str()) { 2 } else { 1 };
    };
    let rest = call.rest.get(at + 1..).unwrap_or_default();
    if manager.name == "cargo"
        && has(rest, &[option(' ', "config")])
        && rest.iter().any(|it| it.known_prefix().starts_with("--config"))
    {
        return walk.not_understood(call.words, "its configuration can name programs");
    }
    if manager.name == "go"
        && rest.iter().any(|it| {
            ["-exec", "-toolexec", "--exec", "--toolexec"]
                .iter()
                .any(|o| it.known_prefix().starts_with(o))
        })
    {
        return walk.not_understood(call.words, "one of its options runs another program");
    }
    if manager.name == "go"
        && command == "env"
        && rest.iter().any(|it| it.known_prefix().starts_with("-w"))
    {
        return walk.not_understood(call.words, "it changes the settings of the user");
    }
    let effect = match command.as_str() {
        command if manager.prints.contains(&command) => Effect::Prints,
        command if manager.runs.contains(&command) => Effect::RunsProject,
        _ => Effect::UsesNetwork("its command"),
    };
    walk.effects(call.words, vec![effect]);
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        name: "python",
        code: &["-c", "-i"],
        with_value: &["-W", "-X", "--check-hash-based-pycs"],
        modules: &[
            "pytest",
            "unittest",
            "doctest",
            "compileall",
            "py_compile",
            "mypy",
            "ruff",
            "black",
            "isort",
            "flake8",
            "pylint",
            "pyflakes",
            "coverage",
            "tox",
            "nox",
            "timeit",
            "cProfile",
            "pdb",
            "json",
            "build",
            "pycodestyle",
            "pydoc",
            "tabnanny",
            "ast",
            "tokenize",
            "dis",
        ],
    },
    Interpreter {
        name: "pypy",
        code: &["-c", "-i"],
        with_value: &[],
        modules: &["pytest", "unittest"],
    },
    Interpreter {
        name: "node",
        code: &["-e", "--eval", "-p", "--print", "-i", "-r", "--require", "--import", "--loader"],
        with_value: &[],
        modules: &[],
    },
    Interpreter { name: "deno", code: &["eval", "repl"], with_value: &[], modules: &[] },
    Interpreter { name: "bun", code: &["-e", "--eval"], with_value: &[], modules: &[] },
    Interpreter {
        name: "ruby",
        code: &["-e", "-r", "-n", "-p"],
        with_value: &["-I"],
        modules: &[],
    },
    Interpreter {
        name: "perl",
        code: &["-e", "-E", "-n", "-p", "-M", "-m", "-i", "-d"],
        with_value: &["-I"],
        modules: &[],
    },
    Interpreter {
        name: "php",
        code: &["-r", "-a", "-B", "-R", "-E", "-S"],
        with_value: &["-d", "-c"],
        modules: &[],
    },
    Interpreter { name: "lua", code: &["-e", "-l", "-i"], with_value: &[], modules: &[] },
    Interpreter { name: "Rscript", code: &["-e"], with_value: &[], modules: &[] },
    Interpreter { name: "tsx", code: &["-e", "--eval"], with_value: &[], modules: &[] },
    Interpreter { name: "ts-node", code: &["-e", "--eval"], with_value: &[], modules: &[] },
];

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
    },
    Manager {
        name: "go",
        prints: &["version", "env", "list", "doc", "help"],
        runs: &["build", "test", "vet", "run", "fmt", "generate", "tool", "fix", "clean"],
        with_value: &["-C"],
    },
    Manager {
        name: "npm",
        prints: &["ls", "list", "help", "root", "prefix", "bin", "explain", "query", "pkg"],
        runs: &["test", "t", "run", "run-script", "start", "stop", "rebuild"],
        with_value: &["--prefix", "-w", "--workspace", "-C"],
    },
    Manager {
        name: "pnpm",
        prints: &["ls", "list", "help", "root", "why"],
        runs: &["test", "t", "run", "start", "exec", "build", "lint"],
        with_value: &["--filter", "-F", "-C", "--dir"],
    },
    Manager {
        name: "yarn",
        prints: &["list", "help", "why", "info", "bin"],
        runs: &["test", "run", "start", "build", "lint", "exec", "workspace", "workspaces"],
        with_value: &["--cwd"],
    },
    Manager {
        name: "uv",
        prints: &["version", "help", "tree"],
        runs: &["run"],
        with_value: &["--directory", "--project"],
    },
    Manager {
        name: "poetry",
        prints: &["show", "version", "check", "env"],
        runs: &["run", "build"],
        with_value: &["-C"],
    },
    Manager { name: "bundle", prints: &["list", "show", "info"], runs: &["exec"], with_value: &[] },
    Manager {
        name: "dotnet",
        prints: &["--info", "--list-sdks"],
        runs: &["build", "test", "run", "format", "clean", "msbuild", "vstest"],
        with_value: &[],
    },
    Manager {
        name: "swift",
        prints: &[],
        runs: &["build", "test", "run", "format"],
        with_value: &[],
    },
    Manager {
        name: "rustup",
        prints: &["show", "which", "--version"],
        runs: &["run", "doc"],
        with_value: &[],
    },
    Manager {
        name: "zig",
        prints: &["version", "env", "targets"],
        runs: &["build", "test", "run", "fmt", "cc"],
        with_value: &[],
    },
    Manager {
        name: "mix",
        prints: &["help"],
        runs: &["test", "compile", "format", "run", "credo"],
        with_value: &[],
    },
];

/// Programs of which every use runs code of the project or compiles it.
const BUILDS: &[&str] = &[
    "make",
    "gmake",
    "ninja",
    "cmake",
    "ctest",
    "meson",
    "bazel",
    "buck2",
    "scons",
    "just",
    "task",
    "rake",
    "tox",
    "nox",
    "pytest",
    "py.test",
    "mypy",
    "pyright",
    "ruff",
    "black",
    "isort",
    "flake8",
    "pylint",
    "bandit",
    "coverage",
    "eslint",
    "prettier",
    "tsc",
    "jest",
    "vitest",
    "mocha",
    "ava",
    "biome",
    "webpack",
    "vite",
    "rollup",
    "esbuild",
    "rustc",
    "rustfmt",
    "rust-analyzer",
    "clippy-driver",
    "gofmt",
    "goimports",
    "golangci-lint",
    "staticcheck",
    "gcc",
    "g++",
    "cc",
    "c++",
    "clang",
    "clang++",
    "ld",
    "ar",
    "as",
    "clang-format",
    "clang-tidy",
    "cppcheck",
    "javac",
    "java",
    "kotlinc",
    "scalac",
    "mvn",
    "gradle",
    "ant",
    "sbt",
    "rspec",
    "rubocop",
    "phpunit",
    "phpstan",
    "shellcheck",
    "shfmt",
    "hadolint",
    "yamllint",
    "markdownlint",
    "stylua",
    "luacheck",
    "ghc",
    "cabal",
    "stack",
    "ocaml",
    "dune",
    "elixir",
    "erlc",
    "rebar3",
    "nimble",
    "nim",
    "crystal",
    "dub",
    "sphinx-build",
    "mkdocs",
    "pre-commit",
    "ldd",
    "gdb",
    "lldb",
    "valgrind",
    "hyperfine",
    "cargo-nextest",
    "protoc",
    "buf",
    "sqlite3",
    "maturin",
    "cargo-fmt",
    "cargo-clippy",
    "behave",
    "lint-staged",
    "nyc",
    "c8",
    "playwright",
    "cypress",
    "xcodebuild",
];

/// Programs whose `-o` names the file that they write.
const OUTPUT: &[&str] = &[
    "gcc", "g++", "cc", "c++", "clang", "clang++", "ld", "rustc", "ghc", "make", "gmake", "ninja",
];
