//! Worktrees: runs beside one another, merged cleanly or not at all.

use rustix::process::Signal;
use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

fn project() -> Place {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/b", "two\n");
    place.commit();
    place
}

fn worktree(place: &Place, arguments: &[&str]) -> Done {
    place.zerostack(&[&["worktree"], arguments].concat()).writes().run()
}

fn write(path: &str, content: &str) -> serde_json::Value {
    json!({"path": path, "content": content})
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.project().join(name)).unwrap_or_default()
}

#[test]
fn a_run_in_a_worktree_changes_it_alone_and_is_merged() {
    let place = project();
    let script =
        Script::new().call("write", write("a", "changed\n")).call("write", write("new", "n\n"));
    let provider = Scripted::start(script.text("done")).unwrap();
    let run = place.zerostack(&["--worktree", "x", "change it"]).model(&provider).writes();
    assert_eq!(run.run().success(), "");
    assert_eq!((read(&place, "a").as_str(), read(&place, "new").as_str()), ("one\n", ""));
    let list = worktree(&place, &["list"]).success();
    assert!(list.starts_with("x ") && list.contains("/worktrees/"), "{list}");
    // What is not merged is not thrown away by mistake.
    assert!(worktree(&place, &["remove", "x"]).failure(63).contains("not merged"));
    assert!(worktree(&place, &["merge", "x"]).stderr.contains("x: 2 files merged"));
    assert_eq!((read(&place, "a").as_str(), read(&place, "new").as_str()), ("changed\n", "n\n"));
    assert_eq!(worktree(&place, &["remove", "x"]).success(), "");
    assert_eq!(worktree(&place, &["list"]).success(), "");
    assert_eq!(place.git("project", &["branch", "--list", "zerostack/*"], b""), "");
}

#[test]
fn a_merge_that_is_not_clean_changes_nothing() {
    let place = project();
    let path = worktree(&place, &["new", "x"]).success();
    let path = std::path::Path::new(path.trim_end());
    std::fs::write(path.join("a"), "theirs\n").unwrap();
    std::fs::write(path.join("b"), "theirs\n").unwrap();
    place.write("project/a", "mine\n");
    assert!(worktree(&place, &["merge", "x"]).failure(63).contains("nothing was changed"));
    assert_eq!((read(&place, "a").as_str(), read(&place, "b").as_str()), ("mine\n", "two\n"));
}

#[test]
fn what_a_model_wrote_into_a_worktree_runs_nothing() {
    let place = project();
    let path = worktree(&place, &["new", "x"]).success();
    let path = std::path::Path::new(path.trim_end());
    let evil = place.folder("home").join("evil");
    place.git("home", &["init", "--quiet", "evil"], b"");
    let touch = format!("touch {}", place.folder("home").join("ran").display());
    place.git("home", &["-C", "evil", "config", "core.fsmonitor", &touch], b"");
    std::fs::write(path.join(".git"), format!("gitdir: {}/.git\n", evil.display())).unwrap();
    std::fs::write(path.join("a"), "theirs\n").unwrap();
    worktree(&place, &["merge", "x"]).success();
    assert_eq!(read(&place, "a"), "theirs\n");
    assert!(!place.folder("home").join("ran").exists());
}

#[test]
fn wrong_names_folders_without_git_and_worktrees_removed_by_hand_are_reported() {
    let place = project();
    for (arguments, code, part) in [
        (&["merge", "none"][..], 42, "there is no worktree \"none\"; there are none"),
        (&["new", "../x"], 2, "is not a valid name"),
        (&["new"], 2, "worktree new: wrong number of arguments"),
        (&["sing", "x"], 2, "unknown subcommand \"sing\"; use new, list, merge, remove"),
    ] {
        assert!(worktree(&place, arguments).failure(code).contains(part), "{arguments:?}");
    }
    let path = worktree(&place, &["new", "x"]).success();
    let said = worktree(&place, &["new", "x"]).failure(42).to_owned();
    assert!(said.contains("there is a worktree x already; choose another name"), "{said}");
    std::fs::remove_dir_all(path.trim_end()).unwrap();
    assert!(worktree(&place, &["list"]).success().contains("(the folder is gone)"));
    let said = worktree(&place, &["merge", "x"]).failure(42).to_owned();
    assert!(said.contains("`zerostack worktree remove x` forgets it"), "{said}");
    worktree(&place, &["remove", "x"]).success();
    assert_eq!(worktree(&place, &["list"]).success(), "");
    std::fs::remove_dir_all(place.project().join(".git")).unwrap();
    assert!(worktree(&place, &["list"]).failure(42).contains("is not in a git repository"));
    place.git("project", &["init", "--quiet"], b"");
    let said = worktree(&place, &["new", "x"]).failure(42).to_owned();
    assert!(said.contains("has no commit yet; make the first one"), "{said}");
}

