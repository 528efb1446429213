//! A file of the project widens what the model may do only if the user trusts its bytes.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::asked::on_terminal;
use super::broken_project;

const CONFIG: &str = ".zerostack/config.toml";
const ALLOWS: &str = "[permissions]\nmode = \"full\"\nallow = [\"Bash(python3 -c:*)\"]\n";

/// A run whose model calls a command that needs permission.
fn run(place: &Place, arguments: &[&str]) -> Done {
    let command = json!({"command": "python3 -c 1; echo x >new"});
    let provider = Scripted::start(Script::new().call("bash", command).text("done")).unwrap();
    place.zerostack(arguments).model(&provider).run()
}

fn project(config: &str) -> Place {
    let place = broken_project();
    place.write(&format!("project/{CONFIG}"), config);
    place
}

#[test]
fn what_a_configuration_widens_holds_when_it_is_trusted_and_until_it_changes() {
    let place = project(ALLOWS);
    // The user's own mode is narrower.
    place.write("home/.config/zerostack/config.toml", "[permissions]\nmode = \"standard\"\n");
    let path = place.project().join(CONFIG);
    let path = path.to_str().unwrap();
    let done = run(&place, &["go"]);
    done.failure(55);
    let line = format!(
        "{path} is not trusted, so what it widens does not hold: allow Bash(python3 -c:*), mode \
         full; `zerostack trust {path}` trusts it as it is now"
    );
    assert!(done.stderr.contains(&line), "{}", done.stderr);
    let listed = place.zerostack(&["trust"]).run().success();
    assert_eq!(listed, format!("not trusted: {path}: allow Bash(python3 -c:*), mode full\n"));
    place.zerostack(&["trust", CONFIG]).writes().run().success();
    assert!(place.zerostack(&["trust"]).run().success().starts_with("trusted: "));
    let done = run(&place, &["go"]);
    assert!(done.success().contains("+x"));
    assert!(!done.stderr.contains("not trusted"), "{}", done.stderr);
    // A byte more is another file.
    place.write(&format!("project/{CONFIG}"), format!("{ALLOWS}\n"));
    run(&place, &["go"]).failure(55);
    place.write(&format!("project/{CONFIG}"), ALLOWS);
    assert!(run(&place, &["go"]).success().contains("+x"));
    place.zerostack(&["trust", "--forget", CONFIG]).writes().run().success();
    run(&place, &["go"]).failure(55);
}

#[test]
fn a_network_that_a_configuration_opens_needs_trust() {
    let place = project("[sandbox]\nnet = \"on\"\nenv = [\"TOKEN\"]\n");
    let printed = |arguments: &[&str]| {
        let done = place.zerostack(arguments).env("TOKEN", "t").run();
        (done.success(), done.stderr)
    };
    let (settings, warnings) = printed(&["config"]);
    assert!(settings.contains("sandbox.net            off"), "{settings}");
    assert!(warnings.contains("variable TOKEN, net on"), "{warnings}");
    place.zerostack(&["trust", CONFIG]).writes().run().success();
    let (settings, warnings) = printed(&["config"]);
    assert!(settings.contains("sandbox.net            on  (project"), "{settings}");
    assert!(!warnings.contains("not trusted"), "{warnings}");
    let command = json!({"command": "echo \"[$TOKEN]\""});
    let provider = Scripted::start(Script::new().call("bash", command).text("done")).unwrap();
    let done = place.zerostack(&["ask", "go"]).env("TOKEN", "t").model(&provider).run();
    done.success();
    assert!(provider.requests()[1].json().to_string().contains("[t]"), "{done:?}");
}

#[test]
fn a_prompt_of_the_project_has_subagents_when_it_is_trusted() {
    let place = broken_project();
    let prompt = ".zerostack/prompts/boss.md";
    let text = "---\noutput: text\ntools: [read, task]\nmode: full\n---\nBOSS";
    place.write(&format!("project/{prompt}"), text);
    let tools = || {
        let provider = Scripted::start(Script::new().text("done")).unwrap();
        let done = place.zerostack(&["boss", "go"]).model(&provider).run();
        done.success();
        let request = provider.requests()[0].json();
        let tools = request["tools"].as_array().unwrap().iter();
        let names: Vec<String> =
            tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect();
        (names, done.stderr)
    };
    let (names, warnings) = tools();
    assert_eq!(names, ["read"]);
    assert!(warnings.contains("boss.md is not trusted"), "{warnings}");
    assert!(warnings.contains("mode full, tool task"), "{warnings}");
    place.zerostack(&["trust", prompt]).writes().run().success();
    let (names, warnings) = tools();
    assert_eq!(names, ["read", "task"]);
    assert!(!warnings.contains("not trusted"), "{warnings}");
}

#[test]
fn a_skill_widens_nothing_and_needs_no_trust() {
    let place = broken_project();
    let skill = "---\nname: s\ndescription: Does\nallowed-tools: Bash(python3:*)\n---\nDo it.";
    place.write("project/.agents/skills/s/SKILL.md", skill);
    let command = json!({"command": "python3 -c 1"});
    let script =
        Script::new().call("skill", json!({"name": "s"})).call("bash", command).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["--mode", "standard", "ask", "go"]).model(&provider).run();
    done.success();
    assert!(done.stderr.contains("not permitted: bash python3 -c 1"), "{}", done.stderr);
    assert_eq!(place.zerostack(&["trust"]).run().success(), "");
    place.zerostack(&["trust", ".agents/skills/s/SKILL.md"]).run().failure(42);
}

#[test]
fn a_person_is_asked_once_and_the_answer_holds_for_these_bytes() {
    let place = project(ALLOWS);
    let command = json!({"command": "python3 -c 1; echo x >new"});
    let script = || Script::new().call("bash", command.clone()).text("done");
    let config = "home/.config/zerostack/config.toml";
    place.write(config, "[permissions]\nmode = \"standard\"\n");
    let asked = on_terminal(&place, script(), &["go"], &["what", "y"]);
    assert!(asked.screen.contains("allow Bash(python3 -c:*)"), "{}", asked.screen);
    assert!(
        asked.screen.contains("Do you trust the current content of this file?"),
        "{}",
        asked.screen
    );
    assert_eq!((asked.code, asked.stdout.matches("+x").count()), (0, 1), "{}", asked.screen);
    assert_eq!(asked.results, ["[exit 0]\n"]);
    // The answer holds for the next run, and without a terminal too.
    let asked = on_terminal(&place, script(), &["go"], &[]);
    assert_eq!(asked.code, 0, "{}", asked.screen);
    assert!(run(&place, &["go"]).success().contains("+x"));
    // Other bytes are asked about again; a no is kept too, and the call is asked about.
    place.write(&format!("project/{CONFIG}"), format!("{ALLOWS}# more\n"));
    let asked = on_terminal(&place, script(), &["go"], &["n", "n"]);
    assert!(asked.screen.contains("is not trusted"), "{}", asked.screen);
    assert_eq!(asked.code, 55, "{}", asked.screen);
    let asked = on_terminal(&place, script(), &["go"], &["y"]);
    assert!(!asked.screen.contains("Do you trust"), "{}", asked.screen);
    assert_eq!(asked.code, 0, "{}", asked.screen);
    let provider = Scripted::start(Script::new().reply(Reply::new().text("x"))).unwrap();
    place.zerostack(&["ask", "go"]).model(&provider).run().success();
}
