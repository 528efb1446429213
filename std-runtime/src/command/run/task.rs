//! The prompt and the task that the words of a command line name.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::Path;

use crate::Result;
use crate::command::entry::{Entry, Group};
use crate::command::usage::{nearest, usage};
use crate::run::PromptFiles;

/// What to run.
pub(super) struct Task {
    /// The prompt's name.
    pub prompt: String,
    /// Whether the words name it; if not, it is the default.
    pub is_named: bool,
    /// The instruction; may be empty.
    pub text: String,
    /// The last word is `-`: wait for stdin as long as it takes.
    pub waits_for_stdin: bool,
}

/// The words of a command line.
pub(super) struct Words {
    /// The prompt that `--prompt` names.
    pub prompt: Option<String>,
    /// Those before `--`.
    pub words: Vec<String>,
    /// Those after it.
    pub instruction: Vec<String>,
    /// A command was named before them, so any word may begin an instruction.
    pub follow_name: bool,
}

impl Words {
    /// What they ask for. The first word names a prompt, unless `--prompt` does. An instruction is
    /// one word with a blank in it, or follows a name or `--`.
    ///
    /// # Errors
    /// `Usage` for a first word that names nothing.
    pub(super) fn task(self, prompts: &mut PromptFiles, table: &[Entry]) -> Result<Task> {
        let mut words: VecDeque<String> = self.words.into();
        let named = match self.prompt {
            Some(name) => Some(name),
            None => match words.front() {
                Some(word) if prompts.has(word) => words.pop_front(),
                Some(word) if is_file(word) => {
                    let name = prompts.open(Path::new(word))?;
                    words.pop_front();
                    Some(name)
                }
                Some(word) if self.follow_name || is_instruction(word) => None,
                Some(word) => {
                    is_no_slip(word, words.len(), prompts, table)?;
                    None
                }
                None => None,
            },
        };
        let is_named = named.is_some();
        let prompt = named.unwrap_or_else(|| DEFAULT.to_owned());
        words.extend(self.instruction);
        let waits_for_stdin = words.back().is_some_and(|word| word == "-");
        if waits_for_stdin {
            words.pop_back();
        }
        let text = words.make_contiguous().join(" ");
        Ok(Task { prompt, is_named, text, waits_for_stdin })
    }
}

/// Whether `word` is the path of a prompt's file.
pub(super) fn is_file(word: &str) -> bool {
    let path = Path::new(word);
    let is_named = [".md", ".prompt"].iter().any(|ending| word.ends_with(ending));
    let is_script = || {
        let mut start = [0; 2];
        let file = std::fs::File::open(path);
        file.and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
    };
    // A name alone is not a path, so a file in the folder does not change the meaning of a command line.
    (word.contains('/') || is_named) && path.is_file() && (is_named || is_script())
}

/// Whether `word` alone is an instruction, whatever names exist.
fn is_instruction(word: &str) -> bool {
    word == "-" || word.contains(char::is_whitespace)
}

/// Refuses a first word that is not a name and may be a mistyped one. A name has at least three
/// letters, so a word of one or two is an instruction.
fn is_no_slip(word: &str, count: usize, prompts: &PromptFiles, table: &[Entry]) -> Result<()> {
    let names: Vec<String> = prompts.list().into_iter().map(|(name, _)| name).collect();
    let commands = table.iter().filter(|entry| entry.group != Group::Hidden);
    let all = names.iter().map(String::as_str).chain(commands.map(|entry| entry.name));
    match nearest(word, all) {
        Some(name) => {
            Err(usage(format!("unknown command or prompt {word:?}; did you mean {name:?}?")))
        }
        None if word.chars().count() <= 2 => Ok(()),
        None if count > 1 => Err(usage(format!(
            "unknown command or prompt {word:?}; quote an instruction, as in `zerostack \"make \
             the test pass\"`"
        ))),
        None => Err(usage(format!(
            "unknown command or prompt {word:?}; `zerostack prompts` and `zerostack help` list \
             them, and `zerostack code -- {word}` gives it as an instruction"
        ))),
    }
}

/// The prompt of a run that does not name one.
pub(super) const DEFAULT: &str = "code";
