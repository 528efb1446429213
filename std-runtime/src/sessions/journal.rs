//! The file of a transcript: frames are appended, and a truncated frame is dropped.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zerostack_core::{Growing, Journal};

use crate::agent::OwnedSession;

/// A transcript that is written as it grows.
#[derive(Debug)]
pub(super) struct JournalFile {
    file: File,
    journal: Journal,
    /// The most that the file may take.
    most_bytes: u64,
}

/// The content of a file.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) storage: Growing,
    pub(super) used: usize,
    /// Bytes of a truncated last frame.
    pub(super) dropped_bytes: usize,
}

impl JournalFile {
    /// Opens the file at `path`, which must exist.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Self { file, journal: Journal::new(), most_bytes: FILE_BYTES })
    }

    /// Reads it. Later frames are written after the last complete one.
    ///
    /// # Errors
    /// `InvalidData` if a frame in the middle is damaged; otherwise errors of the system.
    pub(super) fn read(&mut self) -> io::Result<Held> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
        // Nothing of one that is too long is read.
        if file.metadata()?.len() > self.most_bytes {
            let text = format!("it is longer than {} bytes", self.most_bytes);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        file.take(self.most_bytes).read_to_end(&mut bytes)?;
        let restored = Journal::restore(&bytes, Growing::new(TRANSCRIPT_BYTES));
        let restored = restored.map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "its journal is not a journal file")
        })?;
        let end = usize::try_from(restored.journal.file_bytes()).unwrap_or(usize::MAX);
        let rest = bytes.get(end..).unwrap_or_default();
        if !is_cut_off(rest) {
            let text = format!("its journal is damaged at byte {end} of {}", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.journal = restored.journal;
        let (storage, used) = (restored.storage, restored.used);
        Ok(Held { storage, used, dropped_bytes: restored.dropped_bytes })
    }

    /// Writes the new part of `session`.
    ///
    /// # Errors
    /// An error of the system; the next save writes it again.
    pub(super) fn save(&mut self, session: &OwnedSession) -> io::Result<()> {
        let Some(frame) = session.journal_frame(&self.journal) else { return Ok(()) };
        let (head, payload) = (frame.head(), frame.payload());
        let at = self.journal.file_bytes();
        // In one piece, so that a crash rarely leaves a part of it.
        let mut bytes = Vec::with_capacity(head.len() + payload.len());
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(payload);
        let end = at + bytes.len() as u64;
        if end > self.most_bytes {
            let text = format!("it would be longer than {} bytes", self.most_bytes);
            return Err(io::Error::other(text));
        }
        let journal = frame.saved();
        let written = self.file.write_all_at(&bytes, at).and_then(|()| {
            // A longer truncated frame may be there.
            if self.file.metadata()?.len() > end { self.file.set_len(end) } else { Ok(()) }
        });
        if let Err(error) = written {
            // A partial write is a truncated frame, which does no harm.
            let _ = self.file.set_len(at);
            return Err(error);
        }
        self.journal = journal;
        Ok(())
    }

    /// How long the file is.
    pub(super) fn file_bytes(&self) -> u64 {
        self.journal.file_bytes()
    }

    /// Removes everything after the first `bytes`, which must end with a frame.
    pub(super) fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
}

/// Whether `rest`, after the last complete frame, looks like the result of a crash: the beginning of a frame, or
/// zeros of a block that was never written.
fn is_cut_off(rest: &[u8]) -> bool {
    if rest.iter().all(|byte| *byte == 0) {
        return true;
    }
    let Some((length, payload)) = rest
        .get(4..)
        .and_then(|rest| rest.split_first_chunk::<4>())
        .and_then(|(length, rest)| Some((u32::from_le_bytes(*length) as usize, rest.get(4..)?)))
    else {
        return true;
    };
    payload.len() < length
}

/// The largest conversation, in bytes.
pub(crate) const TRANSCRIPT_BYTES: usize = 64 * 1024 * 1024;
/// The largest file, in bytes.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use zerostack_core::{Dialect, OwnedConfig, Session};

    use super::*;
    use crate::agent::start_session;

    fn config() -> OwnedConfig {
        OwnedConfig::new(Dialect::OpenAiChat, "model")
    }

    /// A file of three turns, two of which have an answer.
    fn file() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let mut file = JournalFile::open(&path).unwrap();
        assert_eq!(file.read().unwrap().used, Held::empty());
        let mut session = start_session(config()).unwrap();
        for text in ["one", "two", "three"] {
            session.user(text).unwrap();
            file.save(&session).unwrap();
            if text != "three" {
                session.begin_response(200, None).unwrap();
                let body = "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"},\
                            \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
                let mut rest = body.as_bytes();
                while !rest.is_empty() {
                    let used = session.feed(rest).unwrap().used;
                    rest = &rest[used..];
                }
                while session.step() == zerostack_core::Step::Receive {
                    session.end_response().unwrap();
                }
            } else {
                session.abort();
            }
            file.save(&session).unwrap();
        }
        std::fs::read(&path).unwrap()
    }

    impl Held {
        fn empty() -> usize {
            start_session(config()).unwrap().snapshot().len()
        }
    }

    #[test]
    fn a_file_that_is_truncated_at_any_byte_continues() {
        let whole = file();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let mut file = JournalFile::open(&path).unwrap();
            let held = file.read().unwrap();
            assert_eq!(
                held.dropped_bytes as u64 + file.file_bytes(),
                length as u64,
                "{length} bytes"
            );
            let mut session = Session::resume(held.storage, held.used, config()).unwrap();
            session.abort();
            session.user("again").unwrap();
            session.abort();
            file.save(&session).unwrap();
            let before = session.snapshot().to_vec();
            let mut file = JournalFile::open(&path).unwrap();
            let held = file.read().unwrap();
            assert_eq!(held.dropped_bytes, 0, "{length} bytes");
            let session = Session::resume(held.storage, held.used, config()).unwrap();
            assert_eq!(session.snapshot(), before, "{length} bytes");
        }
    }

    #[test]
    fn a_file_is_bounded_and_stays_as_it_is_at_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "").unwrap();
        let mut file = JournalFile::open(&path).unwrap();
        file.read().unwrap();
        file.most_bytes = 4096;
        let mut session = start_session(config()).unwrap();
        let refused = (0..100).find_map(|_| {
            session.user(&"x".repeat(100)).unwrap();
            session.abort();
            file.save(&session).err()
        });
        let why = refused.unwrap().to_string();
        assert!(why.contains("longer than 4096 bytes"), "{why}");
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length <= 4096 && length == file.file_bytes());
        let mut file = JournalFile::open(&path).unwrap();
        assert_eq!(file.read().unwrap().dropped_bytes, 0);
        // One that somebody made longer is not read.
        std::fs::File::options().write(true).open(&path).unwrap().set_len(FILE_BYTES + 1).unwrap();
        let why = JournalFile::open(&path).unwrap().read().unwrap_err().to_string();
        assert!(why.contains("longer than 268435456 bytes"), "{why}");
    }

    #[test]
    fn a_frame_that_is_damaged_is_no_cut() {
        let whole = file();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut damaged = whole;
        // A byte of the first payload.
        damaged[20] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        let error = JournalFile::open(&path).unwrap().read().err().unwrap();
        assert!(error.to_string().contains("damaged at byte 4 of"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
        std::fs::write(&path, "no journal at all").unwrap();
        assert!(JournalFile::open(&path).unwrap().read().is_err());
    }
}
