//! The instructions for the model: the prompt, the folder's own instructions, the task.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use zerostack_core::prompt::Output;
use zerostack_policy::Mode;

use super::context::Context;
use super::contract::{self, Form};
use super::skills::Skills;
use crate::Result;
use crate::agent::File;
use crate::permissions::Wished;

/// A filled prompt, and the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// The prompt's name.
    pub name: String,
    /// The prompt's text, filled.
    pub text: String,
    /// The kind of the run's result.
    pub output: Output,
    /// The form of the result beyond its kind.
    pub form: Form,
    /// Whether only the files of the findings on stdin may be changed.
    pub keeps_to_findings: bool,
    /// Whether the prompt contains the text of stdin.
    pub uses_stdin: bool,
    /// The JSON Schema of a result that is JSON.
    pub schema: Option<String>,
    /// The model that the prompt asks for.
    pub model: Option<String>,
    /// The mode that the prompt runs in, which narrows what the user allows.
    pub mode: Option<Mode>,
    /// Whether its mode may be wider than that of the run: the prompt is trusted.
    pub may_widen: bool,
    /// The tools that the prompt allows; all by default.
    pub tools: Option<Vec<String>>,
    /// The user's task; may be empty.
    pub task: String,
    /// The skills that the model may load.
    pub skills: Skills,
    /// The content of the files `AGENTS.md`, between tags.
    pub agents: String,
    /// The files that the task mentions, between tags.
    pub mentioned: String,
    /// The pictures and PDFs that the task mentions.
    pub attached: Vec<File>,
    /// Finds the files `AGENTS.md` of the folders in which the run works later.
    pub context: Option<Context>,
}

impl Instructions {
    /// The mode that it asks for.
    pub(super) fn wished(&self) -> Wished {
        Wished { mode: self.mode, may_widen: self.may_widen }
    }

    /// A prompt that asks for nothing in particular.
    pub fn new(name: &str, text: String, output: Output) -> Self {
        Self {
            name: name.to_owned(),
            text,
            output,
            form: Form::Plain,
            keeps_to_findings: false,
            uses_stdin: false,
            schema: None,
            model: None,
            mode: None,
            may_widen: false,
            tools: None,
            task: String::new(),
            skills: Skills::default(),
            agents: String::new(),
            mentioned: String::new(),
            attached: Vec::new(),
            context: None,
        }
    }

    /// Adds the skills, the project's instructions, and the files that the task mentions.
    ///
    /// # Errors
    /// `Input` if an `AGENTS.md` exists and cannot be read, or is too long.
    pub fn with_context(mut self, folder: &Path) -> Result<Self> {
        let (mut context, text) = Context::open(folder)?;
        self.agents = text;
        self.skills = Skills::load(folder);
        (self.mentioned, self.attached) = context.mentioned(&self.task);
        self.context = Some(context);
        Ok(self)
    }

    /// The system prompt of a run in the first of `folders`, to which the others belong.
    pub fn system(&self, folders: &[PathBuf]) -> String {
        let mut text = self.text.clone();
        text.push_str(&contract::told(self));
        for (index, folder) in folders.iter().enumerate() {
            let what = if index == 0 { "\n\nWorking folder" } else { "\nAlso part of the project" };
            let _ = write!(text, "{what}: {}", folder.display());
        }
        if self.tools.as_ref().is_none_or(|tools| !tools.is_empty()) {
            text.push_str(&self.skills.listing());
        }
        text.push_str(&self.agents);
        text
    }

    /// The user's text: the task, and after it the text of stdin.
    pub fn user(&self, input: Option<&str>) -> String {
        let mut text = format!("{}{}", self.task, self.mentioned);
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
