//! Members in forms that only some servers use: numbers as text, halves of a character far apart,
//! calls and content in other places.

extern crate std;

use std::format;
use std::string::String;

use super::form_tests::pieces;
use crate::provider::testing::{events, observed};
use crate::{Dialect, ErrorKind};

/// A whole reply with the text "hi" and this usage.
fn with_usage(dialect: Dialect, counts: &str) -> String {
    match dialect {
        Dialect::OpenAiChat => format!(
            r#"{{"choices":[{{"message":{{"content":"hi"}},"finish_reason":"stop"}}],"usage":{counts}}}"#
        ),
        Dialect::OpenAiResponses => format!(
            r#"{{"status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"hi"}}]}}],"usage":{counts}}}"#
        ),
        Dialect::Anthropic => format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"hi"}}],"stop_reason":"end_turn","usage":{counts}}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"hi"}}]}},"finishReason":"STOP"}}],"usageMetadata":{counts}}}"#
        ),
        Dialect::Ollama => {
            let counts = counts.trim_start_matches('{');
            format!(r#"{{"message":{{"content":"hi"}},"done":true,"done_reason":"stop",{counts}"#)
        }
    }
}

#[test]
fn counts_may_be_text() {
    for dialect in Dialect::ALL.iter().copied() {
        let [input, output] = match dialect {
            Dialect::OpenAiChat => ["prompt_tokens", "completion_tokens"],
            Dialect::OpenAiResponses | Dialect::Anthropic => ["input_tokens", "output_tokens"],
            Dialect::Gemini => ["promptTokenCount", "candidatesTokenCount"],
            Dialect::Ollama => ["prompt_eval_count", "eval_count"],
        };
        for (one, other, counted) in [
            ("5", "2", (5, 2)),
            (r#""5""#, r#""2""#, (5, 2)),
            (r#""5.0""#, r#""2 tokens""#, (5, 2)),
            (r#""-5""#, r#""""#, (0, 0)),
            ("-5", "null", (0, 0)),
            (r#""99999999999""#, r#""2""#, (u32::MAX, 2)),
        ] {
            let body = with_usage(dialect, &format!(r#"{{"{input}":{one},"{output}":{other}}}"#));
            let heard = observed(dialect, &body);
            let counts = (heard.usage.input_tokens, heard.usage.output_tokens);
            assert_eq!((heard.error, counts), (None, counted), "{dialect:?} {body}");
        }
    }
}

#[test]
fn indexes_may_be_text() {
    let chat = r#"{"choices":[{"index":0,"delta":{"tool_calls":[X]}}]}"#;
    let anthropic = r#"{"type":"content_block_X}"#;
    let elements = [
        r#"{"index":"0","id":"a","function":{"name":"f","arguments":"{\"n\""}}"#,
        r#"{"index":"1","id":"b","function":{"name":"g","arguments":"{\"m\""}}"#,
        r#"{"index":"0","function":{"arguments":":1}"}}"#,
        r#"{"index":"1","function":{"arguments":":2}"}}"#,
    ];
    let blocks = [
        r#"start","index":"0","content_block":{"type":"tool_use","id":"a","name":"f","input":{}}"#,
        r#"start","index":"1","content_block":{"type":"tool_use","id":"b","name":"g","input":{}}"#,
        r#"delta","index":"0","delta":{"type":"input_json_delta","partial_json":"{\"n\":"}"#,
        r#"delta","index":"1","delta":{"type":"input_json_delta","partial_json":"{\"m\":2}"}"#,
        r#"delta","index":"0","delta":{"type":"input_json_delta","partial_json":"1}"}"#,
    ];
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#;
    for (dialect, form, parts, end) in [
        (Dialect::OpenAiChat, chat, &elements[..], r#"{"choices":[{"finish_reason":"stop"}]}"#),
        (Dialect::Anthropic, anthropic, &blocks[..], end),
    ] {
        let body = parts
            .iter()
            .fold(String::new(), |body, part| body + &events(&[&form.replace('X', part)]));
        let heard = observed(dialect, &(body + &events(&[end])));
        let calls: std::vec::Vec<_> =
            heard.calls.iter().map(|(id, _, it)| (&**id, &**it)).collect();
        assert_eq!(calls, [("a", r#"{"n":1}"#), ("b", r#"{"m":2}"#)], "{dialect:?}");
    }
}

#[test]
fn halves_of_a_character_find_each_other_across_what_has_no_content() {
    let [high, low] = ["\\ud83d", "\\ude00"];
    let text = |text: &str, dialect| match dialect {
        Dialect::OpenAiChat => {
            format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#)
        }
        Dialect::OpenAiResponses => {
            format!(r#"{{"type":"response.output_text.delta","item_id":"m","delta":"{text}"}}"#)
        }
        Dialect::Anthropic => format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ),
        Dialect::Gemini => {
            format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#)
        }
        Dialect::Ollama => {
            format!(r#"{{"message":{{"content":"{text}"}},"done":false}}"#)
        }
    };
    for (dialect, between, end) in [
        (
            Dialect::OpenAiChat,
            [r#"{"choices":[],"usage":null}"#, r#"{"choices":[{"delta":{"role":"assistant"}}]}"#],
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        ),
        (
            Dialect::OpenAiResponses,
            [r#"{"type":"response.in_progress"}"#, r#"{"type":"keepalive"}"#],
            r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
        ),
        (
            Dialect::Anthropic,
            [r#"{"type":"ping"}"#, r#"{"type":"ping"}"#],
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        ),
        (
            Dialect::Gemini,
            [r#"{"usageMetadata":{"promptTokenCount":1}}"#, r#"{"candidates":[]}"#],
            r#"{"candidates":[{"finishReason":"STOP"}]}"#,
        ),
        (
            Dialect::Ollama,
            [r#"{"message":{"content":""},"done":false}"#, r#"{"model":"m","done":false}"#],
            r#"{"message":{"content":""},"done":true,"done_reason":"stop"}"#,
        ),
    ] {
        let (before, after) =
            (text(&format!("a{high}"), dialect), text(&format!("{low}b"), dialect));
        let [one, other] = between;
        for (documents, expected) in [
            (&[&*before, one, other, &*after, end][..], "a😀b"),
            (&[&*before, one, end][..], "a\u{fffd}"),
            (&[&*before, one, &*text("c", dialect), end][..], "a\u{fffd}c"),
        ] {
            // Dialects that take a text at the end of its document take nothing for half of one.
            let is_alone = matches!(dialect, Dialect::OpenAiChat | Dialect::Anthropic);
            if documents.len() == 3 && !is_alone {
                continue;
            }
            let heard = observed(dialect, &events(documents));
            assert_eq!(heard.error, None, "{dialect:?}");
            assert_eq!(heard.text, expected, "{dialect:?} {documents:?}");
        }
    }
}

#[test]
fn the_last_message_of_a_stream_of_another_form_is_an_error() {
    for dialect in Dialect::ALL.iter().copied() {
        let documents = pieces(dialect);
        let (first, rest) = documents.split_at(2);
        let notice = r#"{"message":"boom"}"#;
        for body in [events(first) + &events(&[notice]), events(&[notice, "[DONE]"])] {
            let (error, _, message) = observed(dialect, &body).error.expect("an error");
            assert_eq!((error.kind(), &*message), (ErrorKind::Status, "boom"), "{dialect:?}");
        }
        // If the reply goes on and ends, it was only a notice. Ollama has no notices.
        let body = events(first) + &events(&[notice]) + &events(rest);
        if dialect != Dialect::Ollama {
            assert_eq!(observed(dialect, &body).error, None, "{dialect:?} {body}");
        }
    }
}

#[test]
fn the_detail_of_a_message_is_that_of_the_error() {
    let body = r#"{"object":"error","message":{"detail":[{"type":"missing","loc":["body"],"msg":"boom"}]}}"#;
    let (error, _, message) = observed(Dialect::OpenAiChat, body).error.expect("an error");
    assert_eq!((error.kind(), &*message), (ErrorKind::Status, "boom"));
}

#[test]
fn other_places_of_calls_and_content_are_read() {
    let body = r#"{"choices":[{"message":{"content":"hi","tool_calls":[{"id":"c","type":"function","name":"f","arguments":"{\"a\":1}"}]},"finish_reason":"tool_calls"}]}"#;
    let call = [("c".into(), "f".into(), r#"{"a":1}"#.into())];
    assert_eq!(observed(Dialect::OpenAiChat, body).calls, call);
    for part in [
        r#"{"type":"reasoning","text":"hm"}"#,
        r#"{"type":"thinking","thinking":"hm"}"#,
        r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}"#,
    ] {
        let content = format!(r#"[{part},{{"type":"text","text":"hi"}}]"#);
        let delta = format!(
            r#"{{"choices":[{{"delta":{{"content":{content}}},"finish_reason":"stop"}}]}}"#
        );
        let heard = observed(Dialect::OpenAiChat, &events(&[&delta]));
        assert_eq!((&*heard.thinking, &*heard.text), ("hm", "hi"), "{part}");
    }
    let body = r#"{"type":"message","content":"hi","stop_reason":"end_turn"}"#;
    assert_eq!(observed(Dialect::Anthropic, body).text, "hi");
    let stranger = r#"{"type":"status","content":"no"}"#;
    let mut documents = pieces(Dialect::Anthropic);
    documents.insert(3, stranger);
    assert_eq!(observed(Dialect::Anthropic, &events(&documents)).text, "hello");
    let wrapped = pieces(Dialect::Gemini).iter().fold(String::new(), |body, document| {
        body + &events(&[&format!(r#"{{"response":{document},"traceId":"t"}}"#)])
    });
    let heard = observed(Dialect::Gemini, &wrapped);
    assert_eq!((&*heard.text, heard.calls.len(), heard.error), ("hello", 1, None));
}

#[test]
fn calls_that_the_last_document_repeats_run_once() {
    let call = r#""tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":1}}}]"#;
    let line = |call: &str, rest: &str| format!(r#"{{"message":{{"content":"",{call}}},{rest}}}"#);
    let end = r#""done":true,"done_reason":"stop""#;
    let other = call.replace("\"a\":1", "\"a\":2");
    for (second, count) in [(call, 1), (&*other, 2), (&call.replace(r#""id":"c","#, ""), 2)] {
        let body = format!("{}\n{}\n", line(call, r#""done":false"#), line(second, end));
        assert_eq!(observed(Dialect::Ollama, &body).calls.len(), count, "{body}");
    }
    let bare = r#""tool_calls":[{"id":"c","function":{"name":"f"}}]"#;
    let body = format!("{}\n{}\n", line(bare, r#""done":false"#), line(bare, end));
    assert_eq!(observed(Dialect::Ollama, &body).calls.len(), 1, "{body}");
}
