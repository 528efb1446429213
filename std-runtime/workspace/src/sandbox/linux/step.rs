//! The steps of the first process of the namespaces, as a list.
//!
//! The list is made before that process exists, because a process forked from
//! one that may have threads must not allocate: it only walks the list.

use std::ffi::{CStr, CString};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{CWD, FileType, Mode};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::errno::last_errno;
use super::layer::limit_processes;
use super::overlay::{self, Marks};

/// The place of a mount that is made before its target exists.
pub(super) type Slot = usize;

/// Mounts that can wait at one time.
const SLOTS: usize = 512;

/// One system call or two, with all they need.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing mounted from here on is seen outside.
    Private,
    /// The number of processes is bounded, where the kernel can.
    LimitProcesses,
    /// A copy-on-write mount of `lower` that waits in `slot`.
    Overlay { slot: Slot, lower: CString, upper: CString, work: CString },
    /// The mount of `path`, cloned, waits in `slot`.
    Clone { slot: Slot, path: CString },
    /// All mounts there are become read-only and lose setuid.
    ReadOnly,
    /// A new file system of the kernel.
    Fresh { kind: &'static CStr, at: CString, flags: MountFlags, options: &'static CStr },
    /// The mount in `slot` gets its place.
    Attach { slot: Slot, at: CString },
    /// A mount that was made before this process gets its place.
    Mounted { mount: RawFd, at: CString },
    /// Makes `from` also visible at `at`.
    Bind { from: CString, at: CString },
    /// Something is hidden.
    Hide(Hide),
    /// Creates a folder, if there is none.
    Folder { at: CString, mode: u32 },
    /// Creates an empty file, if there is none.
    File { at: CString },
    /// A symbolic link.
    Link { at: CString, to: CString },
    /// Brings up the loopback device of the network namespace.
    Loopback,
    /// A socket on it that waits for clients of the proxy.
    Listen,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private => f.write_str("making mounts private"),
            Self::LimitProcesses => f.write_str("limiting processes"),
            Self::Overlay { lower, .. } => write!(f, "mounting overlayfs over {lower:?}"),
            Self::Clone { path, .. } => write!(f, "cloning the mount of {path:?}"),
            Self::ReadOnly => f.write_str("making the file system read-only"),
            Self::Fresh { kind, at, .. } => write!(f, "mounting {kind:?} on {at:?}"),
            Self::Attach { at, .. } | Self::Mounted { at, .. } => {
                write!(f, "attaching a mount to {at:?}")
            }
            Self::Bind { from, at } => write!(f, "binding {from:?} to {at:?}"),
            Self::Hide(Hide { at, .. }) => write!(f, "hiding {at:?}"),
            Self::Folder { at, .. } => write!(f, "making the folder {at:?}"),
            Self::File { at } => write!(f, "making the file {at:?}"),
            Self::Link { at, .. } => write!(f, "making the link {at:?}"),
            Self::Loopback => f.write_str("starting the loopback device"),
            Self::Listen => f.write_str("opening a socket for the proxy"),
        }
    }
}

/// Takes all steps in order; the socket of [`Step::Listen`], or on a refusal its index and the
/// reason.
///
/// Allocates nothing and takes no lock.
pub(super) fn take(steps: &[Step]) -> Result<Option<OwnedFd>, (usize, Errno)> {
    let mut waiting: [Option<OwnedFd>; SLOTS] = [const { None }; SLOTS];
    let mut listener = None;
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Listen => listener = Some(listen().map_err(|errno| (index, errno))?),
            step => step.take(&mut waiting).map_err(|errno| (index, errno))?,
        }
    }
    Ok(listener)
}

impl Step {
    fn take(&self, waiting: &mut [Option<OwnedFd>; SLOTS]) -> Result<(), Errno> {
        match self {
            Self::Private => rustix::mount::mount_change(
                c"/",
                MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
            ),
            Self::LimitProcesses => {
                limit_processes();
                Ok(())
            }
            Self::Overlay { slot, lower, upper, work } => {
                *waiting.get_mut(*slot).ok_or(Errno::INVAL)? =
                    Some(overlay::mount(lower, upper, work, Marks::User)?);
                Ok(())
            }
            Self::Clone { slot, path } => {
                let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
                let tree = rustix::mount::open_tree(CWD, path.as_c_str(), flags)?;
                *waiting.get_mut(*slot).ok_or(Errno::INVAL)? = Some(tree);
                Ok(())
            }
            Self::ReadOnly => read_only(),
            Self::Fresh { kind, at, flags, options } => {
                rustix::mount::mount(*kind, at.as_c_str(), *kind, *flags, *options)
            }
            Self::Attach { slot, at } => {
                let tree = waiting.get_mut(*slot).and_then(Option::take).ok_or(Errno::INVAL)?;
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                rustix::mount::move_mount(tree.as_fd(), c"", CWD, at.as_c_str(), flags)
            }
            Self::Mounted { mount, at } => {
                // SAFETY: the process that made the list has the mount open, and this one is a
                // copy of it.
                let mount = unsafe { BorrowedFd::borrow_raw(*mount) };
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                rustix::mount::move_mount(mount, c"", CWD, at.as_c_str(), flags)
            }
            Self::Bind { from, at } => rustix::mount::mount_bind(from.as_c_str(), at.as_c_str()),
            Self::Hide(hide) => hide.take(),
            Self::Folder { at, mode } => {
                match rustix::fs::mkdir(at.as_c_str(), Mode::from_raw_mode(*mode)) {
                    Err(Errno::EXIST) => Ok(()),
                    // The umask of the caller does not count here.
                    Ok(()) => rustix::fs::chmod(at.as_c_str(), Mode::from_raw_mode(*mode)),
                    refused => refused,
                }
            }
            Self::File { at } => {
                let mode = Mode::from_raw_mode(0o666);
                match rustix::fs::mknodat(CWD, at.as_c_str(), FileType::RegularFile, mode, 0) {
                    Err(Errno::EXIST) => Ok(()),
                    made => made,
                }
            }
            Self::Link { at, to } => rustix::fs::symlink(to.as_c_str(), at.as_c_str()),
            Self::Loopback => loopback_up(),
            Self::Listen => listen().map(drop),
        }
    }
}

