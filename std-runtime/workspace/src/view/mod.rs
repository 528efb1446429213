//! A private copy-on-write view of a folder, in which tools run.
//!
//! The folder itself is never written. Tools see the view at the same path, in a sandbox.
//! [`Changes`] are the result; dropping the view removes its files and ends every process in it.

mod also;
mod baseline;
mod below;
mod canonical;
mod compare;
mod copy;
mod credentials;
mod disk;
mod home;
mod index;
mod index_file;
mod joined;
mod judge;
mod judges;
mod judging;
mod open;
mod outside;
mod part;
mod private_git;
mod repository;
#[cfg(target_os = "linux")]
mod restricted;
#[cfg(not(target_os = "linux"))]
#[path = "restricted_elsewhere.rs"]
mod restricted;
mod rules;
mod scratch;
mod settings;
mod shown;
mod surroundings;
mod sweep;
mod toolchains;
mod upper;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::patch::Changes;
use crate::patch::tree::{Ended, Tree};
use crate::sandbox::{
    Access, Child, Connection, Layer, Mode, Network, Program, Reads, Sandbox, ToolHost,
};
use crate::{Error, ErrorKind, Result};
use baseline::{Opened, Start};
pub use compare::{Comparison, Verdict};
use copy::Copy;
use disk::Disk;
pub use disk::DiskWatch;
use part::Part;
use scratch::Scratch;
use surroundings::Surroundings;

/// How a view is made.
#[derive(Debug, Clone, Default)]
pub struct ViewOptions {
    /// Whether tools are confined; a view without a sandbox has its own path.
    pub sandbox: Mode,
    /// How the folder is separated from its view.
    pub storage: Storage,
    /// The place for private files, instead of the system's folders for temporary files.
    pub scratch: Option<PathBuf>,
    /// The program that runs the tools.
    pub tools: ToolHost,
    /// Files and folders that tools must not see, besides the usual places of credentials.
    pub hidden: Vec<PathBuf>,
    /// What tools can reach beyond the project.
    pub access: Access,
}

/// How a folder is separated from its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// overlayfs if the system permits it, else a copy.
    #[default]
    Auto,
    /// A copy.
    Copy,
}

/// A private view of a folder. On drop its processes are killed and its files removed.
#[derive(Debug)]
pub struct View(Arc<Inner>);

/// Ends a view early, from any thread: for signals.
#[derive(Debug, Clone)]
pub struct Cleanup(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Ended before its files are removed.
    sandbox: Sandbox,
    scratch: Scratch,
    disk: Disk,
    /// The folders in it, that of the project first.
    parts: Vec<Part>,
    /// The folder that the paths of the patch are from.
    base: PathBuf,
    /// /tmp, by the tools' name for it.
    temporary: PathBuf,
    opened: Opened,
    around: Surroundings,
    /// /tmp of the tools, from outside.
    temporary_outside: PathBuf,
    layers: Vec<Layer>,
    notes: Vec<String>,
    ended: Ended,
    /// Held while the view ends.
    ending: Mutex<()>,
}

/// How the view is kept.
#[derive(Debug)]
enum Dropped {
    /// An overlay that the sandbox made.
    Overlay,
    /// An overlay that we made, in which folders can be renamed.
    Mounted(Tree),
    Copy(Copy),
}

/// Which paths were written to.
#[derive(Debug, Default)]
struct Touched {
    paths: BTreeMap<Vec<u8>, Presence>,
    /// Sockets, FIFOs and devices.
    special: Vec<Vec<u8>>,
    /// Folders in which something of `.git` was written.
    repositories: Vec<Vec<u8>>,
}

/// Whether something is at a path in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

/// The layers that this system supports, tested on an empty folder.
///
/// # Errors
/// Why there can be no sandbox.
pub fn probe() -> Result<Vec<Layer>> {
    let folder = tempfile::Builder::new().prefix("zerostack-probe-").tempdir();
    let folder = folder.map_err(|error| scratch::disk(&std::env::temp_dir(), &error))?;
    Ok(View::open(folder.path(), &ViewOptions::default())?.layers().to_vec())
}

impl View {
    /// Opens a view of the folder `root`.
    ///
    /// # Errors
    /// `Input` if the folder cannot be read or belongs to the system, `Sandbox` if the sandbox
    /// cannot be set up or there is no place for private files. Nothing is left over.
    pub fn open(root: &Path, options: &ViewOptions) -> Result<Self> {
        let (sources, base) = also::sources(root, &options.access.also)?;
        let network = options.access.network();
        if options.sandbox == Mode::Landlock && network != Network::Off {
            let text = "--net needs the namespaces of --sandbox on; with --sandbox landlock there \
                        is no network";
            return Err(Error::new(ErrorKind::Sandbox, text));
        }
        if options.sandbox != Mode::Off && options.tools == ToolHost::InProcess {
            let text = "tools in this process cannot be confined; name the zerostack command by \
                        ToolHost::Command, or turn the sandbox off";
            return Err(Error::new(ErrorKind::Sandbox, text));
        }
        match options.sandbox {
            Mode::On => open::confined(sources, base, options),
            Mode::Landlock | Mode::Off => open::free(sources, base, options),
        }
        .map(|inner| Self(Arc::new(inner)))
    }

    /// The folder that tools see; with a sandbox it has the path of the folder itself.
    pub fn root(&self) -> &Path {
        self.0.parts.first().map_or(Path::new("/"), |part| &part.root)
    }

