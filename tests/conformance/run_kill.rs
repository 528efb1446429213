//! A whole run that is killed, or refused by the system, at the calls by which it writes: the state
//! folder, the view, the record, the session, the tape, the commit. The folder is as it was or as it
//! should be, and the next command finishes or takes back what was begun.
//!
//! A first run is traced. Its calls are sorted by what they do to which file; the first of each
//! sort goes wrong, one run each. That is every place where a run can be between two states: the
//! others of a sort only append to the same file, or do the same to the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place, Tree, tree};

use super::place;
use super::write_kill::has_strace;

/// The calls by which a run writes.
const CALLS: &str = "write,pwrite64,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,fsync,\
                     fdatasync,ftruncate,fchmod,fchmodat,fchown,symlinkat,linkat,setxattr,mount,openat";

const ARGUMENTS: [&str; 6] = ["change it", "--write", "--record", "../tape", "--events", "json"];

fn project() -> Place {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/old/b", "b\n");
    place.write("project/kept", "kept\n");
    place
}

/// The same two replies for any number of runs.
fn provider() -> Scripted {
    let command = "rm -r old; mkdir -p new/deep; echo c >new/deep/c; echo two >a";
    let changes = Reply::new().text("I do.").call("bash", json!({"command": command}));
    let says = Reply::new().text("done").when("[exit 0]").repeat();
    let asked = Reply::new().text("hello").when("\"hi\"").repeat();
    Scripted::start(Script::new().reply(asked).reply(says).reply(changes.repeat())).unwrap()
}

fn run(place: &Place, provider: &Scripted, inject: &[String]) -> Done {
    let out = place.folder("trace").display().to_string();
    let trace = format!("trace={CALLS}");
    let mut through = vec!["strace", "-y", "-o", &out, "-e", &trace];
    through.extend(inject.iter().map(String::as_str));
    place.zerostack(&ARGUMENTS).model(provider).through(&through).writes().leaves().run()
}

/// A call of a traced run.
struct Called {
    name: String,
    /// Which of those with this name, counted from 1.
    number: usize,
    /// What it does to which file: without numbers, which differ from run to run.
    sort: String,
    /// Whether it makes, changes or removes a file of the disk.
    is_of_disk: bool,
}

fn calls(place: &Place) -> Vec<Called> {
    let text = fs::read_to_string(place.folder("trace")).unwrap();
    let root = place.folder(".").canonicalize().unwrap().display().to_string();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let number = numbers.entry(name.to_owned()).or_default();
        *number += 1;
        if name == "openat" && !(rest.contains("O_CREAT") || rest.contains("O_TMPFILE")) {
            continue;
        }
        // What was asked for and was so already changes nothing.
        if rest.contains(") = -1 ") {
            continue;
        }
        let is_of_disk = rest.contains(&root) || rest.contains("/zerostack-");
        let file = if name == "write" || name == "pwrite64" {
            rest.split('>').next().unwrap_or_default()
        } else {
            rest
        };
        let is_kept = |it: &char| !it.is_ascii_hexdigit() || it.is_ascii_alphabetic();
        let file: String = file.replace(&root, "").chars().filter(is_kept).collect();
        // Names at random, of a journal and of a temporary file.
        let words = file.split(|it: char| !it.is_alphanumeric() && it != '_');
        let words = match rest.contains("/zerostack-") {
            // The folders of the view, one as the other.
            true => "view".to_owned(),
            false => words.filter(|word| known(word)).collect::<Vec<_>>().join(" "),
        };
        calls.push(Called {
            name: name.to_owned(),
            number: *number,
            sort: format!("{name} {words}"),
            is_of_disk,
        });
    }
    calls
}

/// Words of paths that are the same in each run.
fn known(word: &str) -> bool {
    [
        "state",
        "runs",
        "run",
        "sessions",
        "commits",
        "journal",
        "new",
        "lock",
        "about",
        "events",
        "tape",
        "contents",
        "files",
        "patch",
        "written",
        "project",
        "kept",
        "old",
        "deep",
        "tmp",
        "zerostack",
        "home",
        "AT_REMOVEDIR",
        "RENAME_EXCHANGE",
        "RENAME_NOREPLACE",
    ]
    .contains(&word)
}

/// The first of each sort that is about files of the disk; the rest only goes to pipes and terminals.
/// strace stops a run at each call of any kind, so that all of them take minutes: without
/// `ZEROSTACK_WALK=all` it is one of `every`.
fn chosen(calls: &[Called], every: usize) -> Vec<&Called> {
    let mut sorts = BTreeSet::new();
    let is_whole = std::env::var("ZEROSTACK_WALK").is_ok_and(|walk| walk == "all");
    let all = calls.iter().filter(|call| call.is_of_disk && sorts.insert(&call.sort));
    all.step_by(if is_whole { 1 } else { every }).collect()
}

