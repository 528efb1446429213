//! Results that a command of the user must pass, several attempts at them, and one budget for all.

use std::time::Instant;

use serde_json::{Value, json};
use zerostack::scripted::{Reply, Script, Scripted};

use super::{broken_project, place};

const RIGHT: &str = "#!/bin/sh\necho $(($1 + $2))\n";
const WRONG: &str = "#!/bin/sh\necho $(($1 * $2))\n";

fn writes(content: &str) -> Reply {
    Reply::new().call("write", json!({"path": "add.sh", "content": content}))
}

fn says(text: &str) -> Reply {
    Reply::new().text(text)
}

/// The file that an error names as the place of a patch.
fn kept(complaint: &str) -> String {
    let path = complaint.split(" is kept in ").nth(1).unwrap_or_else(|| panic!("{complaint}"));
    std::fs::read_to_string(path.trim()).unwrap()
}

/// What the user said in a request, the last of it.
fn last_of_user(body: &Value) -> String {
    let messages = body["messages"].as_array().unwrap();
    let user = messages.iter().rfind(|message| message["role"] == "user").unwrap();
    user["content"].as_str().unwrap().to_owned()
}

#[test]
fn the_output_of_a_failed_check_goes_back_to_the_model() {
    let place = broken_project();
    let script = Script::new().reply(writes(WRONG)).text("done");
    let provider = Scripted::start(script.reply(writes(RIGHT)).text("now")).unwrap();
    let run = place.zerostack(&["fix it", "--check", "sh test.sh"]).model(&provider);
    let done = run.run();
    let patch = done.success();
    assert!(patch.contains("+echo $(($1 + $2))") && !patch.contains('*'), "{patch}");
    let told = last_of_user(&provider.requests()[2].json());
    assert!(
        told.contains("The check `sh test.sh` failed: it ended with exit code 1")
            && told.contains("FAILED: 2 and 3 are 6"),
        "{told}"
    );
    let lines = ["the check failed in ", "the check passed in ", "now"];
    assert!(lines.iter().all(|line| done.stderr.contains(line)), "{}", done.stderr);
}

#[test]
fn a_patch_that_does_not_pass_is_no_result_and_is_kept() {
    let place = broken_project();
    let script = Script::new().reply(writes(WRONG)).reply(says("done").repeat());
    let provider = Scripted::start(script).unwrap();
    let run = place.zerostack(&["fix it", "--check", "sh test.sh"]).model(&provider);
    let done = run.run();
    let complaint = done.failure(62);
    assert!(complaint.contains("FAILED: 2 and 3 are 6; the best patch is kept in "), "{complaint}");
    assert!(kept(complaint).contains("+echo $(($1 * $2))"));
    assert_eq!(done.stdout, b"");
    // The call, its end, and three times the output.
    assert_eq!(provider.requests().len(), 5);
}

#[test]
fn a_check_that_hangs_forks_or_floods_fails() {
    for (check, how) in [
        ("echo begun; sleep 1000", "did not end within 1 s; it printed: begun"),
        ("sleep 1000 & sleep 1000 & wait", "did not end within 1 s"),
        ("read line </dev/tty", "does not pass"),
        // What it starts ends with it, and what the kernel ends for its memory has failed.
        ("(setsid sleep 1000 & setsid sleep 1000 &) >&- 2>&-; exit 3", "exit code 3"),
        ("sh -c 'kill -9 $$' || exit $?", "exit code 137"),
        ("[ -t 0 ] || [ -t 1 ] || stty size", "does not pass"),
        ("yes", "it printed more than 67108864 bytes"),
        ("exit 7", "it ended with exit code 7"),
        ("no-such-program", "exit code 127; it printed: sh: "),
    ] {
        let place = broken_project();
        let script = Script::new().reply(writes(RIGHT)).reply(says("done").repeat());
        let provider = Scripted::start(script).unwrap();
        let limit = if check == "yes" { "60" } else { "1" };
        let arguments = ["fix it", "--check-limit", limit, "--check", check];
        let begun = Instant::now();
        let done = place.zerostack(&arguments).model(&provider).run();
        let complaint = done.failure(62);
        assert!(complaint.contains(how), "{check}: {complaint}");
        assert!(!place.has_process("sleep\u{0}1000"), "{check}");
        assert!(begun.elapsed().as_secs() < 60, "{check}");
    }
}

