//! The prompts on disk: the user's, then the project's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zerostack_core::prompt::{BUILT_IN, Fault, Library, Output, Prompt, Source, Text, tool_name};
use zerostack_core::tool::schema::Schema;

use super::argument::{self, Argument};
use super::contract::Form;
use super::filling::{self, Filling};
use super::foreign::{self, Kind};
use super::instructions::Instructions;
use super::places::{kind_of, places};
use super::prompt_fields::{
    is_model, mode, owned, read, task_name, text_of, wants, without_shebang, without_value,
};
use super::prompt_includes::{circle, culprit};
use crate::project_file::ProjectFolder;
use crate::trust::{self, Wish};
use crate::{Error, ErrorKind, Result};

/// The prompts of the user and the project, read from disk.
#[derive(Debug, Clone, Default)]
pub struct PromptFiles {
    /// Later ones override earlier ones.
    files: Vec<File>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct File {
    name: String,
    path: PathBuf,
    kind: Kind,
    /// Whether it is the user's, not the project's.
    is_users: bool,
    /// Its text, or why it cannot be used.
    text: std::result::Result<String, String>,
}

impl PromptFiles {
    /// Reads the prompts of the user and of the project in `folder`, see `places`; those of
    /// `.zerostack/prompts` count most. Prompts that cannot be read are left out, see
    /// [`warnings`](Self::warnings).
    pub fn load(folder: &Path, commands: &[&str]) -> Self {
        let mut prompts = Self::default();
        for place in places(folder) {
            let files = place.files();
            if files.is_empty() {
                continue;
            }
            let project = place.project.as_deref();
            let opened = project.map(|project| (project, ProjectFolder::open(project)));
            for (name, path, kind) in files {
                prompts.add(name, path, kind, opened.as_ref(), commands);
            }
        }
        prompts
    }

    /// The folders to search for the prompts of `folder`; later ones override earlier ones.
    pub fn places(folder: &Path) -> Vec<PathBuf> {
        places(folder).into_iter().map(|place| place.folder).collect()
    }

    /// Adds the prompt in a file that the user names, and returns its name.
    ///
    /// # Errors
    /// `Input` if it cannot be read.
    pub fn open(&mut self, path: &Path) -> Result<String> {
        let text =
            read(path, PROMPT_BYTES).and_then(|text| text.ok_or("there is no such file".into()));
        let text = text.map_err(|why| {
            Error::new(ErrorKind::Input, format!("cannot use the prompt {}: {why}", path.display()))
        })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (path, kind) = (path.to_owned(), kind_of(path));
        let text = Ok(without_shebang(text));
        self.files.push(File { name: name.clone(), path, kind, is_users: true, text });
        Ok(name)
    }

    fn add(
        &mut self,
        name: String,
        path: PathBuf,
        kind: Kind,
        project: Option<&(&Path, Opened)>,
        commands: &[&str],
    ) {
        let mut warn =
            |what: &str| self.warnings.push(format!("the prompt {} {what}", path.display()));
        if path.to_str().is_none() {
            return warn("is left out: its name is not Unicode");
        }
        // A file that was just deleted does not count.
        let read = match project {
            Some((project, Ok(Some(folder)))) => {
                let below = path.strip_prefix(project).unwrap_or(&path);
                folder.read_text(below, PROMPT_BYTES)
            }
            Some((_, Ok(None))) => return,
            Some((_, Err(why))) => Err(why.clone()),
            None => read(&path, PROMPT_BYTES),
        };
        let text = match read {
            Ok(None) => return,
            Ok(Some(text)) => Ok(without_shebang(text)),
            Err(why) => {
                warn(&format!("is left out: {why}"));
                Err(why)
            }
        };
        if commands.contains(&name.as_str()) && text.is_ok() {
            warn(&format!(
                "has the name of a command; run it with `zerostack -p {name}`, or rename it"
            ));
        }
        self.files.push(File { name, path, kind, is_users: project.is_none(), text });
    }

