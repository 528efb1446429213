use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use zerostack::tool::{Replaced, Truncated};

use super::{Folder, assert_has};

/// Tries until `true`, because the kernel and other processes take their time.
#[track_caller]
fn eventually(mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < end, "never became true");
        std::thread::yield_now();
    }
}

/// The process is gone, or a zombie that nobody has collected.
fn is_dead(pid: &str) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    stat.rsplit_once(") ").unwrap().1.starts_with('Z')
}

#[track_caller]
fn assert_all_die(folder: &Folder, count: usize) {
    let pids = fs::read_to_string(folder.path("pids")).unwrap();
    assert_eq!(pids.lines().count(), count);
    for pid in pids.lines() {
        eventually(|| is_dead(pid));
    }
}

#[test]
fn output_is_in_order_and_the_exit_status_is_reported() {
    let folder = Folder::new();
    let output = folder.call("bash", json!({"command": "echo a; echo b >&2; printf c; exit 3"}));
    assert_eq!(output.content, "a\nb\nc\n[exit 3]\n");
    assert_eq!((output.is_error, output.exit_code), (true, Some(3)));
    let output = folder.call("bash", json!({"command": "pwd; cat"}));
    let here = folder.path("").canonicalize().unwrap();
    assert_eq!(output.content, format!("{}\n[exit 0]\n", here.display()));
    assert_eq!((output.is_error, output.exit_code), (false, Some(0)));
    let output = folder.call("bash", json!({"command": "kill -9 $$"}));
    assert_eq!(output.content, "[ended by signal 9]\n");
    assert_eq!((output.is_error, output.exit_code), (true, None));
    assert_has(&folder.err("bash", json!({"command": "nosuchcommand"})), "[exit 127]");
}

#[test]
fn a_time_out_ends_the_whole_process_group() {
    let folder = Folder::new();
    let command =
        "echo $$ > pids; (sleep 1000 & echo $! >> pids; sleep 1000 & echo $! >> pids; wait)";
    let output = folder.call("bash", json!({"command": command, "timeout_ms": 2000}));
    assert_eq!(output.content, "[timed out after 2000 ms: ended with all its processes]\n");
    assert_eq!((output.is_error, output.exit_code), (true, None));
    assert_all_die(&folder, 3);
}

#[test]
fn a_time_out_ends_what_ignores_sigterm_and_keeps_the_output() {
    let folder = Folder::new();
    let command = "trap '' TERM; echo $$ > pids; echo said; while :; do sleep 1000; done";
    let output = folder.call("bash", json!({"command": command, "timeout_ms": 2000}));
    assert_eq!(output.content, "said\n[timed out after 2000 ms: ended with all its processes]\n");
    assert_all_die(&folder, 1);
}

#[test]
fn background_processes_end_with_the_call() {
    let folder = Folder::new();
    let command = "sleep 1000 & echo $! > pids; echo started";
    let output = folder.call("bash", json!({"command": command}));
    assert_eq!(
        output.content,
        "started\n[processes left in the background were ended]\n[exit 0]\n"
    );
    let quiet = "sleep 1000 >/dev/null 2>&1 & echo $! >> pids";
    assert_eq!(folder.ok("bash", json!({"command": quiet})), "[exit 0]\n");
    assert_all_die(&folder, 2);
}

