//! What belongs in a patch, and where it applies.

mod common;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{ErrorOrOutput as _, Project, run};
use zerostack_workspace::patch::{ChangeKind, Changes};
use zerostack_workspace::sandbox::Mode;
use zerostack_workspace::view::{View, ViewOptions};

fn git(folder: &Path, args: &[&str], input: &[u8]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args);
    let git = git.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut git = git.stderr(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(input).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn commit_all(folder: &Path) {
    git(folder, &["init", "-q"], b"");
    git(folder, &["add", "-A", "-f"], b"");
    git(folder, &["commit", "-qm", "before"], b"");
}

/// A view for each way of keeping one that works here, made when its turn comes.
fn views(folder: &Path) -> impl Iterator<Item = View> {
    let mut modes = vec![Mode::Off];
    modes.extend(common::namespaces().then_some(Mode::On));
    modes.into_iter().map(|sandbox| {
        View::open(folder, &ViewOptions { sandbox, ..ViewOptions::default() }).unwrap()
    })
}

fn paths(changes: &Changes) -> Vec<String> {
    let text = |path: &[u8]| String::from_utf8(path.to_vec()).unwrap();
    changes.files().iter().map(|file| text(file.path())).collect()
}

fn patch(changes: &Changes) -> Vec<u8> {
    let mut patch = Vec::new();
    changes.write_patch(&mut patch).unwrap();
    patch
}

#[test]
fn ignored_files_are_left_out_unless_they_are_tracked() {
    let project = Project::with(&[
        (".gitignore", "*.log\n/out/\n!keep.log\n"),
        ("tracked.log", "old"),
        ("gone.log", "old"),
        ("sub/.gitignore", "local\n!here.log\n"),
    ]);
    commit_all(project.path());
    fs::write(project.path().join(".git/info/exclude"), "private\n").unwrap();
    fs::write(project.path().join("untracked.log"), "old").unwrap();
    fs::write(project.path().join("plain"), "not tracked, not ignored").unwrap();
    for view in views(project.path()) {
        run(
            &view,
            "echo new > tracked.log; rm gone.log; echo new > untracked.log; echo new > a.log
             mkdir -p out/deep; echo x > out/deep/file; echo x > out/keep.log; echo x > keep.log
             echo x > sub/local; echo x > sub/here.log; echo x > private; echo new > plain",
        )
        .success();
        let changes = view.changes().unwrap();
        let expected = ["gone.log", "keep.log", "plain", "sub/here.log", "tracked.log"];
        assert_eq!(paths(&changes), expected, "{:?}", view.layers());
        // untracked.log a.log out/deep/file out/keep.log sub/local private
        assert_eq!(changes.left_out().len(), 6);
        let kinds: Vec<_> = changes.files().iter().map(|file| file.kind()).collect();
        use ChangeKind::{Added, Deleted, Modified};
        assert_eq!(kinds, [Deleted, Added, Modified, Added, Modified]);
    }
}

#[test]
fn ignore_files_count_as_they_are_after_the_run() {
    let project = Project::with(&[(".gitignore", "old\n")]);
    commit_all(project.path());
    for view in views(project.path()) {
        run(&view, "echo new > .gitignore; touch old; touch new").success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), [".gitignore", "old"]);
        assert_eq!(changes.left_out().len(), 1);
    }
}

#[test]
fn outside_of_git_build_outputs_are_left_out() {
    let project = Project::with(&[
        (".gitignore", "*.tmp\n"),
        ("src/a.c", "old\n"),
        ("Cargo.toml", ""),
        ("sub/package.json", ""),
    ]);
    for view in views(project.path()) {
        run(
            &view,
            "mkdir -p target/debug sub/node_modules/x; touch target/debug/a sub/node_modules/x/y
             touch src/a.o x.tmp; echo new > src/a.c; echo new > src/b.c",
        )
        .success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), ["src/a.c", "src/b.c"]);
        assert_eq!(changes.left_out().len(), 4);
        let applied = Project::with(&[("src/a.c", "old\n")]);
        git(applied.path(), &["apply"], &patch(&changes));
        assert_eq!(applied.read("src/a.c") + &applied.read("src/b.c"), "new\nnew\n");
    }
}

