#![doc = include_str!("journal.md")]

use super::Storage;
use super::log::{FIRST_RECORD, Log, MAGIC};
use super::places::Extent;
use super::record::{ENDED, Record, Records};
use crate::{Error, ErrorKind};

/// The part of a conversation in a file, see [`crate::Session::journal_frame`].
///
/// ```
/// use zerostack_core::{Journal, Dialect, Session, SessionConfig};
///
/// let config = SessionConfig::new(Dialect::Anthropic, "some-model");
/// let mut session = Session::new([0; 512], &config)?;
/// let (mut file, mut journal) = (Vec::new(), Journal::new());
/// for text in ["Hello", "Are you there?"] {
///     session.user(text)?;
///     session.abort();
///     if let Some(frame) = session.journal_frame(&journal) {
///         file.extend_from_slice(frame.head());
///         file.extend_from_slice(frame.payload());
///         // After a sync of the file.
///         journal = frame.saved();
///     }
/// }
/// // The last write was cut off.
/// let restored = Journal::restore(&file[..file.len() - 3], [0; 512])?;
/// assert!(restored.dropped_bytes > 0);
/// let session = Session::resume(restored.storage, restored.used, &config)?;
/// assert_eq!(session.transcript().entries().count(), 1);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Journal {
    /// Bytes of the transcript that are saved.
    saved: u32,
    /// How often the session had rewritten its transcript, and cut off its end.
    rewrites: u16,
    cuts: u16,
    /// Whether the turn had ended, or paused, with the last record that is saved.
    turned: bool,
    file_bytes: u64,
}

/// Bytes to append to a file: first the head, then the payload.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'s> {
    head: [u8; MAGIC_BYTES + HEAD_BYTES],
    /// Bytes of the head that are not needed: the name of the format stands once.
    skip: usize,
    payload: &'s [u8],
    journal: Journal,
}

/// The content of a file.
#[derive(Clone, Copy, Debug)]
pub struct Restored<S> {
    /// The conversation, for [`crate::Session::resume`].
    pub storage: S,
    /// How much of the storage it is.
    pub used: usize,
    /// The state of the file, to continue from. Truncate the file after [`Journal::file_bytes`]
    /// before more is written.
    pub journal: Journal,
    /// Bytes at the end of the file that were not whole frames.
    pub dropped_bytes: usize,
}

impl Journal {
    /// An empty file.
    #[must_use]
    pub const fn new() -> Self {
        Self { saved: 0, rewrites: 0, cuts: 0, turned: false, file_bytes: 0 }
    }

    /// The length of the file. After a failed write, truncate it here.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Reads a file. The bytes after the last whole frame are dropped, and counted.
    ///
    /// # Errors
    /// `BadTranscript` when the file is not in this format; `detail` is 0. `Full`.
    pub fn restore<S: Storage>(file: &[u8], storage: S) -> Result<Restored<S>, Error> {
        // A file that ends within its name was cut off at its first write.
        let Some(all) =
            file.strip_prefix(&JOURNAL_MAGIC).or(JOURNAL_MAGIC.starts_with(file).then_some(&[]))
        else {
            return Err(Error::new(ErrorKind::BadTranscript, 0));
        };
        let mut storage = storage;
        let mut extent = Extent::new(0);
        let mut log = Log::new(&mut storage, &mut extent);
        log.start()?;
        let mut rest = all;
        while let Some((offset, payload, after)) = next_frame(rest) {
            if offset > log.used() || offset < MAGIC.len() {
                break;
            }
            log.truncate(offset);
            log.append(payload)?;
            rest = after;
        }
        let used = extent.used;
        let is_begun = file.len() >= MAGIC_BYTES;
        let file_bytes = if is_begun { file.len() - rest.len() } else { 0 };
        let (dropped_bytes, used_bytes) = (file.len() - file_bytes, used as usize);
        let saved = if file_bytes > MAGIC_BYTES { used } else { 0 };
        let bytes = storage.bytes().get(..used_bytes).unwrap_or_default();
        let turned = last_record(bytes).is_some_and(|last| last.header.has(ENDED));
        let journal = Self { saved, turned, file_bytes: file_bytes as u64, ..Self::new() };
        Ok(Restored { storage, used: used_bytes, journal, dropped_bytes })
    }

