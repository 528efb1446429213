//! What the kernel refuses to a tool, whatever it can reach.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::view::{View, ViewOptions};

/// Not a test by itself: see `common::driver`.
#[test]
fn driver() {
    common::drive();
}

/// A view with perl, whose `syscall` makes any call.
fn view_with_perl(project: &Project) -> Option<View> {
    if !namespaces() {
        return None;
    }
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    if !run(&view, "command -v perl").0.status.success() {
        eprintln!("perl is not installed: not tested");
        return None;
    }
    Some(view)
}

/// The error number of a call, 0 if it succeeds.
fn call(view: &View, arguments: &str) -> u32 {
    let script = format!("perl -e 'my $r = syscall({arguments}); print $r < 0 ? $!+0 : 0'");
    run(view, &script).success().trim().parse().unwrap()
}

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

#[test]
fn calls_that_no_build_needs_are_refused() {
    let project = Project::with(&[]);
    let Some(view) = view_with_perl(&project) else { return };
    for (name, arguments) in [
        ("unshare of users", "272, 0x10000000"),
        ("unshare of mounts", "272, 0x20000"),
        ("unshare of control groups", "272, 0x02000000"),
        ("clone with a user namespace", "56, 0x10000011, 0, 0, 0, 0"),
        ("setns", "308, 0, 0"),
        ("mount", "165, 0, 0, 0, 0, 0"),
        ("open_tree", "428, -100, 0, 1"),
        ("fsopen", "430, 0, 0"),
        ("keyctl", "250, 0, -3, 0"),
        ("add_key", "248, 0, 0, 0, 0, -3"),
        ("ptrace", "101, 0, 0, 0, 0"),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0"),
        ("bpf", "321, 0, 0, 0"),
        ("perf_event_open", "298, 0, 0, 0, 0, 0"),
        ("userfaultfd", "323, 0"),
        ("open_by_handle_at", "304, 0, 0, 0"),
        ("clock_settime", "227, 0, 0"),
        ("a socket of virtual machines", "41, 40, 1, 0"),
        ("a socket of packets", "41, 17, 3, 0"),
        ("a socket of the kernel's ciphers", "41, 38, 5, 0"),
        ("typing into the terminal", "16, 0, 0x5412, 0"),
        ("pasting into the console", "16, 0, 0x541c, 0"),
    ] {
        assert_eq!(call(&view, arguments), EPERM, "{name}");
    }
    for (name, arguments) in [
        ("clone3", "435, 0, 0"),
        ("io_uring_setup", "425, 1, 0"),
        ("a number of the other set of calls", "0x40000000 + 39"),
    ] {
        assert_eq!(call(&view, arguments), ENOSYS, "{name}");
    }
}

#[test]
fn calls_that_builds_need_are_not_refused() {
    let project = Project::with(&[]);
    let Some(view) = view_with_perl(&project) else { return };
    for (name, arguments) in [
        ("a socket of the network", "41, 2, 1, 0"),
        ("a socket of this machine", "41, 1, 1, 0"),
        ("a socket of the kernel's routes", "41, 16, 3, 0"),
        ("unshare of open files", "272, 0x400"),
        ("getpid", "39"),
    ] {
        assert_eq!(call(&view, arguments), 0, "{name}");
    }
    // Threads and processes, by the call that the C library falls back to.
    let script = "(echo a) & wait; bash -c 'echo b' | cat";
    assert_eq!(run(&view, script).success(), "a\nb\n");
}

#[test]
fn each_kind_of_namespace_is_its_own() {
    let project = Project::with(&[]);
    if !namespaces() {
        return;
    }
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    for kind in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let path = format!("/proc/self/ns/{kind}");
        let outside = std::fs::read_link(&path).unwrap();
        let inside = run(&view, &format!("readlink {path}")).success();
        assert_ne!(inside.trim(), outside.to_str().unwrap(), "{kind}");
    }
}

#[test]
fn limits_hold_and_cannot_be_raised() {
    let project = Project::with(&[]);
    if !namespaces() {
        return;
    }
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    let limits = run(&view, "ulimit -Hc; ulimit -Hu; ulimit -Hf").success();
    let limits: Vec<u64> = limits.lines().map(|line| line.parse().unwrap()).collect();
    // Bash counts the size of a file in units of 1024 bytes.
    assert!(limits[0] == 0 && limits[1] <= 4096 && limits[2] <= 8 << 30, "{limits:?}");
    assert!(!run(&view, "ulimit -c 1").0.status.success());
}

#[test]
fn landlock_holds_where_no_mount_does() {
    let project = Project::with(&[("file", "old")]);
    let Some(view) = view_with_perl(&project) else { return };
    let layers = view.layers();
    let Some(landlock) = layers.iter().find(|layer| layer.name == "landlock") else {
        panic!("{layers:?}")
    };
    if let Some(lacks) = landlock.lacks() {
        eprintln!("*** NOT TESTED: {lacks} ***");
        return;
    }
    // The mounts let a process write to the private /run.
    let errors = run(&view, "echo x > /run/new").failure();
    assert!(errors.contains("Permission denied"), "{errors}");
    run(&view, "echo x > file; mkdir -p a b; echo y > a/y; mv a/y b/y; ln b/y a/z; rm -r a")
        .success();
    // `mv` would copy where a move is refused.
    run(&view, "mkdir c d && echo x > c/x && perl -e 'rename(\"c/x\", \"d/x\") or exit 1'")
        .success();
    run(&view, "echo x > /tmp/x && mv /tmp/x . && echo x > /dev/null && echo x > /dev/shm/x")
        .success();
    run(&view, ": > /dev/stdout && echo x >> ~/.x && truncate -s 1 ~/.x").success();
}
