//! A provider that says that the window is too long for its model gets a shorter one, once.

use serde_json::json;
use zerostack_core::{
    Dialect, Dropped, ErrorKind, Event, FailedTurn, Limits, RoomPolicy, Session, SessionConfig,
    Step, ToolResult,
};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::body;

type Chat = Session<SessionConfig<'static>, [u8; 16 * 1024]>;

/// What providers say.
const REFUSALS: [(Dialect, u16, &str); 11] = [
    (
        Dialect::OpenAiChat,
        400,
        r#"{"error":{"message":"Too many messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
    ),
    (
        Dialect::OpenAiChat,
        400,
        r#"{"error":{"message":"This model's maximum context length is 4096 tokens, and 5000 were asked for.","type":"BadRequestError","param":null,"code":400}}"#,
    ),
    (
        Dialect::OpenAiChat,
        500,
        r#"{"error":{"code":500,"message":"the request is too large","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
    ),
    (
        Dialect::Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
    ),
    (
        Dialect::Anthropic,
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000"}}"#,
    ),
    (
        Dialect::Anthropic,
        413,
        r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
    ),
    (
        Dialect::OpenAiResponses,
        400,
        r#"{"error":{"message":"Too long.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
    ),
    (
        Dialect::OpenAiResponses,
        200,
        "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"invalid_prompt\",\"message\":\"Your input exceeds the Context Window of this model.\"}}}\n\n",
    ),
    (
        Dialect::Gemini,
        400,
        r#"{"error":{"code":400,"message":"The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
    ),
    (Dialect::Ollama, 400, r#"{"error":"the input length exceeds the context length"}"#),
    (
        Dialect::Ollama,
        200,
        "{\"message\":{\"content\":\"\"},\"done\":false}\n{\"error\":\"exceeds the context length\"}\n",
    ),
];

const POLICIES: [RoomPolicy; 3] =
    [RoomPolicy::ElideResults, RoomPolicy::DropOldest, RoomPolicy::Summarise];

/// A good reply of a dialect.
fn good(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => {
            r#"{"type":"message","content":[{"type":"text","text":"fine"}],"stop_reason":"end_turn"}"#
        }
        Dialect::OpenAiResponses => {
            r#"{"status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"fine"}]}]}"#
        }
        Dialect::Gemini => {
            r#"{"candidates":[{"content":{"parts":[{"text":"fine"}]},"finishReason":"STOP"}]}"#
        }
        Dialect::Ollama => r#"{"message":{"content":"fine"},"done":true,"done_reason":"stop"}"#,
        _ => r#"{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}"#,
    }
}

/// The outcome of a body.
fn answer(
    session: &mut Chat,
    status: u16,
    reply: &str,
) -> Result<Event<'static>, zerostack_core::Error> {
    session.begin_response(status, None).unwrap();
    for chunk in reply.as_bytes().chunks(7) {
        let mut rest = chunk;
        while !rest.is_empty() && session.step() == Step::Receive {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
    }
    session.end_response()
}

/// Some turns, and the text of one more.
fn long_talk(dialect: Dialect, limits: Limits) -> Chat {
    let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
    let mut session = Session::new([0; 16 * 1024], config).unwrap();
    for turn in 0..6 {
        session.user(&format!("turn {turn}: {}", "and so on ".repeat(40))).unwrap();
        answer(&mut session, 200, good(dialect)).unwrap();
    }
    session.user("and now?").unwrap();
    session
}

#[test]
fn room_is_made_once_in_each_dialect_and_by_each_policy() {
    let mut cases = 0;
    for (dialect, status, refusal) in REFUSALS {
        for room in POLICIES {
            let limits = Limits { room, max_attempts: 1, ..Limits::DEFAULT };
            let mut session = long_talk(dialect, limits);
            let before = body::checked(&session);
            let event = answer(&mut session, status, refusal);
            assert_eq!(event, Ok(Event::Restart), "{dialect:?} {refusal}");
            assert_eq!(session.step(), Step::MakeRoom { bytes: 0 });
            assert_eq!(session.failure().unwrap().error.kind(), ErrorKind::Status);
            let Ok(Event::Truncated { what: Dropped::OldExchanges, bytes }) = session.make_room()
            else {
                panic!("{dialect:?}");
            };
            // A third, in whole turns.
            assert!((800..1400).contains(&bytes), "{bytes}");
            assert_eq!(session.step(), Step::Send);
            let after = body::checked(&session);
            assert!(after.len() + 800 < before.len(), "{after}");
            assert!(!after.contains("turn 2") && after.contains("turn 3"), "{after}");
            assert!(after.contains("and now?"), "{after}");

            let mut other = session.clone();
            // Refused again: what the provider says ends the turn.
            let error = answer(&mut session, status, refusal).unwrap_err();
            assert_eq!((error.kind(), session.step()), (ErrorKind::Status, Step::Idle));
            let failure = session.failure().unwrap();
            assert!(!failure.message.is_empty() && refusal.contains(failure.message));
            // Accepted: the next turn may need it again.
            assert!(matches!(answer(&mut other, 200, good(dialect)), Ok(Event::End(_))));
            other.user("and then?").unwrap();
            assert_eq!(answer(&mut other, status, refusal), Ok(Event::Restart));
            assert!(matches!(other.make_room(), Ok(Event::Truncated { .. })));
            cases += 1;
        }
    }
    println!("{cases} cases");
}

