//! Each run leaves a record, from which it is shown, compared, run again and played again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{KEY, Place, until};

use super::place;

/// A run with reasoning, calls, a reply that breaks off, and a check that fails once.
fn script() -> Script {
    Script::new()
        .reply(Reply::new().reasoning("hm").text("half ☂").cut(333).header("retry-after-ms", "1"))
        .reply(
            Reply::new()
                .text("Zwei:")
                .call("write", json!({"path": "a", "content": "one\n"}))
                .call("read", json!({"path": "no such file"}))
                .random_pieces(7),
        )
        .text("done")
        .call("write", json!({"path": "a", "content": "two\n"}))
        .text("done again")
}

fn runs(place: &Place) -> std::path::PathBuf {
    place.folder("home").join(".local/state/zerostack/runs")
}

fn offline<'p>(place: &'p Place, arguments: &[&str]) -> zerostack_tests::command::Invocation<'p> {
    place.zerostack(arguments).without("ZEROSTACK_API_KEY")
}

#[test]
fn a_replay_is_the_run_byte_for_byte() {
    for anthropic in [false, true] {
        for write in [false, true] {
            let place = place();
            let provider = Scripted::start(script()).unwrap();
            let mut arguments = vec!["make it two", "--events", "json", "--check", "grep two a"];
            arguments.extend(write.then_some("--write"));
            let run = place.zerostack(&arguments).writes();
            let live =
                if anthropic { run.anthropic(&provider) } else { run.model(&provider) }.run();
            live.success();
            let done = offline(&place, &["replay", "1"]).run();
            done.success();
            assert_eq!(done.text(), live.text());
            assert_eq!(offline(&place, &["show", "--events"]).run().stdout, live.stdout);
            let requests = offline(&place, &["replay", "1", "--requests"]).run();
            let sent = provider.requests().into_iter();
            let sent: Vec<u8> = sent.flat_map(|it| [&it.body, &b"\n"[..]].concat()).collect();
            assert!(requests.stdout == sent, "the requests differ");
        }
    }
}

#[test]
fn a_record_that_was_changed_is_not_played() {
    let place = place();
    let provider = Scripted::start(script()).unwrap();
    place.zerostack(&["make it two", "--check", "grep two a"]).model(&provider).run().success();
    let events = runs(&place).join("1/events");
    let text = fs::read_to_string(&events).unwrap();
    fs::write(&events, text.replace("\"text\":\"done\"", "\"text\":\"gone\"")).unwrap();
    let said = offline(&place, &["replay", "1"]).run();
    assert!(said.failure(42).contains("is not the one that its tape gives"), "{}", said.stderr);
    let tape = runs(&place).join("1/tape.1");
    let text = fs::read_to_string(&tape).unwrap();
    fs::write(&tape, text.replace("done", "gone")).unwrap();
    let said = offline(&place, &["replay", "1"]).run();
    assert!(said.failure(42).contains("changed after it was recorded"), "{}", said.stderr);
}

