//! A tape holds the inputs of a run; replayed, it gives the same events and requests.

use std::fs;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn script() -> Script {
    let cut = Reply::new().text("half ☂").cut(333).header("retry-after-ms", "1");
    let calls = Reply::new()
        .reasoning("hm")
        .text("Zwei:")
        .call("bash", json!({"command": "echo one >>log; printf '\\377'"}))
        .call("read", json!({"path": "no such file"}))
        .random_pieces(7);
    Script::new()
        .reply(cut.clone())
        .reply(calls)
        .reply(Reply::status(529).header("retry-after-ms", "1"))
        .text("done")
}

/// Records a run and gives its tape's path, its events, and what the provider got.
fn record(place: &Place, anthropic: bool, script: Script) -> (String, Vec<Value>, Vec<Vec<u8>>) {
    let provider = Scripted::start(script).unwrap();
    let tape = place.folder("tape.jsonl").display().to_string();
    let run = place.zerostack(&["go", "--record", &tape, "--events", "json"]);
    let done = if anthropic { run.anthropic(&provider) } else { run.model(&provider) }.run();
    let bodies = provider.requests().into_iter().map(|request| request.body).collect();
    (tape, done.events(), bodies)
}

#[test]
fn it_plays_the_same_events_and_sends_the_same_bytes() {
    for anthropic in [false, true] {
        let place = place();
        let (tape, live, bodies) = record(&place, anthropic, script());
        assert_eq!(bodies.len(), 4);
        let offline = || place.zerostack(&["replay", &tape]).without("ZEROSTACK_API_KEY");
        let done = offline().run();
        done.success();
        let live: Vec<Value> = live
            .into_iter()
            .filter(|event| {
                !["start", "retry", "tool_started", "tool_finished", "round", "result"]
                    .contains(&event["type"].as_str().unwrap())
            })
            .collect();
        assert_eq!(done.events(), live);
        let requests = place.zerostack(&["replay", "--requests", &tape]).run();
        let expected: Vec<u8> =
            bodies.iter().flat_map(|body| [body, &b"\n"[..]].concat()).collect();
        requests.success();
        assert!(requests.stdout == expected, "the requests differ");
    }
}

#[test]
fn a_run_that_failed_has_a_tape_too() {
    for (script, code) in [
        (Script::new().reply(Reply::status(401).error("invalid_api_key", "no")), 41),
        (Script::new().text("nothing to do"), 61),
        (
            Script::new()
                .reply(Reply::new().text("half").cut(100).header("retry-after-ms", "1").repeat()),
            60,
        ),
        // Ended by the session itself: its rounds, its repeats.
        (Script::new().reply(Reply::new().call("list", json!({"path": "."})).repeat()), 53),
    ] {
        let place = place();
        let (tape, live, _) = record(&place, false, script);
        assert_eq!(live.last().unwrap()["exit_code"], code);
        let text = fs::read_to_string(&tape).unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["type"], &last["exit_code"]), (&json!("over"), &json!(code)));
        place.zerostack(&["replay", &tape]).run().success();
    }
}

#[test]
fn one_that_was_changed_or_cut_is_not_played() {
    let place = place();
    let (tape, ..) = record(&place, false, script());
    let whole = fs::read_to_string(&tape).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        lines.join("\n") + "\n"
    };
    let mut changed: Vec<(String, &str)> = vec![
        (String::new(), "not a tape"),
        ("hello\n".to_owned(), "not a tape"),
        ("{}\n".to_owned(), "not a tape"),
        (whole.replace("done", "gone"), "changed"),
        (whole.replace("\"version\":1", "\"version\":2"), "changed"),
        (whole.clone() + "\n", "not a tape"),
        (whole.clone() + &whole, "changed"),
        (whole[..whole.len() / 2].to_owned(), "not a tape"),
        ("\u{feff}".to_owned() + &whole, "changed"),
    ];
    changed.extend((0..lines.len() - 1).map(|index| (without(index), "changed")));
    changed.push((without(lines.len() - 1), "not a tape"));
    for (text, part) in changed {
        fs::write(&tape, &text).unwrap();
        for arguments in [&["replay", &tape][..], &["replay", "--requests", &tape]] {
            let done = place.zerostack(arguments).run();
            let said = done.failure(42);
            assert!(
                said.starts_with("the tape cannot be played: ") && said.contains(part),
                "{said}"
            );
        }
    }
    place.zerostack(&["replay", "/no/such"]).run().failure(42);
    place.zerostack(&["replay", place.project().to_str().unwrap()]).run().failure(42);
}

#[test]
fn where_it_cannot_be_written_nothing_is_asked() {
    let place = place();
    let provider = Scripted::start(Script::new().text("done")).unwrap();
    for path in ["/no/such/folder/tape", "/", "/proc/tape", ""] {
        let done = place.zerostack(&["go", "--record", path]).model(&provider).run();
        let said = done.failure(42);
        assert!(said.contains("cannot write the tape"), "{path}");
        assert!(!said.contains(".zerostack-tape-"), "{said}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_full_disk_fails_the_run_and_a_device_stays_one() {
    let place = place();
    let script = Script::new().call("write", json!({"path": "a", "content": "x"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go", "--record", "/dev/full"]).model(&provider).run();
    let said = done.failure(42);
    assert!(said.contains("cannot write the tape /dev/full: No space left"), "{said}");
    use std::os::unix::fs::FileTypeExt as _;
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
}

#[test]
fn it_replaces_an_older_one_only_when_it_is_whole_and_follows_a_link() {
    let place = place();
    place.write("old", "the old tape\n");
    std::os::unix::fs::symlink("old", place.folder("tape.jsonl")).unwrap();
    let (tape, ..) = record(&place, false, script());
    assert!(fs::symlink_metadata(&tape).unwrap().is_symlink());
    place.zerostack(&["replay", place.folder("old").to_str().unwrap()]).run().success();
    let names = fs::read_dir(place.folder(".")).unwrap().count();
    assert_eq!(names, 5, "home, tmp, project, old, tape.jsonl");
}
