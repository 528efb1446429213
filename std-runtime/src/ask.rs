//! Asking a person whether a call may run.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use zerostack_policy::Decision;

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question {
    /// The tool.
    pub tool: String,
    /// Its command, or the path that it works on.
    pub subject: String,
    /// The change that it would make, as lines of a diff; empty for a command.
    pub diff: Vec<String>,
    /// Why the question is asked.
    pub reason: String,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This time.
    Yes,
    /// This time, and whenever the run asks the same again.
    Always,
    /// It may not run.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// The calls that a person permitted for a whole run or chat.
#[derive(Debug, Clone, Default)]
pub struct Permitted(Arc<Mutex<BTreeSet<(String, String)>>>);

impl Permitted {
    /// The answer to `question`: a permission given earlier, or the answer of `ask`. One question
    /// is asked at a time.
    pub(crate) fn answer(
        &self,
        question: &Question,
        ask: impl FnOnce(&Question) -> Answer,
    ) -> Answer {
        // Held while the person thinks: another call waits with its question.
        let mut permitted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (question.tool.clone(), question.subject.clone());
        if permitted.contains(&key) {
            return Answer::Yes;
        }
        let answer = ask(question);
        if answer == Answer::Always {
            permitted.insert(key);
        }
        answer
    }
}

impl Question {
    pub(crate) fn new(tool: &str, subject: &str, arguments: &Value, decision: &Decision) -> Self {
        let part = match decision.part.as_str() {
            "" => String::new(),
            part if part == subject => String::new(),
            part => format!(": {part}"),
        };
        Self {
            tool: tool.to_owned(),
            subject: subject.to_owned(),
            diff: diff(tool, arguments),
            reason: format!("{}{part}", decision.reason),
        }
    }
}

/// The change that `write`, `edit` or a patch would make.
fn diff(tool: &str, arguments: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let lines = |sign: char, text: &str| {
        text.lines().map(|line| format!("{sign}{line}")).collect::<Vec<_>>()
    };
    let patch = ["input", "patch", "diff"].iter().find_map(|key| arguments[*key].as_str());
    if let Some(patch) = patch {
        return patch.lines().map(str::to_owned).collect();
    }
    match tool {
        "write" => lines('+', &text(arguments, "content")),
        "edit" => {
            let edits = arguments["edits"].as_array().map(Vec::as_slice).unwrap_or_default();
            let one = |edit: &Value| {
                let at = ["at", "to", "before", "after"]
                    .iter()
                    .filter_map(|key| Some(format!("{key} {}", edit[*key].as_str()?)));
                let at = at.collect::<Vec<_>>().join(" ");
                let mut all = vec![format!("@@ {at}").trim_end().to_owned()];
                all.extend(lines('-', &text(edit, "old")));
                all.extend(lines('+', &text(edit, "new")));
                all
            };
            edits.iter().flat_map(one).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zerostack_policy::{Mode, Policy};

    use super::*;

    fn question(command: &str) -> Question {
        let decision = Policy::new(Mode::Standard).check_command(command);
        Question::new("bash", command, &json!({}), &decision)
    }

    #[test]
    fn always_is_remembered_for_the_same_command_and_no_other() {
        for (answer, asked) in [(Answer::Always, 2), (Answer::Yes, 4), (Answer::No, 4)] {
            let (permitted, mut count) = (Permitted::default(), 0);
            for command in ["curl a.test", "curl a.test", "curl b.test", "curl a.test"] {
                permitted.answer(&question(command), |_| {
                    count += 1;
                    answer
                });
            }
            assert_eq!(count, asked, "{answer:?}");
        }
    }

    #[test]
    fn a_question_shows_what_changes() {
        let arguments = json!({"path": "a", "edits": [{"old": "x\ny", "new": "z"}]});
        assert_eq!(diff("edit", &arguments), ["@@", "-x", "-y", "+z"]);
        assert_eq!(diff("write", &json!({"content": "a\nb\n"})), ["+a", "+b"]);
        assert_eq!(
            diff("edit", &json!({"input": "*** Begin Patch\n-x"})),
            ["*** Begin Patch", "-x"]
        );
        let asked = question("ls && curl x.test");
        assert_eq!(asked.reason, "curl uses the network: curl x.test");
    }
}
