//! The arguments of calls while they come in, in each dialect and every chunking.

#![cfg(all(feature = "call-deltas", feature = "all-dialects", feature = "alloc"))]

use std::collections::BTreeMap;

use zerostack_core::{Dialect, Event, Growing, OwnedConfig, Session, Step};

/// The reported calls of a reply: the pieces of each by its number, and the whole calls.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    pieces: BTreeMap<u32, String>,
    /// The name and the id of the last piece.
    last: BTreeMap<u32, (String, String)>,
    calls: Vec<(u32, String, String)>,
    /// Pieces that came after their call.
    late: usize,
    count: usize,
}

fn tell(dialect: Dialect, body: &[u8], chunk: usize, shows: bool) -> Told {
    let mut config = OwnedConfig::new(dialect, "m");
    config.call_deltas = shows;
    let mut session = Session::new(Growing::new(1 << 20), config).unwrap();
    session.user("Go").unwrap();
    session.begin_response(200, None).unwrap();
    let mut told = Told::default();
    for piece in body.chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() && session.step() == Step::Receive {
            let fed = session.feed(rest).unwrap();
            rest = &rest[fed.used..];
            match fed.event {
                Some(Event::ToolCallDelta(call)) => {
                    let id = call.id.number();
                    told.count += 1;
                    told.late += usize::from(told.calls.iter().any(|(done, ..)| *done == id));
                    told.pieces.entry(id).or_default().push_str(call.arguments);
                    told.last.insert(id, (call.name.into(), call.provider_id.into()));
                }
                Some(Event::ToolCall(call)) => {
                    told.calls.push((call.id.number(), call.name.into(), call.arguments.into()));
                }
                _ => {}
            }
        }
    }
    if session.step() == Step::Receive {
        session.end_response().unwrap();
    }
    told
}

fn sse(events: &[&str]) -> Vec<u8> {
    events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>().into_bytes()
}

/// A body in each dialect with two calls: `read {"path":"é🦀"}` and `list {"deep":true}`.
fn bodies() -> Vec<(Dialect, Vec<u8>)> {
    let chat = |index: u32, rest: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},{rest}}}]}}}}]}}"#
        )
    };
    let arguments = |text: &str| format!(r#""function":{{"arguments":"{text}"}}"#);
    let begins = |id: &str, name: &str| {
        format!(r#""id":"{id}","type":"function","function":{{"name":"{name}","arguments":""}}"#)
    };
    // The calls take turns.
    let chat = [
        chat(0, &begins("call_1", "read")),
        chat(0, &arguments(r#"{\"pa"#)),
        chat(1, &begins("call_2", "list")),
        chat(1, &arguments(r#"{\"deep"#)),
        chat(0, &arguments(r#"th\":\"é"#)),
        chat(1, &arguments(r#"\":true}"#)),
        chat(0, &arguments(r#"\uD83E\uDD80\"}"#)),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
        "[DONE]".to_owned(),
    ];
    let chat: Vec<&str> = chat.iter().map(String::as_str).collect();
    let anthropic = [
        r#"{"type":"message_start","message":{"role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"read","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"é🦀\"}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_2","name":"list","input":{}}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"deep\":"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"true}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let responses = [
        r#"{"type":"response.created","response":{"status":"in_progress"}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"read","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{\"path\":"}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"\"é🦀\"}"}"#,
        r#"{"type":"response.function_call_arguments.done","output_index":0,"item_id":"fc_1","arguments":"{\"path\":\"é🦀\"}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"read","arguments":"{\"path\":\"é🦀\"}","status":"completed"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"list","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"fc_2","delta":"{\"deep\":true}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"list","arguments":"{\"deep\":true}","status":"completed"}}"#,
        r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":2}}}"#,
    ];
    let gemini = [
        r#"{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"read","args":{"path":"é🦀"}}},{"functionCall":{"name":"list","args":{"deep":true}}}]},"finishReason":"STOP"}]}"#,
    ];
    let ollama = concat!(
        r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"read","arguments":{"path":"é🦀"}}}]},"done":false}"#,
        "\n",
        r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"list","arguments":{"deep":true}}}]},"done":false}"#,
        "\n",
        r#"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        "\n",
    );
    vec![
        (Dialect::OpenAiChat, sse(&chat)),
        (Dialect::Anthropic, sse(&anthropic)),
        (Dialect::OpenAiResponses, sse(&responses)),
        (Dialect::Gemini, sse(&gemini)),
        (Dialect::Ollama, ollama.as_bytes().to_vec()),
    ]
}

#[test]
fn the_pieces_of_a_call_are_its_arguments() {
    for (dialect, body) in bodies() {
        let whole = tell(dialect, &body, usize::MAX, true);
        assert_eq!(whole.calls.len(), 2, "{dialect:?} {whole:?}");
        assert_eq!(whole.late, 0, "{dialect:?}");
        for (id, name, arguments) in &whole.calls {
            assert_eq!(whole.pieces.get(id), Some(arguments), "{dialect:?} {whole:?}");
            assert_eq!(&whole.last[id].0, name, "{dialect:?}");
        }
        assert_eq!(whole.calls[0].2, r#"{"path":"é🦀"}"#, "{dialect:?}");
        for chunk in 1..80 {
            assert_eq!(tell(dialect, &body, chunk, true), whole, "{dialect:?} by {chunk}");
        }
    }
}

#[test]
fn they_come_as_the_server_cuts_them() {
    for (dialect, count) in [(Dialect::OpenAiChat, 5), (Dialect::Anthropic, 4)] {
        let (_, body) = bodies().into_iter().find(|(it, _)| *it == dialect).unwrap();
        let told = tell(dialect, &body, usize::MAX, true);
        assert_eq!(told.count, count, "{told:?}");
        assert!(told.last[&0].1.ends_with("_1") && told.last[&1].1.ends_with("_2"), "{told:?}");
    }
}

#[test]
fn no_deltas_are_shown_unless_asked_for() {
    for (dialect, body) in bodies() {
        let told = tell(dialect, &body, 7, false);
        assert_eq!((told.count, told.calls.len()), (0, 2), "{dialect:?}");
    }
}

#[test]
fn a_character_in_two_pieces_is_shown_when_it_is_complete() {
    let mut body = Vec::new();
    let crab = "🦀".as_bytes();
    for piece in [b"{\\\"p\\\":\\\"".as_slice(), &crab[..1], &crab[1..3], &crab[3..], b"\\\"}"] {
        body.extend_from_slice(
            br#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""#,
        );
        body.extend_from_slice(piece);
        body.extend_from_slice(b"\"}}]}}]}\n\n");
    }
    body.extend_from_slice(
        b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
    );
    for chunk in [1, 2, 3, 64, usize::MAX] {
        let told = tell(Dialect::OpenAiChat, &body, chunk, true);
        assert_eq!(told.calls, [(0, "f".into(), "{\"p\":\"🦀\"}".into())], "{chunk}");
        assert_eq!(told.pieces[&0], "{\"p\":\"🦀\"}", "{chunk}");
        assert_eq!(told.count, 3, "{chunk} {told:?}");
    }
}