    /// The folders of the project as tools see them: [`View::root`], and then the others.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.0.parts.iter().map(|part| part.root.clone()).collect()
    }

    /// The same folders, each with that of the user that it is a view of.
    pub fn origins(&self) -> Vec<(PathBuf, PathBuf)> {
        let parts = self.0.parts.iter();
        parts.map(|part| (part.root.clone(), part.origin_path.clone())).collect()
    }

    /// The other folders of the user.
    pub fn also(&self) -> impl Iterator<Item = &Path> {
        self.0.parts.iter().skip(1).map(|part| part.origin_path.as_path())
    }

    /// The folder of the user that the paths of the patch are from: the folder of the view; of
    /// several folders the top of the checkout that they share, or else what they are all in.
    pub fn base(&self) -> &Path {
        &self.0.base
    }

    /// The way from [`View::root`] to [`View::base`], as tools see them: `.` or `..`, `../..` and so on.
    pub fn way_to_base(&self) -> PathBuf {
        let below = self.0.parts.first().map_or(&[][..], |part| part.below.as_slice());
        match also::os(below).components().count() {
            0 => ".".into(),
            count => std::iter::repeat_n("..", count).collect(),
        }
    }

    /// `path`, which is from the folder of the view, as the patch has it.
    pub fn named(&self, path: &str) -> String {
        let named = self.0.parts.first().map(|part| part.named(path.as_bytes()));
        named.map_or_else(String::new, |named| String::from_utf8_lossy(&named).into_owned())
    }

    /// The layers that protect the user's files and secrets from tools, and the missing ones with the reason.
    pub fn layers(&self) -> &[Layer] {
        &self.0.layers
    }

    /// Starts a tool process.
    ///
    /// # Errors
    /// `Tool` when it cannot be started, `Input` when its folder is not in the view.
    pub fn spawn(&self, program: &Program) -> Result<Child> {
        let inner = &*self.0;
        let dir = self.root().join(&program.dir);
        if !dir.starts_with(self.root())
            || dir.components().any(|part| part == Component::ParentDir)
        {
            let dir = program.dir.display();
            return Err(Error::new(ErrorKind::Input, format!("{dir} is outside the project")));
        }
        let reads = match program.stays_inside && inner.sandbox.confines_reads() {
            true => Reads::Project,
            false => Reads::System { hidden: &|| inner.around.restricted.find() },
        };
        inner.sandbox.spawn(program, &dir, &inner.temporary, reads)
    }

    /// Gives the content of `file` to the tools, as a file of theirs that is in no patch, and
    /// returns its path there.
    ///
    /// # Errors
    /// `Input` when it cannot be copied.
    pub fn hand_in(&self, file: &File) -> Result<PathBuf> {
        let inner = &*self.0;
        let copied = outside::copy(file, &inner.temporary_outside.join(outside::HANDED_IN));
        copied.map_err(|error| {
            let text = format!("the input cannot be copied to the view: {error}");
            Error::new(ErrorKind::Input, text)
        })?;
        Ok(inner.temporary.join(outside::HANDED_IN))
    }

    /// Whether [`View::base`] is in a checkout of git.
    pub fn is_checkout(&self) -> bool {
        self.0.checkout().is_some()
    }

    /// The connections that tools asked for where only some hosts are allowed.
    pub fn connections(&self) -> Vec<Connection> {
        self.0.sandbox.connections()
    }

    /// A note about how the view is stored.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// The environment of a tool that is not a separate process, without the variables `hidden`.
    pub fn environment(&self, hidden: &[OsString]) -> Vec<(OsString, OsString)> {
        self.0.sandbox.environment(self.root(), &self.0.temporary, hidden)
    }

    /// Ends all processes of the view; others can be started afterwards.
    pub fn end_processes(&self) {
        self.0.sandbox.end_processes();
    }

    /// The differences in the view. End processes that still write first, or the result is useless.
    ///
    /// # Errors
    /// `Input` if a file of the folder or the view cannot be read.
    pub fn changes(&self) -> Result<Changes> {
        self.compare().map(|comparison| comparison.changes)
    }

    /// [`View::changes`], with notes about them.
    ///
    /// # Errors
    /// As [`View::changes`].
    pub fn compare(&self) -> Result<Comparison> {
        self.0.compare().map_err(|error| {
            let root = self.0.base.display();
            Error::new(ErrorKind::Input, format!("cannot compare {root} with its view: {error}"))
        })
    }

    /// Whether git applies `patch` to the current folder.
    pub fn check(&self, comparison: &Comparison, patch: &[u8]) -> Verdict {
        self.0.check(comparison, patch)
    }

    /// Which of `paths` the user changed in the folder since the view was opened.
    ///
    /// # Errors
    /// The error of the system.
    pub fn changed_since_start<'a>(
        &self,
        paths: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<Vec<Vec<u8>>> {
        let inner = &*self.0;
        let mut changed = Vec::new();
        for path in paths {
            let found = inner.parts.iter().find_map(|part| Some((part, part.strip(path)?)));
            let Some((part, below)) = found else { continue };
            let start = part.start(inner.opened, below)?;
            if !matches!(start, Start::Live(_)) {
                changed.push(path.to_vec());
            }
        }
        Ok(changed)
    }

    /// Watches a call's writes to the disk, from here on.
    pub fn watch_disk(&self) -> DiskWatch<'_> {
        self.0.disk.watch()
    }

    /// A handle that ends this view from another thread.
    pub fn cleanup(&self) -> Cleanup {
        Cleanup(Arc::clone(&self.0))
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Cleanup {
    /// Kills all processes of the view, waits for their end, and removes its files. Later calls on
    /// the view fail.
    pub fn run(&self) {
        self.0.end();
    }
}

impl Inner {
    fn end(&self) {
        // A second caller waits until the first is done: the process may exit right after.
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.set();
        self.sandbox.end();
        // None is made from here on.
        for part in &self.parts {
            part.judges.end();
        }
        self.scratch.remove();
    }
}
