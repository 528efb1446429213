//! Memory of every size: what does not fit is `Full`, and never anything worse.

use zerostack_core::{ErrorKind, Event, Limits, Part, Session, SessionConfig, Step, ToolResult};
use zerostack_tests::body;
use zerostack_tests::fixtures;
use zerostack_tests::play::{self, Item, Loop};

#[test]
fn a_conversation_in_every_size_of_memory() {
    let mut sizes = 0;
    for name in ["openai-chat/parallel_interleaved.sse", "anthropic/thinking_and_calls.sse"] {
        let fixture = fixtures::named(name);
        let limits = Limits { reply_bytes: 32, ..Limits::DEFAULT };
        let config = SessionConfig { limits, ..SessionConfig::new(fixture.dialect, "m") };
        for size in 0..1200 {
            let mut arena = vec![0; size];
            let mut session = match Session::new(arena.as_mut_slice(), config) {
                Ok(session) => session,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Full, "{size}");
                    assert!(size < 4);
                    continue;
                }
            };
            let mut requests = 0;
            for _ in 0..24 {
                let result = match session.step() {
                    Step::Idle => session
                        .user("Go on, \"please\"")
                        .or_else(|error| session.drop_oldest().map(|_| ()).or(Err(error))),
                    Step::Send => {
                        if requests < 3 {
                            body::valid(&session);
                        }
                        requests += 1;
                        session.begin_response(200, None)
                    }
                    Step::Receive => {
                        let seen =
                            play::reply(&mut session, fixture.body.chunks(97), Loop::WhileRest);
                        match seen.end.unwrap() {
                            Ok(_) => Ok(()),
                            Err(kind) => {
                                assert_eq!(kind, ErrorKind::Full, "{name} {size}");
                                Ok(())
                            }
                        }
                    }
                    Step::RunTools => {
                        let id = session.pending_call().unwrap().id;
                        let result = ToolResult { id, content: "twelve bytes", is_error: false };
                        session.tool_result(result).map(|_| ()).inspect_err(|_| session.abort())
                    }
                    Step::MakeRoom { bytes } => {
                        assert!(bytes > 0);
                        session.drop_oldest().map(|_| ())
                    }
                    step => panic!("{name} {size}: {step:?}"),
                };
                if let Err(error) = result {
                    assert_eq!(error.kind(), ErrorKind::Full, "{name} {size}");
                }
            }
            sizes += 1;
        }
    }
    println!("{sizes} sizes");
}

#[test]
fn a_long_reply_passes_through_a_small_arena() {
    let text: String = (0..4096).map(|n| format!("line {n} 東京🦀\n")).collect();
    assert!(text.len() > 64 * 1024);
    let mut cases = 0;
    for piece_bytes in [1, 5, 60, 150, 10_000] {
        for (fixture, chat) in bodies(&text, piece_bytes) {
            for chunk in [7, 1000, chat.len()] {
                let config = SessionConfig::new(fixture, "m");
                let mut session = Session::new([0; 2048], config).unwrap();
                session.user("Tell me everything").unwrap();
                session.begin_response(200, None).unwrap();
                let seen = play::reply(&mut session, chat.chunks(chunk), Loop::WhileRest);
                assert_eq!(seen.end, Some(Ok("End(EndTurn)".into())), "{piece_bytes} {chunk}");
                assert_eq!(seen.text(), text, "{fixture:?} {piece_bytes} {chunk}");
                let kept: usize = session
                    .transcript()
                    .entries()
                    .filter(|entry| entry.is_cut)
                    .map(|entry| match entry.part {
                        Part::Text(kept) => {
                            assert!(text.starts_with(kept));
                            kept.len()
                        }
                        part => panic!("{part:?}"),
                    })
                    .sum();
                assert!(kept > 1000, "{kept}");
                let told = seen.items.iter().find_map(|item| match item {
                    Item::Truncated(bytes) => Some(*bytes as usize),
                    _ => None,
                });
                assert_eq!(told, Some(text.len() - kept), "{piece_bytes} {chunk}");
                while session.user("More").is_err() {
                    session.drop_oldest().unwrap();
                }
                if matches!(session.step(), Step::MakeRoom { .. }) {
                    session.drop_oldest().unwrap();
                }
                body::checked(&session);
                cases += 1;
            }
        }
    }
    println!("{cases} cases");
}

/// `text` as a stream of each dialect; for OpenAI with the choice's index first and last.
fn bodies(text: &str, piece_bytes: usize) -> Vec<(zerostack_core::Dialect, Vec<u8>)> {
    use zerostack_core::Dialect::{Anthropic, OpenAiChat};
    let mut bodies = [String::new(), String::new(), String::new()];
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(piece_bytes.min(rest.len())));
        let piece = serde_json::to_string(piece).unwrap();
        bodies[0] += &format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{piece}}}}}]}}\n\n"
        );
        // What is held back until its index comes has to fit; long pieces cannot.
        if piece_bytes <= 60 {
            bodies[1] += &format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":{piece}}},\"index\":0}}]}}\n\n"
            );
        }
        bodies[2] += &format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"text_delta\",\"text\":{piece}}}}}\n\n"
        );
        rest = tail;
    }
    let [first, last, anthropic] = bodies;
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let end = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
    let mut all = vec![
        (OpenAiChat, (first + stop).into_bytes()),
        (Anthropic, (anthropic + end).into_bytes()),
    ];
    if !last.is_empty() {
        all.push((OpenAiChat, (last + stop).into_bytes()));
    }
    all
}

