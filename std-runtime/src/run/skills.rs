//! Agent Skills: folders with a `SKILL.md`. The model knows their names and descriptions, and loads
//! the rest when it needs it.
//!
//! They are searched in `.agents/skills` and `skills` of the user's configuration, then in
//! `.claude/skills` and `.agents/skills` of the project. The last one of a name counts.

use std::path::{Path, PathBuf};

use zerostack_core::prompt::{Prompt, Text, Value};
use zerostack_core::{OwnedTool, ToolSpec};

use crate::agent::ToolOutput;
use crate::error::one_line;
use crate::project_file;

/// The skills of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skills {
    skills: Vec<Skill>,
    warnings: Vec<String>,
}

/// One skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skill {
    pub name: String,
    description: String,
    /// The folder that no link may lead out of, and the skill's folder in it.
    top: PathBuf,
    folder: PathBuf,
    /// Its text.
    pub body: String,
    /// The tools in its `allowed-tools`.
    pub allowed: Option<Vec<String>>,
    /// Whether it runs as a subagent.
    pub forks: bool,
}

impl Skills {
    /// Finds the skills of the user and of the project in `folder`.
    pub fn load(folder: &Path) -> Self {
        let mut skills = Self::default();
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let config = crate::agent::variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
        let of_user = [
            home.map(|home| home.join(".agents/skills")),
            config.map(|config| config.join("zerostack/skills")),
        ];
        for place in of_user.into_iter().flatten() {
            for name in names(&place) {
                // A user may keep a skill elsewhere, and link to it.
                if let Ok(top) = place.join(&name).canonicalize() {
                    skills.add(&name, top, PathBuf::new());
                }
            }
        }
        for place in [".claude/skills", ".agents/skills"] {
            for name in names(&folder.join(place)) {
                skills.add(&name, folder.to_owned(), Path::new(place).join(&name));
            }
        }
        skills
    }

