//! What a process may do to files, by Landlock, whatever the mounts say.

use std::ffi::CString;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Layer;
use super::ruleset::{Handled, Ruleset, version};
use crate::sandbox::State;

/// The files that a process is confined to; made before it, for it must not allocate.
#[derive(Clone, Debug)]
pub(in crate::sandbox::walls) struct LandlockFiles {
    version: u32,
    rules: Vec<Rule>,
    /// Whether reading is confined too.
    reads: bool,
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

impl LandlockFiles {
    /// Its name, and what it protects.
    pub(in crate::sandbox::walls) const NAME: (&str, &str) =
        ("landlock", "files outside of the view, whatever the mounts permit");

    /// Confines what is written to `rules`.
    ///
    /// # Errors
    /// Why this kernel cannot.
    pub(in crate::sandbox::walls) fn of_writes(rules: Vec<Rule>) -> Result<Self, String> {
        Ok(Self { version: version()?, rules, reads: false })
    }

    /// The same, and what is read to these and to `more` rules.
    pub(in crate::sandbox::walls) fn and_reads(&self, more: Vec<Rule>) -> Self {
        let mut confined = self.clone();
        confined.rules.extend(more);
        confined.reads = true;
        confined
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

    fn allow(&self, ruleset: &Ruleset, rule: &Rule, handled: u64) -> Result<(), Errno> {
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
        match wanted & possible & handled {
            0 => Ok(()),
            access => ruleset.allow(&parent, access),
        }
    }
}

impl Layer for LandlockFiles {
    fn name(&self) -> &'static str {
        Self::NAME.0
    }

    fn protects(&self) -> &'static str {
        Self::NAME.1
    }

    fn state(&self) -> State {
        let lacks =
            [(3, "shortening a file that cannot be written otherwise"), (5, "commands to devices")];
        let lacks = lacks.iter().filter(|(since, _)| self.version < *since);
        let lacks: Vec<&str> = lacks.map(|(_, what)| *what).collect();
        match lacks.is_empty() {
            true => State::InForce,
            false => {
                let (version, lacks) = (self.version, lacks.join(", "));
                State::Partly(format!("version {version} does not cover {lacks}"))
            }
        }
    }

    fn apply(&self) -> Result<(), Errno> {
        let files = self.handled();
        let ruleset = Ruleset::new(self.version, &Handled { files, ..Handled::default() })?;
        for rule in &self.rules {
            self.allow(&ruleset, rule, files)?;
        }
        ruleset.restrict()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_names_what_it_does_not_cover_and_is_not_asked_for_it() {
        let of = |version| LandlockFiles { version, rules: Vec::new(), reads: true };
        assert_eq!(of(7).state(), State::InForce);
        assert_eq!(of(7).handled(), READS | WRITES_OF_FILES | WRITES_OF_FOLDERS);
        let State::Partly(lacks) = of(2).state() else { panic!() };
        assert!(lacks.contains("shortening") && lacks.contains("devices"), "{lacks}");
        assert_eq!(of(2).handled() & (TRUNCATE | IOCTL_DEV), 0);
        let State::Partly(lacks) = of(4).state() else { panic!() };
        assert!(!lacks.contains("shortening") && lacks.contains("devices"), "{lacks}");
    }
}