/// An empty folder that hides others. A separate file system for each would cost the kernel several
/// times as much.
pub(super) const EMPTY: &CStr = c"/dev/empty";

/// What hides a file.
pub(super) const NULL: &CStr = c"/dev/null";

/// Mounts `from` over `at`, if that still exists.
#[derive(Debug)]
pub(super) struct Hide {
    pub(super) from: &'static CStr,
    pub(super) at: CString,
}

impl Hide {
    /// Hides it. Allocates nothing.
    pub(super) fn take(&self) -> Result<(), Errno> {
        let other = if self.from == EMPTY { NULL } else { EMPTY };
        let hide_with = |from: &CStr| rustix::mount::mount_bind(from, self.at.as_c_str());
        let hidden = match hide_with(self.from) {
            // Since the check a file replaced a folder, or a folder a file.
            Err(Errno::NOTDIR) => hide_with(other),
            hidden => hidden,
        };
        match hidden {
            // A socket disappears with its daemon, and its folder may too. The cover is this process's own and exists.
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            hidden => hidden,
        }
    }
}

fn read_only() -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is a C string, the structure is valid for the size given, and the
    // kernel keeps neither.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

fn listen() -> Result<OwnedFd, Errno> {
    let (family, kind, flags) = (AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC);
    let socket = rustix::net::socket_with(family, kind, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    rustix::net::listen(&socket, 128)?;
    Ok(socket)
}

fn loopback_up() -> Result<(), Errno> {
    // SAFETY: takes and gives back integers.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(last_errno());
    }
    // SAFETY: all-zero bytes are a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`, which `request` is.
    let result = unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &raw const request) };
    let errno = last_errno();
    // SAFETY: `socket` is ours and not used afterwards.
    unsafe { libc::close(socket) };
    if result == 0 { Ok(()) } else { Err(errno) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Command;

    use super::*;

    /// The place in which the test below runs itself again, in its own mount namespace.
    const INSIDE: &str = "ZEROSTACK_TEST_HIDES_IN";

    #[test]
    fn a_path_that_changed_its_kind_since_the_check_is_still_hidden() {
        if let Some(place) = std::env::var_os(INSIDE) {
            return hide_in(place.as_ref());
        }
        let place = tempfile::tempdir().unwrap();
        let mounts =
            "mount -t tmpfs none /dev && mkdir /dev/empty && touch /dev/null && exec \"$@\"";
        let (_, module) = module_path!().split_once("::").unwrap();
        let name = "a_path_that_changed_its_kind_since_the_check_is_still_hidden";
        let again = ["--exact".to_owned(), format!("{module}::{name}")];
        let mut unshare = Command::new("unshare");
        let able = unshare.args(["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]).status();
        if !able.is_ok_and(|status| status.success()) {
            return eprintln!("NOT RUN: no mount namespace can be made here");
        }
        let mut run = Command::new("unshare");
        run.args(["-Urm", "sh", "-c", mounts, "sh"]).arg(std::env::current_exe().unwrap());
        let run = run.args(again).env(INSIDE, place.path()).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{run:?}");
    }

    fn hide_in(place: &std::path::Path) {
        let hide = |from, name: &str| {
            let at = CString::new(place.join(name).as_os_str().as_bytes()).unwrap();
            Hide { from, at }.take().unwrap();
        };
        fs::create_dir(place.join("folder")).unwrap();
        fs::write(place.join("folder/secret"), "x").unwrap();
        hide(NULL, "folder");
        assert_eq!(fs::read_dir(place.join("folder")).unwrap().count(), 0);
        fs::write(place.join("file"), "x").unwrap();
        hide(EMPTY, "file");
        assert_eq!(fs::read(place.join("file")).unwrap(), b"");
        fs::write(place.join("plain"), "x").unwrap();
        hide(NULL, "plain/below");
        hide(NULL, "gone");
    }
}
