//! Limits of a run as a whole, by a control group (version 2) of its own.
//!
//! One can be made where the group that this process is in has a parent that belongs to the user and
//! gives its groups `memory` and `pids`: in the session of a user of systemd, or in a service with
//! `Delegate=yes`. Nothing is changed above: the new group is beside that of this process.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;

use super::{Layer, PROCESSES_MAX, Stage};
use crate::sandbox::State;

/// A control group for the tools of a view; removed on drop, when its processes have ended.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Cgroup {
    group: Result<Group, String>,
}

#[derive(Debug)]
struct Group {
    folder: PathBuf,
    /// What a process writes itself to.
    processes: OwnedFd,
}

impl Cgroup {
    /// A group on this system.
    pub(in crate::sandbox::walls) fn probe() -> Self {
        Self::below(Path::new("/sys/fs/cgroup"), Path::new("/proc"))
    }

    /// A group in the tree at `tree`, by what `proc` tells of this process and of the memory.
    fn below(tree: &Path, proc: &Path) -> Self {
        Self { group: Group::make(tree, proc) }
    }
}

impl Group {
    fn make(tree: &Path, proc: &Path) -> Result<Self, String> {
        let own = read(&proc.join("self/cgroup"))
            .map_err(|error| format!("the group of this process is not known: {error}"))?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
        let own = own.ok_or("there are no control groups of version 2")?;
        let parent = Path::new(own)
            .parent()
            .ok_or("this process is in no group that has another above it")?;
        let parent = tree.join(parent);
        let given = read(&parent.join("cgroup.subtree_control"))
            .map_err(|error| format!("there are no control groups of version 2: {error}"))?;
        let given: Vec<&str> = given.split_whitespace().collect();
        let lacks: Vec<&str> =
            ["memory", "pids"].into_iter().filter(|it| !given.contains(it)).collect();
        if !lacks.is_empty() {
            return Err(format!("no control group with {} is delegated", lacks.join(" and ")));
        }
        let folder = parent.join(name());
        fs::create_dir(&folder)
            .map_err(|error| format!("no control group is delegated: {error}"))?;
        let made = Self::fill(&folder, proc);
        made.map_err(|error| {
            let _ = fs::remove_dir(&folder);
            format!("a control group cannot be set up: {error}")
        })
    }

    fn fill(folder: &Path, proc: &Path) -> io::Result<Self> {
        let write = |name: &str, text: &str| {
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(folder.join(name))
                .and_then(|mut file| file.write_all(text.as_bytes()))
        };
        write("pids.max", &PROCESSES_MAX.to_string())?;
        let total = memory(&read(&proc.join("meminfo"))?);
        let total =
            total.ok_or_else(|| io::Error::other("the memory of the machine is not known"))?;
        write("memory.max", &(total / 8 * 7).to_string())?;
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let processes = options.open(folder.join("cgroup.procs"))?.into();
        Ok(Self { folder: folder.to_owned(), processes })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty: the processes of the view have ended. A leftover limits nobody.
        let _ = fs::remove_dir(&self.folder);
    }
}

impl Layer for Cgroup {
    fn name(&self) -> &'static str {
        "control-group"
    }

    fn protects(&self) -> &'static str {
        "the memory and the processes of the machine from the run as a whole"
    }

    fn state(&self) -> State {
        match &self.group {
            Ok(_) => State::InForce,
            Err(why) => State::Replaced(format!("{why}; the limits of each process hold")),
        }
    }

    /// The tree is read-only inside.
    fn stage(&self) -> Stage {
        Stage::Outside
    }

    fn apply(&self) -> Result<(), Errno> {
        let Ok(group) = &self.group else { return Ok(()) };
        rustix::io::write(group.processes.as_fd(), b"0").map(drop)
    }
}

/// A name that no other group has.
fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("zerostack-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Bytes of memory, by the text of `/proc/meminfo`.
fn memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The most that is read of a file of the kernel.
const FILE_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of groups in which this process is in `own`, and what /proc says.
    fn tree(own: &str, given: Option<&str>) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let (tree, proc) = (place.path().join("cgroup"), place.path().join("proc"));
        fs::create_dir_all(proc.join("self")).unwrap();
        fs::create_dir_all(tree.join("user/app/own")).unwrap();
        fs::write(proc.join("self/cgroup"), own).unwrap();
        fs::write(proc.join("meminfo"), "MemTotal:        8000 kB\nMemFree: 1 kB\n").unwrap();
        if let Some(given) = given {
            fs::write(tree.join("user/app/cgroup.subtree_control"), given).unwrap();
        }
        (place, tree, proc)
    }

    #[test]
    fn a_group_beside_that_of_this_process_has_the_limits_and_takes_the_tools() {
        let (_place, tree, proc) =
            tree("1:name=x:/y\n0::/user/app/own\n", Some("cpu memory pids\n"));
        let cgroup = Cgroup::below(&tree, &proc);
        assert_eq!(cgroup.state(), State::InForce);
        let folder = cgroup.group.as_ref().unwrap().folder.clone();
        assert_eq!(folder.parent().unwrap(), tree.join("user/app"));
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((text("pids.max"), text("memory.max")), ("4096".into(), "7168000".into()));
        assert_eq!(text("cgroup.procs"), "");
        cgroup.apply().unwrap();
        assert_eq!(text("cgroup.procs"), "0");
        // Those of the kernel are no files that would keep the folder.
        for name in ["pids.max", "memory.max", "cgroup.procs"] {
            fs::remove_file(folder.join(name)).unwrap();
        }
        drop(cgroup);
        assert!(!folder.exists());
    }

    #[test]
    fn if_none_is_delegated_the_reason_is_reported_and_nothing_is_left() {
        for (own, given, why) in [
            ("0::/user/app/own\n", Some("cpu\n"), "memory and pids is delegated"),
            ("0::/user/app/own\n", Some("memory\n"), "with pids is delegated"),
            ("0::/user/app/own\n", None, "no control groups of version 2"),
            ("4:memory:/x\n", Some("memory pids"), "no control groups of version 2"),
            ("0::/\n", Some("memory pids"), "no group that has another above it"),
            ("", Some("memory pids"), "no control groups of version 2"),
        ] {
            let (_place, tree, proc) = tree(own, given);
            let cgroup = Cgroup::below(&tree, &proc);
            let State::Replaced(said) = cgroup.state() else { panic!("{own:?} {given:?}") };
            assert!(said.contains(why) && said.contains("each process"), "{own:?}: {said}");
            cgroup.apply().unwrap();
            assert_eq!(
                fs::read_dir(tree.join("user/app")).unwrap().count(),
                1 + usize::from(given.is_some())
            );
        }
    }

    #[test]
    fn a_group_that_cannot_be_set_up_is_taken_away_again() {
        let (_place, tree, proc) = tree("0::/user/app/own\n", Some("memory pids"));
        fs::write(proc.join("meminfo"), "nothing\n").unwrap();
        let cgroup = Cgroup::below(&tree, &proc);
        let State::Replaced(said) = cgroup.state() else { panic!() };
        assert!(said.contains("cannot be set up"), "{said}");
    }
}
