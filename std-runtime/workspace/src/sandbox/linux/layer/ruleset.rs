//! Rulesets of Landlock, as the kernel takes them.
//!
//! They are made by each process anew, after it has entered the namespaces, for their rules are about
//! the folders as they are there. A process that takes on several is confined by all of them.

use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::super::errno::last_errno;

/// What a ruleset refuses unless a rule allows it; as the kernel has it.
#[derive(Default)]
#[repr(C)]
pub(super) struct Handled {
    pub(super) files: u64,
    pub(super) net: u64,
    pub(super) scoped: u64,
}

/// A ruleset under construction.
pub(super) struct Ruleset(OwnedFd);

/// Version 1 refuses each move of a file to another folder.
const OLDEST: u32 = 2;

/// The version of Landlock in this kernel.
///
/// # Errors
/// Why there is none that is of use.
pub(super) fn version() -> Result<u32, String> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag and no attributes the call returns a number.
    let found = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, VERSION)
    };
    judged(u32::try_from(found).map_err(|_| last_errno()))
}

/// Whether what the kernel says of its version is of use.
fn judged(found: Result<u32, Errno>) -> Result<u32, String> {
    match found {
        Ok(found) if found >= OLDEST => Ok(found),
        Ok(found) => {
            Err(format!("version {found} of the kernel refuses to move files between folders"))
        }
        Err(Errno::NOSYS) => Err("the kernel has no Landlock".to_owned()),
        Err(Errno::OPNOTSUPP) => Err("Landlock is turned off in this kernel".to_owned()),
        Err(errno) => Err(format!("the kernel refuses Landlock ({errno})")),
    }
}

impl Ruleset {
    /// A ruleset that refuses what is `handled`, of a kernel with this `version`. Allocates nothing.
    pub(super) fn new(version: u32, handled: &Handled) -> Result<Self, Errno> {
        // What an older version does not know is not in the structure that it reads.
        let size = match version {
            0..=3 => 8,
            4 | 5 => 16,
            _ => size_of::<Handled>(),
        };
        // SAFETY: the structure is valid for the size given, and the kernel keeps it not.
        let ruleset = unsafe {
            libc::syscall(libc::SYS_landlock_create_ruleset, &raw const *handled, size, 0)
        };
        if ruleset < 0 {
            return Err(last_errno());
        }
        // SAFETY: the kernel has just made it, and nothing else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(ruleset as i32) }))
    }

    /// A ruleset that is not about files. Each one refuses moves between folders unless a rule allows
    /// them, so this one allows all. Allocates nothing.
    pub(super) fn beside_files(version: u32, handled: Handled) -> Result<Self, Errno> {
        let ruleset = Self::new(version, &Handled { files: MOVES, ..handled })?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(c"/", flags, Mode::empty())?;
        ruleset.allow(&root, MOVES)?;
        Ok(ruleset)
    }

    /// Allows `access` below the folder, or to the file, that `parent` is. Allocates nothing.
    pub(super) fn allow(&self, parent: &OwnedFd, access: u64) -> Result<(), Errno> {
        let attributes = PathAttributes { allowed_access: access, parent_fd: parent.as_raw_fd() };
        const PATH_BENEATH: libc::c_int = 1;
        // SAFETY: the structure is the one of this kind of rule, and the kernel keeps it not.
        let result = unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.0.as_raw_fd(),
                PATH_BENEATH,
                &raw const attributes,
                0,
            )
        };
        if result == 0 { Ok(()) } else { Err(last_errno()) }
    }

    /// Confines this process and those that it will start. Allocates nothing.
    pub(super) fn restrict(self) -> Result<(), Errno> {
        // SAFETY: takes integers.
        let result =
            unsafe { libc::syscall(libc::SYS_landlock_restrict_self, self.0.as_raw_fd(), 0) };
        if result == 0 { Ok(()) } else { Err(last_errno()) }
    }
}

/// Linking and moving files from one folder to another.
const MOVES: u64 = 1 << 13;

/// As the kernel has it.
#[repr(C, packed)]
struct PathAttributes {
    allowed_access: u64,
    parent_fd: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_a_landlock_that_is_of_use_says_why() {
        assert_eq!(judged(Ok(7)), Ok(7));
        assert_eq!(judged(Ok(2)), Ok(2));
        for (found, why) in [
            (Ok(1), "refuses to move files"),
            (Err(Errno::NOSYS), "has no Landlock"),
            (Err(Errno::OPNOTSUPP), "turned off"),
            (Err(Errno::PERM), "refuses Landlock"),
        ] {
            assert!(judged(found).unwrap_err().contains(why), "{found:?}");
        }
    }
}
