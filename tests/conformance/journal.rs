//! A journal holds the conversation after every write, whatever becomes of the last one.

use zerostack_core::{
    Dialect, ErrorKind, Growing, Journal, Limits, RoomPolicy, Session, SessionConfig, Step,
};
use zerostack_tests::random::{Random, seed};

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

/// All parts, and the calls that are open.
fn said<C: zerostack_core::Config, S: zerostack_core::Storage>(session: &Session<C, S>) -> String {
    let mut said = String::new();
    let saved = session.snapshot();
    let config = session.config();
    let storage = Growing::from_vec(saved.to_vec(), 1 << 20);
    let again = Session::resume(storage, saved.len(), config).unwrap();
    said += &format!("idle: {}\n", again.step() == Step::Idle);
    for entry in again.transcript().entries() {
        said += &format!("{entry:?}\n");
    }
    for call in again.pending_calls() {
        said += &format!("{call:?}\n");
    }
    said
}

fn restored(file: &[u8], config: SessionConfig<'_>) -> (String, Journal, usize) {
    let restored = Journal::restore(file, Growing::new(1 << 20)).unwrap();
    let session = Session::resume(restored.storage, restored.used, config).unwrap();
    (said(&session), restored.journal, restored.dropped_bytes)
}

#[test]
fn random_sessions_are_restored_at_every_cut() {
    let seed = seed();
    let (mut writes, mut cuts) = (0, 0);
    for case in 0..40 {
        let mut random = Random::new(seed.wrapping_add(case));
        let mut config = super::random_sessions::config(&mut random);
        config.limits.high_water_tokens = 400;
        config.limits.room = RoomPolicy::Ask;
        let mut arena = vec![0; 6 * 1024];
        let mut session: Chat<'_> = Session::new(arena.as_mut_slice(), config).unwrap();
        let (mut file, mut journal) = (Vec::new(), Journal::new());
        let mut states = vec![(0, "idle: true\n".to_owned())];
        for _ in 0..40 {
            super::random_sessions::act(&mut session, &mut random, case);
            if random.once_in(3) {
                let checkpoint = session.checkpoint();
                super::random_sessions::act(&mut session, &mut random, case);
                if random.once_in(2) {
                    // What was rewritten since cannot be rolled back.
                    let _ = session.rollback(checkpoint);
                }
            }
            let Some(frame) = session.journal_frame(&journal) else { continue };
            file.extend_from_slice(frame.head());
            file.extend_from_slice(frame.payload());
            journal = frame.saved();
            assert_eq!(journal.file_bytes(), file.len() as u64);
            assert!(session.journal_frame(&journal).is_none());
            states.push((file.len(), said(&session)));
            writes += 1;
        }
        let step = 1 + file.len() / 200;
        for cut in (0..=file.len()).step_by(step).chain([file.len()]) {
            let (text, at, dropped) = restored(&file[..cut], config);
            let (whole, expected) = states.iter().rev().find(|(end, _)| *end <= cut).unwrap();
            assert_eq!(&text, expected, "case {case}, cut at {cut}");
            // The name of the format stays, too.
            let whole = if *whole == 0 && cut >= 4 { 4 } else { *whole };
            assert_eq!((at.file_bytes(), dropped), (whole as u64, cut - whole));
            cuts += 1;
        }
        // A restored session goes on in the same file, after the last whole frame.
        let restored_at = Journal::restore(&file[..file.len() - 1], Growing::new(1 << 20)).unwrap();
        file.truncate(restored_at.journal.file_bytes() as usize);
        let mut session = Session::resume(restored_at.storage, restored_at.used, config).unwrap();
        session.abort();
        session.user("again").unwrap();
        let frame = session.journal_frame(&restored_at.journal).unwrap();
        file.extend_from_slice(frame.head());
        file.extend_from_slice(frame.payload());
        assert_eq!(restored(&file, config).0, said(&session), "case {case}");
    }
    println!("{writes} writes, {cuts} cuts");
    assert!(writes > 500 && cuts > 2000);
}

#[test]
fn a_damaged_frame_ends_the_file_and_a_foreign_file_is_refused() {
    let limits = Limits::DEFAULT;
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let mut session = Session::new([0; 512], config).unwrap();
    let (mut file, mut journal) = (Vec::new(), Journal::new());
    let mut ends = vec![0];
    for text in ["one", "two", "three"] {
        session.user(text).unwrap();
        session.abort();
        let frame = session.journal_frame(&journal).unwrap();
        file.extend_from_slice(frame.head());
        file.extend_from_slice(frame.payload());
        journal = frame.saved();
        ends.push(file.len());
    }
    for bit in 4 * 8..file.len() * 8 {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let restored = Journal::restore(&damaged, Growing::new(4096)).unwrap();
        let whole = ends.iter().rev().find(|end| **end <= bit / 8).unwrap();
        let expected = if *whole == 0 { 4 } else { *whole };
        assert_eq!(restored.journal.file_bytes() as usize, expected, "bit {bit}");
        assert_eq!(restored.dropped_bytes, file.len() - expected, "bit {bit}");
        Session::resume(restored.storage, restored.used, config).unwrap();
    }
    for foreign in ["zst1", "hello world", "{", "zsj2...."] {
        let error = Journal::restore(foreign.as_bytes(), Growing::new(64)).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadTranscript, 0), "{foreign}");
    }
    assert_eq!(Journal::restore(&file, [0; 30]).unwrap_err().kind(), ErrorKind::Full);
}