    fn add(&mut self, name: &str, top: PathBuf, folder: PathBuf) {
        let path = top.join(&folder).join("SKILL.md");
        let mut warn = |what: &str| {
            self.warnings.push(format!("the skill {} {what}", path.display()));
        };
        let text = match project_file::read_text(&top, &folder.join("SKILL.md"), SKILL_BYTES) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(why) => return warn(&format!("is left out: {why}")),
        };
        let prompt = match Prompt::parse(name, &text) {
            Ok(prompt) => prompt,
            Err(error) => return warn(&format!("is left out: {error}")),
        };
        let description = prompt.description().map(owned).unwrap_or_default();
        if description.trim().is_empty() {
            return warn("is left out: it has no description");
        }
        if !prompt.is_model_invocable() {
            return;
        }
        let declared = prompt.declared_name().map(owned);
        if let Some(declared) = declared.filter(|declared| declared.trim() != name) {
            warn(&format!(
                "calls itself {declared:?}, and is used as {name}, the name of its folder"
            ));
        }
        let forks = matches!(prompt.field("context"), Some(Value::Text(text)) if text == "fork");
        let skill = Skill {
            name: name.to_owned(),
            description: one_line(&description),
            body: prompt.body().to_owned(),
            allowed: prompt.tools().map(|tools| tools.map(owned).collect()),
            forks,
            top,
            folder,
        };
        let is_full = self.skills.len() == SKILLS;
        match self.skills.iter_mut().find(|other| other.name == name) {
            Some(other) => {
                let hidden = other.top.join(&other.folder);
                self.warnings.push(format!(
                    "two skills are called {name}: {} counts, not {}",
                    path.display(),
                    hidden.join("SKILL.md").display()
                ));
                *other = skill;
            }
            None if is_full => {
                warn(&format!("is left out: there are more than {SKILLS}"));
            }
            None => self.skills.push(skill),
        }
    }

    /// Warnings about the skills: one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// Their part of the system prompt.
    pub(super) fn listing(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut text = "\n\nSkills; load one with `skill` before work that it is for:".to_owned();
        let (mut room, mut unlisted) = (LISTING_BYTES, Vec::new());
        for Skill { name, description, .. } in &self.skills {
            let line = format!("\n- {name}: {description}");
            match room.checked_sub(line.len()) {
                Some(left) => {
                    room = left;
                    text.push_str(&line);
                }
                None => unlisted.push(name.as_str()),
            }
        }
        if !unlisted.is_empty() {
            text.push_str(&format!("\n- without a description here: {}", unlisted.join(", ")));
        }
        text
    }

    pub(super) fn spec(&self) -> OwnedTool {
        let forks = self.skills.iter().any(|skill| skill.forks);
        OwnedTool::from(if forks { FORKING_SPEC } else { SPEC })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Skill> {
        self.skills.iter().find(|skill| skill.name == name)
    }

    /// The names, for a call with an unknown name.
    pub(super) fn names(&self) -> String {
        self.skills.iter().map(|skill| skill.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Skill {
    /// Its text and the names of its files.
    pub(super) fn text(&self) -> String {
        let mut files = Vec::new();
        list(&self.top.join(&self.folder), Path::new(""), 0, &mut files);
        let mut text = self.body.clone();
        if !files.is_empty() {
            let files = files.join(", ");
            text.push_str(&format!("\n\nFiles of the skill, for `skill` with `file`: {files}"));
            // Tools see the project, not the user's home.
            if !self.folder.as_os_str().is_empty() {
                text.push_str(&format!("; they are in {}", self.folder.display()));
            }
        }
        text
    }

    /// One of its files.
    pub(super) fn file(&self, path: &str) -> ToolOutput {
        let below = self.folder.join(path);
        let leads_out = Path::new(path).components().any(|part| {
            !matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)
        });
        match project_file::read_text(&self.top, &below, SKILL_BYTES) {
            _ if leads_out => ToolOutput::error(format!("{path} is not a path within the skill")),
            Ok(Some(content)) => ToolOutput::ok(content),
            Ok(None) => ToolOutput::error(format!("the skill {} has no file {path}", self.name)),
            Err(why) => ToolOutput::error(format!("{path} cannot be used: {why}")),
        }
    }
}

/// The folders in `place`, sorted.
fn names(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Adds the files below `folder` except `SKILL.md`; follows no link.
fn list(folder: &Path, below: &Path, depth: usize, files: &mut Vec<String>) {
    for name in names(&folder.join(below)) {
        let path = below.join(&name);
        let Ok(kind) = folder.join(&path).symlink_metadata().map(|found| found.file_type()) else {
            continue;
        };
        if kind.is_dir() && depth < DEPTH {
            list(folder, &path, depth + 1, files);
        } else if kind.is_file() && path != Path::new("SKILL.md") && files.len() < FILES {
            files.push(path.display().to_string());
        }
    }
}

fn owned(text: Text<'_>) -> String {
    text.chars().collect()
}

const SPEC: ToolSpec<'static> = ToolSpec {
    name: "skill",
    description: "Load a skill, or one of its files.",
    parameters: r#"{"type":"object","properties":{"name":{"type":"string"},"file":{"type":"string"}},"required":["name"]}"#,
};

/// With a task for skills that run as subagents.
const FORKING_SPEC: ToolSpec<'static> = ToolSpec {
    description: "Load a skill, or one of its files. Some do the task themselves and give its result.",
    parameters: r#"{"type":"object","properties":{"name":{"type":"string"},"file":{"type":"string"},"task":{"type":"string"}},"required":["name"]}"#,
    ..SPEC
};

/// The largest `SKILL.md` and file of a skill, in bytes.
const SKILL_BYTES: u64 = 64 * 1024;
/// The most skills.
const SKILLS: usize = 200;
/// The longest part of the system prompt about skills.
const LISTING_BYTES: usize = 16 * 1024;
/// The most files of a skill that are listed, and the depth of the search.
const FILES: usize = 100;
const DEPTH: usize = 3;
