//! However a run ends, it reports that truly: the exit code of the table, a result event with the same
//! code, and nothing on stdout if there is no result.

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place, Running, processes_with, until};

use super::{broken_project, place};

/// How a run of the table is provoked: what the model does, and what is done to the run.
struct Ending {
    code: i32,
    kind: &'static str,
    arguments: &'static [&'static str],
    /// The configuration of the user.
    config: &'static str,
    replies: fn() -> Vec<Reply>,
    act: fn(&Place, &Scripted, &mut Running<'_>),
}

fn nothing(_: &Place, _: &Scripted, _: &mut Running<'_>) {}

fn writes() -> Reply {
    Reply::new().call("write", json!({"path": "new", "content": "x\n"}))
}

fn says(text: &str) -> Reply {
    Reply::new().text(text)
}

fn stalls() -> Vec<Reply> {
    vec![says("half of it").stall(250)]
}

/// The table of `running.md`, but for what needs a place of its own.
fn table() -> Vec<Ending> {
    let end = |code, kind, arguments, replies| Ending {
        code,
        kind,
        arguments,
        config: "",
        replies,
        act: nothing,
    };
    let signalled = |code, kind, act| Ending {
        code,
        kind,
        arguments: &["go"],
        config: "",
        replies: stalls,
        act,
    };
    vec![
        end(0, "", &["go"], || vec![writes(), says("done")]),
        end(2, "usage", &["explain", "--write", "it"], Vec::new),
        end(41, "authentication", &["go"], || vec![Reply::status(401)]),
        end(42, "input", &["-C", "/no/such/folder", "go"], Vec::new),
        end(52, "configuration", &["go", "--provider", "nobody"], Vec::new),
        end(53, "limit", &["go", "--max-rounds", "1"], || vec![writes()]),
        end(53, "limit", &["go", "--time-limit", "1"], stalls),
        Ending {
            config: "bad_calls = \"fail\"\n",
            ..end(54, "tool", &["go"], || vec![Reply::new().call("no_such_tool", json!({}))])
        },
        end(55, "denied", &["go", "--deny", "Write"], || vec![writes(), says("not allowed")]),
        end(60, "provider", &["go", "--max-attempts", "1"], || vec![Reply::status(500)]),
        end(61, "no_result", &["go"], || vec![says("nothing to do")]),
        end(62, "check_failed", &["go", "--check", "false"], || {
            let mut replies = vec![writes()];
            replies.extend((0..4).map(|_| says("done")));
            replies
        }),
        Ending {
            act: |place, provider, _| {
                until("the second request", || provider.requests().len() == 2);
                std::fs::write(place.project().join("add.sh"), "changed\n").unwrap();
            },
            ..end(63, "conflict", &["go", "--write"], || {
                let edit = json!({"path": "add.sh", "content": "echo 5\n"});
                vec![Reply::new().call("write", edit), says("done").delay_ms(1000)]
            })
        },
        signalled(130, "interrupted", |_, provider, running| {
            provider.wait_until_stalled();
            running.signal(Signal::INT);
        }),
        signalled(143, "terminated", |_, provider, running| {
            provider.wait_until_stalled();
            running.signal(Signal::TERM);
        }),
        signalled(143, "terminated", |_, provider, running| {
            provider.wait_until_stalled();
            running.signal(Signal::HUP);
        }),
    ]
}

#[test]
fn each_has_its_code_its_event_and_no_result_on_stdout_but_one() {
    for ending in table() {
        let Ending { code, kind, arguments, config, replies, act } = ending;
        for events in [true, false] {
            let place = broken_project();
            place.commit();
            place.write("home/.config/zerostack/config.toml", config);
            let script = replies().into_iter().fold(Script::new(), Script::reply);
            let provider = Scripted::start(script).unwrap();
            let format: &[&str] = if events { &["--events", "json"] } else { &[] };
            let all = [arguments, format].concat();
            let mut running = place.zerostack(&all).model(&provider).writes().start();
            act(&place, &provider, &mut running);
            let done = running.end();
            assert_eq!(done.code, code, "{arguments:?}: {done:?}");
            match events {
                true => check_result(&done, code, kind),
                false => {
                    assert_eq!(done.stdout.is_empty(), code != 0, "{arguments:?}: {done:?}");
                    let says_why = done.stderr.lines().any(|it| it.starts_with("zerostack: "));
                    assert!(code == 0 || says_why, "{arguments:?}: {done:?}");
                }
            }
        }
    }
}

/// The last event says how it ended, and no other does.
#[track_caller]
fn check_result(done: &Done, code: i32, kind: &str) {
    let lines = done.events();
    let results: Vec<&Value> = lines.iter().filter(|line| line["type"] == "result").collect();
    assert_eq!(results.len(), 1, "{code}: {done:?}");
    let result = lines.last().unwrap();
    assert_eq!(result["type"], "result");
    assert_eq!(result["exit_code"], code);
    assert_eq!(result["ok"], code == 0);
    assert_eq!(result["error"]["kind"].as_str().unwrap_or_default(), kind);
    assert!(code == 0 || result["error"]["message"].as_str().is_some_and(|it| !it.is_empty()));
}

#[test]
fn code_1_a_defect() {
    // Without /proc the program does not find itself: no user can bring that about.
    let place = place();
    let hide = "mount -t tmpfs none /proc && exec \"$@\"";
    let unshare = ["unshare", "-Urm", "sh", "-c", hide, "sh"];
    let mount = ["-Urm", "mount", "-t", "tmpfs", "none", "/proc"];
    let able = std::process::Command::new("unshare").args(mount).status();
    if !able.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: no mount namespace can be made here");
    }
    let done = place.zerostack(&["sdk", "codex", "exec"]).through(&unshare).run();
    assert!(done.failure(1).contains("the program cannot be found"), "{}", done.stderr);
    assert!(done.stdout.is_empty());
}

