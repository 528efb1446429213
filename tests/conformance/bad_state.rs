//! A state folder that is damaged, of a newer version, read-only, used by two commands at once, or
//! written while the clock ran backwards: each command has its line and its code, and the project
//! stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place, tree, until};

use super::place;

fn state(place: &Place) -> PathBuf {
    place.folder("home/.local/state/zerostack")
}

/// Runs `command` in the project and writes its changes.
fn write(place: &Place, command: &str) -> Done {
    let script = Script::new().call("bash", json!({"command": command})).text("done");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["--write", "do it"]).model(&provider).writes().run()
}

/// What is done to a file of a record.
type Damage = (&'static str, fn(&Path, &[u8]));

const DAMAGES: [Damage; 6] = [
    ("missing", |path, _| fs::remove_file(path).unwrap()),
    ("empty", |path, _| fs::write(path, "").unwrap()),
    ("half", |path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap()),
    ("flipped at its beginning", |path, bytes| flip(path, bytes, 1, 16)),
    ("flipped at its end", |path, bytes| flip(path, bytes, 15, 16)),
    ("a folder", |path, _| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
];

fn flip(path: &Path, bytes: &[u8], part: usize, of: usize) {
    let (at, mut bytes) = (bytes.len() * part / of, bytes.to_vec());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 0x15;
    }
    fs::write(path, bytes).unwrap();
}

const COMMANDS: [&[&str]; 9] = [
    &["log"],
    &["show", "1"],
    &["show", "1", "--patch"],
    &["show", "1", "--transcript"],
    &["show", "1", "--html", "/dev/null"],
    &["diff", "1", "2"],
    &["replay", "1"],
    &["fork", "1", "--at", "1", "another way"],
    &["undo", "1"],
];

#[test]
fn each_file_of_a_record_damaged_in_each_way() {
    let place = place();
    place.write("project/a", "one\n".repeat(20_000));
    place.write("project/b", "one\n");
    assert_eq!(write(&place, "sed -i s/one/two/ a b").code, 0);
    assert_eq!(write(&place, "echo other >other").code, 0);
    let before = tree(&place.project());
    let record = state(&place).join("runs/1");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&record).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.extend(fs::read_dir(record.join("blobs")).unwrap().map(|it| it.unwrap().path()));
    assert!(files.len() >= 8, "{files:?}");
    let mut told = 0;
    for path in &files {
        let whole = fs::read(path).unwrap();
        for (how, damage) in DAMAGES {
            damage(path, &whole);
            for arguments in COMMANDS {
                let done = place.zerostack(arguments).writes().run();
                let at = format!("{} is {how}, {arguments:?}: {done:?}", path.display());
                // Nothing but a result, or an error of the input, of the result, or a conflict.
                assert!([0, 42, 52, 63].contains(&done.code), "{at}");
                let is_told = done
                    .stderr
                    .lines()
                    .all(|line| line.starts_with("zerostack: ") && !line.contains("panicked"));
                assert!(is_told, "{at}");
                told += usize::from(done.code != 0);
                let now = tree(&place.project());
                if arguments[0] == "undo" && done.code == 0 {
                    // All of it was taken back, byte for byte.
                    let text = |name: &str| fs::read_to_string(place.project().join(name)).unwrap();
                    assert_eq!(
                        (text("a"), text("b")),
                        ("one\n".repeat(20_000), "one\n".to_owned())
                    );
                    put_back(path, &whole);
                    let is_undone = record.join("undone").exists();
                    assert!(is_undone || !record.exists(), "{at}");
                    place.zerostack(&["redo", "1"]).writes().run().success();
                    assert!(tree(&place.project()) == before, "{at}");
                } else {
                    assert!(now == before, "{at}");
                }
            }
            put_back(path, &whole);
        }
    }
    assert!(told > 50, "{told}");
}