    /// The rights that the prompt `name` has only if the user trusts its file, whether it is
    /// trusted or not; `None` for a user's prompt, and for one that asks for none.
    pub fn wish(&self, name: &str) -> Option<Wish> {
        self.file(name).and_then(File::wish)
    }

    /// The same for all prompts of the project.
    pub fn wishes(&self) -> Vec<Wish> {
        let counts = |file: &&File| self.file(&file.name).is_some_and(|it| it.path == file.path);
        self.files.iter().filter(counts).filter_map(File::wish).collect()
    }

    /// Warnings about the files: one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The prompt `name` filled with `task`, or `None` if there is no such prompt. What is left out
    /// of it is added to the [`warnings`](Self::warnings).
    ///
    /// # Errors
    /// `Configuration` if the prompt cannot be read or is malformed, a placeholder has no value, it
    /// names only unknown tools, or its schema is invalid.
    pub fn find(&mut self, name: &str, filling: &mut Filling) -> Result<Option<Instructions>> {
        if let Some(File { kind, text: Ok(text), .. }) = self.file(name) {
            let place = self.place(name);
            let found = match kind {
                Kind::Dotprompt => Some(foreign::dotprompt(name, &place, text, filling)?),
                Kind::Llm => Some(foreign::llm(name, &place, text, filling)?),
                Kind::Markdown | Kind::Pattern => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        if let Some(why) = self.file(name).and_then(|file| file.text.as_ref().err()) {
            return Err(refused(&self.place(name), why));
        }
        let sources = self.sources();
        let places = [BUILT_IN, sources.as_slice()];
        let library = Library::new(&places);
        let prompt = match library.find(name) {
            Ok(prompt) => prompt,
            Err(error) if error.kind() == zerostack_core::ErrorKind::UnknownPrompt => {
                return Ok(None);
            }
            Err(error) => return Err(self.refused(name, error)),
        };
        argument::check(&Argument::of(&prompt), filling, &self.place(name))?;
        let uses_stdin =
            prompt.placeholders().any(|it| it.name == "stdin") && filling.stdin.is_some();
        let (text, task) = self.fill(&library, &prompt, filling)?;
        let mut warnings = Vec::new();
        let wish = self.wish(name);
        let is_trusted = |wish: &Wish| trust::is_trusted(&wish.path, &wish.bytes);
        let may_widen = wish.as_ref().is_some_and(is_trusted);
        let untrusted = wish.filter(|_| !may_widen);
        warnings.extend(untrusted.as_ref().map(Wish::warning));
        let tools = self.tools(&prompt, untrusted.is_none(), &mut warnings)?;
        let output = prompt.output().unwrap_or(Output::Text);
        let mut instructions = Instructions {
            form: self.form(&prompt)?,
            keeps_to_findings: text_of(&prompt, "scope").as_deref() == Some("findings"),
            uses_stdin,
            schema: self.schema(&prompt)?,
            model: prompt.model().map(owned).filter(|model| {
                let usable = is_model(model);
                if !usable {
                    warnings.push(format!(
                        "the prompt {}: its model {model:?} is another program's name of it; the \
                         configured model is used",
                        self.place(name)
                    ));
                }
                usable
            }),
            mode: mode(&prompt, may_widen),
            may_widen,
            tools,
            task,
            ..Instructions::new(name, text, output)
        };
        if self.file(name).is_some_and(|file| file.kind == Kind::Pattern) {
            instructions.tools = Some(Vec::new());
        }
        self.warnings.append(&mut warnings);
        Ok(Some(instructions))
    }

    /// The texts of the prompt and those that it includes, and the rest of the task.
    fn fill(
        &self,
        library: &Library<'_>,
        prompt: &Prompt<'_>,
        filling: &Filling,
    ) -> Result<(String, String)> {
        let task = filling.task.as_str();
        let mut given: Vec<(&str, String)> = vec![("ARGUMENTS", task.to_owned())];
        given.extend(
            filling.values.iter().map(|(name, value)| (name.as_str(), filling::text(value))),
        );
        given.extend(filling.stdin.as_ref().map(|stdin| ("stdin", stdin.clone())));
        let values: Vec<(&str, &str)> =
            given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (mut texts, mut holds_task, mut failed) = (Vec::new(), false, None);
        let visited = library.visit(prompt, &mut |prompt: &Prompt<'_>| {
            let filled = prompt.rendered_len(&values).and_then(|length| {
                let mut filled = vec![0; length];
                prompt.render(&values, &mut filled).map(|_| filled)
            });
            let filled = filled.inspect_err(|error| {
                let placeholder = prompt.placeholder_at(error.detail());
                let why = without_value(placeholder.map_or("?", |placeholder| placeholder.name));
                failed = Some(refused(&self.place(prompt.name()), &why));
            })?;
            texts.push(String::from_utf8_lossy(&filled).trim().to_owned());
            holds_task |= prompt.uses_arguments();
            Ok(())
        });
        if let Err(error) = visited {
            return Err(failed.unwrap_or_else(|| self.not_included(library, prompt, error)));
        }
        // A file may end without a line feed, and the next one begins a new paragraph.
        texts.retain(|text| !text.is_empty());
        // A prompt that already contains the task is not followed by it again.
        let task = if holds_task { String::new() } else { task.to_owned() };
        Ok((texts.join("\n\n"), task))
    }

    /// The built-in tools that the prompt may use; `None` for all.
    fn tools(
        &self,
        prompt: &Prompt<'_>,
        may_widen: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Vec<String>>> {
        let place = self.place(prompt.name());
        let mut unknown = Vec::new();
        let mut known = |tools: &mut dyn Iterator<Item = Text<'_>>| -> Vec<&'static str> {
            let mut known = Vec::new();
            for written in tools.map(owned) {
                match tool_name(&written).or_else(|| task_name(&written)) {
                    Some(name) => known.push(name),
                    None => unknown.push(written),
                }
            }
            known
        };
        let listed = prompt.tools().map(|mut tools| known(&mut tools));
        let mut excluded = known(&mut prompt.excluded_tools());
        match prompt.mode().map(owned).as_deref() {
            Some("plan" | "ask" | "read-only" | "readonly") => excluded.extend(["write", "edit"]),
            None | Some("standard" | "full" | "agent" | "code" | "edit" | "build" | "primary" | "subagent" | "all") => {}
            Some(mode) => warnings.push(format!(
                "the prompt {place}: its mode {mode:?} is unknown; there are readonly, standard and \
                 full"
            )),
        }
        let all: Vec<&str> = crate::tool::specs().iter().map(|spec| spec.name).collect();
        if !unknown.is_empty() {
            let (unknown, all) = (unknown.join(", "), all.join(", "));
            if listed.as_ref().is_some_and(Vec::is_empty) {
                let why = format!("none of its tools is known: {unknown}; there are {all}");
                return Err(refused(&place, &why));
            }
            warnings.push(format!("the prompt {place}: unknown tools are left out: {unknown}"));
        }
        if listed.is_none() && excluded.is_empty() {
            return Ok(None);
        }
        let allowed = |name: &&str| {
            listed.as_ref().is_none_or(|listed| listed.contains(name)) && !excluded.contains(name)
        };
        // Only a prompt that asks for it has it.
        let task = listed.as_ref().and_then(|listed| listed.iter().find(|name| **name == "task"));
        let task = task.filter(|_| may_widen);
        let all = all.into_iter().chain(task.copied());
        let tools: Vec<String> = all.filter(allowed).map(str::to_owned).collect();
        if tools.is_empty() {
            warnings.push(format!("the prompt {place}: it allows no tools, so the run has none"));
        }
        Ok(Some(tools))
    }

    /// What the prompt's `result` is.
    fn form(&self, prompt: &Prompt<'_>) -> Result<Form> {
        let Some(written) = text_of(prompt, "result") else { return Ok(Form::Plain) };
        let form = Form::ALL.into_iter().find(|(name, _)| *name == written).map(|(_, form)| form);
        form.filter(|_| prompt.output().unwrap_or(Output::Text) == Output::Text).ok_or_else(|| {
            let why = format!(
                "its result {written:?} is none; with `output: text` there are plain, \
                 commit-message and commands"
            );
            refused(&self.place(prompt.name()), &why)
        })
    }

    /// The schema of the prompt, if it can be used.
    fn schema(&self, prompt: &Prompt<'_>) -> Result<Option<String>> {
        let written = match prompt.schema() {
            Some(text) => Some(owned(text)),
            None => foreign::output_schema(prompt)
                .map_err(|why| refused(&self.place(prompt.name()), &why))?,
        };
        let Some(text) = written else { return Ok(None) };
        let usable = Schema::new(&text).and_then(|schema| schema.check("null").map(|_| ()));
        match usable {
            Ok(()) => Ok(Some(text)),
            Err(error) => {
                let why = format!("its schema cannot be used: {error}; write JSON Schema as JSON");
                Err(refused(&self.place(prompt.name()), &why))
            }
        }
    }

    /// The arguments that the prompt `name` declares; empty if it cannot be read.
    pub fn arguments(&self, name: &str) -> Vec<Argument> {
        let sources = self.sources();
        let places = [BUILT_IN, sources.as_slice()];
        let prompt = Library::new(&places).find(name);
        prompt.map(|prompt| Argument::of(&prompt)).unwrap_or_default()
    }

    /// Whether the prompt `name` declares arguments.
    pub fn takes_values(&self, name: &str) -> bool {
        match self.file(name) {
            Some(file) if matches!(file.kind, Kind::Dotprompt | Kind::Llm) => true,
            _ => !self.arguments(name).is_empty(),
        }
    }

    /// The text of the prompt `name`, and its file if it has one.
    pub fn text(&self, name: &str) -> Option<(&str, Option<&Path>)> {
        match self.file(name) {
            Some(file) => Some((file.text.as_deref().unwrap_or_default(), Some(&file.path))),
            None => {
                let source = BUILT_IN.iter().find(|source| source.name == name)?;
                Some((source.text, None))
            }
        }
    }

    /// The fault of the prompt `name`: a line for people, which begins with its place.
    pub fn fault(&self, name: &str) -> Option<String> {
        let place = self.place(name);
        let (kind, text) = match self.file(name) {
            Some(File { text: Err(why), .. }) => return Some(format!("{place}:1:1: error: {why}")),
            Some(File { kind, text: Ok(text), .. }) => (*kind, text.as_str()),
            None => (Kind::Markdown, self.text(name)?.0),
        };
        match kind {
            Kind::Markdown | Kind::Pattern => match Prompt::parse(name, text) {
                Ok(prompt) => {
                    let sources = self.sources();
                    let names = circle(&Library::new(&[BUILT_IN, sources.as_slice()]), &prompt)?;
                    Some(format!("{place}:1:1: error: its includes go in a circle: {names}"))
                }
                Err(error) => {
                    let Fault { line, column, reason } = Fault::of(error)?;
                    Some(format!("{place}:{line}:{column}: error: {}", reason.message()))
                }
            },
            kind => {
                let why = foreign::description(kind, text).err()?;
                Some(format!("{place}:1:1: error: {why}"))
            }
        }
    }

    /// Whether there is a prompt `name`, even a malformed one.
    pub fn has(&self, name: &str) -> bool {
        self.file(name).is_some() || BUILT_IN.iter().any(|source| source.name == name)
    }

    /// All prompts: name and description, sorted by name.
    pub fn list(&self) -> Vec<(String, String)> {
        let unusable = |why: &str| format!("(cannot be used: {why})");
        let described = |name: &str, text: &str| match Prompt::parse(name, text) {
            Ok(prompt) => prompt.description().map(owned).unwrap_or_default(),
            Err(error) => unusable(&told(error)),
        };
        // A file overrides earlier ones, even if it cannot be used.
        let mut all: BTreeMap<&str, String> = BTreeMap::new();
        for source in BUILT_IN.iter().filter(|source| self.file(source.name).is_none()) {
            all.insert(source.name, described(source.name, source.text));
        }
        let last: BTreeMap<&str, &File> =
            self.files.iter().map(|file| (file.name.as_str(), file)).collect();
        for (name, File { kind, text, .. }) in last {
            let about = match (kind, text) {
                (_, Err(why)) => unusable(why),
                (Kind::Markdown | Kind::Pattern, Ok(text)) => described(name, text),
                (kind, Ok(text)) => {
                    foreign::description(*kind, text).unwrap_or_else(|why| unusable(&why))
                }
            };
            all.insert(name, about);
        }
        all.into_iter().map(|(name, about)| (name.to_owned(), about)).collect()
    }

    fn sources(&self) -> Vec<Source<'_>> {
        let is_ours = |file: &&File| matches!(file.kind, Kind::Markdown | Kind::Pattern);
        let ours = self.files.iter().filter(is_ours);
        let usable = ours.filter_map(|file| Some((file, file.text.as_ref().ok()?)));
        usable.map(|(file, text)| Source { name: &file.name, text }).collect()
    }

    /// The file that is used for a name.
    fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().rev().find(|file| file.name == name)
    }