#[test]
fn who_makes_room_by_hand_and_who_can_make_none_gets_the_error() {
    for (dialect, status, refusal) in REFUSALS {
        // One that may go away by itself is waited for, whatever it is about.
        if status == 500 {
            continue;
        }
        let mut session = long_talk(dialect, Limits::DEFAULT);
        let error = answer(&mut session, status, refusal).unwrap_err();
        assert_eq!((error.kind(), session.step()), (ErrorKind::Status, Step::Idle), "{refusal}");
        for room in POLICIES {
            let limits = Limits { room, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT };
            let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
            let mut session: Chat = Session::new([0; 16 * 1024], config).unwrap();
            session.user(&"a long text ".repeat(900)).unwrap();
            let error = answer(&mut session, status, refusal).unwrap_err();
            assert_eq!((error.kind(), session.step()), (ErrorKind::Status, Step::Idle));
            assert!(refusal.contains(session.failure().unwrap().message));
            // Nothing of it was lost.
            assert_eq!(session.transcript().entries().count(), 1);
        }
    }
}

#[test]
fn the_window_that_a_refusal_names_is_kept_from_then_on() {
    let refusals = [
        r#"{"error":{"code":400,"message":"the request is too large","type":"exceed_context_size_error","n_prompt_tokens":1000,"n_ctx":600}}"#,
        r#"{"error":{"message":"This model's maximum context length is 600 tokens, and 1000 were sent.","type":"BadRequestError","code":400}}"#,
    ];
    let dialect = Dialect::OpenAiChat;
    for refusal in refusals {
        for room in POLICIES {
            let limits = Limits { room, max_attempts: 1, ..Limits::DEFAULT };
            let mut session = long_talk(dialect, limits);
            let before = body::checked(&session).len();
            assert_eq!(answer(&mut session, 400, refusal), Ok(Event::Restart));
            let Ok(Event::Truncated { .. }) = session.make_room() else { panic!("{room:?}") };
            // As much goes as is too much by the provider's own numbers.
            assert!(body::checked(&session).len() < before * 3 / 5, "{room:?}");
            answer(&mut session, 200, good(dialect)).unwrap();
            // What follows is never too long again.
            let mut rooms = 0;
            for turn in 0..6 {
                if turn == 3 {
                    // Another option is no other model.
                    let limits = Limits { max_output_tokens: 100, ..limits };
                    let model = SessionConfig::new(dialect, "m");
                    session.set_config(SessionConfig { limits, ..model }).unwrap();
                }
                session.user(&"and so on ".repeat(40)).unwrap();
                while let Step::MakeRoom { .. } = session.step() {
                    rooms += 1;
                    if session.make_room().unwrap() == Event::Compacting {
                        answer(&mut session, 200, good(dialect)).unwrap();
                    }
                }
                assert!(session.window_tokens().total() <= 600, "{:?}", session.window_tokens());
                answer(&mut session, 200, good(dialect)).unwrap();
            }
            assert!(rooms > 0, "{room:?}");
            let other = SessionConfig { limits, ..SessionConfig::new(dialect, "larger") };
            session.set_config(other).unwrap();
            session.user(&"and so on ".repeat(400)).unwrap();
            assert_eq!(session.step(), Step::Send, "{room:?}");
        }
    }
    // Numbers that cannot be true are not believed.
    let refusal = refusals[0].replace("1000", "900000").replace("600", "700000");
    let limits = Limits { room: RoomPolicy::DropOldest, max_attempts: 1, ..Limits::DEFAULT };
    let mut session = long_talk(dialect, limits);
    assert_eq!(answer(&mut session, 400, &refusal), Ok(Event::Restart));
    session.make_room().unwrap();
    answer(&mut session, 200, good(dialect)).unwrap();
    session.user(&"and so on ".repeat(400)).unwrap();
    assert_eq!(session.step(), Step::Send);
}

