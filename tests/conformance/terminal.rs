//! A run on a terminal: a line for each call when it starts, the words of the model between calls,
//! and a line that shows the current wait. In a pipe there are plain lines.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, Terminal};

use super::place;

fn project() -> Place {
    let place = place();
    place.write("project/fizzbuzz.sh", "echo 1\n");
    place.write("gate/here", "");
    place
}

/// An edit, a command that waits for the file `go`, a call that fails, and the result.
fn script(place: &Place) -> Script {
    let gate = place.folder("gate");
    let gate = gate.display();
    let edit =
        json!({"path": "fizzbuzz.sh", "edits": [{"old": "echo 1", "new": "echo 1\necho 2"}]});
    let wait = json!({"command": format!("until [ -e {gate}/go ]; do sleep 0.05; done")});
    Script::new()
        .reply(Reply::new().text("I add **a line**.").call("edit", edit).usage(1000, 20, 900))
        .reply(Reply::new().call("bash", wait).usage(1000, 20, 1000))
        .reply(Reply::new().text("Now \u{1b}[31mthis.").call("read", json!({"path": "none"})))
        .reply(Reply::new().text("It prints two lines."))
}

fn arguments<'a>(gate: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["--allow-read", gate][..], more, &["add a line"]].concat()
}

#[test]
fn calls_words_and_the_current_wait_are_on_the_screen() {
    if !Terminal::is_there("a run in a terminal") {
        return;
    }
    let place = project();
    let provider = Scripted::start(script(&place)).unwrap();
    let gate = place.folder("gate");
    let arguments = arguments(gate.to_str().unwrap(), &["-o", "result.patch"]);
    let terminal = Terminal::start(&place, "xterm-256color", &arguments, &provider);
    // While the command runs, the line tells so, with what the run has used.
    let screen = terminal.wait_until("the status line", |screen| {
        screen.lines().any(|line| line.contains(" s · bash until ") && line.contains("tokens"))
    });
    let status = screen.lines().find(|line| line.contains(" s · bash until ")).unwrap();
    assert!(status.contains(" · 2040 tokens · 95 % cached"), "{status}");
    assert!(screen.contains("I add a line.\nedit fizzbuzz.sh +2 −1\nbash until "), "{screen}");
    let colors = terminal.colors();
    assert!(
        colors.contains("\u{1b}[36m") && colors.contains("I add \u{1b}[1ma line"),
        "{colors:?}"
    );
    std::fs::write(gate.join("go"), "").unwrap();
    let screen = terminal.wait_for("ended with 0");
    // The line is gone, and nothing of the model acts on the terminal.
    assert!(!screen.contains(" s · "), "{screen}");
    assert!(screen.contains("read none: "), "{screen}");
    assert!(screen.contains("\nIt prints two lines."), "{screen}");
    assert!(screen.contains("[31mthis."), "{screen}");
}

#[test]
fn without_colours_no_escape_sequence_is_printed() {
    if !Terminal::is_there("a run in a terminal without colours") {
        return;
    }
    let place = project();
    place.write("gate/go", "");
    let gate = place.folder("gate");
    let flags = ["--color", "never", "-o", "result.patch"];
    let provider = Scripted::start(script(&place)).unwrap();
    let arguments = arguments(gate.to_str().unwrap(), &flags);
    let terminal = Terminal::start(&place, "xterm-256color", &arguments, &provider);
    terminal.wait_for("ended with 0");
    assert!(!terminal.colors().contains('\u{1b}'), "{:?}", terminal.colors());
}

#[test]
fn a_pipe_gets_plain_lines() {
    let place = project();
    place.write("gate/go", "");
    let provider = Scripted::start(script(&place)).unwrap();
    let gate = place.folder("gate");
    let arguments = arguments(gate.to_str().unwrap(), &[]);
    let done = place.zerostack(&arguments).env("TERM", "xterm").model(&provider).run();
    assert!(done.success().contains("+echo 2"));
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert!(lines.contains(&"zerostack: edit fizzbuzz.sh +2 −1"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("zerostack: read none: ")), "{lines:?}");
    assert!(!done.stderr.contains('\u{1b}') && !done.stderr.contains(" s · "), "{lines:?}");
}

#[test]
fn a_text_is_rendered_on_a_terminal_and_unchanged_in_a_pipe_or_without_colours() {
    if !Terminal::is_there("a text on a terminal") {
        return;
    }
    let place = project();
    let text = "# Why\n\n- **two** lines";
    let on_screen = |flags: &[&str]| {
        let provider = Scripted::start(Script::new().text(text)).unwrap();
        let arguments = [flags, &["ask", "what is it?"]].concat();
        let terminal = Terminal::start(&place, "xterm-256color", &arguments, &provider);
        terminal.wait_for("ended with 0")
    };
    let screen = on_screen(&[]);
    assert!(screen.contains("\nWhy\n\n• two lines\n"), "{screen}");
    let screen = on_screen(&["--color", "never"]);
    assert!(screen.contains("\n# Why\n\n- **two** lines\n"), "{screen}");
    let provider = Scripted::start(Script::new().text(text)).unwrap();
    let arguments = ["--color", "always", "ask", "what is it?"];
    let done = place.zerostack(&arguments).model(&provider).run();
    assert_eq!(done.success(), format!("{text}\n"));
}
