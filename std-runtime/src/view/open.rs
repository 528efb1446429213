//! Making a view: where its files are, and what the sandbox shows.

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use super::baseline::Opened;
use super::copy::{self, Copy, GitLink};
use super::repository::Checkout;
use super::scratch::{self, Scratch};
use super::{Inner, Kept, Storage, ViewOptions, credentials};
use crate::patch::tree::{Ended, Tree};
use crate::sandbox::{self, Folder, Layout, Refusal, Sandbox, Writes};
use crate::{Error, ErrorKind, Result};

/// A view whose tools are confined.
pub(super) fn confined(origin: Tree, origin_path: PathBuf, options: &ViewOptions) -> Result<Inner> {
    let before = Opened::clock();
    let mut home = home();
    let mut outside = vec![origin_path.as_path()];
    outside.extend(home.as_deref());
    let scratch = Scratch::create(options.scratch.as_deref(), &outside)?;
    let temporary = scratch.folder("tmp", 0o1777)?;
    let masked = masks(home.as_deref(), &options.hidden);
    // In a project that holds the home folder, its writes belong to the project.
    home = home.filter(|home| !home.starts_with(&origin_path));
    let home_folders = match &home {
        Some(home) => Some(overlay_folders(&scratch, "home", home)?),
        None => None,
    };
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
    let sandbox = loop {
        let layout = Layout {
            root: Folder {
                at: &origin_path,
                writes: match (&copied, &mounted) {
                    (Some(_), _) => Writes::Copy { copy: &upper },
                    (None, Some(mount)) => Writes::Mounted { mount: mount.as_fd() },
                    (None, None) => Writes::Over { upper: &upper, work: &work },
                },
            },
            home: home
                .as_ref()
                .zip(home_folders.as_ref())
                .map(|(at, (upper, work))| Folder { at, writes: Writes::Over { upper, work } }),
            beside: beside(checkout.as_ref(), &origin_path, git_folders.as_ref()),
            temporary: &temporary,
            masked: &masked,
        };
        match Sandbox::build(&layout, &options.tools) {
            Ok(sandbox) => break sandbox,
            Err(Refusal::Overlay) if copied.is_none() => {
                (mounted, notes) = (None, Vec::new());
                empty(&upper)?;
                copied = Some(copy()?);
            }
            Err(Refusal::HomeOverlay) if home.is_some() => home = None,
            Err(Refusal::BesideOverlay) if git_folders.is_some() => git_folders = None,
            Err(Refusal::Final(error)) => return Err(error),
            Err(refusal) => {
                return Err(Error::new(ErrorKind::Internal, format!("sandbox: {refusal:?}")));
            }
        }
    };
    let kept = match (copied, mounted) {
        (Some(copy), _) => Kept::Copy(copy),
        (None, Some(mount)) => Kept::Mounted(
            Tree::of_mount(mount.as_fd()).map_err(|error| scratch::disk(&upper, &error))?,
        ),
        (None, None) => Kept::Overlay,
    };
    let mut layers = sandbox.layers().to_vec();
    layers.push("masked-environment");
    layers.push(if matches!(kept, Kept::Copy(_)) { "private-copy" } else { "overlayfs" });
    let home = home.zip(home_folders.map(|(upper, _)| upper));
    Ok(Inner {
        sandbox,
        root: origin_path.clone(),
        temporary: "/tmp".into(),
        written: upper,
        kept,
        opened: Opened::after(before),
        checkout,
        hidden: options.hidden.clone(),
        home,
        temporary_outside: temporary,
        layers,
        notes,
        judge: OnceLock::new(),
        ended: Ended::default(),
        ending: Mutex::default(),
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
    Ok(Inner {
        sandbox: Sandbox::off(&origin_path, &temporary, &options.tools),
        written: root.clone(),
        root,
        kept: Kept::Copy(copy),
        opened: Opened::after(before),
        checkout: Checkout::around(&origin_path),
        hidden: options.hidden.clone(),
        home: None,
        temporary_outside: temporary.clone(),
        temporary,
        layers: vec!["masked-environment", "private-copy"],
        notes: Vec::new(),
        judge: OnceLock::new(),
        ended: Ended::default(),
        ending: Mutex::default(),
        scratch,
        origin,
        origin_path,
    })
}

/// The home folder, links resolved. One that holds nothing but the system is none.
pub(super) fn home() -> Option<PathBuf> {
    let home = std::env::home_dir().and_then(|home| fs::canonicalize(home).ok());
    home.filter(|home| home.is_dir() && home.components().count() > 1)
}

/// What tools must not see.
pub(super) fn masks(home: Option<&Path>, hidden: &[PathBuf]) -> Vec<PathBuf> {
    let mut masked = credentials::existing(home);
    masked.extend(hidden.iter().filter_map(|path| fs::canonicalize(path).ok()));
    masked
}

/// What git needs beside the folder `root`: the folder of the repository, writable where there
/// are `folders` for its overlay, the rest of the checkout, and what it borrows objects from.
pub(super) fn beside<'a>(
    checkout: Option<&'a Checkout>,
    root: &Path,
    folders: Option<&'a (PathBuf, PathBuf)>,
) -> Vec<Folder<'a>> {
    let Some(checkout) = checkout else { return Vec::new() };
    let show = |at: &'a Path| Folder { at, writes: Writes::Nowhere };
    let mut beside = Vec::new();
    if checkout.top != root && is_covered(&checkout.top) {
        beside.push(show(&checkout.top));
    }
    match (checkout.outside(root), folders) {
        (Some(at), Some((upper, work))) => {
            beside.push(Folder { at, writes: Writes::Over { upper, work } });
        }
        (Some(at), None) if is_covered(at) => beside.push(show(at)),
        _ => {}
    }
    let borrowed = checkout.borrowed.iter().map(PathBuf::as_path);
    beside.extend(borrowed.filter(|at| is_covered(at) && !at.starts_with(root)).map(show));
    beside
}

/// Whether tools have something else at the path.
fn is_covered(path: &Path) -> bool {
    ["/tmp", "/var/tmp"].iter().any(|covered| path.starts_with(covered))
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
