//! Whatever stdin is, a run reads it, continues without it, or reports in time what is wrong.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Invocation;

use super::place;

fn model() -> Scripted {
    Scripted::start(Script::new().reply(Reply::new().text("done").repeat())).unwrap()
}

/// Both ends of a terminal: that of the person, and that of the program.
fn terminal() -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
    let program = File::options().read(true).write(true).open(name).unwrap();
    (person.into(), program)
}

/// What the user said in the only request.
fn said(provider: &Scripted) -> String {
    let requests = provider.requests();
    assert_eq!(requests.len(), 1);
    let body = requests[0].json();
    let message = body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(message["role"], "user");
    message["content"].as_str().unwrap().to_owned()
}

/// A file with this text.
fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}

/// A socket from which `text` comes.
fn socket(text: &str) -> OwnedFd {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (&ours).write_all(text.as_bytes()).unwrap();
    theirs.into()
}

#[test]
fn stdin_is_given_to_the_model_after_the_instruction() {
    type Set = for<'a> fn(Invocation<'a>) -> Invocation<'a>;
    let cases: [(&[&str], Set, &str); 14] = [
        (&["do", "it"], |run| run.input("a pipe\n"), "do it\n\n<stdin>\na pipe\n</stdin>"),
        (&["do it", "-"], |run| run.input("no end"), "do it\n\n<stdin>\nno end\n</stdin>"),
        (&["-"], |run| run.input("only this"), "<stdin>\nonly this\n</stdin>"),
        (&["explain"], |run| run.input("x\n"), "<stdin>\nx\n</stdin>"),
        (&["do it"], |run| run.stdin(file("a file\n")), "do it\n\n<stdin>\na file\n</stdin>"),
        (&["do it"], |run| run.stdin(socket("this")), "do it\n\n<stdin>\nthis\n</stdin>"),
        (&["do it"], |run| run.input(""), "do it"),
        (&["do it"], |run| run, "do it"),
        (&["do it", "-"], |run| run, "do it"),
        (&["do it"], |run| run.after("exec <&-"), "do it"),
        (&["do it"], |run| run.after("exec </dev/zero"), "do it"),
        (&["do it"], |run| run.after("exec </"), "do it"),
        (&["do it"], |run| run.stdin(terminal().1), "do it"),
        (&["explain"], |run| run, "Begin."),
    ];
    for (arguments, set, expected) in cases {
        let place = place();
        let provider = model();
        let run = set(place.zerostack(&[&["--output", "text"], arguments].concat()));
        assert_eq!(run.model(&provider).run().success(), "done\n", "{arguments:?}");
        assert_eq!(said(&provider), expected, "{arguments:?}");
    }
}

#[test]
fn a_terminal_is_read_to_its_end_when_the_user_says_so() {
    let place = place();
    let provider = model();
    let (mut person, program) = terminal();
    let run = place.zerostack(&["--output", "text", "do it", "-"]).model(&provider);
    let running = run.stdin(program).start();
    person.write_all(b"typed\n\x04").unwrap();
    assert_eq!(running.end().success(), "done\n");
    assert_eq!(said(&provider), "do it\n\n<stdin>\ntyped\n</stdin>");
}

#[test]
fn a_slow_pipe_is_read_to_its_end_once_it_has_begun() {
    let place = place();
    let provider = model();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let run =
        place.zerostack(&["--output", "text", "do it", "--stdin-limit", "1"]).model(&provider);
    writer.write_all(b"first ").unwrap();
    let running = run.stdin(reader).start();
    // Longer than the limit: it is for the first byte.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    writer.write_all(b"second").unwrap();
    drop(writer);
    assert_eq!(running.end().success(), "done\n");
    assert_eq!(said(&provider), "do it\n\n<stdin>\nfirst second\n</stdin>");
}

#[test]
fn a_pipe_that_stays_silent_is_an_error_that_says_what_to_do() {
    let place = place();
    let provider = model();
    let (reader, _writer) = std::io::pipe().unwrap();
    let run = place.zerostack(&["do it", "--stdin-limit", "1"]).model(&provider);
    let done = run.stdin(reader).run();
    let said = done.failure(42);
    assert!(said.contains("nothing came on stdin for 1 s"), "{said}");
    assert!(said.contains("`-`") && said.contains("</dev/null"), "{said}");
    let fifo = place.folder("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
    let script = format!("exec <>{}", fifo.display());
    let run = place.zerostack(&["do it", "--stdin-limit", "1"]).model(&provider);
    run.after(&script).run().failure(42);
    assert!(provider.requests().is_empty());
}

#[test]
fn a_silent_pipe_that_the_user_wants_to_wait_for_can_be_ended() {
    for (arguments, signal, code) in [
        (&["do it", "-"][..], Some(Signal::INT), 130),
        (&["do it", "--stdin-limit", "600"], Some(Signal::TERM), 143),
        (&["do it", "-", "--time-limit", "1"], None, 53),
    ] {
        let place = place();
        let provider = model();
        let (reader, writer) = std::io::pipe().unwrap();
        let running = place.zerostack(arguments).model(&provider).stdin(reader).start();
        if let Some(signal) = signal {
            running.until_it_catches(signal);
            running.signal(signal);
        }
        running.end().failure(code);
        drop(writer);
    }
}

#[test]
fn input_that_is_not_text_is_refused() {
    let place = place();
    let provider = model();
    for input in [
        vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0xff],
        // Before the rest of it is read.
        vec![0; 64 * 1024 * 1024],
    ] {
        let done = place.zerostack(&["do it"]).model(&provider).input(input).run();
        assert!(done.failure(42).contains("binary"));
    }
    assert!(provider.requests().is_empty());
}

