//! Whether saved bytes are a transcript: nothing of them is trusted.

use super::log::MAGIC;
#[cfg(feature = "attachments")]
use super::record::MARKED;
use super::record::{FIRST, Kind, REPLY_CALLS_MAX, RESULTS, Record, Records};
use crate::message::Dialect;
use crate::{Error, ErrorKind};

/// Checks every one of the first `used` bytes, and that each request made from them is valid: a user speaks first,
/// each result answers its own call, and only the calls of the last reply may be open.
///
/// # Errors
/// `BadTranscript`; `detail` is the offset of the first wrong record or byte.
pub(super) fn check(bytes: &[u8], used: usize) -> Result<u32, Error> {
    let known = u32::try_from(used).map_err(|_| bad(0))?;
    let bytes = bytes.get(..used).ok_or(bad(bytes.len()))?;
    if !bytes.starts_with(&MAGIC) {
        return Err(bad(0));
    }
    let mut reply = ReplyCheck::default();
    let mut offset = MAGIC.len();
    while offset < bytes.len() {
        let record = Record::at(bytes, offset).ok_or(bad(offset))?;
        if let Err(error) = core::str::from_utf8(record.payload) {
            return Err(bad(record.end() - record.payload.len() + error.valid_up_to()));
        }
        if !reply.takes(bytes, &record) {
            return Err(bad(offset));
        }
        offset = record.end();
    }
    Ok(known)
}

/// The reply that the records so far end with.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplyCheck {
    /// There was a user's text.
    is_begun: bool,
    /// The last record belongs to a reply, so that another may continue it.
    is_open: bool,
    calls: u32,
    /// The first result.
    results_start: usize,
    results: u32,
    /// One more than the highest index among the results.
    results_end: u32,
    /// The owner of an attachment that would follow now.
    #[cfg(feature = "attachments")]
    owner: Option<super::attached::Owner>,
    answered: Answered,
}

impl ReplyCheck {
    /// Whether there was a user's text.
    pub const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether the last record belongs to a reply, so that another may continue it.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether calls wait for their results.
    pub const fn has_open(&self) -> bool {
        self.results < self.calls
    }

    /// Calls of the reply.
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// Whether `record` may be here; an invalid record ends the check.
    pub fn takes(&mut self, bytes: &[u8], record: &Record<'_>) -> bool {
        let header = record.header;
        let is_first = header.has(FIRST);
        #[cfg(feature = "attachments")]
        if record.is(Kind::Attachment) {
            use super::attached::{Owner, is_sound};
            let owner = if record.is_users_attachment() { Owner::User } else { Owner::Result };
            return !is_first && self.owner == Some(owner) && is_sound(record);
        } else {
            use super::attached::Owner;
            self.owner = match header.kind() {
                Kind::User if !header.has(MARKED) => Some(Owner::User),
                Kind::Result => Some(Owner::Result),
                _ => None,
            };
        }
        let is_closed = self.results == self.calls;
        match header.kind() {
            Kind::User => {
                self.begin(false);
                is_first && is_closed
            }
            Kind::Result => {
                let index = header.call_index();
                if self.results == 0 {
                    self.results_start = record.offset;
                }
                // In order, the usual case, none can occur twice.
                let is_new = index >= self.results_end || !self.is_answered(bytes, index);
                self.answered.insert(index);
                self.is_open = false;
                self.results = self.results.saturating_add(1);
                self.results_end = self.results_end.max(index.saturating_add(1));
                is_first && is_new && index < self.calls
            }
            Kind::Attachment => false,
            Kind::Text | Kind::Thinking | Kind::Opaque | Kind::Call => {
                let fits = if is_first { self.is_begun && is_closed } else { self.is_open };
                if is_first {
                    self.begin(true);
                }
                fits && self.takes_part(record)
            }
        }
    }

    /// Whether the call with this index has a result, in `bytes` that end with the last one.
    pub fn is_answered(&self, bytes: &[u8], index: u32) -> bool {
        self.answered.has(index).unwrap_or_else(|| {
            let mut results = Records::from(bytes, self.results_start)
                .take_while(|record| record.header.is_of(RESULTS))
                .filter(|record| record.is(Kind::Result))
                .take(self.results as usize);
            self.results > 0 && results.any(|result| result.header.call_index() == index)
        })
    }

    fn begin(&mut self, is_open: bool) {
        self.answered.clear(self.calls);
        (self.is_begun, self.is_open) = (true, is_open);
        (self.calls, self.results, self.results_end) = (0, 0, 0);
    }

    fn takes_part(&mut self, record: &Record<'_>) -> bool {
        let [a, ..] = record.header.info;
        match record.header.kind() {
            Kind::Call => {
                self.calls = self.calls.saturating_add(1);
                let (head, id) = record.id_place();
                let (id, [_, name, _]) = (head + id, record.header.info);
                let text = record.text();
                self.calls <= REPLY_CALLS_MAX
                    && text.is_char_boundary(id)
                    && text.is_char_boundary(id + usize::from(name))
            }
            Kind::Opaque => Dialect::from_number(a).is_some(),
            Kind::User | Kind::Text | Kind::Thinking | Kind::Result | Kind::Attachment => true,
        }
    }
}

/// The calls of a reply that have a result, a bit for each; not on small processors, which search
/// the results.
#[derive(Clone, Debug)]
struct Answered([u64; ANSWERED_WORDS]);

const ANSWERED_WORDS: usize = if cfg!(target_pointer_width = "64") {
    REPLY_CALLS_MAX.div_ceil(u64::BITS) as usize
} else {
    0
};

impl Default for Answered {
    fn default() -> Self {
        Self([0; ANSWERED_WORDS])
    }
}

impl Answered {
    fn insert(&mut self, index: u32) {
        if let Some(word) = self.0.get_mut((index / u64::BITS) as usize) {
            *word |= 1 << (index % u64::BITS);
        }
    }

    /// Whether it has one; `None` where that is not kept.
    fn has(&self, index: u32) -> Option<bool> {
        let word = self.0.get((index / u64::BITS) as usize)?;
        Some(word >> (index % u64::BITS) & 1 == 1)
    }

    /// `calls` calls, none with a result.
    fn clear(&mut self, calls: u32) {
        let words = calls.div_ceil(u64::BITS) as usize;
        self.0.iter_mut().take(words).for_each(|word| *word = 0);
    }
}

fn bad(offset: usize) -> Error {
    Error::new(ErrorKind::BadTranscript, u32::try_from(offset).unwrap_or(u32::MAX))
}
