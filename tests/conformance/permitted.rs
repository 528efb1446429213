//! What a call may do: modes, rules, and how a denial is reported to the model and the user.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::{broken_project, place};

/// A run in which the model makes one call of `bash`, then says "done".
fn run(place: &Place, arguments: &[&str], command: &str) -> (Done, Vec<serde_json::Value>) {
    let script = Script::new().call("bash", json!({"command": command})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(arguments).model(&provider).run();
    let bodies = provider.requests();
    let bodies = bodies.iter().map(|request| serde_json::from_slice(&request.body).unwrap());
    (done, bodies.collect())
}

#[test]
fn a_denied_call_does_not_run_and_the_model_learns_why() {
    let place = broken_project();
    let arguments = ["--mode", "standard", "go"];
    let (done, bodies) = run(&place, &arguments, "echo x > new; curl http://127.0.0.1:1 | sh");
    // Nothing was changed, and what was denied is the reason.
    let line = done.failure(55);
    assert!(line.contains("curl uses the network"), "{line}");
    assert!(line.contains("--allow RULE"), "{line}");
    let messages = bodies[1]["messages"].as_array().unwrap();
    let result = messages.last().unwrap()["content"].as_str().unwrap();
    assert!(
        result.starts_with("not run: curl uses the network by curl http://127.0.0.1:1"),
        "{result}"
    );
    assert!(result.contains("nobody can be asked"), "{result}");
}

#[test]
fn a_result_beside_a_denial_names_it() {
    let place = broken_project();
    let script = Script::new()
        .call("bash", json!({"command": "git push"}))
        .call("write", json!({"path": "new", "content": "x\n"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["--mode", "standard", "go"]).model(&provider).run();
    assert!(done.success().contains("+x"));
    assert!(done.stderr.contains("not permitted: bash git push"), "{}", done.stderr);
}

#[test]
fn a_rule_allows_what_the_mode_does_not_and_denies_what_it_does() {
    let place = broken_project();
    let allowed = ["--mode", "standard", "--allow", "Bash(frobnicate:*)", "go"];
    let (done, bodies) = run(&place, &allowed, "frobnicate; echo x > new");
    done.success();
    assert!(bodies[1].to_string().contains("frobnicate: command not found"), "{}", bodies[1]);
    let denied = ["--deny", "Bash(echo *)", "go"];
    let (done, _) = run(&place, &denied, "true && echo x > new");
    assert!(done.failure(55).contains("a rule denies it"), "{}", done.stderr);
}

#[test]
fn in_the_sandbox_everything_may_run_that_harms_no_machine() {
    let place = broken_project();
    let (done, _) = run(&place, &["go"], "python3 -c 1 || true; echo x > new");
    done.success();
    let (done, bodies) = run(&place, &["go"], "rm -rf /");
    assert_eq!(done.code, 55, "{}", done.stderr);
    assert!(bodies[1].to_string().contains("it deletes /"), "{}", bodies[1]);
}

#[test]
fn a_prompt_narrows_and_never_widens() {
    let place = broken_project();
    std::fs::create_dir_all(place.project().join(".agents/prompts")).unwrap();
    let prompt = "---\nname: look\ndescription: looks\noutput: text\nmode: readonly\n---\nLook.\n";
    std::fs::write(place.project().join(".agents/prompts/look.md"), prompt).unwrap();
    let (done, bodies) = run(&place, &["look", "around"], "echo x > new");
    done.success();
    assert!(bodies[1].to_string().contains("mode readonly"), "{}", bodies[1]);
    let (done, bodies) = run(&place, &["--mode", "full", "look", "around"], "echo x > new");
    done.success();
    assert!(!bodies[1].to_string().contains("not run"), "{}", bodies[1]);
}

#[test]
fn the_configuration_has_rules_and_a_projects_file_only_narrows() {
    let place = broken_project();
    let user = place.folder("home").join(".config/zerostack");
    std::fs::create_dir_all(&user).unwrap();
    let text = "[permissions]\nmode = \"standard\"\nallow = [\"Bash(frobnicate:*)\"]\n";
    std::fs::write(user.join("config.toml"), text).unwrap();
    let (done, _) = run(&place, &["go"], "frobnicate; echo x > new");
    done.success();
    let project = place.project().join(".zerostack");
    std::fs::create_dir_all(&project).unwrap();
    let narrower = "[permissions]\nmode = \"full\"\ndeny = [\"Bash(frobnicate:*)\"]\n";
    std::fs::write(project.join("config.toml"), narrower).unwrap();
    let (done, bodies) = run(&place, &["go"], "frobnicate; echo x > new");
    assert_eq!(done.code, 55, "{}", done.stderr);
    assert!(bodies[1].to_string().contains("Bash(frobnicate:*)"), "{}", bodies[1]);
    std::fs::write(project.join("config.toml"), "[providers.x]\napi = \"ollama\"\n").unwrap();
    let (done, _) = run(&place, &["go"], "true");
    assert!(done.failure(52).contains("a project's file holds only"), "{}", done.stderr);
}

#[test]
fn a_wrong_rule_costs_no_request() {
    let place = place();
    let script = Script::new().reply(Reply::new().text("done"));
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["--allow", "Teleport(x)", "go"]).model(&provider).run();
    assert!(done.failure(2).contains("names no tool"), "{}", done.stderr);
    assert!(provider.requests().is_empty());
}

#[test]
fn a_file_that_a_rule_hides_looks_empty_to_every_tool() {
    let place = broken_project();
    for (path, text) in [
        ("project/secrets/key", "hunter2\n"),
        ("project/secrets/deep/key", "hunter2\n"),
        ("project/.env", "hunter2\n"),
        ("project/app/.env", "hunter2\n"),
        ("project/app/open", "visible\n"),
        ("library/secrets/key", "hunter2\n"),
    ] {
        place.write(path, text);
    }
    let library = place.folder("library");
    let library = library.to_str().unwrap();
    let arguments =
        ["--also", library, "--deny", "Read(./secrets/**)", "--deny", "Read(.env)", "go"];
    let search = format!(
        "grep -rn 'hunter2\\|visible' . {library}; cd app; find .. -name '*env' | xargs cat; \
         d=$(printf ../sec)rets; ls $d; mv $d $d.moved; echo x > new"
    );
    let script = Script::new()
        .call("grep", json!({"pattern": "hunter2|visible"}))
        .call("bash", json!({"command": search}))
        .call("read", json!({"path": "secrets/key"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&arguments).model(&provider).run();
    // What is hidden is in no patch, neither as removed nor as emptied.
    let patch = done.success();
    assert!(patch.contains("+x"), "{patch}");
    assert!(!patch.contains("secrets") && !patch.contains(".env"), "{patch}");
    let last = provider.requests().pop().unwrap();
    let last = String::from_utf8(last.body).unwrap();
    assert_eq!(last.matches("hunter2\\n").count(), 0, "{last}");
    assert!(last.contains("app/open:1:visible") && last.contains("busy"), "{last}");
    assert!(last.contains("a rule denies it (Read(./secrets/**))"), "{last}");
    assert_eq!(std::fs::read(place.project().join("app/.env")).unwrap(), b"hunter2\n");
}
