//! In a container with Docker's defaults: which layers work, and what is reported of the others.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use serde_json::json;
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

const CONTAINER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/container.py");

/// What the run of a command of bash comes to in a container of this kind; only root can make one.
fn run(place: &Place, container: &[&str], flags: &[&str], command: &str) -> Option<Done> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("\n*** NOT TESTED: only root can simulate a container ***\n");
        return None;
    }
    let script = Script::new().call("bash", json!({ "command": command })).text("done");
    let provider = Scripted::start(script).unwrap();
    let arguments = [flags, &["--events", "json", "do it"]].concat();
    let through = [&["python3", CONTAINER], container, &["--"]].concat();
    Some(place.zerostack(&arguments).model(&provider).through(&through).run())
}

#[test]
fn namespaces_are_refused_and_the_way_out_is_named() {
    let place = place();
    place.write("project/a", "a\n");
    let Some(done) = run(&place, &["seccomp", "proc"], &[], "echo b >>a") else { return };
    let said = done.stderr.as_str();
    assert_eq!(done.code, 44, "{said}");
    for part in ["namespaces", "--sandbox landlock", "--sandbox off"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn landlock_and_seccomp_alone_work_and_hold() {
    let place = place();
    place.write("project/a", "a\n");
    place.write("home/.netrc", "SECRET\n");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port();
    let attack = format!(
        "echo b >>a; cat {home}/.netrc; echo x >{home}/new; run=$(sed -n 's/^PPid:.//p' /proc/$PPID/status); \
         cat /proc/$run/environ; kill -0 $run && echo signalled; unshare -U true && echo namespace; \
         exec 3<>/dev/tcp/127.0.0.1/{number} && echo connected; true",
        home = place.folder("home").display()
    );
    for kind in [&["seccomp", "proc"][..], &["seccomp"]] {
        let flags = ["--sandbox", "landlock", "--mode", "full"];
        let Some(done) = run(&place, kind, &flags, &attack) else { return };
        let text = done.text();
        assert_eq!(done.code, 0, "{text}{}", done.stderr);
        assert!(text.contains("+b"), "{text}");
        let result = text.lines().find(|line| line.contains("tool_result")).unwrap_or_default();
        for reached in ["SECRET", "signalled", "namespace\\n", "connected"] {
            assert!(!result.contains(reached), "{kind:?}: {reached}: {result}");
        }
        assert!(!place.folder("home").join("new").exists());
        assert!(text.contains("namespaces: --sandbox landlock"), "{text}");
    }
}

#[test]
fn all_layers_work_where_neither_is_in_the_way() {
    let place = place();
    place.write("project/a", "a\n");
    let Some(done) = run(&place, &["capabilities"], &[], "echo b >>a") else { return };
    assert!(done.code == 0 && done.text().contains("+b"), "{}", done.stderr);
}

#[test]
fn a_masked_proc_is_named_where_namespaces_are_allowed() {
    let place = place();
    place.write("project/a", "a\n");
    let Some(done) = run(&place, &["proc"], &[], "echo b >>a") else { return };
    let said = done.stderr.as_str();
    assert_eq!(done.code, 44, "{said}");
    assert!(said.contains("/proc") && said.contains("systempaths=unconfined"), "{said}");
}
