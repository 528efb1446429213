//! The pipelines of `examples/shell/pipelines` do what the guide says, with real processes.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/shell/pipelines")
}

/// A repository with a source, a file that is committed and one that is not.
fn project() -> Place {
    let place = place();
    place.write("project/a.c", "int x;\n// TODO: name it\n");
    place.write("project/b.c", "int y;\n");
    place.commit();
    let bin = place.folder("home").join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_zerostack-command");
    std::os::unix::fs::symlink(program, bin.join("zerostack")).unwrap();
    place
}

/// Runs `program` with the model, as a person does in the project.
fn run(place: &Place, provider: &Scripted, program: &[&str]) -> Output {
    let bin = place.folder("home").join("bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    Command::new(program[0])
        .args(&program[1..])
        .current_dir(place.project())
        .env("PATH", path)
        .env("HOME", place.folder("home"))
        .env("ZEROSTACK_BASE_URL", provider.base_url())
        .env("ZEROSTACK_MODEL", "scripted")
        .env("ZEROSTACK_API_KEY", "k")
        .envs([("GIT_AUTHOR_NAME", "t"), ("GIT_AUTHOR_EMAIL", "t@example.com")])
        .envs([("GIT_COMMITTER_NAME", "t"), ("GIT_COMMITTER_EMAIL", "t@example.com")])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn script(place: &Place, script: Script, name: &str, arguments: &[&str]) -> (Output, usize) {
    let provider = Scripted::start(script).unwrap();
    let file = examples().join(name);
    let program = [&["bash", file.to_str().unwrap()], arguments].concat();
    let output = run(place, &provider, &program);
    (output, provider.requests().len())
}

#[track_caller]
fn success(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.project().join(name)).unwrap()
}

fn write(path: &str, content: &str) -> serde_json::Value {
    json!({"path": path, "content": content})
}

#[test]
fn findings_of_lint_are_fixed_and_a_failure_passes_nothing_on() {
    let place = project();
    let fix = Script::new()
        .reply(Reply::new().when("look for faults").text("a.c:1:1: warning: x has no value [init]"))
        .reply(Reply::new().when("[init]").call("write", write("a.c", "int x = 0;\n")))
        .reply(Reply::new().when("[init]").text("fixed"));
    success(&script(&place, fix, "lint-fix.sh", &[]).0);
    assert_eq!(read(&place, "a.c"), "int x = 0;\n");
    let none = Script::new().text("no findings");
    assert_eq!(script(&place, none, "lint-fix.sh", &[]).1, 1);
    let prose = Script::new().reply(Reply::new().text("All is well.").repeat());
    let (output, requests) = script(&place, prose, "lint-fix.sh", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && requests == 1, "{said}");
    assert!(said.contains("no list of findings") && said.contains("stdin is empty"), "{said}");
}

#[test]
fn a_failure_is_explained_and_todos_are_resolved() {
    let place = project();
    let debug = Script::new().reply(Reply::new().when("cannot find it").text("The cause is it."));
    let arguments = ["sh", "-c", "echo cannot find it; false"];
    let (output, _) = script(&place, debug, "test-debug.sh", &arguments);
    assert_eq!(success(&output), "The cause is it.\n");
    assert_eq!(success(&script(&place, Script::new(), "test-debug.sh", &["true"]).0), "passed\n");
    let todo = Script::new()
        .reply(
            Reply::new()
                .when("<stdin>\\na.c\\n</stdin>")
                .call("write", write("a.c", "int name;\n")),
        )
        .text("done");
    success(&script(&place, todo, "todo.sh", &[]).0);
    assert_eq!(read(&place, "a.c"), "int name;\n");
    let (output, requests) = script(&place, Script::new(), "todo.sh", &[]);
    assert_eq!((success(&output).as_str(), requests), ("no file has a TODO\n", 0));
    for name in ["test-debug.sh", "each-file.sh", "plan-code.sh"] {
        let (output, requests) = script(&place, Script::new(), name, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && requests == 0, "{name}: {said}");
    }
}

#[test]
fn a_change_is_planned_made_reviewed_and_committed() {
    let place = project();
    let plan = Script::new()
        .reply(Reply::new().when("You plan").text("1. Change b.c"))
        .reply(Reply::new().when("1. Change b.c").call("write", write("b.c", "int z;\n")))
        .reply(Reply::new().when("1. Change b.c").text("done"));
    success(&script(&place, plan, "plan-code.sh", &["rename y"]).0);
    assert_eq!(read(&place, "b.c"), "int z;\n");
    // A stage that fails passes nothing on, and its code is that of the pipeline.
    let (output, requests) = script(&place, Script::new().text(""), "plan-code.sh", &["more"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), requests), (Some(2), 1), "{said}");
    assert!(!said.contains("No valid patches"), "{said}");
    let review = Script::new().reply(Reply::new().when("+int z;").text("b.c:1:5: note: short"));
    let sarif = success(&script(&place, review, "review-sarif.sh", &[]).0);
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "note");
    place.git("project", &["add", "--all"], b"");
    let refuse = Script::new().reply(Reply::new().when("+int z;").text("b.c:1:5: error: wrong"));
    let (output, _) = script(&place, refuse, "pre-commit", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("b.c:1:5: error: wrong"));
    let pass = Script::new().text("no findings");
    success(&script(&place, pass, "pre-commit", &[]).0);
    let message = Script::new().reply(Reply::new().when("+int z;").text("Rename y to z"));
    success(&script(&place, message, "commit.sh", &[]).0);
    assert_eq!(place.git("project", &["log", "-1", "--format=%s"], b""), "Rename y to z\n");
}

#[test]
fn files_are_worked_on_at_once_by_xargs_and_make() {
    let place = project();
    let each = Script::new()
        .reply(Reply::new().when("the file a.c").call("write", write("a.c", "// A\n")))
        .reply(Reply::new().when("the file a.c").text("done"))
        .reply(Reply::new().when("the file b.c").call("write", write("b.c", "// B\n")))
        .reply(Reply::new().when("the file b.c").text("done"));
    success(&script(&place, each, "each-file.sh", &["a.c", "b.c"]).0);
    assert_eq!((read(&place, "a.c").as_str(), read(&place, "b.c").as_str()), ("// A\n", "// B\n"));
    let lint = Script::new()
        .reply(Reply::new().when("only the file a.c").text("a.c:1: note: short"))
        .reply(Reply::new().when("only the file b.c").text("no findings"));
    let provider = Scripted::start(lint).unwrap();
    let makefile = examples().join("Makefile");
    let output = run(&place, &provider, &["make", "-j2", "-f", makefile.to_str().unwrap()]);
    success(&output);
    assert_eq!(read(&place, "a.c.findings"), "a.c:1: note: short\n");
    assert_eq!(read(&place, "b.c.findings"), "no findings\n");
}

#[test]
fn the_guide_shows_the_scripts_as_they_are() {
    let guide = examples().join("../../../std-runtime/docs/scripting.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for file in std::fs::read_dir(examples()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(guide.contains(&format!("pipelines/{name}")), "{name}");
        if path.extension().is_some_and(|ending| ending == "yml") {
            continue;
        }
        // The line that matters: the first that runs the command.
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|line| line.contains("zerostack ") && !line.starts_with('#'));
        let line = line.unwrap().trim().trim_start_matches("findings=$(").trim_end_matches(')');
        // A bar in a table is escaped.
        assert!(guide.contains(&line.replace(" | ", " \\| ")), "{name}: {line}");
    }
}
