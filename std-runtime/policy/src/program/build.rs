//! Build tools, test runners and compilers: they run code of the project.

use super::Call;
use super::outside::{self, begins_like};
use crate::Effect;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    let is_build = BUILDS.contains(&call.name);
    if !is_build && !matches!(call.name, "hyperfine" | "sqlite3" | "valgrind") {
        return false;
    }
    let is_question = |word: &Word| {
        matches!(word.text().as_deref(), Some("--version" | "-V" | "--help" | "-version"))
    };
    if call.rest.iter().all(is_question) && !call.rest.is_empty() {
        walk.effects(call.words, Vec::new());
        return true;
    }
    match call.name {
        "hyperfine" => hyperfine(walk, call),
        "sqlite3" => sqlite(walk, call),
        "valgrind" => valgrind(walk, call),
        "coverage" => super::interpreter::coverage(walk, call, call.rest),
        _ => build(walk, call),
    }
    true
}

fn build(walk: &mut Walk<'_>, call: &Call<'_>) {
    let mut effects = outside::effects(walk, call);
    let table = MORE.iter().find(|more| more.names.contains(&call.name));
    if let Some(more) = table {
        let first = call.rest.iter().find(|word| !word.known_prefix().starts_with('-'));
        let first = first.and_then(Word::text).unwrap_or_default();
        let is_unknown = |word: &Word| word.has_unknown() && word.may_be_option();
        if call.rest.iter().any(|word| begins_like(word, more.code)) {
            effects.push(Effect::NotUnderstood("one of its arguments is code or a program".into()));
        } else if !more.code.is_empty() && call.rest.iter().any(is_unknown) {
            effects.push(Effect::NotUnderstood("its options are not known before it runs".into()));
        }
        if more.network.iter().any(|name| first == *name || first.ends_with(&format!(":{name}"))) {
            effects.push(Effect::UsesNetwork("its command"));
        }
    }
    if COMPILERS.contains(&call.name) {
        effects.extend(written_by_compiler(walk, call.rest));
    }
    if call.name == "mypy" && call.rest.iter().any(|word| begins_like(word, &["--install-types"])) {
        effects.push(Effect::UsesNetwork("it installs packages"));
    }
    if matches!(call.name, "make" | "gmake") && call.rest.iter().any(sets_program) {
        effects.push(Effect::NotUnderstood("it sets a variable that names a program".into()));
    }
    let reads_stdin = STDIN.contains(&call.name)
        && call.rest.iter().all(|word| word.known_prefix().starts_with('-'));
    if reads_stdin || call.rest.iter().any(|word| is_stdin(call.name, word)) {
        effects.push(Effect::NotUnderstood("it runs what it reads from its input".into()));
    }
    effects.insert(0, Effect::RunsProject);
    walk.effects(call.words, effects);
}

/// Compilers that write the dependencies of a file where `-MF` says.
const COMPILERS: [&str; 6] = ["gcc", "g++", "cc", "c++", "clang", "clang++"];

fn written_by_compiler(walk: &Walk<'_>, rest: &[Word]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (at, word) in rest.iter().enumerate() {
        let prefix = word.known_prefix();
        for option in ["-MF", "-MJ", "-o", "-dumpdir", "-dumpbase", "-aux-info"] {
            let Some(value) = prefix.strip_prefix(option) else { continue };
            let file = match value {
                "" => rest.get(at + 1).cloned(),
                _ => Some(word.without_prefix(option.len())),
            };
            effects.extend(file.map(|file| Effect::Writes(walk.place(&file))));
        }
        // Several at once: `-Wl,-rpath,x,-o,/etc/x`.
        let passed = prefix.strip_prefix("-Wl,").unwrap_or_default();
        let names = ["-o", "--output", "-Map", "-plugin", "--plugin", "-dynamic-linker", "@"];
        if passed.split(',').any(|it| names.iter().any(|name| it.starts_with(name))) {
            let reason = "one of its arguments is for another program";
            effects.push(Effect::NotUnderstood(reason.to_owned()));
        }
    }
    effects
}

