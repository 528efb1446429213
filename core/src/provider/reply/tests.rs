//! What servers really send, read alike in all dialects.

extern crate std;

use std::format;
use std::string::String;

use crate::provider::testing::{
    Observed, assert_robust, config, events, observe, observed, session,
};
use crate::{Dialect, ErrorKind, StopReason};

use Dialect::{Anthropic, Gemini, Ollama, OpenAiChat, OpenAiResponses};

const ALL: [Dialect; 5] = [OpenAiChat, OpenAiResponses, Anthropic, Gemini, Ollama];

/// A stream of the dialect with `text` in these pieces, which are JSON without quotes.
fn stream(dialect: Dialect, pieces: &[&str]) -> String {
    let piece = |text: &&str| match dialect {
        OpenAiChat => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#),
        OpenAiResponses => {
            format!(r#"{{"type":"response.output_text.delta","output_index":0,"delta":"{text}"}}"#)
        }
        Anthropic => format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ),
        Gemini => format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#),
        _ => format!(r#"{{"message":{{"content":"{text}"}},"done":false}}"#),
    };
    let end = match dialect {
        OpenAiChat => r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        OpenAiResponses => r#"{"type":"response.completed","response":{"status":"completed"}}"#,
        Anthropic => r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        Gemini => r#"{"candidates":[{"finishReason":"STOP"}]}"#,
        _ => r#"{"message":{"content":""},"done":true,"done_reason":"stop"}"#,
    };
    let documents = pieces.iter().map(piece).chain([String::from(end)]);
    if dialect == Ollama {
        return documents.map(|document| document + "\n").collect();
    }
    documents.map(|document| format!("data: {document}\n\n")).collect()
}

/// A whole body with `text`.
fn body(dialect: Dialect, text: &str) -> String {
    match dialect {
        OpenAiChat => {
            format!(
                r#"{{"choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#
            )
        }
        OpenAiResponses => format!(
            r#"{{"object":"response","status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}]}}"#
        ),
        Anthropic => format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn"}}"#
        ),
        Gemini => format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}]}}"#
        ),
        _ => format!(r#"{{"message":{{"content":"{text}"}},"done":true,"done_reason":"stop"}}"#),
    }
}

/// The message of the error in `body`.
fn error(dialect: Dialect, body: &str) -> String {
    let observed = observed(dialect, body);
    let (error, _, message) = observed.error.unwrap_or_else(|| panic!("{dialect:?}: {body}"));
    assert_eq!(error.kind(), ErrorKind::Status, "{dialect:?}: {body}");
    message
}

#[track_caller]
fn says(observed: &Observed, text: &str) {
    assert_eq!((observed.text.as_str(), observed.error.as_ref()), (text, None));
    assert_eq!(observed.end, Some(StopReason::EndTurn));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    for dialect in ALL {
        says(&observed(dialect, &format!("\u{feff}{}", stream(dialect, &["hi"]))), "hi");
        says(&observed(dialect, &format!("\u{feff}\r\n {}", body(dialect, "hi"))), "hi");
        let each = stream(dialect, &["h", "i"]).replace("data: ", "data: \u{feff}");
        let each = if dialect == Ollama { each.replace("{\"m", "\u{feff}{\"m") } else { each };
        says(&observed(dialect, &each), "hi");
    }
}

#[test]
fn events_may_hold_an_array_of_documents() {
    for dialect in [OpenAiChat, OpenAiResponses, Anthropic, Gemini] {
        let array =
            stream(dialect, &["h", "i"]).replace("data: {", "data: [{").replace("}\n\n", "}]\n\n");
        says(&observed(dialect, &array), "hi");
        let spread =
            array.replace("data: [{", "data: [\ndata: {").replace("}]\n\n", "}\ndata: ]\n\n");
        says(&observed(dialect, &(spread + "data: [DONE]\n\n")), "hi");
    }
}

