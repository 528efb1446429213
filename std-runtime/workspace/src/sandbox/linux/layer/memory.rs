//! Where memory is short, the kernel ends the tools first.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Layer, Stage};

/// A process is the first to be ended.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Memory;

impl Layer for Memory {
    fn name(&self) -> &'static str {
        "memory-priority"
    }

    fn protects(&self) -> &'static str {
        "the run and other programs where memory is short"
    }

    /// Inside, root's /proc is read-only.
    fn stage(&self) -> Stage {
        Stage::Outside
    }

    /// A system that refuses it ends whom it likes.
    fn apply(&self) -> Result<(), Errno> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::open(c"/proc/self/oom_score_adj", flags, Mode::empty()) {
            let _ = rustix::io::write(file, b"1000");
        }
        Ok(())
    }
}
