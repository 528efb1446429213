//! `zerostack permissions check`: what the rules say about a command or a tool.

use std::io::{self, Write};

use serde_json::json;
use zerostack_policy::{Decision, Mode, Policy, Rule, Verdict};

use crate::error::unwritable;
use crate::{Error, ErrorKind, Result};

/// What is checked, by which mode and rules.
pub(super) struct Check {
    pub mode: Mode,
    pub rules: Vec<(Verdict, String)>,
    pub json: bool,
    pub subject: Subject,
}

/// What may be done or not.
pub(super) enum Subject {
    Command(String),
    Tool { name: String, path: String },
}

/// Prints the verdict, then the reason and the rule.
///
/// # Errors
/// `Usage` for a rule that cannot be read; a stdout that cannot be written.
pub(super) fn run(check: &Check) -> Result<()> {
    let root = std::env::current_dir().ok().and_then(|path| path.to_str().map(str::to_owned));
    let home = std::env::var("HOME").ok().filter(|home| home.starts_with('/'));
    let mut policy = Policy::new(check.mode).with_folders(root, home);
    for (verdict, rule) in &check.rules {
        let rule =
            Rule::parse(rule).map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))?;
        policy = policy.with_rule(*verdict, rule);
    }
    let decision = match &check.subject {
        Subject::Command(command) => policy.check_command(command),
        Subject::Tool { name, path } => policy.check_tool(name, path),
    };
    let text = if check.json { as_json(check, &decision) } else { as_text(&decision) };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| unwritable(&error))
}

fn as_text(decision: &Decision) -> String {
    let mut text = format!("{}\nreason: {}\n", decision.verdict.name(), decision.reason);
    text.push_str(&format!("rule: {}\n", decision.rule));
    if !decision.part.is_empty() {
        text.push_str(&format!("part: {}\n", decision.part));
    }
    text
}

fn as_json(check: &Check, decision: &Decision) -> String {
    let line = json!({
        "verdict": decision.verdict.name(),
        "reason": decision.reason,
        "rule": decision.rule,
        "part": decision.part,
        "mode": check.mode.name(),
    });
    format!("{line}\n")
}
