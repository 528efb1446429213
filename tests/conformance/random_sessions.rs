//! Whatever happens in a session, each request is valid, only grows at its end, and is the
//! same after the session was saved and resumed.

use zerostack_core::{
    CallId, Config, Dialect, ErrorKind, Limits, Part, Role, Session, SessionConfig, Step, ToolMode,
    ToolResult, ToolSpec,
};
use zerostack_tests::body::{self, Lists};
use zerostack_tests::model::{self, Says};
use zerostack_tests::play::{self, Item, Loop};
use zerostack_tests::random::{Random, seed};

const TOOLS: [ToolSpec<'_>; 2] = [
    ToolSpec { name: "read", description: "Reads \"a\" file", parameters: r#"{"type":"object"}"# },
    ToolSpec { name: "grep", description: "", parameters: r#"{"type":"object","properties":{}}"# },
];

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

#[test]
fn requests_grow_at_their_end_only() {
    let seed = seed();
    let mut requests = std::collections::BTreeMap::<(&str, &str), usize>::new();
    for case in 0..150 {
        let mut random = Random::new(seed.wrapping_add(case));
        let mut arena = vec![0; 24 * 1024];
        let mut session = Session::new(arena.as_mut_slice(), config(&mut random)).unwrap();
        let mut before: Option<Lists> = None;
        for _ in 0..40 {
            let step = session.step();
            if step == Step::Send {
                let body = body::checked(&session);
                let config = session.config();
                if config.dialect == Dialect::Anthropic {
                    Lists::check_marks(&body);
                }
                let lists = Lists::of(&body);
                *requests.entry((config.dialect.name(), config.tool_mode.name())).or_default() += 1;
                if let Some(before) = &before {
                    assert!(before.is_prefix_of(&lists), "case {case}:\n{before:?}\n{lists:?}");
                }
                before = Some(lists);
            }
            if act(&mut session, &mut random, case) == Rewritten::Yes {
                before = None;
            }
        }
    }
    println!("{requests:?}");
    assert_eq!(requests.len(), 17, "each dialect in each mode that it has");
    assert!(requests.values().all(|count| *count > 10), "the sessions do too little: {requests:?}");
}

#[test]
fn small_arenas_drop_whole_exchanges() {
    let seed = seed();
    let (mut requests, mut dropped) = (0, 0);
    for case in 0..150 {
        let mut random = Random::new(seed.wrapping_add(case));
        let mut arena = vec![0; 150 + random.below(1500)];
        let mut session = Session::new(arena.as_mut_slice(), config(&mut random)).unwrap();
        for _ in 0..60 {
            if session.step() == Step::Send {
                body::checked(&session);
                requests += 1;
            }
            dropped += usize::from(matches!(session.step(), Step::MakeRoom { .. }));
            act(&mut session, &mut random, case);
        }
    }
    println!("{requests} requests, room was made {dropped} times");
    assert!(requests > 300 && dropped > 50, "the sessions do too little");
}

#[test]
fn a_resumed_session_continues_as_the_saved_one() {
    let seed = seed();
    let mut steps = [0; 6];
    for case in 0..70 {
        let mut random = Random::new(seed.wrapping_add(case));
        let mut arena = vec![0; 16 * 1024];
        let config = config(&mut random);
        let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
        for _ in 0..30 {
            let mut saved = session.snapshot().to_vec();
            let used = saved.len();
            saved.resize(16 * 1024, 0);
            let resumed = Session::resume(saved.as_mut_slice(), used, config)
                .unwrap_or_else(|error| panic!("case {case}: {error}"));
            steps[session.step().number() as usize] += 1;
            assert_same(&session, &resumed, case);
            act(&mut session, &mut random, case);
        }
    }
    println!("saved in the steps {steps:?}");
    assert!(steps[0] > 0 && steps[1] > 0 && steps[3] > 0 && steps[4] > 0, "{steps:?}");
}

fn assert_same(session: &Chat<'_>, resumed: &Chat<'_>, case: u64) {
    let parts = |session: &Chat<'_>| -> Vec<String> {
        session.transcript().entries().map(|entry| format!("{entry:?}")).collect()
    };
    assert_eq!(parts(session), parts(resumed), "case {case}");
    let calls = |session: &Chat<'_>| -> Vec<String> {
        session.pending_calls().map(|call| format!("{call:?}")).collect()
    };
    match session.step() {
        Step::Send => {
            assert_eq!(resumed.step(), Step::Send, "case {case}");
            assert_eq!(body::checked(session), body::checked(resumed), "case {case}");
        }
        Step::RunTools => {
            assert_eq!(resumed.step(), Step::RunTools, "case {case}");
            assert_eq!(calls(session), calls(resumed), "case {case}");
        }
        Step::Idle => assert_eq!(resumed.step(), Step::Idle, "case {case}"),
        // What was under way begins anew.
        _ => assert_eq!(resumed.step(), Step::Send, "case {case}"),
    }
}