#[test]
fn parallel_calls_are_bounded_by_the_memory_only() {
    for dialect in [zerostack_core::Dialect::OpenAiChat, zerostack_core::Dialect::Anthropic] {
        let says = zerostack_tests::model::Says {
            calls: (0..400)
                .map(|n| (format!("id{n}"), "f".into(), format!("{{\"n\":{n}}}")))
                .collect(),
            ..Default::default()
        };
        // Each call comes whole before the next, as its index has one byte.
        let body = match dialect {
            zerostack_core::Dialect::OpenAiChat => sequential(&says),
            _ => says.body(dialect, &mut zerostack_tests::random::Random::new(1)),
        };
        let mut most = 0;
        for size in [500, 2000, 8000, 40_000] {
            let mut arena = vec![0; size];
            let limits = Limits { max_calls: 400, ..Limits::DEFAULT };
            let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
            let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
            session.user("Go").unwrap();
            session.begin_response(200, None).unwrap();
            let seen = play::reply(&mut session, body.chunks(61), Loop::WhileRest);
            match seen.end.as_ref().unwrap() {
                Ok(_) => {
                    assert_eq!(seen.calls().len(), 400);
                    assert_eq!(session.pending_calls().count(), 400);
                    play::answer_all(&mut session, "ok").unwrap();
                    body::valid(&session);
                    most = 400;
                }
                Err(kind) => assert_eq!(*kind, ErrorKind::Full, "{size}"),
            }
        }
        assert_eq!(most, 400, "{dialect:?}");
    }
}

fn sequential(says: &zerostack_tests::model::Says) -> Vec<u8> {
    let mut body = String::new();
    for (index, (id, name, arguments)) in says.calls.iter().enumerate() {
        let (front, back) = arguments.split_at(3);
        let (front, back) = (front.replace('"', "\\\""), back.replace('"', "\\\""));
        for call in [
            format!(
                "{{\"index\":{index},\"id\":\"{id}\",\
                 \"function\":{{\"name\":\"{name}\",\"arguments\":\"{front}\"}}}}"
            ),
            format!("{{\"index\":{index},\"function\":{{\"arguments\":\"{back}\"}}}}"),
        ] {
            body += &format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n"
            );
        }
    }
    body += "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"tool_calls\"}]}\n\n";
    body.into_bytes()
}

#[test]
fn a_reply_that_does_not_fit_asks_for_room_while_there_is_any() {
    let fixture = fixtures::named("openai-chat/parallel_interleaved.sse");
    let limits = Limits { reply_bytes: 0, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..SessionConfig::new(fixture.dialect, "m") };
    let mut session = Session::new([0; 250], config).unwrap();
    let hello = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\
        \"finish_reason\":\"stop\"}]}\n\n";
    let long = "x".repeat(100);
    play::turn(&mut session, &long, hello).unwrap();
    let seen = play::turn(&mut session, "Now the tools", &fixture.body).unwrap();
    assert_eq!(seen.end, Some(Err(ErrorKind::Full)));
    assert!(matches!(session.step(), Step::MakeRoom { bytes } if bytes > 0));
    session.drop_oldest().unwrap();
    assert_eq!(session.step(), Step::Send);
    session.begin_response(200, None).unwrap();
    let seen = play::reply(&mut session, [fixture.body.as_slice()], Loop::WhileRest);
    assert_eq!(
        seen.end,
        Some(Ok(format!("{:?}", Event::End(zerostack_core::StopReason::ToolUse))))
    );
    assert_eq!(session.pending_calls().count(), 3);
}

#[test]
fn what_is_kept_of_a_reply_is_the_same_in_every_chunking() {
    let text: String = (0..120).map(|n| format!("line {n} 東京🦀\n")).collect();
    let mut cases = 0;
    for piece_bytes in [1, 5, 60, 150, 10_000] {
        for (dialect, body) in bodies(&text, piece_bytes) {
            for size in (600..=text.len() + 400).step_by(61) {
                let kept = |chunk: usize| {
                    let config = SessionConfig::new(dialect, "m");
                    let mut arena = vec![0; size];
                    let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
                    session.user("Tell me everything").unwrap();
                    session.begin_response(200, None).unwrap();
                    let seen = play::reply(&mut session, body.chunks(chunk), Loop::WhileRest);
                    (seen, session.snapshot().to_vec())
                };
                let whole = kept(body.len());
                for chunk in [1, 7, 1000] {
                    assert_eq!(kept(chunk), whole, "{dialect:?} {piece_bytes} {size} {chunk}");
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases");
}
