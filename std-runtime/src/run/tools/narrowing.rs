//! `allowed-tools` of the skills that were loaded: they only narrow the rights of the run.

use zerostack_core::prompt::tool_name;
use zerostack_policy::{Mode, Policy, Rule, Verdict};

use crate::error::quote;
use crate::tool;

/// What the loaded skills allow: a call is allowed if one of them allows it.
#[derive(Debug, Default, Clone)]
pub(in crate::run) struct Narrowing {
    skills: Vec<String>,
    allowed: Vec<String>,
}

impl Narrowing {
    /// From now on only the tools of `allowed`, and those of other skills, may be used.
    pub(super) fn add(&mut self, skill: &str, allowed: &[String]) {
        if !self.skills.iter().any(|known| known == skill) {
            self.skills.push(skill.to_owned());
            self.allowed.extend_from_slice(allowed);
        }
    }

    /// Why a call may not run.
    pub(super) fn refusal(&self, name: &str, arguments: &str) -> Option<String> {
        if self.skills.is_empty() || matches!(name, "skill" | "task") {
            return None;
        }
        if let Some(paths) = tool::patch::paths_of_call(name, arguments) {
            let arguments = |path| serde_json::json!({ "path": path }).to_string();
            // It may add a file or change one.
            let refusal = |path: String| {
                let arguments = arguments(path);
                self.refusal("edit", &arguments).or_else(|| self.refusal("write", &arguments))
            };
            return paths.into_iter().find_map(refusal);
        }
        let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap_or_default();
        let text = |key: &str| arguments.get(key).and_then(serde_json::Value::as_str);
        let subject = text("command").or_else(|| text("path")).unwrap_or(".");
        if self.allowed.iter().any(|rule| allows(rule, name, subject)) {
            return None;
        }
        let (skills, allowed) = (self.skills.join(", "), self.allowed.join(", "));
        let allowed = if allowed.is_empty() { "no tool".to_owned() } else { allowed };
        let what = format!("{name} {}", quote(subject));
        Some(format!("not run: {what}: the skill {skills} allows {allowed}"))
    }
}

/// Whether a rule such as `Read` or `Bash(git log:*)` allows a call.
fn allows(rule: &str, name: &str, subject: &str) -> bool {
    if tool_name(rule) != Some(name) {
        return false;
    }
    if !rule.contains('(') {
        return true;
    }
    let Ok(rule) = Rule::parse(rule) else { return false };
    let policy = Policy::new(Mode::ReadOnly).with_rule(Verdict::Allow, rule);
    let decision = match name {
        "bash" => policy.check_command(subject),
        _ => policy.check_tool(name, subject),
    };
    decision.verdict == Verdict::Allow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_that_a_loaded_skill_allows_may_run() {
        let mut narrowing = Narrowing::default();
        let edit = r#"{"path":"a"}"#;
        let bash = |command: &str| serde_json::json!({ "command": command }).to_string();
        assert_eq!(narrowing.refusal("edit", edit), None);
        narrowing.add("a", &["Read".into(), "Bash(git commit:*)".into()]);
        assert_eq!(narrowing.refusal("read", edit), None);
        assert_eq!(narrowing.refusal("bash", &bash("git commit -m x")), None);
        for (name, arguments) in [
            ("edit", edit.to_owned()),
            ("bash", bash("rm -rf x")),
            ("bash", bash("git commit -m x; touch y")),
        ] {
            let refusal = narrowing.refusal(name, &arguments).unwrap();
            assert!(refusal.contains("the skill a allows Read, Bash(git commit:*)"), "{refusal}");
        }
        // Another skill adds its own tools, but never more than the run has.
        narrowing.add("b", &["Edit".into()]);
        assert_eq!(narrowing.refusal("edit", edit), None);
        assert!(narrowing.refusal("write", edit).is_some());
    }
}
