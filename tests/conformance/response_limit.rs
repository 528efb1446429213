//! A response that does not end is refused at its limit, wherever it is cut.

use zerostack_core::{Dialect, Error, ErrorKind, Event, Limits, Session, SessionConfig, Step};

type Chat<'a> = Session<SessionConfig<'a>, [u8; 2048]>;

/// Feeds `head`, then `more` again and again, in pieces of `size`; gives the bytes that were taken
/// and what ended it.
fn endless(chat: &mut Chat<'_>, head: &str, more: &str, size: usize) -> (usize, Result<(), Error>) {
    let body: Vec<u8> = head.bytes().chain(more.bytes().cycle().take(40_000)).collect();
    let mut taken = 0;
    for piece in body.chunks(size) {
        let mut rest = piece;
        while !rest.is_empty() {
            match chat.feed(rest) {
                Ok(fed) if fed.event == Some(Event::Restart) => return (taken, Ok(())),
                Ok(fed) => (taken, rest) = (taken + fed.used, &rest[fed.used..]),
                Err(error) => return (taken, Err(error)),
            }
        }
    }
    panic!("all of it was taken");
}

fn receiving(status: u16) -> Chat<'static> {
    let limits = Limits { max_response_bytes: 10_000, max_attempts: 2, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let mut chat = Session::new([0; 2048], config).unwrap();
    chat.user("Hello").unwrap();
    chat.begin_response(status, None).unwrap();
    chat
}

#[test]
fn a_reply_that_does_not_end_fails_the_turn() {
    let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more and more \"}}]}\n\n";
    let bodies = [("", text), (text, ": still here\n\n"), ("{\"choices\":[", " ")];
    for (head, more) in bodies {
        for size in [1, 7, 1000, 50_000] {
            let mut chat = receiving(200);
            let (taken, end) = endless(&mut chat, head, more, size);
            let error = end.expect_err("it never ends");
            assert_eq!((error.kind(), error.detail()), (ErrorKind::Limit, 10_000), "{more:?}");
            assert!(taken <= 10_000, "{taken} bytes were taken");
            assert_eq!(chat.step(), Step::Idle);
            assert!(chat.transcript().is_empty());
        }
    }
}

#[test]
fn a_refusal_that_does_not_end_is_still_a_refusal() {
    let head = "{\"error\":{\"message\":\"wait\",\"code\":\"rate_limit_exceeded\"}}";
    for size in [1, 7, 1000, 50_000] {
        let mut chat = receiving(429);
        assert_eq!(endless(&mut chat, head, " ", size).1, Ok(()));
        assert!(matches!(chat.step(), Step::Wait { .. }));
        let mut chat = receiving(401);
        let error = endless(&mut chat, "{\"error\":{\"message\":\"", "no ", size).1.unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Status, 401));
    }
}

#[test]
fn a_response_of_exactly_the_limit_is_taken() {
    let head = "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";
    let body = format!("{head}{}", " ".repeat(10_000 - head.len()));
    let mut chat = receiving(200);
    let mut rest = body.as_bytes();
    while !rest.is_empty() {
        rest = &rest[chat.feed(rest).unwrap().used..];
    }
    chat.end_response().unwrap();
    assert_eq!(chat.step(), Step::Idle);
    assert!(!chat.transcript().is_empty());
}
