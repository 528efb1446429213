//! Prompts of other programs run as they are.

use serde_json::Value;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn run(place: &Place, arguments: &[&str], input: Option<&str>, said: &str) -> (String, Value) {
    let provider = Scripted::start(Script::new().reply(Reply::new().text(said).repeat())).unwrap();
    let run = place.zerostack(arguments).model(&provider);
    let run = match input {
        Some(input) => run.input(input),
        None => run,
    };
    let done = run.run().success();
    (done, provider.requests()[0].json())
}

fn messages(request: &Value) -> (String, String) {
    let text = |index: usize| request["messages"][index]["content"].as_str().unwrap().to_owned();
    (text(0), text(1))
}

fn tools(request: &Value) -> usize {
    request["tools"].as_array().map_or(0, Vec::len)
}

#[test]
fn dotprompt_has_roles_input_and_a_schema() {
    let place = place();
    let text = "---\nmodel: scripted\ninput:\n  schema:\n    who: string\n    tone?: string\n  default: {tone: warm}\n\
                output:\n  schema:\n    greeting: string, what to say\n---\n{{role \"system\"}}Be {{tone}}.\n\
                {{role \"user\"}}Greet {{who}}{{#if stdin}}: {{stdin}}{{/if}}";
    place.write("project/.zerostack/prompts/greet.prompt", text);
    let answer = "{\"greeting\":\"Hi\"}";
    let (done, request) = run(&place, &["greet", "--set", "who=Ada"], Some("text"), answer);
    assert_eq!(done, format!("{answer}\n"));
    let (system, user) = messages(&request);
    assert!(system.starts_with("Be warm.") && system.contains("\"greeting\""), "{system}");
    assert_eq!(user, "Greet Ada: text");
    assert_eq!(tools(&request), 0);
    let values = "{\"who\": \"Bo\", \"tone\": \"cool\"}";
    let (_, request) = run(&place, &["greet"], Some(values), answer);
    assert!(messages(&request).0.starts_with("Be cool.") && messages(&request).1 == "Greet Bo");
    // Anything missing, malformed or impossible to send is reported.
    let provider = Scripted::start(Script::new()).unwrap();
    let fails = |text: &str, code: i32, part: &str| {
        place.write("project/.zerostack/prompts/greet.prompt", text);
        let done = place.zerostack(&["greet", "x"]).model(&provider).run();
        assert!(done.failure(code).contains(part), "{part}: {done:?}");
    };
    fails(text, 2, "who is missing; give --set who=VALUE");
    fails("---\na: [\n---\nx", 52, "greet.prompt: front matter, line");
    fails("{{#if a}}", 52, "the block if is not closed");
    fails("{{shout a}}", 52, "there is no helper \"shout\"");
    fails("{{media url=\"u\"}}", 52, "cannot be sent");
    fails("{{role \"model\"}}I did.", 52, "messages of the role model cannot be sent");
    assert!(provider.requests().is_empty());
}

#[test]
fn templates_of_llm_and_patterns_of_fabric_run() {
    let place = place();
    let llm =
        "system: Write as $who would\nprompt: 'Costs $$5: $input'\ndefaults:\n  who: a poet\n";
    place.write("home/.config/io.datasette.llm/templates/verse.yaml", llm);
    let (_, request) = run(&place, &["verse"], Some("tea"), "done");
    let (system, user) = messages(&request);
    assert!(system.starts_with("Write as a poet would"), "{system}");
    assert_eq!(user, "Costs $5: tea");
    let (_, request) = run(&place, &["verse", "--set", "who=Ada", "coffee"], None, "done");
    assert!(messages(&request).0.starts_with("Write as Ada"));
    assert_eq!(messages(&request).1, "Costs $5: coffee");
    place.write("home/.config/fabric/patterns/summarize/system.md", "# IDENTITY\nYou summarize.");
    let (_, request) = run(&place, &["summarize"], Some("long text\n"), "done");
    let (system, user) = messages(&request);
    assert!(system.starts_with("# IDENTITY\nYou summarize."), "{system}");
    assert_eq!((user.as_str(), tools(&request)), ("<stdin>\nlong text\n</stdin>", 0));
    let list = place.zerostack(&["prompts"]).run().success();
    assert!(
        list.contains("verse        Write as $who would\n") && list.contains("summarize"),
        "{list}"
    );
}

#[test]
fn commands_and_agents_of_claude_code_and_prompts_of_vs_code_run() {
    let place = place();
    let command = "---\ndescription: Fix an issue\nargument-hint: [issue]\nallowed-tools: Read\n---\nFix issue $1.";
    place.write("project/.claude/commands/fix-issue.md", command);
    let (_, request) = run(&place, &["fix-issue", "7"], None, "done");
    assert!(messages(&request).0.starts_with("Fix issue 7."));
    assert_eq!(tools(&request), 1);
    let agent = "---\nname: judge\ndescription: Judges\ntools: Read, Grep\n---\nYou judge.";
    place.write("project/.claude/agents/judge.md", agent);
    let (_, request) = run(&place, &["--agent", "judge", "this text"], None, "done");
    assert!(messages(&request).0.starts_with("You judge."));
    assert_eq!((messages(&request).1.as_str(), tools(&request)), ("this text", 2));
    let code = "---\ndescription: Ask\nmode: ask\n---\nAnswer.";
    place.write("project/.github/prompts/quick.prompt.md", code);
    let (_, request) = run(&place, &["quick", "what"], None, "done");
    assert!(messages(&request).0.starts_with("Answer."));
    // One of ours of the same name counts.
    place.write("project/.zerostack/prompts/quick.md", "---\noutput: text\n---\nOURS");
    let (_, request) = run(&place, &["quick", "what"], None, "done");
    assert!(messages(&request).0.starts_with("OURS"));
}
