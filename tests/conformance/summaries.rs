//! Only a whole summary replaces the oldest messages; the window is what is sent.

use serde_json::{Value, json};
use zerostack_core::{
    Budget, Counting, Dialect, Dropped, Error, ErrorKind, Event, Limits, RoomPolicy, Session,
    SessionConfig, Step, ToolResult,
};

type Chat = Session<SessionConfig<'static>, [u8; 64 * 1024]>;

const LIMITS: Limits = Limits {
    context_tokens: 2000,
    max_output_tokens: 200,
    room: RoomPolicy::Summarise,
    max_attempts: 1,
    ..Limits::DEFAULT
};

fn chat(limits: Limits) -> Chat {
    let mut config = SessionConfig::new(Dialect::OpenAiChat, "m");
    (config.limits, config.counting) = (limits, Counting::ESTIMATE);
    Session::new([0; 64 * 1024], config).unwrap()
}

/// A whole reply: what it says, its calls, why it stopped, and its counts.
fn reply(text: &str, calls: usize, stop: &str, usage: Option<[u32; 2]>) -> Vec<u8> {
    let function = json!({ "name": "read", "arguments": "{}" });
    let call = |at| json!({ "id": format!("c{at}"), "type": "function", "function": function });
    let calls: Vec<Value> = (0..calls).map(call).collect();
    let message = json!({ "role": "assistant", "content": text, "tool_calls": calls });
    let mut body =
        json!({ "choices": [{ "index": 0, "message": message, "finish_reason": stop }] });
    if let Some([input, output]) = usage {
        body["usage"] = json!({ "prompt_tokens": input, "completion_tokens": output });
    }
    body.to_string().into_bytes()
}

fn answer(session: &mut Chat, status: u16, body: &[u8]) -> Result<Event<'static>, Error> {
    session.begin_response(status, None)?;
    let mut rest = body;
    while !rest.is_empty() && session.step() == Step::Receive {
        rest = &rest[session.feed(rest)?.used..];
    }
    session.end_response()
}

fn messages(session: &Chat) -> Vec<Value> {
    let body = zerostack_tests::body::checked(session);
    let body: Value = serde_json::from_str(&body).unwrap();
    body["messages"].as_array().unwrap().clone()
}

/// Works in rounds until room must be made, and asks for the summary.
fn until_summary(session: &mut Chat) {
    session.user("raise the port").unwrap();
    work(session);
}

