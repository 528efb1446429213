//! A plan of commands, each with its effect: a shell script whose comments describe the effects.

use serde::Serialize;

use zerostack_core::tool::answer::json_in;

/// The instruction for the model.
pub(super) const TOLD: &str = "\n\nEnd with the plan alone, a shell script: for each step one line \
    `# what it changes`, and below it the command on one line. If it cannot be planned, end with \
    `no plan: ` and the reason.";

/// Commands in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlannedCommand>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedCommand {
    /// Its effect.
    pub changes: String,
    /// One line for `sh`.
    pub command: String,
}

impl Plan {
    /// A script for `sh -e`.
    pub(super) fn script(&self) -> String {
        let step = |step: &PlannedCommand| format!("# {}\n{}", step.changes, step.command);
        self.steps.iter().map(step).collect::<Vec<_>>().join("\n")
    }

    /// One JSON array.
    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a plan has string keys only")
    }
}

/// The reason that the model gives for making no plan.
pub(super) fn refusal(text: &str) -> Option<&str> {
    let last = text.trim().lines().rfind(|line| !line.trim().is_empty())?;
    last.trim().strip_prefix("no plan:").map(str::trim)
}

/// The plan in a text.
///
/// # Errors
/// Why there is no plan.
pub(super) fn parse(text: &str) -> Result<Plan, String> {
    let text = json_in(text);
    let (mut steps, mut changes): (Vec<PlannedCommand>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("#!") && steps.is_empty() && changes.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            changes.push(comment.trim());
            continue;
        }
        let what = std::mem::take(&mut changes).join(" ");
        if what.is_empty() {
            return Err(format!("there is no `# what it changes` above {line:?}"));
        }
        if line.ends_with('\\') || line.contains("<<") {
            return Err(format!("the command is not on one line: {line:?}"));
        }
        steps.push(PlannedCommand { changes: what, command: line.to_owned() });
    }
    match (steps.is_empty(), changes.is_empty()) {
        (true, _) => Err("there is no command in it".to_owned()),
        (_, false) => Err("its last comment has no command below it".to_owned()),
        _ => Ok(Plan { steps }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_commands_with_their_effects() {
        let script = "# Builds it\nmake\n# Copies it to the server\nscp x host:";
        assert_eq!(parse(script).map(|plan| plan.script()).as_deref(), Ok(script));
        let dressed = format!("```sh\n#!/bin/sh\n\n{script}\n```");
        assert_eq!(parse(&dressed).map(|plan| plan.script()).as_deref(), Ok(script));
        for bad in
            ["I would run make.", "make", "# only a comment", "", "# a\nb \\\nc", "# a\nmake\n# b"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(refusal("I looked.\n\nno plan: no script\n"), Some("no script"));
        assert_eq!(refusal(script), None);
    }
}
