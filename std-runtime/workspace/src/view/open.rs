//! Making a view: where its files are, and what the sandbox shows.

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use super::baseline::Opened;
use super::copy::{self, Copy, GitLink};
use super::disk::Disk;
use super::home::is_of_system;
use super::private_git;
use super::repository::Checkout;
use super::scratch::{self, Scratch};
use super::surroundings::Surroundings;
use super::{Dropped, Inner, Storage, ViewOptions};
use crate::patch::tree::{Ended, Tree};
use crate::sandbox::{self, Folder, Layer, Layout, Mode, Refusal, Sandbox, Writes};
use crate::{Error, ErrorKind, Result};

/// A view whose tools are confined.
pub(super) fn confined(origin: Tree, origin_path: PathBuf, options: &ViewOptions) -> Result<Inner> {
    let before = Opened::clock();
    let home = std::env::home_dir().and_then(|home| fs::canonicalize(home).ok());
    let mut outside = vec![origin_path.as_path()];
    outside.extend(home.as_deref().filter(|home| !is_of_system(home)));
    let scratch = Scratch::create(options.scratch.as_deref(), &outside)?;
    let temporary = scratch.folder("tmp", 0o1777)?;
    let mut around = Surroundings::find(&origin_path, options, &|name, model| {
        let folder = scratch.folder(name, 0o700)?;
        like(&folder, model)?;
        Ok(folder)
    })?;
    let (upper, work) = overlay_folders(&scratch, "project", &origin_path)?;
    let checkout = Checkout::around(&origin_path);
    let outside = checkout.as_ref().and_then(|checkout| checkout.outside(&origin_path));
    let mut git_folders = match outside {
        Some(common) => Some(overlay_folders(&scratch, "git", common)?),
        None => None,
    };
    let mut mounted = None;
    let mut copied = None;
    let mut notes = Vec::new();
    let copy = || Copy::make(&origin, &origin_path, &upper, GitLink::Keep);
    if options.storage == Storage::Copy {
        copied = Some(copy()?);
    } else if let Ok(mount) = sandbox::mount_with_renames(&origin_path, &upper, &work) {
        mounted = Some(mount);
    } else if copy::is_small(&origin).unwrap_or(false) {
        copied = copy().ok();
        if copied.is_none() {
            empty(&upper)?;
        }
    }
    if copied.is_none() && mounted.is_none() {
        notes.push(NO_RENAMES.to_owned());
    }
    let network = options.access.network();
    let sandbox = loop {
        let (homes, mut beside) = around.folders();
        let shown = beside.len();
        beside.extend(around.of_repository(checkout.as_ref(), &origin_path, git_folders.as_ref()));
        let layout = Layout {
            root: Folder {
                at: &origin_path,
                writes: match (&copied, &mounted) {
                    (Some(_), _) => Writes::Copy { copy: &upper },
                    (None, Some(mount)) => Writes::Mounted { mount: mount.as_fd() },
                    (None, None) => Writes::Over { upper: &upper, work: &work },
                },
            },
            homes,
            beside,
            temporary: &temporary,
            masked: &around.masked,
            reachable: &around.added,
            network: &network,
        };
        match Sandbox::build(&layout, &options.tools) {
            Ok(sandbox) => break sandbox.passing(&options.access.env),
            Err(Refusal::Overlay) if copied.is_none() => {
                (mounted, notes) = (None, Vec::new());
                empty(&upper)?;
                copied = Some(copy()?);
            }
            Err(Refusal::BesideOverlay(index)) if index < shown && around.without_overlays() => {}
            Err(Refusal::BesideOverlay(_)) if git_folders.is_some() => git_folders = None,
            Err(Refusal::Final(error)) => return Err(error),
            Err(refusal) => {
                return Err(Error::new(ErrorKind::Internal, format!("sandbox: {refusal:?}")));
            }
        }
    };
    let kept = match (copied, mounted) {
        (Some(copy), _) => Dropped::Copy(copy),
        (None, Some(mount)) => Dropped::Mounted(
            Tree::of_mount(mount.as_fd()).map_err(|error| scratch::disk(&upper, &error))?,
        ),
        (None, None) => Dropped::Overlay,
    };
    let storage = if matches!(kept, Dropped::Copy(_)) { "private-copy" } else { "overlayfs" };
    let mut layers = sandbox.layers();
    layers.extend(["masked-environment", storage].map(Layer::in_force));
    Ok(Inner {
        sandbox,
        root: origin_path.clone(),
        temporary: "/tmp".into(),
        written: upper,
        kept,
        opened: Opened::after(before),
        checkout,
        around,
        temporary_outside: temporary,
        layers,
        notes,
        judge: OnceLock::new(),
        ended: Ended::default(),
        ending: Mutex::default(),
        disk: Disk::of(scratch.path(), options.access.disk_bytes),
        scratch,
        origin,
        origin_path,
    })
}

