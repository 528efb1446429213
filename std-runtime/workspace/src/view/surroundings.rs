//! What tools see around the project: homes that show little, the parts that builds need, the
//! user's additions, and the hidden paths.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use super::home::Homes;
use super::repository::Checkout;
use super::restricted::Restricted;
use super::shown::{MakeFolder, Shown};
use super::{ViewOptions, credentials, settings, toolchains};
use crate::sandbox::{self, Folder, Mode, Network, Writes};
use crate::{Error, ErrorKind, Result, resolved};

/// The surroundings of the project.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// The user's homes, each with the private folder that tools see instead.
    pub(super) homes: Vec<(PathBuf, PathBuf)>,
    /// The parts of them that builds need.
    shown: Vec<Shown>,
    /// What the user adds.
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
    /// All additions of the user.
    pub(super) added: Vec<PathBuf>,
    /// Paths that must look empty to all calls.
    pub(super) masked: Vec<PathBuf>,
    /// Further paths that must look empty to calls that could reach them.
    pub(super) restricted: Restricted,
}

impl Surroundings {
    /// Finds them for a project, whose folders are `roots`.
    ///
    /// # Errors
    /// When the disk refuses, or a path of the user's is not there.
    pub(super) fn find(
        roots: &[PathBuf],
        options: &ViewOptions,
        make: &MakeFolder<'_>,
    ) -> Result<Self> {
        let homes = Homes::find();
        let in_project = |path: &Path| roots.iter().any(|root| path.starts_with(root));
        let meets_project = |home: &&PathBuf| in_project(home);
        let mut found = Self {
            readable: chosen(&options.access.read, "--allow-read", &in_project)?,
            writable: chosen(&options.access.write, "--allow-write", &in_project)?,
            ..Self::default()
        };
        found.added = found.readable.iter().chain(&found.writable).cloned().collect();
        // Host names are resolved with this file, which may be a link to a covered folder.
        let resolver = resolved::path(Path::new("/etc/resolv.conf")).ok();
        let resolver = resolver.filter(|path| path.starts_with("/run"));
        found.readable.extend(resolver.filter(|_| options.access.network() == Network::On));
        // A home in the project is part of it.
        let own: Vec<_> = homes.own.iter().filter(|home| !meets_project(home)).cloned().collect();
        found.homes = private(&own, make)?;
        for (index, home) in own.iter().enumerate() {
            let shown = toolchains::shown(home, &own);
            link(&found.homes, &shown.links)?;
            let parts = shown.folders.into_iter().filter(|path| !in_project(path)).collect();
            found.shown.extend(match options.sandbox {
                Mode::On => Shown::writable(home, index, parts, make)?,
                // Without a sandbox only git's word is asked for in one.
                Mode::Landlock | Mode::Off => Shown::read_only(parts),
            });
        }
        let others = homes.others.iter().filter(|home| !meets_project(home));
        let all = homes.own.iter().chain(&homes.others);
        let looked_through = all.filter(meets_project).chain(&homes.of_services);
        found.masked = credentials::existing(looked_through.chain(&own));
        found.masked.extend(others.cloned());
        found.masked.extend(options.hidden.iter().filter_map(|path| fs::canonicalize(path).ok()));
        let mut sockets = sandbox::listening_sockets();
        sockets.retain(|socket| !found.added.iter().any(|folder| socket.starts_with(folder)));
        found.masked.extend(sockets);
        let kept: Vec<PathBuf> = roots
            .iter()
            .chain(&own)
            .cloned()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()))
            .chain(found.added.iter().cloned())
            .filter(|path| path.is_absolute() && path.components().count() > 1)
            .collect();
        found.restricted = Restricted::beside(kept);
        found.masked.retain(|mask| !found.added.contains(mask));
        // A folder precedes its content, which is hidden with it.
        found.masked.sort_unstable();
        found.masked.dedup_by(|path, outer| path.starts_with(&*outer));
        Ok(found)
    }

    /// The same for git's verdict on a change: with its own homes, and read-only; the parts that
    /// builds need only with `toolchains`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn for_judge(&self, make: &MakeFolder<'_>, toolchains: bool) -> Result<Self> {
        let own: Vec<PathBuf> = self.homes.iter().map(|(at, _)| at.clone()).collect();
        let shown = self.shown.iter().filter(|_| toolchains);
        let shown = Shown::read_only(shown.map(|shown| shown.path().to_owned()).collect());
        let (readable, added) = (self.added.clone(), self.added.clone());
        let homes = private(&own, make)?;
        // git runs programs of the user's settings, and none of the model's: for git alone the whole
        // system is not searched.
        let (writable, restricted) = (Vec::new(), self.restricted.as_found());
        let masked = self.masked.clone();
        Ok(Self { homes, shown, readable, writable, added, masked, restricted })
    }

    /// Whether the user's settings of git name a filter.
    pub(super) fn names_filters(&self) -> bool {
        self.homes.iter().any(|(_, private)| settings::names_filters(private))
    }

    /// Paths that must look empty to a process that reads the whole system.
    pub(super) fn all_masked(&self) -> impl Iterator<Item = &PathBuf> {
        self.masked.iter().chain(self.restricted.find())
    }

    /// Makes the parts that builds need read-only; returns whether they were not.
    pub(super) fn without_overlays(&mut self) -> bool {
        let mut any = false;
        self.shown.iter_mut().for_each(|shown| any |= shown.seal());
        any
    }

    /// The homes and shown paths, for a sandbox.
    pub(super) fn folders(&self) -> (Vec<Folder<'_>>, Vec<Folder<'_>>) {
        let homes =
            self.homes.iter().map(|(at, copy)| Folder { at, writes: Writes::Copy { copy } });
        let shown = self.shown.iter().map(Shown::folder);
        let readable = self.readable.iter().map(|at| Folder { at, writes: Writes::Nowhere });
        let writable =
            self.writable.iter().map(|at| Folder { at, writes: Writes::Copy { copy: at } });
        (homes.collect(), shown.chain(readable).chain(writable).collect())
    }

    /// What tools may read and write where nothing is covered, beside the project: the folders of the
    /// system, but for what must look empty.
    pub(super) fn without_mounts(&self, temporary: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let mut read = Vec::new();
        for folder in OF_SYSTEM {
            self.readable_below(Path::new(folder), &mut read);
        }
        let (_, shown) = self.folders();
        read.extend(shown.iter().map(|folder| folder.at.to_owned()));
        let mut write = vec![temporary.to_owned()];
        write.extend(self.writable.iter().chain(self.homes.iter().map(|(_, it)| it)).cloned());
        let devices = ["full", "null", "ptmx", "pts", "random", "tty", "urandom", "zero"];
        write.extend(devices.map(|name| Path::new("/dev").join(name)));
        // The real caches are where the private home leads to.
        let paths = self.shown.iter().map(|shown| shown.path().to_owned());
        let links: Vec<_> = paths.map(|at| (at.clone(), at)).collect();
        link(&self.homes, &links)?;
        Ok((read, write))
    }

    /// The folders and files below `folder` that hold nothing that must look empty.
    fn readable_below(&self, folder: &Path, readable: &mut Vec<PathBuf>) {
        let is_masked = |path: &Path| self.all_masked().any(|masked| path.starts_with(masked));
        let holds_masked = |path: &Path| self.all_masked().any(|masked| masked.starts_with(path));
        if is_masked(folder) {
        } else if !holds_masked(folder) {
            readable.push(folder.to_owned());
        } else {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.for_each(|entry| self.readable_below(&entry.path(), readable));
        }
    }

    /// What git needs besides the folder `root`: the folder of the repository, writable if there
    /// are `folders` for its overlay, the rest of the checkout, and the repositories from which it borrows objects.
    pub(super) fn of_repository<'a>(
        &self,
        checkout: Option<&'a Checkout>,
        root: &Path,
        folders: Option<&'a (PathBuf, PathBuf)>,
    ) -> Vec<Folder<'a>> {
        let Some(checkout) = checkout else { return Vec::new() };
        let show = |at: &'a Path| Folder { at, writes: Writes::Nowhere };
        let mut beside = Vec::new();
        if checkout.top != root && self.is_covered(&checkout.top) {
            beside.push(show(&checkout.top));
        }
        match (checkout.outside(root), folders) {
            (Some(at), Some((upper, work))) => {
                beside.push(Folder { at, writes: Writes::Over { upper, work } });
            }
            (Some(at), None) if self.is_covered(at) => beside.push(show(at)),
            _ => {}
        }
        let borrowed = checkout.borrowed.iter().map(PathBuf::as_path);
        beside.extend(borrowed.filter(|at| self.is_covered(at) && !at.starts_with(root)).map(show));
        beside
    }

    /// Whether tools have something else at the path.
    fn is_covered(&self, path: &Path) -> bool {
        let is_home = self.homes.iter().any(|(home, _)| path.starts_with(home) && path != home);
        is_home || ["/tmp", "/var/tmp"].iter().any(|covered| path.starts_with(covered))
    }
}