#[test]
fn halves_of_a_character_in_two_documents_are_one() {
    for dialect in ALL {
        says(&observed(dialect, &stream(dialect, &[r"a\ud83d", r"\ude00b"])), "a😀b");
        // Something else follows: it was half a character.
        says(&observed(dialect, &stream(dialect, &[r"a\ud83d", r"b\ude00"])), "a\u{fffd}b\u{fffd}");
        says(
            &observed(dialect, &stream(dialect, &[r"a\ud83d", r"\ud83d", r"\ude00"])),
            "a\u{fffd}😀",
        );
    }
    // Nothing follows at all.
    for dialect in ALL {
        says(&observed(dialect, &stream(dialect, &[r"a\ud83d"])), "a\u{fffd}");
        says(&observed(dialect, &body(dialect, r"a\ud83d")), "a\u{fffd}");
        says(&observed(dialect, &events(&[&body(dialect, r"a\ud83d")])), "a\u{fffd}");
    }
    // The first delta is held back, because it may repeat the start of the block.
    let late = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a\ud83d"}}"#;
    let more = format!("{}{}", events(&[late]), stream(Anthropic, &["b"]));
    says(&observed(Anthropic, &more), "ab\u{fffd}");
    let calls = events(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":\"\ud83d"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\ude00\"}"}}]},"finish_reason":"tool_calls"}]}"#,
    ]);
    assert_eq!(observed(OpenAiChat, &calls).calls[0].2, r#"{"a":"😀"}"#);
}