/// A run without a fault: its calls, and the folder after it.
fn traced(provider: &Scripted) -> (Vec<Called>, Tree) {
    let place = project();
    let done = run(&place, provider, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let found = (calls(&place), tree(&place.project()));
    assert!(found.1.contains_key(std::path::Path::new("new/deep/c")), "nothing was written");
    found
}

/// What the next command finds is whole: the folder, the records, and nothing that is half made.
#[track_caller]
fn check(place: &Place, done: &Done, before: &Tree, after: &Tree, at: &str) {
    let log = place.zerostack(&["log", "--json"]).writes().leaves().run();
    let log_of = log.success();
    let now = tree(&place.project());
    match done.code {
        0 => assert!(now == *after, "not written, {at}"),
        137 => assert!(now == *before || now == *after, "between, {at}"),
        // Something else could not be written, and that is said.
        _ if done.stderr.contains("the files are written, as run 1") => {
            assert!(now == *after, "not written, {at}");
        }
        _ => assert!(now == *before, "changed, {at}"),
    }
    let runs: Vec<Value> = log_of.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    for run in &runs {
        let id = run["run"].to_string();
        for part in [&["show", &id][..], &["show", &id, "--patch"]] {
            place.zerostack(part).writes().leaves().run().success();
        }
    }
    let state = place.folder("home/.local/state/zerostack");
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(state.join(folder)).into_iter().flatten().flatten();
        entries.map(|it| it.file_name().into_string().unwrap()).collect()
    };
    // A draft in which there is nothing yet is removed when it is old.
    let is_left = |name: &String| {
        name.starts_with('.') && fs::read_dir(state.join("runs").join(name)).unwrap().count() > 0
    };
    assert!(!names("runs").iter().any(is_left), "{:?}, {at}", names("runs"));
    assert!(names("commits").iter().all(|name| name == "lock"), "{:?}, {at}", names("commits"));
    if now == *after {
        place.zerostack(&["undo"]).writes().leaves().run().success();
        assert!(tree(&place.project()) == *before, "not taken back, {at}");
    }
}

#[test]
fn a_run_that_is_killed_at_any_call_that_writes_leaves_all_or_nothing() {
    if !has_strace() {
        return;
    }
    let provider = provider();
    let (calls, after) = traced(&provider);
    let (mut count, chosen) = (0, chosen(&calls, 3));
    for (index, call) in chosen.iter().enumerate() {
        let Called { name, number, sort, .. } = call;
        let place = project();
        let before = tree(&place.project());
        let inject = [format!("--inject={name}:signal=KILL:when={number}")];
        let done = run(&place, &provider, &inject);
        let at = format!("{name} {number} ({sort}) code {}:\n{}", done.code, done.stderr);
        check(&place, &done, &before, &after, &at);
        if index % 8 == 0 {
            // The next run removes what the view left; that nothing is left is checked with each run.
            place.zerostack(&["ask", "hi"]).model(&provider).run().success();
        }
        count += usize::from(done.code == 137);
    }
    eprintln!("{count} kills of {} chosen in {} calls", chosen.len(), calls.len());
    assert!(count > 15, "{count}");
}

#[test]
fn a_run_that_is_refused_a_call_that_writes_leaves_all_or_nothing_and_says_so() {
    if !has_strace() {
        return;
    }
    let provider = provider();
    let (calls, after) = traced(&provider);
    let (mut count, chosen) = (0, chosen(&calls, 4));
    for (index, call) in chosen.iter().enumerate() {
        let Called { name, number, sort, .. } = call;
        // An empty folder that may not be removed stays, and the commit is complete.
        let is_folder = sort.contains("AT_REMOVEDIR");
        let error = if index % 2 == 0 || is_folder { "ENOSPC" } else { "EACCES" };
        let place = project();
        let before = tree(&place.project());
        let inject = [format!("--inject={name}:error={error}:when={number}")];
        let sent = provider.requests().len();
        let done = run(&place, &provider, &inject);
        let at = format!("{name} {number} {error} ({sort}) {done:?}");
        assert_ne!(done.code, 137, "{at}");
        check(&place, &done, &before, &after, &at);
        // The last event is the result, with the same code; what the model made is not lost.
        let result = done.events().pop().unwrap_or_default();
        assert_eq!(result["type"], "result", "{at}");
        assert_eq!(result["exit_code"], done.code, "{at}");
        let is_answered = provider.requests().len() == sent + 2;
        let trace = fs::read_to_string(place.folder("trace")).unwrap();
        let injected = trace.lines().find(|line| line.contains("(INJECTED)"));
        // Another run may write less often before, so that another call is refused.
        let is_pipe = injected.is_none_or(|line| line.contains("<pipe:"));
        if done.code != 0 && is_answered && !is_pipe {
            let told = result["error"]["message"].as_str().unwrap_or_default();
            // Without room to compare in there is no patch; the record has what the model did.
            let is_there =
                ["is kept in", "the files are written"].iter().any(|it| told.contains(it));
            let is_there = is_there || told.starts_with("cannot compare ");
            assert!(is_there, "lost, {at}");
        }
        count += 1;
    }
    eprintln!("{count} refusals");
    assert!(count > 15, "{count}");
}
