//! Rules as people write them: `Bash(git diff:*)`, `Read(./secrets/**)`, `Edit`.
//!
//! The form is that of the permission settings of Claude Code, so that such rules can be reused;
//! the names of zerostack's own tools are accepted too.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use crate::expand::{Base, PathPattern, has_pattern};

/// A rule: a tool, and the uses of it that the rule covers.
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
    /// A path, the folder that it begins at, and its names.
    Path { glob: GlobMatcher, base: Base, names: Vec<String> },
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

    /// The paths that it covers for a tool; `None` if it is not about that tool, or about every path.
    #[must_use]
    pub fn paths(&self, tool: &str) -> Option<PathPattern<'_>> {
        let Pattern::Path { base, names, .. } = &self.pattern else { return None };
        let skipped = usize::from(*base == Base::Home);
        let names = names.get(skipped..)?;
        self.tools.contains(&tool).then_some(PathPattern { base: *base, names })
    }

    /// Whether it covers a command with these words. `…` marks unknown parts.
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
            Pattern::Path { .. } => false,
        }
    }

    /// Whether it is about the subcommand of a command with these words, whatever options come before
    /// it: `git -C x push` for `git push`.
    pub(crate) fn matches_subcommand(&self, words: &str) -> bool {
        let Pattern::CommandPrefix(prefix) = &self.pattern else { return false };
        let mut wanted = prefix.split_whitespace();
        let mut words = words.split_whitespace().peekable();
        let program = words.next();
        if self.tools != ["bash"] || program.is_none() || wanted.next() != program {
            return false;
        }
        let wanted: Vec<&str> = wanted.collect();
        let Some(first) = wanted.first() else { return false };
        let mut may_be_value = false;
        while let Some(word) = words.peek() {
            let is_option = word.starts_with(['-', '+']);
            if word == first && !is_option {
                break;
            }
            if !is_option && !may_be_value {
                return false;
            }
            may_be_value = is_option && !word.contains('=');
            words.next();
        }
        let rest: Vec<&str> = words.collect();
        rest.starts_with(&wanted)
    }

    /// Whether it is about what a tool reaches by `path`: the folder whose files it names, or a pattern
    /// of names that stands for some of them.
    pub(crate) fn may_match_tool(&self, tool: &str, path: &str) -> bool {
        let Pattern::Path { names, .. } = &self.pattern else { return false };
        if !self.tools.contains(&tool) {
            return false;
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        let path: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let is_pattern = path.iter().any(|name| has_pattern(name));
        // A rule for a name at any depth says nothing about a folder.
        let is_at_top = names.first().is_some_and(|name| *name != "**");
        (is_pattern || is_at_top) && !path.is_empty() && may_meet(&path, &names)
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
            Pattern::Path { glob, .. } => glob.is_match(path),
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
    let names = pattern.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let base = match &*pattern {
        path if path.starts_with('/') => Base::Root,
        path if path.starts_with("~/") => Base::Home,
        _ => Base::Project,
    };
    Ok(Pattern::Path { glob: glob.compile_matcher(), base, names })
}

/// Whether some path that `path` stands for, or one below it, is one that `names` stand for.
fn may_meet(path: &[&str], names: &[&str]) -> bool {
    match (path.split_first(), names.split_first()) {
        // What is below the folder.
        (None, _) => true,
        (Some(_), Some((&"**", rest))) => {
            may_meet(path, rest)
                || path.split_first().is_some_and(|(_, path)| may_meet(path, names))
        }
        (Some((&"**", rest)), Some((_, below))) => may_meet(rest, names) || may_meet(path, below),
        (Some((one, path)), Some((other, names))) => {
            let is_match = |pattern: &str, name: &str| {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                glob.is_ok_and(|glob| glob.compile_matcher().is_match(name))
            };
            let meets = match (has_pattern(one), has_pattern(other)) {
                (false, false) => one == other,
                (true, false) => is_match(one, other),
                (false, true) => is_match(other, one),
                (true, true) => true,
            };
            meets && may_meet(path, names)
        }
        (Some(_), None) => false,
    }
}

/// The names of tools in rules, and the tools of zerostack that they cover.
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