#[test]
fn instructions_run_at_once_and_those_that_pass_are_merged_in_order() {
    let place = project();
    let script = Script::new()
        .reply(Reply::new().when("do first").call("write", write("a", "first\n")))
        .reply(Reply::new().when("do first").text("done"))
        .reply(Reply::new().when("do second").call("write", write("b", "bad\n")))
        .reply(Reply::new().when("do second").text("done").repeat())
        .reply(Reply::new().when("do third").call("write", write("a", "third\n")))
        .reply(Reply::new().when("do third").text("done"))
        .reply(Reply::new().when("do fourth").text("nothing to change"));
    let provider = Scripted::start(script).unwrap();
    let arguments = ["--parallel", "3", "--check", "! grep -q bad b", "--merge"];
    let run = place.zerostack(&arguments).model(&provider).writes();
    let done = run.input("do first\ndo second\n\ndo third\ndo fourth\n").run();
    assert_eq!(done.code, 63, "{done:?}");
    let lines: Vec<Vec<String>> =
        done.text().lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    let told: Vec<&str> = lines.iter().map(|line| line[1].as_str()).collect();
    assert_eq!(
        lines.iter().map(|line| line[2].as_str()).collect::<Vec<_>>(),
        ["do first", "do second", "do third", "do fourth"]
    );
    assert_eq!(told[0], "merged, 1 file");
    assert!(told[1].starts_with("failed: ") && told[1].contains("check"), "{told:?}");
    assert!(told[2].contains("does not merge"), "{told:?}");
    assert!(told[3].starts_with("failed: no file was changed"), "{told:?}");
    assert_eq!((read(&place, "a").as_str(), read(&place, "b").as_str()), ("first\n", "two\n"));
    // Those that were not merged stay.
    assert_eq!(worktree(&place, &["list"]).success().lines().count(), 3);
    let none = place.zerostack(&["--parallel", "2"]).model(&provider).run();
    assert!(none.failure(2).contains("one per line"));
    place.zerostack(&["--merge", "do it"]).model(&provider).run().failure(2);
}

#[test]
fn a_signal_ends_all_runs_and_leaves_the_worktrees_of_those_that_had_ended() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = project();
        let script = Script::new()
            .reply(Reply::new().when("do first").call("write", write("a", "first\n")))
            .reply(Reply::new().when("do first").text("done"))
            .reply(Reply::new().when("do second").text("half").stall(250));
        let provider = Scripted::start(script).unwrap();
        let run = place.zerostack(&["--parallel", "1"]).model(&provider).writes();
        let running = run.input("do first\ndo second\ndo third\n").start();
        provider.wait_until_stalled();
        running.signal(signal);
        let done = running.end();
        assert_eq!(done.code, code);
        let said = "stopped; the worktrees of the runs that had ended are kept";
        assert!(done.stderr.contains(said), "{done:?}");
        let text = done.text();
        let told: Vec<&str> = text.lines().filter_map(|it| it.split('\t').nth(1)).collect();
        assert_eq!(told, ["done", "stopped", "stopped"]);
        let left = worktree(&place, &["list"]).success();
        assert!(left.starts_with("run-1 ") && left.lines().count() == 1, "{left}");
        assert_eq!(provider.requests().len(), 3);
    }
}

#[test]
fn instructions_are_never_cut() {
    let place = project();
    let provider = Scripted::start(Script::new()).unwrap();
    let run = place.zerostack(&["--parallel", "1"]).model(&provider);
    let done = run.input("do it\n".repeat(200_000)).run();
    assert!(done.failure(42).contains("the instructions are longer than 1048576 bytes"));
    assert_eq!(worktree(&place, &["list"]).success(), "");
}

#[test]
fn all_worktrees_can_be_made_or_none_is() {
    let place = project();
    place.git("project", &["branch", "zerostack/run-2"], b"");
    let provider = Scripted::start(Script::new()).unwrap();
    let run = place.zerostack(&["--parallel", "1"]).model(&provider).writes();
    let done = run.input("do first\ndo second\n").run();
    assert!(done.failure(42).contains("zerostack/run-2"), "{done:?}");
    assert_eq!(worktree(&place, &["list"]).success(), "");
    assert_eq!(provider.requests().len(), 0);
}