#[test]
fn a_snapshot_with_a_flipped_bit_is_refused_or_valid() {
    let seed = seed();
    let (mut refused, mut valid) = (0, 0);
    for case in 0..12 {
        let mut random = Random::new(seed.wrapping_add(case));
        let mut arena = vec![0; 4096];
        let config = config(&mut random);
        let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
        for _ in 0..4 + random.below(12) {
            act(&mut session, &mut random, case);
        }
        let saved = session.snapshot().to_vec();
        for bit in 0..saved.len() * 8 {
            let mut bytes = saved.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let used = bytes.len();
            bytes.resize(8192, 0);
            match Session::resume(bytes.as_mut_slice(), used, config) {
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::BadTranscript, "case {case} bit {bit}");
                    assert!(error.detail() as usize <= used, "case {case} bit {bit}");
                    refused += 1;
                }
                Ok(mut session) => {
                    to_send(&mut session);
                    body::valid(&session);
                    valid += 1;
                }
            }
        }
        for cut in 0..saved.len() {
            let mut bytes = saved.clone();
            if let Ok(mut session) = Session::resume(bytes.as_mut_slice(), cut, config) {
                session.abort();
            }
        }
    }
    println!("{refused} refused, {valid} valid");
    assert!(refused > 0 && valid > 0);
}

/// Goes to the next request.
fn to_send(session: &mut Chat<'_>) {
    play::answer_all(session, "ok").unwrap();
    if session.step() == Step::Idle {
        session.user("go on").unwrap();
    }
    assert_eq!(session.step(), Step::Send);
}

pub(super) fn config<'a>(random: &mut Random) -> SessionConfig<'a> {
    let dialect = *random.one_of(Dialect::ALL);
    let has_schema = matches!(dialect, Dialect::OpenAiChat | Dialect::Ollama);
    let modes = &ToolMode::ALL[..if has_schema { 4 } else { 3 }];
    SessionConfig {
        tool_mode: if random.once_in(2) { ToolMode::Native } else { *random.one_of(modes) },
        system: random.one_of::<&str>(&["", "Be \"brief\"."]),
        tools: &TOOLS[..random.below(3)],
        limits: Limits {
            reply_bytes: 48,
            max_attempts: 3,
            max_result_bytes: 60,
            failed_turn: *random
                .one_of(&[zerostack_core::FailedTurn::Keep, zerostack_core::FailedTurn::TakeOut]),
            ..Limits::DEFAULT
        },
        ..SessionConfig::new(dialect, "m")
    }
}

/// Whether something that was sent is no longer there.
#[derive(Debug, PartialEq)]
pub(super) enum Rewritten {
    Yes,
    No,
}

