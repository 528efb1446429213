//! A private copy-on-write view of a folder, in which tools run.
//!
//! The folder itself is never written. Tools see the view at the same path, in a
//! sandbox; what they did comes out as [`Changes`], and with the view goes all
//! that it had on disk and every process in it.

mod copy;
mod credentials;
mod rules;
mod scratch;
mod upper;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::patch::tree::Tree;
use crate::patch::{self, Change, Changes, Entry};
use crate::sandbox::{Child, Folder, Layout, Mode, Program, Refusal, Sandbox, ToolHost, Writes};
use crate::{Error, ErrorKind, Result};
use copy::{Copy, GitLink};
use rules::Rules;
use scratch::Scratch;

/// How a view is made.
#[derive(Debug, Clone, Default)]
pub struct ViewOptions {
    /// Whether tools are confined; a view without a sandbox is at a path of its own.
    pub sandbox: Mode,
    /// How the folder is kept apart from its view.
    pub storage: Storage,
    /// Where the private files go, instead of the system's folders for temporary files.
    pub scratch: Option<PathBuf>,
    /// The program that runs the tools.
    pub tools: ToolHost,
    /// Files and folders that tools must not see, beside the usual places of credentials.
    pub hidden: Vec<PathBuf>,
}

/// How a folder is kept apart from its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// overlayfs where the system lets us, else a copy.
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
    /// Ended before the files are removed that it uses.
    sandbox: Sandbox,
    scratch: Scratch,
    /// The folder of the user.
    origin: Tree,
    origin_path: PathBuf,
    /// The folder that tools see, by their name for it.
    root: PathBuf,
    /// /tmp, by their name for it.
    temporary: PathBuf,
    /// What was written.
    written: PathBuf,
    kept: Kept,
    layers: Vec<&'static str>,
    /// Held while the view ends.
    ending: Mutex<()>,
}

/// How the view is kept.
#[derive(Debug)]
enum Kept {
    Overlay,
    Copy(Copy),
}

/// Which paths were written to.
#[derive(Debug, Default)]
struct Touched {
    paths: BTreeMap<Vec<u8>, Presence>,
    /// Sockets, FIFOs and devices.
    special: usize,
}

/// Whether something is at a path in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

