//! A result that cannot be written is a failure, whatever the reason.

use std::fs::File;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use super::place;

fn model() -> Scripted {
    let script = Script::new().call("write", json!({"path": "a", "content": "x\n"})).text("done");
    Scripted::start(script).unwrap()
}

#[test]
fn a_full_stdout_is_a_failure() {
    for arguments in
        [&["do it"][..], &["do it", "--output", "text"], &["do it", "--events", "json"]]
    {
        let place = place();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = place.zerostack(arguments).model(&model()).stdout(full).run();
        let said = done.failure(42);
        assert!(said.contains("cannot write to stdout: No space left"), "{said}");
    }
    let tokens = [&["tokens", "--files", "text"][..], &["tokens", "--ids", "--files", "text"]];
    for arguments in [&["--help"][..], &["--version"], &["prompts"]].into_iter().chain(tokens) {
        let place = place();
        place.write("project/text", "some words\n");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = place.zerostack(arguments).stdout(full).run();
        let said = done.failure(42);
        assert!(said.contains("cannot write to stdout: No space left"), "{said}");
    }
}

#[test]
fn a_closed_stdout_is_noticed_before_anything_is_asked_of_the_model() {
    let place = place();
    let provider = model();
    let done = place.zerostack(&["do it"]).model(&provider).after("exec >&-").run();
    assert!(done.failure(42).contains("cannot write to stdout: it is closed"));
    assert!(provider.requests().is_empty());
    place.zerostack(&["--help"]).after("exec >&-").run().failure(42);
    // That is how to say that the result does not matter.
    place.zerostack(&["do it"]).model(&provider).after("exec >/dev/null").run().success();
}

#[test]
fn a_reader_that_went_away_is_a_failure() {
    let place = place();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = place.zerostack(&["do it"]).model(&model()).stdout(writer).run();
    assert!(done.failure(42).contains("cannot write to stdout: Broken pipe"));
}

#[test]
fn a_stderr_that_takes_nothing_does_not_keep_the_result_back() {
    for script in ["exec 2>/dev/full", "exec 2>&-"] {
        let place = place();
        let provider = model();
        let run = place.zerostack(&["do it"]).model(&provider).after(script);
        assert!(run.run().success().contains("+x"));
        let place = super::place();
        let done = place.zerostack(&["try"]).after(script).run();
        assert!(done.success().contains("FizzBuzz"));
        // An error keeps its code.
        let provider = Scripted::start(Script::new().reply(Reply::status(401))).unwrap();
        let done = place.zerostack(&["do it"]).model(&provider).after(script).run();
        assert_eq!((done.code, done.stderr.as_str()), (41, ""));
    }
}