#[test]
fn an_error_is_reported_wherever_it_is() {
    let forms = [
        r#"data: {"error":{"code":500,"message":"boom"}}"#,
        r#"data: {"error":{"message":"boom"}}"#,
        r#"data: {"error":{"error":{"message":"boom","type":"x"}}}"#,
        r#"data: {"error":{"error":{"error":{"message":"boom"}}}}"#,
        r#"data: {"object":"error","message":"boom","code":500}"#,
        r#"data: {"code":500,"message":"boom","object":"error"}"#,
        r#"data: {"message":"boom","code":"internal"}"#,
        "event: error\ndata: {\"message\":\"boom\"}",
        "event: error\ndata: {\"error\":{\"message\":\"boom\"}}",
        r#"error: {"code":500,"message":"boom"}"#,
        r#"error: {"error":{"message":"boom"}}"#,
        "{\n  \"error\": {\n \"code\": 500, \"message\": \"boom\"\n }\n}\n",
        r#"{"code":500,"message":"boom"}"#,
    ];
    for dialect in [OpenAiChat, OpenAiResponses, Anthropic, Gemini] {
        let before = stream(dialect, &["hel"]);
        let before = before.split_inclusive("\n\n").next().expect("a document");
        for form in forms {
            for end in ["\n\n", "\n\ndata: [DONE]\n\n"] {
                assert_eq!(error(dialect, &format!("{before}{form}{end}")), "boom", "{form}");
                assert_eq!(error(dialect, &format!(": hello\n\n{form}{end}")), "boom", "{form}");
            }
        }
        for form in forms.iter().skip(4).step_by(4) {
            assert_robust(dialect, &format!("{before}{form}\n\n"));
        }
    }
    for dialect in ALL {
        for form in forms.iter().filter_map(|form| form.strip_prefix("data: ")) {
            assert_eq!(error(dialect, form), "boom", "{form}");
        }
        assert_eq!(error(dialect, r#"{"message":"boom"}"#), "boom");
    }
    let choice = r#"data: {"choices":[{"index":0,"error":{"code":502,"message":"boom"},"delta":{"content":""},"finish_reason":"error"}]}"#;
    assert_eq!(error(OpenAiChat, &format!("{choice}\n\ndata: [DONE]\n\n")), "boom");
    assert_eq!(error(OpenAiChat, "event: error\n\n"), "");
}

#[test]
fn an_empty_error_beside_an_answer_is_none() {
    for dialect in ALL {
        for empty in [
            "null",
            "{}",
            r#""""#,
            "false",
            "[]",
            r#"{"message":"","code":0,"type":""}"#,
            r#"{"code":null,"message":null}"#,
        ] {
            let with = format!(r#","error":{empty}}}"#);
            let end = if dialect == Ollama { "\n" } else { "\n\n" };
            let stream = stream(dialect, &["hel", "lo"])
                .replace(&format!("}}{end}"), &format!("{with}{end}"));
            assert_eq!(stream.matches("error").count(), 3);
            says(&observed(dialect, &stream), "hello");
            let body = body(dialect, "hello");
            says(&observed(dialect, &format!("{}{with}", &body[..body.len() - 1])), "hello");
        }
    }
}

#[test]
fn a_reply_in_another_dialect_is_an_error_that_is_not_tried_again() {
    for dialect in ALL {
        for other in ALL.into_iter().filter(|other| *other != dialect) {
            for body in [
                stream(other, &["hel", "lo"]),
                stream(other, &["hel", "lo"]) + "data: [DONE]\n\n",
                body(other, "hello"),
            ] {
                let observed = observed(dialect, &body);
                let (error, ..) = observed.error.unwrap_or_else(|| panic!("{dialect:?}: {body}"));
                assert_eq!(error.kind(), ErrorKind::BadResponse, "{dialect:?}: {body}");
                assert!(format!("{error}").contains("check the dialect"));
            }
        }
    }
}

#[test]
fn a_full_context_cuts_the_reply_unless_its_count_cannot_be_true() {
    for (input, end) in [
        (989, StopReason::EndTurn),
        (995, StopReason::MaxTokens),
        (10_000_000, StopReason::EndTurn),
    ] {
        let body = events(&[
            r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
            &format!(
                r#"{{"choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":10}}}}"#
            ),
        ]);
        let mut config = config(OpenAiChat);
        config.limits.context_tokens = 1000;
        config.limits.max_output_tokens = 100;
        let heard = observe(&mut session(config), body.as_bytes(), body.len());
        assert_eq!((heard.end, heard.error), (Some(end), None), "{input}");
    }
}

#[test]
fn a_count_of_zero_keeps_what_was_counted() {
    let usage = |body: &str, dialect| {
        let usage = observed(dialect, body).usage;
        (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)
    };
    let anthropic = events(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":100,"output_tokens":1,"cache_read_input_tokens":50}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"output_tokens":5,"cache_read_input_tokens":0}}"#,
    ]);
    assert_eq!(usage(&anthropic, Anthropic), (150, 5, 50));
    let chat = events(&[
        r#"{"choices":[{"delta":{"content":"hi"}}],"usage":{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}}}"#,
        r#"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":0}}}"#,
    ]);
    assert_eq!(usage(&chat, OpenAiChat), (100, 5, 50));
}

#[test]
fn a_message_in_a_chunk_is_read_once() {
    let chunk = |content: &str| format!(r#"{{"choices":[{{"index":0,{content}}}]}}"#);
    let message = |text: &str| chunk(&format!(r#""message":{{"content":"{text}"}}"#));
    let delta = |text: &str| chunk(&format!(r#""delta":{{"content":"{text}"}}"#));
    let both = |whole: &str, more: &str| {
        [
            chunk(&format!(r#""message":{{"content":"{whole}"}},"delta":{{"content":"{more}"}}"#)),
            chunk(&format!(r#""delta":{{"content":"{more}"}},"message":{{"content":"{whole}"}}"#)),
            format!(
                r#"{{"choices":[{{"finish_reason":null,"message":{{"content":"{whole}"}},"delta":{{"content":"{more}"}},"index":0}}]}}"#
            ),
        ]
    };
    let end = chunk(r#""delta":{},"finish_reason":"stop""#);
    let read = |chunks: &[&String]| {
        let chunks: std::vec::Vec<&str> = chunks.iter().map(|chunk| chunk.as_str()).collect();
        says(&observed(OpenAiChat, &events(&chunks)), "hello");
    };
    read(&[&message("hello"), &end]);
    read(&[&message("hel"), &message("lo"), &end]);
    read(&[&delta("hel"), &delta("lo"), &message("hello"), &end]);
    for at in 0..3 {
        read(&[&both("hel", "hel")[at], &both("hello", "lo")[at], &end]);
        read(&[&both("hel", "hel")[at], &delta("lo"), &end]);
    }
    let whole = r#"{"choices":[{"finish_reason":"stop","message":{"content":"hello"},"delta":{"content":"hello"}}]}"#;
    says(&observed(OpenAiChat, &events(&[whole])), "hello");
    says(&observed(OpenAiChat, whole), "hello");
}

#[test]
fn an_empty_delta_beside_a_message_replaces_nothing() {
    let message = r#""message":{"content":"hello"}"#;
    for empty in [
        "{}",
        "null",
        r#"{"content":""}"#,
        r#"{"content":null,"tool_calls":[]}"#,
        r#"{"role":"assistant","refusal":null}"#,
    ] {
        for both in
            [format!(r#"{message},"delta":{empty}"#), format!(r#""delta":{empty},{message}"#)]
        {
            let body = format!(r#"{{"choices":[{{{both},"finish_reason":"stop"}}]}}"#);
            says(&observed(OpenAiChat, &body), "hello");
            says(&observed(OpenAiChat, &events(&[&body])), "hello");
        }
    }
    let call = r#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}"#;
    for both in [
        format!(r#""message":{call},"delta":{{}}"#),
        format!(r#""message":{call},"delta":{call}"#),
        format!(r#""message":{{"content":""}},"delta":{call}"#),
    ] {
        let body = format!(r#"{{"choices":[{{{both},"finish_reason":"tool_calls"}}]}}"#);
        let observed = observed(OpenAiChat, &events(&[&body]));
        assert_eq!((observed.calls.len(), observed.error), (1, None), "{body}");
    }
    let refused = r#"{"choices":[{"message":{"content":"x"},"delta":{"refusal":"no"},"finish_reason":"stop"}]}"#;
    let refused = observed(OpenAiChat, &events(&[refused]));
    assert_eq!((&*refused.text, &*refused.refusal), ("", "no"));
    assert_eq!(refused.end, Some(StopReason::Refusal));
}

#[test]
fn a_reply_may_be_spread_over_choices() {
    let call = |choice: u8, id: &str| {
        format!(
            r#"{{"CHOICE":{{"tool_calls":[{{"id":"{id}","function":{{"name":"read","arguments":"{{}}"}}}}]}},"index":{choice},"finish_reason":"tool_calls"}}"#
        )
    };
    let text = r#"{"index":0,"CHOICE":{"content":"ok"},"finish_reason":"stop"}"#;
    let late = r#"{"index":1,"CHOICE":{"content":"ok"},"finish_reason":"tool_calls"}"#;
    for choices in [
        [text.into(), call(1, "a"), call(2, "b")].join(","),
        [call(0, "a"), late.into(), call(2, "b")].join(","),
        [call(0, "a"), call(1, "b"), late.into()].join(","),
    ] {
        let choices = format!(r#"{{"choices":[{choices}]}}"#);
        for body in
            [choices.replace("CHOICE", "message"), events(&[&choices.replace("CHOICE", "delta")])]
        {
            let observed = observed(OpenAiChat, &body);
            assert_eq!(
                (observed.text.as_str(), observed.end),
                ("ok", Some(StopReason::ToolUse)),
                "{body}"
            );
            let ids: std::vec::Vec<&str> = observed.calls.iter().map(|call| &*call.0).collect();
            assert_eq!(ids, ["a", "b"]);
        }
    }
    // Two answers where one was asked for: the first.
    let two = events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"o"}},{"index":1,"delta":{"content":"n"}}]}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"o"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"k"},"finish_reason":"stop"}]}"#,
    ]);
    says(&observed(OpenAiChat, &two), "ok");
    let second = events(&[
        r#"{"choices":[{"index":1,"delta":{"content":"o"}}]}"#,
        r#"{"choices":[{"delta":{"content":"k"},"index":1,"finish_reason":"stop"}]}"#,
    ]);
    says(&observed(OpenAiChat, &second), "ok");
}