/// Does one thing that the step allows, or one that it does not.
pub(super) fn act(session: &mut Chat<'_>, random: &mut Random, case: u64) -> Rewritten {
    if random.once_in(20) {
        let before = format!("{session:?}");
        let error = match session.step() {
            Step::RunTools => {
                let id = CallId::from_number(1 << 20);
                session.tool_result(ToolResult { id, content: "?", is_error: false }).unwrap_err()
            }
            _ => session
                .tool_result(ToolResult { id: CallId::from_number(0), content: "", is_error: true })
                .unwrap_err(),
        };
        assert!(matches!(error.kind(), ErrorKind::UnknownCall | ErrorKind::WrongStep));
        assert_eq!(format!("{session:?}"), before, "case {case}: a failed call changed something");
    }
    if random.once_in(40) {
        let bytes = session.snapshot().len();
        session.abort();
        assert_eq!(session.step(), Step::Idle);
        // Without room for "aborted" the whole reply goes.
        return if session.snapshot().len() < bytes { Rewritten::Yes } else { Rewritten::No };
    }
    match session.step() {
        Step::Idle if random.once_in(10) => make_room(session, random),
        Step::Idle if random.once_in(6) => {
            let before = format!("{session:?}");
            if session.instruct(&random.text(10)).is_err() {
                assert_eq!(format!("{session:?}"), before, "case {case}");
            }
            Rewritten::No
        }
        Step::Idle => {
            let text = random.text(10);
            let before = format!("{session:?}");
            if let Err(error) = session.user(&text) {
                assert_eq!(error.kind(), ErrorKind::Full, "case {case}");
                assert_eq!(format!("{session:?}"), before, "case {case}");
                return make_room(session, random);
            }
            Rewritten::No
        }
        Step::Send if random.once_in(12) => make_room(session, random),
        Step::Send if random.once_in(12) => failed(session.end_response().is_err()),
        Step::Send => exchange(session, random, case),
        Step::RunTools => answer_one(session, random),
        Step::Wait { .. } => {
            session.retry().unwrap();
            Rewritten::No
        }
        Step::MakeRoom { .. } => make_room(session, random),
        step => panic!("case {case}: {step:?} between two calls"),
    }
}

fn failed(failed: bool) -> Rewritten {
    if failed { Rewritten::Yes } else { Rewritten::No }
}

fn make_room(session: &mut Chat<'_>, random: &mut Random) -> Rewritten {
    let result = if random.once_in(2) {
        session.compact(&random.text(3), random.below(3)).map(|()| 0)
    } else {
        session.drop_oldest()
    };
    if result.is_err() && matches!(session.step(), Step::MakeRoom { .. }) {
        session.abort();
    }
    Rewritten::Yes
}

fn answer_one(session: &mut Chat<'_>, random: &mut Random) -> Rewritten {
    let calls: Vec<CallId> = session.pending_calls().map(|call| call.id).collect();
    let id = *random.one_of(&calls);
    let content = random.text(40);
    match session.tool_result(ToolResult { id, content: &content, is_error: random.once_in(4) }) {
        Ok(left_out) => {
            assert_eq!(left_out > 0, content.len() > 60);
            Rewritten::No
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Full);
            let bytes = session.snapshot().len();
            session.abort();
            failed(session.snapshot().len() < bytes)
        }
    }
}