fn work(session: &mut Chat) {
    loop {
        match session.step() {
            Step::Send => {
                answer(session, 200, &reply("I look", 1, "tool_calls", None)).unwrap();
            }
            Step::RunTools => {
                let id = session.pending_call().unwrap().id;
                let content = "some words of a file ".repeat(20);
                session.tool_result(ToolResult { id, content: &content, is_error: false }).unwrap();
            }
            Step::MakeRoom { .. } => match session.make_room().unwrap() {
                Event::Compacting => return,
                event => panic!("{event:?}"),
            },
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn an_incomplete_summary_is_asked_for_once_more_and_then_old_results_go() {
    for (text, calls, stop) in [
        ("The port of the ser", 0, "length"),
        ("I look at one more file.", 1, "tool_calls"),
        ("I look at one more file.", 1, "stop"),
        ("<think>The user wants", 0, "stop"),
        ("<think>all of it</think>", 0, "stop"),
        ("On it.\n<tool_call>{}</tool_call>", 0, "stop"),
        ("", 0, "stop"),
        ("I can not help with that", 0, "content_filter"),
    ] {
        let mut session = chat(LIMITS);
        until_summary(&mut session);
        let bad = reply(text, calls, stop, None);
        let asked: Value = serde_json::from_str(&zerostack_tests::body::checked(&session)).unwrap();
        assert_eq!(asked["max_tokens"], 200, "{text}");
        assert_eq!(answer(&mut session, 200, &bad), Ok(Event::Compacting), "{text}");
        assert!(session.is_compacting());
        // With more room, and from the same request.
        let again: Value = serde_json::from_str(&zerostack_tests::body::checked(&session)).unwrap();
        assert_eq!(again["messages"], asked["messages"]);
        assert!(again["max_tokens"].as_u64().unwrap() > 250, "{}", again["max_tokens"]);
        let mut better = session.clone();
        assert!(matches!(answer(&mut session, 200, &bad), Ok(Event::SummaryFailed(_))), "{text}");
        let made = session.make_room().unwrap();
        assert!(matches!(made, Event::Truncated { what: Dropped::OldResults, .. }), "{made:?}");
        // The next time, too, without another request for one.
        for _ in 0..20 {
            if matches!(session.step(), Step::MakeRoom { .. }) {
                assert_ne!(session.make_room().unwrap(), Event::Compacting);
                break;
            }
            answer(&mut session, 200, &reply("go", 1, "tool_calls", None)).unwrap();
            let id = session.pending_call().unwrap().id;
            let content = "some words of a file ".repeat(20);
            session.tool_result(ToolResult { id, content: &content, is_error: false }).unwrap();
        }
        let good = reply("<think>so</think>The port is 80.", 0, "stop", None);
        let made = answer(&mut better, 200, &good).unwrap();
        assert!(matches!(made, Event::Truncated { what: Dropped::Summarised, .. }), "{made:?}");
        let first = &messages(&better)[0];
        assert_eq!(first["content"], "raise the port\n\nThe port is 80.");
    }
}

#[test]
fn roles_alternate_around_a_summary() {
    let alternate = |session: &Chat| {
        let all = messages(session);
        let counted = all.iter().filter(|it| it["role"] != "tool" && it["tool_calls"].is_null());
        let roles: Vec<&Value> = counted.map(|it| &it["role"]).collect();
        assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    };
    let mut session = chat(LIMITS);
    until_summary(&mut session);
    alternate(&session);
    answer(&mut session, 200, &reply("The port is 80.", 0, "stop", None)).unwrap();
    alternate(&session);
    answer(&mut session, 200, &reply("done", 0, "stop", None)).unwrap();
    // A summary of whole turns precedes the next one's text.
    session.compact("All was done.", 0).unwrap();
    session.user("and now?").unwrap();
    assert_eq!(
        messages(&session),
        [json!({"role": "user", "content": "All was done.\n\nand now?"})]
    );
    // A turn without an answer, and the next.
    session.abort();
    session.user("again").unwrap();
    alternate(&session);
}

#[test]
fn a_summary_counts_and_no_request_follows_when_it_used_up_the_budget() {
    let mut session = chat(Limits { max_turn_tokens: 30_000, ..LIMITS });
    until_summary(&mut session);
    let body = reply("The port is 80.", 0, "stop", Some([30_000, 50]));
    let error = answer(&mut session, 200, &body).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Limit, Budget::Tokens as u32));
    assert_eq!(session.step(), Step::Idle);
}

#[test]
fn old_turns_go_before_the_summary() {
    let mut session = chat(LIMITS);
    let turn = "some words here ".repeat(20);
    let mut asked = 0;
    while asked < 2 {
        session.user(&turn).unwrap();
        if matches!(session.step(), Step::MakeRoom { .. }) {
            assert_eq!(session.make_room(), Ok(Event::Compacting));
            asked += 1;
            let status = if asked == 1 { 200 } else { 400 };
            answer(&mut session, status, &reply("The key is 4711.", 0, "stop", None)).unwrap();
        }
        if session.step() == Step::Send {
            answer(&mut session, 200, &reply("fine", 0, "stop", None)).unwrap();
        }
    }
    assert!(matches!(
        session.make_room(),
        Ok(Event::Truncated { what: Dropped::OldExchanges, .. })
    ));
    assert!(messages(&session)[0]["content"].as_str().unwrap().starts_with("The key is 4711."));
}

#[test]
fn one_result_longer_than_the_context_is_shortened() {
    let text: String = (0..2500).map(|line| format!("{line}\n")).collect();
    for (room, calls) in [(RoomPolicy::Summarise, 1), (RoomPolicy::DropOldest, 3)] {
        let mut session = chat(Limits { room, max_result_bytes: 1 << 20, ..LIMITS });
        session.user("count").unwrap();
        answer(&mut session, 200, &reply("", calls, "tool_calls", None)).unwrap();
        while let Some(call) = session.pending_call() {
            let result = ToolResult { id: call.id, content: &text, is_error: false };
            session.tool_result(result).unwrap();
        }
        let made = session.make_room().unwrap();
        assert!(matches!(made, Event::Truncated { what: Dropped::ToolResult, .. }), "{made:?}");
        while matches!(session.step(), Step::MakeRoom { .. }) {
            session.make_room().unwrap();
        }
        let limits = session.config().limits;
        assert!(session.window_tokens().total() <= limits.window_tokens(Dialect::OpenAiChat));
        assert!(session.window_tokens().total() > 600, "{:?}", session.window_tokens());
        for message in &messages(&session)[2..] {
            let content = message["content"].as_str().unwrap();
            assert!(content.starts_with("0\n1\n") && content.ends_with("2499\n"), "{content}");
            assert!(content.contains("bytes left out: the context has no room"), "{content}");
        }
    }
}

#[test]
fn counts_that_cannot_be_are_not_believed() {
    let mut session = chat(Limits { context_tokens: 64_000, ..LIMITS });
    session.user(&"some words ".repeat(4000)).unwrap();
    let before = session.window_tokens().total();
    for counts in [[50_000_u32, 5], [100, 5], [0, 0]] {
        let mut session = session.clone();
        answer(&mut session, 200, &reply("fine", 0, "stop", Some(counts))).unwrap();
        let window = session.window_tokens();
        assert!(window.measured == 0 && window.total().abs_diff(before) < 20, "{window:?}");
    }
    answer(&mut session, 200, &reply("fine", 0, "stop", Some([12_000, 5]))).unwrap();
    assert_eq!(session.window_tokens().measured, 12_005);
}

#[test]
fn thoughts_that_are_not_sent_back_are_not_counted() {
    let mut session = chat(Limits { context_tokens: 64_000, ..LIMITS });
    session.user("which word?").unwrap();
    let message = json!({ "content": "ok", "reasoning": "so ".repeat(9000) });
    let body = json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 12, "completion_tokens": 9001 } });
    answer(&mut session, 200, body.to_string().as_bytes()).unwrap();
    let live = session.window_tokens().total();
    assert!(live < 40, "{live}");
    let mut saved = [0; 64 * 1024];
    let used = session.snapshot().len();
    saved[..used].copy_from_slice(session.snapshot());
    let resumed: Chat = Session::resume(saved, used, *session.config()).unwrap();
    assert!(resumed.window_tokens().total().abs_diff(live) < 20);
    // After a rollback, the count is that of what is left.
    let checkpoint = session.checkpoint();
    session.user(&"other words ".repeat(2000)).unwrap();
    answer(&mut session, 200, &reply("fine", 0, "stop", Some([9000, 5]))).unwrap();
    session.rollback(checkpoint).unwrap();
    let left = session.window_tokens().total();
    assert!(left.abs_diff(live) < 40, "{left} {live}");
}
