//! Landlock: what a process may do to files, whatever the mounts say, and whom it may signal.
//!
//! The rules name a handful of folders below which may be written. They are made by each process
//! anew, after it has entered the namespaces, for they are about the folders as they are there.

use std::ffi::CString;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::super::step::last_errno;

/// What a process is confined to; made before it, for it must not allocate.
#[derive(Clone, Debug)]
pub(in crate::sandbox::walls) struct Landlock {
    version: u32,
    rules: Vec<Rule>,
    /// Whether reading is confined too.
    reads: bool,
    /// Whether no namespace separates abstract sockets.
    abstract_sockets: bool,
    /// Whether TCP is refused.
    tcp: bool,
}

/// What may be done below a path.
#[derive(Clone, Debug)]
pub(in crate::sandbox::walls) struct Rule {
    pub(in crate::sandbox::walls) at: CString,
    pub(in crate::sandbox::walls) is_folder: bool,
    pub(in crate::sandbox::walls) rights: Rights,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox::walls) enum Rights {
    /// Read and run.
    Read,
    /// Anything.
    Write,
}

/// Version 1 refuses each move of a file to another folder.
const OLDEST: u32 = 2;

/// The version of Landlock in this kernel.
///
/// # Errors
/// Why there is none that is of use.
pub(in crate::sandbox::walls) fn version() -> Result<u32, String> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag and no attributes the call returns a number.
    let found = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, VERSION)
    };
    match u32::try_from(found) {
        Ok(found) if found >= OLDEST => Ok(found),
        Ok(found) => {
            Err(format!("version {found} of the kernel refuses to move files between folders"))
        }
        Err(_) => Err(match last_errno() {
            Errno::NOSYS => "the kernel has no Landlock".to_owned(),
            Errno::OPNOTSUPP => "Landlock is turned off in this kernel".to_owned(),
            errno => format!("the kernel refuses Landlock ({errno})"),
        }),
    }
}

impl Landlock {
    /// Confines what is written to `rules`. The network is confined by a namespace, unless it is
    /// shared.
    pub(in crate::sandbox::walls) fn of_writes(
        rules: Vec<Rule>,
        is_shared: bool,
    ) -> Result<Self, String> {
        let abstract_sockets = is_shared;
        Ok(Self { version: version()?, rules, reads: false, abstract_sockets, tcp: false })
    }

    /// The same, and what is read to these and to `more` rules.
    pub(in crate::sandbox::walls) fn and_reads(&self, more: Vec<Rule>) -> Self {
        let mut confined = self.clone();
        confined.rules.extend(more);
        confined.reads = true;
        confined
    }

    /// Confines what is read and written to `rules`, and the network to nothing.
    pub(in crate::sandbox::walls) fn of_all(rules: Vec<Rule>) -> Result<Self, String> {
        Ok(Self { version: version()?, rules, reads: true, abstract_sockets: true, tcp: true })
    }

    /// What this version cannot do, if there is something.
    pub(in crate::sandbox::walls) fn lacks(&self) -> Option<String> {
        let mut lacks = Vec::new();
        for (version, what) in [
            (3, "shortening a file that cannot be written otherwise"),
            (5, "commands to devices"),
            (6, "signals"),
        ] {
            if self.version < version {
                lacks.push(what);
            }
        }
        let text = || format!("version {} does not cover {}", self.version, lacks.join(", "));
        (!lacks.is_empty()).then(text)
    }

    /// Confines this process and those that it will start. Allocates nothing.
    pub(in crate::sandbox::walls) fn apply(&self) -> Result<(), Errno> {
        let handled = self.handled();
        let attributes = RulesetAttributes {
            handled_access_fs: handled,
            handled_access_net: if self.tcp && self.version >= 4 { TCP } else { 0 },
            scoped: match self.version {
                ..6 => 0,
                // Programs of one run may talk to each other, in a network of their own.
                _ if !self.abstract_sockets => SIGNALS,
                _ => SIGNALS | ABSTRACT_SOCKETS,
            },
        };
        // What an older version does not know is not in the structure that it reads.
        let size = match self.version {
            0..=3 => 8,
            4 | 5 => 16,
            _ => size_of::<RulesetAttributes>(),
        };
        // SAFETY: the structure is valid for the size given, and the kernel keeps it not.
        let ruleset = unsafe {
            libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0)
        };
        if ruleset < 0 {
            return Err(last_errno());
        }
        // SAFETY: the kernel has just made it, and nothing else owns it.
        let ruleset = unsafe { OwnedFd::from_raw_fd(ruleset as i32) };
        for rule in &self.rules {
            self.add(&ruleset, rule, handled)?;
        }
        // SAFETY: takes integers.
        let result =
            unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
        if result == 0 { Ok(()) } else { Err(last_errno()) }
    }

    fn add(&self, ruleset: &OwnedFd, rule: &Rule, handled: u64) -> Result<(), Errno> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let parent = match rustix::fs::open(rule.at.as_c_str(), flags, Mode::empty()) {
            Ok(parent) => parent,
            // What is not there, or out of reach, needs no permission.
            Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        let wanted = match rule.rights {
            Rights::Read => READS,
            Rights::Write => READS | WRITES_OF_FILES | WRITES_OF_FOLDERS,
        };
        let possible = if rule.is_folder { u64::MAX } else { OF_FILES };
        let attributes = PathAttributes {
            allowed_access: wanted & possible & handled,
            parent_fd: parent.as_raw_fd(),
        };
        if attributes.allowed_access == 0 {
            return Ok(());
        }
        const PATH_BENEATH: libc::c_int = 1;
        // SAFETY: the structure is the one of this kind of rule, and the kernel keeps it not.
        let result = unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                ruleset.as_raw_fd(),
                PATH_BENEATH,
                &raw const attributes,
                0,
            )
        };
        if result == 0 { Ok(()) } else { Err(last_errno()) }
    }

    /// What is refused unless a rule allows it.
    fn handled(&self) -> u64 {
        let mut handled = WRITES_OF_FILES | WRITES_OF_FOLDERS;
        if self.reads {
            handled |= READS;
        }
        if self.version < 3 {
            handled &= !TRUNCATE;
        }
        if self.version < 5 {
            handled &= !IOCTL_DEV;
        }
        handled
    }
}

/// As the kernel has it.
#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

/// As the kernel has it.
#[repr(C, packed)]
struct PathAttributes {
    allowed_access: u64,
    parent_fd: i32,
}

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;

const READS: u64 = EXECUTE | READ_FILE | READ_DIR;
const WRITES_OF_FILES: u64 = WRITE_FILE | TRUNCATE | IOCTL_DEV;
/// Removing, making, linking and moving.
const WRITES_OF_FOLDERS: u64 = 0x3ff0;
/// What a rule about a file may allow.
const OF_FILES: u64 = EXECUTE | READ_FILE | WRITES_OF_FILES;

/// Binding and connecting.
const TCP: u64 = 3;

const ABSTRACT_SOCKETS: u64 = 1;
const SIGNALS: u64 = 2;