impl View {
    /// Makes a view of the folder `root`.
    ///
    /// # Errors
    /// `Input` when the folder cannot be read or is one of the system's own, `Sandbox` when the
    /// sandbox cannot be made or there is no place for private files. Nothing is left behind.
    pub fn open(root: &Path, options: &ViewOptions) -> Result<Self> {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::new(
                ErrorKind::Input,
                format!("cannot use the folder {}: {error}", root.display()),
            )
        };
        let origin_path = fs::canonicalize(root).map_err(|error| unusable(&error))?;
        let origin = Tree::open(&origin_path).map_err(|error| unusable(&error))?;
        let system = ["/proc", "/sys", "/dev"].iter().any(|path| origin_path.starts_with(path));
        if origin_path == Path::new("/") || (system && !origin_path.starts_with("/dev/shm")) {
            return Err(unusable(&"it belongs to the system; name the folder of a project"));
        }
        match options.sandbox {
            Mode::On => Self::open_confined(origin, origin_path, options),
            Mode::Off => Self::open_free(origin, origin_path, options),
        }
        .map(|inner| Self(Arc::new(inner)))
    }

    /// The folder that tools see; with a sandbox it has the path of the folder itself.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The names of what keeps tools apart from the user's files and secrets.
    pub fn layers(&self) -> &[&'static str] {
        &self.0.layers
    }

    /// Starts a tool process.
    ///
    /// # Errors
    /// `Tool` when it cannot be started, `Input` when its folder is not in the view.
    pub fn spawn(&self, program: &Program) -> Result<Child> {
        let inner = &*self.0;
        let dir = inner.root.join(&program.dir);
        if !dir.starts_with(&inner.root)
            || dir.components().any(|part| part == Component::ParentDir)
        {
            let dir = program.dir.display();
            return Err(Error::new(ErrorKind::Input, format!("{dir} is outside of the project")));
        }
        inner.sandbox.spawn(program, &dir, &inner.temporary)
    }

    /// Ends all processes of the view; others can be started afterwards.
    pub fn end_processes(&self) {
        self.0.sandbox.end_processes();
    }

    /// What is different in the view. Processes that still write make it useless.
    ///
    /// # Errors
    /// `Input` when a file of the folder or the view cannot be read.
    pub fn changes(&self) -> Result<Changes> {
        self.0.changes().map_err(|error| {
            let root = self.0.origin_path.display();
            Error::new(ErrorKind::Input, format!("cannot compare {root} with its view: {error}"))
        })
    }

    /// A handle that ends this view from another thread.
    pub fn cleanup(&self) -> Cleanup {
        Cleanup(Arc::clone(&self.0))
    }

    fn open_confined(origin: Tree, origin_path: PathBuf, options: &ViewOptions) -> Result<Inner> {
        let home = std::env::home_dir().and_then(|home| fs::canonicalize(home).ok());
        // A home folder that holds nothing but the system is none.
        let home = home.filter(|home| home.is_dir() && home.components().count() > 1);
        let mut outside = vec![origin_path.as_path()];
        outside.extend(home.as_deref());
        let scratch = Scratch::create(options.scratch.as_deref(), &outside)?;
        let temporary = scratch.folder("tmp", 0o1777)?;
        let mut masked = credentials::existing(home.as_deref());
        masked.extend(options.hidden.iter().filter_map(|path| fs::canonicalize(path).ok()));
        // In a project that holds the home folder, its writes belong to the project.
        let mut home = home.filter(|home| !home.starts_with(&origin_path));
        let home_folders = match &home {
            Some(home) => Some(overlay_folders(&scratch, "home", home)?),
            None => None,
        };
        let (upper, work) = overlay_folders(&scratch, "project", &origin_path)?;
        let mut copied = None;
        if options.storage == Storage::Copy {
            copied = Some(Copy::make(&origin, &origin_path, &upper, GitLink::Keep)?);
        }
        loop {
            let layout = Layout {
                root: Folder {
                    at: &origin_path,
                    writes: match copied {
                        Some(_) => Writes::Copy { copy: &upper },
                        None => Writes::Over { upper: &upper, work: &work },
                    },
                },
                home: home
                    .as_ref()
                    .zip(home_folders.as_ref())
                    .map(|(at, (upper, work))| Folder { at, writes: Writes::Over { upper, work } }),
                temporary: &temporary,
                masked: &masked,
            };
            let sandbox = match Sandbox::build(&layout, &options.tools) {
                Ok(sandbox) => sandbox,
                Err(Refusal::Overlay) if copied.is_none() => {
                    copied = Some(Copy::make(&origin, &origin_path, &upper, GitLink::Keep)?);
                    continue;
                }
                Err(Refusal::HomeOverlay) if home.is_some() => {
                    home = None;
                    continue;
                }
                Err(Refusal::Final(error)) => return Err(error),
                Err(refusal) => {
                    return Err(Error::new(ErrorKind::Internal, format!("sandbox: {refusal:?}")));
                }
            };
            let kept = copied.map_or(Kept::Overlay, Kept::Copy);
            let mut layers = sandbox.layers().to_vec();
            layers.push("masked-environment");
            layers.push(if matches!(kept, Kept::Overlay) { "overlayfs" } else { "private-copy" });
            return Ok(Inner {
                sandbox,
                scratch,
                origin,
                root: origin_path.clone(),
                origin_path,
                temporary: "/tmp".into(),
                written: upper,
                kept,
                layers,
                ending: Mutex::default(),
            });
        }
    }

    fn open_free(origin: Tree, origin_path: PathBuf, options: &ViewOptions) -> Result<Inner> {
        let scratch = Scratch::create(options.scratch.as_deref(), &[&origin_path])?;
        let temporary = scratch.folder("tmp", 0o700)?;
        // Tools print and keep the name of the folder they are in.
        let name = origin_path.file_name().unwrap_or("project".as_ref());
        let root = scratch.folder("view", 0o700)?.join(name);
        fs::create_dir(&root).map_err(|error| scratch::disk(&root, &error))?;
        like(&root, &origin_path)?;
        let copy = Copy::make(&origin, &origin_path, &root, GitLink::Drop)?;
        Ok(Inner {
            sandbox: Sandbox::off(&origin_path, &temporary, &options.tools),
            scratch,
            origin,
            origin_path,
            written: root.clone(),
            root,
            temporary,
            kept: Kept::Copy(copy),
            layers: vec!["masked-environment", "private-copy"],
            ending: Mutex::default(),
        })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Cleanup {
    /// Kills all processes of the view, waits for their end, and removes its files. What the
    /// view is asked afterwards fails.
    pub fn run(&self) {
        self.0.end();
    }
}

impl Inner {
    fn end(&self) {
        // A second caller waits until the first is done: the process may exit right after.
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        self.sandbox.end();
        self.scratch.remove();
    }

    fn changes(&self) -> io::Result<Changes> {
        let after = Tree::open(&self.written)?;
        let touched = match &self.kept {
            Kept::Overlay => upper::touched(&self.origin, &after)?,
            Kept::Copy(copy) => copy.touched(&after)?,
        };
        let mut files = Vec::new();
        let mut left_out = touched.special;
        let mut rules = None;
        // An ignore file as it is in the view.
        let read = |path: &[u8]| {
            let mut bytes = Vec::new();
            let tree = match touched.paths.get(path) {
                Some(Presence::There) => &after,
                Some(Presence::Gone) => return None,
                None => &self.origin,
            };
            tree.file(path).ok()?.read_to_end(&mut bytes).ok()?;
            Some(bytes)
        };
        for (path, presence) in &touched.paths {
            let old = self.origin.stat(path)?.as_ref().and_then(Entry::of);
            let new = match presence {
                Presence::There => after.stat(path)?.as_ref().and_then(Entry::of),
                Presence::Gone => None,
            };
            let same = match (old, new) {
                (Some(old), Some(new)) => patch::is_same((&self.origin, old), (&after, new), path)?,
                (None, None) => true,
                _ => false,
            };
            if same {
                continue;
            }
            let rules = rules.get_or_insert_with(|| Rules::of(&self.origin_path));
            if rules.leave_out(path, old.is_some(), &read) {
                left_out += 1;
            } else {
                files.push(Change::new(path.clone(), old, new));
            }
        }
        let prefix = rules.map_or(Vec::new(), |rules| rules.prefix().to_vec());
        Ok(Changes::new(self.origin.try_clone()?, after, prefix, files, left_out))
    }
}

/// The two folders that an overlay over `lower` needs.
fn overlay_folders(scratch: &Scratch, name: &str, lower: &Path) -> Result<(PathBuf, PathBuf)> {
    let upper = scratch.folder(name, 0o700)?;
    let work = scratch.folder(&format!("{name}-work"), 0o700)?;
    // It is the upper folder that gives the mounted one its mode and owner.
    like(&upper, lower)?;
    Ok((upper, work))
}

/// Gives `folder` the mode of `model`, and its owner if we can.
fn like(folder: &Path, model: &Path) -> Result<()> {
    let result = fs::metadata(model).and_then(|metadata| {
        if rustix::process::geteuid().is_root() {
            chown(folder, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(metadata.mode() & 0o7777))
    });
    result.map_err(|error| scratch::disk(folder, &error))
}