/// 100 MB of lines; the last one says so.
fn long_input() -> Vec<u8> {
    let mut input = b"a line of a log that goes on and on\n".repeat(100_000_000 / 36);
    input.extend_from_slice(b"the last line\n");
    input
}

#[test]
fn a_long_input_is_a_file_for_the_tools_and_never_in_memory() {
    let place = place();
    let input = long_input();
    let bytes = input.len().to_string();
    let command = "wc -c </tmp/stdin; tail -n 1 /tmp/stdin";
    let script = Script::new()
        .call("bash", json!({ "command": command }))
        .reply(Reply::new().text("half").stall(250));
    let provider = Scripted::start(script).unwrap();
    let running = place.zerostack(&["what is it?"]).model(&provider).input(input).start();
    provider.wait_until_stalled();
    let peak = running.peak_kib();
    assert!(peak < 40 * 1024, "{peak} KiB");
    running.signal(Signal::INT);
    running.end().failure(130);
    let requests = provider.requests();
    let told = format!("which has {bytes} bytes. All of it is in the file /tmp/stdin");
    assert!(requests[0].contains(&told) && requests[0].contains("a line of a log"));
    assert!(requests[0].body.len() < 100_000, "only the beginning is sent");
    assert!(requests[1].contains(&bytes) && requests[1].contains("the last line"));
    // A run whose input is not kept is not made again without it.
    let done = place.zerostack(&["retry"]).model(&provider).run();
    assert!(done.failure(42).contains("cannot be run again"), "{}", done.stderr);
    let shown = place.zerostack(&["show"]).run().success();
    assert!(shown.contains("only its beginning is kept"), "{shown}");
}

#[test]
fn a_long_input_is_in_no_patch_and_needs_room_on_the_disk() {
    let place = place();
    place.write("project/a", "a\n");
    for sandbox in ["on", "off"] {
        let call = json!({"command": "tail -n 1 $TMPDIR/stdin >b"});
        let provider = Scripted::start(Script::new().call("bash", call).text("done")).unwrap();
        let input = [b"x\n".repeat(3 * 1024 * 1024), b"end\n".to_vec()].concat();
        let arguments = ["do it", "--sandbox", sandbox];
        let done = place.zerostack(&arguments).model(&provider).input(input).run();
        let patch = done.success();
        assert!(patch.contains("+end\n") && !patch.contains("stdin"), "{patch}");
        assert!(!done.stderr.contains("not kept"), "{}", done.stderr);
    }
}

#[test]
fn text_that_is_not_quite_utf_8_is_repaired_and_that_is_reported() {
    let place = place();
    let provider = model();
    let input = b"caf\xe9 \xf0\x9f\x98\x80".to_vec();
    let run = place.zerostack(&["--output", "text", "do it"]).model(&provider);
    let done = run.input(input).run();
    done.success();
    assert!(done.stderr.contains("stdin is not UTF-8"), "{}", done.stderr);
    assert_eq!(said(&provider), "do it\n\n<stdin>\ncaf\u{fffd} \u{1f600}\n</stdin>");
}

#[test]
fn nothing_to_do_is_a_wrong_command_line() {
    type Set = for<'a> fn(Invocation<'a>) -> Invocation<'a>;
    let inputs: [Set; 5] = [
        |run| run,
        |run| run.input(""),
        |run| run.after("exec <&-"),
        |run| run.stdin(terminal().1),
        |run| run.stdin(file("")),
    ];
    for arguments in [&[][..], &["-"], &["code"], &[""]] {
        for (index, set) in inputs.iter().enumerate() {
            // A terminal that is asked for is read.
            if arguments == ["-"] && index == 3 {
                continue;
            }
            let place = place();
            let provider = model();
            let done = set(place.zerostack(arguments)).model(&provider).run();
            assert!(done.failure(2).contains("nothing to do: give an instruction"));
            assert!(provider.requests().is_empty());
        }
    }
}
