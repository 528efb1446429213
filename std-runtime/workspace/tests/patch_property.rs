//! For random trees and random work on them: `git apply --index` of the patch gives the view
//! byte for byte, and `git apply -R` gives the folder back.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{namespaces, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use zerostack_workspace::sandbox::Mode;
use zerostack_workspace::view::{Storage, View, ViewOptions};

/// Names that have broken other writers of patches.
const NAMES: &[&[u8]] = &[
    b"a",
    b"b",
    b"dir",
    b"dir",
    b"b c",
    b" lead",
    b"trail ",
    b"q\"uote",
    b"back\\slash",
    b"t\tab",
    b"n\nl",
    "h\u{e9}".as_bytes(),
    b"\xff\xfe",
    b"-dash",
    b"b/",
    b"cr\r",
    b"ab",
];

/// One piece of work.
#[derive(Debug, Clone)]
enum Work {
    Write(Vec<u8>, Vec<u8>),
    /// Replaces the line `at` of what is there.
    Edit(Vec<u8>, usize),
    Append(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Move(Vec<u8>, Vec<u8>),
    Executable(Vec<u8>, bool),
    Link(Vec<u8>, Vec<u8>),
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(NAMES).prop_map(|name| name.strip_suffix(b"/").unwrap_or(name));
    prop::collection::vec(name, 1..4).prop_map(|names| names.join(&b'/'))
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let line =
        prop::sample::select(&["", "one", "two", "  three", "four\r", "\rcr", "-- a", "\\ x"][..]);
    let lines = prop::collection::vec(line, 0..30);
    let text = (lines, any::<bool>()).prop_map(|(lines, ended)| {
        let text = lines.join("\n");
        if ended { text + "\n" } else { text }.into_bytes()
    });
    prop_oneof![
        6 => text,
        // Long enough to be found again after an edit.
        3 => (0..4_u32).prop_map(|seed| {
            (0..40).fold(String::new(), |mut text, line| {
                writeln!(text, "line {line} of text {seed}").unwrap();
                text
            }).into_bytes()
        }),
        2 => prop::collection::vec(any::<u8>(), 0..300),
        1 => Just(Vec::new()),
        1 => Just(b"\0".repeat(5000)),
        1 => Just(b"caf\xe9\nlatin\xe9".to_vec()),
    ]
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        4 => (path(), content()).prop_map(|(path, content)| Work::Write(path, content)),
        4 => (path(), 0..30_usize).prop_map(|(path, at)| Work::Edit(path, at)),
        2 => (path(), content()).prop_map(|(path, content)| Work::Append(path, content)),
        2 => path().prop_map(Work::Remove),
        4 => (path(), path()).prop_map(|(from, to)| Work::Move(from, to)),
        2 => (path(), any::<bool>()).prop_map(|(path, set)| Work::Executable(path, set)),
        2 => (path(), path()).prop_map(|(path, target)| Work::Link(path, target)),
    ]
}

impl Work {
    /// As a line of bash; what cannot be done is not done.
    fn script(&self) -> String {
        match self {
            Self::Write(path, content) => {
                format!("w {} {}\n", quoted(path), quoted_format(content))
            }
            Self::Append(path, content) => {
                format!("[ -f {0} ] && printf {1} >> {0}\n", quoted(path), quoted_format(content))
            }
            Self::Edit(path, at) => {
                let at = at + 1;
                format!("[ -f {0} -a ! -L {0} ] && sed -i '{at}s/.*/edited/' ./{0}\n", quoted(path))
            }
            Self::Remove(path) => format!("rm -rf ./{}\n", quoted(path)),
            Self::Move(from, to) => format!("m {} {}\n", quoted(from), quoted(to)),
            Self::Executable(path, set) => {
                let mode = if *set { "755" } else { "644" };
                format!("[ -f {0} -a ! -L {0} ] && chmod {mode} ./{0}\n", quoted(path))
            }
            Self::Link(path, target) => format!("l {} {}\n", quoted(path), quoted(target)),
        }
    }
}

/// Makes room for a path: a file in the way goes, and a link, which may lead anywhere.
const FUNCTIONS: &str = r#"
set +e
room() {
    local at=. rest="$1/" part
    while [ -n "$rest" ]; do
        part="${rest%%/*}"; rest="${rest#*/}"
        at="$at/$part"
        [ -z "$rest" ] && break
        [ -L "$at" -o ! -d "$at" ] && rm -rf "$at" && mkdir "$at"
    done
}
w() { room "$1"; rm -rf "./$1"; printf "$2" > "./$1"; }
l() { room "$1"; rm -rf "./$1"; ln -s -- "$2" "./$1"; }
m() {
    [ -e "./$1" -o -L "./$1" ] || return
    mv -T "./$1" ./moving
    room "$2"; rm -rf "./$2"; mv -T ./moving "./$2"
}
"#;

fn script(work: &[Work]) -> String {
    let lines: String = work.iter().map(Work::script).collect();
    format!("{FUNCTIONS}{lines}rm -rf ./moving; true")
}

fn quoted(bytes: &[u8]) -> String {
    format!("$'{}'", octal(bytes))
}

fn quoted_format(bytes: &[u8]) -> String {
    format!("'{}'", octal(bytes))
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:03o}").unwrap();
        text
    })
}

/// Mode and bytes by path.
type Tree = BTreeMap<Vec<u8>, (&'static str, Vec<u8>)>;

/// All files and links below a folder, without `.git`.
fn tree(root: &Path) -> Tree {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec();
                tree.insert(name, ("link", target));
            } else if metadata.is_dir() {
                if name != b".git" {
                    folders.push(path);
                }
            } else {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                let mode = if executable { "755" } else { "644" };
                tree.insert(name, (mode, fs::read(&path).unwrap()));
            }
        }
    }
    tree
}

