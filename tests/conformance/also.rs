//! `--also DIR`: a second folder that is part of the view, of the patch and of what is written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{Place, tree};

use super::place;

/// The folder beside the project.
fn library(place: &Place) -> PathBuf {
    place.folder("library")
}

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "safe.directory=*"];
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(identity).args(arguments);
    git.output().unwrap().status.success()
}

fn checkout(folder: &Path) {
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "start"]] {
        assert!(git(folder, arguments));
    }
}

fn prepared() -> Place {
    let place = place();
    place.write("project/src/a", "one\ntwo\nthree\nfour\nfive\n");
    place.write("library/src/a", "uno\n");
    place.write("library/moved", "six\nseven\neight\nnine\nten\n");
    place
}

const CHANGE: &str = "echo more >>src/a; echo nuovo >>../library/src/a; mv ../library/moved src/; \
                      ln -s a ../library/src/link; rm -f ../library/gone";

/// What the run with these flags and this command prints.
fn run(place: &Place, flags: &[&str], command: &str) -> zerostack_tests::command::Done {
    let script = Script::new().call("bash", json!({ "command": command })).text("done");
    let provider = Scripted::start(script).unwrap();
    let library = library(place);
    let mut arguments = vec!["--also", library.to_str().unwrap()];
    arguments.extend(flags);
    arguments.push("do it");
    let mut run = place.zerostack(&arguments).model(&provider);
    if flags.contains(&"--write") {
        run = run.writes();
    }
    let done = run.run();
    if done.code == 0 {
        let asked = provider
            .requests()
            .first()
            .map(|it| String::from_utf8_lossy(&it.body).into_owned())
            .unwrap_or_default();
        assert!(asked.contains("Also part of the project: "), "{asked}");
    }
    done
}

/// Applies a patch in `base`, and checks both folders.
fn applies(place: &Place, base: &Path, patch: &[u8], arguments: &[&str]) {
    let file = place.folder("home").join("a.patch");
    fs::write(&file, patch).unwrap();
    let file = file.to_str().unwrap();
    assert!(
        git(base, &[&["apply"], arguments, &[file]].concat()),
        "{}",
        String::from_utf8_lossy(patch)
    );
    changed(place);
}

fn changed(place: &Place) {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert!(read(place.project().join("src/a")).ends_with("five\nmore\n"));
    assert_eq!(read(library(place).join("src/a")), "uno\nnuovo\n");
    assert!(read(place.project().join("src/moved")).starts_with("six\n"));
    assert!(!library(place).join("moved").exists());
    assert_eq!(fs::read_link(library(place).join("src/link")).unwrap(), Path::new("a"));
}

#[test]
fn one_patch_has_both_folders_by_paths_that_tell_them_apart() {
    for mode in ["on", "landlock", "off"] {
        let place = prepared();
        let (before, beside) = (tree(&place.project()), tree(&library(&place)));
        let done = run(&place, &["--sandbox", mode], CHANGE);
        let patch = done.success().to_owned();
        for line in
            ["diff --git a/project/src/a b/project/src/a\n", "a/library/src/a b/library/src/a\n"]
        {
            assert!(patch.contains(line), "{mode}: {patch}");
        }
        assert!(
            patch.contains("rename from library/moved\nrename to project/src/moved\n"),
            "{patch}"
        );
        assert!(done.stderr.contains("git -C "), "{}", done.stderr);
        assert!(tree(&place.project()) == before && tree(&library(&place)) == beside, "{mode}");
        let base = place.project().parent().unwrap().to_owned();
        applies(&place, &base, patch.as_bytes(), &[]);
    }
}

#[test]
fn in_one_checkout_the_paths_are_those_of_git() {
    let place = prepared();
    let base = place.project().parent().unwrap().canonicalize().unwrap();
    place.write(".gitignore", "home\nstate\n*.log\n");
    place.write(".gitattributes", "src/a text eol=crlf\n");
    checkout(&base);
    let done = run(&place, &[], &format!("{CHANGE}; echo x >../library/x.log"));
    let patch = done.success().to_owned();
    assert!(!patch.contains("x.log"), "{patch}");
    applies(&place, &base, patch.as_bytes(), &["--index"]);
}