    /// What is not saved of `bytes`, which were rewritten and cut off so often.
    pub(crate) fn journal_frame<'s>(
        &self,
        bytes: &'s [u8],
        rewrites: u16,
        cuts: u16,
    ) -> Option<Frame<'s>> {
        let is_same = (self.rewrites, self.cuts) == (rewrites, cuts);
        let mut known = if is_same { self.saved as usize } else { 0 };
        // The last record of a turn tells how it ended, and may be saved.
        if let Some(last) = bytes.get(..known).and_then(last_record)
            && last.header.has(ENDED) != self.turned
        {
            known = last.offset;
        }
        let offset = known.max(MAGIC.len());
        let payload = bytes.get(offset..)?;
        // An end that was cut off is news, too.
        if payload.is_empty() && is_same && self.file_bytes > 0 {
            return None;
        }
        let (start, length) = ((offset as u32).to_le_bytes(), (payload.len() as u32).to_le_bytes());
        let sum = checksum(&[&start, &length, payload]).to_le_bytes();
        let mut head = [0; MAGIC_BYTES + HEAD_BYTES];
        let pieces = [JOURNAL_MAGIC, start, length, sum];
        for (to, from) in head.iter_mut().zip(pieces.iter().flatten()) {
            *to = *from;
        }
        let skip = if self.file_bytes == 0 { 0 } else { MAGIC_BYTES };
        let more = (head.len() - skip).saturating_add(payload.len());
        let journal = Self {
            saved: bytes.len() as u32,
            rewrites,
            cuts,
            turned: last_record(bytes).is_some_and(|last| last.header.has(ENDED)),
            file_bytes: self.file_bytes.saturating_add(more as u64),
        };
        Some(Frame { head, skip, payload, journal })
    }
}

impl<'s> Frame<'s> {
    /// The bytes to write first.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        self.head.get(self.skip..).unwrap_or_default()
    }

    /// The bytes to write after it.
    #[must_use]
    pub const fn payload(&self) -> &'s [u8] {
        self.payload
    }

    /// The state of the file after both are written.
    #[must_use]
    pub const fn saved(&self) -> Journal {
        self.journal
    }
}

fn last_record(bytes: &[u8]) -> Option<Record<'_>> {
    Records::from(bytes, FIRST_RECORD).last()
}

/// The first frame, when it is whole: its offset, its payload, and the rest of the file.
fn next_frame(bytes: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let (start, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let is_whole = checksum(&[start, length, payload]) == u32::from_le_bytes(*sum);
    is_whole.then_some((u32::from_le_bytes(*start) as usize, payload, rest))
}

/// CRC-32 as in zip and Ethernet, four bits at a time.
fn checksum(pieces: &[&[u8]]) -> u32 {
    let step = |sum: u32, half: u8| {
        let index = (sum ^ u32::from(half)) & 15;
        sum >> 4 ^ TABLE.get(index as usize).copied().unwrap_or_default()
    };
    let bytes = pieces.iter().flat_map(|piece| piece.iter());
    !bytes.fold(u32::MAX, |sum, byte| step(step(sum, byte & 15), byte >> 4))
}

const TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let (mut value, mut bit) = (index as u32, 0);
        while bit < 4 {
            value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

const JOURNAL_MAGIC: [u8; MAGIC_BYTES] = *b"zsj1";

const MAGIC_BYTES: usize = 4;

/// Offset, length and checksum.
const HEAD_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(checksum(&[b"1234", b"56789"]), 0xcbf4_3926);
        assert_eq!(checksum(&[]), 0);
    }
}
