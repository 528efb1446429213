//! Paths outside the project of a run. No patch has changes of them, so the model must know.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

/// The variable with the folder of the project in a tool process of a run; not set elsewhere.
pub const PROJECT: &str = "ZEROSTACK_PROJECT";
/// Holds the other folders of the project, as `PATH` lists folders, if there are any.
pub const ALSO: &str = "ZEROSTACK_ALSO";
/// `on` in a tool process whose writes outside the project end with the run.
pub const SANDBOX: &str = "ZEROSTACK_SANDBOX";

/// Whether the call of `tool` reads nothing outside of the folders `projects`, links in them aside.
pub fn stays_inside(projects: &[&Path], tool: &str, arguments: &str) -> bool {
    #[derive(Default, Deserialize)]
    struct Place<'a> {
        #[serde(borrow, default)]
        path: Cow<'a, str>,
    }
    // A call without a usable path reports that and reads nothing.
    let Place { path } = serde_json::from_str(arguments).unwrap_or_default();
    let path = Path::new(&*path);
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    let is_inside = projects.iter().any(|project| path.starts_with(project));
    tool != "bash" && !goes_up && (path.is_relative() || is_inside)
}

/// Whether the result of such a call may be another one where more can be read.
pub fn was_refused(content: &str) -> bool {
    content.contains("permission denied") || content.contains("Permission denied")
}

/// The project's folder if `path`, with links followed, is outside it; `None` outside a run.
pub(super) fn project(path: &str) -> Option<PathBuf> {
    let also = std::env::var_os(ALSO).unwrap_or_default();
    project_of(std::env::var_os(PROJECT)?, &also, path)
}

fn project_of(project: OsString, also: &OsStr, path: &str) -> Option<PathBuf> {
    let also = std::env::split_paths(also).filter(|folder| folder.is_absolute());
    let folders: Vec<PathBuf> = std::iter::once(project.clone().into()).chain(also).collect();
    let roots: Vec<PathBuf> = folders.iter().filter_map(|it| it.canonicalize().ok()).collect();
    if roots.is_empty() {
        return None;
    }
    let target = target(&std::path::absolute(path).ok()?).ok()?;
    // A file that is about to be made, and folders above it, may not be there.
    let existing = target.ancestors().find_map(|folder| folder.canonicalize().ok())?;
    (!roots.iter().any(|root| existing.starts_with(root))).then(|| project.into())
}

/// The note in the result of a write to `path` if it is outside.
pub(super) fn note(path: &str) -> String {
    let Some(project) = project(path) else { return String::new() };
    let ends = std::env::var_os(SANDBOX).is_some_and(|sandbox| sandbox == "on");
    let fate = if ends {
        "not part of the patch, and gone after the run"
    } else {
        "not part of the patch"
    };
    format!("[outside the project {}: {fate}]\n", project.display())
}

/// Why `path` cannot be written: it is outside the project.
pub(super) fn refusal(path: &str) -> Option<String> {
    let project = project(path)?;
    let also = std::env::var_os(ALSO).unwrap_or_default();
    let also: Vec<String> =
        std::env::split_paths(&also).map(|it| format!(", {}", it.display())).collect();
    Some(format!(
        "{path} is unchanged: it is outside of the project; only files below {}{} and /tmp can be written",
        project.display(),
        also.concat()
    ))
}

/// The target of a path whose last part is a symlink, which may not exist yet.
pub(super) fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..SYMLINKS_MAX {
        match fs::read_link(&target) {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symlinks"))
}

/// As many links as Linux follows.
const SYMLINKS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_stays_inside_unless_it_is_a_command_or_names_another_place() {
        let stays = |tool, arguments| stays_inside(&[Path::new("/work/p")], tool, arguments);
        for arguments in [
            "",
            "{}",
            r#"{"path":"a/b"}"#,
            r#"{"path":"/work/p/\u0061"}"#,
            r#"{"path":"/work/p","pattern":"/etc"}"#,
            r#"{"path":7}"#,
        ] {
            assert!(stays("read", arguments), "{arguments}");
        }
        for arguments in [
            r#"{"path":"/etc/hosts"}"#,
            r#"{"path":"\u002fetc"}"#,
            r#"{"path":"a/../../b"}"#,
            r#"{"path":"/work/p/../q"}"#,
            r#"{"path":"/work/pq"}"#,
        ] {
            assert!(!stays("grep", arguments), "{arguments}");
        }
        assert!(!stays("bash", r#"{"command":"true"}"#));
    }

    #[test]
    fn links_are_followed_to_find_what_is_outside() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = |folder: &tempfile::TempDir, name: &str| {
            folder.path().join(name).to_str().unwrap().to_owned()
        };
        let is_outside = |path: &str| {
            project_of(inside.path().as_os_str().to_owned(), "".as_ref(), path).is_some()
        };
        std::fs::write(path(&outside, "conf"), "").unwrap();
        std::os::unix::fs::symlink(path(&outside, "conf"), path(&inside, "link")).unwrap();
        std::os::unix::fs::symlink(outside.path(), path(&inside, "folder")).unwrap();
        for name in ["link", "folder/new", "folder/a/b/new"] {
            assert!(is_outside(&path(&inside, name)), "{name}");
        }
        for name in ["new", "a/b/new", "."] {
            assert!(!is_outside(&path(&inside, name)), "{name}");
        }
        assert!(is_outside(&path(&outside, "conf")) && is_outside("/tmp/new"));
        let also = outside.path().as_os_str();
        let project = || inside.path().as_os_str().to_owned();
        assert_eq!(project_of(project(), also, &path(&inside, "folder/new")), None);
        assert!(project_of(project(), also, "/tmp/new").is_some());
    }
}
