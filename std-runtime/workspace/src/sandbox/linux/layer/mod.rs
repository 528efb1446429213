//! The layers of the sandbox, a file each.

pub(super) mod landlock;
pub(super) mod limits;
pub(super) mod seccomp;