/// Whether mount namespaces can be made here; a line that says so if not.
fn has_mounts() -> bool {
    let mount = ["-Urm", "mount", "-t", "tmpfs", "none", "/proc"];
    let able = std::process::Command::new("unshare").args(mount).status();
    let works = able.is_ok_and(|status| status.success());
    if !works {
        eprintln!("NOT RUN: no mount namespace can be made here");
    }
    works
}

#[test]
fn code_44_no_sandbox_can_be_made() {
    if !has_mounts() {
        return;
    }
    let place = broken_project();
    // No namespace may be made below this one.
    let forbid = "echo 0 >/proc/sys/user/max_mnt_namespaces && exec \"$@\"";
    let unshare = ["unshare", "-Urm", "sh", "-c", forbid, "sh"];
    let provider = Scripted::start(Script::new().text("done")).unwrap();
    for events in [&[][..], &["--events", "json"]] {
        let arguments = [&["go", "--sandbox", "on"], events].concat();
        let done = place.zerostack(&arguments).model(&provider).through(&unshare).run();
        assert_eq!(done.code, 44, "{done:?}");
        match events.is_empty() {
            true => assert!(done.stdout.is_empty() && done.stderr.contains("sandbox"), "{done:?}"),
            false => check_result(&done, 44, "sandbox"),
        }
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_full_disk_where_the_files_are_to_be_written() {
    if !has_mounts() {
        return;
    }
    let place = broken_project();
    place.write("home/disk/file", "");
    let disk = place.folder("home/disk").display().to_string();
    // The project itself is on a disk of 64 KiB.
    let mount =
        "at=$1; shift; mount -t tmpfs -o size=64k none \"$at\" && cd \"$at\" && echo 1 >a && \"$@\"
        code=$?; [ \"$(cat a)\" = 1 ] && [ \"$(ls -A)\" = a ] || exit 98; exit $code";
    let unshare = ["unshare", "-Urm", "sh", "-c", mount, "sh", &disk];
    let script =
        Script::new().call("bash", json!({"command": "echo 2 >a; seq 1 50000 >b"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let arguments = ["go", "--write", "--events", "json"];
    let done = place.zerostack(&arguments).model(&provider).through(&unshare).run();
    check_result(&done, 42, "input");
    let result = done.events().pop().unwrap();
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("No space left") && message.contains("is kept in"), "{message}");
}

#[test]
fn sigpipe_the_reader_of_the_events_went_away() {
    for arguments in [&["go"][..], &["go", "--events", "json"]] {
        let place = broken_project();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let script = Script::new().reply(writes()).reply(says("done"));
        let provider = Scripted::start(script).unwrap();
        let done = place.zerostack(arguments).model(&provider).stdout(writer).run();
        // No signal: an error with its line and its code.
        assert_eq!(done.code, 42, "{done:?}");
        assert!(done.stderr.contains("cannot write to stdout"), "{}", done.stderr);
    }
}

#[test]
fn a_closed_terminal() {
    let place = broken_project();
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
    let provider =
        Scripted::start(stalls().into_iter().fold(Script::new(), Script::reply)).unwrap();
    // In a session of its own, whose terminal is that one.
    let through = ["setsid", "-c", "-w"];
    let terminal = std::fs::File::options().read(true).write(true).open(name).unwrap();
    let mut running = place
        .zerostack(&["go", "--events", "json"])
        .model(&provider)
        .through(&through)
        .stdin(terminal)
        .start();
    provider.wait_until_stalled();
    drop(person);
    running.wait_for("stopped; nothing was changed");
    let done = running.end();
    check_result(&done, 143, "terminated");
}

#[test]
fn a_tool_that_the_system_kills_for_its_memory_is_a_result_that_says_so() {
    let place = broken_project();
    let call = json!({"command": "echo begun; sleep 1003"});
    let script = Script::new()
        .call("bash", call)
        .reply(
            Reply::new()
                .when("ended with signal: 9")
                .call("write", json!({"path": "b", "content": "b\n"})),
        )
        .reply(says("done"));
    let provider = Scripted::start(script).unwrap();
    let running = place.zerostack(&["go", "--events", "json"]).model(&provider).start();
    until("the tool", || running.has_process("sleep\u{0}1003"));
    // What the kernel does where memory runs out: it ends the process of the tool.
    for pid in processes_with(place.marker()) {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if line.contains("tool\0bash") {
            let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    let done = running.end();
    assert_eq!(done.code, 0, "{done:?}");
    check_result(&done, 0, "");
    assert_eq!(provider.requests().len(), 3, "the run went on");
}
