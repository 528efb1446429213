//! The patch is the difference to the folder at the start: what the user changes meanwhile is
//! not in it.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{ErrorOrOutput as _, Project, run};
use zerostack_workspace::sandbox::Mode;
use zerostack_workspace::view::{Comparison, Storage, Verdict, View, ViewOptions};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

fn git(folder: &Path, args: &[&str], input: &[u8]) -> bool {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args);
    let git = git.current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut git = git.stdout(Stdio::null()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(input).unwrap();
    git.wait().unwrap().success()
}

fn commit(folder: &Path) {
    assert!(git(folder, &["init", "-q"], b""));
    assert!(git(folder, &["add", "-A"], b""));
    assert!(git(folder, &["commit", "-qm", "before"], b""));
}

/// Each way of keeping a view that works here.
fn options() -> Vec<ViewOptions> {
    let mut all = vec![ViewOptions { sandbox: Mode::Off, ..ViewOptions::default() }];
    if common::namespaces() {
        all.push(ViewOptions { storage: Storage::Copy, ..ViewOptions::default() });
        all.push(ViewOptions::default());
    }
    all
}

/// What is different after the tools ran `script` and the user did `meanwhile`, and the patch.
fn after(view: &View, script: &str, meanwhile: impl Fn()) -> (Comparison, Vec<u8>) {
    run(view, script).success();
    meanwhile();
    view.end_processes();
    let comparison = view.compare().unwrap();
    let mut patch = Vec::new();
    comparison.changes.write_patch(&mut patch).unwrap();
    (comparison, patch)
}

#[test]
fn an_edit_of_the_user_is_merged_and_never_reverted() {
    for options in options() {
        let project = Project::with(&[("a", LINES)]);
        commit(project.path());
        let view = View::open(project.path(), &options).unwrap();
        let edit = || fs::write(project.path().join("a"), LINES.replace('1', "user")).unwrap();
        let (comparison, patch) = after(&view, "sed -i s/9/nine/ a", edit);
        assert!(!String::from_utf8_lossy(&patch).contains("user"));
        assert_eq!(comparison.moved, [b"a".to_vec()], "{:?}", view.layers());
        assert!(comparison.conflicts.is_empty());
        if common::namespaces() {
            assert_eq!(view.check(&comparison, &patch), Verdict::FilesOnly);
        }
        assert!(git(project.path(), &["apply"], &patch));
        assert_eq!(project.read("a"), LINES.replace('1', "user").replace('9', "nine"));
    }
}

#[test]
fn an_edit_of_the_same_line_is_refused() {
    for options in options() {
        let project = Project::with(&[("a", LINES)]);
        commit(project.path());
        let view = View::open(project.path(), &options).unwrap();
        let edit = || fs::write(project.path().join("a"), LINES.replace('9', "user")).unwrap();
        let (comparison, patch) = after(&view, "sed -i s/9/nine/ a", edit);
        if common::namespaces() {
            let verdict = view.check(&comparison, &patch);
            assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        }
        assert!(!git(project.path(), &["apply"], &patch));
    }
}

#[test]
fn without_git_a_copy_knows_the_start_and_an_overlay_says_that_it_does_not() {
    for options in options() {
        let project = Project::with(&[("a", LINES), ("b", LINES)]);
        let view = View::open(project.path(), &options).unwrap();
        let edit = || fs::write(project.path().join("a"), LINES.replace('1', "user")).unwrap();
        let script = "sed -i s/9/nine/ a; sed -i s/1/one/ b";
        let (comparison, patch) = after(&view, script, edit);
        let copy = view.layers().iter().any(|layer| layer.name == "private-copy");
        assert_eq!(comparison.conflicts.is_empty(), copy, "{:?}", view.layers());
        assert_eq!(comparison.moved.is_empty(), !copy);
        assert!(!String::from_utf8_lossy(&patch).contains("-user"));
        if copy {
            assert!(git(project.path(), &["apply"], &patch));
            assert_eq!(project.read("a"), LINES.replace('1', "user").replace('9', "nine"));
        }
    }
}

#[test]
fn what_the_user_makes_and_removes_meanwhile_is_not_in_the_patch() {
    for options in options() {
        let project = Project::with(&[("a", LINES), ("b", LINES), ("mine", "x\n")]);
        commit(project.path());
        let view = View::open(project.path(), &options).unwrap();
        let path = |name: &str| project.path().join(name);
        let meanwhile = || {
            fs::write(path("new"), "user\n").unwrap();
            fs::write(path("only of the user"), "user\n").unwrap();
            fs::remove_file(path("b")).unwrap();
            fs::remove_file(path("mine")).unwrap();
        };
        let script = "echo tool > new; sed -i s/9/nine/ b; sed -i s/9/nine/ a";
        let (comparison, patch) = after(&view, script, meanwhile);
        let text = String::from_utf8(patch).unwrap();
        assert!(!text.contains("user") && !text.contains("mine"), "{text}");
        assert!(text.contains("+tool") && text.contains("+nine"), "{text}");
        // The file that the user removed is changed, not made again.
        assert!(text.contains("--- a/b\n"), "{:?} {text}", view.layers());
        let mut met = [comparison.conflicts, comparison.moved].concat();
        met.sort();
        assert_eq!(met, [b"b".to_vec(), b"new".to_vec()], "{:?}", view.layers());
    }
}

#[test]
fn folders_can_be_renamed_with_what_the_user_edits_in_them() {
    for options in options() {
        let project = Project::with(&[("src/a", LINES), ("src/deep/b", LINES), ("out/v", "1\n")]);
        commit(project.path());
        let view = View::open(project.path(), &options).unwrap();
        let script = "python3 -c \"import os; os.mkdir('out.new'); open('out.new/v','w').write('2');
os.rename('out','out.old'); os.rename('out.new','out'); os.rename('src','lib')\" && mv lib/deep lib/d
echo more >> lib/a";
        let (comparison, patch) = after(&view, script, || {});
        assert!(comparison.conflicts.is_empty() && comparison.moved.is_empty());
        let text = String::from_utf8(patch).unwrap();
        for line in ["rename to lib/a\n", "rename to lib/d/b\n", "+++ b/out.old/v\n", "+more"] {
            assert!(text.contains(line), "{:?}: {line} in {text}", view.layers());
        }
        assert!(git(project.path(), &["apply", "--index"], text.as_bytes()));
        assert_eq!(project.read("lib/d/b"), LINES);
    }
    for options in options() {
        let project = Project::with(&[("src/a", LINES)]);
        commit(project.path());
        let view = View::open(project.path(), &options).unwrap();
        let edit = || fs::write(project.path().join("src/a"), LINES.replace('1', "user")).unwrap();
        let (_, patch) = after(&view, "mv src lib; sed -i s/9/nine/ lib/a", edit);
        assert!(!String::from_utf8_lossy(&patch).contains("user"));
    }
}

#[test]
fn a_file_that_no_patch_can_carry_is_named() {
    for options in options() {
        let project = Project::with(&[("a", LINES)]);
        let view = View::open(project.path(), &options).unwrap();
        run(&view, "truncate -s 4G disk.img").success();
        let error = view.changes().unwrap().write_patch(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), zerostack_workspace::ErrorKind::Limit);
        assert!(error.to_string().contains("disk.img is too large"), "{error}");
    }
}
