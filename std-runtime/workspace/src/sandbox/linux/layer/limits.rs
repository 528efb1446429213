//! Limits of a process inside, and what it shares with no one.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

use super::super::step::last_errno;

/// Processes of a user inside, so that a program that only forks ends.
const PROCESSES_MAX: u64 = 4096;

/// Bytes of one file. A sparse image of a disk may have terabytes and take none; what a patch cannot
/// carry is named by its own limit.
const FILE_BYTES_MAX: u64 = 8 << 40;

/// Bytes of a core file. Where the kernel gives cores to a program outside, it does so with a
/// limit of 0 as well; of 1 it knows that none is wanted, and a file has at least a page.
const CORE_BYTES_MAX: u64 = 1;

/// Sets the limits, which nothing inside can raise. Allocates nothing.
pub(in crate::sandbox::walls) fn set() -> Result<(), Errno> {
    for (resource, most) in [
        (Resource::Nproc, PROCESSES_MAX),
        (Resource::Fsize, FILE_BYTES_MAX),
        (Resource::Core, CORE_BYTES_MAX),
    ] {
        let now = rustix::process::getrlimit(resource);
        // A limit that is lower already stays.
        let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let limit = Rlimit { current: lower(now.current), maximum: lower(now.maximum) };
        rustix::process::setrlimit(resource, limit)?;
    }
    Ok(())
}

/// Where memory is short, the kernel ends this process and what it starts rather than the run. Allocates
/// nothing; a system that refuses it ends whom it likes.
pub(in crate::sandbox::walls) fn be_first_without_memory() {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::open(c"/proc/self/oom_score_adj", flags, Mode::empty()) {
        let _ = rustix::io::write(file, b"1000");
    }
}

/// Gives the process a new, empty session keyring instead of the one of the user. Where the
/// kernel has no keyrings there is nothing to hide.
pub(in crate::sandbox::walls) fn leave_keyring() -> Result<(), Errno> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: the name is none, so no memory is read.
    let joined = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) };
    match last_errno() {
        _ if joined >= 0 => Ok(()),
        // The kernel has none, or a filter around us refuses the call as ours does inside.
        Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP => Ok(()),
        errno => Err(errno),
    }
}