const NO_RENAMES: &str = "there is no room for a private copy of the folder, and only root can \
                          have a view of it in which folders can be renamed: tools must copy them";

/// A view whose tools have all the rights of the user, on a copy.
pub(super) fn free(origin: Tree, origin_path: PathBuf, options: &ViewOptions) -> Result<Inner> {
    let before = Opened::clock();
    let scratch = Scratch::create(options.scratch.as_deref(), &[&origin_path])?;
    let temporary = scratch.folder("tmp", 0o700)?;
    // Tools print and keep the name of the folder they are in.
    let name = origin_path.file_name().unwrap_or("project".as_ref());
    let root = scratch.folder("view", 0o700)?.join(name);
    fs::create_dir(&root).map_err(|error| scratch::disk(&root, &error))?;
    like(&root, &origin_path)?;
    let copy = Copy::make(&origin, &origin_path, &root, GitLink::Drop)?;
    // For git's word on the result, which is asked for in a sandbox.
    let around = Surroundings::find(&origin_path, options, &|name, model| {
        let folder = scratch.folder(name, 0o700)?;
        like(&folder, model)?;
        Ok(folder)
    })?;
    let checkout = Checkout::around(&origin_path);
    let linked = checkout
        .as_ref()
        .filter(|checkout| checkout.top == origin_path && checkout.outside(&origin_path).is_some());
    if let Some(checkout) = linked {
        let git = root.join(".git");
        private_git::make(checkout, &git).map_err(|error| scratch::disk(&git, &error))?;
    }
    let mut sandbox =
        Sandbox::off(&origin_path, &temporary, &options.tools).passing(&options.access.env);
    if options.sandbox == Mode::Landlock {
        let checkout = checkout.as_ref();
        let (mut read, write) = around.without_mounts(checkout, &origin_path, &temporary, &root)?;
        read.extend(linked.map(|checkout| checkout.common.join("objects")));
        let home = around.homes.first().map(|(_, private)| private.as_path());
        sandbox = sandbox.alone(&read, &write)?.at_home(home);
    }
    let mut layers = sandbox.layers();
    layers.extend(["masked-environment", "private-copy"].map(Layer::in_force));
    Ok(Inner {
        sandbox,
        written: root.clone(),
        root,
        kept: Dropped::Copy(copy),
        opened: Opened::after(before),
        checkout,
        around,
        temporary_outside: temporary.clone(),
        temporary,
        layers,
        notes: Vec::new(),
        judge: OnceLock::new(),
        ended: Ended::default(),
        ending: Mutex::default(),
        disk: Disk::of(scratch.path(), options.access.disk_bytes),
        scratch,
        origin,
        origin_path,
    })
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
pub(super) fn like(folder: &Path, model: &Path) -> Result<()> {
    let result = fs::metadata(model).and_then(|metadata| {
        if rustix::process::geteuid().is_root() {
            chown(folder, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(metadata.mode() & 0o7777))
    });
    result.map_err(|error| scratch::disk(folder, &error))
}

/// Takes away what a mount that is of no use left in its upper folder.
fn empty(upper: &Path) -> Result<()> {
    let entries = fs::read_dir(upper).map_err(|error| scratch::disk(upper, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| scratch::disk(&path, &error))?;
    }
    Ok(())
}
