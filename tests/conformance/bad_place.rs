//! A folder, a disk, a configuration file or a command line that cannot be used: one clear line,
//! the exit code, nothing left.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use super::{broken_project, place};

fn model() -> Scripted {
    Scripted::start(Script::new().text("done")).unwrap()
}

#[test]
fn a_path_that_is_missing_or_not_a_folder() {
    let place = broken_project();
    let provider = model();
    for folder in ["/no/such/folder", "add.sh", "/", "/proc", ""] {
        let done = place.zerostack(&["-C", folder, "do it"]).model(&provider).run();
        let said = done.failure(42);
        assert!(said.starts_with("cannot use the folder "), "{folder}: {said}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_current_folder_that_was_deleted() {
    let place = place();
    let gone = place.folder("gone");
    fs::create_dir(&gone).unwrap();
    let script = format!("rmdir {}", gone.display());
    let provider = model();
    let done = place.zerostack(&["do it"]).model(&provider).in_folder(gone).after(&script).run();
    let said = done.failure(42);
    assert!(said.contains("the current folder cannot be used"), "{said}");
}

#[test]
fn a_folder_that_the_user_may_not_read() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("NOT RUN: only root can become another user");
    }
    let place = broken_project();
    let secret = place.folder("secret");
    fs::create_dir(&secret).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(place.folder("."), Permissions::from_mode(0o755)).unwrap();
    for folder in ["home", "tmp"] {
        chown(place.folder(folder), Some(65534), Some(65534)).unwrap();
    }
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let able = Command::new(nobody[0]).args(&nobody[1..]).args([PROGRAM, "--version"]).status();
    if !able.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: another user cannot run {PROGRAM}");
    }
    let provider = model();
    let folder = secret.to_str().unwrap();
    for sandbox in ["on", "off"] {
        let run = place.zerostack(&["-C", folder, "do it", "--sandbox", sandbox]);
        let done = run.model(&provider).through(&nobody).run();
        let said = done.failure(42);
        assert!(said.contains("cannot use the folder") && said.contains("denied"), "{said}");
    }
    // A file in it that cannot be read does not keep the run from what can.
    fs::set_permissions(place.project().join("test.sh"), Permissions::from_mode(0o000)).unwrap();
    let script = Script::new()
        .call("bash", json!({"command": "cat test.sh; echo 'echo 5' >add.sh"}))
        .reply(Reply::new().when("Permission denied").text("done"));
    chown(place.project(), Some(65534), Some(65534)).unwrap();
    chown(place.project().join("add.sh"), Some(65534), Some(65534)).unwrap();
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["do it"]).model(&provider).through(&nobody).run();
    assert!(done.success().contains("+echo 5"));
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_zerostack-command");

/// A shell script that runs the command where every place for private files is a disk of 256 KiB,
/// and tells what is left there.
const SMALL_DISK: &str =
    "for at in /var/tmp /dev/shm; do mount -t tmpfs -o size=256k none $at || exit 99; done
    export TMPDIR=/var/tmp
    \"$@\"
    code=$?
    for at in /var/tmp/* /dev/shm/*; do [ -e \"$at\" ] && echo \"LEFT $at\" >&2; done
    exit $code";

#[test]
fn a_disk_that_is_full() {
    let unshare = ["unshare", "-Urm", "sh", "-c", SMALL_DISK, "sh"];
    let mount = ["-Urm", "mount", "-t", "tmpfs", "none", "/var/tmp"];
    let able = Command::new("unshare").args(mount).status();
    if !able.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: no mount namespace can be made here");
    }
    let place = broken_project();
    place.write("project/large", vec![b'x'; 1024 * 1024]);
    // A copy does not fit.
    let provider = model();
    let run = place.zerostack(&["do it", "--sandbox", "off"]).model(&provider).through(&unshare);
    let done = run.run();
    let said = done.failure(44);
    assert!(said.contains("No space left") && said.contains("TMPDIR"), "{said}");
    assert!(provider.requests().is_empty());
    // The tools write more than fits: the model gets the error, and the patch holds the rest.
    let script = Script::new()
        .call("bash", json!({"command": "echo small >small; head -c 1000000 /dev/zero >big"}))
        .reply(Reply::new().when("No space left").call("bash", json!({"command": "rm big"})))
        .call("write", json!({"path": "other", "content": "y".repeat(500_000)}))
        .reply(Reply::new().when("No space left").text("the disk is full"));
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["do it"]).model(&provider).through(&unshare).run();
    let patch = done.success();
    assert!(
        patch.contains("+small\n") && !patch.contains("b/big") && !patch.contains("b/other"),
        "{patch}"
    );
    assert!(!done.stderr.contains("LEFT"), "{}", done.stderr);
}

#[test]
fn configuration_files_that_are_malformed() {
    for (path, text, part) in [
        ("home/.config/zerostack/config.toml", "provider = [", "config.toml:1: "),
        (
            "home/.config/zerostack/config.toml",
            "\n[permissions]\ncolour = 'red'",
            "config.toml:3: unknown field `colour`",
        ),
        (
            "home/.config/zerostack/config.toml",
            "[providers.x]\napi = 'y'",
            "the API \"y\" is not one of",
        ),
        ("home/.config/zerostack/config.toml", "provider = 'x'", "no provider is called \"x\""),
        (
            "project/.zerostack/config.toml",
            "[providers.x]\nbase_url = 'http://evil'",
            "a project's file holds only",
        ),
    ] {
        let place = place();
        place.write(path, text);
        let done = place.zerostack(&["do it"]).run();
        let said = done.failure(52);
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn command_lines_that_are_not_understood() {
    let place = place();
    for (arguments, part) in [
        (&["--colour"][..], "--colour"),
        (&["-x"], "-x"),
        (&["do it", "--max-rounds", "many"], "--max-rounds"),
        (&["do it", "--max-rounds", "0"], "--max-rounds"),
        (&["do it", "--max-rounds", "99999999999999999999999"], "--max-rounds"),
        (&["do it", "--model"], "--model needs a value"),
        (&["do it", "--sandbox", "maybe"], "on, landlock, off"),
        (&["do it", "--events", "xml"], "json, json-partial, claude, claude-partial, codex"),
        (&["do it", "--output", "song"], "patch, text, findings, json"),
        (&["do it", "--api", "song"], "openai-chat, anthropic"),
        (&["do it", "--quiet=yes"], "--quiet"),
        (&["fork"], "the number of a run is missing"),
        (&["fork", "1"], "--at ROUND is missing"),
        (&["-p", "nothing", "do it"], "unknown prompt \"nothing\"; there are"),
        (&["decode"], "--api is missing"),
        (&["decode", "--api", "anthropic", "--chunk", "0"], "--chunk"),
        (&["encode", "--api", "anthropic", "more"], "more"),
        (
            &["tool"],
            "the name of a tool is missing; use one of read, write, edit, bash, grep, find, list",
        ),
        (&["replay"], "or a tape's path is missing"),
        (&["step", "--begin"], "--begin: give an instruction"),
        (&["prompts", "more"], "more"),
    ] {
        let done = place.zerostack(arguments).run();
        let said = done.failure(2);
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let done = place.zerostack(&["do it"]).after("set -- \"$@\" \"$(printf '\\377')\"").run();
    assert!(done.failure(2).contains("not valid Unicode"));
}