/// `NAME=value` among the arguments of `make`.
fn sets_program(word: &Word) -> bool {
    let prefix = word.known_prefix();
    let Some((name, _)) = prefix.split_once('=') else { return false };
    super::variable::steers_programs(name.trim_end_matches([':', '+', '?']))
}

/// Whether a word means the input of a program whose files are programs.
fn is_stdin(program: &str, word: &Word) -> bool {
    let text = word.text().unwrap_or_default();
    let value = text.split_once('=').map_or(text.as_str(), |(_, value)| value);
    matches!(program, "make" | "gmake" | "just" | "rake" | "ninja" | "cmake")
        && matches!(value, "-" | "-f-")
}

/// Its arguments are scripts for a shell.
fn hyperfine(walk: &mut Walk<'_>, call: &Call<'_>) {
    walk.effects(call.words, outside::effects(walk, call));
    let with_value = ["-w", "--warmup", "-r", "--runs", "-m", "--min-runs", "-M", "--max-runs"];
    let mut rest = call.rest.iter();
    while let Some(word) = rest.next() {
        let prefix = word.known_prefix();
        if with_value.contains(&prefix.as_str()) {
            rest.next();
        } else if prefix.starts_with('-') {
            let takes_no_program = ["-N", "-i", "--ignore-failure", "--shell=none"];
            if !takes_no_program.contains(&prefix.as_str()) {
                walk.not_understood(call.words, "one of its options runs another program");
            }
        } else {
            walk.script_text(call.words, Some(word));
        }
    }
}

fn sqlite(walk: &mut Walk<'_>, call: &Call<'_>) {
    let options = call.rest.iter().take_while(|word| word.known_prefix().starts_with('-'));
    let mut effects = Vec::new();
    if options.clone().any(|word| begins_like(word, &["-cmd", "-init", "--cmd", "--init", "-A"])) {
        effects.push(Effect::NotUnderstood("one of its options runs a script".into()));
    }
    let count = options.count();
    let mut rest = call.rest.iter().skip(count);
    effects.extend(rest.next().map(|file| Effect::Writes(walk.place(file))));
    let mut is_scripted = false;
    for script in rest {
        is_scripted = true;
        let calls = ["writefile", "load_extension", "edit(", "readfile", "attach", "vacuum into"];
        let is_plain = script.text().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            !text.lines().any(|line| line.trim_start().starts_with('.'))
                && !calls.iter().any(|call| text.contains(call))
        });
        if !is_plain {
            let reason = "its script may run programs or write files";
            effects.push(Effect::NotUnderstood(reason.to_owned()));
        }
    }
    if !is_scripted {
        effects.push(Effect::NotUnderstood("it runs what it reads from its input".to_owned()));
    }
    walk.effects(call.words, effects);
}

fn valgrind(walk: &mut Walk<'_>, call: &Call<'_>) {
    let at = super::options::skip(call.rest, &[]).unwrap_or(call.rest.len());
    let options = call.rest.get(..at).unwrap_or_default();
    let mut effects = Vec::new();
    for word in options {
        let prefix = word.known_prefix();
        if let Some((name, _)) = prefix.split_once('=') {
            let value = word.without_prefix(name.len() + 1);
            if name.ends_with("file") || name.ends_with("-fd") {
                effects.push(Effect::Writes(walk.place(&value)));
            } else if name.contains("db") || name.contains("command") {
                effects.push(Effect::NotUnderstood("it starts another program".to_owned()));
            }
        }
    }
    walk.effects(call.words, effects);
    walk.run(call.rest.get(at..).unwrap_or_default());
}

/// The effects of a build tool besides running code of the project.
struct More {
    names: &'static [&'static str],
    /// How arguments begin that are code, or name a program or a file of options.
    code: &'static [&'static str],
    /// Commands that use the network.
    network: &'static [&'static str],
}

