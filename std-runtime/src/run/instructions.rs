//! What the model is told: the prompt, the folder's own instructions, the task.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zerostack_core::prompt::{BUILT_IN, Library, Output, Prompt, Source, tool_name};

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
    /// The tools that the prompt allows; all when it does not say.
    pub tools: Option<Vec<String>>,
    /// What the user asks for; may be empty.
    pub task: String,
    /// `AGENTS.md` of the folder.
    pub agents: Option<String>,
}

/// The prompts of the user and the project, read from disk.
#[derive(Debug, Clone, Default)]
pub struct PromptFiles {
    /// Name, text and path, later ones first in precedence.
    files: Vec<(String, String, PathBuf)>,
}

impl PromptFiles {
    /// Reads the prompts of the user's configuration folder, then `.agents/prompts`, then
    /// `.zerostack/prompts` of `folder`. Later ones win.
    ///
    /// # Errors
    /// `Configuration` when a prompt cannot be read, or takes the name of a command.
    pub fn load(folder: &Path, commands: &[&str]) -> Result<Self> {
        let mut files = Vec::new();
        let user = crate::agent::variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let user = user.or_else(|| std::env::home_dir().map(|home| home.join(".config")));
        let user = user.map(|user| (user.join("zerostack/prompts"), None));
        let of_project = |name: &str| (folder.join(name), Some(folder));
        let of_project = [of_project(".agents/prompts"), of_project(".zerostack/prompts")];
        for (place, project) in user.into_iter().chain(of_project) {
            let Ok(entries) = std::fs::read_dir(&place) else { continue };
            let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths.into_iter().filter(|path| path.extension() == Some("md".as_ref())) {
                let refused = |why: &dyn std::fmt::Display| {
                    let text = format!("the prompt {}: {why}", path.display());
                    Error::new(ErrorKind::Configuration, text)
                };
                let name = path.file_stem().and_then(|name| name.to_str());
                let name = name.ok_or_else(|| refused(&"its name is not Unicode"))?.to_owned();
                if commands.contains(&name.as_str()) {
                    return Err(refused(&"this is the name of a command; rename the file"));
                }
                // One that has just been deleted is none.
                let read = match project {
                    Some(project) => {
                        let below = path.strip_prefix(project).unwrap_or(&path);
                        project_file::read_text(project, below, PROMPT_BYTES)
                    }
                    None => read(&path, PROMPT_BYTES),
                };
                if let Some(text) = read.map_err(|why| refused(&why))? {
                    files.push((name, text, path));
                }
            }
        }
        Ok(Self { files })
    }

    /// The prompt `name` filled with `task`, or `None` when there is none of that name.
    ///
    /// # Errors
    /// `Configuration` when the prompt is malformed or a hole of it has no value.
    pub fn find(&self, name: &str, task: &str) -> Result<Option<Instructions>> {
        let own = self.files.iter();
        let own: Vec<_> = own.map(|(name, text, _)| Source { name, text }).collect();
        let places = [BUILT_IN, own.as_slice()];
        let library = Library::new(&places);
        let refused = |error: zerostack_core::Error| self.refused(name, error);
        let prompt = match library.find(name) {
            Ok(prompt) => prompt,
            Err(error) if error.kind() == zerostack_core::ErrorKind::UnknownPrompt => {
                return Ok(None);
            }
            Err(error) => return Err(refused(error)),
        };
        let (mut texts, mut holds_task) = (Vec::new(), false);
        let mut fill = |prompt: &Prompt<'_>| {
            let values = [("ARGUMENTS", task)];
            let mut filled = vec![0; prompt.rendered_len(&values)?];
            let length = prompt.render(&values, &mut filled)?;
            texts.push(String::from_utf8_lossy(&filled[..length]).trim().to_owned());
            holds_task |= prompt.uses_arguments();
            Ok(())
        };
        library.visit(&prompt, &mut fill).map_err(refused)?;
        // A file may end without a line feed, and the next one begins a paragraph of its own.
        texts.retain(|text| !text.is_empty());
        // A prompt that holds the task already is not followed by it again.
        let task = if holds_task { String::new() } else { task.to_owned() };
        let tools = prompt.tools().map(|tools| {
            let names = tools.map(|tool| tool.chars().collect::<String>());
            names.filter_map(|name| tool_name(&name).map(str::to_owned)).collect()
        });
        Ok(Some(Instructions {
            name: name.to_owned(),
            text: texts.join("\n\n"),
            output: prompt.output().unwrap_or(Output::Text),
            tools,
            task,
            agents: None,
        }))
    }

    /// All prompts: name and description, sorted by name.
    pub fn list(&self) -> Vec<(String, String)> {
        let own = self.files.iter();
        let own: Vec<_> = own.map(|(name, text, _)| Source { name, text }).collect();
        let places = [BUILT_IN, own.as_slice()];
        let mut all: Vec<_> = Library::new(&places)
            .sources()
            .map(|source| {
                let prompt = Prompt::parse(source.name, source.text).ok();
                let description = prompt.and_then(|prompt| prompt.description());
                let description = description.map(|text| text.chars().collect());
                (source.name.to_owned(), description.unwrap_or_default())
            })
            .collect();
        all.sort();
        all
    }

    fn refused(&self, name: &str, error: zerostack_core::Error) -> Error {
        let file = self.files.iter().rev().find(|(known, ..)| known == name);
        let what = file.map_or_else(|| name.to_owned(), |(.., path)| path.display().to_string());
        let text = match zerostack_core::prompt::Fault::of(error) {
            Some(fault) => format!(
                "the prompt {what}, line {}, column {}: {}",
                fault.line,
                fault.column,
                fault.reason.message()
            ),
            None => format!("the prompt {what}: {error}"),
        };
        Error::new(ErrorKind::Configuration, text)
    }
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
        match self.output {
            Output::Findings => text.push_str(FINDINGS),
            Output::Json => text.push_str(JSON),
            _ => {}
        }
        let _ = write!(text, "\n\nWorking folder: {}", folder.display());
        if let Some(agents) = &self.agents {
            let _ = write!(text, "\n\n<agents-md>\n{}\n</agents-md>", agents.trim());
        }
        text
    }

    /// What the user says: the task, and behind it what came on stdin.
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

/// The text of a file of the user, which may be a link.
fn read(path: &Path, limit_bytes: u64) -> std::result::Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err("it is no regular file".to_owned()),
        Ok(found) if found.len() > limit_bytes => {
            Err(format!("it is longer than {limit_bytes} bytes"))
        }
        Ok(_) => {
            let mut text = String::new();
            let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
            let read = file.take(limit_bytes).read_to_string(&mut text);
            read.map(|_| Some(text)).map_err(|error| error.to_string())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

const FINDINGS: &str = "\n\nEnd with the findings alone, one a line: `path:line: severity: message`. \
                        With none, end with `no findings`.";

const JSON: &str = "\n\nEnd with one JSON value alone, without a fence around it.";

/// The most that `AGENTS.md` may hold: all of it goes into every request.
const AGENTS_BYTES: u64 = 64 * 1024;

/// The most that one prompt may hold.
const PROMPT_BYTES: u64 = 256 * 1024;
