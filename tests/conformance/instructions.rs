//! The model's instructions: the prompt, the files AGENTS.md, the task.

use serde_json::json;
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
fn the_agents_files_from_the_root_of_the_repository_down_count() {
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
    assert!(at_deep().contains("<agents-md path=\"../../AGENTS.md\">\nROOT\n</agents-md>"));
    place.write("project/a/AGENTS.md", "NEAR\n\n");
    let system = at_deep();
    let both = "<agents-md path=\"../../AGENTS.md\">\nROOT\n</agents-md>\n\n\
                <agents-md path=\"../AGENTS.md\">\nNEAR\n</agents-md>";
    assert!(system.ends_with(both), "{system}");
    let (system, _) = ask(&place, &["go"]);
    assert!(system.contains("ROOT") && !system.contains("NEAR"));
    // Outside of a repository that of the folder alone.
    std::fs::remove_dir_all(place.project().join(".git")).unwrap();
    std::fs::remove_file(place.project().join("a/AGENTS.md")).unwrap();
    assert!(!at_deep().contains("ROOT"));
    assert!(ask(&place, &["go"]).0.contains("ROOT"));
    // CLAUDE.md only where there is no AGENTS.md.
    place.write("project/CLAUDE.md", "OTHER");
    assert!(!ask(&place, &["go"]).0.contains("OTHER"));
    std::fs::remove_file(place.project().join("AGENTS.md")).unwrap();
    assert!(ask(&place, &["go"]).0.contains("<agents-md path=\"CLAUDE.md\">\nOTHER\n"));
}

