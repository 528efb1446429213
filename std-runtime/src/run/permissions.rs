//! Whether a call of the model may run.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use zerostack_policy::{Decision, Policy, Verdict};

use super::{Front, Outcome};
use crate::ask::{Answer, Permitted, Question};
use crate::error::quote;
use crate::permissions::{Permissions, Wished};
use crate::{Error, ErrorKind, Result, sandbox, tool};

/// Checks each call before it runs.
pub(super) struct Gate<'a> {
    policy: Policy,
    /// Who is asked; if nobody answers, an ask is a denial.
    front: &'a dyn Front,
    permitted: Permitted,
    denied: Mutex<Vec<String>>,
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        permissions: &Permissions,
        configured: &Permissions,
        prompt: Wished,
        sandbox: sandbox::Mode,
        folders: &[PathBuf],
        front: &'a dyn Front,
    ) -> Self {
        let mut folders = folders.iter().map(|folder| folder.to_str().map(str::to_owned));
        let (root, also) = (folders.next().flatten(), folders.flatten().collect());
        let home = std::env::var("HOME").ok().filter(|home| home.starts_with('/'));
        let mode = permissions.mode(configured.wished(), prompt, sandbox);
        let rules = permissions.rules.iter().chain(&configured.rules).cloned();
        let policy = rules
            .fold(Policy::new(mode), |policy, (verdict, rule)| policy.with_rule(verdict, rule));
        let (policy, permitted) =
            (policy.with_folders(root, home).with_also(also), permissions.permitted.clone());
        Self { policy, front, permitted, denied: Mutex::default() }
    }

    /// Whether the call may run.
    ///
    /// # Errors
    /// The message to the model in place of a result.
    pub(super) fn check(&self, name: &str, arguments: &str) -> std::result::Result<(), String> {
        if let Some(paths) = tool::patch::paths_of_call(name, arguments) {
            let arguments = serde_json::from_str(arguments).unwrap_or_default();
            return paths.into_iter().try_for_each(|path| {
                // It may add a file or change one.
                let tools = ["edit", "write"].map(|tool| self.policy.check_tool(tool, &path));
                let strictest = tools.into_iter().max_by_key(|it| it.verdict);
                strictest.map_or(Ok(()), |it| self.judge_call("edit", &path, &arguments, &it))
            });
        }
        // Arguments that cannot be read are refused by the tool itself, which states the correct form.
        let Ok(Value::Object(arguments)) = serde_json::from_str(arguments) else { return Ok(()) };
        let text = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::to_owned);
        let (decision, subject) = match name {
            "bash" => match text("command") {
                Some(command) => (self.policy.check_command(&command), command),
                None => return Ok(()),
            },
            _ => {
                let path = text("path").unwrap_or_else(|| ".".to_owned());
                (self.policy.check_tool(name, &path), path)
            }
        };
        self.judge_call(name, &subject, &Value::Object(arguments), &decision)
    }

    /// Permits or denies a call, by `decision` and the answer of the person.
    fn judge_call(
        &self,
        name: &str,
        subject: &str,
        arguments: &Value,
        decision: &Decision,
    ) -> std::result::Result<(), String> {
        let answer = match decision.verdict {
            Verdict::Allow => return Ok(()),
            Verdict::Ask => {
                let question = Question::new(name, subject, arguments, decision);
                self.permitted.answer(&question, |question| self.front.ask(question))
            }
            _ => Answer::Nobody,
        };
        if matches!(answer, Answer::Yes | Answer::Always) {
            return Ok(());
        }
        let text = refusal(decision, answer);
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        denied.push(format!("{name} {}: {}", quote(subject), decision.reason));
        Err(text)
    }

    /// Adds the denials of a subagent.
    pub(super) fn absorb(&self, other: &Gate<'_>) {
        let mut theirs = other.denied.lock().unwrap_or_else(PoisonError::into_inner);
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).append(&mut theirs);
    }

    /// Adds the denied calls to the end of the run: as a note to a result, or as the reason if
    /// there is none.
    pub(super) fn judge(&self, result: Result<Outcome>) -> Result<Outcome> {
        let denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = denied.first() else { return result };
        let more = match denied.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        match result {
            Ok(mut outcome) => {
                outcome.notes.push(format!("not permitted: {first}{more}"));
                Ok(outcome)
            }
            Err(error) if error.kind() == ErrorKind::NoResult => {
                let text = format!(
                    "not permitted: {first}{more}; --mode or --allow RULE permits it; {error}"
                );
                Err(Error::new(ErrorKind::Denied, text))
            }
            Err(error) => Err(error),
        }
    }
}

fn refusal(decision: &Decision, answer: Answer) -> String {
    let part = match decision.part.as_str() {
        "" => String::new(),
        part => format!(" by {}", quote(part)),
    };
    let asks = match (decision.verdict, answer) {
        (Verdict::Ask, Answer::No) => ", and the user was asked and denied it",
        (Verdict::Ask, _) => ", and nobody can be asked in this run",
        (Verdict::Allow | Verdict::Deny, _) => "",
    };
    format!(
        "not run: {}{part} ({}){asks}; do it in a way that needs no permission, or leave it out \
         and say so at the end",
        decision.reason, decision.rule
    )
}

#[cfg(test)]
mod tests {
    use zerostack_policy::Mode;

    use super::*;

    #[test]
    fn every_tool_is_checked() {
        let policy = Policy::new(Mode::Standard);
        for spec in crate::tool::specs().iter().filter(|spec| spec.name != "bash") {
            let decision = policy.check_tool(spec.name, "/etc/shadow");
            assert_ne!(decision.verdict, Verdict::Allow, "{}", spec.name);
        }
    }
}
