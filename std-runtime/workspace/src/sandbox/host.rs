//! Which program tool processes run.

use std::fs;
use std::io;
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The program that runs the tools: the `zerostack` command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolHost {
    /// The program of this process. Only the command itself may choose it: any other program
    /// would be started again for each call of the model.
    ThisProgram,
    /// The command at a path, or of this name in PATH.
    Command(PathBuf),
    /// This process: tools are called on threads, only `bash` starts a program. Nothing confines
    /// them, so it works only with [`Mode::Off`](super::Mode::Off). Linux only, where a thread can
    /// have its own working folder.
    InProcess,
}

impl Default for ToolHost {
    /// `zerostack` in PATH.
    fn default() -> Self {
        Self::Command("zerostack".into())
    }
}

/// A program's file.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
#[derive(Debug)]
pub(super) struct Executable {
    /// Opens the file, even if its path has changed.
    pub(super) open: PathBuf,
    /// Its path, if the file is still there.
    pub(super) path: Option<PathBuf>,
}

impl ToolHost {
    /// Finds the program. In PATH, relative folders and those of `project` are ignored: a project
    /// must not choose a program to start.
    pub(super) fn find(&self, project: &Path) -> io::Result<Executable> {
        match self {
            Self::ThisProgram => own(),
            Self::InProcess => Err(io::Error::other("the tools run in this process")),
            Self::Command(path) if path.components().count() > 1 => {
                let path = fs::canonicalize(path)?;
                Ok(Executable { open: path.clone(), path: Some(path) })
            }
            Self::Command(name) => {
                let folders = std::env::var_os("PATH").unwrap_or_default();
                let mut found = std::env::split_paths(&folders)
                    .filter(|folder| folder.is_absolute())
                    .filter_map(|folder| fs::canonicalize(folder.join(name)).ok())
                    .filter(|path| path.is_file() && !path.starts_with(project));
                let path = found.next().ok_or_else(|| {
                    io::Error::other(format!("there is no {} in PATH", name.display()))
                })?;
                Ok(Executable { open: path.clone(), path: Some(path) })
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn own() -> io::Result<Executable> {
    let open = PathBuf::from("/proc/self/exe");
    let of = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    let running = of(&open)?;
    // After an update it is another file, or gone.
    let path = fs::read_link(&open).ok().filter(|path| of(path).is_ok_and(|at| at == running));
    Ok(Executable { open, path })
}

#[cfg(not(target_os = "linux"))]
fn own() -> io::Result<Executable> {
    let path = std::env::current_exe()?;
    Ok(Executable { open: path.clone(), path: Some(path) })
}
