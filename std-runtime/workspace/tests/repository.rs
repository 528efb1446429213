//! Patches in the form that git has for files, and git in a view of any kind of checkout.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::patch::Reason;
use zerostack_workspace::sandbox::Mode;
use zerostack_workspace::view::{Comparison, Verdict, View, ViewOptions};

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

fn commit(folder: &Path, init: &[&str]) {
    git(folder, &[&["init", "-q"], init].concat(), b"");
    git(folder, &["add", "-A"], b"");
    git(folder, &["commit", "-qm", "before"], b"");
}

fn view(folder: &Path) -> View {
    View::open(folder, &ViewOptions::default()).unwrap()
}

/// What `script` changes, and the patch, which git applies.
fn changed(folder: &Path, script: &str) -> (Comparison, Vec<u8>) {
    let view = view(folder);
    run(&view, script).success();
    view.end_processes();
    let comparison = view.compare().unwrap();
    let mut patch = Vec::new();
    comparison.changes.write_patch(&mut patch).unwrap();
    let verdict = view.check(&comparison, &patch);
    assert!(matches!(verdict, Verdict::Applies | Verdict::Unknown), "{verdict:?}");
    (comparison, patch)
}

/// After `script` the patch applies to the index, and leaves nothing to add.
fn round_trip(project: &Project, script: &str) -> String {
    let (_, patch) = changed(project.path(), script);
    git(project.path(), &["apply", "--check"], &patch);
    git(project.path(), &["update-index", "-q", "--refresh"], b"");
    git(project.path(), &["apply", "--index"], &patch);
    assert_eq!(git(project.path(), &["diff", "--name-only"], b""), "");
    String::from_utf8_lossy(&patch).into_owned()
}

#[test]
fn filters_line_ends_and_keywords_are_as_git_has_them() {
    if !namespaces() {
        return;
    }
    let attributes = "*.sec filter=rot\n*.bat text eol=crlf\n*.c ident\n\
                      *.u16 text working-tree-encoding=UTF-16LE eol=lf\n*.lfs filter=pointer -text\n";
    let project = Project::with(&[
        (".gitattributes", attributes),
        ("s.sec", "hello\nworld\n"),
        ("r.bat", "a\r\nb\r\nc\r\n"),
        ("s.c", "/* $Id$ */\nint x;\n"),
        ("deep/.gitattributes", "*.dos text eol=crlf\n"),
        ("deep/x.dos", "a\r\nb\r\n"),
    ]);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    fs::write(project.path().join("w.u16"), wide("one\ntwo\n")).unwrap();
    git(project.path(), &["init", "-q"], b"");
    for (name, program) in [
        ("filter.rot.clean", "tr a-z A-Z"),
        ("filter.rot.smudge", "tr A-Z a-z"),
        // It keeps the content in the repository, as those of large files do.
        (
            "filter.pointer.clean",
            "cd \"$(git rev-parse --git-dir)\" && tee kept >&2 && cut -c 1-3 kept",
        ),
        ("filter.pointer.smudge", "cat"),
        ("filter.pointer.required", "true"),
    ] {
        git(project.path(), &["config", name, program], b"");
    }
    git(project.path(), &["add", "-A"], b"");
    git(project.path(), &["commit", "-qm", "before"], b"");
    fs::remove_file(project.path().join("s.c")).unwrap();
    git(project.path(), &["checkout", "--", "s.c"], b"");
    let script = "sed -i s/world/welt/ s.sec; sed -i s/b/B/ r.bat; sed -i s/x/y/ s.c
        sed -i s/b/B/ deep/x.dos; printf 'new\\r\\n' > new.bat; printf 'much\\0data' > image.lfs
        printf 'o\\0n\\0e\\0\\n\\0t\\0w\\0' > w.u16";
    let patch = round_trip(&project, script);
    assert!(patch.contains("-WORLD\n+WELT\n"), "{patch}");
    assert!(patch.contains("-b\n+B\n") && !patch.contains('\r'), "{patch}");
    assert!(patch.contains(" /* $Id$ */\n"), "{patch}");
    assert!(patch.contains("-two\n+tw\n"), "{patch}");
    assert!(!patch.contains("binary") && !patch.contains("GIT binary"), "{patch}");
}

#[test]
fn ids_are_as_long_as_those_of_the_repository() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("gone", "x\n")]);
    fs::write(project.path().join("b"), b"\0\x01\x02").unwrap();
    commit(project.path(), &["--object-format=sha256"]);
    let patch = round_trip(&project, "printf '\\000\\003' > b; rm gone; ln -s b link");
    let ids = patch.lines().filter_map(|line| line.strip_prefix("index "));
    for id in ids {
        let (old, new) = id.split_once(' ').unwrap_or((id, "")).0.split_once("..").unwrap();
        assert_eq!((old.len(), new.len()), (64, 64), "{id}");
    }
}

#[test]
fn line_ends_that_were_committed_as_they_are_stay_so() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("a", "1\r\n2\r\n")]);
    commit(project.path(), &[]);
    git(project.path(), &["config", "core.autocrlf", "true"], b"");
    let (_, patch) = changed(project.path(), "sed -i s/2/two/ a");
    git(project.path(), &["apply", "--index"], &patch);
    assert_eq!(project.read("a"), "1\r\ntwo\r\n");
}

