//! What a tool process sees of the file system.

use std::ffi::CStr;
use std::os::fd::{AsRawFd as _, RawFd};
use std::path::{Path, PathBuf};

use rustix::mount::MountFlags;

use super::c_path::c_path;
use super::layer::{Rights, Rule};
use super::run_folder;
use super::step::{EMPTY, Hide, NULL, Slot, Step};
use crate::sandbox::{Layout, Network, Writes};

/// The place for mounts that are made before the rest is covered.
pub(super) const ROOT: Slot = 0;
const TEMPORARY: Slot = 1;
pub(super) const PROGRAM: Slot = 2;
/// The slots of the other folders of the project and of those beside it, in their order, and then the
/// others.
pub(super) const BESIDE: Slot = 3;

/// The place of the tools' program, whatever its path outside.
pub(super) const PROGRAM_AT: &CStr = c"/dev/zerostack";

/// The devices that programs expect; each is harmless.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Folders that are covered because of the sockets in them; harmless entries are shown again.
const COVERED: [&str; 2] = ["/run", "/dev"];

/// The steps to set up `layout`, with the program of the tools at [`PROGRAM_AT`]. `is_root`:
/// the ids of the kernel's root are valid inside.
///
/// Parts of the old tree are taken first, then the tree becomes
/// read-only, then it is covered from the outer folders to the inner ones.
pub(super) fn steps(layout: &Layout<'_>, program: Option<&Path>, is_root: bool) -> Vec<Step> {
    let mut steps = vec![Step::Private, Step::LimitProcesses];
    let mut slots = BESIDE..;
    let mut next = || slots.next().unwrap_or(Slot::MAX);
    let mut places: Vec<Place> = Vec::new();
    let others = layout.also.iter().chain(&layout.beside).chain(&layout.homes);
    let others = others.map(|folder| (None, folder));
    let mut read_only = Vec::new();
    // The folders that are in overlays over others, by what these are over.
    let mut within: Vec<(&Path, Vec<(Slot, &Path)>)> = Vec::new();
    for (slot, folder) in std::iter::once((Some(ROOT), &layout.root)).chain(others) {
        let slot = slot.unwrap_or_else(&mut next);
        let at = folder.at.to_owned();
        match folder.writes {
            Writes::Over { upper, work } => steps.push(Step::Overlay {
                slot,
                lower: c_path(folder.at),
                upper: c_path(upper),
                work: c_path(work),
            }),
            Writes::Within { base, upper, work } => {
                let part = (slot, folder.at);
                match within.iter_mut().find(|(other, _)| *other == base) {
                    Some((_, parts)) => parts.push(part),
                    None => {
                        let (lower, upper, work) = (c_path(base), c_path(upper), c_path(work));
                        steps.push(Step::Overlay { slot, lower, upper, work });
                        within.push((base, vec![part]));
                    }
                }
            }
            Writes::Copy { copy } => steps.push(Step::Clone { slot, path: c_path(copy) }),
            Writes::Mounted { mount } => {
                places.push(Place { at, mount: Mount::Made(mount.as_raw_fd()) });
                continue;
            }
            Writes::Nowhere => read_only.push((slot, folder.at.to_owned())),
        }
        places.push(Place { at, mount: Mount::Waits(slot) });
    }
    steps.push(Step::Clone { slot: TEMPORARY, path: c_path(layout.temporary) });
    let devices = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    let devices: Vec<_> = devices.filter(|device| device.exists()).collect();
    let devices: Vec<_> = devices.into_iter().map(|device| (next(), device)).collect();
    let run = if is_folder("/run") { run_folder::harmless(Path::new("/run")) } else { Vec::new() };
    let mut links = Vec::new();
    for entry in run {
        match entry {
            run_folder::Harmless::Folder(at) => {
                let slot = next();
                read_only.push((slot, at.clone()));
                places.push(Place { at, mount: Mount::Waits(slot) });
            }
            run_folder::Harmless::Link { at, to } => links.push((at, to)),
        }
    }
    steps.push(Step::ReadOnly);
    // Cloned read-only: they work all the same, but root cannot change the nodes themselves,
    // which are those of the system.
    for (slot, path) in devices.iter().chain(&read_only) {
        steps.push(Step::Clone { slot: *slot, path: c_path(path) });
    }
    // Read-only too, and without the power to gain rights: a process reaches the file of its
    // program through /proc, and this one may belong to the user.
    if let Some(program) = program {
        steps.push(Step::Clone { slot: PROGRAM, path: c_path(program) });
    }
    // Such an overlay is in its place for a moment, so that its parts can be taken. It is covered then,
    // as what it is over is.
    for (base, parts) in within {
        if let Some((slot, _)) = parts.first() {
            steps.push(Step::Attach { slot: *slot, at: c_path(base) });
        }
        let parts = parts.into_iter();
        steps.extend(parts.map(|(slot, at)| Step::Clone { slot, path: c_path(at) }));
    }
    cover_system(&mut steps, &devices, is_root);
    for (at, to) in links {
        make_parents(&mut steps, layout, &at);
        steps.push(Step::Link { at: c_path(&at), to: c_path(&to) });
    }
    // From the outer folders to the inner ones.
    places.sort_by(|a, b| a.at.cmp(&b.at));
    for (index, place) in places.iter().enumerate() {
        let before = places.get(..index).unwrap_or_default();
        mask_around(&mut steps, layout, before, place);
        attach(&mut steps, layout, place);
    }
    mask(&mut steps, layout, &places);
    match layout.network {
        Network::On => {}
        Network::Off => steps.push(Step::Loopback),
        Network::Hosts(_) => steps.extend([Step::Loopback, Step::Listen]),
    }
    steps
}

