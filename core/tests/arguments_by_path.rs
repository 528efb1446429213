//! Arguments that Gemini streams by path: the events, the call and the next request, in every chunking.

#![cfg(all(feature = "call-deltas", feature = "profiles", feature = "gemini", feature = "alloc"))]

use zerostack_core::{
    Dialect, ErrorKind, Event, Growing, OwnedConfig, OwnedTool, Profile, ResponseRule, Session,
    Step, ToolResult,
};

type Conversation = Session<OwnedConfig, Growing>;

/// The document of one part.
fn part(part: &str) -> String {
    format!(r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}}}}]}}"#)
}

fn call(inner: &str) -> String {
    part(&format!(r#"{{"functionCall":{{{inner}}}}}"#))
}

/// A piece of a call of which more follows.
fn piece(inner: &str) -> String {
    call(&format!(r#""partialArgs":[{inner}],"willContinue":true"#))
}

fn stop() -> String {
    r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}"#.into()
}

fn body(documents: &[String]) -> Vec<u8> {
    documents.iter().map(|it| format!("data: {it}\r\n\r\n")).collect::<String>().into_bytes()
}

fn session() -> Conversation {
    let mut config = OwnedConfig::new(Dialect::Gemini, "gemini-3-pro");
    config.call_deltas = true;
    config.profile = Profile { stream_arguments: Some(true), ..Profile::DIALECT };
    config.tools = vec![OwnedTool {
        name: "write".into(),
        description: String::new(),
        parameters: "{}".into(),
    }];
    let mut session = Session::new(Growing::new(1 << 20), config).unwrap();
    session.user("Go").unwrap();
    session
}

fn request(session: &Conversation) -> String {
    let mut body = Vec::new();
    let mut request = session.request().unwrap();
    let mut piece = [0; 512];
    loop {
        let length = request.read(&mut piece);
        if length == 0 {
            return String::from_utf8(body).unwrap();
        }
        body.extend_from_slice(&piece[..length]);
    }
}

/// The pieces and the whole of each call, by its number.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    pieces: Vec<(u32, String)>,
    calls: Vec<(String, String)>,
    restarts: u32,
    error: Option<ErrorKind>,
    count: usize,
}

fn feed(session: &mut Conversation, body: &[u8], chunk: usize) -> Heard {
    session.begin_response(200, None).unwrap();
    let mut heard = Heard::default();
    for piece in body.chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() && session.step() == Step::Receive {
            let fed = match session.feed(rest) {
                Ok(fed) => fed,
                Err(error) => {
                    heard.error = Some(error.kind());
                    return heard;
                }
            };
            rest = &rest[fed.used..];
            match fed.event {
                Some(Event::ToolCallDelta(call)) => {
                    let number = call.id.number();
                    heard.count += 1;
                    match heard.pieces.last_mut() {
                        Some((known, text)) if *known == number => text.push_str(call.arguments),
                        _ => heard.pieces.push((number, call.arguments.into())),
                    }
                }
                Some(Event::ToolCall(call)) => {
                    heard.calls.push((call.name.into(), call.arguments.into()));
                }
                Some(Event::Restart { .. }) => heard.restarts += 1,
                _ => {}
            }
        }
    }
    if session.step() == Step::Receive
        && matches!(session.end_response(), Ok(Event::Restart { .. }))
    {
        heard.restarts += 1;
    }
    heard
}

/// The arguments of one call, whose pieces are `documents`, in every chunking.
#[track_caller]
fn arguments(documents: &[String]) -> String {
    let mut all = vec![call(r#""name":"write","willContinue":true"#)];
    all.extend_from_slice(documents);
    all.push(stop());
    let body = body(&all);
    let whole = feed(&mut session(), &body, usize::MAX);
    for chunk in 1..90 {
        let mut heard = feed(&mut session(), &body, chunk);
        heard.count = whole.count;
        assert_eq!(heard, whole, "by {chunk}");
    }
    assert_eq!((whole.calls.len(), whole.restarts), (1, 0), "{whole:?}");
    let (name, arguments) = whole.calls.into_iter().next().unwrap();
    assert_eq!(name, "write");
    let pieces: String = whole.pieces.into_iter().map(|(_, text)| text).collect();
    // The empty object stands for arguments that did not come.
    assert!(pieces == arguments || arguments == "{}" && pieces.is_empty(), "{pieces}");
    serde_json::from_str::<serde_json::Value>(&arguments).unwrap();
    arguments
}

#[test]
fn a_request_asks_for_them_beside_the_choice_of_tools() {
    let wanted = r#""toolConfig":{"functionCallingConfig":{"mode":"AUTO","streamFunctionCallArguments":true}}"#;
    assert!(request(&session()).contains(wanted), "{}", request(&session()));
    let mut config = OwnedConfig::new(Dialect::Gemini, "gemini-3-pro");
    config.profile = Profile { stream_arguments: Some(true), ..Profile::DIALECT };
    let mut without = Session::new(Growing::new(4096), config).unwrap();
    without.user("Go").unwrap();
    assert!(!request(&without).contains("toolConfig"));
    let mut other = OwnedConfig::new(Dialect::Anthropic, "m");
    other.profile = Profile { stream_arguments: Some(true), ..Profile::DIALECT };
    let refused = Session::new(Growing::new(4096), other).err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::UnsupportedOption));
}

#[test]
fn a_server_that_refuses_it_is_not_asked_again() {
    let mut session = session();
    session.begin_response(400, None).unwrap();
    let refusal = r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"streamFunctionCallArguments\" at 'tool_config.function_calling_config': Cannot find field.","status":"INVALID_ARGUMENT"}}"#;
    let mut rest = refusal.as_bytes();
    while !rest.is_empty() {
        rest = &rest[session.feed(rest).unwrap().used..];
    }
    session.end_response().unwrap();
    assert!(matches!(session.step(), Step::Send | Step::Wait { .. }), "{:?}", session.step());
    if matches!(session.step(), Step::Wait { .. }) {
        session.retry().unwrap();
    }
    assert!(!request(&session).contains("streamFunctionCallArguments"));
}

