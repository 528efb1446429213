//! Kernels that lack a layer of the sandbox: it is named, and what cannot do without it is refused.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use zerostack_tests::command::{Done, Place};

use super::place;

/// Runs the command where each of `calls` fails with the number of an error.
fn without(place: &Place, calls: &[u32], errno: u32, arguments: &[&str]) -> Option<Done> {
    let python = std::process::Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        eprintln!("\n*** NOT TESTED: python3 is not installed ***\n");
        return None;
    }
    let calls: Vec<String> = calls.iter().map(u32::to_string).collect();
    let program = format!(
        "import ctypes, os, struct, sys\n\
         step = lambda code, yes, no, k: struct.pack('HBBI', code, yes, no, k)\n\
         calls = [{}]\n\
         steps = [step(0x20, 0, 0, 0)]\n\
         for index, number in enumerate(calls): steps.append(step(0x15, len(calls) - index, 0, number))\n\
         steps += [step(6, 0, 0, 0x7fff0000), step(6, 0, 0, 0x50000 | {errno})]\n\
         code = ctypes.create_string_buffer(b''.join(steps))\n\
         program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(steps), ctypes.addressof(code)))\n\
         libc = ctypes.CDLL(None)\n\
         assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0\n\
         os.execvp(sys.argv[1], sys.argv[1:])",
        calls.join(", ")
    );
    Some(place.zerostack(arguments).through(&["python3", "-c", &program]).run())
}

const LANDLOCK: u32 = 444;
const SECCOMP: u32 = 317;
const ENOSYS: u32 = 38;
const EOPNOTSUPP: u32 = 95;
const EINVAL: u32 = 22;

#[test]
fn without_landlock_the_namespaces_hold_and_the_layer_is_named() {
    let place = place();
    place.write("project/a", "a\n");
    for (errno, why) in [(ENOSYS, "the kernel has no Landlock"), (EOPNOTSUPP, "turned off")] {
        let script = "echo b >>a && ! echo x >/etc/new && echo held";
        let arguments = ["sandbox", "--", "sh", "-c", script];
        let Some(done) = without(&place, &[LANDLOCK], errno, &arguments) else { return };
        assert!(done.code == 0 && done.text().contains("held"), "{}", done.stderr);
        assert!(done.stderr.contains(&format!("landlock: {why}")) || done.stderr.contains(why));
        assert!(done.stderr.contains("the sandbox is incomplete: landlock"), "{}", done.stderr);
        assert!(done.stderr.contains("landlock-scopes"), "{}", done.stderr);
        // What is of Landlock alone cannot be had.
        let arguments = ["sandbox", "--sandbox", "landlock", "--", "true"];
        let Some(done) = without(&place, &[LANDLOCK], errno, &arguments) else { return };
        assert!(done.failure(44).contains(why), "{}", done.stderr);
    }
}

#[test]
fn without_seccomp_nothing_runs() {
    let place = place();
    place.write("project/a", "a\n");
    for mode in ["on", "landlock"] {
        let arguments = ["sandbox", "--sandbox", mode, "--", "touch", "ran"];
        let Some(done) = without(&place, &[SECCOMP], EINVAL, &arguments) else { return };
        let said = done.failure(44);
        assert!(said.contains("seccomp filters") && said.contains("--sandbox off"), "{said}");
    }
}

#[test]
fn doctor_names_each_layer_and_what_takes_the_place_of_one_that_is_absent() {
    let place = place();
    let done = place.zerostack(&["doctor"]).run();
    let text = format!("{}{}", done.text(), done.stderr);
    for name in [
        "user-namespace",
        "mount-namespace",
        "read-only-system",
        "hidden-home",
        "landlock:",
        "landlock-scopes",
        "seccomp",
        "session-keyring",
        "no-new-privileges",
        "limits",
        "process-limit",
        "control-group",
        "memory-priority",
        "protects ",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    let Some(done) = without(&place, &[LANDLOCK], ENOSYS, &["doctor"]) else { return };
    let text = format!("{}{}", done.text(), done.stderr);
    assert!(text.contains("the kernel has no Landlock"), "{text}");
    let delegated = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers");
    if !delegated.is_ok_and(|it| it.contains("memory")) {
        assert!(text.contains("the limits of each process hold"), "{text}");
    }
}
