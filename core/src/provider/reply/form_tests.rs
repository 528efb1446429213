//! The forms in which a body may come: a stream of events, an array of their data, a single one,
//! lines, a whole reply in an event, a web page.

extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::provider::testing::{
    Observed, assert_no_cut_passes, config, events, observe, observed, session, some,
};
use crate::{Dialect, ErrorKind, Event, StopReason};

/// The documents of a stream with the text "hello" and a call of `f`, in each dialect.
pub(super) fn pieces(dialect: Dialect) -> Vec<&'static str> {
    match dialect {
        Dialect::OpenAiChat => [
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"hel"}}]}"#,
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"lo"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ]
        .to_vec(),
        Dialect::OpenAiResponses => [
            r#"{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m","content":[]}}"#,
            r#"{"type":"response.output_text.delta","item_id":"m","output_index":0,"delta":"hello"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","content":[{"type":"output_text","text":"hello"}]}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":""}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"fc","output_index":1,"delta":"{\"a\":1}"}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{\"a\":1}"}}"#,
            r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","id":"m","content":[{"type":"output_text","text":"hello"}]},{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{\"a\":1}"}]}}"#,
        ]
        .to_vec(),
        Dialect::Anthropic => [
            r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
            r#"{"type":"message_stop"}"#,
        ]
        .to_vec(),
        Dialect::Gemini => [
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hel"}]}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"lo"}]}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"c","name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]}"#,
        ]
        .to_vec(),
        Dialect::Ollama => [
            r#"{"message":{"role":"assistant","content":"hel"},"done":false}"#,
            r#"{"message":{"content":"lo"},"done":false}"#,
            r#"{"message":{"content":"","tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":1}}}]},"done":false}"#,
            r#"{"message":{"content":""},"done":true,"done_reason":"stop"}"#,
        ]
        .to_vec(),
    }
}

/// The same as a whole body.
fn whole(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat => {
            r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#
        }
        Dialect::OpenAiResponses => {
            r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}]}"#
        }
        Dialect::Anthropic => {
            r#"{"type":"message","content":[{"type":"text","text":"hello"},{"type":"tool_use","id":"c","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}"#
        }
        Dialect::Gemini => {
            r#"{"candidates":[{"content":{"parts":[{"text":"hello"},{"functionCall":{"id":"c","name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]}"#
        }
        Dialect::Ollama => {
            r#"{"message":{"content":"hello","tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":1}}}]},"done":true,"done_reason":"stop"}"#
        }
    }
}

