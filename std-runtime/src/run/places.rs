//! The folders of prompts: the user's and the project's, in zerostack's form and in those of other programs.

use std::path::{Path, PathBuf};

use super::foreign::Kind;

/// A folder of prompts.
pub(super) struct Place {
    pub folder: PathBuf,
    /// The project that no link may lead out of; `None` for the user's own folders.
    pub project: Option<PathBuf>,
    form: Form,
}

/// The content of a folder.
#[derive(Clone, Copy)]
enum Form {
    /// `NAME.md`, `NAME.prompt`.
    Files,
    /// `NAME.prompt.md`.
    VsCode,
    /// `NAME.yaml`.
    Llm,
    /// `NAME/system.md`.
    Patterns,
}

/// The places to search for prompts; later ones override earlier ones. Those of other programs come
/// first, so that zerostack's override them.
pub(super) fn places(folder: &Path) -> Vec<Place> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let config = crate::agent::variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
    let own = |base: &Option<PathBuf>, below: &str, form| {
        let folder = base.as_ref()?.join(below);
        Some(Place { folder, project: None, form })
    };
    let of_project = |below: &str, form| {
        Some(Place { folder: folder.join(below), project: Some(folder.to_owned()), form })
    };
    let all = [
        own(&config, "fabric/patterns", Form::Patterns),
        own(&config, "io.datasette.llm/templates", Form::Llm),
        own(&home, ".claude/commands", Form::Files),
        own(&home, ".claude/agents", Form::Files),
        own(&home, ".agents/agents", Form::Files),
        own(&config, "zerostack/prompts", Form::Files),
        of_project(".github/prompts", Form::VsCode),
        of_project(".claude/commands", Form::Files),
        of_project(".claude/agents", Form::Files),
        of_project(".agents/agents", Form::Files),
        of_project(".agents/prompts", Form::Files),
        of_project(".zerostack/prompts", Form::Files),
    ];
    all.into_iter().flatten().collect()
}

impl Place {
    /// The files of prompts, with their names and forms, sorted by path.
    pub(super) fn files(&self) -> Vec<(String, PathBuf, Kind)> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        // They are in one folder, so the order of their bytes is that of their names.
        paths.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        paths.into_iter().filter_map(|path| self.file(path)).collect()
    }

    fn file(&self, path: PathBuf) -> Option<(String, PathBuf, Kind)> {
        // The reader reports a name that is not Unicode.
        let name = path.file_name()?.to_string_lossy().into_owned();
        let stem = |ending: &str| name.strip_suffix(ending).filter(|stem| !stem.is_empty());
        let (stem, kind) = match self.form {
            Form::Files => match stem(".prompt") {
                Some(stem) => (stem, Kind::Dotprompt),
                None => (stem(".md")?, Kind::Markdown),
            },
            Form::VsCode => (stem(".prompt.md")?, Kind::Markdown),
            Form::Llm => (stem(".yaml")?, Kind::Llm),
            Form::Patterns => {
                let inside = path.join("system.md");
                return inside.is_file().then(|| (name.clone(), inside, Kind::Pattern));
            }
        };
        Some((stem.to_owned(), path, kind))
    }
}

/// The form of the file at `path`, which the user named.
pub(super) fn kind_of(path: &Path) -> Kind {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("prompt") => Kind::Dotprompt,
        Some("yaml" | "yml") => Kind::Llm,
        _ => Kind::Markdown,
    }
}
