//! Tools run in a sandbox, which is named; without one nothing runs; switching it off is reported.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};

use super::{broken_project, place};

fn result(events: &[Value]) -> &Value {
    events.last().unwrap()
}

#[test]
fn tools_reach_no_network_and_write_nowhere_but_in_the_view() {
    let place = broken_project();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    place.write("home/.ssh/id_ed25519", "PRIVATE");
    let command = format!(
        "exec 2>&1
        (echo >/dev/tcp/127.0.0.1/{port}) && echo RE''ACHED
        for at in /etc /usr /var /opt /; do touch $at/zerostack-was-here && echo WR''OTE $at; done
        echo home >$HOME/new; echo tmp >/tmp/zerostack-was-here; echo project >new
        cat $HOME/.ssh/id_ed25519 && echo SA''W
        echo done"
    );
    let script = Script::new().call("bash", json!({"command": command})).reply(
        Reply::new().when("done").unless("REACHED").unless("WROTE").unless("SAW").text("ok"),
    );
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go", "--events", "json"]).model(&provider).run();
    done.success();
    let events = done.events();
    let result = result(&events);
    assert_eq!(result["files"], json!(["new"]));
    let layers: Vec<&str> =
        result["sandbox"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in [
        "user-namespace",
        "mount-namespace",
        "pid-namespace",
        "network-namespace",
        "no-new-privileges",
        "cgroup-namespace",
        "session-keyring",
        "limits",
        "seccomp",
        "masked-credentials",
        "masked-environment",
    ] {
        assert!(layers.contains(&name), "{name} is not in {layers:?}");
    }
    assert_eq!(events[0]["sandbox"], result["sandbox"]);
    assert!(!place.folder("home").join("new").exists());
    assert!(!std::path::Path::new("/tmp/zerostack-was-here").exists());
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn a_link_out_of_the_project_and_a_path_outside_of_it_can_be_read() {
    let place = broken_project();
    std::os::unix::fs::symlink("/etc/passwd", place.folder("project").join("users")).unwrap();
    std::os::unix::fs::symlink("/usr/share", place.folder("project").join("share")).unwrap();
    let script = Script::new().reply(
        ["users", "add.sh", "/etc/passwd"]
            .iter()
            .fold(Reply::new(), |reply, path| reply.call("read", json!({ "path": path })))
            .call("list", json!({ "path": "share" })),
    );
    let provider = Scripted::start(script.text("ok")).unwrap();
    place.zerostack(&["explain", "it"]).model(&provider).run().success();
    let request = provider.requests().swap_remove(1).json();
    let messages = request["messages"].as_array().unwrap();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    let results: Vec<&str> = results.map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(results.len(), 4);
    assert!(results[0].contains("root:") && results[2].contains("root:"), "{results:?}");
    assert!(!results[1].contains("root:") && results[3].contains("doc/"), "{results:?}");
}

#[test]
fn off_is_reported_and_works_on_a_copy() {
    let place = broken_project();
    let script =
        Script::new().call("bash", json!({"command": "pwd; echo x >new; rm add.sh"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let run = place.zerostack(&["go", "--sandbox", "off", "--events", "json"]).model(&provider);
    let done = run.run();
    done.success();
    assert!(done.stderr.contains("sandbox off: tools run with all your rights"), "{}", done.stderr);
    let events = done.events();
    assert_eq!(result(&events)["sandbox"], json!(["masked-environment", "private-copy"]));
    assert_eq!(result(&events)["files"], json!(["add.sh", "new"]));
}

#[test]
fn without_a_sandbox_no_model_is_asked_and_the_way_out_is_named() {
    let refuse = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"";
    let refusing = ["unshare", "-Ur", "sh", "-c", refuse, "sh"];
    if !Command::new(refusing[0])
        .args(&refusing[1..])
        .arg("true")
        .status()
        .is_ok_and(|s| s.success())
    {
        return eprintln!("NOT RUN: a refusal of namespaces cannot be staged here");
    }
    let place = place();
    let script = || Script::new().call("bash", json!({"command": "echo x >new"})).text("done");
    let provider = Scripted::start(script()).unwrap();
    let run = place.zerostack(&["go", "--events", "json"]).model(&provider).through(&refusing);
    let done = run.run();
    assert_eq!(done.code, 44, "{}", done.stderr);
    assert!(done.complaint().contains("`--sandbox off`"), "{}", done.stderr);
    let events = done.events();
    assert_eq!((events.len(), &result(&events)["exit_code"]), (1, &json!(44)));
    assert!(provider.requests().is_empty());
    // Said so, it runs.
    let run = place.zerostack(&["go", "--sandbox", "off"]).model(&provider).through(&refusing);
    assert!(run.run().success().contains("+x"));
}
