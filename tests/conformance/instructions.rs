//! What the model is told: the prompt, the nearest AGENTS.md, the task.

use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn model() -> Scripted {
    Scripted::start(Script::new().reply(Reply::new().text("done").repeat())).unwrap()
}

/// The system prompt and the user's text of the only request.
fn told(provider: &Scripted) -> (String, String) {
    let requests = provider.requests();
    let body = requests.last().unwrap().json();
    let text = |index: usize| body["messages"][index]["content"].as_str().unwrap().to_owned();
    (text(0), text(1))
}

fn ask(place: &Place, arguments: &[&str]) -> (String, String) {
    let provider = model();
    let run = place.zerostack(&[&["--output", "text"], arguments].concat());
    run.model(&provider).run().success();
    told(&provider)
}

#[test]
fn the_nearest_agents_file_of_the_repository_counts() {
    let place = place();
    // Above the repository: somebody else's.
    place.write("AGENTS.md", "ABOVE");
    place.write("project/a/b/file", "");
    let deep = place.project().join("a/b");
    let at_deep = || {
        let provider = model();
        let run = place.zerostack(&["--output", "text", "go"]).in_folder(&deep);
        run.model(&provider).run().success();
        told(&provider).0
    };
    place.commit();
    assert!(!at_deep().contains("ABOVE"));
    place.write("project/AGENTS.md", "ROOT");
    assert!(at_deep().contains("<agents-md>\nROOT\n</agents-md>"));
    place.write("project/a/AGENTS.md", "NEAR\n\n");
    let system = at_deep();
    assert!(system.contains("<agents-md>\nNEAR\n</agents-md>") && !system.contains("ROOT"));
    let (system, _) = ask(&place, &["go"]);
    assert!(system.contains("ROOT") && !system.contains("NEAR"));
    // Outside of a repository that of the folder alone.
    std::fs::remove_dir_all(place.project().join(".git")).unwrap();
    std::fs::remove_file(place.project().join("a/AGENTS.md")).unwrap();
    assert!(!at_deep().contains("ROOT"));
    assert!(ask(&place, &["go"]).0.contains("ROOT"));
}

#[test]
fn an_agents_file_that_cannot_be_used_is_an_error() {
    let provider = model();
    let bad = |make: &dyn Fn(&std::path::Path), part: &str| {
        let place = place();
        make(&place.project().join("AGENTS.md"));
        let done = place.zerostack(&["go"]).model(&provider).run();
        let said = done.failure(42);
        assert!(said.contains("AGENTS.md: ") && said.contains(part), "{said}");
    };
    bad(&|path| std::fs::write(path, "x".repeat(65537)).unwrap(), "longer than 65536 bytes");
    bad(&|path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(), "leads out");
    bad(&|path| std::fs::create_dir(path).unwrap(), "no regular file");
    bad(&|path| std::fs::write(path, b"\xff").unwrap(), "UTF-8");
    assert!(provider.requests().is_empty());
}

#[test]
fn prompts_of_the_user_and_the_project_are_used_and_the_nearest_wins() {
    let place = place();
    let prompt = |text: &str| format!("---\ndescription: Mine\noutput: text\n---\n{text}\n");
    place.write("home/.config/zerostack/prompts/greet.md", prompt("USER"));
    assert!(ask(&place, &["greet", "now"]).0.starts_with("USER\n"));
    place.write("project/.agents/prompts/greet.md", prompt("AGENTS"));
    assert!(ask(&place, &["greet", "now"]).0.starts_with("AGENTS\n"));
    place.write("project/.zerostack/prompts/greet.md", prompt("PROJECT"));
    let (system, task) = ask(&place, &["greet", "now"]);
    assert!(system.starts_with("PROJECT\n") && task == "now", "{system}: {task}");
    assert_eq!(ask(&place, &["-p", "greet", "fix", "it"]).1, "fix it");
    assert_eq!(ask(&place, &["run", "greet", "it"]).1, "it");
    // One with a hole for the task holds it; one of a built-in name takes its place.
    place.write("project/.zerostack/prompts/explain.md", prompt("Explain $ARGUMENTS to a child."));
    let (system, task) = ask(&place, &["explain", "the", "sky"]);
    assert!(
        system.starts_with("Explain the sky to a child.") && task == "Begin.",
        "{system}: {task}"
    );
    let list = place.zerostack(&["prompts"]).run().success();
    assert!(list.contains("greet        Mine\n") && list.contains("explain      Mine\n"), "{list}");
    assert!(list.contains("\nfix  "), "{list}");
}

#[test]
fn included_prompts_stand_before_and_a_blank_line_between() {
    let place = place();
    let write = |name: &str, text: &str| {
        place.write(&format!("project/.zerostack/prompts/{name}.md"), text);
    };
    write("kind", "Be kind.");
    write("nothing", "---\ndescription: No text\n---\n");
    write("brief", "---\nincludes: [kind]\n---\nBe brief.\n\n\n");
    write("mine", "---\noutput: text\nincludes: [brief, nothing, kind]\n---\n\nBegin\nhere.\n");
    let (system, task) = ask(&place, &["mine", "go"]);
    let expected = "Be kind.\n\nBe brief.\n\nBe kind.\n\nBegin\nhere.\n\nWorking folder: ";
    assert!(system.starts_with(expected) && task == "go", "{system}: {task}");
    // The task stands where an included prompt has it, and not again behind it.
    write("kind", "Do $ARGUMENTS kindly.");
    let (system, task) = ask(&place, &["brief", "it"]);
    assert!(
        system.starts_with("Do it kindly.\n\nBe brief.") && task == "Begin.",
        "{system}: {task}"
    );
}

#[test]
fn a_prompt_that_cannot_be_used_is_an_error_with_its_place() {
    for (name, text, arguments, code, part) in [
        ("mine.md", "---\noutput: song\n---\nDo it.", &["mine", "go"][..], 52, "mine.md, line 2"),
        ("mine.md", "---\nunclosed", &["mine", "go"], 52, "mine.md, line"),
        ("mine.md", "{{missing}}", &["mine", "go"], 52, "mine.md: {{missing}} has no value"),
    ] {
        let place = place();
        place.write(&format!("project/.zerostack/prompts/{name}"), text);
        let provider = model();
        let done = place.zerostack(arguments).model(&provider).run();
        let said = done.failure(code);
        assert!(said.contains(part), "{name}: {said}");
        assert!(provider.requests().is_empty());
    }
}

#[test]
fn every_built_in_prompt_runs() {
    let place = place();
    let list = place.zerostack(&["prompts"]).run().success();
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 6, "{list}");
    for name in names {
        let (system, task) = ask(&place, &[name, "the task"]);
        assert!(
            system.len() > 300 && (task == "the task" || system.contains("the task")),
            "{name}"
        );
    }
}