/// A mount and where it goes.
struct Place {
    at: PathBuf,
    mount: Mount,
}

enum Mount {
    Waits(Slot),
    Made(RawFd),
}

fn cover_system(steps: &mut Vec<Step>, devices: &[(Slot, PathBuf)], is_root: bool) {
    let quiet = MountFlags::NOSUID | MountFlags::NODEV;
    if is_folder("/run") {
        steps.push(fresh(c"tmpfs", "/run", quiet, c"mode=0755,size=1m"));
    }
    steps.push(fresh(c"tmpfs", "/dev", MountFlags::NOSUID, c"mode=0755"));
    steps.push(Step::Folder { at: EMPTY.into(), mode: 0o555 });
    let at = EMPTY.into();
    let flags = quiet | MountFlags::RDONLY;
    steps.push(Step::Fresh { kind: c"tmpfs", at, flags, options: c"mode=0555,size=4k" });
    for (slot, device) in devices {
        steps.push(Step::File { at: c_path(device) });
        steps.push(Step::Attach { slot: *slot, at: c_path(device) });
    }
    if steps.iter().any(|step| matches!(step, Step::Clone { slot: PROGRAM, .. })) {
        steps.push(Step::File { at: PROGRAM_AT.into() });
        steps.push(Step::Attach { slot: PROGRAM, at: PROGRAM_AT.into() });
    }
    steps.push(Step::Folder { at: c"/dev/shm".into(), mode: 0o1777 });
    steps.push(Step::Folder { at: c"/dev/pts".into(), mode: 0o755 });
    let terminals = MountFlags::NOSUID | MountFlags::NOEXEC;
    steps.push(fresh(c"devpts", "/dev/pts", terminals, c"newinstance,ptmxmode=0666,mode=620"));
    for (at, to) in [
        (c"/dev/ptmx", c"pts/ptmx"),
        (c"/dev/fd", c"/proc/self/fd"),
        (c"/dev/stdin", c"/proc/self/fd/0"),
        (c"/dev/stdout", c"/proc/self/fd/1"),
        (c"/dev/stderr", c"/proc/self/fd/2"),
    ] {
        steps.push(Step::Link { at: at.into(), to: to.into() });
    }
    steps.push(fresh(c"proc", "/proc", proc_flags(is_root), c""));
    steps.push(Step::Attach { slot: TEMPORARY, at: c"/tmp".into() });
    if is_folder("/var/tmp") {
        steps.push(Step::Bind { from: c"/tmp".into(), at: c"/var/tmp".into() });
    }
}

/// Where processes inside may write, by the rules of Landlock: which repeat those of the mounts.
pub(super) fn writable(layout: &Layout<'_>) -> Vec<Rule> {
    let ours = ["/tmp", "/var/tmp", "/dev", "/proc"].map(|at| (Path::new(at), true));
    let folders = layout.beside.iter().chain(&layout.homes).chain(layout.projects());
    let written = folders.filter(|folder| !matches!(folder.writes, Writes::Nowhere));
    let written = written.map(|folder| (folder.at, folder.at.is_dir()));
    let rule = |(at, is_folder)| Rule { at: c_path(at), is_folder, rights: Rights::Write };
    ours.into_iter().chain(written).map(rule).collect()
}

/// What else a process that stays in the project can read: everything shown read-only, the
/// ignore files of the checkout around it, and what a program needs to start.
pub(super) fn readable(layout: &Layout<'_>) -> Vec<Rule> {
    let folders = layout.beside.iter().chain(&layout.homes);
    let shown = folders.filter(|folder| matches!(folder.writes, Writes::Nowhere));
    let shown = shown.map(|folder| folder.at.to_owned());
    let libraries = LIBRARIES.iter().map(PathBuf::from);
    let around = layout.projects().flat_map(|project| {
        let around = || project.at.ancestors();
        let top = around().find(|folder| folder.join(".git").exists());
        around().skip(1).filter(move |folder| top.is_some_and(|top| folder.starts_with(top)))
    });
    let ignore_files = around.flat_map(|folder| IGNORE_FILES.iter().map(|name| folder.join(name)));
    let all = shown.chain(libraries).chain(ignore_files);
    let rule = |at: PathBuf| {
        let is_folder = std::fs::metadata(&at).ok()?.is_dir();
        Some(Rule { is_folder, at: c_path(&at), rights: Rights::Read })
    };
    all.filter_map(rule).collect()
}

