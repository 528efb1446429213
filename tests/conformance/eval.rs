//! The tasks for real models: their checks recognise a solution, and the runner plays them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("eval")
}

fn tasks() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("tasks.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(task: &'a Value, key: &str) -> &'a str {
    task[key].as_str().unwrap_or_default()
}

/// Whether the check of `task` passes after `solution` and with `answer`.
fn passes(task: &Value, solution: &str, answer: &str) -> bool {
    let place = tempfile::tempdir().unwrap();
    let project = place.path().join("project");
    for (name, content) in task["files"].as_object().unwrap() {
        let path = project.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.as_str().unwrap()).unwrap();
    }
    let file = place.path().join("answer");
    std::fs::write(&file, answer).unwrap();
    let bash = |command: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", command]).current_dir(&project).env("ANSWER", &file);
        bash.output().unwrap().status.success()
    };
    assert!(solution.is_empty() || bash(solution), "{solution}");
    bash(text(task, "check"))
}

#[test]
fn each_check_tells_a_solution_from_none() {
    let tasks = tasks();
    assert_eq!(tasks.len(), 20);
    for task in &tasks {
        let name = text(task, "name");
        assert!(!passes(task, "", ""), "{name}: the check passes untouched");
        let solved = passes(task, text(task, "solution"), text(task, "answer"));
        assert!(solved, "{name}: the check refuses the solution");
    }
}

#[test]
fn the_runner_plays_all_tasks_and_prints_tokens_and_cost() {
    let mut script = Script::new();
    for task in tasks() {
        // As in the JSON of a request.
        let parts = text(&task, "instruction").split('"');
        let instruction = parts.max_by_key(|part| part.len()).unwrap().to_owned();
        script = match task.get("answer") {
            Some(answer) => {
                script.reply(Reply::new().when(&instruction).text(answer.as_str().unwrap()))
            }
            None => script
                .reply(
                    Reply::new()
                        .when(&instruction)
                        .call("bash", json!({"command": text(&task, "solution")})),
                )
                .reply(Reply::new().when(&instruction).text("done")),
        };
    }
    let provider = Scripted::start(script).unwrap();
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_zerostack-command");
    let output = Command::new("python3")
        .arg(folder().join("run.py"))
        .args(["--zerostack", program, "--minimum", "20", "--cost", "1", "4", "scripted", "--"])
        .args(["--base-url", &provider.base_url()])
        .env("HOME", home.path())
        .env("ZEROSTACK_API_KEY", "k")
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    let last = table.lines().last().unwrap_or_default();
    assert!(last.starts_with("20 of 20 pass"), "{table}");
    assert!(table.lines().next().is_some_and(|head| head.contains("dollars")), "{table}");
}