#[track_caller]
pub(super) fn is_all(heard: &Observed, dialect: Dialect, body: &str) {
    let call = ("c".to_string(), "f".to_string(), r#"{"a":1}"#.to_string());
    assert_eq!(heard.error, None, "{dialect:?} {body}");
    assert_eq!(
        (heard.text.as_str(), &heard.calls),
        ("hello", &[call].to_vec()),
        "{dialect:?} {body}"
    );
    assert_eq!(heard.end, Some(StopReason::ToolUse), "{dialect:?} {body}");
}

#[test]
fn an_array_of_the_pieces_is_the_stream() {
    for dialect in Dialect::ALL.iter().copied() {
        let array = format!("[{}]", pieces(dialect).join(", "));
        for body in [
            array.clone(),
            format!(" {array}\n"),
            format!("[{array}]"),
            events(&[&array]),
            format!("[{}]", whole(dialect)),
        ] {
            is_all(&observed(dialect, &body), dialect, &body);
        }
        assert_no_cut_passes(dialect, &array);
    }
}

#[test]
fn a_whole_reply_may_be_an_event() {
    for dialect in Dialect::ALL.iter().copied() {
        for body in [events(&[whole(dialect)]), events(&[whole(dialect), "[DONE]"])] {
            is_all(&observed(dialect, &body), dialect, &body);
        }
    }
    // It repeats the earlier events.
    for dialect in [Dialect::OpenAiChat, Dialect::OpenAiResponses, Dialect::Anthropic] {
        let mut documents = pieces(dialect);
        let end = documents.pop().unwrap_or_default();
        documents.extend([whole(dialect), end]);
        let body = events(&documents);
        is_all(&observed(dialect, &body), dialect, &body);
    }
}

#[test]
fn a_piece_of_a_stream_is_not_a_reply() {
    for dialect in Dialect::ALL.iter().copied() {
        let documents = pieces(dialect);
        let last = documents.len() - 1;
        for piece in documents.iter().take(last) {
            // A whole body of Gemini looks like its pieces.
            if dialect != Dialect::Gemini {
                let heard = observed(dialect, piece);
                let (error, ..) = heard.error.unwrap_or_else(|| panic!("{dialect:?} {piece}"));
                assert!(matches!(error.kind(), ErrorKind::Cut | ErrorKind::BadResponse), "{piece}");
            }
        }
        for body in [documents[..last].join("\n"), format!("[{}]", documents[..last].join(","))] {
            // Blocks that are over have their reason before the last event.
            if dialect != Dialect::Anthropic {
                let (error, ..) = observed(dialect, &body).error.expect("an error");
                assert_eq!(error.kind(), ErrorKind::Cut, "{dialect:?} {body}");
            }
        }
    }
}

#[test]
fn pieces_may_be_lines() {
    for dialect in Dialect::ALL.iter().copied() {
        let documents = pieces(dialect);
        for body in [
            documents.join("\n"),
            documents.join("\r\n\r\n") + "\n",
            documents.concat(),
            documents.join("\n") + "\n[DONE]\n",
            documents.join("\n") + "\ndata: [DONE]\n\n",
        ] {
            is_all(&observed(dialect, &body), dialect, &body);
        }
    }
}

#[test]
fn the_end_marker_of_a_stream_may_follow_a_whole_body() {
    for dialect in Dialect::ALL.iter().copied() {
        for end in ["data: [DONE]", "\ndata: [DONE]\n\n", "\r\n\r\ndata:[DONE]\r\n"] {
            let body = String::from(whole(dialect)) + end;
            is_all(&observed(dialect, &body), dialect, &body);
        }
    }
    for body in ["{}x", "{}}", "{}{}", "[]"] {
        for dialect in Dialect::ALL.iter().copied() {
            let (error, ..) = observed(dialect, body).error.expect("an error");
            assert_eq!(error.kind(), ErrorKind::BadResponse, "{dialect:?} {body}");
        }
    }
}

/// The result of a refusal with `status` and this body, in pieces of each length.
fn refused(dialect: Dialect, status: u16, body: &str) -> (ErrorKind, String) {
    let ask = |length: usize| {
        let mut session = session(config(dialect));
        session.begin_response(status, None).expect("a response is due");
        for mut piece in body.as_bytes().chunks(length) {
            while !piece.is_empty() {
                piece = &piece[session.feed(piece).expect("no error before the end").used..];
            }
        }
        let error = session.end_response().expect_err("a refusal");
        (error.kind(), session.failure().expect("a failure").message.to_string())
    };
    let at_once = ask(body.len());
    for length in 1..body.len() {
        assert_eq!(ask(length), at_once, "{body} by {length}");
    }
    at_once
}

#[test]
fn the_error_of_a_web_page_or_plain_text_has_its_first_words() {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
                Gateway</h1></center>\r\n<hr><center>nginx/1.26.0</center>\r\n</body>\r\n</html>\r\n";
    let page_said = "a web page: 502 Bad Gateway";
    for dialect in Dialect::ALL.iter().copied() {
        for (status, body, kind, message) in [
            (502, page, ErrorKind::Status, page_said),
            (200, page, ErrorKind::BadResponse, page_said),
            (
                200,
                "\u{feff}<!DOCTYPE html><p>Hello</p>",
                ErrorKind::BadResponse,
                "a web page: Hello",
            ),
            (503, "<html></html>", ErrorKind::Status, "a web page"),
            (
                200,
                "no model is loaded\nx",
                ErrorKind::BadResponse,
                "plain text: no model is loaded",
            ),
            (200, "\r\n404 not found", ErrorKind::BadResponse, "plain text: 404 not found"),
            (200, "\"busy\"", ErrorKind::BadResponse, "plain text: \"busy\""),
            (200, "data error: x", ErrorKind::BadResponse, "plain text: data error: x"),
            (200, "event: x\n: wait\n\nretry: 5", ErrorKind::Cut, ""),
            (200, "oh no\ndata: {\"error\":\"boom\"}\n\n", ErrorKind::Status, "boom"),
            (200, "event: error\n\n", ErrorKind::Status, ""),
            (502, "error code: 502", ErrorKind::Status, "error code: 502"),
            (503, "no healthy upstream\n", ErrorKind::Status, "no healthy upstream"),
            (503, "upstream timed out\nx", ErrorKind::Status, "upstream timed out"),
            (429, "id your client: no", ErrorKind::Status, "id your client: no"),
            (500, "data: {\"error\":{\"message\":\"boom\"}}\n\n", ErrorKind::Status, "boom"),
            (500, "event: error\ndata: {\"error\":\"boom\"}\n\n", ErrorKind::Status, "boom"),
            (500, ": wait\n\ndata: {\"error\":\"boom\"}\n\n", ErrorKind::Status, "boom"),
            (500, "oh no\n{\"error\":\"boom\"}\n", ErrorKind::Status, "boom"),
        ] {
            let found = refused(dialect, status, body);
            assert_eq!(found, (kind, String::from(message)), "{dialect:?} {status} {body}");
        }
    }
}

#[test]
fn the_status_of_a_page_decides_about_another_attempt() {
    for (status, again) in [(502, true), (429, true), (200, false), (404, false)] {
        let config = crate::SessionConfig::new(Dialect::OpenAiChat, "m");
        let mut session = session(config);
        session.begin_response(status, None).expect("a response is due");
        session.feed(b"<html><title>x</title>").expect("a page");
        let ended = session.end_response();
        assert_eq!(matches!(ended, Ok(Event::Restart)), again, "{status}: {ended:?}");
    }
}

#[test]
fn a_call_of_the_first_form_is_read_where_no_other_repeats_it() {
    let piece = |delta: &str| format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"function_call"}]}"#;
    let both = |arguments: &str| {
        piece(&format!(
            r#"{{"function_call":{{"name":"f","arguments":"{arguments}"}},"tool_calls":[{{"index":0,"id":"c","function":{{"name":"f","arguments":"{arguments}"}}}}]}}"#
        ))
    };
    for (id, body) in [
        (
            "",
            events(&[
                &piece(r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}}"#),
                &piece(r#"{"function_call":{"arguments":"{\"a\":"}}"#),
                &piece(r#"{"function_call":{"name":null,"arguments":"1}"},"content":""}"#),
                end,
            ]),
        ),
        ("c", events(&[&both(r#"{\"a\":"#), &both("1}"), end])),
        (
            "",
            r#"{"choices":[{"message":{"content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}},"finish_reason":"function_call"}]}"#.to_string(),
        ),
        (
            "c",
            r#"{"choices":[{"message":{"function_call":{"name":"f","arguments":"{\"a\":1}"},"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#.to_string(),
        ),
        (
            "c",
            r#"{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}],"function_call":{"name":"f","arguments":"{\"a\":1}"}},"finish_reason":"tool_calls"}]}"#.to_string(),
        ),
    ] {
        let heard = observed(Dialect::OpenAiChat, &body);
        let call = (id.to_string(), "f".to_string(), r#"{"a":1}"#.to_string());
        assert_eq!((&heard.calls, &heard.error), (&[call].to_vec(), &None), "{body}");
        assert_eq!(heard.end, Some(StopReason::ToolUse), "{body}");
    }
}

#[test]
fn an_announced_call_that_is_missing_is_not_an_answer() {
    let bodies = [
        (
            Dialect::OpenAiChat,
            events(&[r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#]),
        ),
        (
            Dialect::OpenAiChat,
            r#"{"choices":[{"message":{"content":null,"tool_calls":[]},"finish_reason":"tool_calls"}]}"#.to_string(),
        ),
        (
            Dialect::Anthropic,
            r#"{"type":"message","content":[],"stop_reason":"tool_use"}"#.to_string(),
        ),
    ];
    for (dialect, body) in bodies {
        let (error, ..) = observed(dialect, &body).error.expect("an error");
        assert_eq!(error.kind(), ErrorKind::Cut, "{body}");
    }
    // Some servers use the word for text, too.
    let text = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"tool_calls"}]}"#;
    assert_eq!(observed(Dialect::OpenAiChat, text).error, None);
}

#[test]
fn members_of_gemini_in_the_other_spelling_are_the_same() {
    let documents = [
        r#"{"candidates":[{"content":{"parts":[{"thought":true,"text":"hm","thought_signature":"cw=="},{"text":"hello"}]}}],"usage_metadata":{"prompt_token_count":3,"candidates_token_count":2,"thoughts_token_count":4,"cached_content_token_count":1}}"#,
        r#"{"candidates":[{"content":{"parts":[{"function_call":{"id":"c","name":"f","args":{"a":1}},"thought_signature":"dA=="}]},"finish_reason":"STOP"}]}"#,
    ];
    for body in [events(&documents), format!("[{}]", documents.join(","))] {
        let heard = observed(Dialect::Gemini, &body);
        is_all(&heard, Dialect::Gemini, &body);
        assert_eq!((heard.thinking.as_str(), heard.word.as_str()), ("hm", "STOP"));
        let usage = heard.usage;
        assert_eq!((usage.input_tokens, usage.output_tokens), (3, 6));
        assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (1, 4));
    }
    for (body, end) in [
        (r#"{"prompt_feedback":{"block_reason":"SAFETY"}}"#, StopReason::ContentFilter),
        (
            r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finish_reason":2}]}"#,
            StopReason::MaxTokens,
        ),
    ] {
        assert_eq!(observed(Dialect::Gemini, body).end, Some(end), "{body}");
    }
}

#[test]
fn the_text_around_the_documents_does_not_matter() {
    type Around = fn(String) -> String;
    let ways: [Around; 8] = [
        |body| body + "data: [DONE]\n\n",
        |body| String::from(body.trim_end()),
        |body| body.replace("data: ", "data:"),
        |body| body.replace("data:", ": still there\n\ndata:"),
        |body| body.replace("data:", "id: 7\nretry: 3000\nevent: message\ndata:"),
        |body| body.replace('\n', "\r\n"),
        |body| body.replace('\n', "\r"),
        |body| format!("\u{feff}{body}"),
    ];
    for dialect in Dialect::ALL.iter().copied() {
        let plain = events(&pieces(dialect));
        let arrays: String =
            pieces(dialect).iter().map(|piece| format!("data: [{piece}]\n\n")).collect();
        for mask in some(0..2 << ways.len()) {
            let start = if mask & 1 == 0 { &plain } else { &arrays };
            let chosen = ways.iter().enumerate().filter(|(number, _)| mask & 2 << number != 0);
            let body = chosen.fold(start.clone(), |body, (_, way)| way(body));
            for chunk in [1, 7, body.len()] {
                let mut session = session(config(dialect));
                let heard = observe(&mut session, body.as_bytes(), chunk);
                is_all(&heard, dialect, &body);
            }
        }
    }
}

#[test]
fn the_reason_that_means_less_than_a_whole_reply_counts() {
    let body = |dialect, words: [&str; 2]| match dialect {
        Dialect::OpenAiChat => {
            let piece = |word| {
                format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}","index":0}}]}}"#)
            };
            let text = r#"{"choices":[{"index":0,"delta":{"content":"hi"}}]}"#;
            events(&[text, &piece(words[0]), &piece(words[1])])
        }
        Dialect::Anthropic => {
            let piece =
                |word| format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}}}}"#);
            let text = r#"{"type":"content_block_delta","index":0,"delta":{"text":"hi"}}"#;
            events(&[text, &piece(words[0]), &piece(words[1]), r#"{"type":"message_stop"}"#])
        }
        _ => {
            let piece = |text, word| {
                format!(
                    r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"{word}"}}]}}"#
                )
            };
            events(&[&piece("hi", words[0]), &piece("", words[1])])
        }
    };
    for dialect in [Dialect::OpenAiChat, Dialect::Anthropic, Dialect::Gemini] {
        for (words, end) in [
            (["stop", "stop"], StopReason::EndTurn),
            (["null", "stop"], StopReason::EndTurn),
            (["stop", "None"], StopReason::EndTurn),
            (["stop", "length"], StopReason::MaxTokens),
            (["length", "stop"], StopReason::MaxTokens),
            (["stop", "content_filter"], StopReason::ContentFilter),
            (["content_filter", "stop"], StopReason::ContentFilter),
            (["stop", "tired"], StopReason::Other),
        ] {
            let heard = observed(dialect, &body(dialect, words));
            assert_eq!((heard.error, heard.end), (None, Some(end)), "{dialect:?} {words:?}");
            assert_eq!(heard.text, "hi", "{dialect:?} {words:?}");
        }
        for words in [["stop", "error"], ["error", "stop"], ["null", "null"]] {
            let heard = observed(dialect, &body(dialect, words));
            assert!(heard.error.is_some(), "{dialect:?} {words:?}");
        }
    }
    // The reason of another choice does not count.
    let choices = |words: [&str; 2]| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"a"}},"finish_reason":"{}","index":0}},{{"delta":{{"content":"b"}},"finish_reason":"{}","index":1}}]}}"#,
            words[0], words[1]
        )
    };
    let heard = observed(Dialect::OpenAiChat, &events(&[&choices(["stop", "length"])]));
    assert_eq!((heard.text.as_str(), heard.end), ("a", Some(StopReason::EndTurn)));
}
