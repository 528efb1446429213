//! Interpreters: they run files of a language.

use super::{Call, outside, shells};
use crate::Effect;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    let Some(interpreter) = INTERPRETERS.iter().find(|it| it.is(call.name)) else { return false };
    interpret(walk, call, interpreter);
    true
}

/// It runs code of the project, with arguments that may lead out of it.
fn runs_project(walk: &mut Walk<'_>, call: &Call<'_>) {
    let mut effects = outside::effects(walk, call);
    effects.insert(0, Effect::RunsProject);
    walk.effects(call.words, effects);
}

/// `coverage run` runs a script or a module as python does.
pub(super) fn coverage(walk: &mut Walk<'_>, call: &Call<'_>, rest: &[Word]) {
    let command = rest.first().and_then(Word::text);
    match command.as_deref() {
        Some("run") => {
            let with_value = ["--source", "--omit", "--include", "--rcfile", "--data-file"];
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.iter().position(|it| it.text().as_deref() == Some("-m"));
            let skipped = super::options::skip(inner, &with_value).unwrap_or(inner.len());
            let inner = inner.get(end.unwrap_or(skipped)..).unwrap_or_default();
            let words: Vec<Word> =
                std::iter::once(Word::from_text("python")).chain(inner.iter().cloned()).collect();
            walk.run(&words);
        }
        _ => runs_project(walk, call),
    }
}

/// A program that runs files of a language.
struct Interpreter {
    name: &'static str,
    /// Options whose value is code.
    code: &'static [&'static str],
    /// Options whose value is not a file.
    with_value: &'static [&'static str],
    /// Modules that `-m` may run.
    modules: &'static [&'static str],
    /// Options that are a whole command.
    whole: &'static [&'static str],
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
        if interpreter.whole.contains(&text.as_str()) && call.rest.len() == 1 {
            return runs_project(walk, call);
        }
        if text == "-m" && !interpreter.modules.is_empty() {
            return match call.rest.get(at + 1).and_then(Word::text) {
                Some(module) if module == "pip" || module == "ensurepip" => {
                    walk.effects(call.words, vec![Effect::UsesNetwork("pip")]);
                }
                Some(module) if module == "coverage" => {
                    coverage(walk, call, call.rest.get(at + 2..).unwrap_or_default());
                }
                Some(module)
                    if interpreter
                        .modules
                        .contains(&module.split('.').next().unwrap_or_default()) =>
                {
                    runs_project(walk, call);
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
                    runs_project(walk, call);
                }
                _ => walk.effects(call.words, vec![Effect::UsesNetwork("its command")]),
            }
        }
        Some(file) => {
            shells::script_file(walk, call.words, file);
        }
        None => walk.not_understood(call.words, "it runs what it reads from its input"),
    }
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
            "cProfile",
            "json",
            "build",
            "pycodestyle",
            "pydoc",
            "tabnanny",
            "ast",
            "tokenize",
            "dis",
        ],
        whole: &[],
    },
    Interpreter {
        name: "pypy",
        code: &["-c", "-i"],
        with_value: &[],
        modules: &["pytest", "unittest"],
        whole: &[],
    },
    Interpreter {
        name: "node",
        code: &[
            "-e",
            "--eval",
            "-p",
            "--print",
            "-i",
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "--inspect",
            "--inspect-brk",
            "--inspect-port",
            "--env-file",
        ],
        with_value: &[],
        modules: &[],
        whole: &["--test"],
    },
    Interpreter {
        name: "deno",
        code: &["eval", "repl"],
        with_value: &[],
        modules: &[],
        whole: &[],
    },
    Interpreter { name: "bun", code: &["-e", "--eval"], with_value: &[], modules: &[], whole: &[] },
    Interpreter {
        name: "ruby",
        code: &["-e", "-r", "-n", "-p", "-x", "-S"],
        with_value: &["-I"],
        modules: &[],
        whole: &[],
    },
    Interpreter {
        name: "perl",
        code: &["-e", "-E", "-n", "-p", "-M", "-m", "-i", "-d", "-x", "-S"],
        with_value: &["-I"],
        modules: &[],
        whole: &[],
    },
    Interpreter {
        name: "php",
        code: &["-r", "-a", "-B", "-R", "-E", "-S", "-d", "-z", "-c"],
        with_value: &[],
        modules: &[],
        whole: &[],
    },
    Interpreter {
        name: "lua",
        code: &["-e", "-l", "-i"],
        with_value: &[],
        modules: &[],
        whole: &[],
    },
    Interpreter { name: "Rscript", code: &["-e"], with_value: &[], modules: &[], whole: &[] },
    Interpreter { name: "tsx", code: &["-e", "--eval"], with_value: &[], modules: &[], whole: &[] },
    Interpreter {
        name: "ts-node",
        code: &["-e", "--eval"],
        with_value: &[],
        modules: &[],
        whole: &[],
    },
];