#[test]
fn a_process_that_left_the_group_does_not_hold_the_call() {
    let folder = Folder::new();
    let command = "setsid sleep 1000 & echo $! > pids; echo done";
    let content = folder.ok("bash", json!({"command": command}));
    assert_has(&content, "done\n");
    let pid = fs::read_to_string(folder.path("pids")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    _ = kill_process(pid, Signal::KILL);
}

#[test]
fn output_that_is_closed_early_is_no_end() {
    let folder = Folder::new();
    let command = "echo a; exec >&- 2>&-; sleep 0.2; exit 5";
    let output = folder.call("bash", json!({"command": command}));
    assert_eq!((output.content.as_str(), output.exit_code), ("a\n[exit 5]\n", Some(5)));
}

#[test]
fn long_output_keeps_its_start_and_its_end() {
    let folder = Folder::new();
    let limit = 30 * 1024;
    for count in [limit - 1, limit] {
        let command = format!("head -c {count} /dev/zero | tr '\\0' x");
        let output = folder.call("bash", json!({"command": command}));
        assert_eq!(output.content, format!("{}\n[exit 0]\n", "x".repeat(count)));
        assert_eq!(output.truncated, None);
    }
    let output = folder.call("bash", json!({"command": "seq 1 1000000"}));
    assert!(output.content.starts_with("1\n2\n3\n"));
    assert!(output.content.ends_with("\n999999\n1000000\n[exit 0]\n"));
    let Truncated { bytes } = output.truncated.unwrap();
    let note = format!("[{bytes} bytes left out; redirect to a file to read them all]\n");
    let (head, tail) = output.content.split_once(&note).unwrap();
    let kept = head.len() + tail.len() - "[exit 0]\n".len();
    assert_eq!(kept as u64 + bytes, 6_888_896);
    assert!(kept <= limit && head.ends_with('\n'));
}

#[test]
fn output_that_is_not_utf8_is_said() {
    let folder = Folder::new();
    let output = folder.call("bash", json!({"command": "printf 'a\\377b'"}));
    assert_has(&output.content, "a\u{fffd}b\n[not UTF-8:");
    assert_eq!(output.replaced, [Replaced::InvalidUtf8]);
    // A character that two writes give is whole.
    let output = folder.call("bash", json!({"command": "printf '\\303'; printf '\\251'"}));
    assert_eq!((output.content.as_str(), output.replaced.len()), ("é\n[exit 0]\n", 0));
}

#[test]
fn a_signal_to_the_tool_ends_the_command_first() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Folder::new();
        let command = "sleep 1000 & echo $! > part; echo $$ >> part; mv part pids; wait";
        let stdin = json!({"command": command}).to_string();
        let mut tool = folder.start(["tool", "bash"], stdin.as_bytes());
        eventually(|| folder.path("pids").exists());
        kill_process(Pid::from_child(&tool), signal).unwrap();
        assert_eq!(tool.wait().unwrap().signal(), Some(signal.as_raw()));
        assert_all_die(&folder, 2);
    }
}

#[test]
fn unusable_arguments_say_what_is_wrong() {
    let folder = Folder::new();
    for timeout_ms in [0, 3_600_001] {
        let message = folder.err("bash", json!({"command": "true", "timeout_ms": timeout_ms}));
        assert_eq!(message, format!("timeout_ms is {timeout_ms}: give 1 to 3600000"));
    }
    assert_has(&folder.err("bash", json!({"command": "a\u{0}b"})), "holds a NUL");
    assert_has(&folder.err("bash", json!({"command": ":".repeat(200_000)})), "too long");
}

#[test]
fn what_left_the_session_of_the_command_ends_with_the_call() {
    let daemon = "setsid -f bash -c 'echo $$ >> pids; exec sleep 1000' >/dev/null 2>&1; \
                  until [ -s pids ]; do sleep 0.01; done";
    for (end, is_error) in [("true", false), ("sleep 1000", true)] {
        let folder = Folder::new();
        let command = format!("{daemon}; {end}");
        let output = folder.call("bash", json!({"command": command, "timeout_ms": 1500}));
        assert_eq!(output.is_error, is_error, "{}", output.content);
        let pids = fs::read_to_string(folder.path("pids")).unwrap();
        assert!(pids.lines().all(is_dead), "{pids}");
    }
}

#[test]
fn nul_bytes_are_shown_as_something_else() {
    let folder = Folder::new();
    let output = folder.call("bash", json!({"command": "printf 'a\\0b'"}));
    assert_has(&output.content, "a\u{2400}b\n");
    assert_has(&output.content, "[\u{2400} stands for a NUL byte]");
    assert_eq!(output.replaced, [Replaced::Nul]);
}

#[test]
fn a_command_cannot_reach_the_pipe_the_program_or_the_memory_of_the_tool() {
    let folder = Folder::new();
    let command = "for f in fd/1 mem; do echo forged > /proc/$PPID/$f; done 2>/dev/null; \
                   cat /proc/$PPID/environ; chmod 4777 /proc/$PPID/exe; readlink /proc/$PPID/exe";
    if rustix::process::geteuid().is_root() {
        eprintln!("root may look at every process outside of a sandbox: NOT tested here");
        return;
    }
    let output = folder.call("bash", json!({"command": command}));
    assert_has(&output.content, "Permission denied");
    assert!(!output.content.contains("forged"), "{}", output.content);
}