#[test]
fn in_a_checkout_build_folders_are_left_out_unless_it_tracks_files_of_theirs() {
    let project = Project::with(&[
        ("src/a.c", "old\n"),
        ("Cargo.toml", ""),
        ("lib/Cargo.toml", ""),
        ("lib/target/kept", "old\n"),
    ]);
    commit_all(project.path());
    for view in views(project.path()) {
        run(
            &view,
            "mkdir -p target src/__pycache__; touch target/out src/__pycache__/a.pyc src/model.obj
             echo new > lib/target/kept; touch lib/target/more
             mkdir src/target; echo x > src/target/mod.rs",
        )
        .success();
        let changes = view.changes().unwrap();
        assert_eq!(
            paths(&changes),
            ["lib/target/kept", "lib/target/more", "src/model.obj", "src/target/mod.rs",]
        );
        assert_eq!(changes.left_out().len(), 2);
    }
}

#[test]
fn in_a_folder_of_a_checkout_the_patch_applies_there() {
    let project =
        Project::with(&[(".gitignore", "*.log\n"), ("sub dir/file", "old\n"), ("top", "")]);
    commit_all(project.path());
    let folder = project.path().join("sub dir");
    for view in views(&folder) {
        run(&view, "echo new > file; echo more > added; touch a.log").success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), ["added", "file"]);
        assert_eq!(changes.left_out().len(), 1);
        let patch = patch(&changes);
        git(&folder, &["apply", "--index"], &patch);
        assert_eq!(project.read("sub dir/file") + &project.read("sub dir/added"), "new\nmore\n");
        git(project.path(), &["apply", "--index", "-R"], &patch);
    }
}

#[test]
fn a_folder_that_the_checkout_around_it_ignores_is_a_project_of_its_own() {
    let project = Project::with(&[(".gitignore", "*\n"), ("own/file", "old\n")]);
    git(project.path(), &["init", "-q"], b"");
    for view in views(&project.path().join("own")) {
        run(&view, "echo new > file; echo 'ignored' > .gitignore; touch ignored").success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), [".gitignore", "file"]);
        assert_eq!(changes.left_out().len(), 1);
        let patch = patch(&changes);
        git(&project.path().join("own"), &["apply"], &patch);
        assert_eq!(project.read("own/file"), "new\n");
        git(&project.path().join("own"), &["apply", "-R"], &patch);
    }
}

#[test]
fn what_happens_in_the_repository_is_not_carried() {
    let project = Project::with(&[("file", "old\n")]);
    commit_all(project.path());
    let head = git(project.path(), &["rev-parse", "HEAD"], b"");
    for view in views(project.path()) {
        run(
            &view,
            "echo new > file && git -c user.name=t -c user.email=t@example.org commit -qam inside &&
             git init -q nested && touch nested/file",
        )
        .success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), ["file", "nested/file"]);
        assert_eq!(changes.left_out().len(), 0);
    }
    assert_eq!(git(project.path(), &["rev-parse", "HEAD"], b""), head);
    assert_eq!(git(project.path(), &["status", "--porcelain"], b""), "");
}

#[test]
fn what_is_written_and_put_back_is_no_change() {
    let project = Project::with(&[("file", "text\n"), ("dir/a", "a"), ("dir/b", "b")]);
    for view in views(project.path()) {
        run(
            &view,
            "echo x > file; echo text > file; mv dir away; mkdir dir; mv away/* dir; rmdir away
             touch dir/a; chmod 600 file; mkdir empty",
        )
        .success();
        let changes = view.changes().unwrap();
        assert_eq!((paths(&changes), changes.left_out().len()), (vec![], 0));
        assert!(patch(&changes).is_empty());
    }
}