/// The parts of a system that programs need.
const OF_SYSTEM: [&str; 17] = [
    "/bin",
    "/etc",
    "/gnu",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/opt",
    "/proc",
    "/sbin",
    "/snap",
    "/sys",
    "/usr",
    "/var/cache",
    "/var/lib",
    "/run/current-system",
];

/// The paths that the user adds, links resolved.
fn chosen(
    paths: &[PathBuf],
    option: &str,
    in_project: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| {
        let text = format!("{option} {}: {why}", path.display());
        Error::new(ErrorKind::Input, text)
    };
    let mut chosen = Vec::new();
    for path in paths {
        let found = fs::canonicalize(path).map_err(|error| wrong(path, &error))?;
        if ["/", "/proc", "/sys", "/dev", "/tmp", "/var/tmp"]
            .iter()
            .any(|it| found == Path::new(it))
        {
            return Err(wrong(path, &"it belongs to the system; name a folder or file in it"));
        }
        // What is in the project is there already, as a copy.
        if !in_project(&found) {
            chosen.push(found);
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

/// A private folder for each home, with the settings that tools need.
fn private(homes: &[PathBuf], make: &MakeFolder<'_>) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut folders = Vec::new();
    for (index, home) in homes.iter().enumerate() {
        let folder = make(&format!("home-{index}"), home)?;
        settings::copy(home, &folder).map_err(|error| super::scratch::disk(&folder, &error))?;
        folders.push((home.clone(), folder));
    }
    Ok(folders)
}

/// Makes `links` in the private folders.
fn link(homes: &[(PathBuf, PathBuf)], links: &[(PathBuf, PathBuf)]) -> Result<()> {
    for (at, to) in links {
        let place = homes.iter().find_map(|(home, folder)| {
            let below = at.strip_prefix(home).ok()?;
            Some(folder.join(below))
        });
        let Some(place) = place else { continue };
        let parent = place.parent().unwrap_or(&place);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(parent)
            .and_then(|()| match symlink(to, &place) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            })
            .map_err(|error| super::scratch::disk(&place, &error))?;
    }
    Ok(())
}
