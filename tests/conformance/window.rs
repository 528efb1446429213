//! Room is made by each policy: requests fit, pairs stay whole, everything removed is reported, and
//! the prefix stays until then.

use serde_json::{Value, json};
use zerostack_core::{
    Config, Counting, Dialect, Dropped, Error, ErrorKind, Event, FailedTurn, Limits, Part,
    RoomPolicy, Session, SessionConfig, Step, ToolResult, ToolSpec,
};
use zerostack_tests::body::{self, Lists};
use zerostack_tests::random::{Random, seed};

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

const TOOLS: [ToolSpec<'_>; 1] =
    [ToolSpec { name: "read", description: "Reads a file", parameters: r#"{"type":"object"}"# }];

const POLICIES: [RoomPolicy; 3] =
    [RoomPolicy::ElideResults, RoomPolicy::DropOldest, RoomPolicy::Summarise];

/// What happened in all sessions.
#[derive(Debug, Default)]
struct Tally {
    requests: usize,
    results: usize,
    exchanges: usize,
    shortened: usize,
    summaries: usize,
    failed_summaries: usize,
    too_long: usize,
}

#[test]
fn requests_fit_and_removed_parts_are_reported() {
    let seed = seed();
    let mut tally = Tally::default();
    for case in 0..150 {
        let mut random = Random::new(seed.wrapping_add(case));
        let dialect = *random.one_of(Dialect::ALL);
        let by_tokens = !random.once_in(3);
        let arena_bytes = if by_tokens { 64 * 1024 } else { 1500 + random.below(8000) };
        let limits = Limits {
            context_tokens: if by_tokens { 300 + random.below(4000) as u32 } else { 0 },
            max_output_tokens: 50,
            room: *random.one_of(&POLICIES),
            reply_bytes: 200,
            max_attempts: 2,
            failed_turn: *random.one_of(&[FailedTurn::Keep, FailedTurn::TakeOut]),
            ..Limits::DEFAULT
        };
        let config = SessionConfig {
            system: "Be brief.",
            tools: &TOOLS,
            limits,
            counting: *random.one_of(&[Counting::ROUGH, Counting::ESTIMATE]),
            ..SessionConfig::new(dialect, "m")
        };
        let mut arena = vec![0; arena_bytes];
        let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
        let mut before: Option<Lists> = None;
        for _ in 0..100 {
            assert_sound(&session, case);
            if session.step() == Step::Send {
                tally.requests += 1;
                let window = session.window_tokens().total();
                let most = limits.window_tokens(dialect);
                assert!(window <= most, "case {case}: {window} {most}");
                let lists = Lists::of(&body::valid(&session));
                if let Some(before) = &before {
                    assert!(before.is_prefix_of(&lists), "case {case}:\n{before:?}\n{lists:?}");
                }
                before = Some(lists);
            }
            if act(&mut session, &mut random, &mut tally, case) {
                before = None;
            }
        }
    }
    println!("{tally:?}");
    assert!(tally.requests > 2000 && tally.results > 50 && tally.exchanges > 50, "{tally:?}");
    assert!(tally.summaries > 10 && tally.failed_summaries > 3, "{tally:?}");
    assert!(tally.too_long > 5, "{tally:?}");
}

/// The conversation can be saved and resumed, and the running count is that of all of it.
fn assert_sound(session: &Chat<'_>, case: u64) {
    let mut saved = session.snapshot().to_vec();
    let used = saved.len();
    saved.resize(used + 4096, 0);
    let resumed = Session::resume(saved.as_mut_slice(), used, *session.config());
    let resumed = resumed.unwrap_or_else(|error| panic!("case {case}: {error}"));
    assert_eq!(resumed.window_tokens(), session.window_tokens(), "case {case}");
    let entries = session.transcript().entries().take(resumed.transcript().entries().count());
    let sum: u32 = entries.map(|entry| session.entry_tokens(&entry)).sum();
    assert!(sum < session.window_tokens().total(), "case {case}");
    if case.is_multiple_of(15) {
        super::json_lines::assert_lossless(session, &mut Random::new(case));
    }
}

/// Does what the step asks for; true when something that was sent went.
fn act(session: &mut Chat<'_>, random: &mut Random, tally: &mut Tally, case: u64) -> bool {
    match session.step() {
        Step::Idle => {
            let words = if random.once_in(15) { 2000 } else { 40 };
            match session.user(&"word ".repeat(random.below(words))) {
                Ok(()) => false,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Full, "case {case}");
                    session.drop_oldest().is_ok()
                }
            }
        }
        Step::Send => exchange(session, random, tally, case),
        Step::RunTools => {
            let id = session.pending_call().unwrap().id;
            let content = "result ".repeat(random.below(120));
            let result = ToolResult { id, content: &content, is_error: random.once_in(5) };
            if session.tool_result(result).is_err() {
                session.abort();
                return true;
            }
            false
        }
        Step::Wait { .. } => {
            session.retry().unwrap();
            false
        }
        Step::MakeRoom { .. } => make_room(session, tally, case),
        step => panic!("case {case}: {step:?}"),
    }
}

fn make_room(session: &mut Chat<'_>, tally: &mut Tally, case: u64) -> bool {
    let before = session.snapshot().len();
    let policy = session.config().limits.room;
    match session.make_room() {
        Ok(Event::Compacting) => {
            assert!(session.is_compacting() && policy == RoomPolicy::Summarise, "case {case}");
            assert_eq!(session.step(), Step::Send, "case {case}");
            assert_eq!(session.snapshot().len(), before, "case {case}");
            // All that was sent is sent again, so the cache holds.
            false
        }
        Ok(Event::Truncated { what, bytes }) => {
            assert_eq!(session.snapshot().len(), before - bytes as usize, "case {case}");
            match what {
                Dropped::OldResults => {
                    assert_ne!(policy, RoomPolicy::DropOldest, "case {case}");
                    tally.results += 1;
                }
                Dropped::OldExchanges => tally.exchanges += 1,
                Dropped::ToolResult => tally.shortened += 1,
                other => panic!("case {case}: {other:?}"),
            }
            true
        }
        Err(error) => {
            match error.kind() {
                ErrorKind::WindowTooLong => tally.too_long += 1,
                other => panic!("case {case}: {other:?}"),
            }
            assert_eq!(session.step(), Step::Idle, "case {case}");
            true
        }
        other => panic!("case {case}: {other:?}"),
    }
}

/// One request and its reply; true when something that was sent went.
fn exchange(session: &mut Chat<'_>, random: &mut Random, tally: &mut Tally, case: u64) -> bool {
    let before = session.snapshot().len();
    let compacting = session.is_compacting();
    let fate = random.below(12);
    if fate == 0 {
        session.abort();
        assert_eq!(session.snapshot().len(), before, "case {case}: an abort changed something");
        return compacting;
    }
    let calls = if random.once_in(3) { 0 } else { 1 + random.below(3) };
    let text = "answer ".repeat(random.below(30));
    let body = reply(session.config().dialect(), &text, calls);
    let (status, body) = match fate {
        1 => (500, b"{}".as_slice()),
        2 => (400, br#"{"error":{"message":"no"}}"#.as_slice()),
        3 => (200, &body[..body.len() / 2]),
        _ => (200, body.as_slice()),
    };
    session.begin_response(status, None).unwrap();
    match receive(session, body, random, compacting) {
        Ok(Event::Truncated { what: Dropped::Summarised, bytes }) => {
            assert!(compacting && bytes > 0, "case {case}");
            assert_eq!(session.snapshot().len(), before - bytes as usize, "case {case}");
            let summary = session.transcript().entries().find(|entry| match entry.part {
                Part::Text(said) => said == text,
                _ => false,
            });
            assert!(summary.is_some(), "case {case}: the summary is not there");
            tally.summaries += 1;
            true
        }
        Ok(Event::SummaryFailed(error)) => {
            assert!(compacting, "case {case}");
            assert_eq!(session.failure().unwrap().error, error, "case {case}");
            assert_eq!(session.snapshot().len(), before, "case {case}");
            tally.failed_summaries += 1;
            true
        }
        Ok(_) => false,
        Err(error) => {
            assert!(!compacting, "case {case}: {error}");
            true
        }
    }
}

/// The last event; of the session's own request nothing else is shown.
fn receive(
    session: &mut Chat<'_>,
    body: &[u8],
    random: &mut Random,
    compacting: bool,
) -> Result<Event<'static>, Error> {
    for chunk in body.chunks(1 + random.below(200)) {
        let mut rest = chunk;
        while !rest.is_empty() && session.step() == Step::Receive {
            let fed = session.feed(rest)?;
            rest = &rest[fed.used..];
            match fed.event {
                Some(Event::Restart) => return Ok(Event::Restart),
                Some(Event::SummaryFailed(error)) => return Ok(Event::SummaryFailed(error)),
                Some(event) => assert!(!compacting, "{event:?} of a summary"),
                None => {}
            }
        }
    }
    session.end_response()
}

/// A whole reply, without counts.
fn reply(dialect: Dialect, text: &str, calls: usize) -> Vec<u8> {
    let ids = || (0..calls).map(|at| format!("call_{at}"));
    let arguments = json!({ "path": "src/lib.rs" });
    let body = match dialect {
        Dialect::OpenAiChat => {
            let function = json!({ "name": "read", "arguments": arguments.to_string() });
            let calls: Vec<Value> = ids()
                .map(|id| json!({ "id": id, "type": "function", "function": function }))
                .collect();
            let message = json!({ "role": "assistant", "content": text, "tool_calls": calls });
            json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] })
        }
        Dialect::Anthropic => {
            let mut content = vec![json!({ "type": "text", "text": text })];
            content.extend(ids().map(
                |id| json!({ "type": "tool_use", "id": id, "name": "read", "input": arguments }),
            ));
            json!({ "type": "message", "content": content, "stop_reason": "end_turn" })
        }
        Dialect::OpenAiResponses => {
            let content = json!([{ "type": "output_text", "text": text }]);
            let mut output = vec![json!({ "type": "message", "content": content })];
            let arguments = arguments.to_string();
            output.extend(ids().map(|id| {
                json!({ "type": "function_call", "call_id": id, "name": "read",
                    "arguments": arguments })
            }));
            json!({ "object": "response", "status": "completed", "output": output })
        }
        Dialect::Gemini => {
            let mut parts = vec![json!({ "text": text })];
            parts.extend(
                ids().map(|_| json!({ "functionCall": { "name": "read", "args": arguments } })),
            );
            json!({ "candidates": [{ "content": { "parts": parts }, "finishReason": "STOP" }] })
        }
        _ => {
            let calls: Vec<Value> = ids()
                .map(|_| json!({ "function": { "name": "read", "arguments": arguments } }))
                .collect();
            let message = json!({ "role": "assistant", "content": text, "tool_calls": calls });
            json!({ "message": message, "done": true, "done_reason": "stop" })
        }
    };
    body.to_string().into_bytes()
}
