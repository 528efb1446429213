//! Opening a view: the place of its files, and the layout of the sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::also;
use super::baseline::Opened;
use super::disk::Disk;
use super::home::is_of_system;
use super::part::{Draft, Part, Source};
use super::scratch::{self, Scratch};
use super::surroundings::Surroundings;
use super::{Inner, ViewOptions};
use crate::patch::tree::Ended;
use crate::sandbox::{Layer, Layout, Mode, Refusal, Sandbox};
use crate::{Error, ErrorKind, Result, resolved};

/// A view whose tools are confined.
pub(super) fn confined(
    sources: Vec<Source>,
    base: PathBuf,
    options: &ViewOptions,
) -> Result<Inner> {
    let before = Opened::precise();
    let home = std::env::home_dir().and_then(|home| resolved::path(&home).ok());
    let paths: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
    let mut outside: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    outside.extend(home.as_deref().filter(|home| !is_of_system(home)));
    let scratch = Scratch::create(options.scratch.as_deref(), &outside)?;
    let temporary = scratch.folder("tmp", 0o1777)?;
    let mut around = Surroundings::find(&paths, options, &|name, model| {
        let folder = scratch.folder(name, 0o700)?;
        scratch::like(&folder, model)?;
        Ok(folder)
    })?;
    let drafts = sources.into_iter().enumerate();
    let drafts = drafts.map(|(index, source)| Draft::new(source, index, &scratch, options.storage));
    let mut drafts = drafts.collect::<Result<Vec<_>>>()?;
    let network = options.access.network();
    let sandbox = loop {
        let (homes, mut beside) = around.folders();
        let shown = beside.len();
        for draft in &drafts {
            for folder in around.of_repository(draft.checkout(), draft.path(), draft.git()) {
                // Parts may share a repository, and one may be in the checkout of another.
                let is_there = beside.iter().any(|other| other.at == folder.at);
                if !is_there && !paths.iter().any(|path| path == folder.at) {
                    beside.push(folder);
                }
            }
        }
        let mut parts = drafts.iter().map(Draft::folder);
        let Some(root) = parts.next() else { return Err(no_folder()) };
        let layout = Layout {
            root,
            also: parts.collect(),
            homes,
            beside,
            temporary: &temporary,
            masked: &around.masked,
            reachable: &around.added,
            network: &network,
        };
        let refusal = match Sandbox::build(&layout, &options.tools) {
            Ok(sandbox) => break sandbox.passing(&options.access.env),
            Err(refusal) => refusal,
        };
        match refusal {
            Refusal::Overlay(part) => {
                let draft = drafts.get_mut(part);
                if !draft.map_or(Ok(false), Draft::copy_instead)? {
                    return Err(refused(&Refusal::Overlay(part)));
                }
            }
            Refusal::BesideOverlay(index) if index < shown && around.without_overlays() => {}
            // The folder of a repository cannot be laid over: it stays read-only.
            Refusal::BesideOverlay(_) if Draft::without_git(&mut drafts) => {}
            Refusal::Final(error) => return Err(error),
            refusal => return Err(refused(&refusal)),
        }
    };
    let notes = match drafts.iter().all(Draft::has_renames) {
        true => Vec::new(),
        false => vec![NO_RENAMES.to_owned()],
    };
    let parts = drafts.into_iter().map(Draft::finish).collect::<Result<Vec<_>>>()?;
    let storage = if parts.iter().all(Part::is_copy) { COPY } else { OVERLAY };
    let mut layers = sandbox.layers();
    layers.extend([ENVIRONMENT, storage].map(Layer::in_force));
    Ok(Inner {
        sandbox,
        parts,
        base,
        temporary: "/tmp".into(),
        opened: Opened::after(before),
        around,
        temporary_outside: temporary,
        layers,
        notes,
        ended: Ended::default(),
        ending: Mutex::default(),
        disk: Disk::of(scratch.path(), options.access.disk_bytes),
        scratch,
    })
}

const NO_RENAMES: &str = "there is no room for a private copy of the folder, and only root can \
                          have a view of it in which folders can be renamed: tools must copy them";

/// A view whose tools have all the rights of the user, on a copy.
pub(super) fn free(sources: Vec<Source>, base: PathBuf, options: &ViewOptions) -> Result<Inner> {
    let before = Opened::precise();
    let paths: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
    let outside: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let scratch = Scratch::create(options.scratch.as_deref(), &outside)?;
    let temporary = scratch.folder("tmp", 0o700)?;
    let view = scratch.folder("view", 0o700)?;
    let mut parts = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        // Tools print and keep the name of the folder they are in; the way from one part to another is
        // that of the originals.
        let root = match source.below.as_slice() {
            [] => view.join(source.path.file_name().unwrap_or("project".as_ref())),
            below => view.join(also::os(below)),
        };
        let above = root.parent().unwrap_or(&view);
        fs::create_dir_all(above).map_err(|error| scratch::disk(above, &error))?;
        parts.push(Part::copied(source, index, root)?);
    }
    // For git's word on the result, which is asked for in a sandbox.
    let around = Surroundings::find(&paths, options, &|name, model| {
        let folder = scratch.folder(name, 0o700)?;
        scratch::like(&folder, model)?;
        Ok(folder)
    })?;
    let Some(first) = parts.first() else { return Err(no_folder()) };
    let mut sandbox =
        Sandbox::off(&first.origin_path, &temporary, &options.tools).passing(&options.access.env);
    if options.sandbox == Mode::Landlock {
        let (mut read, mut write) = around.without_mounts(&temporary)?;
        for part in &parts {
            let repository = around.of_repository(part.checkout.as_ref(), &part.origin_path, None);
            read.extend(repository.iter().map(|folder| folder.at.to_owned()));
            read.extend(part.linked().map(|checkout| checkout.common.join("objects")));
            write.push(part.root.clone());
        }
        let home = around.homes.first().map(|(_, private)| private.as_path());
        sandbox = sandbox.alone(&read, &write)?.at_home(home);
    }
    let mut layers = sandbox.layers();
    layers.extend([ENVIRONMENT, COPY].map(Layer::in_force));
    Ok(Inner {
        sandbox,
        parts,
        base,
        opened: Opened::after(before),
        around,
        temporary_outside: temporary.clone(),
        temporary,
        layers,
        notes: Vec::new(),
        ended: Ended::default(),
        ending: Mutex::default(),
        disk: Disk::of(scratch.path(), options.access.disk_bytes),
        scratch,
    })
}

/// The layers that no process takes on.
const ENVIRONMENT: (&str, &str) = ("masked-environment", "variables that may hold credentials");
const COPY: (&str, &str) = ("private-copy", "the files of the folder");
const OVERLAY: (&str, &str) = ("overlayfs", "the files of the folder");

fn refused(refusal: &Refusal) -> Error {
    Error::new(ErrorKind::Sandbox, format!("the sandbox cannot be made: {refusal:?}"))
}

fn no_folder() -> Error {
    Error::new(ErrorKind::Internal, "a view has no folder")
}