/// The folders of libraries; none of these is readable only by root.
const LIBRARIES: [&str; 10] = [
    "/etc/ld.so.cache",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
];

/// The files that name what is ignored.
const IGNORE_FILES: [&str; 3] = [".gitignore", ".ignore", ".git/info/exclude"];

/// How /proc is mounted.
pub(super) fn proc_flags(is_root: bool) -> MountFlags {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    // The settings of the kernel ask for root's id, not for a capability.
    if is_root { flags | MountFlags::RDONLY } else { flags }
}

fn attach(steps: &mut Vec<Step>, layout: &Layout<'_>, place: &Place) {
    make_parents(steps, layout, &place.at);
    if covered(layout).any(|folder| place.at.starts_with(folder) && place.at != folder) {
        steps.push(match place.at.is_dir() {
            true => Step::Folder { at: c_path(&place.at), mode: 0o755 },
            false => Step::File { at: c_path(&place.at) },
        });
    }
    let at = c_path(&place.at);
    steps.push(match place.mount {
        Mount::Waits(slot) => Step::Attach { slot, at },
        Mount::Made(mount) => Step::Mounted { mount, at },
    });
}

/// A place below a covered folder disappeared with it.
fn make_parents(steps: &mut Vec<Step>, layout: &Layout<'_>, path: &Path) {
    for covered in covered(layout) {
        let below = path.parent().and_then(|parent| parent.strip_prefix(covered).ok());
        let Some(below) = below else { continue };
        let mut at = PathBuf::from(covered);
        for part in below {
            at.push(part);
            steps.push(Step::Folder { at: c_path(&at), mode: 0o755 });
        }
    }
}

/// The folders that are covered by something else.
pub(super) fn covered<'a>(layout: &'a Layout<'_>) -> impl Iterator<Item = &'a Path> {
    let homes = layout.homes.iter().map(|home| home.at);
    ["/tmp", "/var/tmp"].into_iter().chain(COVERED).map(Path::new).chain(homes)
}

/// Whether something else is in place of `path`, and none of `places` brings it back.
fn is_gone(layout: &Layout<'_>, places: &[Place], path: &Path) -> bool {
    // In a home only what is shown of it is there.
    let is_home = |place: &Place| layout.homes.iter().any(|home| home.at == place.at);
    let brings_back = |place: &Place| path.starts_with(&place.at) && !is_home(place);
    covered(layout).any(|folder| path.starts_with(folder)) && !places.iter().any(brings_back)
}

/// Hides the masked folders that contain the project, except the path to `place`, which follows the
/// places `before`.
fn mask_around(steps: &mut Vec<Step>, layout: &Layout<'_>, before: &[Place], place: &Place) {
    for path in layout.masked {
        let Ok(below) = place.at.strip_prefix(path) else { continue };
        let is_gone = is_gone(layout, before, path);
        if !layout.holds_project(path) || is_gone || below.as_os_str().is_empty() || !path.is_dir()
        {
            continue;
        }
        let inside = || before.iter().filter(|place| place.at.starts_with(path));
        if inside().next().is_none() {
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            let options = c"mode=0755,size=64k";
            steps.push(Step::Fresh { kind: c"tmpfs", at: c_path(path), flags, options });
        }
        // In an existing place, the path exists too.
        if inside().any(|outer| place.at.starts_with(&outer.at)) {
            continue;
        }
        let mut at = path.clone();
        for part in below {
            at.push(part);
            steps.push(Step::Folder { at: c_path(&at), mode: 0o755 });
        }
    }
}

fn mask(steps: &mut Vec<Step>, layout: &Layout<'_>, places: &[Place]) {
    for path in layout.masked {
        // What is not there any more needs no mask, and what holds the project has one.
        let is_project = layout.projects().any(|folder| folder.at.starts_with(path));
        if is_project || is_gone(layout, places, path) {
            continue;
        }
        steps.push(Step::Hide(hide(path)));
    }
}

/// What covers each of `paths`.
pub(super) fn hides(paths: &[PathBuf]) -> Vec<Hide> {
    paths.iter().map(|path| hide(path)).collect()
}

fn hide(path: &Path) -> Hide {
    Hide { from: if path.is_dir() { EMPTY } else { NULL }, at: c_path(path) }
}

fn fresh(kind: &'static CStr, at: &str, flags: MountFlags, options: &'static CStr) -> Step {
    Step::Fresh { kind, at: c_path(Path::new(at)), flags, options }
}

/// Whether there is a folder and not a link to one.
fn is_folder(path: &str) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}
