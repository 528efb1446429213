//! The content of the folder when the view was opened, distinguished from the user's changes since.
//!
//! Nothing is read or recorded for a file that does not change: the file system itself remembers when
//! a file was last changed, and no program can set that time.

use std::io;
use std::time::Duration;

use rustix::fs::Stat;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::patch::Entry;
use crate::patch::tree::Tree;

/// The state of a path when the view was opened.
#[derive(Debug)]
pub(super) enum Start {
    /// As it is in the folder now.
    Live(Option<Entry>),
    /// The user changed it since; this is its original content.
    Known(Option<Entry>),
    /// The user changed it since, and its original content is not known.
    Unknown,
}

/// When the view was complete; later changes in the folder are the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Opened(i64, i64);

impl Opened {
    /// The time now, before anything is done. Since Linux 6.13 a file may have it to the nanosecond, and
    /// others then have no earlier one, so the time of the last tick would not do.
    pub(super) fn precise() -> Self {
        Self::by(ClockId::Realtime)
    }

    fn by(clock: ClockId) -> Self {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
        Self(tv_sec, tv_nsec)
    }

    /// Now, on the clock that file systems use, and later than all changes until `before`.
    pub(super) fn after(before: Self) -> Self {
        loop {
            let now = Self::by(CLOCK);
            if now > before {
                return now;
            }
            // The clock ticks a few hundred times a second.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The original state of `path` in `folder`.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn start(self, folder: &Tree, path: &[u8]) -> io::Result<Start> {
        if let Some(stat) = folder.stat(path)? {
            let same = !self.changed(&stat);
            return Ok(if same { Start::Live(Entry::of(&stat)) } else { Start::Unknown });
        }
        Ok(Start::Live(None))
    }

    /// Whether something may have been removed from the folder that holds `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn lost(self, folder: &Tree, path: &[u8]) -> io::Result<bool> {
        let mut parent = path;
        while let Some(slash) = parent.iter().rposition(|&byte| byte == b'/') {
            parent = parent.get(..slash).unwrap_or_default();
            if let Some(stat) = folder.stat(parent)? {
                return Ok(self.changed(&stat));
            }
        }
        Ok(folder.stat(b"")?.is_none_or(|stat| self.changed(&stat)))
    }

    #[allow(clippy::unnecessary_cast)] // the types differ between systems
    fn changed(self, stat: &Stat) -> bool {
        Self(stat.st_ctime as i64, stat.st_ctime_nsec as i64) >= self
    }
}

/// The times of files are of the last tick.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: ClockId = ClockId::RealtimeCoarse;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: ClockId = ClockId::Realtime;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn changes_before_the_view_opens_are_none_and_later_ones_are() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let path = folder.path().join("file");
        for round in 0..30 {
            fs::write(&path, "before").unwrap();
            // A file that was looked at gets a precise time with its next change.
            tree.stat(b"file").unwrap();
            fs::write(&path, "before, again").unwrap();
            let opened = Opened::after(Opened::precise());
            assert!(matches!(opened.start(&tree, b"file"), Ok(Start::Live(Some(_)))), "{round}");
            fs::write(&path, "after").unwrap();
            assert!(matches!(opened.start(&tree, b"file"), Ok(Start::Unknown)), "{round}");
        }
    }
}