#[test]
fn a_run_is_shown_in_all_its_parts() {
    let place = place();
    let provider = Scripted::start(script()).unwrap();
    let arguments = ["make it two", "--check", "grep two a"];
    let patch = place.zerostack(&arguments).model(&provider).input("more").run().success();
    let log = place.zerostack(&["log"]).run().success();
    assert!(log.contains(" ok ") && log.contains("make it two"), "{log}");
    assert_eq!(place.zerostack(&["show", "--patch"]).run().success(), patch);
    let transcript = place.zerostack(&["show", "1", "--transcript"]).run().success();
    let lines: Vec<Value> =
        transcript.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let roles = |role: &str| lines.iter().filter(|line| line["role"] == role).count();
    assert_eq!((roles("user"), roles("tool")), (2, 3), "{transcript}");
    let cache = place.zerostack(&["show", "--cache"]).run().success();
    // The second request is the first again.
    assert_eq!(cache.matches(" yes ").count(), 4, "{cache}");
    let about: Value =
        serde_json::from_str(&place.zerostack(&["show", "--json"]).run().success()).unwrap();
    assert_eq!(about["arguments"], json!(["make it two", "--check", "grep two a"]));
    for name in ["", "about.json", "events", "tape.1", "patch", "input"] {
        let mode = fs::metadata(runs(&place).join("1").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    // It was not written, so it cannot be taken back.
    let said = place.zerostack(&["undo", "1"]).run();
    assert!(said.failure(42).contains("was not written"), "{}", said.stderr);
    place.zerostack(&["undo"]).run().failure(42);
}

#[test]
fn a_run_is_run_again_with_other_options_and_compared() {
    let place = place();
    let script = |content: &str| {
        Script::new().call("write", json!({"path": "a", "content": content})).text(content)
    };
    let provider = Scripted::start(script("one\n")).unwrap();
    let first = place.zerostack(&["make it", "--", "--so"]).model(&provider).input("given").run();
    first.success();
    let provider = Scripted::start(script("two\n")).unwrap();
    let again = place.zerostack(&["retry", "1", "-m", "other"]).model(&provider).run();
    assert!(again.success().contains("+two"));
    let request = provider.requests().remove(0).json();
    assert_eq!(request["model"], "other");
    let body = request["messages"].to_string();
    assert!(body.contains("make it --so") && body.contains("given"), "{body}");
    let diff = place.zerostack(&["diff", "1", "2"]).run().success();
    for line in ["-model: scripted\n", "+model: other\n", "-+one\n", "++two\n"] {
        assert!(diff.contains(line), "{line}: {diff}");
    }
    assert_eq!(place.zerostack(&["diff", "1", "1"]).run().success(), "");
    let failed = Scripted::start(Script::new().reply(Reply::status(401))).unwrap();
    place.zerostack(&["retry"]).model(&failed).run().failure(41);
    let log = place.zerostack(&["log"]).run().success();
    assert!(log.lines().next().unwrap().contains("failed 41"), "{log}");
    for arguments in
        [&["retry", "99"][..], &["diff", "1", "99"], &["replay", "99"], &["show", "99"]]
    {
        place.zerostack(arguments).run().failure(42);
    }
    place.zerostack(&["diff", "1"]).run().failure(2);
}

#[test]
fn a_run_that_was_killed_before_it_began_leaves_nothing() {
    let place = place();
    // No process has this number, and that of this test lives.
    let [dead, alive] = [999_999_999, std::process::id()].map(|process| {
        let draft = runs(&place).join(format!(".run-{process}-0"));
        fs::create_dir_all(&draft).unwrap();
        fs::write(draft.join("events"), "").unwrap();
        draft
    });
    assert_eq!(place.zerostack(&["log"]).writes().run().success(), "");
    assert!(!dead.exists());
    assert!(alive.exists(), "a draft that is being made was removed");
}

#[test]
fn a_killed_run_leaves_all_but_its_last_line() {
    let place = place();
    let script = Script::new()
        .reply(Reply::new().text("first").call("list", json!({})))
        .reply(Reply::new().text("second").call("bash", json!({"command": "sleep 1000"})));
    let provider = Scripted::start(script).unwrap();
    let run = place.zerostack(&["go"]).model(&provider).start();
    until("the second reply", || {
        let under_way = fs::read_dir(runs(&place)).into_iter().flatten().flatten();
        under_way.into_iter().any(|it| {
            let events = fs::read_to_string(it.path().join("events")).unwrap_or_default();
            events.contains("sleep 1000")
        })
    });
    // While it lives it is no record.
    assert!(!runs(&place).join("1").exists());
    run.kill();
    // What the view left is removed by the next run.
    let next = Scripted::start(Script::new().text("hello")).unwrap();
    place.zerostack(&["ask", "how"]).model(&next).run().success();
    let log = place.zerostack(&["log"]).run().success();
    assert!(log.contains("failed 1"), "{log}");
    let events = place.zerostack(&["replay", "1"]).run();
    events.success();
    let events = events.events();
    let is_call = |it: &Value| it["type"] == "tool_call" && it["name"] == "bash";
    assert!(events.iter().any(is_call), "{events:?}");
    let transcript = place.zerostack(&["show", "1", "--transcript"]).run().success();
    assert!(transcript.contains("second"), "{transcript}");
    // Any cut of its files is a record too.
    let files = ["events", "tape.1"].map(|name| runs(&place).join("1").join(name));
    let whole = files.clone().map(|path| fs::read(path).unwrap());
    for part in 1..12 {
        for (path, bytes) in files.iter().zip(&whole) {
            fs::write(path, &bytes[..bytes.len() * part / 12]).unwrap();
        }
        place.zerostack(&["show", "1", "--events"]).run().success();
        place.zerostack(&["show", "1", "--transcript"]).run().success();
    }
}

#[test]
fn a_run_that_is_stopped_has_a_record_of_it() {
    let place = place();
    let script = Script::new().call("bash", json!({"command": "sleep 1000"}));
    let provider = Scripted::start(script).unwrap();
    let run = place.zerostack(&["go", "--events", "json"]).model(&provider).start();
    until("the tool", || run.has_process("sleep\x001000"));
    run.signal(Signal::TERM);
    let done = run.end();
    assert_eq!(done.code, 143);
    let about: Value =
        serde_json::from_str(&place.zerostack(&["show", "--json"]).run().success()).unwrap();
    assert_eq!(about["exit_code"], 143);
    assert_eq!(place.zerostack(&["replay", "1"]).run().success(), done.text());
}

#[test]
fn no_key_is_in_a_record() {
    let place = place();
    place.write("project/.env", format!("KEY={KEY}\n"));
    let (head, tail) = KEY.split_at(11);
    for script in [
        Script::new().call("bash", json!({"command": "cat .env"})).text("it is there"),
        Script::new().reply(Reply::new().text(head).text(tail)),
    ] {
        let provider = Scripted::start(script).unwrap();
        let out = fs::File::create(place.folder("out")).unwrap();
        let run = place.zerostack(&["ask", &format!("what is {KEY}?")]).model(&provider);
        run.input(KEY).stdout(out).run();
        let runs = runs(&place);
        let last = fs::read_dir(&runs).unwrap().count();
        for file in fs::read_dir(runs.join(last.to_string())).unwrap() {
            let path = file.unwrap().path();
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(KEY) && !text.contains(tail), "{}: {text}", path.display());
        }
        let about = place.zerostack(&["show", "--json"]).run().success();
        assert!(about.contains("not_kept") && about.contains("what is (key)?"), "{about}");
        place.zerostack(&["replay", &last.to_string()]).run().failure(42);
    }
}

#[test]
fn a_state_folder_that_cannot_be_used_is_no_error_of_a_run() {
    let place = place();
    place.write("home/.local/state/zerostack/runs", "a file");
    let script = Script::new().call("write", json!({"path": "a", "content": "x"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    assert!(done.success().contains("+x"));
    assert!(done.stderr.contains("no record of this run is kept"), "{}", done.stderr);
}

/// What a transcript may say to the reader of a page.
const HOSTILE: &str = "</pre></details><script>document.title='owned'</script>\
                       <img src=http://127.0.0.1:9/x onerror=alert(1)>\u{1b}[2J\u{202e}'\"&<!--";

#[test]
fn a_page_of_a_hostile_run_is_text_alone() {
    let place = place();
    let script = Script::new()
        .reply(Reply::new().reasoning(HOSTILE).text(HOSTILE).call(
            "bash",
            json!({"command": format!("cat <<'E' >'a&<b>'\n{HOSTILE}\nE\ncat 'a&<b>'")}),
        ))
        .text(HOSTILE);
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&[&format!("do {HOSTILE}")]).model(&provider).run().success();
    let page = place.folder("page.html");
    let done = place.zerostack(&["show", "1", "--html", page.to_str().unwrap()]).run();
    assert_eq!(done.success(), "");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("default-src 'none'") && html.contains("&lt;script&gt;"), "{html}");
    let known =
        ["!DOCTYPE", "html", "head", "meta", "style", "title", "body", "h1", "h2", "table", "tr"];
    let known = known.iter().chain(&["th", "td", "details", "summary", "pre", "p", "span"]);
    let known: Vec<&str> = known.copied().collect();
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        assert!(known.contains(&name), "<{tag}");
        let attributes = tag.split('>').next().unwrap();
        assert!(!attributes.contains("src") || name == "meta", "<{tag}");
        assert!(!attributes.contains(" on"), "<{tag}");
    }
    assert!(!html.contains(['\u{1b}', '\u{202e}']), "control characters");
    place.zerostack(&["show", "--html", "/no/such/page"]).run().failure(42);
}