#[test]
fn two_checkouts_with_filters_get_the_content_of_the_files() {
    let place = prepared();
    for folder in [place.project(), library(&place)] {
        fs::write(folder.join(".gitattributes"), "*.txt text eol=crlf\n").unwrap();
        fs::write(folder.join("b.txt"), "one\r\ntwo\r\n").unwrap();
        checkout(&folder);
    }
    let command =
        format!("{CHANGE}; for it in . ../library; do printf 'x\\r\\n' >>$it/b.txt; done");
    let done = run(&place, &[], &command);
    let patch = done.success().to_owned();
    let base = place.project().parent().unwrap().to_owned();
    applies(&place, &base, patch.as_bytes(), &[]);
    for folder in [place.project(), library(&place)] {
        assert_eq!(fs::read(folder.join("b.txt")).unwrap(), b"one\r\ntwo\r\nx\r\n");
    }
}

#[test]
fn both_are_written_or_none_and_undone_together() {
    let place = prepared();
    let both = || [tree(&place.project()), tree(&library(&place))];
    let before = both();
    run(&place, &["--write"], CHANGE).success();
    changed(&place);
    let after = both();
    // From either folder.
    place.zerostack(&["undo"]).in_folder(library(&place)).writes().run().success();
    assert!(both() == before);
    place.zerostack(&["redo"]).writes().run().success();
    assert!(both() == after);
    fs::write(library(&place).join("src/a"), "mine\n").unwrap();
    let left = both();
    let done = place.zerostack(&["undo"]).run();
    assert!(done.failure(63).contains("library/src/a"), "{}", done.stderr);
    assert!(both() == left);
}

#[test]
fn a_change_of_the_user_in_the_other_folder_is_a_conflict_and_nothing_is_written() {
    let place = prepared();
    let library = library(&place);
    let change = format!("{CHANGE}; echo ready; sleep 1");
    let theirs = library.join("src/a");
    let script = Script::new().call("bash", json!({ "command": change })).text("done");
    let provider = Scripted::start(script).unwrap();
    let before = tree(&place.project());
    let watched = theirs.clone();
    let run = place.zerostack(&["--also", library.to_str().unwrap(), "--write", "do it"]);
    let done = std::thread::scope(|scope| {
        scope.spawn(|| {
            // The view is open once the model is asked.
            while provider.requests().is_empty() {
                std::thread::yield_now();
            }
            fs::write(&watched, "theirs\n").unwrap();
        });
        run.model(&provider).run()
    });
    assert!(done.failure(63).contains("library/src/a"), "{}", done.stderr);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs\n");
    assert!(tree(&place.project()) == before);
}

#[test]
fn a_folder_that_cannot_be_beside_the_project_is_refused_in_words() {
    let place = prepared();
    place.write("project/sub/x", "x");
    let at = |name: &str| place.folder(name).display().to_string();
    let (home, inside, same) = (at("home"), at("project/sub"), at("project"));
    let above = place.project().parent().unwrap().display().to_string();
    let file = place.project().join("src/a").display().to_string();
    for (path, why) in [
        ("/", "belongs to the system"),
        ("/tmp", "belongs to the system"),
        ("/proc/self", "belongs to the system"),
        ("/etc", "belongs to the system"),
        (home.as_str(), "home folder"),
        (inside.as_str(), "is in "),
        (same.as_str(), "the same folder"),
        (above.as_str(), "hold"),
        ("/not/there", "No such file"),
        (file.as_str(), "no folder"),
    ] {
        for mode in ["on", "off"] {
            let arguments = ["--sandbox", mode, "--also", path, "--base-url", "http://127.0.0.1:9"];
            let done = place.zerostack(&[&arguments[..], &["-m", "m", "do it"]].concat()).run();
            let said = done.failure(42);
            assert!(said.contains("--also ") && said.contains(why), "{path}: {said}");
        }
    }
    let twice = at("library");
    let arguments =
        ["--also", &twice, "--also", &twice, "--base-url", "http://127.0.0.1:9", "-m", "m", "x y"];
    assert!(place.zerostack(&arguments).run().failure(42).contains("the same folder"));
}