/// Runs git; its output, or its error.
fn try_git(folder: &Path, args: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "gc.auto=0"]);
    command.args(args).current_dir(folder).stdin(Stdio::piped());
    let mut git = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(input).unwrap();
    let output = git.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(output.stdout) } else { Err(format!("git {args:?}: {stderr}")) }
}

fn git(folder: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    try_git(folder, args, input).unwrap()
}

/// Applies `patch` in a new clone of `from` called `name`; what differs from `expected`, if anything.
fn apply(from: &Path, name: &str, patch: &[u8], extra: &[&str], expected: &Tree) -> Option<String> {
    let clone = from.with_file_name(name);
    git(from, &["clone", "-q", ".", clone.to_str().unwrap()], b"");
    let applied = try_git(&clone, &[&["apply", "--index"], extra].concat(), patch);
    if let Err(error) = applied {
        return Some(error);
    }
    let result = tree(&clone);
    let differs = result.iter().find(|(path, file)| expected.get(*path) != Some(file));
    let lacks = expected.iter().find(|(path, _)| !result.contains_key(*path));
    differs.or(lacks).map(|(path, _)| format!("{} differs", path.escape_ascii()))
}

/// The view as a folder, by way of what its processes see.
fn copy_of(view: &View, to: &Path) {
    let mut program = zerostack_workspace::sandbox::Program::new("tar");
    program.arg("c").arg("--exclude=./.git").arg(".");
    let mut child = view.spawn(&program).unwrap();
    let mut archive = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut archive).unwrap();
    assert!(child.process().wait().unwrap().success());
    fs::create_dir(to).unwrap();
    let mut tar = Command::new("tar");
    let mut tar = tar.arg("x").current_dir(to).stdin(Stdio::piped()).spawn().unwrap();
    tar.stdin.take().unwrap().write_all(&archive).unwrap();
    assert!(tar.wait().unwrap().success());
}

fn check(before: &[Work], during: &[Work], options: &ViewOptions) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name| folder.path().join(name);
    fs::create_dir(at("project")).unwrap();
    let mut bash = Command::new("bash");
    let bash = bash.arg("-c").arg(script(before)).current_dir(at("project")).stderr(Stdio::null());
    assert!(bash.status().unwrap().success());
    git(&at("project"), &["init", "-q"], b"");
    git(&at("project"), &["add", "-A"], b"");
    git(&at("project"), &["commit", "-qm", "before", "--allow-empty"], b"");
    let original = tree(&at("project"));

    let view = View::open(&at("project"), options).unwrap();
    let ran = run(&view, &script(during)).0;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let changes = view.changes().unwrap();
    let mut patch = Vec::new();
    changes.write_patch(&mut patch).unwrap();
    let mut again = Vec::new();
    view.changes().unwrap().write_patch(&mut again).unwrap();
    assert_eq!(patch, again);
    assert_eq!(changes.left_out().len(), 0);
    copy_of(&view, &at("view"));
    drop(view);
    let expected = tree(&at("view"));
    assert_eq!(tree(&at("project")), original, "the folder was written");
    assert_eq!(patch.is_empty(), expected == original);

    if patch.is_empty() {
        return;
    }
    // The view as a commit, and git's own patch to it.
    git(&at("view"), &["clone", "-q", "--bare", "../project", ".git"], b"");
    git(&at("view"), &["config", "core.bare", "false"], b"");
    git(&at("view"), &["add", "-A"], b"");
    git(&at("view"), &["commit", "-qm", "after"], b"");
    let gits = git(&at("view"), &["diff", "--binary", "--no-renames", "HEAD^", "HEAD"], b"");
    for (from, extra, expected) in
        [(at("project"), &[][..], &expected), (at("view"), &["-R"][..], &original)]
    {
        let Some(wrong) = apply(&from, "ours", &patch, extra, expected) else {
            fs::remove_dir_all(at("ours")).unwrap();
            continue;
        };
        // git has defects of its own where links that lead astray become folders or files.
        let Some(wrong_too) = apply(&from, "gits", &gits, extra, expected) else {
            panic!("{wrong} {extra:?} after\n{}", String::from_utf8_lossy(&patch));
        };
        eprintln!("git cannot apply its own patch either: {wrong} / {wrong_too}");
        return;
    }
}

fn property(options: &ViewOptions) {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let config = Config {
        cases: std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 400,
        ..Config::default()
    };
    eprintln!("{} random trees with SEED={seed}, {options:?}", config.cases);
    let work = (prop::collection::vec(work(), 0..25), prop::collection::vec(work(), 0..15));
    let checked = TestRunner::new(config).run(&work, |(before, during)| {
        check(&before, &during, options);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("SEED={seed}: {error}");
    }
}

#[test]
fn of_an_overlay() {
    if namespaces() {
        let project = tempfile::tempdir().unwrap();
        let view = View::open(project.path(), &ViewOptions::default()).unwrap();
        if !view.layers().iter().any(|layer| layer.name == "overlayfs") {
            eprintln!("\n*** NOT TESTED: no overlayfs here ***\n");
            return;
        }
        property(&ViewOptions::default());
    }
}

#[test]
fn of_a_copy_in_a_sandbox() {
    if namespaces() {
        property(&ViewOptions { storage: Storage::Copy, ..ViewOptions::default() });
    }
}

#[test]
fn of_a_copy_without_a_sandbox() {
    property(&ViewOptions { sandbox: Mode::Off, ..ViewOptions::default() });
}
