//! A prompt is a command: it runs by its file, has its own help and flags, and takes typed input.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

const TRANSLATE: &str = "#!/usr/bin/env zerostack\n---\ndescription: Translate a text\noutput: text\n\
    arguments:\n  - name: to\n    description: the language\n    choices: [German, English]\n    \
    default: English\n  - name: style\n    description: how\n    required: true\n---\n\
    Translate to {{to}}, {{style}}: {{stdin|nothing}}";

fn model() -> Scripted {
    Scripted::start(Script::new().reply(Reply::new().text("done").repeat())).unwrap()
}

/// The system prompt and the user's text of a run of `arguments`.
fn told(place: &Place, arguments: &[&str], input: Option<&str>) -> (String, String) {
    let provider = model();
    let run = place.zerostack(arguments).model(&provider);
    let run = match input {
        Some(input) => run.input(input),
        None => run,
    };
    assert_eq!(run.run().success(), "done\n", "{arguments:?}");
    let request = provider.requests()[0].json();
    let text = |index: usize| request["messages"][index]["content"].as_str().unwrap().to_owned();
    (text(0), text(1))
}

fn script() -> Place {
    let place = place();
    place.write("project/bin/translate.md", TRANSLATE);
    place
}

#[test]
fn flags_of_a_prompt_are_its_arguments() {
    let place = script();
    let file = "bin/translate.md";
    for (arguments, expected) in [
        (&[file, "--style", "short"][..], "Translate to English, short: nothing"),
        (&[file, "--to=German", "--style=long"], "Translate to German, long: nothing"),
        (&["-q", file, "--style", "a b", "--to", "German"], "Translate to German, a b: nothing"),
        (&["--set", "style=x", file, "--set", "to=German"], "Translate to German, x: nothing"),
    ] {
        let (system, task) = told(&place, arguments, None);
        assert!(system.starts_with(&format!("{expected}\n")), "{arguments:?}: {system}");
        assert_eq!(task, "Begin.");
    }
    let provider = model();
    let fails = |arguments: &[&str]| {
        let done = place.zerostack(arguments).model(&provider).run();
        done.failure(2).to_owned()
    };
    assert!(fails(&[file]).contains("style is missing; give --style VALUE"));
    let said = fails(&[file, "--style", "x", "--to", "Latin"]);
    assert!(said.contains("to must be one of German, English, not \"Latin\""), "{said}");
    assert!(fails(&[file, "--none", "x"]).contains("--none"));
    assert!(fails(&[file, "--style"]).contains("needs a value"));
    assert!(provider.requests().is_empty());
}

#[test]
fn an_object_on_stdin_gives_values_and_text_is_stdin() {
    let place = script();
    let file = "bin/translate.md";
    let (system, task) = told(&place, &[file, "--style", "x"], Some("Guten Tag\n"));
    assert!(system.starts_with("Translate to English, x: Guten Tag\n"), "{system}");
    assert_eq!(task, "Begin.");
    let object = "{\"style\": \"x\", \"to\": \"German\", \"stdin\": \"Hi\"}";
    let (system, _) = told(&place, &[file], Some(object));
    assert!(system.starts_with("Translate to German, x: Hi\n"), "{system}");
    // The command line counts more.
    let (system, _) = told(&place, &[file, "--to", "English"], Some(object));
    assert!(system.starts_with("Translate to English, x: "), "{system}");
    // Without arguments an object is text as any other.
    assert!(told(&place, &["ask", "what"], Some(object)).1.contains("<stdin>"));
}

#[test]
fn the_help_of_a_prompt_comes_from_its_front_matter() {
    let place = script();
    let help = place.zerostack(&["bin/translate.md", "--help"]).run().success();
    for part in [
        "translate - Translate a text\n",
        "Usage: bin/translate.md [ARGUMENTS] [OPTIONS] [INSTRUCTION]\n",
        "--to VALUE",
        "the language (one of German, English) [default: English]\n",
        "how [required]\n",
        "Result: text\n",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let help = place.zerostack(&["fix", "--help"]).run().success();
    assert!(help.starts_with("fix - Fix the errors") && help.contains("Result: patch"), "{help}");
    // That of the command is where no prompt is named.
    assert!(place.zerostack(&["--help"]).run().success().contains("--provider"));
}

#[test]
fn a_prompt_with_a_shebang_is_executable() {
    let place = script();
    let bin = place.folder("home").join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_zerostack-command");
    std::os::unix::fs::symlink(program, bin.join("zerostack")).unwrap();
    let file = place.project().join("bin/translate.md");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let provider = model();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let done = Command::new(&file)
        .args(["--style", "short"])
        .current_dir(place.project())
        .env_clear()
        .env("PATH", path)
        .env("HOME", place.folder("home"))
        .env("ZEROSTACK_BASE_URL", provider.base_url())
        .env("ZEROSTACK_MODEL", "scripted")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "done\n", "{said}");
    assert!(provider.requests()[0].contains("Translate to English, short"));
}

#[test]
fn prompts_are_shown_made_and_checked() {
    let place = script();
    let prompts =
        |arguments: &[&str]| place.zerostack(&[&["prompts"], arguments].concat()).writes().run();
    assert_eq!(prompts(&["list"]).success(), prompts(&[]).success());
    assert!(prompts(&["show", "fix"]).success().starts_with("---\nname: fix\n"));
    assert!(prompts(&["path"]).success().ends_with("/project/.zerostack/prompts\n"));
    let made = prompts(&["new", "mine"]).success();
    assert!(made.ends_with(".zerostack/prompts/mine.md\n"), "{made}");
    assert!(prompts(&["list"]).success().contains("mine         What it is for"));
    let again = prompts(&["new", "mine"]);
    assert!(again.failure(42).contains("mine.md already; edit it, or choose"), "{again:?}");
    prompts(&["new", "../mine"]).failure(2);
    prompts(&["show", "none"]).failure(2);
    assert_eq!(prompts(&["check"]).success(), "");
    place.write("project/.zerostack/prompts/bad.md", "---\noutput: song\n---\nx");
    place.write("project/skills/x/SKILL.md", "---\nname: y\ndescription: Z\n---\nx");
    let done = prompts(&["check"]);
    assert_eq!(done.code, 52);
    assert!(
        done.text().ends_with("bad.md:2:9: error: output is one of text, patch, findings, json\n"),
        "{done:?}"
    );
    let done = prompts(&["check", "fix", "skills/x/SKILL.md", "bin/translate.md"]);
    assert_eq!((done.code, done.text().lines().count()), (52, 1), "{done:?}");
    assert!(done.text().contains("SKILL.md:1:1: error: the name is not that of the folder"));
    prompts(&["check", "none"]).failure(2);
    prompts(&["sing"]).failure(2);
}
