//! Rules as people write them: `Bash(git diff:*)`, `Read(./secrets/**)`, `Edit`.
//!
//! The form is that of the permission settings of Claude Code, so that such rules can be read as
//! they are; the names of our own tools are understood too.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

/// A rule: a tool, and which of its uses.
#[derive(Clone, Debug)]
pub struct Rule {
    source: String,
    tools: &'static [&'static str],
    pattern: Pattern,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// Every use.
    Any,
    /// `git diff:*` and `git diff *`: words that a command begins with.
    CommandPrefix(String),
    /// A command with `*` for any text.
    Command(GlobMatcher),
    /// A path from the project's folder.
    Path(GlobMatcher),
}

/// Why a rule cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleError(String);

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuleError {}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// The tool is not known, or its pattern is not valid.
    pub fn parse(source: &str) -> Result<Self, RuleError> {
        let text = source.trim();
        let (name, pattern) = match text.split_once('(') {
            Some((name, rest)) => {
                let Some(pattern) = rest.strip_suffix(')') else {
                    return Err(RuleError(format!("the rule {text:?} lacks a `)`")));
                };
                (name.trim(), Some(pattern.trim()))
            }
            None => (text, None),
        };
        let tools = TOOLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((_, tools)) = tools else {
            let mut names: Vec<&str> = TOOLS.iter().map(|(name, _)| *name).collect();
            names.dedup();
            let names = names.join(", ");
            return Err(RuleError(format!("the rule {text:?} names no tool; tools are {names}")));
        };
        let pattern = match pattern {
            None | Some("" | "*") => Pattern::Any,
            Some(pattern) if *tools == ["bash"] => command(text, pattern)?,
            Some(pattern) => path(text, pattern)?,
        };
        Ok(Self { source: text.to_owned(), tools, pattern })
    }

    /// Whether it is about a command with these words. `…` stands for what is not known.
    pub(crate) fn matches_command(&self, words: &str) -> bool {
        if self.tools != ["bash"] {
            return false;
        }
        match &self.pattern {
            Pattern::Any => true,
            Pattern::CommandPrefix(prefix) => words
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')),
            Pattern::Command(glob) => glob.is_match(words),
            Pattern::Path(_) => false,
        }
    }

    /// Whether it is about a tool at a path.
    pub(crate) fn matches_tool(&self, tool: &str, path: &str, root: Option<&str>) -> bool {
        if !self.tools.contains(&tool) {
            return false;
        }
        let inside = root.and_then(|root| path.strip_prefix(root)?.strip_prefix('/'));
        let path = inside.unwrap_or(path);
        let path = path.strip_prefix("./").unwrap_or(path);
        match &self.pattern {
            Pattern::Any => true,
            Pattern::Path(glob) => glob.is_match(path),
            Pattern::CommandPrefix(_) | Pattern::Command(_) => false,
        }
    }
}

fn command(rule: &str, pattern: &str) -> Result<Pattern, RuleError> {
    let prefix = pattern.strip_suffix(":*").or_else(|| pattern.strip_suffix(" *"));
    if let Some(prefix) = prefix.filter(|prefix| !prefix.contains('*')) {
        return Ok(Pattern::CommandPrefix(prefix.trim().to_owned()));
    }
    // Only `*` is special in a command.
    let escaped: String = pattern
        .chars()
        .flat_map(|c| match c {
            '?' | '[' | ']' | '{' | '}' | '\\' | '!' => vec!['\\', c],
            c => vec![c],
        })
        .collect();
    let glob = GlobBuilder::new(&escaped).backslash_escape(true).build();
    let glob = glob.map_err(|error| RuleError(format!("the rule {rule:?}: {error}")))?;
    Ok(Pattern::Command(glob.compile_matcher()))
}

fn path(rule: &str, pattern: &str) -> Result<Pattern, RuleError> {
    // `//etc` is absolute, `/src` and `./src` begin at the project, `src/**` too, and a bare
    // name matches at any depth, as in a .gitignore file.
    let pattern = if let Some(absolute) = pattern.strip_prefix("//") {
        format!("/{absolute}")
    } else if let Some(inside) = pattern.strip_prefix("./").or_else(|| pattern.strip_prefix('/')) {
        inside.to_owned()
    } else if pattern.contains('/') {
        pattern.to_owned()
    } else {
        format!("**/{pattern}")
    };
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
    let glob = glob.map_err(|error| RuleError(format!("the rule {rule:?}: {error}")))?;
    Ok(Pattern::Path(glob.compile_matcher()))
}

/// The names of tools in rules, and which tools of ours they are about.
const TOOLS: &[(&str, &[&str])] = &[
    ("Bash", &["bash"]),
    ("Read", &["read", "grep", "find", "list"]),
    ("Edit", &["write", "edit"]),
    ("Write", &["write", "edit"]),
    ("MultiEdit", &["write", "edit"]),
    ("NotebookEdit", &["write", "edit"]),
    ("Grep", &["grep"]),
    ("Glob", &["find"]),
    ("Find", &["find"]),
    ("LS", &["list"]),
    ("List", &["list"]),
];
