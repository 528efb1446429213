//! Sessions: a run continues an earlier one, and the provider's cache hits.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, until};

use super::place;

fn provider(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

/// The folders of the sessions of the only project.
fn sessions(place: &Place) -> PathBuf {
    let all = place.folder("home").join(".local/state/zerostack/sessions");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders.remove(0)
}

fn bodies(provider: &Scripted) -> Vec<Vec<u8>> {
    provider.requests().iter().map(|request| request.body.clone()).collect()
}

#[test]
fn the_next_run_begins_with_the_bytes_of_the_last_one() {
    let place = place();
    place.write("project/a.txt", "one\n");
    let script = Script::new()
        .call("read", json!({"path": "a.txt"}))
        .text("It is one.")
        .call("read", json!({"path": "a.txt"}))
        .text("It is still one.")
        .text("Yes.");
    let provider = provider(script);
    for (index, arguments) in
        [&["ask", "what is in a.txt?"][..], &["-c", "and now?"], &["-c", "--", "sure?"]]
            .into_iter()
            .enumerate()
    {
        let done = place.zerostack(arguments).anthropic(&provider).run();
        assert_eq!(done.code, 0, "{index}: {done:?}");
    }
    let bodies = bodies(&provider);
    assert_eq!(bodies.len(), 5);
    provider.assert_grows();
    let last = String::from_utf8(bodies[4].clone()).unwrap();
    for said in ["what is in a.txt?", "It is one.", "and now?", "It is still one.", "sure?"] {
        assert!(last.contains(said), "{said}: {last}");
    }
}

#[test]
fn a_dry_run_prints_the_next_request_and_changes_nothing() {
    let place = place();
    let provider = provider(Script::new().text("An answer."));
    place.zerostack(&["--session", "s", "ask", "what?"]).model(&provider).run().success();
    let files = |place: &Place| {
        let folder = sessions(place).join("s");
        (fs::read(folder.join("journal")).unwrap(), fs::read(folder.join("about.json")).unwrap())
    };
    let before = files(&place);
    for _ in 0..2 {
        let dry = place.zerostack(&["--session", "s", "--dry-run", "explain", "it"]);
        let body = dry.model(&provider).run().success();
        assert!(body.contains("what?") && body.contains("An answer."), "{body}");
        assert_eq!(files(&place), before);
    }
    place.zerostack(&["--session", "new", "--dry-run", "ask", "x"]).model(&provider).run();
    assert!(!sessions(&place).join("new").exists());
}

#[test]
fn a_patch_that_may_not_be_applied_is_reported() {
    let place = place();
    let script = Script::new()
        .call("write", json!({"path": "a.txt", "content": "one\n"}))
        .text("written")
        .call("write", json!({"path": "a.txt", "content": "two\n"}))
        .text("written again");
    let provider = provider(script);
    place.zerostack(&["--session", "work", "write a.txt"]).model(&provider).run().success();
    let done = place.zerostack(&["--session", "work", "write it again"]).model(&provider).run();
    done.success();
    let bodies = bodies(&provider);
    let third = String::from_utf8(bodies[2].clone()).unwrap();
    assert!(third.contains("handed over as a patch"), "{third}");
    // Another view: the first run's file is not there.
    assert!(String::from_utf8_lossy(&done.stdout).contains("new file mode"), "{done:?}");
}

#[test]
fn another_prompt_is_appended_at_the_end() {
    let place = place();
    let script = Script::new().text("An answer.").text("done");
    let provider = provider(script);
    place.zerostack(&["--session", "s", "ask", "what?"]).anthropic(&provider).run().success();
    let done = place.zerostack(&["--session", "s", "explain", "it"]).anthropic(&provider).run();
    done.success();
    let bodies = bodies(&provider);
    provider.assert_grows();
    let last = String::from_utf8(bodies[1].clone()).unwrap();
    assert!(last.contains("From here on these instructions hold"), "{last}");
}

/// Where a journal may end without a frame that is cut off.
fn ends_of_frames(journal: &[u8]) -> Vec<usize> {
    let mut ends = vec![0, 4];
    while let Some(length) = journal.get(ends[ends.len() - 1] + 4..).and_then(|it| it.get(..4)) {
        let length = u32::from_le_bytes(length.try_into().unwrap());
        ends.push(ends[ends.len() - 1] + 12 + usize::try_from(length).unwrap());
    }
    ends
}

#[test]
fn a_session_cut_off_at_any_byte_continues() {
    let place = place();
    let provider_one = provider(Script::new().text("An answer."));
    let run = place.zerostack(&["--session", "s", "ask", "what?"]);
    run.model(&provider_one).run().success();
    let journal = sessions(&place).join("s/journal");
    let whole = fs::read(&journal).unwrap();
    // Each byte is tried beside the code; here the whole command, at some of them.
    for length in (0..=whole.len()).step_by(whole.len() / 12 + 1).chain(ends_of_frames(&whole)) {
        fs::write(&journal, &whole[..length]).unwrap();
        let provider = provider(Script::new().text("Another."));
        let run = place.zerostack(&["--session", "s", "ask", "again"]).model(&provider);
        let done = run.run();
        assert_eq!(done.code, 0, "{length} bytes: {done:?}");
        let is_whole = ends_of_frames(&whole).contains(&length);
        assert_eq!(!done.stderr.contains("were cut off"), is_whole, "{length} bytes: {done:?}");
    }
}

#[test]
fn a_killed_run_resumes() {
    let place = place();
    let script = Script::new()
        .call("bash", json!({"command": "touch made; sleep 60"}))
        .reply(Reply::new().when("aborted").text("It was not made."));
    let provider = provider(script);
    let running = place.zerostack(&["ask", "make it"]).model(&provider).start();
    until("the tool", || running.has_process("sleep\x0060"));
    running.kill();
    let done = place.zerostack(&["-c"]).model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let last = provider.requests().last().unwrap().json().to_string();
    assert!(last.contains("ended without a result") && last.contains("Go on."), "{last}");
}

#[test]
fn a_fork_leaves_the_session_as_it_is() {
    let place = place();
    let provider = provider(Script::new().text("one").text("two").text("three"));
    place.zerostack(&["--session", "s", "ask", "first"]).model(&provider).run().success();
    let journal = sessions(&place).join("s/journal");
    let before = fs::read(&journal).unwrap();
    let fork = place.zerostack(&["--session", "s", "--fork", "ask", "second"]);
    fork.model(&provider).run().success();
    assert_eq!(fs::read(&journal).unwrap(), before);
    let listed = place.zerostack(&["sessions", "--json"]).run();
    listed.success();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let lines: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines.iter().any(|line| line["forked_from"] == "s"), "{listed}");
    let last = provider.requests()[1].json().to_string();
    assert!(last.contains("first") && last.contains("second"), "{last}");
}