const MORE: &[More] = &[
    More { names: &["make", "gmake"], code: &["--eval", "-E"], network: &[] },
    More {
        names: &["gcc", "g++", "cc", "c++", "clang", "clang++", "ld", "as", "ar"],
        code: &[
            "-wrapper",
            "-specs",
            "--specs",
            "-fplugin",
            "-Xclang",
            "-plugin",
            "--plugin",
            "@",
            "-B/",
            "-Wl,-o",
            "-Wl,--output",
            "-Wl,-plugin",
            "-Wl,--plugin",
            "-Wl,-Map",
            "-Wl,--dynamic-linker",
            "-Wl,-dynamic-linker",
            "-Wl,@",
            "-Wp,-M",
            "-Wp,-o",
            "-Wa,-a",
            "-Wa,-o",
            "-Xlinker",
            "-Xassembler",
            "-Xpreprocessor",
        ],
        network: &[],
    },
    More {
        names: &["rustc", "clippy-driver"],
        code: &["-Clinker", "linker=", "--codegen=linker", "-Zcodegen", "@"],
        network: &[],
    },
    More { names: &["cmake"], code: &["-E", "-DCMAKE_C", "-DCMAKE_PROJECT"], network: &[] },
    More {
        names: &["just"],
        code: &[
            "--shell",
            "--shell-arg",
            "-c",
            "--command",
            "--choose",
            "--chooser",
            "--edit",
            "-e",
        ],
        network: &[],
    },
    More { names: &["rake"], code: &["-e", "-E", "-p", "--execute"], network: &[] },
    More {
        names: &["java", "kotlinc", "scalac", "javac"],
        code: &["-javaagent", "-agentlib", "-agentpath", "-XX:On", "-XX:Flags", "@", "-J", "-Xrun"],
        network: &[],
    },
    More {
        names: &["mvn"],
        code: &["exec:", "org.codehaus.mojo:exec", "antrun:", "-Dexec.", "groovy:"],
        network: &["deploy", "deploy-file", "get", "release", "site-deploy", "perform"],
    },
    More {
        names: &["gradle"],
        code: &["-I", "--init-script", "--include-build"],
        network: &["publish", "publishToMavenCentral", "uploadArchives"],
    },
    More { names: &["sbt"], code: &["eval", "console", "set ", "project/"], network: &["publish"] },
    More { names: &["ghc"], code: &["-e", "-F", "-pgm", "--interactive", "@"], network: &[] },
    More {
        names: &["elixir", "erlc", "nim", "crystal"],
        code: &["-e", "--eval", "--rpc-eval", "-S", "e", "--eval:"],
        network: &[],
    },
    More {
        names: &["stack", "cabal"],
        code: &["exec", "runghc", "runhaskell", "script", "eval", "ghci", "repl"],
        network: &["update", "upgrade", "upload", "install", "setup", "get", "fetch"],
    },
    More {
        names: &["bazel", "buck2"],
        code: &["--run_under", "--script_path"],
        network: &["fetch"],
    },
    More { names: &["mkdocs"], code: &[], network: &["gh-deploy"] },
    More { names: &["maturin"], code: &[], network: &["publish", "upload"] },
    More { names: &["playwright", "cypress"], code: &[], network: &["install", "open"] },
    More {
        names: &["pre-commit"],
        code: &["install", "try-repo", "init-templatedir", "uninstall"],
        network: &["autoupdate"],
    },
    More { names: &["buf"], code: &[], network: &["generate", "push", "registry", "dep", "mod"] },
    More { names: &["protoc"], code: &["--plugin", "@"], network: &[] },
    More { names: &["nimble", "dub"], code: &[], network: &["install", "publish", "fetch", "add"] },
    More { names: &["dune"], code: &["exec", "utop"], network: &[] },
    More { names: &["ocaml"], code: &["-e"], network: &[] },
];

/// Programs that run their input if no file is named.
const STDIN: &[&str] = &["ocaml", "elixir", "sbt"];

/// Programs whose every use runs or compiles code of the project.
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
    "cargo-nextest",
    "protoc",
    "buf",
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
