//! A conversation returns to a checkpoint; a fork continues independently.

use zerostack_core::{
    Config, Dialect, ErrorKind, Limits, RoomPolicy, Session, SessionConfig, Step, ToolResult,
};
use zerostack_tests::body;
use zerostack_tests::fixtures;
use zerostack_tests::play::{self, Loop};

type Chat = Session<SessionConfig<'static>, [u8; 4096]>;

fn session() -> Chat {
    let config = SessionConfig::new(Dialect::OpenAiChat, "m");
    let mut session = Session::new([0; 4096], config).unwrap();
    answered(&mut session, "Hello");
    session
}

const HI: &[u8] = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;

/// One turn that is over.
fn answered<C: Config>(session: &mut Session<C, [u8; 4096]>, text: &str) {
    session.user(text).unwrap();
    session.begin_response(200, None).unwrap();
    play::reply(session, [HI], Loop::WhileRest);
    assert_eq!(session.step(), Step::Idle);
}

/// A turn with three calls, stopped after each of its calls to the session.
fn in_every_step() -> Vec<Chat> {
    let fixture = fixtures::named("openai-chat/parallel_interleaved.sse");
    let mut all = vec![session()];
    let mut next = |act: &dyn Fn(&mut Chat)| {
        let mut session = all.last().unwrap().clone();
        act(&mut session);
        all.push(session);
    };
    next(&|session| session.user("Now the tools").unwrap());
    next(&|session| session.end_response().map(|_| ()).unwrap());
    next(&|session| session.retry().unwrap());
    next(&|session| session.begin_response(200, None).unwrap());
    next(&|session| {
        play::feed(session, [&fixture.body[..200]], Loop::WhileRest);
    });
    next(&|session| {
        play::reply(session, [&fixture.body[200..]], Loop::WhileRest);
    });
    for _ in 0..3 {
        next(&|session| {
            let id = session.pending_calls().last().unwrap().id;
            let result = ToolResult { id, content: "ok", is_error: false };
            session.tool_result(result).unwrap();
        });
    }
    next(&|session| session.begin_response(200, None).unwrap());
    next(&|session| {
        play::reply(session, [HI], Loop::WhileRest);
    });
    all
}

#[test]
fn any_later_step_rolls_back_to_any_earlier_one() {
    let sessions = in_every_step();
    let mut cases = 0;
    for (at, earlier) in sessions.iter().enumerate() {
        let checkpoint = earlier.checkpoint();
        for later in &sessions[at..] {
            let mut session = later.clone();
            session.rollback(checkpoint).unwrap();
            assert_eq!(entries(&session), entries_saved(earlier));
            let expected = match earlier.step() {
                // What was under way begins anew.
                Step::Receive | Step::Wait { .. } => Step::Send,
                step => step,
            };
            assert_eq!(session.step(), expected);
            let pending = |session: &Chat| session.pending_calls().count();
            assert_eq!(pending(&session), pending(earlier));
            // Twice is the same, and the conversation goes on.
            session.rollback(checkpoint).unwrap();
            play::answer_all(&mut session, "later").unwrap();
            if session.step() == Step::Idle {
                session.user("Go on").unwrap();
            }
            body::checked(&session);
            cases += 1;
        }
    }
    println!("{cases} cases");
    assert!(cases > 60);
}

#[test]
fn a_cancelled_turn_leaves_the_buffer_as_before() {
    for cancelled in in_every_step() {
        let before = session();
        let (checkpoint, bytes) = (before.checkpoint(), before.snapshot().to_vec());
        let mut session = cancelled;
        session.abort();
        session.rollback(checkpoint).unwrap();
        assert_eq!((session.snapshot(), session.step()), (bytes.as_slice(), Step::Idle));
    }
}

#[test]
fn a_checkpoint_in_a_rewritten_part_is_stale() {
    let mut session = session();
    answered(&mut session, "And again");
    let checkpoint = session.checkpoint();
    session.compact("We said hello.", 1).unwrap();
    let before = format!("{session:?}");
    let error = session.rollback(checkpoint).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::StaleCheckpoint, 0));
    assert_eq!(format!("{session:?}"), before, "a failed call changed something");

    // The record at the checkpoint was replaced by a longer or a shorter one.
    let early = session.checkpoint();
    answered(&mut session, "One");
    let late = session.checkpoint();
    session.rollback(early).unwrap();
    assert_eq!(session.rollback(late).unwrap_err().kind(), ErrorKind::StaleCheckpoint);
    answered(&mut session, "Something much longer than that");
    assert_eq!(session.rollback(late).unwrap_err().kind(), ErrorKind::StaleCheckpoint);
    session.rollback(early).unwrap();
}

#[test]
fn a_fork_continues_independently() {
    for parent in in_every_step() {
        let before = format!("{parent:?}");
        let config = SessionConfig::new(Dialect::Anthropic, "another");
        let mut child = parent.fork([0; 4096], config).unwrap();
        assert_eq!(entries(&child), entries_saved(&parent));
        assert_eq!(child.pending_calls().count(), parent.pending_calls().count());
        play::answer_all(&mut child, "of the child").unwrap();
        if child.step() == Step::Idle {
            child.user("Only for you").unwrap();
        }
        body::checked(&child);
        assert_eq!(format!("{parent:?}"), before);
    }
    let error = session().fork([0; 20], SessionConfig::new(Dialect::Gemini, "m")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(error.detail() as usize, session().snapshot().len() - 20);
}

#[test]
fn a_summary_that_is_asked_for_is_in_no_mark_and_no_snapshot() {
    let limits = Limits {
        high_water_tokens: 200,
        low_water_tokens: 20,
        room: RoomPolicy::Summarise,
        ..Limits::DEFAULT
    };
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let mut session = Session::new([0; 4096], config).unwrap();
    answered(&mut session, &"long ".repeat(200));
    session.user("Next").unwrap();
    let (checkpoint, saved) = (session.checkpoint(), session.snapshot().to_vec());
    let step = session.step();
    session.make_room().unwrap();
    assert!(session.is_compacting());
    assert_eq!((session.checkpoint(), session.snapshot()), (checkpoint, saved.as_slice()));
    session.begin_response(200, None).unwrap();
    assert_eq!((session.checkpoint(), session.snapshot()), (checkpoint, saved.as_slice()));
    assert_eq!(session.fork([0; 4096], config).unwrap().snapshot(), saved);
    session.rollback(checkpoint).unwrap();
    assert_eq!((session.step(), session.is_compacting()), (step, false));
    assert_eq!(session.snapshot(), saved);
}

fn entries<C: Config>(session: &Session<C, [u8; 4096]>) -> Vec<String> {
    session.transcript().entries().map(|entry| format!("{entry:?}")).collect()
}

/// Without a reply that is coming in.
fn entries_saved(session: &Chat) -> Vec<String> {
    let mut saved = [0; 4096];
    let used = session.snapshot().len();
    saved[..used].copy_from_slice(session.snapshot());
    entries(&Session::resume(saved, used, *session.config()).unwrap())
}
