//! How many processes a view may have, whoever its user is: the limit of [`Limits`](super::Limits)
//! counts none of root's.
//!
//! A kernel from Linux 6.14 on bounds the numbers of processes of each namespace by itself. The first
//! process of the view sets the bound while it may.

use std::os::fd::AsFd as _;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use super::Layer;
use crate::kernel;
use crate::sandbox::State;

/// Processes and threads of a view, so that a program that only forks ends.
pub(in crate::sandbox::walls) const PROCESSES_MAX: u64 = 4096;

/// The number of processes of the view is bounded.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Processes {
    state: State,
}

impl Processes {
    /// What this kernel can.
    pub(in crate::sandbox::walls) fn probe() -> Self {
        let state = match kernel::is_linux(6, 14) {
            true => State::InForce,
            false => State::Replaced(format!(
                "Linux {} has one bound for all namespaces; that of a user holds, which counts \
                 no process of root",
                kernel::release()
            )),
        };
        Self { state }
    }
}

impl Layer for Processes {
    fn name(&self) -> &'static str {
        "process-limit"
    }

    fn protects(&self) -> &'static str {
        "the machine from endless forks, those of root too"
    }

    fn state(&self) -> State {
        self.state.clone()
    }

    /// The namespace has the bound already.
    fn apply(&self) -> Result<(), Errno> {
        Ok(())
    }
}

/// Bounds the processes of the namespace of the caller, which must be alone in it. An older kernel has
/// one bound, which it does not let us change from there. Allocates nothing.
pub(in crate::sandbox::walls) fn limit_processes() {
    let limit = || -> Result<(), Errno> {
        // One of its own: that of the view is read-only for root.
        let context = rustix::mount::fsopen(c"proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_create(context.as_fd())?;
        let flags = FsMountFlags::FSMOUNT_CLOEXEC;
        let proc = rustix::mount::fsmount(context.as_fd(), flags, MountAttrFlags::empty())?;
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&proc, c"sys/kernel/pid_max", flags, Mode::empty())?;
        rustix::io::write(file, PROCESSES_TEXT).map(drop)
    };
    // The layer reports what applies where this is refused.
    let _ = limit();
}

/// [`PROCESSES_MAX`] as the kernel reads it.
const PROCESSES_TEXT: &[u8] = b"4096";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_number() {
        assert_eq!(PROCESSES_TEXT, PROCESSES_MAX.to_string().as_bytes());
    }
}
