//! Asking a person whether a call may run.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use zerostack_policy::Decision;

/// A person, or a program that answers for one.
pub trait Ask: Send + Sync {
    /// Whether the call may run.
    fn ask(&self, question: &Question) -> Answer;
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question {
    /// The tool.
    pub tool: String,
    /// Its command, or the path that it works on.
    pub subject: String,
    /// What it would change, as lines of a diff; nothing for a command.
    pub diff: Vec<String>,
    /// Why it is asked.
    pub reason: String,
}

/// What a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This time.
    Yes,
    /// This time and whenever the run asks the same again.
    Always,
    /// It may not run.
    No,
    /// Nobody is there.
    Nobody,
}

/// Asks, one question at a time, and remembers what is permitted for the whole run.
#[derive(Clone)]
pub struct Asker {
    ask: Arc<dyn Ask>,
    always: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Asker {
    /// Asks by `ask`.
    pub fn new(ask: Arc<dyn Ask>) -> Self {
        Self { ask, always: Arc::default() }
    }

    pub(crate) fn answer(&self, question: &Question) -> Answer {
        // Held while the person thinks: another call waits with its question.
        let mut always = self.always.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (question.tool.clone(), question.subject.clone());
        if always.contains(&key) {
            return Answer::Yes;
        }
        let answer = self.ask.ask(question);
        if answer == Answer::Always {
            always.insert(key);
        }
        answer
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
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

/// What `write` and `edit` would change.
fn diff(tool: &str, arguments: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let lines = |sign: char, text: &str| {
        text.lines().map(|line| format!("{sign}{line}")).collect::<Vec<_>>()
    };
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

    struct Counts(Mutex<Vec<String>>, Answer);

    impl Ask for Counts {
        fn ask(&self, question: &Question) -> Answer {
            self.0.lock().unwrap().push(question.subject.clone());
            self.1
        }
    }

    fn question(command: &str) -> Question {
        let decision = Policy::new(Mode::Standard).check_command(command);
        Question::new("bash", command, &json!({}), &decision)
    }

    #[test]
    fn always_is_remembered_for_the_same_command_and_no_other() {
        for (answer, asked) in [(Answer::Always, 2), (Answer::Yes, 4), (Answer::No, 4)] {
            let counts = Arc::new(Counts(Mutex::default(), answer));
            let asker = Asker::new(counts.clone());
            for command in ["curl a.test", "curl a.test", "curl b.test", "curl a.test"] {
                asker.answer(&question(command));
            }
            assert_eq!(counts.0.lock().unwrap().len(), asked, "{answer:?}");
        }
    }

    #[test]
    fn a_question_shows_what_changes() {
        let arguments = json!({"path": "a", "edits": [{"old": "x\ny", "new": "z"}]});
        assert_eq!(diff("edit", &arguments), ["@@", "-x", "-y", "+z"]);
        assert_eq!(diff("write", &json!({"content": "a\nb\n"})), ["+a", "+b"]);
        let asked = question("ls && curl x.test");
        assert_eq!(asked.reason, "curl uses the network: curl x.test");
    }
}
