//! A new, empty session keyring instead of the one of the user.

use rustix::io::Errno;

use super::super::errno::last_errno;
use super::Layer;

/// A keyring of its own.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Keyring;

impl Layer for Keyring {
    fn name(&self) -> &'static str {
        "session-keyring"
    }

    fn protects(&self) -> &'static str {
        "keys that the kernel holds for the session of the user"
    }

    /// Where the kernel has no keyrings there is nothing to hide.
    fn apply(&self) -> Result<(), Errno> {
        const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
        // SAFETY: the name is none, so no memory is read.
        let joined = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) };
        match last_errno() {
            _ if joined >= 0 => Ok(()),
            // The kernel has none, or a filter around us refuses the call as ours does inside.
            Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP => Ok(()),
            errno => Err(errno),
        }
    }
}
