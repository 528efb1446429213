//! Which failures are tried again, how often and when.

use zerostack_core::{Dialect, ErrorKind, FailedTurn, Limits, Session, SessionConfig, Step};
use zerostack_tests::body;
use zerostack_tests::play::{self, Loop};

type Chat<'a> = Session<SessionConfig<'a>, [u8; 2048]>;

const LIMITS: Limits = Limits {
    max_attempts: 3,
    retry_base_ms: 100,
    retry_max_ms: 20_000,
    seed: 7,
    ..Limits::DEFAULT
};

fn sent(dialect: Dialect, limits: Limits) -> Chat<'static> {
    let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
    let mut session = Session::new([0; 2048], config).unwrap();
    session.user("Hello").unwrap();
    session
}

#[test]
fn the_status_and_the_code_of_the_body_decide() {
    let both = [Dialect::OpenAiChat, Dialect::Anthropic];
    let statuses = [
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (408, true),
        (409, true),
        (413, false),
        (422, false),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
        (529, true),
        (302, false),
        (101, false),
    ];
    let error = |code: &str| {
        format!(r#"{{"error":{{"message":"what happened","type":"t","code":"{code}"}}}}"#)
    };
    let spend = r#"{"type":"error","error":{"type":"rate_limit_error","message":"what happened","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    // Bodies that say nothing of their own: the status decides.
    let plain = [
        String::new(),
        error("something"),
        r#"{"error":"what happened"}"#.into(),
        "<html>502 Bad Gateway</html>".into(),
        "{ not json".into(),
        r#"{"error":{"message":"what happ"#.into(),
        format!(r#"{{"error":{{"message":"{}"}}}}"#, "long ".repeat(2000)),
        format!("data: {}\n\n", error("something")),
    ];
    let mut rows = 0;
    for dialect in both {
        for (status, transient) in statuses {
            for body in &plain {
                check(dialect, status, body, transient);
                rows += 1;
            }
        }
        check(dialect, 429, &error("insufficient_quota"), false);
        check(dialect, 503, &error("insufficient_quota"), false);
        check(dialect, 400, &error("overloaded_error"), true);
        check(dialect, 200, &error("server_error"), true);
        check(dialect, 200, &error("invalid_request"), false);
        check(dialect, 200, r#"{"error":{"code":529,"message":"what happened"}}"#, true);
        rows += 6;
    }
    check(Dialect::Anthropic, 429, spend, false);
    println!("{} rows", rows + 1);
}

fn check(dialect: Dialect, status: u16, body: &str, transient: bool) {
    for chunk in [1, 5, 10_000] {
        let mut session = sent(dialect, LIMITS);
        let request = body::read(&session, 64);
        session.begin_response(status, None).unwrap();
        let seen = play::reply(&mut session, body.as_bytes().chunks(chunk), Loop::WhileRest);
        let context = format!("{dialect:?} {status} {body:.80}");
        let failure = session.failure().expect(&context);
        assert_eq!(failure.error.kind(), ErrorKind::Status, "{context}");
        assert_eq!(failure.status, status, "{context}");
        if body.contains("what happened") {
            assert_eq!(failure.message, "what happened", "{context}");
        }
        if transient {
            assert_eq!(seen.end, Some(Ok("Restart".into())), "{context}");
            assert!(matches!(session.step(), Step::Wait { .. }), "{context}");
            session.retry().unwrap();
            assert_eq!(body::read(&session, 64), request, "{context}");
        } else {
            assert_eq!(seen.end, Some(Err(ErrorKind::Status)), "{context}");
            assert_eq!(session.step(), Step::Idle, "{context}");
            assert!(session.transcript().is_empty(), "{context}");
        }
    }
}

#[test]
fn attempts_are_counted_and_waits_grow() {
    for (failed_turn, parts) in [(FailedTurn::TakeOut, 0), (FailedTurn::Keep, 1)] {
        let mut session = sent(Dialect::OpenAiChat, Limits { failed_turn, ..LIMITS });
        let mut waits = Vec::new();
        for _ in 1..LIMITS.max_attempts {
            session.begin_response(503, None).unwrap();
            session.end_response().unwrap();
            let Step::Wait { millis } = session.step() else { panic!("{:?}", session.step()) };
            waits.push(millis);
            session.retry().unwrap();
        }
        assert!((50..=100).contains(&waits[0]) && (100..=200).contains(&waits[1]), "{waits:?}");
        session.begin_response(503, None).unwrap();
        assert_eq!(session.end_response().unwrap_err().kind(), ErrorKind::Status);
        assert_eq!(session.step(), Step::Idle);
        assert_eq!(session.transcript().entries().count(), parts);
        // The next turn has all its attempts again.
        session.user("Again").unwrap();
        session.begin_response(503, None).unwrap();
        session.end_response().unwrap();
        assert!(matches!(session.step(), Step::Wait { .. }));
    }
}

#[test]
fn the_servers_wish_is_honoured_and_capped() {
    for (asked, from, to) in
        [(0, 0, 0), (700, 700, 770), (20_000, 20_000, 20_000), (u32::MAX, 20_000, 20_000)]
    {
        let mut session = sent(Dialect::Anthropic, LIMITS);
        session.begin_response(429, Some(asked)).unwrap();
        session.end_response().unwrap();
        let Step::Wait { millis } = session.step() else { panic!("{:?}", session.step()) };
        assert!((from..=to).contains(&millis), "{asked}: {millis}");
    }
}

#[test]
fn no_response_at_all_is_an_attempt() {
    let mut session = sent(Dialect::OpenAiChat, LIMITS);
    for _ in 1..LIMITS.max_attempts {
        session.end_response().unwrap();
        assert_eq!(session.failure().unwrap().error.kind(), ErrorKind::Unreachable);
        session.retry().unwrap();
    }
    assert_eq!(session.end_response().unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(session.step(), Step::Idle);
}

#[test]
fn the_rounds_of_a_turn_are_counted() {
    let limits = Limits { max_rounds: 2, ..LIMITS };
    let mut session = sent(Dialect::OpenAiChat, limits);
    let call = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\
        \"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n";
    for round in 1..=2 {
        session.begin_response(200, None).unwrap();
        play::reply(&mut session, [call.as_slice()], Loop::WhileRest);
        let result = play::answer_all(&mut session, "ok");
        assert_eq!(result.is_err(), round == 2);
    }
    assert_eq!(session.failure().unwrap().error.kind(), ErrorKind::Limit);
    assert_eq!(session.step(), Step::Idle);
    session.user("Go on").unwrap();
    body::checked(&session);
}
