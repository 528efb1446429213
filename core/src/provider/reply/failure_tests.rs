//! What counts as an error beside a good reply, and what does not.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::provider::testing::{events, observed};
use crate::{Dialect, ErrorKind};

/// The good reply "hi" with this member before or after it, as a body and as an event.
fn beside(dialect: Dialect, member: &str) -> Vec<String> {
    let reply = match dialect {
        Dialect::OpenAiChat => r#""choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]"#,
        Dialect::OpenAiResponses => {
            r#""status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}]"#
        }
        Dialect::Anthropic => {
            r#""type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn""#
        }
        Dialect::Gemini => {
            r#""candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]"#
        }
        Dialect::Ollama => r#""message":{"content":"hi"},"done":true,"done_reason":"stop""#,
    };
    let [after, before] = [format!("{{{reply},{member}}}"), format!("{{{member},{reply}}}")];
    let event = events(&[&after]);
    [after, before, event].into()
}

#[test]
fn an_error_that_reports_success_is_none() {
    for error in [
        r#""error":{"code":0,"message":"success"}"#,
        r#""error":{"message":"success","code":0}"#,
        r#""error":{"code":"0","message":"OK"}"#,
        r#""error":{"code":200,"message":"ok","request_id":"r","time":7}"#,
        r#""error":{"code":"0"}"#,
        r#""error":{"code":"Success","message":""}"#,
        r#""error":{"status":"OK","code":0}"#,
        r#""error":"success""#,
        r#""error":"None""#,
        r#""errors":["no error"]"#,
        r#""error_code":0,"error_msg":"success""#,
    ] {
        for dialect in Dialect::ALL.iter().copied() {
            for body in beside(dialect, error) {
                let heard = observed(dialect, &body);
                assert_eq!((heard.text.as_str(), heard.error), ("hi", None), "{body}");
            }
        }
    }
}

#[test]
fn an_error_of_any_form_is_one() {
    for (error, status, said) in [
        (r#""error":{"code":0,"message":"boom"}"#, 200, "boom"),
        (r#""error":{"code":500,"message":"success"}"#, 500, "success"),
        (r#""error":{"message":"success","code":500}"#, 500, ""),
        (r#""error":"success: false""#, 200, "success: false"),
        (r#""error":{"cause":"boom"}"#, 200, "boom"),
        (r#""error":{"cause":{"at":["boom"],"line":7}}"#, 200, "boom"),
        (r#""error":{"id":"r-1","cause":"boom"}"#, 200, "r-1: boom"),
        (r#""error":{"id":"r-1","message":"boom","cause":"x"}"#, 200, "boom"),
        (r#""error":{"error":"bad","message":"boom"}"#, 200, "boom"),
        (r#""error":{"id":"ok","cause":"boom"}"#, 200, "boom"),
        (r#""error":{"retries":3}"#, 200, ""),
        (r#""error":{"is_final":true}"#, 200, ""),
        (r#""error":["it","broke"]"#, 200, "it: broke"),
        (r#""errors":[{"cause":"boom"}]"#, 200, "boom"),
        (r#""detail":{"cause":"boom"}"#, 200, "boom"),
        (r#""detail":"ok","error":true"#, 200, ""),
    ] {
        for dialect in Dialect::ALL.iter().copied() {
            for body in beside(dialect, error) {
                let (error, _, message) = observed(dialect, &body).error.expect("an error");
                let found = (error.kind(), error.detail(), message.as_str());
                assert_eq!(found, (ErrorKind::Status, status, said), "{dialect:?} {body}");
            }
        }
    }
    // A message of the length of a word for success, and a longer one.
    for length in [39, 40, 41, 100] {
        let said = "x".repeat(length);
        let body = &beside(Dialect::OpenAiChat, &format!(r#""error":"{said}""#))[0];
        assert_eq!(observed(Dialect::OpenAiChat, body).error.expect("an error").2, said);
    }
}

#[test]
fn an_error_of_a_choice_is_like_one_of_the_reply() {
    for (error, said) in [
        (r#"{"cause":"boom"}"#, Some("boom")),
        (r#"{"retries":3}"#, Some("")),
        (r#""boom""#, Some("boom")),
        ("{}", None),
        (r#"{"code":0,"message":"success"}"#, None),
    ] {
        for choice in [
            format!(r#"{{"delta":{{"content":"hi"}},"finish_reason":"stop","error":{error}}}"#),
            format!(r#"{{"delta":{{"content":"hi","error":{error}}},"finish_reason":"stop"}}"#),
            format!(r#"{{"error":{error},"message":{{"content":"hi"}},"finish_reason":"stop"}}"#),
        ] {
            let body = events(&[&format!(r#"{{"choices":[{choice}]}}"#)]);
            let heard = observed(Dialect::OpenAiChat, &body);
            let message = heard.error.as_ref().map(|(.., message)| message.as_str());
            assert_eq!(message, said, "{body}");
            assert!(said.is_some() || heard.text == "hi", "{body}");
        }
    }
}
