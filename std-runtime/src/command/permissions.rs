//! `zerostack permissions check`: the verdict of the rules on a command or a tool.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use serde_json::json;
use zerostack_policy::{Decision, Mode, Policy};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::print::print;
use super::run::mode;
use super::usage::{unknown_subcommand, usage};
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "permissions",
    group: Group::Inspect,
    about: "Check what the rules permit: `permissions check COMMAND`",
    usage: "check [OPTIONS] COMMAND | --tool NAME --path PATH",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let action =
        Arg::new("action").value_name("check").help("Check a command, or a tool with a path");
    let checked = Arg::new("command").value_name("COMMAND").help("A shell command, in quotes");
    command
        .arg(action)
        .arg(checked)
        .arg(flag::option("tool", "NAME", "A tool instead of a command"))
        .arg(flag::option("path", "PATH", "The path for the tool"))
        .arg(mode())
        .args(flag::rules())
        .arg(flag::switch("json", "Print a JSON object"))
}

/// What is checked.
enum Subject {
    Command(String),
    Tool { name: String, path: String },
}

fn subject(matches: &ArgMatches) -> Result<Subject> {
    let action: Option<String> = value(matches, "action");
    match action.as_deref() {
        Some("check") => {}
        other => return Err(unknown_subcommand(ENTRY.name, other, &["check"])),
    }
    let given = (value(matches, "command"), value(matches, "tool"), value(matches, "path"));
    match given {
        (Some(command), None, None) => Ok(Subject::Command(command)),
        (Some(command), Some::<String>(tool), None) if tool == "bash" => {
            Ok(Subject::Command(command))
        }
        (None, Some(name), Some(path)) => Ok(Subject::Tool { name, path }),
        _ => Err(usage(
            "permissions check: give a command in quotes, or --tool NAME and --path PATH",
        )),
    }
}

/// Prints the verdict, then the reason and the rule.
fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let subject = subject(&matches)?;
    let mode = value(&matches, "mode").unwrap_or(Mode::Standard);
    let root = std::env::current_dir().ok().and_then(|path| path.to_str().map(str::to_owned));
    let home = std::env::var("HOME").ok().filter(|home| home.starts_with('/'));
    let mut policy = Policy::new(mode).with_folders(root, home);
    for (verdict, rule) in flag::given_rules(&matches) {
        policy = policy.with_rule(verdict, rule);
    }
    let decision = match &subject {
        Subject::Command(command) => policy.check_command(command),
        Subject::Tool { name, path } => policy.check_tool(name, path),
    };
    let is_json = matches.get_flag("json");
    let text = if is_json { as_json(mode, &decision) } else { as_text(&decision) };
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn as_text(decision: &Decision) -> String {
    let mut text = format!("{}\nreason: {}\n", decision.verdict.name(), decision.reason);
    text.push_str(&format!("rule: {}\n", decision.rule));
    if !decision.part.is_empty() {
        text.push_str(&format!("part: {}\n", decision.part));
    }
    text
}

fn as_json(mode: Mode, decision: &Decision) -> String {
    let line = json!({
        "verdict": decision.verdict.name(),
        "reason": decision.reason,
        "rule": decision.rule,
        "part": decision.part,
        "mode": mode.name(),
    });
    format!("{line}\n")
}
