//! A person at the terminal is asked whether a call may run.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{KEY, Place};

use super::broken_project;

/// What is on the screen at the end, the exit code, and the results that the model got.
pub(super) struct Asked {
    pub(super) screen: String,
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) results: Vec<String>,
}

fn run(place: &Place, script: Script, answers: &[&str]) -> Asked {
    on_terminal(place, script, &["--mode", "standard", "go"], answers)
}

/// A run on a terminal, whose person gives `answers`, one to each question.
pub(super) fn on_terminal(
    place: &Place,
    script: Script,
    arguments: &[&str],
    answers: &[&str],
) -> Asked {
    let provider = Scripted::start(script).unwrap();
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    // It makes the terminal at its stdin that of the command.
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_zerostack-command")])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", place.folder("home"))
        .env("TMPDIR", place.folder("tmp"))
        .env("ZEROSTACK_API_KEY", KEY)
        .env("ZEROSTACK_BASE_URL", provider.base_url())
        .env("ZEROSTACK_MODEL", "scripted")
        .current_dir(place.project())
        .stdin(slave.try_clone().unwrap())
        .stderr(slave)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut master = File::from(master);
    let (mut screen, mut answers) = (String::new(), answers.iter());
    let mut seen = 0;
    let mut buffer = [0; 4096];
    // The other end is gone with the last process that has it open.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        screen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        let asked = screen.matches("[n]o: ").count();
        for _ in seen..asked {
            let answer = answers.next().expect("one answer to each question");
            master.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
        seen = asked;
    }
    assert_eq!(answers.next(), None, "{screen}");
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let code = child.wait().unwrap().code().unwrap();
    let last = provider.requests().pop().unwrap();
    let body: Value = serde_json::from_slice(&last.body).unwrap();
    let messages = body["messages"].as_array().unwrap().clone();
    let tools = messages.into_iter().filter(|message| message["role"] == "tool");
    let results = tools.map(|message| message["content"].as_str().unwrap().to_owned()).collect();
    Asked { screen, code, stdout, results }
}

#[test]
fn the_command_is_shown_and_yes_runs_it_once() {
    let place = broken_project();
    let command = json!({"command": "python3 -c 1; echo x >>new"});
    let script = Script::new().call("bash", command.clone()).call("bash", command).text("done");
    let asked = run(&place, script, &["y", "what", "n"]);
    assert!(asked.screen.contains("python3 -c 1; echo x >>new"), "{}", asked.screen);
    assert!(asked.screen.contains("code in an argument"), "{}", asked.screen);
    assert_eq!(asked.results[0], "[exit 0]\n");
    assert!(asked.results[1].contains("the user was asked and denied it"), "{:?}", asked.results);
    // Once, as a result beside a denial.
    assert_eq!((asked.code, asked.stdout.matches("+x").count()), (0, 1), "{}", asked.screen);
}

#[test]
fn always_holds_for_the_same_command_until_the_run_ends() {
    let place = broken_project();
    let command = json!({"command": "python3 -c 1; echo x >>new"});
    let script = Script::new()
        .call("bash", command.clone())
        .call("bash", command)
        .call("bash", json!({"command": "python3 -c 2"}))
        .text("done");
    let asked = run(&place, script, &["a", "n"]);
    assert_eq!(asked.stdout.matches("+x").count(), 2, "{}", asked.screen);
    assert!(asked.results[2].contains("denied"), "{:?}", asked.results);
}

#[test]
fn a_change_is_shown_as_a_diff_and_a_denial_that_mattered_is_55() {
    let place = broken_project();
    let edit = json!({"path": ".git/config", "content": "[core]\n\tpager = \u{1b}[31mx\n"});
    let script = Script::new().call("write", edit).text("done");
    let asked = run(&place, script, &["n"]);
    assert_eq!(asked.code, 55, "{}", asked.screen);
    assert!(asked.screen.contains("+[core]"), "{}", asked.screen);
    // Nothing of the model acts on the terminal.
    assert!(!asked.screen.contains('\u{1b}'), "{:?}", asked.screen);
}