#[test]
fn a_folder_that_was_replaced_hides_what_it_held() {
    let project = Project::with(&[("dir/old", "1"), ("dir/sub/old", "2"), ("dir/same", "3")]);
    for view in views(project.path()) {
        run(&view, "rm -r dir; mkdir dir; echo x > dir/new; printf 3 > dir/same").success();
        let changes = view.changes().unwrap();
        assert_eq!(paths(&changes), ["dir/new", "dir/old", "dir/sub/old"]);
    }
}

#[test]
fn folders_that_swap_their_names_are_seen() {
    let project = Project::with(&[("one/f", "in one\n"), ("two/f", "in two\n")]);
    for view in views(project.path()) {
        run(&view, "mv one x; mv two one; mv x two").success();
        assert_eq!(paths(&view.changes().unwrap()), ["one/f", "two/f"]);
    }
}

#[test]
fn links_out_of_the_view_are_not_followed() {
    let project = Project::with(&[("dir/file", "old")]);
    let outside = Project::with(&[("file", "secret")]);
    for view in views(project.path()) {
        let target = outside.path().display();
        run(&view, &format!("rm -r dir; ln -s {target} dir; ln -s {target}/file link")).success();
        let patch = patch(&view.changes().unwrap());
        let patch = String::from_utf8(patch).unwrap();
        assert!(!patch.contains("secret"), "{patch}");
        assert!(patch.contains(&format!("+{target}\n\\ No newline")), "{patch}");
    }
    symlink(outside.path(), project.path().join("to-outside")).unwrap();
    for view in views(project.path()) {
        run(&view, "rm to-outside; mkdir to-outside; echo mine > to-outside/file").success();
        let patch = String::from_utf8(patch(&view.changes().unwrap())).unwrap();
        assert!(patch.contains("+mine") && !patch.contains("secret"), "{patch}");
    }
}

#[test]
fn many_files_of_one_size_are_renamed() {
    let project = Project::with(&[]);
    for number in 1000..3000 {
        fs::create_dir_all(project.path().join("old")).unwrap();
        fs::write(project.path().join(format!("old/{number}")), format!("{number}\n")).unwrap();
    }
    for view in views(project.path()) {
        run(
            &view,
            "mkdir new; python3 -c 'import os
for f in os.listdir(\"old\"): os.rename(\"old/\" + f, \"new/x-\" + f)'",
        )
        .success();
        let patch = String::from_utf8(patch(&view.changes().unwrap())).unwrap();
        assert_eq!(patch.matches("similarity index 100%").count(), 2000);
        assert!(patch.contains("rename from old/1234\nrename to new/x-1234\n"));
    }
}

#[test]
fn large_files_apply() {
    let project = Project::with(&[]);
    let line = "a line of forty characters, ended by one\n";
    fs::write(project.path().join("changed"), line.repeat(450_000)).unwrap();
    fs::write(project.path().join("gone"), "x".repeat(1_000_000)).unwrap();
    commit_all(project.path());
    for view in views(project.path()) {
        run(&view, "echo more >> changed; rm gone; yes | head -c 1000000 > new").success();
        let changes = view.changes().unwrap();
        let patch = patch(&changes);
        // Most of it is the file that is gone and the new one.
        assert!(patch.len() < 4_000_000 && !patch.starts_with(b"GIT binary"));
        assert!(memchr::memmem::find(&patch, b"@@ -449998,3 +449998,4 @@").is_some());
        git(project.path(), &["apply", "--index"], &patch);
        assert_eq!(project.read("changed"), line.repeat(450_000) + "more\n");
        assert_eq!(project.read("new"), "y\n".repeat(500_000));
        assert!(!project.path().join("gone").exists());
        git(project.path(), &["reset", "-q", "--hard"], b"");
    }
}
