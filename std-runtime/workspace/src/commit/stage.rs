//! New contents, written in full under temporary names.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::fs::{Gid, Mode, Stat, Uid, XattrFlags};
use rustix::io::Errno;

use super::contents::Contents;
use super::disk::Disk;
use super::flush::Flush;
use super::plan::{Side, is_program};
use crate::patch::tree::kind;

/// Writes `side` to the new file `aside`. It gets the owner, the permissions and the attributes
/// of the file that it is to replace, which is at `path`.
///
/// # Errors
/// The error of the system.
pub(super) fn stage(
    disk: &Disk<'_>,
    path: &[u8],
    aside: &[u8],
    side: &Side,
    contents: &Contents,
    flush: &Flush,
) -> io::Result<()> {
    if side.is_link {
        let mut target = Vec::new();
        contents.read(side, |bytes| {
            target.extend_from_slice(bytes);
            Ok(())
        })?;
        return disk.symlink(&target, aside);
    }
    let mut file = disk.create(aside)?;
    contents.read(side, |bytes| {
        disk.faults.before("write")?;
        file.write_all(bytes)
    })?;
    let replaced = disk.tree.stat(path)?.filter(|stat| kind(stat).is_file());
    let mode = match &replaced {
        Some(stat) => {
            keep_owner(&file, stat)?;
            if let Ok(old) = disk.tree.file(path) {
                keep_attributes(&file, &old)?;
            }
            kept_mode(stat, side.mode)
        }
        None => side.mode,
    };
    disk.faults.before("chmod")?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode as _))?;
    flush.written(disk, &file)
}

/// The permissions of the file that is replaced, unless it became a program or ceased to be one.
#[allow(clippy::unnecessary_cast)] // the types differ between systems
fn kept_mode(old: &Stat, new: u32) -> u32 {
    let old = old.st_mode as u32 & 0o777;
    if is_program(old) == is_program(new) { old } else { new }
}

/// Only root may give a file away, and others may choose among their groups; otherwise the file
/// belongs to the user, as after any other editor.
fn keep_owner(file: &File, old: &Stat) -> io::Result<()> {
    let new = rustix::fs::fstat(file)?;
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid) {
        return Ok(());
    }
    let (owner, group) = (Uid::from_raw(old.st_uid), Gid::from_raw(old.st_gid));
    let owned = rustix::fs::fchown(file.as_fd(), Some(owner), Some(group));
    match owned.or_else(|_| rustix::fs::fchown(file.as_fd(), None, Some(group))) {
        Ok(()) | Err(Errno::PERM | Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Access control lists are attributes too. Attributes that sign a content are not copied to another one.
fn keep_attributes(file: &File, old: &File) -> io::Result<()> {
    let Ok(length) = rustix::fs::flistxattr_query(old) else { return Ok(()) };
    if length == 0 {
        return Ok(());
    }
    let mut names = Vec::with_capacity(length);
    let Ok(_) = rustix::fs::flistxattr(old, rustix::buffer::spare_capacity(&mut names)) else {
        return Ok(());
    };
    for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        if BOUND_TO_CONTENT.contains(&name) {
            continue;
        }
        let Ok(length) = rustix::fs::fgetxattr_query(old, name) else { continue };
        // An empty value needs a place too.
        let mut value = Vec::with_capacity(length.max(1));
        if rustix::fs::fgetxattr(old, name, rustix::buffer::spare_capacity(&mut value)).is_ok() {
            match rustix::fs::fsetxattr(file, name, &value, XattrFlags::empty()) {
                // A label that only the system may set is set by the system.
                Ok(()) | Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP | Errno::INVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
    Ok(())
}

const BOUND_TO_CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];