/// Makes the file whole again, whatever has its name.
fn put_back(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_dir(path);
    // Not a new file: the mark of what was undone may have another name now.
    if path.file_name().is_some_and(|name| name == "written")
        && path.with_file_name("undone").exists()
    {
        return;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn files_of_a_newer_version_stay() {
    let place = place();
    place.write("project/a", "one\n");
    assert_eq!(write(&place, "echo two >a").code, 0);
    let newer = [
        ("runs/.run-1-0/about.json", "{\"version\": 99, \"new\": true}"),
        ("runs/7/about.json", "{\"version\": 99}"),
        ("commits/newer.journal", "{\"begin\":{\"version\":99}}\n"),
    ];
    for (name, text) in newer {
        place.write(&format!("home/.local/state/zerostack/{name}"), text);
    }
    let log = place.zerostack(&["log"]).run();
    assert!(log.success().contains(" written "), "{log:?}");
    assert!(log.stderr.contains("record of run 7 cannot be used"), "{log:?}");
    let journal = "newer.journal cannot be read: another version of zerostack wrote it";
    assert!(log.stderr.contains(journal), "{log:?}");
    assert_eq!(write(&place, "echo three >a").code, 0);
    for (name, text) in newer {
        assert_eq!(fs::read_to_string(state(&place).join(name)).unwrap(), text, "{name}");
    }
    // The record of this run has a number of its own.
    let shown: Value =
        serde_json::from_str(&place.zerostack(&["show", "8", "--json"]).run().success()).unwrap();
    assert_eq!(shown["files"], json!(["a"]));
}

/// Sets when the file was changed, in seconds since 1970.
fn touch(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_clock_that_ran_backwards_changes_neither_order_nor_retention() {
    let place = place();
    place.write("project/a", "one\n");
    for number in 1..=3 {
        assert_eq!(write(&place, &format!("echo {number} >a")).code, 0);
    }
    // The first run in the far future, the last one in 1970.
    for (id, time) in [(1, 99_999_999_999_u64), (2, 50_000_000_000), (3, 0)] {
        let about = state(&place).join(format!("runs/{id}/about.json"));
        let mut value: Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
        value["time"] = time.into();
        fs::write(&about, value.to_string()).unwrap();
        touch(&about, if id == 1 { 9_999_999_999 } else { u64::from(u32::MAX) });
    }
    let ids = |log: &str| -> Vec<u64> {
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| line["run"].as_u64().unwrap()).collect()
    };
    let log = place.zerostack(&["log", "--json"]).run().success();
    assert_eq!(ids(&log), [3, 2, 1]);
    place.zerostack(&["log"]).run().success();
    assert_eq!(write(&place, "echo 4 >a").code, 0);
    for left in ["3\n", "2\n", "1\n", "one\n"] {
        place.zerostack(&["undo"]).writes().run().success();
        assert_eq!(fs::read_to_string(place.project().join("a")).unwrap(), left);
    }
}

#[test]
fn the_last_session_is_the_one_that_was_used_last_whatever_its_time() {
    let place = place();
    let provider = Scripted::start(Script::new().reply(Reply::new().text("yes").repeat())).unwrap();
    for (name, text) in [("future", "about the future"), ("past", "about the past")] {
        place.zerostack(&["--session", name, "ask", text]).model(&provider).run().success();
        let folder = fs::read_dir(state(&place).join("sessions")).unwrap().next().unwrap().unwrap();
        let about = folder.path().join(name).join("about.json");
        let mut value: Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
        value["time"] = if name == "future" { 99_999_999_999_u64 } else { 1 }.into();
        fs::write(&about, value.to_string()).unwrap();
    }
    place.zerostack(&["-c", "and?"]).model(&provider).run().success();
    let last = provider.requests().pop().unwrap().json().to_string();
    assert!(last.contains("about the past"), "{last}");
    let list = place.zerostack(&["sessions"]).run().success();
    assert!(list.starts_with("past "), "{list}");
}

#[test]
fn two_runs_that_write_at_once_and_an_undo_between() {
    for (second, is_kept) in [("echo second >b", true), ("echo second >a", false)] {
        let place = place();
        place.write("project/a", "one\n");
        place.write("project/b", "one\n");
        place.write("project/c", "one\n");
        assert_eq!(write(&place, "echo zero >c").code, 0);
        // The first run has read and changed `a`, and the model thinks.
        let command = json!({"command": "echo first >a"});
        let script =
            Script::new().call("bash", command).reply(Reply::new().text("done").delay_ms(1500));
        let provider = Scripted::start(script).unwrap();
        let running = place
            .zerostack(&["--write", "do the first"])
            .model(&provider)
            .writes()
            .leaves()
            .start();
        until("the second request", || provider.requests().len() == 2);
        let script = Script::new().call("bash", json!({"command": second})).text("done");
        let other = Scripted::start(script).unwrap();
        let run = place.zerostack(&["--write", "do the second"]).model(&other).writes().leaves();
        assert_eq!(run.run().code, 0);
        place.zerostack(&["undo", "1"]).writes().leaves().run().success();
        let done = running.end();
        let text = |name: &str| fs::read_to_string(place.project().join(name)).unwrap();
        assert_eq!(text("c"), "one\n");
        match is_kept {
            true => {
                assert_eq!(done.code, 0, "{done:?}");
                assert_eq!((text("a"), text("b")), ("first\n".to_owned(), "second\n".to_owned()));
            }
            false => {
                let said = done.failure(63);
                assert!(said.contains(" a") && said.contains("is kept in"), "{said}");
                assert_eq!((text("a"), text("b")), ("second\n".to_owned(), "one\n".to_owned()));
            }
        }
        let log = place.zerostack(&["log"]).run().success();
        assert_eq!(log.lines().count(), 3, "{log}");
    }
}

#[test]
fn many_commands_that_write_at_once_have_a_record_each() {
    let place = place();
    let running: Vec<_> = (0..12)
        .map(|number| {
            let patch = format!(
                "*** Begin Patch\n*** Add File: f{number}\n+{}\n*** End Patch\n",
                "x".repeat(70_000)
            );
            place.zerostack(&["patch", "apply"]).input(patch).writes().leaves().start()
        })
        .collect();
    for running in running {
        let done = running.end();
        assert_eq!(done.code, 0, "{done:?}");
    }
    let log = place.zerostack(&["log", "--json"]).run().success();
    assert_eq!(log.lines().count(), 12, "{log}");
    // One content for all of them; and all are taken back at once.
    let blobs = fs::read_dir(state(&place).join("blobs")).unwrap().count();
    assert_eq!(blobs, 1);
    let ids: Vec<String> = (1..=12).map(|id| id.to_string()).collect();
    let running: Vec<_> =
        ids.iter().map(|id| place.zerostack(&["undo", id]).writes().leaves().start()).collect();
    for running in running {
        running.end().success();
    }
    assert!(tree(&place.project()).is_empty());
}

/// Runs the command with the state folder `$1` read-only.
const READ_ONLY: &str = "at=$1; shift
    mount --bind \"$at\" \"$at\" && mount -o remount,ro,bind \"$at\" || exit 99
    exec \"$@\"";

#[test]
fn a_state_folder_that_can_only_be_read() {
    let mount = ["-Urm", "mount", "-t", "tmpfs", "none", "/var/tmp"];
    let able = Command::new("unshare").args(mount).status();
    if !able.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: no mount namespace can be made here");
    }
    let place = place();
    place.write("project/a", "one\n");
    assert_eq!(write(&place, "echo two >a").code, 0);
    let at = state(&place).display().to_string();
    let through = ["unshare", "-Urm", "sh", "-c", READ_ONLY, "sh", &at];
    let run = |arguments: &[&str]| place.zerostack(arguments).through(&through);
    assert!(run(&["log"]).run().success().contains(" written "));
    for part in [&["show", "1"][..], &["show", "--patch"], &["replay", "1"], &["diff", "1", "1"]] {
        run(part).run().success();
    }
    // A text and a patch are results all the same; nothing is written without a record.
    let provider = Scripted::start(Script::new().text("Because.")).unwrap();
    let done = run(&["ask", "why?"]).model(&provider).run();
    assert_eq!(done.success(), "Because.\n");
    assert!(done.stderr.contains("no record of this run is kept"), "{}", done.stderr);
    let provider = Scripted::start(Script::new()).unwrap();
    for arguments in [&["undo"][..], &["--write", "do it"], &["-c", "go"]] {
        let done = run(arguments).model(&provider).run();
        let said = done.failure(42);
        assert!(said.contains("Read-only file system"), "{arguments:?}: {said}");
    }
    assert!(provider.requests().is_empty(), "told before anything was sent");
}
