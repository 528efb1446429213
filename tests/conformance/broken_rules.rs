//! A response that is no reply names the rule that it breaks, in every chunking, and its sentence
//! says what is wrong, where, and what to do.

use zerostack_core::{
    Dialect, Error, ErrorKind, Event, Limits, ResponseRule, Session, SessionConfig, Step,
};

/// The error of `body` in pieces of `size`.
fn refused(dialect: Dialect, body: &[u8], size: usize) -> Error {
    let limits = Limits { max_attempts: 1, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
    let mut chat = Session::new([0; 2048], config).unwrap();
    chat.user("Hello").unwrap();
    chat.begin_response(200, None).unwrap();
    for piece in body.chunks(size) {
        let mut rest = piece;
        while !rest.is_empty() {
            match chat.feed(rest) {
                Ok(fed) => rest = &rest[fed.used..],
                Err(error) => return error,
            }
        }
    }
    let error = loop {
        match chat.end_response() {
            Ok(Event::End(_)) => panic!("{:?} is a reply", String::from_utf8_lossy(body)),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(chat.step(), Step::Idle);
    assert_eq!(chat.failure().map(|failure| failure.error), Some(error));
    error
}

#[test]
fn each_broken_rule_is_named() {
    use Dialect::{Anthropic, Gemini, Ollama, OpenAiChat, OpenAiResponses};
    let every = [OpenAiChat, Anthropic, OpenAiResponses, Gemini, Ollama];
    let chat = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let not_utf8 = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n";
    let cases: &[(&[Dialect], &[u8], ResponseRule)] = &[
        (&every, b"{\"a\":}", ResponseRule::Json),
        (&every[..4], b"data: hello\n\n", ResponseRule::Json),
        (&every, b"<html><body>Sign in</body></html>", ResponseRule::NoPage),
        (&every[..4], b"data: {\"a\":1}\n\ndata: {\"a\":2}\n\n", ResponseRule::Dialect),
        (&every, b"{\"a\":1}", ResponseRule::Dialect),
        (&[OpenAiChat], not_utf8, ResponseRule::Utf8),
        (&[OpenAiChat], &[chat.as_slice(), b"data: [DONT]\n\n"].concat(), ResponseRule::EndMarker),
    ];
    for (dialects, body, rule) in cases {
        for (dialect, size) in dialects.iter().flat_map(|d| [1, 3, 7, 4096].map(|size| (d, size))) {
            let shown = format!("{dialect:?}, {size}: {}", String::from_utf8_lossy(body));
            let error = refused(*dialect, body, size);
            assert_eq!(
                (error.kind(), error.broken_rule()),
                (ErrorKind::BadResponse, Some(*rule)),
                "{shown}"
            );
            let offset = error.offset().expect("it has a place");
            assert!(offset as usize <= body.len(), "{shown}");
            let sentence = format!(
                "the response is malformed at byte {offset}: {}; check the dialect",
                rule.message()
            );
            assert_eq!(error.to_string(), sentence, "{shown}");
        }
    }
}

#[test]
fn the_detail_has_its_name() {
    let error = refused(Dialect::OpenAiChat, b"{\"choices\":[{\"message\":", 4096);
    assert_eq!((error.kind(), error.received_bytes()), (ErrorKind::Cut, Some(23)));
    assert_eq!((error.offset(), error.http_status(), error.broken_rule()), (None, None, None));

    let body = b"data: {\"error\":{\"message\":\"no\",\"code\":\"bad\"}}\n\n";
    let error = refused(Dialect::OpenAiChat, body, 4096);
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Status, Some(200)));

    let config = SessionConfig::new(Dialect::OpenAiChat, "m");
    let mut chat = Session::new([0; 64], config).unwrap();
    let error = chat.user(&"long ".repeat(100)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert!(error.missing_bytes().is_some_and(|missing| missing > 400));
}

#[test]
fn every_error_has_a_number_a_name_and_a_summary_of_its_own() {
    for (index, kind) in ErrorKind::ALL.iter().enumerate() {
        assert_eq!(*kind as usize, index + 1);
        for other in &ErrorKind::ALL[..index] {
            assert_ne!(kind.name(), other.name());
            assert_ne!(kind.summary(), other.summary());
        }
    }
}