    /// The place of a prompt, for people.
    fn place(&self, name: &str) -> String {
        self.file(name).map_or_else(|| name.to_owned(), |file| file.path.display().to_string())
    }

    /// Why the prompts that `prompt` includes cannot be used.
    fn not_included(
        &self,
        library: &Library<'_>,
        prompt: &Prompt<'_>,
        error: zerostack_core::Error,
    ) -> Error {
        let names = circle(library, prompt);
        let names = names.filter(|_| error.kind() == zerostack_core::ErrorKind::IncludeDepth);
        match names {
            Some(names) => {
                let why = format!("its includes go in a circle: {names}; remove one of them");
                refused(&self.place(prompt.name()), &why)
            }
            None => self.refused(culprit(library, prompt, 0).unwrap_or(prompt.name()), error),
        }
    }

    fn refused(&self, name: &str, error: zerostack_core::Error) -> Error {
        let place = self.place(name);
        let joint = if Fault::of(error).is_some() { ", " } else { ": " };
        Error::new(ErrorKind::Configuration, format!("the prompt {place}{joint}{}", told(error)))
    }
}

impl File {
    fn wish(&self) -> Option<Wish> {
        let text = self.text.as_ref().ok().filter(|_| !self.is_users)?;
        let is_ours = matches!(self.kind, Kind::Markdown | Kind::Pattern);
        let prompt = Prompt::parse(&self.name, text).ok().filter(|_| is_ours)?;
        let (path, bytes, wants) = (self.path.clone(), text.as_bytes().to_vec(), wants(&prompt));
        (!wants.is_empty()).then_some(Wish { path, bytes, wants })
    }
}

fn refused(place: &str, why: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("the prompt {place}: {why}"))
}

/// The fault in a prompt's text, and its place.
fn told(error: zerostack_core::Error) -> String {
    match Fault::of(error) {
        Some(Fault { line, column, reason }) => {
            format!("line {line}, column {column}: {}", reason.message())
        }
        None => error.to_string(),
    }
}

/// The folder of a project, or why it cannot be used.
type Opened = std::result::Result<Option<ProjectFolder>, String>;

/// The largest prompt, in bytes.
const PROMPT_BYTES: u64 = 256 * 1024;