#[test]
fn strings_in_pieces_are_joined() {
    let documents = [
        piece(r#"{"jsonPath":"$.path","stringValue":"a\"\\é","willContinue":true}"#),
        piece(r#"{"jsonPath":"$.path","stringValue":"","willContinue":true}"#),
        piece(r#"{"jsonPath":"$.path","stringValue":"\ud83e","willContinue":true}"#),
        piece(r#"{"jsonPath":"$.path","stringValue":"\udd80🦀"}"#),
        piece(r#"{"jsonPath":"$.text","stringValue":"b\n","willContinue":true}"#),
        piece(r#"{"jsonPath":"$.text"}"#),
        call(""),
    ];
    let wanted = r#"{"path":"a\"\\é\ud83e\udd80🦀","text":"b\n"}"#;
    assert_eq!(arguments(&documents), wanted);
}

#[test]
fn values_of_all_kinds_stand_at_their_paths() {
    let documents = [
        piece(
            r#"{"jsonPath":"$.recipe.steps[0].text","stringValue":"mix"},{"jsonPath":"$.recipe.steps[0].minutes","numberValue":-0.5e1}"#,
        ),
        call(r#""willContinue":true"#),
        piece(r#" {"jsonPath" : "$.recipe.steps[1]['a b'][0][0]" , "boolValue" : true } "#),
        piece(r#"{"jsonPath":"$.recipe.steps[1]['a b'][0][1]","nullValue":null}"#),
        piece(r#"{"nullValue":"NULL_VALUE","jsonPath":"$.recipe.steps[1]['a b'][1]"}"#),
        piece(
            r#"{"null_value":null,"number_value":null,"string_value":null,"bool_value":false,"json_path":"$.recipe.name","will_continue":null}"#,
        ),
        // The last value ends the call.
        call(r#""partialArgs":[{"jsonPath":"$.count","numberValue":12345678901234567890}]"#),
    ];
    let wanted = r#"{"recipe":{"steps":[{"text":"mix","minutes":-0.5e1},{"a b":[[true,null],null]}],"name":false},"count":12345678901234567890}"#;
    assert_eq!(arguments(&documents), wanted);
    // A proxy writes the names of a Python library, and an end after the end.
    let mut snake = documents.map(|it| it.replace("partialArgs", "partial_args")).to_vec();
    snake.push(call(""));
    assert_eq!(arguments(&snake), wanted);
}

#[test]
fn a_call_may_have_no_arguments() {
    assert_eq!(arguments(&[call("")]), "{}");
    assert_eq!(arguments(&[piece(""), call(r#""args":{}"#)]), "{}");
    let body = body(&[call(r#""name":"write""#), stop()]);
    let heard = feed(&mut session(), &body, 7);
    assert_eq!(heard.calls, [("write".to_owned(), "{}".to_owned())]);
}

#[test]
fn events_come_with_each_piece_and_calls_follow_one_another() {
    let signed = part(
        r#"{"functionCall":{"id":"c1","name":"write","willContinue":true},"thoughtSignature":"c2ln"}"#,
    );
    let text = |value: &str| {
        piece(&format!(r#"{{"jsonPath":"$.t","stringValue":"{value}","willContinue":true}}"#))
    };
    let end = || piece(r#"{"jsonPath":"$.t","stringValue":""}"#);
    let second = call(r#""name":"write","willContinue":true"#);
    let documents = [
        signed,
        text("one"),
        text(" two"),
        end(),
        call(""),
        second,
        text("three"),
        end(),
        call(""),
    ];
    let mut all = documents.to_vec();
    all.push(stop());
    for chunk in [1, 7, 64, usize::MAX] {
        let mut session = session();
        let heard = feed(&mut session, &body(&all), chunk);
        let wanted = [(0, r#"{"t":"one two"}"#.to_owned()), (1, r#"{"t":"three"}"#.to_owned())];
        assert_eq!(heard.pieces, wanted, "by {chunk}");
        assert_eq!(heard.count, 7, "by {chunk}");
        assert_eq!(heard.calls.len(), 2);
        while let Some(call) = session.pending_call() {
            let id = call.id;
            session.tool_result(ToolResult { id, content: "ok", is_error: false }).unwrap();
        }
        let sent = request(&session);
        let calls = concat!(
            r#"{"role":"model","parts":[{"functionCall":{"id":"c1","name":"write","args":{"t":"one two"}},"thoughtSignature":"c2ln"},"#,
            r#"{"functionCall":{"name":"write","args":{"t":"three"}}}]}"#,
        );
        assert!(sent.contains(calls), "{sent}");
    }
}

#[test]
fn pieces_in_another_order_are_refused() {
    let text = r#"{"jsonPath":"$.t","stringValue":"x","willContinue":true}"#;
    let number = |path: &str| format!(r#"{{"jsonPath":"{path}","numberValue":1}}"#);
    let several = |paths: &[&str]| {
        piece(&paths.iter().map(|path| number(path)).collect::<Vec<_>>().join(","))
    };
    for documents in [
        vec![several(&["$.a", "$.a"])],
        vec![several(&["$.a", "$.a.b"])],
        vec![several(&["$.a.b", "$.a"])],
        vec![several(&["$.a.x", "$.b", "$.a.y"])],
        vec![
            several(&["$.a.x"]),
            piece(r#"{"jsonPath":"$.b['{'].c","stringValue":"\\\",{\"b\":\\"}"#),
            several(&["$.a.y"]),
        ],
        vec![several(&["$.a[0]", "$.a[2]"])],
        vec![several(&["$.a[1]"])],
        vec![several(&["$.a[0]", "$.a.b"])],
        vec![several(&["$[0]"])],
        vec![several(&["$"])],
        vec![several(&[""])],
        vec![several(&["$.a..b"])],
        vec![piece(r#"{"numberValue":1}"#)],
        vec![piece("1")],
        vec![call(r#""partialArgs":{},"willContinue":true"#)],
        vec![piece(r#"{"jsonPath":1,"numberValue":1}"#)],
        vec![piece(r#"{"jsonPath":"$.a","numberValue":"NaN"}"#)],
        vec![piece(r#"{"jsonPath":"$.a","numberValue":1,"stringValue":"x"}"#)],
        vec![piece(r#"{"jsonPath":"$.a","stringValue":{}}"#)],
        // A string is not complete.
        vec![piece(text), several(&["$.u"])],
        vec![piece(text), several(&["$.t"])],
        vec![piece(text), piece(r#"{"jsonPath":"$.u","willContinue":true}"#)],
        vec![piece(text), call("")],
        // Another call, or something else, inside.
        vec![piece(text), call(r#""name":"other","willContinue":true"#)],
        vec![piece(text), call(r#""id":"other","willContinue":true"#)],
        vec![several(&["$.a"]), part(r#"{"text":"hm"}"#), call("")],
        vec![call(r#""args":{"a":1},"partialArgs":[]"#)],
        vec![call(r#""args":{"a":1}"#)],
    ] {
        let mut all = vec![call(r#""name":"write","willContinue":true"#)];
        all.extend(documents.iter().cloned());
        for chunk in [1, 3, usize::MAX] {
            let mut session = session();
            let heard = feed(&mut session, &body(&all), chunk);
            assert_eq!((heard.calls.len(), heard.restarts), (0, 1), "{documents:?}");
            let failure = session.failure().expect("a failure").error;
            let rule = failure.broken_rule();
            assert_eq!(rule, Some(ResponseRule::ArgumentPath), "{documents:?} {failure}");
        }
    }
    // A piece of no call.
    let heard = feed(&mut session(), &body(&[piece(text)]), 9);
    assert_eq!(heard.restarts, 1);
}

#[test]
fn a_call_that_is_cut_off_is_never_run() {
    let documents = [
        call(r#""name":"write","willContinue":true"#),
        piece(r#"{"jsonPath":"$.t","stringValue":"x","willContinue":true}"#),
    ];
    // The body ends.
    let mut cut = session();
    assert_eq!(feed(&mut cut, &body(&documents), 5).restarts, 1);
    // The tokens were used up.
    let end = r#"{"candidates":[{"content":{"parts":[]},"finishReason":"MAX_TOKENS"}]}"#.to_owned();
    let [first, second] = documents.clone();
    let mut full = session();
    let heard = feed(&mut full, &body(&[first.clone(), second.clone(), end]), 5);
    assert_eq!(heard.calls, []);
    assert_eq!((full.pending_call(), full.step()), (None, Step::Idle));
    // The reply ends as a whole one does, so the call goes back to the model as malformed.
    let mut odd = session();
    let heard = feed(&mut odd, &body(&[first, second, stop()]), 5);
    assert_eq!((heard.calls, odd.pending_call()), (vec![], None));
    let wanted = r#""args":{"malformed":"{\"t\":\"x"}}"#;
    assert!(request(&odd).contains(wanted), "{}", request(&odd));
    // A person stops it at any byte, and the next request is valid.
    let whole = body(&documents);
    for length in 0..whole.len() {
        let mut session = session();
        session.begin_response(200, None).unwrap();
        let mut rest = &whole[..length];
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
        session.abort();
        session.user("more").unwrap();
        serde_json::from_str::<serde_json::Value>(&request(&session)).unwrap();
    }
}

#[test]
fn an_arena_of_any_size_gives_the_call_or_an_error() {
    let mut documents = vec![call(r#""name":"write","willContinue":true"#)];
    for index in 0..20 {
        documents.push(piece(&format!(
            r#"{{"jsonPath":"$.list[{index}].text","stringValue":"number {index}","willContinue":true}}"#
        )));
        documents
            .push(piece(&format!(r#"{{"jsonPath":"$.list[{index}].text","stringValue":"!"}}"#)));
    }
    documents.extend([call(""), stop()]);
    let body = body(&documents);
    let mut whole = 0;
    for size in (100..1600).step_by(7) {
        let config = OwnedConfig::new(Dialect::Gemini, "gemini-3-pro");
        let mut session = Session::new(Growing::new(size), config).unwrap();
        session.user("Go").unwrap();
        session.begin_response(200, None).unwrap();
        let mut rest = &body[..];
        let mut calls = 0;
        while !rest.is_empty() && session.step() == Step::Receive {
            let fed = match session.feed(&rest[..rest.len().min(11)]) {
                Ok(fed) => fed,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Full, "{size}");
                    break;
                }
            };
            rest = &rest[fed.used..];
            calls += usize::from(matches!(fed.event, Some(Event::ToolCall(_))));
        }
        whole += calls;
        assert!(calls == 1 || rest.len() > 100, "{size}: {:?}", session.step());
    }
    assert!(whole > 50, "{whole}");
}

#[test]
fn an_object_has_a_bound_because_its_members_are_compared() {
    let many = |count: usize| {
        let mut documents = vec![call(r#""name":"write","willContinue":true"#)];
        documents.extend(
            (0..count).map(|it| piece(&format!(r#"{{"jsonPath":"$.k{it}","numberValue":1}}"#))),
        );
        documents.extend([call(""), stop()]);
        feed(&mut session(), &body(&documents), usize::MAX)
    };
    assert_eq!(many(256).calls.len(), 1);
    let more = many(257);
    assert_eq!((more.calls.len(), more.error), (0, Some(ErrorKind::Limit)));
}
