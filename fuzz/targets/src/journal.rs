use zerostack_core::{Dialect, ErrorKind, Growing, Journal, Session, SessionConfig};

/// What a transcript may take at most.
const MOST_BYTES: usize = 1 << 18;

/// A file of saved conversations. The first byte selects whether it is one, or a list of frames for
/// which the checksums are made here: whatever is restored is a conversation or refused, what is
/// whole stays whole, and the file can be gone on with.
pub fn journal(input: &[u8]) {
    let (mode, rest) = crate::split_first(input);
    let file = if mode & 1 == 0 { rest.to_vec() } else { framed(rest) };
    let restored = match Journal::restore(&file, Growing::new(MOST_BYTES)) {
        Ok(restored) => restored,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::BadTranscript | ErrorKind::Full));
            return;
        }
    };
    let kept = restored.journal.file_bytes() as usize;
    assert_eq!(kept + restored.dropped_bytes, file.len());
    let again = Journal::restore(&file[..kept], Growing::new(MOST_BYTES)).expect("the whole part");
    assert_eq!((again.used, again.dropped_bytes), (restored.used, 0));
    assert_eq!(again.journal, restored.journal);
    let config = SessionConfig::new(Dialect::Anthropic, "m");
    let Ok(mut session) = Session::resume(restored.storage, restored.used, config) else { return };
    session.abort();
    session.user("on").expect("room");
    let frame = session.journal_frame(&restored.journal).expect("news");
    let file = [&file[..kept], frame.head(), frame.payload()].concat();
    assert_eq!(frame.saved().file_bytes(), file.len() as u64);
    let again = Journal::restore(&file, Growing::new(MOST_BYTES)).expect("a good journal");
    assert_eq!(again.dropped_bytes, 0);
    let again = Session::resume(again.storage, again.used, config).expect("what was saved");
    let saved = session.snapshot();
    let session =
        Session::resume(Growing::from_vec(saved.to_vec(), MOST_BYTES), saved.len(), config);
    assert_eq!(again.snapshot(), session.expect("what is saved").snapshot());
}

/// A journal of frames, each told by two bytes for its offset and one for its length.
fn framed(mut rest: &[u8]) -> Vec<u8> {
    let mut file = b"zsj1".to_vec();
    while let [low, high, length, more @ ..] = rest {
        let (payload, more) = more.split_at(usize::from(*length).min(more.len()));
        let offset = u32::from(u16::from_le_bytes([*low, *high])).to_le_bytes();
        let length = (payload.len() as u32).to_le_bytes();
        let sum = checksum(&[&offset, &length, payload].concat()).to_le_bytes();
        file.extend([&offset, &length, &sum].into_iter().flatten());
        file.extend_from_slice(payload);
        rest = more;
    }
    file
}

/// CRC-32, a bit at a time.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}
