//! Limits of each process, which nothing inside can raise.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

use super::{Layer, PROCESSES_MAX};

/// Bytes of one file. A sparse image of a disk may have terabytes and take none; what a patch cannot
/// carry is named by its own limit.
const FILE_BYTES_MAX: u64 = 8 << 40;

/// Bytes of a core file. Where the kernel gives cores to a program outside, it does so with a
/// limit of 0 as well; of 1 it knows that none is wanted, and a file has at least a page.
const CORE_BYTES_MAX: u64 = 1;

/// Limits on processes of the user, the size of files, and core files.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Limits;

impl Layer for Limits {
    fn name(&self) -> &'static str {
        "limits"
    }

    fn protects(&self) -> &'static str {
        "the machine from endless forks, files and core files"
    }

    fn apply(&self) -> Result<(), Errno> {
        for (resource, most) in [
            (Resource::Nproc, PROCESSES_MAX),
            (Resource::Fsize, FILE_BYTES_MAX),
            (Resource::Core, CORE_BYTES_MAX),
        ] {
            let now = rustix::process::getrlimit(resource);
            // A limit that is lower already stays.
            let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
            let limit = Rlimit { current: lower(now.current), maximum: lower(now.maximum) };
            rustix::process::setrlimit(resource, limit)?;
        }
        Ok(())
    }
}
