//! Settings that the command inherits from the program that starts it do not change a run; leftovers
//! of a killed run do not stay.

use rustix::process::Signal;
use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{processes_with, until};

use super::broken_project;

#[test]
fn a_signal_ignored_at_the_start_stays_ignored() {
    let place = broken_project();
    let go = place.folder("home").join("go");
    let command = format!("until [ -e {} ]; do sleep 0.01; done; echo x >new", go.display());
    let command = json!({"command": command});
    let provider = Scripted::start(Script::new().call("bash", command).text("done")).unwrap();
    let run = place.zerostack(&["go", "--sandbox", "off"]).model(&provider);
    let mut running = run.after("trap '' HUP").start();
    running.wait_for(" at http");
    until("the tool", || running.has_process("until [ -e"));
    running.signal(Signal::HUP);
    std::fs::write(&go, "").unwrap();
    running.end().success();
}

#[test]
fn sigchld_may_be_ignored() {
    for sandbox in ["on", "off"] {
        let place = broken_project();
        let write = json!({"path": "new", "content": "x\n"});
        let bash = json!({"command": "true & wait; exit 3"});
        let script = Script::new().call("write", write).call("bash", bash).text("done");
        let provider = Scripted::start(script).unwrap();
        let run = place.zerostack(&["go", "--sandbox", sandbox]).model(&provider);
        run.after("trap '' CHLD").run().success();
    }
}

#[test]
fn signals_may_be_blocked() {
    let blocking = ["env", "--block-signal=CHLD,TERM,INT,HUP"];
    let can = std::process::Command::new(blocking[0]).arg(blocking[1]).arg("true").status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("env cannot block signals: NOT tested");
        return;
    }
    let place = broken_project();
    // The end of the command, not its time limit, ends the call; its background holds the pipe.
    let bash = json!({"command": "sleep 1000 & echo x >new", "timeout_ms": 3_600_000});
    let script = Script::new().call("bash", bash).text("done");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["go"]).model(&provider).through(&blocking).run().success();
    let stalling = Script::new().reply(Reply::new().delay_ms(60_000));
    let provider = Scripted::start(stalling).unwrap();
    let mut running = place.zerostack(&["go"]).model(&provider).through(&blocking).start();
    running.wait_for(" at http");
    until("the request", || provider.requests().len() == 1);
    running.signal(Signal::TERM);
    running.end().failure(143);
}

#[test]
fn a_file_size_limit_is_an_error_of_the_tool_and_leaves_nothing() {
    let place = broken_project();
    let script = Script::new()
        .call("write", json!({"path": "big", "content": "y\n".repeat(5000)}))
        .call("write", json!({"path": "ok", "content": "x"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).after("ulimit -f 8").run();
    let patch = done.success();
    assert!(
        patch.contains("b/ok") && !patch.contains("big") && !patch.contains(".zerostack"),
        "{patch}"
    );
}

#[test]
fn tools_end_with_a_command_that_is_killed() {
    for sandbox in ["on", "off"] {
        let place = broken_project();
        let command = json!({"command": "setsid -f sleep 1003; sleep 1004"});
        let provider = Scripted::start(Script::new().call("bash", command).text("done")).unwrap();
        let run =
            place.zerostack(&["go", "--sandbox", sandbox, "--record", "tape"]).model(&provider);
        let mut running = run.start();
        running.wait_for(" at http");
        until("the tool", || {
            running.has_process("sleep\u{0}1004") && running.has_process("sleep\u{0}1003")
        });
        running.kill();
        until("the end of all", || processes_with(place.marker()).is_empty());
        assert!(!place.project().join("tape").exists());
        let names = std::fs::read_dir(place.project()).unwrap().flatten();
        assert!(
            !names
                .map(|name| name.file_name())
                .any(|name| name.to_string_lossy().starts_with(".zero"))
        );
    }
}

#[test]
fn a_tape_that_nobody_reads_is_refused() {
    let place = broken_project();
    let fifo = place.folder("home").join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    let provider = Scripted::start(Script::new().text("done")).unwrap();
    let done = place.zerostack(&["go", "--record", fifo.to_str().unwrap()]).model(&provider).run();
    assert!(done.failure(42).contains("nobody reads the pipe"), "{}", done.stderr);
    assert!(provider.requests().is_empty());
}