#[test]
fn instructions_of_a_folder_come_once_with_the_first_call_that_works_there() {
    let place = place();
    place.write("project/AGENTS.md", "ROOT");
    place.write("project/a/AGENTS.md", "NEAR @notes.md");
    place.write("project/a/notes.md", "NOTES");
    place.write("project/a/b/CLAUDE.md", "DEEP");
    place.write("project/a/b/file", "text");
    place.write("project/c/AGENTS.md", "x".repeat(65537));
    let read = || json!({"path": "a/b/file"});
    let script = Script::new()
        .reply(Reply::new().call("read", read()).call("list", json!({"path": "a"})))
        .call("bash", json!({"command": "cat a/b/file c/none"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let run = place.zerostack(&["--output", "text", "go"]);
    let done = run.model(&provider).run();
    assert_eq!(done.success(), "done\n");
    assert!(done.stderr.contains("c/AGENTS.md is not used: it is longer than"), "{done:?}");
    let bodies: Vec<_> = provider.requests().iter().map(|it| it.json()).collect();
    // Each request begins as the one before it.
    let messages = |index: usize| bodies[index]["messages"].as_array().unwrap().clone();
    for index in 1..bodies.len() {
        let (before, now) = (messages(index - 1), messages(index));
        assert_eq!(now[..before.len()], before[..]);
        assert_eq!(bodies[index]["tools"], bodies[0]["tools"]);
    }
    let first = messages(0)[0].to_string();
    assert!(first.contains("ROOT") && !first.contains("NEAR"));
    let last = messages(2);
    let result = |index: usize| last[index]["content"].as_str().unwrap().to_owned();
    let entered = "<agents-md path=\"a/AGENTS.md\">\nNEAR @notes.md\n</agents-md>\n\n\
                   <file path=\"notes.md\">\nNOTES\n</file>\n\n\
                   <agents-md path=\"a/b/CLAUDE.md\">\nDEEP\n</agents-md>";
    assert!(result(3).ends_with(entered), "{}", result(3));
    for part in ["ROOT", "NEAR", "DEEP"] {
        assert_eq!(last.iter().filter(|it| it.to_string().contains(part)).count(), 1, "{part}");
    }
}

#[test]
fn files_that_the_task_mentions_are_given_and_stdin_mentions_none() {
    let place = place();
    place.write("project/src/a.rs", "fn a() {}\n");
    place.write("project/long", "x".repeat(65537));
    std::os::unix::fs::symlink("/etc/passwd", place.project().join("link")).unwrap();
    let provider = model();
    let task = "explain @src/a.rs to @team, @long @link";
    let run = place.zerostack(&["ask", task]).input("see @src/a.rs\n");
    let done = run.model(&provider).run();
    done.success();
    let (_, said) = told(&provider);
    let file = "<file path=\"src/a.rs\">\nfn a() {}\n</file>";
    assert_eq!(said, format!("{task}\n\n{file}\n\n<stdin>\nsee @src/a.rs\n</stdin>"));
    for part in
        ["@long is not included: it is longer than 65536", "@link is not included: it is a link"]
    {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    assert!(!done.stderr.contains("team"), "{}", done.stderr);
}

#[test]
fn a_mention_gives_a_file_of_the_project_once_or_says_why_not() {
    let place = place();
    place.write("outside/secret", "SECRET");
    place.write("project/docs/a.md", "ONCE and @b.md");
    place.write("project/docs/b.md", "SECOND @a.md");
    place.write("project/binary", b"\xff\xfe\x00");
    place.write("project/huge", "x".repeat(10 << 20));
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, place.project().join(name)).unwrap();
    };
    link("../outside/secret", "out");
    link("../outside", "folder");
    link("circle", "circle");
    link("docs/a.md", "inside");
    let agents = "Read @docs/a.md and @AGENTS.md. Not `@docs/b.md`, ``@docs/b.md``, @none, me@docs.org\n\
                  ~~~\n@docs/b.md\n~~~\n";
    place.write("project/AGENTS.md", agents);
    let provider = model();
    let task = "@docs/a.md @docs @binary @huge @out @folder/secret @circle @../outside/secret @none \
                x@docs/b.md `@docs/b.md`";
    let done = place.zerostack(&["ask", task]).model(&provider).run();
    done.success();
    let (system, said) = told(&provider);
    // The file that the instructions mention is there already, and mentions no more.
    let all = format!("{system}{said}");
    assert_eq!(all.matches("ONCE and").count(), 1, "{all}");
    assert_eq!(all.matches("Read @docs/a.md").count(), 1, "{all}");
    assert!(!all.contains("SECOND") && !all.contains("SECRET"), "{all}");
    assert_eq!(said, task);
    for (name, part) in [
        ("binary", "it is not UTF-8"),
        ("huge", "it is longer than 65536 bytes"),
        ("out", "leads out of its folder"),
        ("folder/secret", "leads out of its folder"),
        ("circle", "@circle is not included: "),
        ("../outside/secret", "it is outside the project"),
    ] {
        let note = done.stderr.lines().find(|line| line.contains(&format!("@{name} is not")));
        assert!(note.is_some_and(|note| note.contains(part)), "{name}: {}", done.stderr);
    }
    assert!(!done.stderr.contains("none") && !done.stderr.contains("@docs"), "{}", done.stderr);
    // A link inside gives the file.
    assert!(ask(&place, &["see @inside"]).1.contains("<file path=\"inside\">\nONCE and"));
}

#[test]
fn the_limit_of_all_files_together_is_reported() {
    let place = place();
    for name in 0..5 {
        place.write(&format!("project/file{name}"), "x".repeat(60_000));
    }
    let provider = model();
    let task = "@file0 @file1 @file2 @file3 @file4";
    let done = place.zerostack(&["ask", task]).model(&provider).run();
    done.success();
    let (_, said) = told(&provider);
    assert_eq!(said.matches("<file path=").count(), 4);
    let part = "@file4 is not included: with those before it, it is longer than 262144 bytes";
    assert!(done.stderr.contains(part), "{}", done.stderr);
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
    bad(&|path| std::fs::create_dir(path).unwrap(), "not a regular file");
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
    // One with a placeholder for the task holds it; one of a built-in name takes its place.
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
fn included_prompts_come_first_with_a_blank_line_between() {
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
    // The task is placed where an included prompt has it, and not a second time after it.
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