// `cargo nextest run -p zerostack-tests only_forks --run-ignored all`. Not in the test command: root has no
// limit on processes before Linux 6.14, and then it takes the whole machine for a minute.
#[test]
#[ignore = "forks up to the limit on processes and keeps every processor busy"]
fn a_check_that_only_forks_ends_at_its_limit() {
    let place = broken_project();
    let script = Script::new().reply(writes(RIGHT)).reply(says("done").repeat());
    let provider = Scripted::start(script).unwrap();
    let bomb =
        "end=$(($(date +%s) + 60)); b() { while [ $(date +%s) -lt $end ]; do b & b & done; }; b";
    let arguments = ["fix it", "--check-limit", "2", "--check", bomb];
    let begun = Instant::now();
    let done = place.zerostack(&arguments).model(&provider).run();
    let complaint = done.failure(62);
    assert!(complaint.contains("did not end within 2 s"), "{complaint}");
    // The check ran twice.
    assert!(begun.elapsed().as_secs() < 40, "{:?}", begun.elapsed());
}

#[test]
fn another_attempt_begins_anew() {
    let place = broken_project();
    place.write("project/.zerostack/prompts/careful.md", "Take care.");
    place.write("project/.zerostack/prompts/bold.md", "Be bold.");
    let failing = (0..4).fold(Script::new().reply(writes(WRONG)), |script, _| script.text("no"));
    let provider = Scripted::start(failing.reply(writes(RIGHT)).text("yes")).unwrap();
    let arguments = [
        "fix it",
        "--check",
        "sh test.sh",
        "--attempts",
        "2",
        "--strategy",
        "careful",
        "--strategy",
        "bold",
    ];
    let done = place.zerostack(&arguments).model(&provider).run();
    let patch = done.success();
    // Nothing of the first one is in the second one's files or words.
    assert!(patch.contains("+echo $(($1 + $2))") && !patch.contains('*'), "{patch}");
    assert!(done.stderr.contains("attempt 1 of 2: the check sh test.sh"), "{}", done.stderr);
    let requests = provider.requests();
    assert_eq!(requests.len(), 7);
    assert!(requests[0].contains("Take care.") && !requests[0].contains("Be bold."));
    assert!(requests[5].contains("Be bold.") && !requests[5].contains("check-output"));
}

#[test]
fn the_smallest_patch_that_passes_is_the_result_of_attempts_at_the_same_time() {
    let place = broken_project();
    for name in ["wrong", "long", "short"] {
        place.write(&format!("project/.zerostack/prompts/{name}.md"), format!("As {name}."));
    }
    let long = format!("{RIGHT}# It adds.\n# It adds.\n");
    let all = [("wrong", WRONG), ("long", &long), ("short", RIGHT)];
    let script = all.iter().fold(Script::new(), |script, (name, content)| {
        let told = format!("As {name}.");
        script.reply(writes(content).when(&told).unless("\"tool\"").repeat())
    });
    let provider = Scripted::start(script.reply(says("done").repeat())).unwrap();
    let strategies = ["--strategy", "wrong", "--strategy", "long", "--strategy", "short"];
    let arguments = [&["fix it", "--check", "sh test.sh", "--best-of", "3"][..], &strategies];
    let run = place.zerostack(&arguments.concat()).model(&provider);
    let done = run.run();
    let patch = done.success();
    assert!(patch.contains("+echo $(($1 + $2))") && !patch.contains("It adds"), "{patch}");
    for attempt in ["attempt 1 of 3: the check", "attempt 2 of 3: a patch of", "attempt 3 of 3:"] {
        assert!(done.stderr.contains(attempt), "{}", done.stderr);
    }
    // Written and taped: only the best is written, and each attempt has its tape.
    let script = all.iter().fold(Script::new(), |script, (name, content)| {
        let told = format!("As {name}.");
        script.reply(writes(content).when(&told).unless("\"tool\"").repeat())
    });
    let provider = Scripted::start(script.reply(says("done").repeat())).unwrap();
    let tape = place.folder("home").join("tape");
    let tapes = ["--write", "--record", tape.to_str().unwrap()];
    let arguments = [
        &["fix it", "--check", "touch left; sh test.sh", "--best-of", "3"][..],
        &strategies,
        &tapes,
    ];
    let run = place.zerostack(&arguments.concat()).model(&provider).writes();
    run.run().success();
    let file = |name: &str| std::fs::read_to_string(place.project().join(name));
    assert!(file("add.sh").unwrap().contains("+ $2"), "{:?}", file("add.sh"));
    assert!(!file("add.sh").unwrap().contains("It adds"));
    assert!(file("left").is_err(), "what the check leaves is not written");
    for number in 1..=3 {
        let tape = format!("{}.{number}", tape.display());
        let told = match number {
            1 => "wrong",
            2 => "long",
            _ => "short",
        };
        let requests = place.zerostack(&["replay", &tape, "--requests"]).run().success();
        assert!(requests.contains(&format!("As {told}.")), "{number}");
    }
    place.zerostack(&["undo"]).writes().run().success();
    assert!(file("add.sh").unwrap().contains("- $2"));
    // None passes: the best patch is kept.
    let script = Script::new().reply(writes(WRONG).unless("\"tool\"").repeat());
    let provider = Scripted::start(script.reply(says("done").repeat())).unwrap();
    let arguments = ["fix it", "--check", "sh test.sh", "--best-of", "2"];
    let done = place.zerostack(&arguments).model(&provider).run();
    assert!(kept(done.failure(62)).contains("+echo $(($1 * $2))"));
}