#[test]
fn file_tools_and_permissions_know_the_other_folder() {
    let place = prepared();
    let library = library(&place).canonicalize().unwrap();
    let path = |name: &str| library.join(name).display().to_string();
    let script = Script::new()
        .call("write", json!({ "path": path("new"), "content": "new\n" }))
        .call("edit", json!({ "path": path("src/a"), "edits": [{ "old": "uno", "new": "due" }] }))
        .call("bash", json!({ "command": format!("cd {} && touch made", library.display()) }))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    place.write(
        "home/.config/zerostack/config.toml",
        format!("[sandbox]\nalso = ['{}']\n", library.display()),
    );
    let done = place.zerostack(&["--mode", "standard", "do it"]).model(&provider).run();
    let patch = done.success().to_owned();
    for path in ["library/new", "library/src/a", "library/made"] {
        assert!(patch.contains(&format!("b/{path}\n")), "{path}: {patch}");
    }
    let requests = provider.requests();
    let told = String::from_utf8_lossy(&requests.last().unwrap().body);
    assert!(
        !told.contains("outside of the project") && !told.contains("outside the project"),
        "{told}"
    );
}

#[test]
fn a_project_cannot_name_one() {
    let place = prepared();
    let library = library(&place);
    let text = format!("[sandbox]\nalso = ['{}']\n", library.display());
    place.write("project/.zerostack/config.toml", text);
    let script = Script::new().call("bash", json!({ "command": "echo x >>src/a" })).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["do it"]).model(&provider).run();
    assert!(done.success().contains("a/src/a"));
    assert!(done.stderr.contains("zerostack trust"), "{}", done.stderr);
}

#[test]
fn the_sandbox_command_takes_it_too() {
    let place = prepared();
    let library = library(&place);
    let patch = place.folder("home").join("out.patch");
    let arguments = ["sandbox", "-q", "--also", library.to_str().unwrap(), "-o"];
    let arguments = [&arguments[..], &[patch.to_str().unwrap(), "--", "sh", "-c", CHANGE]].concat();
    assert_eq!(place.zerostack(&arguments).run().code, 0);
    let base = place.project().parent().unwrap().to_owned();
    applies(&place, &base, &fs::read(&patch).unwrap(), &[]);
}

#[test]
fn the_instructions_of_the_other_folder_come_with_the_first_call_that_works_there() {
    let place = prepared();
    place.write("library/AGENTS.md", "Be terse in the library.\n");
    place.write("library/src/AGENTS.md", "Use tabs here.\n");
    let script = Script::new()
        .call("read", json!({"path": "src/a"}))
        .call("read", json!({"path": "../library/src/a"}))
        .call("bash", json!({"command": format!("cat {}/moved", library(&place).display())}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let arguments = ["--also", "../library", "ask", "what is there?"];
    place.zerostack(&arguments).model(&provider).run().success();
    let requests = provider.requests();
    let texts: Vec<String> =
        requests.iter().map(|it| String::from_utf8_lossy(&it.body).into_owned()).collect();
    let counts = texts.iter().map(|text| text.matches("Be terse in the library.").count());
    assert_eq!(counts.collect::<Vec<_>>(), [0, 0, 1, 1]);
    assert!(texts[2].contains("<agents-md path=\\\"../library/AGENTS.md\\\">"), "{}", texts[2]);
    assert!(texts[2].contains("<agents-md path=\\\"../library/src/AGENTS.md\\\">"), "{}", texts[2]);
}
