//! Completion: commands and prompts after `/`, paths after `@` and in shell commands.

use std::fs;
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::slash::COMMANDS;

/// What the line editor knows about a chat.
pub(super) struct Completion {
    folder: PathBuf,
    /// The names of commands and prompts.
    names: Vec<String>,
}

impl Completion {
    pub(super) fn new(folder: &Path, prompts: &[String]) -> Self {
        let commands = COMMANDS.iter().map(|(name, ..)| (*name).to_owned());
        Self { folder: folder.to_owned(), names: commands.chain(prompts.iter().cloned()).collect() }
    }

    /// The completions of the end of `line`: where it begins, and the candidates.
    fn candidates(&self, line: &str) -> (usize, Vec<Pair>) {
        if let Some(name) = line.strip_prefix('/')
            && !name.contains(char::is_whitespace)
        {
            return (1, self.names(name, " "));
        }
        if let Some(name) = line.strip_prefix("/prompt ") {
            return ("/prompt ".len(), self.names(name, ""));
        }
        let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = &line[start..];
        let is_shell = line.starts_with('!');
        if let Some(path) = word.strip_prefix('@') {
            return (start + 1, self.paths(path));
        }
        if is_shell {
            let skipped = usize::from(start == 0);
            return (start + skipped, self.paths(&word[skipped..]));
        }
        (line.len(), Vec::new())
    }

    fn names(&self, begun: &str, after: &str) -> Vec<Pair> {
        let fit = self.names.iter().filter(|name| name.starts_with(begun));
        fit.map(|name| Pair { display: name.clone(), replacement: format!("{name}{after}") })
            .collect()
    }

    /// The paths below the folder that begin with `begun`.
    fn paths(&self, begun: &str) -> Vec<Pair> {
        let (above, name) =
            begun.rsplit_once('/').map_or(("", begun), |(above, name)| (above, name));
        let place = self.folder.join(above);
        let entries = fs::read_dir(place).into_iter().flatten().flatten().take(MOST_ENTRIES);
        let mut pairs: Vec<Pair> = entries
            .filter_map(|entry| {
                let found = entry.file_name().into_string().ok()?;
                let is_hidden = found.starts_with('.') && !name.starts_with('.');
                if !found.starts_with(name) || is_hidden || found.contains(char::is_control) {
                    return None;
                }
                let end = if entry.path().is_dir() { "/" } else { "" };
                let above = begun.strip_suffix(name).unwrap_or_default();
                let replacement = format!("{above}{found}{end}");
                Some(Pair { display: format!("{found}{end}"), replacement })
            })
            .collect();
        pairs.sort_by(|a, b| a.display.cmp(&b.display));
        pairs
    }
}

impl Helper for Completion {}
impl Highlighter for Completion {}

impl Hinter for Completion {
    type Hint = String;
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.candidates(line.get(..pos).unwrap_or(line)))
    }
}

impl Validator for Completion {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match context.input().ends_with('\\') {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

/// The number of entries of a folder that are examined.
const MOST_ENTRIES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_prompts_and_paths_are_completed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.rs"), "").unwrap();
        fs::write(folder.path().join(".hidden"), "").unwrap();
        let completion = Completion::new(folder.path(), &["fix".to_owned()]);
        for (line, start, all) in [
            ("/d", 1, &["diff "][..]),
            ("/fi", 1, &["fix "]),
            ("/prompt f", 8, &["fix"]),
            ("/fix s", 6, &[]),
            ("look at @s", 9, &["src/"]),
            ("look at @src/", 9, &["src/main.rs"]),
            ("@", 1, &["src/"]),
            ("@.h", 1, &[".hidden"]),
            ("!cat src/m", 5, &["src/main.rs"]),
            ("!sr", 1, &["src/"]),
            ("plain text s", 12, &[]),
        ] {
            let (at, found) = completion.candidates(line);
            let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
            assert_eq!((at, found.as_slice()), (start, all), "{line:?}");
        }
    }
}