#[test]
fn a_budget_is_one_over_turns_and_attempts_and_what_was_done_is_kept() {
    for (option, amount, requests) in [
        ("--max-rounds", "4", 4),
        // Each reply takes 110.
        ("--max-total-tokens", "340", 4),
    ] {
        let place = broken_project();
        let script = Script::new().reply(writes(WRONG).usage(100, 10, 0));
        let script = script.reply(says("done").usage(100, 10, 0).repeat());
        let provider = Scripted::start(script).unwrap();
        let arguments = ["fix it", "--check", "sh test.sh", "--attempts", "9", option, amount];
        let done = place.zerostack(&arguments).model(&provider).run();
        let complaint = done.failure(53);
        assert!(complaint.contains(&format!("raise {option}")), "{complaint}");
        assert!(kept(complaint).contains("+echo $(($1 * $2))"));
        assert_eq!(provider.requests().len(), requests, "{option}");
    }
    // In the middle of a turn, too.
    let place = broken_project();
    let script = Script::new().reply(writes(RIGHT)).reply(writes(WRONG).repeat());
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["fix it", "--max-rounds", "2"]).model(&provider).run();
    let complaint = done.failure(53);
    assert!(complaint.contains("the patch so far is kept in "), "{complaint}");
    assert!(kept(complaint).contains("+echo $(($1 * $2))"));
}

#[test]
fn checks_go_with_patches_only() {
    let place = place();
    for (arguments, part) in [
        (
            &["ask", "why", "--check", "true"][..],
            "--check tests a patch, and the prompt ask returns none",
        ),
        (&["do it", "--best-of", "2"], "--check is missing"),
        (&["do it", "--best-of", "2", "--attempts", "2"], "cannot be combined"),
        (&["do it", "--strategy", "fxi"], "unknown prompt \"fxi\"; did you mean fix?"),
    ] {
        let complaint = place.zerostack(arguments).run().failure(2).to_owned();
        assert!(complaint.contains(part), "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_dry_run_prints_the_first_request_and_sends_nothing() {
    for dialect in ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] {
        let place = broken_project();
        let provider = Scripted::start(Script::new().reply(says("so").repeat())).unwrap();
        let base_url = provider.base_url();
        let base_url = match dialect {
            "ollama" | "anthropic" => base_url.trim_end_matches("/v1").to_owned(),
            "gemini" => base_url.replace("/v1", "/v1beta"),
            _ => base_url,
        };
        let arguments =
            ["explain", "it", "--api", dialect, "--base-url", &base_url, "--model", "m"];
        let dry = place.zerostack(&[&arguments[..], &["--dry-run"]].concat()).run();
        let printed = dry.success();
        assert!(provider.requests().is_empty());
        let done = place.zerostack(&[&arguments[..], &["--prove-prefix"]].concat()).run();
        assert_eq!(done.success(), "so\n", "{dialect}");
        let sent = provider.requests();
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), sent[0].json(), "{dialect}");
        assert!(sent[0].contains(&printed), "{dialect}");
    }
    let place = place();
    let provider = Scripted::start(Script::new()).unwrap();
    let done =
        place.zerostack(&["do it", "--dry-run"]).env("ZEROSTACK_BASE_URL", &provider.base_url());
    assert!(done.run().failure(52).contains("give --model NAME"));
    assert!(provider.requests().is_empty());
}

#[test]
fn requests_that_only_grow_are_proved_in_each_dialect() {
    for dialect in ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] {
        let place = broken_project();
        let script = Script::new().reply(writes(WRONG)).text("done").reply(writes(RIGHT));
        let provider = Scripted::start(script.text("now")).unwrap();
        let base_url = provider.base_url();
        let base_url = match dialect {
            "ollama" | "anthropic" => base_url.trim_end_matches("/v1").to_owned(),
            "gemini" => base_url.replace("/v1", "/v1beta"),
            _ => base_url,
        };
        let arguments = [
            "fix it",
            "--api",
            dialect,
            "--base-url",
            &base_url,
            "--model",
            "m",
            "--check",
            "sh test.sh",
            "--prove-prefix",
        ];
        let done = place.zerostack(&arguments).run();
        assert!(done.success().contains("+echo"), "{dialect}");
        let note = "3 requests began with the bytes of the previous one";
        assert!(done.stderr.contains(note), "{dialect}: {}", done.stderr);
    }
}
