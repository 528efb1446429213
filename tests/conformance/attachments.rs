//! Files beside an instruction, and those that `read` shows the model.

use std::fs;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const IN_BASE64: &str = "iVBORw0KGgo=";

fn with_picture() -> Place {
    let place = place();
    fs::write(place.project().join("cat.png"), PNG).unwrap();
    place
}

fn provider(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

#[test]
fn files_are_sent_beside_the_instruction_and_go_on_with_the_session() {
    let place = with_picture();
    let pdf = place.folder("letter");
    fs::write(&pdf, b"%PDF-1.7 and more").unwrap();
    let provider = provider(Script::new().text("A cat.").text("Still.").text("A copy."));
    let pdf_flag = format!("--attach={}", pdf.display());
    let first = ["ask", "--session", "s", "--attach", "cat.png", &pdf_flag, "what is this?"];
    place.zerostack(&first).anthropic(&provider).run().success();
    let request = &provider.requests()[0];
    request.assert_contains(IN_BASE64);
    request.assert_contains("application/pdf");
    // The session has copies: the originals may change or go.
    fs::write(place.project().join("cat.png"), b"another").unwrap();
    fs::remove_file(&pdf).unwrap();
    place.zerostack(&["--session", "s", "ask", "sure?"]).anthropic(&provider).run().success();
    place.zerostack(&["-c", "--fork", "ask", "and here?"]).anthropic(&provider).run().success();
    provider.assert_requests(3);
    provider.assert_grows();
    let shown = place.zerostack(&["sessions", "show", "s"]).run().success();
    assert!(shown.contains("[file]\ncat.png image/png, 8 bytes"), "{shown}");
}

#[test]
fn a_mentioned_picture_is_attached_in_a_run_and_in_a_chat() {
    let place = with_picture();
    fs::write(place.project().join("a.pdf"), b"%PDF-1.7").unwrap();
    let provider = provider(Script::new().text("A cat.").text("Both.").text("No more."));
    place.zerostack(&["ask", "what is @cat.png?"]).anthropic(&provider).run().success();
    provider.requests()[0].assert_contains(IN_BASE64);
    let lines = "and @a.pdf?\nthanks\n";
    let chat = place.zerostack(&["chat", "--attach", "cat.png"]).anthropic(&provider).input(lines);
    chat.run().success();
    let requests = provider.requests();
    let first = requests[1].json().to_string();
    assert!(first.contains(IN_BASE64) && first.contains("application/pdf"), "{first}");
    // The second turn adds none.
    let second = requests[2].json().to_string();
    assert_eq!(second.matches("\"base64\"").count(), 2, "{second}");
}

#[test]
fn a_session_whose_files_are_gone_informs_the_model_and_the_user() {
    let place = with_picture();
    let provider = provider(Script::new().text("A cat.").text("Gone."));
    let first = ["ask", "--session", "s", "--attach", "cat.png", "what is this?"];
    place.zerostack(&first).model(&provider).run().success();
    let sessions = place.folder("home").join(".local/state/zerostack/sessions");
    let project = fs::read_dir(sessions).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir_all(project.join("s/attachments")).unwrap();
    let done = place.zerostack(&["--session", "s", "ask", "sure?"]).model(&provider).run();
    done.success();
    assert!(done.stderr.contains("session s: cat.png cannot be found any more"), "{done:?}");
    provider.requests()[1].assert_contains("[image cat.png, image/png, 8 bytes: left out]");
}

#[test]
fn what_cannot_be_sent_is_an_error_before_anything_is_sent() {
    let place = with_picture();
    let provider = provider(Script::new());
    for (name, bytes) in
        [("empty.png", &b""[..]), ("fake.png", b"text"), ("old.bmp", b"BM.."), ("odd", b"\0")]
    {
        fs::write(place.project().join(name), bytes).unwrap();
    }
    for (file, code, said) in [
        ("none.png", 42, "the file none.png cannot be read: No such file or directory"),
        ("empty.png", 42, "the file empty.png cannot be sent: it is empty"),
        (".", 42, "the file . cannot be read: it is not a regular file"),
        ("fake.png", 42, "--attach fake.png: neither its first bytes nor its name tell what it is"),
        ("odd", 42, "--attach odd: neither its first bytes nor its name tell what it is"),
        ("-", 2, "--attach -: stdin is text for the model; give the path of a file"),
        ("old.bmp", 52, "the file old.bmp is image/bmp, and anthropic has no place for it"),
    ] {
        let flag = format!("--attach={file}");
        let done = place.zerostack(&["ask", &flag, "what?"]).anthropic(&provider).run();
        let complaint = done.failure(code);
        assert!(complaint.contains(said), "{complaint}");
    }
    provider.assert_requests(0);
}

#[test]
fn read_shows_a_picture_to_a_model_that_takes_it() {
    for anthropic in [false, true] {
        let place = with_picture();
        let script = Script::new()
            .call("read", json!({"path": "cat.png"}))
            .call("write", json!({"path": "cat.png", "content": "none"}))
            .call("read", json!({"path": "cat.png"}))
            .text("Gone.");
        let provider = provider(script);
        let run = place.zerostack(&["remove the cat from cat.png"]);
        let run = if anthropic { run.anthropic(&provider) } else { run.model(&provider) };
        run.run().success();
        let request = &provider.requests()[1];
        request.assert_contains("[cat.png: image/png, 8 bytes, shown beside this]");
        request.assert_contains(IN_BASE64);
        // The picture is what was read, whatever the model makes of the file.
        provider.requests()[3].assert_contains(IN_BASE64);
        provider.assert_grows();
    }
}

const REFUSAL: &str = r#"{"error":"Model does not support images. Please use a model that does."}"#;

fn refusal() -> Reply {
    Reply::raw("application/json", REFUSAL).with_status(400)
}

#[test]
fn a_picture_that_read_shows_to_a_model_that_does_not_see_is_described() {
    let place = with_picture();
    let script = Script::new()
        .call("read", json!({"path": "cat.png"}))
        .reply(refusal())
        .call("read", json!({"path": "cat.png"}))
        .text("I do not see it.");
    let provider = provider(script);
    let words = ["ask", "--max-attempts", "1", "what is in cat.png?"];
    let done = place.zerostack(&words).model(&provider).run();
    assert_eq!(done.success(), "I do not see it.\n");
    let said = "Model does not support images. Please use a model that does.; the next request \
                describes attached files in words (attachments of its profile)";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let requests = provider.requests();
    requests[1].assert_contains(IN_BASE64);
    for again in &requests[2..] {
        again.assert_contains("[image cat.png, image/png, 8 bytes: this model cannot be sent it]");
        assert!(!again.json().to_string().contains(IN_BASE64));
    }
    requests[3].assert_contains("the file cat.png is image/png, and scripted takes no attachments");
    let events = place.zerostack(&["replay", "1"]).run().success();
    assert!(events.contains("describes attached files in words"), "{events}");
}

#[test]
fn a_file_of_the_user_that_the_model_refuses_fails_the_run_and_is_named() {
    let place = with_picture();
    let provider = provider(Script::new().reply(refusal()).text("Guessed."));
    let words = ["ask", "--attach", "cat.png", "what is this?"];
    let done = place.zerostack(&words).model(&provider).run();
    let error = done.failure(60);
    let said = "Model does not support images. Please use a model that does.; leave out cat.png, \
                or use a model that takes such files";
    assert!(error.contains(said), "{error}");
    provider.assert_requests(1);
    // A table may say so before.
    let config = format!(
        "provider = \"work\"\n[providers.work]\nbase_url = \"{}\"\nmodel = \"blind\"\n\
         [providers.work.profile]\nattachments = \"none\"\n",
        provider.base_url()
    );
    place.write("home/.config/zerostack/config.toml", config);
    let done = place.zerostack(&words).run();
    let error = done.failure(52);
    let said = "the file cat.png is image/png, and blind takes no attachments (attachments of its \
                profile); leave it out, or use a model that takes it";
    assert!(error.contains(said), "{error}");
    provider.assert_requests(1);
}

#[test]
fn without_a_sandbox_read_shows_a_picture_too() {
    let place = with_picture();
    let provider = provider(Script::new().call("read", json!({"path": "cat.png"})).text("A cat."));
    let words = ["ask", "--sandbox", "off", "what is in cat.png?"];
    place.zerostack(&words).anthropic(&provider).run().success();
    provider.requests()[1].assert_contains(IN_BASE64);
}

#[test]
fn a_tape_has_the_hash_of_a_file_or_its_bytes() {
    for with_bytes in [false, true] {
        let place = with_picture();
        let script = Script::new().call("read", json!({"path": "cat.png"})).text("Two cats.");
        let provider = provider(script);
        let tape = place.folder("tape.jsonl");
        let record = format!("--record={}", tape.display());
        let mut words =
            vec!["ask", "--attach=cat.png", &record, "--prove-prefix", "what are these?"];
        if with_bytes {
            words.push("--record-attachments");
        }
        place.zerostack(&words).model(&provider).run().success();
        let sent = provider.requests();
        let lines = fs::read_to_string(&tape).unwrap();
        assert_eq!(lines.matches("\"type\":\"attached\"").count(), 2, "{lines}");
        assert_eq!(lines.contains("\"type\":\"attached_bytes\""), with_bytes, "{lines}");
        let tape = tape.display().to_string();
        place.zerostack(&["replay", &tape]).run().success();
        let requests = place.zerostack(&["replay", "--requests", &tape]).run();
        requests.success();
        let requests: Vec<&[u8]> = requests.stdout.split(|byte| *byte == b'\n').collect();
        assert_eq!(requests.len(), 3);
        for (request, sent) in requests.iter().zip(&sent) {
            let plain: Value = serde_json::from_slice(request).unwrap();
            assert_eq!(request == &sent.body, with_bytes);
            assert_eq!(plain.to_string().contains("base64,sha1:"), !with_bytes, "{plain}");
        }
        // The record of the run has a tape of its own.
        let events = place.zerostack(&["replay", "1"]).run().success();
        assert!(events.contains("Two cats."), "{events}");
        // Another picture of the same length is another tape.
        let changed = lines.replace("\"bytes\":8,\"sha1\":\"", "\"bytes\":8,\"sha1\":\"0");
        fs::write(&tape, changed).unwrap();
        place.zerostack(&["replay", &tape]).run().failure(42);
    }
}

#[test]
fn a_dry_run_prints_the_request_with_its_files() {
    let place = with_picture();
    let provider = provider(Script::new());
    let dry = place.zerostack(&["ask", "--attach=cat.png", "--dry-run", "what?"]);
    let body = dry.model(&provider).run().success();
    assert!(body.contains(IN_BASE64), "{body}");
    provider.assert_requests(0);
}

/// The picture is larger than all memory that the command may have.
#[test]
fn a_file_is_sent_that_is_larger_than_memory() {
    const BYTES: usize = 48 << 20;
    let place = place();
    let picture = fs::File::create(place.folder("big.png")).unwrap();
    std::io::Write::write_all(&mut &picture, PNG).unwrap();
    picture.set_len(BYTES as u64).unwrap();
    let provider = provider(Script::new().text("A large cat."));
    let attach = format!("--attach={}", place.folder("big.png").display());
    let run = place.zerostack(&["ask", &attach, "what is this?"]).after("ulimit -d 40960");
    assert_eq!(run.anthropic(&provider).run().success(), "A large cat.\n");
    assert!(provider.requests()[0].body.len() > BYTES / 3 * 4);
}
