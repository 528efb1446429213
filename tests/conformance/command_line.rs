//! The grammar of the command line, its help, its completions and its manual pages.

use std::fs;

use zerostack::scripted::{Reply, Script, Scripted};

use super::place;

fn model() -> Scripted {
    Scripted::start(Script::new().reply(Reply::new().text("done").repeat())).unwrap()
}

/// What the user said in the last request.
fn said(provider: &Scripted) -> String {
    let body = provider.requests().last().unwrap().json();
    let message = body["messages"].as_array().unwrap().last().unwrap().clone();
    message["content"].as_str().unwrap().to_owned()
}

#[test]
fn an_unknown_first_word_costs_nothing() {
    let place = place();
    place.write("project/.zerostack/prompts/tidy-up.md", "---\noutput: text\n---\nTidy.");
    let provider = model();
    for (line, part) in [
        ("fxi it", "unknown command or prompt \"fxi\"; did you mean \"fix\"?"),
        ("lnit", "did you mean \"lint\"?"),
        ("tidyup", "did you mean \"tidy-up\"?"),
        ("prompt", "did you mean \"prompts\"?"),
        ("lo", "did you mean \"log\"?"),
        ("-q udno", "did you mean \"undo\"?"),
        ("--model m -w udno", "did you mean \"undo\"?"),
        ("make the test pass", "quote an instruction"),
        ("count", "`zerostack help` list them"),
        ("frobnicate", "`zerostack code -- frobnicate` gives it as an instruction"),
        ("help fxi", "unknown command \"fxi\""),
        ("man undu", "unknown command \"undu\"; did you mean \"undo\"?"),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let done = place.zerostack(&arguments).model(&provider).input("text").run();
        let complaint = done.failure(2);
        assert!(complaint.contains(part), "{line}: {complaint}");
        assert_eq!(done.stdout, b"", "{line}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn an_instruction_has_a_blank_or_follows_a_name() {
    let place = place();
    place.write("project/.zerostack/prompts/undo.md", "---\noutput: text\n---\nMINE");
    for (arguments, expected) in [
        (&["ask", "why"][..], "why"),
        (&["ask", "--", "log"], "log"),
        (&["ask", "--", "--write"], "--write"),
        (&["--output", "text", "undo the last commit"], "undo the last commit"),
        (&["run", "--output", "text", "frobnicate"], "frobnicate"),
        (&["run", "--output", "text", "--", "ask"], "ask"),
        (&["--output=text", "--", "frobnicate"], "frobnicate"),
        (&["-p", "undo", "log", "it"], "log it"),
        (&["run", "-p", "undo", "it"], "it"),
        (&["-qm", "log", "ask", "it"], "it"),
    ] {
        let provider = model();
        place.zerostack(arguments).model(&provider).run().success();
        assert_eq!(said(&provider), expected, "{arguments:?}");
    }
    // It is one, and never a run.
    assert!(place.zerostack(&["undo"]).run().failure(42).contains("nothing to undo"));
}

#[test]
fn errors_name_the_option_and_what_to_do() {
    let place = place();
    for (line, expected) in [
        ("--colour", "unknown option --colour; did you mean --color?"),
        ("--max-round 3 x", "unknown option --max-round; did you mean --max-rounds?"),
        ("decode --evnts", "unknown option --evnts; did you mean --events?"),
        ("x --max-rounds 0", "--max-rounds must be at least 1, not 0"),
        ("x --max-rounds -3", "--max-rounds must be at least 1, not -3"),
        ("x --max-rounds=-3", "--max-rounds must be at least 1, not -3"),
        ("x --max-rounds many", "--max-rounds must be a whole number, not \"many\""),
        ("x --max-rounds 70000", "--max-rounds must be at most 65535, not \"70000\""),
        ("x --max-attempts 256", "--max-attempts must be at most 255, not \"256\""),
        ("x --max-cost -1", "--max-cost must be an amount from 0.000001 to 4294, not \"-1\""),
        ("x --mode stanard", "not \"stanard\"; did you mean standard?"),
        ("x --sandbox", "--sandbox needs a value"),
        ("x --model --write", "--model needs a value"),
        ("x --write=yes", "--write takes no value"),
        ("x --allow Bash(", "--allow: "),
        ("undo one", "RUN must be the number of a run, not \"one\"; see `zerostack log`"),
        ("undo 1 2", "unexpected argument \"2\"; see `zerostack undo --help`"),
        ("diff 1", "the number of a run is missing"),
        ("step --begin --answer x", "--begin and --answer cannot be combined"),
        ("completions tcsh", "SHELL must be one of bash, zsh, fish, not \"tcsh\""),
        ("--effort high", "unknown option --effort; did you mean --reasoning-effort?"),
        ("--timeout 5", "unknown option --timeout; did you mean --time-limit?"),
        ("chat --events json", "unknown option --events; see `zerostack chat --help`"),
        ("x --model=", "--model needs a value"),
        ("x --env A=b", "--env must be the name of a variable without a value; set it before"),
        ("x --temperature 9", "--temperature must be from 0 to 2, not \"9\""),
        ("permissions chek", "permissions: unknown subcommand \"chek\"; did you mean check?"),
        ("permissions", "permissions: the subcommand is missing; use check"),
        ("prompts lst", "prompts: unknown subcommand \"lst\"; did you mean list?"),
        ("prompts show", "prompts show: wrong number of arguments; see `zerostack prompts --help`"),
        ("patch", "patch: the subcommand is missing; use apply"),
        ("sessions foo", "sessions: unknown subcommand \"foo\"; use list, show, remove"),
        ("worktree neww x", "worktree: unknown subcommand \"neww\"; did you mean new?"),
        ("sdk", "sdk: the subcommand is missing; use claude, codex"),
        ("log -C", "--folder needs a value"),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let done = place.zerostack(&arguments).run();
        let complaint = done.failure(2);
        assert!(complaint.contains(expected), "{line}: {complaint}");
        assert_eq!(done.stdout, b"", "{line}");
    }
}

/// The names of the commands, as the help lists them.
fn commands(help: &str) -> Vec<String> {
    let listed = help.split("\nRuns:\n").nth(1).unwrap();
    let listed = listed.split("\nA run takes").next().unwrap();
    let names = listed.lines().filter_map(|line| line.strip_prefix("  "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn each_command_has_a_short_and_a_long_help() {
    let place = place();
    let help = place.zerostack(&["--help"]).run().success();
    let commands = commands(&help);
    assert!(commands.len() >= 15, "{commands:?}");
    for command in std::iter::once(None).chain(commands.iter().map(|name| Some(name.as_str()))) {
        let ask = |flag| {
            let arguments: Vec<&str> = command.into_iter().chain([flag]).collect();
            let text = place.zerostack(&arguments).run().success();
            assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
            text
        };
        let (short, long) = (ask("-h"), ask("--help"));
        assert!(short.lines().count() <= 24, "{short}");
        assert!(long.lines().count() >= short.lines().count(), "{long}");
        if let Some(command) = command {
            assert!(long.starts_with(&format!("zerostack {command} - ")), "{long}");
            assert_eq!(place.zerostack(&["help", command]).run().success(), long);
        }
    }
    let run = place.zerostack(&["run", "--help"]).run().success();
    for group in ["Model", "Files", "Sandbox", "Permissions", "Output", "Limits"] {
        assert!(run.contains(&format!("\n{group}:\n  ")), "{run}");
    }
    // A flag of another command is not one of its own.
    let undo = place.zerostack(&["undo", "--help"]).run().success();
    assert!(!undo.contains("--max-rounds") && undo.contains("--folder DIR"), "{undo}");
}

#[test]
fn completions_know_commands_flags_values_and_the_prompts_of_the_folder() {
    let place = place();
    place.write("project/.zerostack/prompts/tidy.md", "Tidy.");
    place.write("project/.zerostack/prompts/x$(id).md", "Evil.");
    let complete = |words: &[&str]| {
        let arguments = [&["complete", "--"], words].concat();
        let done = place.zerostack(&arguments).run().success();
        done.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["und"]), ["undo"]);
    assert_eq!(complete(&["ti"]), ["tidy"]);
    assert_eq!(complete(&["-q", "ti"]), ["tidy"]);
    assert_eq!(complete(&["x"]), [""; 0], "a name that a shell would act on is left out");
    assert_eq!(complete(&["-p", "ti"]), ["tidy"]);
    assert_eq!(complete(&["fix", "--max-ro"]), ["--max-rounds"]);
    assert_eq!(complete(&["--sandbox", ""]), ["on", "landlock", "off"]);
    assert_eq!(complete(&["decode", "--api", "ant"]), ["anthropic"]);
    assert_eq!(complete(&["undo", "--max"]), [""; 0]);
    assert_eq!(complete(&["completions", "z"]), ["zsh"]);
    assert_eq!(complete(&["help", "deco"]), ["decode"]);
    assert_eq!(complete(&["ask", "--", "--wri"]), [""; 0]);
    let all = complete(&[""]);
    assert!(all.contains(&"fix".to_owned()) && !all.contains(&"complete".to_owned()), "{all:?}");
}

#[test]
fn the_script_for_bash_completes_in_bash() {
    let place = place();
    place.write("project/.zerostack/prompts/tidy.md", "Tidy.");
    let script = place.zerostack(&["completions", "bash"]).run().success();
    place.write("project/zerostack.bash", script);
    let program = env!("CARGO_BIN_EXE_zerostack-command");
    let completed = |line: &str| {
        let body = format!(
            "source ./zerostack.bash; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             COMP_WORDS[0]={program}; _zerostack; echo \"${{COMPREPLY[*]}}\""
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &body])
            .current_dir(place.project())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(completed("zerostack tid"), "tidy");
    assert_eq!(completed("zerostack run --output find"), "findings");
    assert_eq!(completed("zerostack undo ''"), "");
    for shell in ["zsh", "fish"] {
        let script = place.zerostack(&["completions", shell]).run().success();
        assert!(script.contains("complete -- "), "{script}");
    }
}

#[test]
fn a_manual_page_for_each_command() {
    let place = place();
    let pages = place.folder("pages");
    fs::create_dir(&pages).unwrap();
    place.zerostack(&["man", "--dir", pages.to_str().unwrap()]).run().success();
    let help = place.zerostack(&["--help"]).run().success();
    let mut names: Vec<String> =
        commands(&help).iter().map(|name| format!("zerostack-{name}.1")).collect();
    names.push("zerostack.1".to_owned());
    for name in names {
        let page = fs::read_to_string(pages.join(&name)).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".TH zerostack"), "{name}");
    }
    let page = place.zerostack(&["man"]).run().success();
    assert!(page.contains("max\\-rounds") && page.contains("zerostack\\-undo(1)"), "{page}");
    let page = place.zerostack(&["man", "undo"]).run().success();
    assert!(page.contains("zerostack\\-undo") && !page.contains("max\\-rounds"), "{page}");
    let done = place.zerostack(&["man", "--dir", "/no/such"]).run();
    assert!(done.failure(42).contains("/no/such: "), "{done:?}");
}
