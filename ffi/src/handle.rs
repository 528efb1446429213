//! The session as it lies in lent memory.

use zerostack_core::{EntryPlace, RequestPlace, Session};

use crate::borrowed_config::BorrowedConfig;
use crate::status::Fault;
use crate::status::zs_status::*;

/// The core's session, over memory and a configuration that are lent.
pub(crate) type Conversation = Session<BorrowedConfig, &'static mut [u8]>;

/// One conversation with a model: a state machine that lies in memory of the caller.
pub struct zs_session {
    /// Its own address, changed by a constant: a session that was moved does not know itself.
    pub(crate) address: usize,
    /// A call panicked, so that nothing is known of the rest.
    pub(crate) is_broken: bool,
    /// The detail of the last call that may change it.
    pub(crate) detail: u32,
    pub(crate) chat: Conversation,
    /// How far the request was read, in bytes, and where that is.
    pub(crate) reading: Option<(usize, RequestPlace)>,
    /// The entry that was asked for last, by its index.
    pub(crate) entry: (usize, EntryPlace),
    /// The lent memory, this session included: its address and its length.
    pub(crate) memory: (usize, usize),
    /// Where zs_session_new allocated; 0 for lent memory.
    #[cfg(feature = "alloc")]
    pub(crate) allocated: usize,
}

impl zs_session {
    /// What `address` holds for a session that lies there.
    pub(crate) fn address_of(session: *const Self) -> usize {
        session as usize ^ MARK
    }

    /// Refuses bytes in the session's memory for a call that changes that memory.
    pub(crate) fn keep_out(&self, ptr: *const u8, len: usize) -> Result<(), Fault> {
        if len > isize::MAX as usize {
            return Err(Fault::new(ZS_OUT_OF_RANGE));
        }
        let (start, length) = self.memory;
        let (first, end) = (ptr as usize, (ptr as usize).saturating_add(len));
        if len > 0 && first < start.saturating_add(length) && end > start {
            return Err(Fault::new(ZS_OVERLAP));
        }
        Ok(())
    }

    /// What was remembered of places is void: the transcript changes.
    pub(crate) fn forget_places(&mut self) {
        self.reading = None;
        self.entry = (0, EntryPlace::START);
    }
}

/// Zeroed and copied memory does not look like a session.
const MARK: usize = 0x5a53_7a73;