/// One request and its reply, which may be cut, refused or broken.
fn exchange(session: &mut Chat<'_>, random: &mut Random, case: u64) -> Rewritten {
    let dialect = session.config().dialect();
    let mode = session.config().tool_mode;
    let all = Says::random(random);
    let by_words = mode != ToolMode::Native && (mode != ToolMode::Lenient || random.once_in(2));
    let says = if by_words { all.in_words(mode) } else { all.clone() };
    let mut body = says.body(dialect, random);
    let fate = random.below(10);
    let status = match fate {
        0 => *random.one_of(&[400, 401, 429, 500, 529]),
        _ => 200,
    };
    match fate {
        0 => body = br#"{"error":{"type":"some_error","message":"no \ud83e\udd80"}}"#.to_vec(),
        1 => body.truncate(random.below(body.len())),
        2 => {
            let at = random.below(body.len());
            body[at] ^= 1 << random.below(8);
        }
        _ => {}
    }
    session.begin_response(status, None).unwrap();
    let chunks = model::chunks(&body, random);
    let seen = match random.below(12) {
        0 => play::feed(session, chunks.into_iter().take(3), Loop::UntilQuiet),
        _ => play::reply(session, chunks, Loop::WhileRest),
    };
    if session.step() == Step::Receive {
        session.abort();
        return Rewritten::No;
    }
    let is_good = matches!(&seen.end, Some(Ok(end)) if end.starts_with("End"));
    if is_good && fate > 2 {
        assert_eq!(seen.text(), says.text, "case {case}");
        assert_eq!(seen.thinking(), says.thinking, "case {case}");
        let calls: Vec<_> = seen.calls();
        let said = says.heard(dialect);
        assert_eq!(calls.len(), said.len(), "case {case}");
        for (call, (id, name, arguments)) in calls.iter().zip(&said) {
            assert_eq!((call.0, call.1), (*id, *name), "case {case}");
            assert!(is_same(call.2, arguments), "case {case}: {call:?}, {arguments}");
        }
        let is_whole = !seen.items.iter().any(|item| matches!(item, Item::Truncated(_)));
        // A reply of nothing has no record, so the one before is the last.
        if is_whole && !by_words && !says.text.is_empty() {
            assert_eq!(
                kept_text(session),
                says.text,
                "case {case}: not all is kept, nobody says so"
            );
        }
        if by_words {
            if is_whole {
                check_words(session, &all);
            }
            return Rewritten::No;
        }
        let pending: Vec<_> = session.pending_calls().map(|call| call.id.number()).collect();
        let shown = seen.items.iter().filter_map(|item| match item {
            // Calls that cannot be read are not handed out.
            Item::Call { id, arguments, .. } if is_json(arguments) => Some(*id),
            _ => None,
        });
        assert_eq!(pending, shown.collect::<Vec<_>>(), "case {case}");
    }
    failed(!is_good && !matches!(session.step(), Step::Wait { .. }))
}

fn is_json(text: &str) -> bool {
    text.is_empty() || serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Whether the arguments are the same, written with other spaces where the wire has them as JSON.
fn is_same(one: &str, other: &str) -> bool {
    let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || value(one).is_some_and(|one| value(other) == Some(one))
}

/// The text of the last reply in the transcript.
fn kept_text(session: &Chat<'_>) -> String {
    let mut text = String::new();
    for entry in session.transcript().entries() {
        match entry.part {
            // The session itself reports calls that cannot be read, after their reply.
            Part::ToolResult(result) if result.content.starts_with("not run") => {}
            _ if entry.role != Role::Assistant || entry.starts_message => text.clear(),
            _ => {}
        }
        if let (Role::Assistant, Part::Text(part)) = (entry.role, entry.part) {
            text.push_str(part);
        }
    }
    text
}

/// Each call that was written as words is pending now, or is still there as words.
fn check_words(session: &Chat<'_>, all: &Says) {
    let (config, text) = (session.config(), kept_text(session));
    let is_known = |name: &str| config.tools.iter().any(|tool| tool.name == name);
    let pending: Vec<&str> = session.pending_calls().map(|call| call.name).collect();
    assert!(pending.iter().all(|name| is_known(name)));
    let known = all.calls.iter().filter(|(_, name, _)| is_known(name)).count();
    match config.tool_mode {
        ToolMode::Schema if known == all.calls.len() && !config.tools.is_empty() => {
            assert_eq!((text.as_str(), pending.len()), (all.text.as_str(), known));
        }
        ToolMode::Schema => assert_eq!(pending.len(), 0),
        _ => {
            assert_eq!(pending.len(), known, "{text:?}, {all:?}");
            let left = text.matches("<tool_call>").count();
            assert_eq!(left, all.calls.len() - known, "{text:?}, {all:?}");
        }
    }
}
