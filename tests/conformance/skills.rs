//! Skills are listed once, loaded when they are needed, and only narrow what a run may do.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

const SKILL: &str = "---\nname: NAME\ndescription: What NAME is for\n---\nDo it like this.\n";

fn add(place: &Place, folder: &str, name: &str, front: &str) {
    let text = SKILL.replace("NAME", name).replace("\n---\nDo", &format!("\n{front}---\nDo"));
    place.write(&format!("{folder}/{name}/SKILL.md"), text);
}

fn run(place: &Place, script: Script) -> (Done, Vec<Value>) {
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["ask", "go"]).model(&provider).run();
    (done, provider.requests().iter().map(|request| request.json()).collect())
}

fn system(request: &Value) -> &str {
    request["messages"][0]["content"].as_str().unwrap()
}

/// The results of the last calls.
fn results(request: &Value) -> Vec<&str> {
    let messages = request["messages"].as_array().unwrap();
    let results = messages.iter().filter(|it| it["role"] == "tool");
    results.map(|it| it["content"].as_str().unwrap()).collect()
}

#[test]
fn skills_are_listed_and_loaded_with_their_files() {
    let place = place();
    add(&place, "project/.agents/skills", "pdf", "");
    place.write("project/.agents/skills/pdf/forms/a.md", "FORM");
    add(&place, "project/.claude/skills", "charts", "");
    add(&place, "home/.agents/skills", "mine", "");
    place.write("home/.agents/skills/mine/b.md", "MINE");
    std::os::unix::fs::symlink("/etc/passwd", place.project().join(".agents/skills/pdf/out"))
        .unwrap();
    let skill = |arguments: Value| ("skill", arguments);
    let calls = [
        skill(json!({"name": "pdf"})),
        skill(json!({"name": "pdf", "file": "forms/a.md"})),
        skill(json!({"name": "mine", "file": "b.md"})),
        skill(json!({"name": "pdf", "file": "out"})),
        skill(json!({"name": "pdf", "file": "../../../AGENTS.md"})),
        skill(json!({"name": "none"})),
    ];
    let reply = calls.into_iter().fold(Reply::new(), |reply, (name, it)| reply.call(name, it));
    let (done, requests) = run(&place, Script::new().reply(reply).text("done"));
    done.success();
    let listing = "Skills; load one with `skill` before work that it is for:\n\
                   - mine: What mine is for\n- charts: What charts is for\n- pdf: What pdf is for";
    assert!(system(&requests[0]).ends_with(listing), "{}", system(&requests[0]));
    let found = results(&requests[1]);
    assert!(found[0].starts_with("Do it like this.") && found[0].contains("forms/a.md"));
    assert!(!found[0].contains("out"), "{}", found[0]);
    assert_eq!(found[1..3], ["FORM", "MINE"]);
    assert!(found[3].contains("leads out"), "{}", found[3]);
    assert!(found[4].contains("not a path within the skill"), "{}", found[4]);
    assert!(found[5].contains("there are mine, charts, pdf"), "{}", found[5]);
    // The second request begins as the first.
    let first = requests[0]["messages"].as_array().unwrap();
    assert_eq!(requests[1]["messages"].as_array().unwrap()[..first.len()], first[..]);
    assert_eq!(requests[1]["tools"], requests[0]["tools"]);
}

#[test]
fn without_skills_nothing_is_said_of_them() {
    let (done, requests) = run(&place(), Script::new().text("done"));
    done.success();
    assert!(!requests[0].to_string().to_lowercase().contains("skill"));
}

#[test]
fn allowed_tools_narrow_and_never_widen() {
    let place = place();
    place.write("project/a", "text");
    add(&place, "project/.agents/skills", "reader", "allowed-tools: Read, Edit, Bash(git log:*)\n");
    let script = Script::new()
        .call("list", json!({"path": "."}))
        .call("skill", json!({"name": "reader"}))
        .reply(
            Reply::new()
                .call("read", json!({"path": "a"}))
                .call("list", json!({"path": "."}))
                .call("bash", json!({"command": "touch x"})),
        )
        .text("done");
    let (done, requests) = run(&place, script);
    done.success();
    let found = results(requests.last().unwrap());
    assert!(found[0].contains('a'), "{}", found[0]);
    // The prompt has no edit, and the skill cannot give it.
    assert!(found[1].contains("This run has no Edit"), "{}", found[1]);
    assert!(found[2].contains("text"), "{}", found[2]);
    for result in &found[3..] {
        assert!(result.contains("the skill reader allows Read, Edit, Bash(git log:*)"), "{result}");
    }
}

#[test]
fn faults_of_skills_are_reported() {
    let place = place();
    add(&place, "project/.agents/skills", "one", "");
    add(&place, "project/.claude/skills", "one", "");
    place.write("project/.agents/skills/empty/SKILL.md", "---\nname: empty\n---\nx");
    place.write("project/.agents/skills/broken/SKILL.md", "---\nname: 'x\n---\nx");
    add(&place, "project/.agents/skills", "hidden", "disable-model-invocation: true\n");
    let (done, requests) = run(&place, Script::new().text("done"));
    done.success();
    for part in [
        "two skills are called one: ",
        ".agents/skills/empty/SKILL.md is left out: it has no description",
        "broken/SKILL.md is left out: ",
    ] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    assert!(system(&requests[0]).ends_with("for:\n- one: What one is for"));
}

#[test]
fn ten_skills_cost_less_than_a_hundred_tokens_beside_their_descriptions() {
    let place = place();
    let names: Vec<String> = (0..10).map(|index| format!("skill-{index}")).collect();
    names.iter().for_each(|name| add(&place, "project/.agents/skills", name, ""));
    let (_, requests) = run(&place, Script::new().text("done"));
    let listing = system(&requests[0]).split("\n\nSkills;").nth(1).unwrap().to_owned();
    let tokens = |text: &str| -> u32 {
        let count = place.zerostack(&["tokens", "--vocab", "o200k"]).input(text).run().success();
        count.trim().parse().unwrap()
    };
    let descriptions: u32 = names.iter().map(|name| tokens(&format!("What {name} is for"))).sum();
    let beside = tokens(&format!("Skills;{listing}")) - descriptions;
    println!("{beside} tokens beside the descriptions");
    assert!(beside <= 100, "{beside}");
}
