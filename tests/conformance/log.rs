//! `log` and `show` print the records of the runs that were written to a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{KEY, Place};

use super::place;

fn write(place: &Place, task: &str, content: &str) {
    let script = Script::new().call("write", json!({"path": "a", "content": content})).text("done");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["--write", task]).model(&provider).writes().run().success();
}

#[test]
fn runs_are_listed_and_shown() {
    let place = place();
    write(&place, "make it one", "one\n");
    write(&place, &format!("say {KEY} twice"), "two\n");
    let log = place.zerostack(&["log"]).run().success();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].trim_start().starts_with('2') && lines[1].contains("make it one"), "{log}");
    let lines = place.zerostack(&["log", "--json"]).run().success();
    let newest: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&newest["run"], &newest["is_undone"]), (&json!(2), &json!(false)));
    assert_eq!((&newest["files"], &newest["exit_code"]), (&json!(["a"]), &json!(0)));
    assert_eq!(newest["task"], "say (key) twice");
    assert!(newest["usage"]["output_tokens"].as_u64().unwrap() > 0);
    let patch = place.zerostack(&["show", "2", "--patch"]).run().success();
    assert!(patch.contains("-one\n+two\n"), "{patch}");
    let shown: Value =
        serde_json::from_str(&place.zerostack(&["show", "1", "--json"]).run().success()).unwrap();
    assert_eq!(shown["task"], "make it one");
    // Another folder has none.
    let home = place.folder("home");
    assert_eq!(place.zerostack(&["log"]).in_folder(home).run().success(), "");
}

#[test]
fn records_are_private_and_a_damaged_one_is_named() {
    let place = place();
    write(&place, "make it one", "one\n");
    write(&place, "make it two", "two\n");
    let runs = place.folder("home").join(".local/state/zerostack/runs");
    for path in ["1", "1/patch", "1/contents", "1/about.json"] {
        let mode = fs::metadata(runs.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
    fs::write(runs.join("1/about.json"), "{\"version\": 1, \"fold").unwrap();
    fs::write(runs.join("2/about.json"), "{\"version\": 99}").unwrap();
    let done = place.zerostack(&["log"]).run();
    assert_eq!(done.success(), "");
    assert!(done.stderr.contains("record of run 1 cannot be used"), "{}", done.stderr);
    assert!(done.stderr.contains("another version"), "{}", done.stderr);
    place.zerostack(&["show", "1"]).run().failure(42);
    place.zerostack(&["undo", "2"]).run().failure(42);
}

#[test]
fn show_tells_a_person_in_a_few_lines_how_a_run_ended() {
    let place = place();
    write(&place, "make it \u{1b}[31mone", "one\n");
    let shown = place.zerostack(&["show"]).run().success();
    let value = |name: &str| {
        let row = shown.lines().find(|line| line.starts_with(name));
        row.map(|row| row.split_at(10).1.to_owned())
    };
    assert_eq!(value("state").as_deref(), Some("written"), "{shown}");
    assert_eq!(value("files").as_deref(), Some("a"), "{shown}");
    assert_eq!(value("prompt").as_deref(), Some("code"), "{shown}");
    assert!(value("run").unwrap().starts_with("1, "), "{shown}");
    assert!(value("tokens").unwrap().contains(" tokens in"), "{shown}");
    assert!(!shown.contains('\u{1b}') && value("error").is_none(), "{shown}");
    place.zerostack(&["undo"]).writes().run().success();
    assert!(place.zerostack(&["show"]).run().success().contains("state     undone\n"));
    let refused = place.zerostack(&["show", "--json", "--patch"]).run();
    assert!(
        refused.failure(2).contains("--json and --patch cannot be combined"),
        "{}",
        refused.stderr
    );
}
