//! Prompts and skills.

use std::collections::HashMap;
use std::sync::Arc;

use zerostack_core::prompt::{self, BUILT_IN, Items, Library, Output, Source, Text};

use crate::ZerostackError;

/// A named text with placeholders: Markdown with front matter.
#[derive(Debug, uniffi::Object)]
pub struct Prompt {
    name: String,
    text: String,
}

/// The kind of a prompt's result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum PromptOutput {
    /// The model's last text.
    Text,
    /// The changes to the files.
    Patch,
    /// A list of places with their faults.
    Findings,
    /// One JSON value that fits the prompt's schema.
    Json,
}

/// The names of the prompts that are part of the library.
#[must_use]
#[uniffi::export]
pub fn built_in_prompts() -> Vec<String> {
    BUILT_IN.iter().map(|source| source.name.to_owned()).collect()
}

#[uniffi::export]
impl Prompt {
    /// Reads a prompt. `name` is its name: the stem of its file.
    ///
    /// # Errors
    /// `BadPrompt`; the message has line, column and what to write.
    #[uniffi::constructor]
    pub fn new(name: String, text: String) -> Result<Arc<Self>, ZerostackError> {
        let parsed = prompt::Prompt::parse(&name, &text).map(|_| ());
        parsed.map_err(|error| ZerostackError::of_prompt(error, &name, None))?;
        Ok(Arc::new(Self { name, text }))
    }

    /// A prompt that is part of the library.
    ///
    /// # Errors
    /// `UnknownPrompt`.
    #[uniffi::constructor]
    pub fn built_in(name: String) -> Result<Arc<Self>, ZerostackError> {
        let found = Library::new(&[BUILT_IN]).find(&name);
        let found = found.map_err(|error| ZerostackError::of_prompt(error, &name, None))?;
        Ok(Arc::new(Self { text: found.text().to_owned(), name }))
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The text after the front matter, placeholders not filled.
    pub fn body(&self) -> String {
        self.read(|prompt| prompt.body().to_owned())
    }

    /// What it is for, and when to use it.
    pub fn description(&self) -> Option<String> {
        self.read(|prompt| prompt.description().map(owned))
    }

    /// The kind of its result; nothing if it is not set.
    pub fn output(&self) -> Option<PromptOutput> {
        self.read(|prompt| {
            prompt.output().and_then(|output| match output {
                Output::Text => Some(PromptOutput::Text),
                Output::Patch => Some(PromptOutput::Patch),
                Output::Findings => Some(PromptOutput::Findings),
                Output::Json => Some(PromptOutput::Json),
                _ => None,
            })
        })
    }

    /// The JSON Schema of its result, as JSON text.
    pub fn schema(&self) -> Option<String> {
        self.read(|prompt| prompt.schema().map(owned))
    }

    /// The tools it may use, as written; nothing means all but the excluded ones.
    pub fn tools(&self) -> Option<Vec<String>> {
        self.read(|prompt| prompt.tools().map(texts))
    }

    /// The tools that it may not use, as written.
    pub fn excluded_tools(&self) -> Vec<String> {
        self.read(|prompt| prompt.excluded_tools().map(owned).collect())
    }

    /// The model that it asks for.
    pub fn model(&self) -> Option<String> {
        self.read(|prompt| prompt.model().map(owned))
    }

    /// The names of its placeholders in their order, each once.
    pub fn placeholders(&self) -> Vec<String> {
        self.read(|prompt| {
            let mut names: Vec<String> = Vec::new();
            for placeholder in prompt.placeholders() {
                if !names.iter().any(|name| name == placeholder.name) {
                    names.push(placeholder.name.to_owned());
                }
            }
            names
        })
    }

    /// The body with its placeholders filled by `values`. Arguments come as one text under
    /// `ARGUMENTS`, or one by one under `1`, `2`, ...
    ///
    /// The prompts that it includes precede it, if `library` has them.
    ///
    /// # Errors
    /// `MissingPlaceholder`; the message names the placeholder. `UnknownPrompt`, `BadPrompt`, `IncludeDepth`
    /// of what it includes.
    pub fn render(
        &self,
        values: HashMap<String, String>,
        library: Vec<Arc<Self>>,
    ) -> Result<String, ZerostackError> {
        let values: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sources: Vec<Source<'_>> = library.iter().map(|prompt| prompt.source()).collect();
        let places = [BUILT_IN, &sources];
        let library = Library::new(&places);
        let bad = |error| ZerostackError::of_prompt(error, &self.name, None);
        let prompt = prompt::Prompt::parse(&self.name, &self.text).map_err(bad)?;
        let mut rendered = String::new();
        let mut failed = None;
        let visited = library.visit(&prompt, &mut |part| {
            let mut bytes = Vec::new();
            let filled = part.rendered_len(&values).and_then(|length| {
                bytes.resize(length, 0);
                part.render(&values, &mut bytes)
            });
            if let Err(error) = filled {
                failed = Some(ZerostackError::of_prompt(error, part.name(), Some(part)));
                return Err(error);
            }
            if !rendered.is_empty() {
                rendered.push_str("\n\n");
            }
            rendered.push_str(&String::from_utf8_lossy(&bytes));
            Ok(())
        });
        match visited {
            Ok(()) => Ok(rendered),
            Err(error) => Err(failed.unwrap_or_else(|| bad(error))),
        }
    }

    /// Its faults as an Agent Skill in `folder`: one sentence each.
    pub fn skill_problems(&self, folder: String) -> Vec<String> {
        self.read(|prompt| {
            let problems = prompt::skill::problems(prompt, &folder);
            problems.map(|problem| problem.message().to_owned()).collect()
        })
    }
}

impl Prompt {
    /// Gives `look` the parsed prompt. It was parsed before, so it parses again.
    fn read<T: Default>(&self, look: impl FnOnce(&prompt::Prompt<'_>) -> T) -> T {
        prompt::Prompt::parse(&self.name, &self.text).map_or_else(|_| T::default(), |p| look(&p))
    }

    fn source(&self) -> Source<'_> {
        Source { name: &self.name, text: &self.text }
    }
}

fn owned(text: Text<'_>) -> String {
    text.chars().collect()
}

fn texts(items: Items<'_>) -> Vec<String> {
    items.map(owned).collect()
}