#[test]
fn git_works_in_worktrees_submodules_folders_and_shared_clones() {
    if !namespaces() {
        return;
    }
    let work = "git status --short && echo 2 > a && git add a && git mv a b && git log --oneline";
    let project = Project::with(&[("a", "1\n"), ("pkg/a", "1\n")]);
    commit(project.path(), &[]);
    let beside = project.path().parent().unwrap();
    let path = |name: &str| beside.join(name);
    let text = |name: &str| path(name).to_str().unwrap().to_owned();
    git(project.path(), &["worktree", "add", "-q", &text("linked")], b"");
    git(beside, &["clone", "-q", "--shared", "project", "shared"], b"");
    let separate = format!("--separate-git-dir={}", text("store.git"));
    git(beside, &["clone", "-q", &separate, "project", "separate"], b"");
    git(beside, &["init", "-q", "outer"], b"");
    let allow = "protocol.file.allow=always";
    git(&path("outer"), &["-c", allow, "submodule", "-q", "add", &text("project"), "sub"], b"");
    for name in ["project/pkg", "linked", "shared", "separate", "outer/sub"] {
        let before = git(&path(name), &["status", "--short"], b"");
        run(&view(&path(name)), work).success();
        assert_eq!(git(&path(name), &["status", "--short"], b""), before, "{name}");
        let (_, patch) = changed(&path(name), "echo 2 > a");
        git(&path(name), &["apply", "--index", "--check"], &patch);
    }
}

#[test]
fn what_belongs_to_another_repository_is_named_and_left_out() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("m", "x\n"), ("nested/lib", "old\n")]);
    let other = Project::with(&[("lib", "old\n")]);
    commit(&project.path().join("nested"), &[]);
    commit(other.path(), &[]);
    git(project.path(), &["init", "-q"], b"");
    let other = other.path().to_str().unwrap();
    let allow = "protocol.file.allow=always";
    git(project.path(), &["-c", allow, "submodule", "-q", "add", other, "sub"], b"");
    git(project.path(), &["add", "m", ".gitmodules"], b"");
    git(project.path(), &["commit", "-qm", "before"], b"");
    let script = "echo new > nested/lib; echo new > sub/lib; echo y > m; mkdir -p x/.GIT
        echo x > x/.GIT/config; (cd sub && git -c user.name=t -c user.email=t@t commit -qam v2)";
    let (comparison, patch) = changed(project.path(), script);
    git(project.path(), &["apply", "--index", "--check"], &patch);
    let left_out = comparison.changes.left_out();
    let reasons: Vec<_> = left_out.iter().map(|left_out| left_out.reason.clone()).collect();
    let [nested, sub] = [b"nested".to_vec(), b"sub".to_vec()];
    assert_eq!(reasons, [Reason::Nested(nested), Reason::Submodule(sub), Reason::Name]);
}

#[test]
fn the_ignore_file_that_the_repository_names_counts() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("a", "1\n")]);
    commit(project.path(), &[]);
    git(project.path(), &["config", "core.excludesFile", ".git/mine"], b"");
    fs::write(project.path().join(".git/mine"), "*.priv\n").unwrap();
    let (comparison, _) = changed(project.path(), "echo x > s.priv; echo 2 > a");
    assert_eq!(comparison.changes.files().len(), 1);
    assert_eq!(comparison.changes.left_out()[0].path, b"s.priv");
    assert_eq!(comparison.changes.left_out()[0].reason, Reason::Ignored);
}

#[test]
fn work_that_git_does_not_have_is_not_undone_without_a_word() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("a", "1\n"), ("b", "x\n")]);
    commit(project.path(), &[]);
    fs::write(project.path().join("a"), "1\nuncommitted\n").unwrap();
    fs::write(project.path().join("note"), "mine\n").unwrap();
    let view = view(project.path());
    let stash = "git -c user.name=t -c user.email=t@t stash -q; git clean -fdq; echo y > b";
    run(&view, stash).success();
    view.end_processes();
    let notes = view.compare().unwrap().notes;
    let said = |part: &str| notes.iter().any(|note| note.contains(part));
    assert!(said("undoes uncommitted changes of a"), "{notes:?}");
    assert!(said("deletes untracked files, which git cannot bring back: note"), "{notes:?}");
}

#[test]
fn git_works_on_the_copy_of_a_linked_worktree_and_leaves_its_repository_alone() {
    let project = Project::with(&[("main/file", "old\n")]);
    let (main, linked) = (project.path().join("main"), project.path().join("linked"));
    commit(&main, &[]);
    git(&main, &["worktree", "add", "-q", linked.to_str().unwrap()], b"");
    let refs = || git(&main, &["for-each-ref"], b"");
    let before = refs();
    for sandbox in [Mode::Off, Mode::Landlock] {
        let options = ViewOptions { sandbox, ..ViewOptions::default() };
        let view = match View::open(&linked, &options) {
            Ok(view) => view,
            Err(error) => {
                eprintln!("*** NOT TESTED: {error} ***");
                continue;
            }
        };
        let script = "[ -z \"$(git status --short)\" ] && [ $(git log --oneline | wc -l) = 1 ] && \
                      [ $(git branch --show-current) = linked ] && echo new >file && \
                      git -c user.name=a -c user.email=a@b commit -qam new && git log -1 --format=%s";
        assert_eq!(run(&view, script).success(), "new\n", "{sandbox:?}");
        let changes = view.changes().unwrap();
        let paths: Vec<_> = changes.files().iter().map(|change| change.path().to_vec()).collect();
        assert_eq!(paths, [b"file".to_vec()], "{sandbox:?}");
    }
    assert_eq!(refs(), before);
    assert_eq!(git(&linked, &["status", "--short"], b""), "");
}
