//! Puts a staged content in its place, and takes it back. The old content is kept aside.

use std::io;

use super::disk::Disk;
use super::identity::Identity;
use super::journal::Step;

/// Why a name did not get its new content.
pub(super) enum Refusal {
    /// Something else changed it meanwhile.
    Changed,
    /// The system refused.
    System(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Self::Changed,
            _ => Self::System(error),
        }
    }
}

impl Step {
    /// Puts the new content in its place and the old one aside, at once.
    pub(super) fn swap_in(&self, disk: &Disk<'_>) -> Result<(), Refusal> {
        let (path, aside) = (&self.path.0, &self.aside.0);
        let Some(old) = self.old else { return Ok(disk.move_to(aside, path)?) };
        if !self.is_kept {
            disk.move_to(path, aside)?;
            if !is_old(disk.identity(aside)?, &old) {
                disk.move_to(aside, path)?;
                return Err(Refusal::Changed);
            }
            return Ok(());
        }
        if disk.exchange(path, aside)?.is_some() {
            if !is_old(disk.identity(aside)?, &old) {
                disk.exchange(path, aside)?;
                return Err(Refusal::Changed);
            }
            return Ok(());
        }
        // The file system cannot swap: the old content gets a second name first.
        disk.link(path, &self.second())?;
        if !is_old(disk.identity(path)?, &old) {
            return Err(Refusal::Changed);
        }
        Ok(disk.replace(aside, path)?)
    }

    /// Restores the old content, and removes the staged one, however far the commit got.
    /// `Ok(false)` if something else is in the place now, which is kept.
    pub(super) fn take_back(&self, disk: &Disk<'_>, staged: Option<Identity>) -> io::Result<bool> {
        let (path, aside, second) = (&self.path.0, &self.aside.0, self.second());
        let is_staged = |found: &Identity| staged.is_some_and(|staged| staged.is_file_of(found));
        let at_aside = disk.identity(aside)?;
        let at_path = disk.identity(path)?;
        let is_ours = at_path.is_some_and(|found| {
            is_staged(&found) && staged.is_some_and(|staged| staged.is_unchanged(&found))
        });
        match (self.old, self.is_kept) {
            (None, _) => {
                if is_ours {
                    disk.remove(path)?;
                }
                let was_moved = staged.is_some() && at_aside.is_none();
                if at_aside.is_some() {
                    disk.remove(aside)?;
                }
                Ok(is_ours || !was_moved || at_path.is_none())
            }
            (Some(_), false) => match (at_aside, at_path) {
                (None, _) => Ok(true),
                (Some(_), None) => disk.move_to(aside, path).map(|()| true),
                (Some(at_aside), Some(at_path)) if at_aside.is_file_of(&at_path) => {
                    // It was moved by a second name, and has both.
                    disk.remove(aside).map(|()| true)
                }
                (Some(_), Some(_)) => Ok(false),
            },
            (Some(_), true) => {
                if let Some(at_second) = disk.identity(&second)? {
                    match at_path {
                        // Renaming a name to another name of the same file does nothing.
                        Some(found) if found.is_file_of(&at_second) => disk.remove(&second)?,
                        Some(_) if !is_ours => return Ok(false),
                        _ => disk.replace(&second, path)?,
                    }
                    disk.remove(aside)?;
                    return Ok(true);
                }
                match at_aside {
                    None => Ok(true),
                    Some(found) if staged.is_none() || is_staged(&found) => {
                        disk.remove(aside).map(|()| true)
                    }
                    Some(_) if is_ours => {
                        disk.exchange(aside, path)?;
                        disk.remove(aside).map(|()| true)
                    }
                    Some(_) if at_path.is_none() => disk.move_to(aside, path).map(|()| true),
                    Some(_) => Ok(false),
                }
            }
        }
    }

    /// Removes the old content after the commit is final.
    pub(super) fn clean(&self, disk: &Disk<'_>) -> io::Result<()> {
        match disk.identity(&self.aside.0)? {
            Some(found) if found.is_folder() => remove_folders(disk, &self.aside.0)?,
            Some(_) => disk.remove(&self.aside.0)?,
            None => {}
        }
        if disk.identity(&self.second())?.is_some() {
            disk.remove(&self.second())?;
        }
        Ok(())
    }

    /// The second name of the old content, on file systems that cannot swap.
    fn second(&self) -> Vec<u8> {
        [&self.aside.0, &b".old"[..]].concat()
    }
}

fn is_old(found: Option<Identity>, old: &Identity) -> bool {
    found.is_some_and(|found| old.is_unchanged(&found))
}

/// Removes a folder that holds nothing but folders; another stays.
fn remove_folders(disk: &Disk<'_>, path: &[u8]) -> io::Result<()> {
    for (name, _) in disk.tree.list(path)? {
        let inner = [path, b"/", &name].concat();
        if disk.identity(&inner)?.is_some_and(|found| found.is_folder()) {
            remove_folders(disk, &inner)?;
        }
    }
    match disk.remove_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed,
    }
}
