//! What the model is told: the prompt, the folder's own instructions, the task.

use std::fmt::Write as _;
use std::path::Path;

use zerostack_core::prompt::Output;
use zerostack_policy::Mode;

use super::contract::{self, Form};
use crate::{Error, ErrorKind, Result, project_file};

/// A prompt that was filled, and the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// The prompt's name.
    pub name: String,
    /// The prompt's text, filled.
    pub text: String,
    /// What the run gives.
    pub output: Output,
    /// What the result is held to beyond its kind.
    pub form: Form,
    /// Whether findings on stdin name the only files that may be changed.
    pub keeps_to_findings: bool,
    /// The JSON Schema of a result that is JSON.
    pub schema: Option<String>,
    /// The model that the prompt wants.
    pub model: Option<String>,
    /// The mode that the prompt runs in, which narrows what the user allows.
    pub mode: Option<Mode>,
    /// The tools that the prompt allows; all when it does not say.
    pub tools: Option<Vec<String>>,
    /// What the user asks for; may be empty.
    pub task: String,
    /// `AGENTS.md` of the folder.
    pub agents: Option<String>,
}

impl Instructions {
    /// Adds the `AGENTS.md` that is nearest to `folder`, up to the root of its repository. Outside
    /// of a repository only that of `folder` counts: what lies above belongs to others.
    ///
    /// # Errors
    /// `Input` when it is there and cannot be read, or is too long.
    pub fn with_agents_file(mut self, folder: &Path) -> Result<Self> {
        let depth = folder.ancestors().position(|place| place.join(".git").exists());
        for place in folder.ancestors().take(depth.unwrap_or(0) + 1) {
            let path = place.join("AGENTS.md");
            let read = project_file::read_text(place, Path::new("AGENTS.md"), AGENTS_BYTES);
            let text = read.map_err(|why| {
                Error::new(ErrorKind::Input, format!("cannot use {}: {why}", path.display()))
            })?;
            if text.is_some() {
                self.agents = text;
                break;
            }
        }
        Ok(self)
    }

    /// The system prompt of a run in `folder`.
    pub fn system(&self, folder: &Path) -> String {
        let mut text = self.text.clone();
        text.push_str(&contract::told(self));
        let _ = write!(text, "\n\nWorking folder: {}", folder.display());
        if let Some(agents) = &self.agents {
            let _ = write!(text, "\n\n<agents-md>\n{}\n</agents-md>", agents.trim());
        }
        text
    }

    /// What the user says: the task, and after it what was given on stdin.
    pub fn user(&self, input: Option<&str>) -> String {
        let mut text = self.task.clone();
        if let Some(input) = input {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            let end = if input.ends_with('\n') { "" } else { "\n" };
            let _ = write!(text, "<stdin>\n{input}{end}</stdin>");
        }
        if text.is_empty() {
            text.push_str("Begin.");
        }
        text
    }
}

/// The most that `AGENTS.md` may hold: all of it goes into every request.
const AGENTS_BYTES: u64 = 64 * 1024;
