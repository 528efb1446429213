//! A disk that is full when the result is handed over: an error with its reason, the result kept
//! or reported lost, and nothing half done.

use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Script, Scripted};

use super::broken_project;

/// Runs the command with a disk of 64 KiB at `$1`. What is left of a session there is whole frames,
/// from which the next run goes on.
const SMALL_DISK: &str = "at=$1; shift; mount -t tmpfs -o size=64k none \"$at\" || exit 99
    \"$@\"
    code=$?
    find \"$at\" -type f -size +0 ! -path '*/sessions/*' ! -path '*/runs/[0-9]*' | sed 's/^/LEFT /' >&2
    exit $code";

#[test]
fn a_result_that_does_not_fit_is_kept_elsewhere_or_reported_lost() {
    let mount = ["-Urm", "mount", "-t", "tmpfs", "none", "/var/tmp"];
    let able = Command::new("unshare").args(mount).status();
    if !able.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: no mount namespace can be made here");
    }
    let place = broken_project();
    for name in ["disk", "state"] {
        std::fs::create_dir_all(place.folder("home").join(name)).unwrap();
    }
    let disk = place.folder("home").join("disk");
    let disk = disk.to_str().unwrap();
    let file = format!("{disk}/out.patch");
    let state = place.folder("home").join("state");
    let state = state.to_str().unwrap();
    for (state, arguments, expected) in [
        (state, ["do it", "-o", file.as_str()].as_slice(), "the result is kept in"),
        (disk, ["do it", "-o", file.as_str()].as_slice(), "the result is lost"),
        (disk, ["do it", "--write"].as_slice(), "the patch could not be kept"),
    ] {
        let command = json!({"command": "seq 1 100000 >new"});
        let provider = Scripted::start(Script::new().call("bash", command).text("done")).unwrap();
        let run = place.zerostack(arguments).model(&provider).env("XDG_STATE_HOME", state);
        let done = run.through(&["unshare", "-Urm", "sh", "-c", SMALL_DISK, "sh", disk]).run();
        assert_eq!(done.code, 42, "{done:?}");
        assert!(done.text().is_empty(), "{done:?}");
        assert!(done.stderr.contains("No space left on device"), "{}", done.stderr);
        assert!(done.stderr.contains(expected), "{expected}: {}", done.stderr);
        assert!(!done.stderr.contains("LEFT"), "{}", done.stderr);
    }
}
