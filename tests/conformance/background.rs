//! Commands that keep running after their call: a server that later calls talk to.

use serde_json::{Value, json};
use zerostack_scripted::{Script, Scripted};

use super::{broken_project, place};

/// Waits for the server of the call before, and says what it gives.
const CLIENT: &str = "for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/8321 && cat <&3) 2>/dev/null && exit 0; \
                      sleep .05; done; echo nobody; exit 1";

fn server(says: &str) -> String {
    format!(
        "exec python3 -u -c 'import socket\ns = socket.create_server((\"127.0.0.1\", 8321))\nprint(\"ready\")\n\
         while True:\n c, _ = s.accept()\n c.sendall(b\"{says}\")\n c.close()'"
    )
}

fn results(provider: &Scripted) -> Vec<String> {
    let last = provider.requests().pop().unwrap();
    let body: Value = serde_json::from_slice(&last.body).unwrap();
    let messages = body["messages"].as_array().unwrap().clone();
    let tools = messages.into_iter().filter(|message| message["role"] == "tool");
    tools.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_of_one_call_is_reached_from_later_ones_and_ends_before_the_patch() {
    let place = broken_project();
    let script = Script::new()
        .call("bash", json!({"command": server("first"), "background": "server"}))
        .call("bash", json!({"command": CLIENT}))
        // Another one of the name takes its place, and its port.
        .call("bash", json!({"command": server("second"), "background": "server"}))
        .call("bash", json!({"command": format!("{CLIENT}; cat $TMPDIR/background-server.log")}))
        .call(
            "bash",
            json!({"command": "echo started; sleep 600; echo late >late", "background": "late"}),
        )
        .call("write", json!({"path": "new", "content": "x\n"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    let patch = done.success();
    assert!(patch.contains("+x") && !patch.contains("late"), "{patch}");
    let results = results(&provider);
    assert!(results[0].starts_with("ready\n[server runs in the background"), "{results:?}");
    assert!(results[1].starts_with("first"), "{results:?}");
    assert!(results[2].starts_with("ready\n"), "{results:?}");
    assert!(results[3].starts_with("second"), "{results:?}");
}

#[test]
fn without_the_sandbox_it_ends_with_the_run_too() {
    let place = place();
    place.write("project/a", "a\n");
    let command = format!("echo $$; exec -a {} sleep 600", place.marker());
    let script = Script::new()
        .call("bash", json!({"command": command, "background": "sleeper"}))
        .call("write", json!({"path": "new", "content": "x\n"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done =
        place.zerostack(&["--sandbox", "off", "--mode", "full", "go"]).model(&provider).run();
    // The harness looks for processes of the place that outlive the run.
    assert!(done.success().contains("+x"));
}

#[test]
fn a_command_that_ends_at_once_shows_how_and_a_wrong_name_is_reported() {
    let place = broken_project();
    let script = Script::new()
        .call("bash", json!({"command": "echo gone; exit 3", "background": "short"}))
        .call("bash", json!({"command": "true", "background": "../x"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["go"]).model(&provider).run();
    let results = results(&provider);
    assert_eq!(results[0], "gone\n[exit 3]\n");
    assert!(results[1].contains("background names the command"), "{results:?}");
}
