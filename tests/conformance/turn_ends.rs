//! How a turn ended is part of the transcript: whatever is made from it is in the same step as
//! the session itself.

use zerostack_core::{
    Dialect, Event, FailedTurn, Growing, Journal, JsonLinesReader, Limits, Session, SessionConfig,
    Step, StopReason, Storage, ToolResult,
};
use zerostack_tests::play::{self, Loop};

type Chat = Session<SessionConfig<'static>, [u8; 4096]>;

const CALLS: &[u8] = br#"{"choices":[{"message":{"tool_calls":[
    {"id":"a","function":{"name":"read","arguments":"{}"}},
    {"id":"b","function":{"name":"read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;

fn session(limits: Limits) -> Chat {
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let mut session = Session::new([0; 4096], config).unwrap();
    session.user("Go").unwrap();
    session
}

fn received(mut session: Chat, body: &'static [u8]) -> Chat {
    session.begin_response(200, None).unwrap();
    play::reply(&mut session, [body], Loop::WhileRest);
    session
}

fn answer(session: &mut Chat) {
    while let Some(id) = session.pending_call().map(|call| call.id) {
        let result = ToolResult { id, content: "ok", is_error: false };
        let _ = session.tool_result(result);
    }
}

/// Everything that goes on from what `session` holds.
fn heirs<S: Storage>(
    session: &Session<SessionConfig<'static>, S>,
) -> Vec<Session<SessionConfig<'static>, Growing>> {
    let config = *session.config();
    let saved = session.snapshot();
    let resume = |bytes: Vec<u8>, used| {
        Session::resume(Growing::from_vec(bytes, 1 << 16), used, config).unwrap()
    };
    let resumed = resume(saved.to_vec(), saved.len());

    let frame = session.journal_frame(&Journal::new()).unwrap();
    let file = [frame.head(), frame.payload()].concat();
    let restored = Journal::restore(&file, Growing::new(1 << 16)).unwrap();
    let journaled = Session::resume(restored.storage, restored.used, config).unwrap();

    let mut lines = vec![0; 1 << 14];
    let length = resumed.transcript().json_lines().read(&mut lines);
    let mut reader = JsonLinesReader::new(Growing::new(1 << 16)).unwrap();
    lines[..length].chunks(7).for_each(|piece| reader.push(piece).unwrap());
    let (storage, used) = reader.finish().unwrap();
    let read = Session::resume(storage, used, config).unwrap();
    assert_eq!(read.snapshot(), resumed.snapshot(), "JSON Lines are lossless");

    let forked = session.fork(Growing::new(1 << 16), config).unwrap();
    vec![resumed, journaled, read, forked]
}

/// The turn is over, here and in whatever is made from it, and a new one can begin.
fn assert_over(mut session: Chat, name: &str) {
    assert_eq!(session.step(), Step::Idle, "{name}");
    for mut heir in heirs(&session) {
        assert_eq!(heir.step(), Step::Idle, "{name}");
        heir.user("And now?").unwrap();
        assert_eq!(heir.step(), Step::Send, "{name}");
        heir.abort();
        heirs(&heir).iter().for_each(|heir| assert_eq!(heir.step(), Step::Idle, "{name}"));
    }
    let checkpoint = session.checkpoint();
    session.user("And now?").unwrap();
    session.abort();
    session.rollback(checkpoint).unwrap();
    assert_eq!(session.step(), Step::Idle, "{name}");
}

#[test]
fn after_an_abort_in_every_step() {
    let sent = session(Limits::DEFAULT);
    let mut waits = sent.clone();
    waits.end_response().unwrap();
    assert!(matches!(waits.step(), Step::Wait { .. }));
    let mut receives = sent.clone();
    receives.begin_response(200, None).unwrap();
    play::feed(&mut receives, [&CALLS[..40]], Loop::WhileRest);
    let runs = received(sent.clone(), CALLS);
    let mut half = runs.clone();
    let id = half.pending_call().unwrap().id;
    half.tool_result(ToolResult { id, content: "ok", is_error: false }).unwrap();
    let mut answered = runs.clone();
    answer(&mut answered);
    let all = [
        ("send", sent),
        ("wait", waits),
        ("receive", receives),
        ("run tools", runs),
        ("half of them", half),
        ("answered", answered),
    ];
    for (name, mut session) in all {
        let checkpoint = session.checkpoint();
        session.abort();
        assert_over(session.clone(), name);
        // What the program says meanwhile asks for nothing.
        session.instruct("Be brief").unwrap();
        assert_over(session.clone(), name);
        // Before the abort the turn was open.
        session.rollback(checkpoint).unwrap();
        assert_ne!(session.step(), Step::Idle, "{name}");
        for heir in heirs(&session) {
            assert_ne!(heir.step(), Step::Idle, "{name}");
        }
    }
}

#[test]
fn after_a_budget() {
    let mut rounds = received(session(Limits { max_rounds: 1, ..Limits::DEFAULT }), CALLS);
    answer(&mut rounds);
    assert_over(rounds, "rounds");
    let mut repeats = session(Limits { max_repeats: 1, ..Limits::DEFAULT });
    repeats.begin_response(200, None).unwrap();
    play::feed(&mut repeats, [CALLS], Loop::WhileRest);
    repeats.end_response().unwrap_err();
    assert_over(repeats, "repeats");
    let mut time = session(Limits { max_turn_ms: 10, ..Limits::DEFAULT });
    time.set_turn_elapsed_ms(10).unwrap_err();
    assert_over(time, "time");
}

#[test]
fn after_a_failure_that_keeps_the_turn_and_one_that_takes_it_out() {
    for failed_turn in [FailedTurn::Keep, FailedTurn::TakeOut] {
        let mut session = session(Limits { failed_turn, ..Limits::DEFAULT });
        session.begin_response(400, None).unwrap();
        session.end_response().unwrap_err();
        assert_over(session, "at once");
        let mut later = received(self::session(Limits { failed_turn, ..Limits::DEFAULT }), CALLS);
        answer(&mut later);
        later.begin_response(400, None).unwrap();
        later.end_response().unwrap_err();
        assert_over(later, "behind tools");
    }
}

#[test]
fn the_turn_before_a_removed_one_stays_over() {
    // Two texts in a row, as a program may write them: the first asks for an answer.
    let lines = b"{\"role\":\"user\",\"text\":\"One\"}\n{\"role\":\"user\",\"text\":\"Two\"}\n";
    let mut reader = JsonLinesReader::new([0; 4096]).unwrap();
    reader.push(lines).unwrap();
    let (storage, used) = reader.finish().unwrap();
    let config = SessionConfig::new(Dialect::OpenAiChat, "m");
    let mut session = Session::resume(storage, used, config).unwrap();
    assert_eq!(session.step(), Step::Send);
    session.begin_response(400, None).unwrap();
    session.end_response().unwrap_err();
    assert_over(session, "two texts");
}

#[test]
fn after_an_answer_of_nothing() {
    let nothing = br#"{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#;
    assert_over(received(session(Limits::DEFAULT), nothing), "nothing");
}

#[test]
fn a_paused_reply_continues() {
    let config = SessionConfig::new(Dialect::Anthropic, "m");
    let mut session = Session::new([0; 4096], config).unwrap();
    session.user("Go").unwrap();
    session.begin_response(200, None).unwrap();
    let body: &[u8] = br#"{"content":[{"type":"text","text":"I"}],"stop_reason":"pause_turn"}"#;
    play::feed(&mut session, [body], Loop::WhileRest);
    assert_eq!(session.end_response().unwrap(), Event::End(StopReason::Pause));
    assert_eq!(session.step(), Step::Send);
    let checkpoint = session.checkpoint();
    heirs(&session).iter().for_each(|heir| assert_eq!(heir.step(), Step::Send));
    session.abort();
    assert_over(session.clone(), "abort");
    session.rollback(checkpoint).unwrap();
    heirs(&session).iter().for_each(|heir| assert_eq!(heir.step(), Step::Send));
}

#[test]
fn a_journal_records_an_end_that_changes_no_other_byte() {
    let mut session = session(Limits::DEFAULT);
    let (mut file, mut journal) = (Vec::new(), Journal::new());
    let mut save = |session: &Chat| {
        let frame = session.journal_frame(&journal).expect("news");
        file.extend_from_slice(frame.head());
        file.extend_from_slice(frame.payload());
        journal = frame.saved();
        assert!(session.journal_frame(&journal).is_none());
        let restored = Journal::restore(&file, Growing::new(1 << 16)).unwrap();
        assert_eq!(restored.dropped_bytes, 0);
        assert!(session.journal_frame(&restored.journal).is_none());
        let resumed = Session::resume(restored.storage, restored.used, *session.config()).unwrap();
        assert_eq!((resumed.step(), resumed.snapshot()), (session.step(), session.snapshot()));
        frame.payload().len()
    };
    save(&session);
    session.abort();
    // The last record again, and nothing else.
    assert_eq!(save(&session), 8 + "Go".len());
    session.user("Again").unwrap();
    session.abort();
    session.user("And again").unwrap();
    save(&session);
}
