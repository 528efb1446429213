//! The decision.

use crate::judge::{self, Mode};
use crate::path::{Folder, Place, of_text, with_also};
use crate::rule::Rule;
use crate::verdict::Verdict;
use crate::walk::{Walk, found};
use crate::{Effect, shell};

/// A verdict and what led to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one sentence without a full stop.
    pub reason: String,
    /// What decided: a rule as written, or the mode.
    pub rule: String,
    /// The part of the command that decided, empty if it was the whole command.
    pub part: String,
}

/// A mode, rules, and where the project is.
#[derive(Clone, Debug)]
pub struct Policy {
    mode: Mode,
    rules: Vec<(Verdict, Rule)>,
    root: Option<String>,
    also: Vec<String>,
    home: Option<String>,
}

impl Policy {
    /// A policy without rules.
    #[must_use]
    pub const fn new(mode: Mode) -> Self {
        Self { mode, rules: Vec::new(), root: None, also: Vec::new(), home: None }
    }

    /// Adds a rule. A rule that denies beats one that asks, which beats one that allows,
    /// whatever their order; without a rule the mode decides.
    #[must_use]
    pub fn with_rule(mut self, verdict: Verdict, rule: Rule) -> Self {
        self.rules.push((verdict, rule));
        self
    }

    /// Sets the project's folder and the home folder, so that absolute paths into them are
    /// understood.
    #[must_use]
    pub fn with_folders(mut self, root: Option<String>, home: Option<String>) -> Self {
        (self.root, self.home) = (root, home);
        self
    }

    /// Other folders that belong to the project, by their absolute paths.
    #[must_use]
    pub fn with_also(mut self, also: Vec<String>) -> Self {
        self.also = also;
        self
    }

    /// The mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Decides about a shell command.
    #[must_use]
    pub fn check_command(&self, command: &str) -> Decision {
        let script = match shell::parse(command) {
            Ok(script) => script,
            Err(error) => {
                let reason = format!("the command is not understood: {}", error.message);
                let effect = Effect::NotUnderstood(reason);
                return self.worst([self.judged(&effect, command)], command);
            }
        };
        let mut walk = Walk::new(self.root.as_deref(), &self.also, self.home.as_deref());
        walk.script(&script);
        let decisions = walk.into_found().into_iter().map(|found| self.decide(&found));
        self.worst(decisions.collect::<Vec<_>>(), command)
    }

    /// Decides about a tool that works on a file: `read`, `write`, `edit`, `grep`, `find`, `list`.
    #[must_use]
    pub fn check_tool(&self, tool: &str, path: &str) -> Decision {
        let here = Folder::Project(String::new());
        let home = self.home.as_deref();
        let place = with_also(of_text(path, &here, self.root.as_deref(), home), &self.also, home);
        let effect = match tool {
            "read" | "grep" | "find" | "list" => Effect::Reads(place),
            "write" | "edit" => Effect::Writes(place),
            _ => Effect::NotUnderstood(format!("the tool {tool} is not known")),
        };
        // Where the path leads counts, not how it is written.
        let leads_to = judge::path(match &effect {
            Effect::Reads(place) | Effect::Writes(place) => place,
            _ => &Place::Unknown,
        });
        let named = leads_to.unwrap_or(path);
        let by_rule = self.by_rule(|verdict, rule| {
            rule.matches_tool(tool, named, self.root.as_deref())
                || verdict != Verdict::Allow && rule.may_match_tool(tool, named)
        });
        self.worst([by_rule.unwrap_or_else(|| self.judged(&effect, path))], path)
    }

    fn decide(&self, found: &found::Found) -> Decision {
        let ruled = self.by_rule(|verdict, rule| match &found.words {
            Some(words) => {
                rule.matches_command(words)
                    || verdict != Verdict::Allow && rule.matches_subcommand(words)
            }
            None => false,
        });
        // A rule that allows a program does not cover the files that the shell opens for it.
        let mut decisions: Vec<Decision> = match ruled {
            Some(decision) => vec![decision],
            None => found.effects.iter().map(|it| self.judged(it, &found.text)).collect(),
        };
        for effect in &found.effects {
            let (tool, place) = match effect {
                Effect::Reads(place) => ("read", place),
                Effect::Writes(place) | Effect::Deletes(place) => ("edit", place),
                _ => continue,
            };
            let Some(path) = judge::path(place) else { continue };
            let ruled = self.by_rule(|verdict, rule| {
                rule.matches_tool(tool, path, self.root.as_deref())
                    || verdict != Verdict::Allow && rule.may_match_tool(tool, path)
            });
            decisions.extend(ruled.filter(|decision| decision.verdict != Verdict::Allow));
        }
        self.worst(decisions, "")
    }

    fn by_rule(&self, matches: impl Fn(Verdict, &Rule) -> bool) -> Option<Decision> {
        let mut found: Option<&(Verdict, Rule)> = None;
        for entry in self.rules.iter().filter(|(verdict, rule)| matches(*verdict, rule)) {
            if found.is_none_or(|(verdict, _)| *verdict < entry.0) {
                found = Some(entry);
            }
        }
        let (verdict, rule) = found?;
        let reason = match verdict {
            Verdict::Allow => "a rule allows it",
            Verdict::Ask => "a rule asks about it",
            Verdict::Deny => "a rule denies it",
        };
        let rule = rule.to_string();
        Some(Decision { verdict: *verdict, reason: reason.to_owned(), rule, part: String::new() })
    }

    fn judged(&self, effect: &Effect, part: &str) -> Decision {
        let (verdict, reason) = judge::judge(effect, self.mode);
        let rule = format!("mode {}", self.mode.name());
        Decision { verdict, reason, rule, part: part.to_owned() }
    }

    /// The decision that is the most severe; the first of them.
    fn worst(&self, decisions: impl IntoIterator<Item = Decision>, whole: &str) -> Decision {
        let mut worst: Option<Decision> = None;
        for decision in decisions {
            if worst.as_ref().is_none_or(|it| it.verdict < decision.verdict) {
                worst = Some(decision);
            }
        }
        let mut worst = worst.unwrap_or_else(|| Decision {
            verdict: Verdict::Allow,
            reason: "it does nothing".to_owned(),
            rule: format!("mode {}", self.mode.name()),
            part: String::new(),
        });
        if worst.part == whole {
            worst.part.clear();
        }
        worst
    }
}
