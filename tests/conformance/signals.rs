//! A signal ends a run at once, wherever it is: nothing on stdout, no process and no file left.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Running, processes_with, until};

use super::broken_project;

/// The stages of a run: its name, what the model does, and how to know that it is there.
type Stage = (&'static str, Reply, fn(&mut Running<'_>, &Scripted));

fn stages() -> [Stage; 5] {
    let in_tool =
        "trap '' INT TERM; sleep 1000 & (setsid sleep 1001 &) ; echo x >add.sh; sleep 1002";
    [
        ("waiting for the head", Reply::new().delay_ms(60_000), |_, provider| {
            until("the request", || provider.requests().len() == 1);
        }),
        ("in a stalled body", Reply::new().text("half of it").stall(250), |_, provider| {
            provider.wait_until_stalled();
        }),
        ("in a tool", Reply::new().call("bash", json!({"command": in_tool})), |running, _| {
            until("the tool", || running.has_process("sleep\u{0}1002"));
        }),
        ("between attempts", Reply::status(429).header("retry-after", "30"), |running, _| {
            running.wait_for("trying again in");
        }),
        ("while a server takes no connection", Reply::new(), |_, _| {}),
    ]
}

fn ends(sandbox: &str) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        for (name, reply, reached) in stages() {
            let place = broken_project();
            let provider = Scripted::start(Script::new().reply(reply)).unwrap();
            let run = place.zerostack(&["go", "--sandbox", sandbox]).model(&provider);
            // TEST-NET-1: packets to it go nowhere.
            let nowhere = name.starts_with("while");
            let run =
                if nowhere { run.env("ZEROSTACK_BASE_URL", "https://192.0.2.1/v1") } else { run };
            let mut running = run.start();
            running.wait_for(" at http");
            reached(&mut running, &provider);
            let start = Instant::now();
            running.signal(signal);
            let done = running.end();
            let took = start.elapsed();
            println!("sandbox {sandbox}, {signal:?} {name}: {} ms", took.as_millis());
            let said = done.failure(code);
            assert_eq!(said, "stopped; nothing was changed", "{name}");
            assert!(took < Duration::from_secs(2), "{name}: {took:?}");
            assert_eq!(processes_with(place.marker()), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn in_the_sandbox() {
    ends("on");
}

#[test]
fn with_the_sandbox_off() {
    ends("off");
}

#[test]
fn events_end_with_a_result_that_says_so() {
    let place = broken_project();
    let provider =
        Scripted::start(Script::new().reply(Reply::new().text("half").stall(250))).unwrap();
    let running = place.zerostack(&["go", "--events", "json"]).model(&provider).start();
    provider.wait_until_stalled();
    running.signal(Signal::INT);
    let done = running.end();
    assert_eq!(done.code, 130);
    let events = done.events();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["ok"]), (&json!("result"), &json!(false)));
    assert_eq!((&last["exit_code"], &last["error"]["kind"]), (&json!(130), &json!("interrupted")));
}
