//! Paths for system calls.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path as the system takes it.
pub(super) fn c_path(path: &Path) -> CString {
    // A path that names something has no NUL; an empty one is refused by the kernel.
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}
