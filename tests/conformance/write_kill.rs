//! A commit that is killed, or refused by the system, at any call that writes: the folder is as it
//! was or as it should be, and the next command says which.
//!
//! `strace` makes the n-th call of each kind fail, or kills the process before it.

use std::fs;
use std::process::{Command, Stdio};

use zerostack_tests::command::{Done, Place, Tree, tree};

use super::place;

/// The calls by which a commit writes.
const CALLS: &[&str] = &[
    "write",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fchmod",
    "fchmodat",
    "fchown",
    "symlinkat",
    "linkat",
];

const PATCH: &str = "*** Begin Patch\n*** Update File: a\n@@\n-one\n+two\n*** Delete File: old/b\n\
                     *** Add File: new/deep/c\n+c\n*** End Patch\n";

/// Whether strace can be used here; a line that says so if not.
pub(super) fn has_strace() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"]);
    let works = strace.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        eprintln!("NOT RUN: strace is missing or may not trace; install it to test kills");
    }
    works
}

fn project() -> Place {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/old/b", "b\n");
    place.write("project/kept", "kept\n");
    place
}

/// Lets each call that writes go wrong, one run each, and gives how many there were.
fn walk(calls: &[&str], what: &str, after: &Tree) -> usize {
    let mut count = 0;
    for call in calls {
        for number in 1.. {
            let place = project();
            let before = tree(&place.project());
            let out = place.folder("trace").display().to_string();
            let (trace, inject) =
                (format!("trace={call}"), format!("--inject={call}:{what}:when={number}"));
            let done = apply(&place, &["strace", "-o", &out, "-e", &trace, &inject]);
            let is_killed = done.code == 137;
            let traced = fs::read_to_string(&out).unwrap_or_default();
            let log = place.zerostack(&["log"]).writes().run();
            log.success();
            let now = tree(&place.project());
            let at = format!(
                "{call} {number} {what}, code {}:\n{}{}",
                done.code, done.stderr, log.stderr
            );
            match done.code {
                0 => assert!(now == *after, "not written, {at}"),
                137 => assert!(now == before || now == *after, "between, {at}"),
                _ => assert!(now == before, "changed, {at}"),
            }
            if is_killed && now == *after {
                place.zerostack(&["undo"]).writes().run().success();
                assert!(tree(&place.project()) == before, "not taken back, {at}");
            }
            if !is_killed && !traced.contains("INJECTED") {
                break;
            }
            count += 1;
        }
    }
    count
}

fn apply(place: &Place, through: &[&str]) -> Done {
    let command = place.zerostack(&["patch", "apply"]).through(through);
    command.input(PATCH).writes().run()
}

fn written() -> Tree {
    let place = project();
    apply(&place, &["env"]).success();
    tree(&place.project())
}

#[test]
fn a_kill_at_any_call_that_writes_leaves_all_or_nothing() {
    if !has_strace() {
        return;
    }
    let count = walk(CALLS, "signal=KILL", &written());
    eprintln!("{count} kills");
    assert!(count > 30, "{count}");
}

#[test]
fn a_refusal_at_any_call_that_writes_leaves_all_or_nothing() {
    if !has_strace() {
        return;
    }
    let after = written();
    // Not `write`, by which it also tells what it did.
    let calls = ["pwrite64", "renameat2", "rename", "mkdirat", "fsync", "unlinkat"];
    // An empty folder that may not be removed stays, and the commit is complete.
    let refused = &calls[..calls.len() - 1];
    let count = walk(&calls, "error=ENOSPC", &after) + walk(refused, "error=EACCES", &after);
    eprintln!("{count} refusals");
    assert!(count > 30, "{count}");
}
