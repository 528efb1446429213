//! `zerostack chat`, in a real terminal and in a pipe.

use std::fs;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, Terminal, until};

use super::place;

fn provider(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

/// Writes `a.txt`, then changes it.
fn writes() -> Script {
    Script::new()
        .reply(
            Reply::new()
                .text("I write it.\n")
                .call("write", json!({"path": "a.txt", "content": "one\ntwo\n"})),
        )
        .text("It has two lines.")
        .call("edit", json!({"path": "a.txt", "edits": [{"old": "two", "new": "2\n3"}]}))
        .text("It has three lines.")
        .reply(Reply::new().text("Nothing more.").repeat())
}

/// A terminal with a chat that waits for a line.
fn chat(place: &Place, arguments: &[&str], provider: &Scripted) -> Terminal {
    let arguments: Vec<&str> = ["chat"].iter().chain(arguments).copied().collect();
    let terminal = Terminal::start(place, "screen-256color", &arguments, provider);
    terminal.wait_until("a prompt", |screen| screen.ends_with('>'));
    terminal
}

/// Waits until the chat waits for a line after `text`.
#[track_caller]
fn answered(terminal: &Terminal, text: &str) -> String {
    terminal.wait_until(text, |screen| {
        screen.rsplit_once(text).is_some_and(|(_, rest)| rest.ends_with("\n>"))
    })
}

#[test]
fn changes_are_shown_applied_and_taken_back_step_by_step() {
    if !Terminal::is_there("changes_are_shown_applied_and_taken_back_step_by_step") {
        return;
    }
    let place = place();
    let provider = provider(writes());
    let terminal = chat(&place, &[], &provider);
    let file = place.project().join("a.txt");
    terminal.line("write it");
    let screen = answered(&terminal, "not applied yet");
    // The words of the model, a line for the tool, time and tokens, and what was changed.
    let parts = ["> write it", "I write it.", "write a.txt +2", "It has two lines.", "tokens in"];
    let places: Vec<Option<usize>> = parts.iter().map(|part| screen.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{screen}");
    assert!(screen.contains("a.txt +2 −0") && !file.exists(), "{screen}");
    terminal.line("/diff");
    answered(&terminal, "+two");
    terminal.line("/apply");
    answered(&terminal, "1 file written, as run 1");
    assert_eq!(fs::read_to_string(&file).unwrap(), "one\ntwo\n");
    terminal.line("change it");
    answered(&terminal, "a.txt +2 −1");
    terminal.line("/undo");
    answered(&terminal, "the changes of the last turn are taken back");
    terminal.line("/diff");
    answered(&terminal, "there are no changes");
    terminal.line("/undo");
    answered(&terminal, "run 1 is taken back");
    assert!(!file.exists());
    terminal.line("and now?");
    answered(&terminal, "Nothing more.");
    // The model learns what the user did, after everything that was sent before.
    let last = provider.requests().last().unwrap().json().to_string();
    assert_eq!(last.matches("I took back the changes").count(), 2, "{last}");
    provider.assert_grows();
    terminal.press(&["C-d"]);
    terminal.wait_for("ended with 0");
}

#[test]
fn ctrl_c_ends_the_turn_and_ctrl_d_the_chat() {
    if !Terminal::is_there("ctrl_c_ends_the_turn_and_ctrl_d_the_chat") {
        return;
    }
    let place = place();
    let script = Script::new()
        .call("bash", json!({"command": "echo kept >kept.txt; sleep 1000"}))
        .text("I was stopped.");
    let provider = provider(script);
    let terminal = chat(&place, &[], &provider);
    terminal.line("wait");
    // A line says what is waited for.
    terminal.wait_for("bash echo kept");
    until("the command", || place.has_process("sleep\u{0}1000"));
    terminal.press(&["C-c"]);
    let screen = answered(&terminal, "stopped; the chat continues");
    assert!(screen.contains("kept.txt +1 −0"), "{screen}");
    terminal.line("what happened?");
    answered(&terminal, "I was stopped.");
    // Between turns it ends nothing.
    terminal.type_text("half a li");
    terminal.press(&["C-c"]);
    answered(&terminal, "Ctrl-D ends the chat");
    terminal.press(&["C-d"]);
    let screen = terminal.wait_for("ended with 0");
    assert!(screen.contains("continues with them"), "{screen}");
}

#[test]
fn a_killed_chat_resumes_with_its_changes() {
    if !Terminal::is_there("a_killed_chat_resumes_with_its_changes") {
        return;
    }
    let place = place();
    let provider = provider(writes());
    let terminal = chat(&place, &[], &provider);
    terminal.line("write it");
    answered(&terminal, "not applied yet");
    terminal.kill(place.marker());
    drop(terminal);
    let terminal = chat(&place, &["-c"], &provider);
    let screen = terminal.screen();
    assert!(screen.contains("continues session 1"), "{screen}");
    assert!(screen.contains("a.txt +2 −0") && screen.contains("not applied yet"), "{screen}");
    terminal.line("change it");
    answered(&terminal, "It has three lines.");
    terminal.line("/apply");
    answered(&terminal, "1 file written");
    let file = place.project().join("a.txt");
    assert_eq!(fs::read_to_string(file).unwrap(), "one\n2\n3\n");
    provider.assert_grows();
}

#[test]
fn a_line_is_edited_completed_and_found_again() {
    if !Terminal::is_there("a_line_is_edited_completed_and_found_again") {
        return;
    }
    let place = place();
    place.write("project/source.txt", "the content of it\n");
    let provider = provider(Script::new().reply(Reply::new().text("yes").repeat()));
    let terminal = chat(&place, &[], &provider);
    // A paste of several lines is one text.
    terminal.paste("first line\nsecond line");
    terminal.wait_for("second line");
    terminal.press(&["Enter"]);
    answered(&terminal, "yes");
    let said = provider.requests()[0].json().to_string();
    assert!(said.contains(r"first line\nsecond line"), "{said}");
    // The file that is named is given.
    terminal.type_text("look at @sou");
    terminal.press(&["Tab"]);
    terminal.wait_for("look at @source.txt");
    terminal.press(&["Enter"]);
    terminal.wait_until("the second answer", |screen| {
        screen.matches("\nyes").count() == 2 && screen.ends_with('>')
    });
    let said = provider.requests()[1].json().to_string();
    assert!(said.contains("the content of it"), "{said}");
    terminal.type_text("/hel");
    terminal.press(&["Tab", "Enter"]);
    answered(&terminal, "end the turn");
    // Arrows, Home and deletion.
    terminal.type_text("!echo two");
    terminal.press(&["Home", "Right", "C-k"]);
    terminal.line("echo $((6*7))");
    answered(&terminal, "\n42");
    terminal.press(&["Up"]);
    terminal.wait_until("the line before", |screen| screen.ends_with("> !echo $((6*7))"));
    terminal.press(&["C-u"]);
    // A narrow terminal: what is typed wraps, and what was printed stays.
    terminal.resize(40, 12);
    terminal.line("a text that is longer than the forty columns that there are now");
    terminal.wait_until("the third answer", |screen| {
        screen.matches("\nyes").count() == 3 && screen.ends_with('>')
    });
    let said = provider.requests()[2].json().to_string();
    assert!(said.contains("forty columns that there are now"), "{said}");
    // The output of the command is part of the context.
    assert!(said.contains("I ran `echo $((6*7))`") && said.contains("42"), "{said}");
    assert!(terminal.screen().contains("first line"));
    terminal.resize(80, 24);
    terminal.line("/qiut");
    answered(&terminal, "did you mean /quit?");
    terminal.line("/quit");
    terminal.wait_for("ended with 0");
}

#[test]
fn a_call_that_needs_permission_is_asked_about() {
    if !Terminal::is_there("a_call_that_needs_permission_is_asked_about") {
        return;
    }
    let place = place();
    let run = |content: &str| {
        let command = format!("python3 -c 1; echo {content} >>asked.txt");
        Reply::new().call("bash", json!({"command": command}))
    };
    let patch = "*** Begin Patch\n*** Add File: patched.txt\n+no\n*** End Patch\n";
    let script = Script::new()
        .reply(run("once").text("I try."))
        .text("Yes it was.")
        .reply(run("never"))
        .text("No it was.")
        .reply(run("always"))
        .reply(run("always"))
        .text("Always it was.")
        .reply(run("always"))
        .reply(Reply::new().call("apply_patch", json!({"input": patch})))
        .reply(Reply::new().text("Over.").repeat());
    let provider = provider(script);
    let terminal = chat(&place, &["--mode", "standard", "--ask", "Edit(/patched.txt)"], &provider);
    let asks = |times: usize| {
        let question = "run it? [y]es, [a]lways in this chat, [n]o:";
        terminal.wait_until("a question", |screen| {
            screen.matches(question).count() == times && screen.ends_with(question)
        })
    };
    terminal.line("first");
    // The words before the call, its command, and why.
    let screen = asks(1);
    assert!(screen.contains("I try.") && screen.contains("echo once >>asked.txt"), "{screen}");
    assert!(screen.contains("code in an argument"), "{screen}");
    // What is no answer is asked again.
    terminal.line("what?");
    asks(2);
    terminal.line("y");
    answered(&terminal, "Yes it was.");
    terminal.line("second");
    asks(3);
    terminal.line("no");
    answered(&terminal, "No it was.");
    terminal.line("third");
    asks(4);
    terminal.line("always");
    // The second call was not asked about, nor is one of a later turn; a patch is, with its lines.
    answered(&terminal, "Always it was.");
    terminal.line("fourth");
    let screen = asks(5);
    assert!(screen.contains("+no"), "{screen}");
    // Ctrl-C is no answer, and ends the turn.
    terminal.press(&["C-c"]);
    answered(&terminal, "stopped; the chat continues");
    terminal.line("/apply");
    answered(&terminal, "1 file written");
    let text = fs::read_to_string(place.project().join("asked.txt")).unwrap();
    assert_eq!(text, "once\nalways\nalways\nalways\n");
    let said = provider.requests()[3].json().to_string();
    assert!(said.contains("the user was asked and denied it"), "{said}");
}

/// What the answer of the next test is written as.
const MARKDOWN: &str =
    "# The title\n\n- one **bold** word\n- `code` and 2 * 3\n\n```rust\nlet **x**;\n```\nend\n";

#[test]
fn markdown_is_shown_on_a_terminal_with_colors_and_is_text_elsewhere() {
    if !Terminal::is_there("markdown_is_shown_on_a_terminal_with_colors_and_is_text_elsewhere") {
        return;
    }
    let replies = || {
        Scripted::start(Script::new().reply(Reply::new().text(MARKDOWN).random_pieces(3))).unwrap()
    };
    let place = place();
    let provider = replies();
    let terminal = chat(&place, &[], &provider);
    terminal.line("tell me");
    let screen = answered(&terminal, "tokens in");
    for line in ["The title", "• one bold word", "• code and 2 * 3", "let **x**;", "end"] {
        assert!(screen.lines().any(|it| it == line), "{line}: {screen}");
    }
    let colors = terminal.colors();
    for shown in ["4mThe title", "one \u{1b}[1mbold", "\u{1b}[36mcode\u{1b}[39m"] {
        assert!(colors.contains(shown), "{shown:?}: {colors:?}");
    }
    drop(terminal);
    // No colours, and a pipe: as it was written.
    let (place, provider) = (super::place(), replies());
    let terminal = chat(&place, &["--color", "never"], &provider);
    terminal.line("tell me");
    let screen = answered(&terminal, "tokens in");
    assert!(screen.contains(MARKDOWN.trim_end()), "{screen}");
    let (place, provider) = (super::place(), replies());
    let done = place.zerostack(&["chat"]).model(&provider).input("tell me\n").run();
    assert_eq!(done.success(), MARKDOWN);
}

#[test]
fn a_terminal_without_escape_sequences_gets_none() {
    if !Terminal::is_there("a_terminal_without_escape_sequences_gets_none") {
        return;
    }
    let place = place();
    let provider = provider(writes());
    let terminal = Terminal::start(&place, "dumb", &["chat"], &provider);
    terminal.wait_until("a prompt", |screen| screen.ends_with('>'));
    terminal.line("write it");
    answered(&terminal, "not applied yet");
    terminal.line("/diff");
    answered(&terminal, "+two");
    assert_eq!(terminal.colors(), terminal.screen());
    terminal.press(&["C-d"]);
    terminal.wait_for("ended with 0");
}

#[test]
fn colors_are_those_that_are_asked_for() {
    if !Terminal::is_there("colors_are_those_that_are_asked_for") {
        return;
    }
    for (arguments, has_colors) in [(&[][..], true), (&["--color", "never"], false)] {
        let place = place();
        let provider = provider(writes());
        let terminal = chat(&place, arguments, &provider);
        terminal.line("write it");
        answered(&terminal, "not applied yet");
        terminal.line("/diff");
        answered(&terminal, "+two");
        assert_eq!(terminal.colors() != terminal.screen(), has_colors, "{arguments:?}");
    }
}

#[test]
fn lines_of_a_pipe_are_answered_in_plain_text() {
    let place = place();
    let provider = provider(writes());
    let lines = "write it\n/diff\nchange\\\nit\n";
    let done = place.zerostack(&["chat"]).model(&provider).input(lines).run();
    assert_eq!(done.code, 0, "{done:?}");
    let text = done.text();
    assert!(!text.contains('\x1b') && !done.stderr.contains('\x1b'), "{done:?}");
    assert!(text.starts_with("I write it.\nIt has two lines.\ndiff --git a/a.txt"), "{text}");
    assert!(text.ends_with("It has three lines.\n"), "{text}");
    assert!(done.stderr.contains("write a.txt +2"), "{done:?}");
    let said = provider.requests().last().unwrap().json().to_string();
    assert!(said.contains(r"change\nit"), "{said}");
    // Nothing was written, and nothing is lost.
    let done = place.zerostack(&["chat", "-c"]).model(&provider).input("/diff\n").run();
    assert!(done.success().contains("+3\n"), "{done:?}");
    let done = place.zerostack(&["chat", "-c", "-w", "go on"]).writes().model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let file = place.project().join("a.txt");
    assert_eq!(fs::read_to_string(file).unwrap(), "one\n2\n3\n");
}

#[test]
fn a_failure_in_a_pipe_is_the_exit_code() {
    let place = place();
    let provider = provider(Script::new().reply(Reply::status(401).repeat()));
    let done = place.zerostack(&["chat"]).model(&provider).input("hello\n").run();
    assert_eq!(done.code, 41, "{done:?}");
    let done = place.zerostack(&["chat"]).model(&provider).input("/aply\n").run();
    assert!(done.code == 2 && done.stderr.contains("did you mean /apply?"), "{done:?}");
    let done = place.zerostack(&["chat", "-c"]).model(&provider).input("").run();
    assert_eq!(done.code, 0, "{done:?}");
    let done = place.zerostack(&["chat", "-p", "cod"]).model(&provider).input("").run();
    assert!(done.code == 2 && done.stderr.contains("did you mean code?"), "{done:?}");
}

#[test]
fn another_prompt_and_another_session() {
    let place = place();
    let provider = provider(Script::new().reply(Reply::new().text("yes").repeat()));
    let lines = "one\n/prompt ask\ntwo\n/explain the code\n/clear\nthree\n/model other\nfour\n";
    let done = place.zerostack(&["chat"]).anthropic(&provider).input(lines).run();
    assert_eq!(done.code, 0, "{done:?}");
    let requests = provider.requests();
    assert_eq!(requests.len(), 5);
    let said = |index: usize| requests[index].json().to_string();
    assert!(said(1).contains("From here on these instructions hold"), "{}", said(1));
    assert!(said(2).contains("the code") && said(2).contains("\"two\""), "{}", said(2));
    assert!(!said(3).contains("\"two\"") && said(3).contains("three"), "{}", said(3));
    assert!(said(4).contains("three") && said(4).contains("\"other\""), "{}", said(4));
    let list = place.zerostack(&["sessions"]).run().success();
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("one") && list.contains("three"), "{list}");
}

#[test]
fn changes_of_the_user_meanwhile_are_not_lost() {
    let place = place();
    place.write("project/a.txt", "mine\n");
    let script =
        Script::new().call("write", json!({"path": "a.txt", "content": "its\n"})).text("done");
    let provider = provider(script);
    let done = place.zerostack(&["chat"]).model(&provider).input("write it\n").run();
    assert_eq!(done.code, 0, "{done:?}");
    place.write("project/a.txt", "changed meanwhile\n");
    let done = place.zerostack(&["chat", "-c"]).model(&provider).input("/apply\n").run();
    assert_eq!(done.code, 63, "{done:?}");
    assert!(done.stderr.contains("is kept in"), "{done:?}");
    assert_eq!(fs::read_to_string(place.project().join("a.txt")).unwrap(), "changed meanwhile\n");
}
