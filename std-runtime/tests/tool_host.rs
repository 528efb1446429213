//! Who runs the tools of a run that another program starts: never that program again.

use serde_json::{Value, json};
use zerostack::permissions::Permissions;
use zerostack::provider::Flags;
use zerostack::run::{Front, Instructions, Outcome, RunEvent, RunOptions, Start, Stop, run};
use zerostack::sandbox::{Mode, ToolHost};
use zerostack::{ErrorKind, Result};
use zerostack_core::Limits;
use zerostack_core::prompt::Output;
use zerostack_scripted::{Script, Scripted};

struct Nobody;

impl Front for Nobody {
    fn start(&self, _: &Start<'_>) -> Result<()> {
        Ok(())
    }

    fn event(&self, _: &RunEvent<'_>) -> Result<()> {
        Ok(())
    }
}

fn run_with(tools: ToolHost, provider: &Scripted, folder: &std::path::Path) -> Result<Outcome> {
    let model = Flags {
        base_url: Some(provider.base_url()),
        model: Some("scripted".to_owned()),
        ..Flags::default()
    };
    let mut instructions = Instructions::new("code", "Work.".to_owned(), Output::Patch);
    instructions.task = "go".to_owned();
    let options = RunOptions {
        access: zerostack::sandbox::Access::default(),
        folder: folder.to_owned(),
        model,
        instructions,
        input: None,
        attached: Vec::new(),
        large_input: None,
        sandbox: Mode::Off,
        tools,
        record: None,
        record_attachments: false,
        permissions: Permissions::default(),
        limits: Limits::default(),
        idle_limit: None,
        write: false,
        takes_answer: false,
        call_deltas: false,
        format: zerostack::run::contract::Format::Lines,
        subagents: false,
        prompts: zerostack::run::PromptFiles::default(),
        scope: None,
        check: None,
        attempts: 1,
        best_of: 1,
        strategies: Vec::new(),
        session: zerostack::run::SessionChoice { is_off: true, ..Default::default() },
        prove_prefix: false,
        kept: None,
        fork: None,
        attempt: 1,
    };
    run(&options, &Stop::new(), &Nobody)
}

fn script() -> Script {
    Script::new()
        .call("write", json!({"path": "sub/new", "content": "one\n"}))
        .call(
            "bash",
            json!({"command": "pwd; cat sub/new; echo two >>sub/new; env; setsid -f true"}),
        )
        .call("read", json!({"path": "sub/new"}))
        .call("edit", json!({"path": "sub/new", "edits": [{"old": "none"}]}))
        .text("done")
}

#[test]
fn tools_in_this_process_work_on_the_view_and_leave_the_process_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Scripted::start(script()).unwrap();
    let before = std::env::current_dir().unwrap();
    let outcome = run_with(ToolHost::InProcess, &provider, folder.path()).unwrap();
    assert_eq!(std::env::current_dir().unwrap(), before);
    assert_eq!(outcome.files, ["sub/new"]);
    assert!(String::from_utf8_lossy(&outcome.patch).contains("+one\n+two\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let requests = provider.requests();
    let last: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let results: Vec<&str> = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert!(results[1].contains("\none\n") && results[1].contains("TMPDIR="), "{}", results[1]);
    // Cargo sets this one for tests; no command of a model gets what is not on the list.
    assert!(std::env::var_os("NEXTEST").is_none() || !results[1].contains("NEXTEST="));
    assert!(results[2].contains("\ttwo\n"), "{}", results[2]);
    assert!(results[3].contains("missing field `new`"), "{}", results[3]);
}

#[test]
fn without_the_command_no_tool_runs_and_above_all_not_this_program() {
    let folder = tempfile::tempdir().unwrap();
    for tools in [
        ToolHost::Command("no-such-zerostack-command".into()),
        ToolHost::Command(folder.path().join("zerostack")),
    ] {
        let provider = Scripted::start(script()).unwrap();
        let error = run_with(tools, &provider, folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tool, "{error}");
    }
    let provider = Scripted::start(script()).unwrap();
    let command = ToolHost::Command(env!("CARGO_BIN_EXE_zerostack").into());
    assert_eq!(run_with(command, &provider, folder.path()).unwrap().files, ["sub/new"]);
}