#[test]
fn sessions_are_private_listed_shown_and_removed() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    let provider = provider(Script::new().text("The answer is 7."));
    place.zerostack(&["--session", "s", "ask", "how many?"]).model(&provider).run().success();
    let folder = sessions(&place);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.join("s")), mode(folder.join("s/journal"))), (0o700, 0o600));
    assert_eq!(mode(folder.join("s/about.json")), 0o600);
    let list = place.zerostack(&["sessions"]).run();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.starts_with("s ") && list.contains("how many?"), "{list}");
    let show = place.zerostack(&["sessions", "show", "s"]).run();
    let show = String::from_utf8(show.stdout).unwrap();
    assert!(show.contains("[you]\nhow many?") && show.contains("The answer is 7."), "{show}");
    place.zerostack(&["sessions", "remove", "s"]).run().success();
    assert!(!folder.join("s").exists());
}

#[test]
fn a_run_that_cannot_be_resumed_is_refused() {
    let place = place();
    let provider = provider(Script::new().text("one"));
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let done = place.zerostack(arguments).model(&provider).run();
        let told = &done.stderr;
        assert!(done.code == code && told.contains(words), "{arguments:?}: {done:?}");
        assert!(done.stdout.is_empty());
    };
    refused(&["-c", "go on"], 42, "there is no session to continue");
    refused(&["--fork", "ask", "what?"], 2, "--fork: name the session to copy");
    refused(&["--session", "a/b", "ask", "what?"], 2, "the name of a session is made of");
    refused(&["--session", "7", "ask", "what?"], 42, "unknown session");
    place.zerostack(&["--session", "review", "ask", "what?"]).model(&provider).run().success();
    refused(&["-c", "--session", "reveiw", "go on"], 42, "did you mean review?");
    refused(&["sessions", "show", "reviw"], 42, "did you mean review?");
    refused(
        &["--session", "review", "--record", "t", "ask", "x"],
        2,
        "a tape begins with an empty",
    );
    refused(
        &["-c", "--check", "true", "--best-of", "2", "code", "x"],
        2,
        "--best-of and --session",
    );
    let about = sessions(&place).join("review/about.json");
    let text = fs::read_to_string(&about).unwrap();
    fs::write(&about, text.replace("\"version\":1", "\"version\":2")).unwrap();
    refused(&["--session", "review", "ask", "x"], 42, "a newer version of zerostack wrote it");
    fs::write(&about, "no json").unwrap();
    refused(&["--session", "review", "ask", "x"], 42, "the session review cannot be used");
    fs::write(&about, text).unwrap();
    let journal = sessions(&place).join("review/journal");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[20] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    refused(&["--session", "review", "ask", "x"], 42, "its journal is damaged at byte 4");
    assert_eq!(fs::read(&journal).unwrap(), bytes);
    assert_eq!(provider.requests().len(), 1);
}

#[test]
fn two_commands_at_once_do_not_share_a_session() {
    let place = place();
    let script = Script::new()
        .call("bash", json!({"command": "sleep 60"}))
        .reply(Reply::new().when("fork").text("a copy"));
    let provider = provider(script);
    // Its private files are not those of the other commands.
    place.write("elsewhere/file", "");
    let elsewhere = place.folder("elsewhere").display().to_string();
    let running = place.zerostack(&["--session", "s", "ask", "wait"]).env("TMPDIR", &elsewhere);
    let running = running.model(&provider).start();
    until("the tool", || running.has_process("sleep\x0060"));
    let done = place.zerostack(&["--session", "s", "ask", "me too"]).model(&provider).run();
    let told = &done.stderr;
    assert!(done.code == 63 && told.contains("in use by process"), "{done:?}");
    let done = place.zerostack(&["--session", "s", "--fork", "ask", "fork"]);
    let done = done.model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    running.kill();
}

#[test]
fn another_model_continues_and_that_is_reported() {
    let place = place();
    let one = provider(Script::new().text("one"));
    let two = provider(Script::new().text("two"));
    place.zerostack(&["ask", "first"]).model(&one).run().success();
    let done = place.zerostack(&["-c", "second"]).anthropic(&two).run();
    assert_eq!(done.code, 0, "{done:?}");
    let told = &done.stderr;
    assert!(told.contains("all of it is sent anew"), "{told}");
    assert!(two.requests()[0].json().to_string().contains("first"));
}
