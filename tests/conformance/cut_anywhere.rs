//! A reply may be cancelled, cut or broken at any byte: the next request is valid, and a
//! retry sends the same request again.

use zerostack_core::{Dialect, Event, Limits, Session, SessionConfig, Step};
use zerostack_tests::body;
use zerostack_tests::fixtures;
use zerostack_tests::play::{self, Loop};

type Chat<'a> = Session<SessionConfig<'a>, [u8; 8192]>;

/// A session whose second round is about to be answered.
fn in_second_round(dialect: Dialect, body: &[u8]) -> Chat<'static> {
    let limits = Limits { max_attempts: 2, ..Limits::DEFAULT };
    let config = SessionConfig { system: "Be brief.", limits, ..SessionConfig::new(dialect, "m") };
    let mut session = Session::new([0; 8192], config).unwrap();
    play::turn(&mut session, "Look \"here\"", body).unwrap();
    play::answer_all(&mut session, "the\tresult 🦀").unwrap();
    assert_eq!(session.step(), Step::Send);
    session
}

/// Answers what is open, says something where nothing is, and checks what would be sent.
fn check_next(session: &mut Chat<'_>) {
    play::answer_all(session, "late").unwrap();
    match session.step() {
        Step::Idle => session.user("And now?").unwrap(),
        Step::Wait { .. } => session.retry().unwrap(),
        _ => {}
    }
    body::checked(session);
}

#[test]
fn every_byte_of_a_reply_with_calls_may_be_the_last() {
    let mut cases = 0;
    for name in ["openai-chat/parallel_interleaved.sse", "anthropic/thinking_and_calls.sse"] {
        let fixture = fixtures::named(name);
        let start = in_second_round(fixture.dialect, &fixture.body);
        let request = body::checked(&start);
        let mut stopped = start.clone();
        stopped.abort();
        for at in 0..=fixture.body.len() {
            let mut session = start.clone();
            session.begin_response(200, None).unwrap();
            play::feed(&mut session, [&fixture.body[..at]], Loop::WhileRest);
            assert_eq!(session.step(), Step::Receive, "{name} at {at}");
            assert_eq!(session.snapshot(), start.snapshot(), "{name} at {at}: half a reply");

            let mut aborted = session.clone();
            aborted.abort();
            assert_eq!(aborted.step(), Step::Idle);
            assert_eq!(aborted.snapshot(), stopped.snapshot(), "{name} at {at}");
            check_next(&mut aborted);

            let mut ended = session.clone();
            match ended.end_response().unwrap() {
                Event::Restart => {
                    ended.retry().unwrap();
                    assert_eq!(body::checked(&ended), request, "{name} at {at}");
                    ended.begin_response(200, None).unwrap();
                    // The last attempt ends like this too: the whole turn is taken out.
                    assert!(ended.end_response().is_err());
                    assert_eq!(ended.step(), Step::Idle);
                    assert!(ended.transcript().is_empty());
                }
                Event::End(_) => assert_eq!(ended.step(), Step::RunTools),
                event => panic!("{name} at {at}: {event:?}"),
            }
            check_next(&mut ended);

            for garbage in [b"\xff\n\ndata: {]\n\n".as_slice(), b"\0\"}]}{\n\ndata: [no\n\n"] {
                let mut broken = session.clone();
                let seen = play::reply(&mut broken, [garbage], Loop::WhileRest);
                assert!(seen.end.is_some(), "{name} at {at}");
                check_next(&mut broken);
            }

            let mut refused = session.clone();
            let error = b"\n\ndata: {\"error\":{\"type\":\"invalid_request_error\"}}\n\n";
            play::reply(&mut refused, [error.as_slice()], Loop::WhileRest);
            check_next(&mut refused);
            cases += 5;
        }
    }
    println!("{cases} cases");
}

#[test]
fn an_abort_between_the_results_closes_every_pair() {
    for name in ["openai-chat/parallel_interleaved.sse", "anthropic/thinking_and_calls.sse"] {
        let fixture = fixtures::named(name);
        let start = in_second_round(fixture.dialect, &fixture.body);
        for answered in 0..2 {
            let mut session = start.clone();
            session.begin_response(200, None).unwrap();
            play::reply(&mut session, [fixture.body.as_slice()], Loop::WhileRest);
            for _ in 0..answered {
                let id = session.pending_calls().last().unwrap().id;
                let result = zerostack_core::ToolResult { id, content: "x", is_error: false };
                session.tool_result(result).unwrap();
            }
            session.abort();
            assert_eq!(session.step(), Step::Idle);
            assert!(session.pending_call().is_none());
            check_next(&mut session);
            assert!(body::checked(&session).contains("aborted"));
        }
    }
}
