//! Errors of calls through libc.

use rustix::io::Errno;

/// Why the last call through libc failed.
pub(super) fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
