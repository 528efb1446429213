//! Copy-on-write mounts.

use std::ffi::CStr;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, XattrFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use super::c_path::c_path;

/// Where overlayfs keeps its marks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Marks {
    /// In `user.` attributes, which need no privilege and do not support renamed folders.
    User,
    /// In `trusted.` attributes, which need root and do.
    Trusted,
}

/// Mounts `upper` over `lower`, at no place yet.
///
/// Allocates nothing and takes no lock.
pub(super) fn mount(
    lower: &CStr,
    upper: &CStr,
    work: &CStr,
    marks: Marks,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lower = rustix::fs::open(lower, flags, Mode::empty())?;
    let upper = rustix::fs::open(upper, flags, Mode::empty())?;
    let work = rustix::fs::open(work, flags, Mode::empty())?;
    let context = rustix::mount::fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    // Named by descriptor: a path would need escapes and is limited to 255 bytes.
    for (key, folder) in [(c"lowerdir", &lower), (c"upperdir", &upper), (c"workdir", &work)] {
        let mut path = [0_u8; 40];
        let mut rest = path.as_mut_slice();
        write!(rest, "/proc/self/fd/{}\0", folder.as_raw_fd()).map_err(|_| Errno::NAMETOOLONG)?;
        let path = CStr::from_bytes_until_nul(&path).map_err(|_| Errno::NAMETOOLONG)?;
        rustix::mount::fsconfig_set_string(context.as_fd(), key, path)?;
    }
    match marks {
        Marks::User => rustix::mount::fsconfig_set_flag(context.as_fd(), c"userxattr")?,
        Marks::Trusted => {
            for (key, value) in
                [(c"redirect_dir", c"on"), (c"metacopy", c"off"), (c"index", c"off")]
            {
                rustix::mount::fsconfig_set_string(context.as_fd(), key, value)?;
            }
        }
    }
    // The upper folder is thrown away, so nothing in it needs to reach the disk.
    rustix::mount::fsconfig_set_flag(context.as_fd(), c"volatile")?;
    rustix::mount::fsconfig_create(context.as_fd())?;
    rustix::mount::fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV,
    )
}

/// The number of the mount that shows the folder `path`, which Linux tells since 5.8.
pub(in crate::sandbox) fn mount_of(path: &Path) -> Option<u64> {
    let wanted = StatxFlags::MNT_ID;
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, wanted).ok()?;
    let is_told = StatxFlags::from_bits_retain(found.stx_mask).contains(wanted);
    is_told.then_some(found.stx_mnt_id)
}

/// Mounts `upper` over `lower` so that folders can be renamed, which only root can.
///
/// # Errors
/// The error of the system, or that it does not work.
pub(in crate::sandbox) fn mount_with_renames(
    lower: &Path,
    upper: &Path,
    work: &Path,
) -> io::Result<OwnedFd> {
    if !rustix::process::geteuid().is_root() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // If they are unsupported, as in a user namespace or on some file systems, the kernel still
    // mounts and refuses the renames later.
    let mark = c"trusted.zerostack";
    rustix::fs::setxattr(upper, mark, b"y", XattrFlags::CREATE)?;
    rustix::fs::removexattr(upper, mark)?;
    Ok(mount(&c_path(lower), &c_path(upper), &c_path(work), Marks::Trusted)?)
}