#[test]
fn results_go_first_and_those_that_the_model_has_not_seen_stay() {
    let call = |path: &str| {
        format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"c","type":"function","function":{{"name":"read","arguments":"{{\"path\":\"{path}\"}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
        )
    };
    let refusal = REFUSALS[0].2;
    for room in [RoomPolicy::ElideResults, RoomPolicy::Summarise] {
        let limits = Limits { room, ..Limits::DEFAULT };
        let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
        let mut session: Chat = Session::new([0; 16 * 1024], config).unwrap();
        session.user("look").unwrap();
        for (path, word) in [("a", "first "), ("b", "second ")] {
            answer(&mut session, 200, &call(path)).unwrap();
            let id = session.pending_call().unwrap().id;
            let content = word.repeat(300);
            session.tool_result(ToolResult { id, content: &content, is_error: false }).unwrap();
        }
        assert_eq!(answer(&mut session, 400, refusal), Ok(Event::Restart));
        let made = session.make_room().unwrap();
        assert!(matches!(made, Event::Truncated { what: Dropped::OldResults, bytes: 1600.. }));
        let body = body::checked(&session);
        assert!(body.contains("second second") && !body.contains("first first"), "{body}");
        assert!(body.contains("[what read said, 1800 bytes"), "{body}");
    }
}

#[test]
fn other_refusals_that_speak_of_it_are_not_taken_for_one() {
    let limits = Limits { room: RoomPolicy::DropOldest, ..Limits::DEFAULT };
    for (status, refusal) in [
        (503, r#"{"error":{"message":"the cache of the context window is being built"}}"#),
        (429, r#"{"error":{"message":"too many tokens of context length a minute"}}"#),
    ] {
        let mut session = long_talk(Dialect::OpenAiChat, limits);
        assert_eq!(answer(&mut session, status, refusal), Ok(Event::Restart));
        assert!(matches!(session.step(), Step::Wait { .. }), "{refusal}");
    }
    for (status, refusal) in [
        (401, r#"{"error":{"message":"no key for this context window"}}"#),
        (400, r#"{"error":{"message":"the name of a tool is too long"}}"#),
    ] {
        let mut session = long_talk(Dialect::OpenAiChat, limits);
        assert!(answer(&mut session, status, refusal).is_err(), "{refusal}");
        assert_eq!(session.step(), Step::Idle);
    }
}

#[test]
fn a_resumed_run_has_a_tape_that_replays() {
    let lines = "yes 'some ordinary words on a line' | head -120";
    let mut script = Script::new();
    for _ in 0..4 {
        script = script.reply(Reply::new().call("bash", json!({ "command": lines })));
    }
    let said = "maximum context length is 4096 tokens";
    let refusal = || Reply::status(400).error("invalid_request_error", said);
    for is_refused_again in [false, true] {
        let place = super::place();
        let tape = place.folder("tape.jsonl").display().to_string();
        let mut script = script.clone().reply(refusal());
        if is_refused_again {
            script = script.reply(refusal());
        }
        let provider = Scripted::start(script.reply(Reply::new().text("all read"))).unwrap();
        let arguments = ["explain", "the words", "--events", "json", "--record", &tape];
        let done = place.zerostack(&arguments).model(&provider).run();
        let events = done.events();
        let made = events.iter().filter(|event| event["type"] == "made_room").count();
        assert_eq!(made, 1, "{done:?}");
        if is_refused_again {
            assert!(done.code != 0 && done.complaint().contains(said), "{done:?}");
        } else {
            done.success();
            assert_eq!(events.last().unwrap()["text"], "all read");
        }
        let bodies: Vec<usize> =
            provider.requests().iter().map(|request| request.body.len()).collect();
        assert!(bodies[5] < bodies[4] * 3 / 4, "{bodies:?}");
        let replayed = place.zerostack(&["replay", &tape]).without("ZEROSTACK_API_KEY").run();
        let kinds = |events: Vec<serde_json::Value>| -> Vec<serde_json::Value> {
            let mut events = events;
            let own = ["start", "retry", "tool_started", "tool_finished", "round", "result"];
            events.retain(|event| !own.contains(&event["type"].as_str().unwrap()));
            events
        };
        assert_eq!(kinds(replayed.events()), kinds(events));
    }
}
