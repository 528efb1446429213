//! Where the calls of long replies stand, and their results.
//!
//! A record is found from the one before it, so calls and results of a long reply that come in
//! another order would be found by a walk through all of them. For replies with more than [`FEW`]
//! calls their places are noted at the end of the storage, after all records. The notes are no
//! part of the transcript: they go when a record moves or the transcript reaches them, and without
//! them, as on small processors, the walk finds the same records.

#[cfg(not(target_pointer_width = "64"))]
mod disabled;
#[cfg(target_pointer_width = "64")]
mod enabled;

#[cfg(not(target_pointer_width = "64"))]
pub(crate) use disabled::{Places, Table};
#[cfg(target_pointer_width = "64")]
pub(crate) use enabled::{Places, Table};

use super::record::{Kind, Record};

/// How much of a storage is a transcript, and what is noted after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub used: u32,
    pub places: Places,
}

impl Extent {
    /// The first `used` bytes.
    pub const fn new(used: u32) -> Self {
        Self { used, places: Places::NONE }
    }
}

/// The call that is `steps` calls after the first one from `at` on, in the reply that begins at
/// `reply`.
pub(crate) fn call_behind(bytes: &[u8], reply: usize, at: usize, steps: u32) -> Option<Record<'_>> {
    let find = |at| Record::find_part(bytes, at, reply, Kind::Call.bit());
    let mut call = find(at)?;
    for _ in 0..steps {
        call = find(call.end())?;
    }
    Some(call)
}

/// Up to this many calls, the most of a reply by default, are found by a walk.
pub(crate) const FEW: u32 = 128;
