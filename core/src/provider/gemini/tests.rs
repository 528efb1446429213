extern crate std;

use std::string::String;
use std::vec::Vec;

use crate::provider::testing::{
    Observed, answer, assert_no_cut_passes, assert_robust, config, events, observe, observed, sent,
    session, switched,
};
use crate::{Dialect, ErrorKind, Limits, Session, SessionConfig, StopReason, ToolSpec};

const DIALECT: Dialect = Dialect::Gemini;

const CHUNKS: &[&str] = &[
    r#"{"candidates":[{"content":{"parts":[{"text":"**Plan** — ","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":5}}"#,
    r#"{"candidates": [{"content": {"role": "model", "parts": [{"thought": true, "text": "go", "thoughtSignature": "dGhpbms="}]}}]}"#,
    r#"{"candidates":[{"index":0,"content":{"parts":[{"text":"Grüß "},{"text":"dich "}],"role":"model"}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"🦀"},{"thoughtSignature":"c2ln","text":"!"},{"functionCall":{"name":"add","args":{"x": 2,"y":[1,{}]}},"thoughtSignature":"Y2FsbA=="},{"functionCall":{"args":null,"name":"now","id":"fc-1"}}],"role":"model"},"finishReason":"STOP","index":0,"finishMessage":"x"}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":12,"thoughtsTokenCount":7,"cachedContentTokenCount":4,"totalTokenCount":28}}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"bGFzdA=="}]},"finishReason":"STOP"}]}"#,
];

fn calls(observed: &Observed) -> Vec<(&str, &str, &str)> {
    observed.calls.iter().map(|(id, name, args)| (&**id, &**name, &**args)).collect()
}

/// The forms in which the same pieces arrive.
fn forms() -> [String; 3] {
    let crlf = events(CHUNKS).replace('\n', "\r\n");
    [events(CHUNKS), crlf, std::format!("[{}\r\n]\n", CHUNKS.join("\n,\r\n"))]
}

#[test]
fn events_and_an_array_are_one_reply() {
    for body in forms() {
        let observed = observed(DIALECT, &body);
        assert_eq!(observed.text, "Grüß dich 🦀!");
        assert_eq!(observed.thinking, "**Plan** — go");
        assert_eq!(
            calls(&observed),
            [("", "add", r#"{"x": 2,"y":[1,{}]}"#), ("fc-1", "now", "{}")]
        );
        let usage = observed.usage;
        assert_eq!((usage.input_tokens, usage.output_tokens), (9, 19));
        assert_eq!((usage.reasoning_tokens, usage.cache_read_tokens), (7, 4));
        assert_eq!((observed.word.as_str(), observed.end), ("STOP", Some(StopReason::ToolUse)));
        assert_eq!(observed.error, None);
    }
}

#[test]
fn a_reply_that_is_cut_is_an_error() {
    // The last piece has no text of its own: before it the reply counts as whole.
    for chunks in [&CHUNKS[..4], &CHUNKS[2..3]] {
        let body = events(chunks);
        if chunks.len() == 4 {
            assert_no_cut_passes(DIALECT, &body);
        } else {
            let error = observed(DIALECT, &body).error.expect("no reason to stop");
            assert_eq!(error.0.kind(), ErrorKind::Cut);
        }
    }
    assert_no_cut_passes(DIALECT, &std::format!("[{}]", CHUNKS[..4].join(",")));
    assert!(observed(DIALECT, "[]").error.is_some());
    assert!(observed(DIALECT, "{}").error.is_some());
}

#[test]
fn damaged_pieces_and_small_storage_do_no_harm() {
    for body in forms() {
        assert_robust(DIALECT, &body);
    }
}

#[test]
fn reasons_to_stop() {
    let reason = |reason: &str| {
        let body = std::format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"a"}}]}},"finishReason":{reason}}}]}}"#
        );
        let observed = observed(DIALECT, &body);
        (observed.word, observed.end)
    };
    let is = |word: &str, end| (String::from(word), Some(end));
    assert_eq!(reason(r#""STOP""#), is("STOP", StopReason::EndTurn));
    assert_eq!(reason("1"), is("1", StopReason::EndTurn));
    assert_eq!(reason("2"), is("2", StopReason::MaxTokens));
    assert_eq!(reason("13"), is("13", StopReason::Other));
    assert_eq!(reason(r#""MAX_TOKENS""#), is("MAX_TOKENS", StopReason::MaxTokens));
    assert_eq!(reason(r#""SAFETY""#), is("SAFETY", StopReason::ContentFilter));
    // A failure is none.
    let malformed = "MALFORMED_FUNCTION_CALL";
    assert_eq!(reason(r#""MALFORMED_FUNCTION_CALL""#), (String::from(malformed), None));
    // A whole body needs no reason.
    assert_eq!(reason("null"), is("", StopReason::EndTurn));
    assert_eq!(reason("0"), is("", StopReason::EndTurn));

    // Older models say STOP in each piece.
    let piece = |text: &str, reason: &str| {
        std::format!(
            r#"{{"candidates":[{{"finishReason":"{reason}","content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#
        )
    };
    let (one, two) = (piece("a", "STOP"), piece("b", "RECITATION"));
    let observed = observed(DIALECT, &events(&[&one, &two]));
    assert_eq!((observed.text.as_str(), observed.word.as_str()), ("ab", "RECITATION"));
    assert_eq!(observed.end, Some(StopReason::ContentFilter));
}

#[test]
fn a_blocked_question_ends_the_turn() {
    let blocked = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","safetyRatings":[{"category":"X","blocked":true}]},"usageMetadata":{"promptTokenCount":3}}"#;
    for body in [String::from(blocked), events(&[blocked]), std::format!("[{blocked}]")] {
        let observed = observed(DIALECT, &body);
        assert_eq!(observed.word, "PROHIBITED_CONTENT");
        assert_eq!(
            (observed.end, observed.usage.input_tokens),
            (Some(StopReason::ContentFilter), 3)
        );
    }
    let ratings = r#"{"promptFeedback":{"safetyRatings":[]},"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}]}"#;
    assert_eq!(observed(DIALECT, ratings).end, Some(StopReason::EndTurn));
}

#[test]
fn of_several_candidates_the_first_is_read() {
    let body = events(&[
        r#"{"candidates":[{"content":{"parts":[{"text":"one"}]},"index":0},{"content":{"parts":[{"text":"two"},{"functionCall":{"name":"f"}}]},"finishReason":"SAFETY","index":1}]}"#,
        r#"{"candidates":[{"index":1,"content":{"parts":[{"text":"more of two"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":" and more"}]},"finishReason":"STOP"}]}"#,
    ]);
    let observed = observed(DIALECT, &body);
    assert_eq!((observed.text.as_str(), observed.word.as_str()), ("one and more", "STOP"));
    assert_eq!((observed.calls.len(), observed.end), (0, Some(StopReason::EndTurn)));
    // All of both in one piece.
    let candidate = |index: u8, text: &str| {
        std::format!(
            r#"{{"index":{index},"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}"#
        )
    };
    for (first, second) in [(0, 1), (1, 0)] {
        let pair = [
            candidate(first, ["one", "two"][first as usize]),
            candidate(second, ["one", "two"][second as usize]),
        ];
        let heard = crate::provider::testing::observed(
            DIALECT,
            &events(&[&std::format!(r#"{{"candidates":[{}]}}"#, pair.join(","))]),
        );
        assert_eq!((heard.text.as_str(), heard.end), ("one", Some(StopReason::EndTurn)));
    }
}

#[test]
fn errors_are_reported_in_every_form() {
    let error = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE","details":[{"@type":"x","reason":"Y"}]}}"#;
    let cut = events(&[CHUNKS[0], error]);
    for body in [String::from(error), std::format!("[{error}]\n"), events(&[error]), cut] {
        let (kind, code, message) = observed(DIALECT, &body).error.expect("an error");
        assert_eq!((kind.kind(), kind.detail()), (ErrorKind::Status, 503));
        assert_eq!((&*code, &*message), ("UNAVAILABLE", "The model is overloaded."));
    }
    // A call of which more follows is no call.
    let pieces = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}"#;
    let observed = observed(DIALECT, &events(&[pieces]));
    assert_eq!((observed.calls.len(), observed.error.is_some()), (0, true));
}

#[test]
fn parts_of_other_kinds_are_left_out() {
    let body = r#"{"candidates":[{"content":{"parts":[{"executableCode":{"code":"text","language":"PYTHON"},"thoughtSignature":"eA=="},{"toolCall":{"id":"q","toolType":"X","args":{"text":"no"}}},{"inlineData":{"mimeType":"a/b","data":"eA=="}},{"text":"yes"}]},"finishReason":"STOP"}]}"#;
    let mut session = session(config(DIALECT));
    let observed = observe(&mut session, body.as_bytes(), 6);
    assert_eq!((observed.text.as_str(), observed.calls.len()), ("yes", 0));
    session.user("more").expect("room");
    let body = sent(&session);
    assert!(body.contains(r#"{"role":"model","parts":[{"text":"yes"}]}"#), "{body}");
}

#[test]
fn the_request_is_exactly_this() {
    let tools = [
        ToolSpec { name: "add", description: "Adds \"x\".", parameters: r#"{"type":"object"}"# },
        ToolSpec { name: "now", description: "", parameters: "{}" },
    ];
    let limits = Limits { max_output_tokens: 64, ..Limits::DEFAULT };
    let base = SessionConfig { system: "Be\nbrief.", tools: &tools, limits, ..config(DIALECT) };
    for body in forms() {
        for chunk in [1, 13, 4096] {
            let mut session = session(base);
            observe(&mut session, body.as_bytes(), chunk);
            answer(&mut session, &[1, 0], &[("one", false), ("two\n", true)]);
            let wanted = concat!(
                r#"{"generationConfig":{"maxOutputTokens":64}"#,
                r#","tools":[{"functionDeclarations":["#,
                r#"{"name":"add","description":"Adds \"x\".","parametersJsonSchema":{"type":"object"}},"#,
                r#"{"name":"now","description":"","parametersJsonSchema":{}}]}]"#,
                r#","systemInstruction":{"parts":[{"text":"Be\nbrief."}]}"#,
                r#","contents":[{"role":"user","parts":[{"text":"hi"}]}"#,
                r#",{"role":"model","parts":["#,
                r#"{"text":"go","thought":true,"thoughtSignature":"dGhpbms="},"#,
                r#"{"text":"Grüß dich 🦀"},"#,
                r#"{"text":"!","thoughtSignature":"c2ln"},"#,
                r#"{"functionCall":{"name":"add","args":{"x": 2,"y":[1,{}]}},"thoughtSignature":"Y2FsbA=="},"#,
                r#"{"functionCall":{"id":"fc-1","name":"now","args":{}}},"#,
                r#"{"text":"","thoughtSignature":"bGFzdA=="}]}"#,
                r#",{"role":"user","parts":["#,
                r#"{"functionResponse":{"name":"add","response":{"output":"one"}}},"#,
                r#"{"functionResponse":{"id":"fc-1","name":"now","response":{"error":"two\n"}}}]}]}"#,
            );
            assert_eq!(sent(&session), wanted);
        }
    }
}

#[test]
fn a_call_that_is_sent_again_with_its_id_runs_once() {
    let call =
        r#"{"functionCall":{"id":"c1","name":"f","args":{"n":1}},"thoughtSignature":"YQ=="}"#;
    let plain = call.replace(r#","thoughtSignature":"YQ==""#, "");
    let other = plain.replace("c1", "c2").replace(r#""n":1"#, r#""n":2"#);
    let end = r#"{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}"#;
    for again in [call, &plain] {
        let piece = std::format!(r#"{{"candidates":[{{"content":{{"parts":[{call}]}}}}]}}"#);
        let next =
            std::format!(r#"{{"candidates":[{{"content":{{"parts":[{again},{other}]}}}}]}}"#);
        let body = events(&[&piece, &next, end]);
        let observed = observed(DIALECT, &body);
        assert_eq!(calls(&observed), [("c1", "f", r#"{"n":1}"#), ("c2", "f", r#"{"n":2}"#)]);
        let mut session = session(config(DIALECT));
        observe(&mut session, body.as_bytes(), 7);
        answer(&mut session, &[0, 1], &[("one", false), ("two", false)]);
        let sent = sent(&session);
        assert_eq!(sent.matches(r#""name":"f","args""#).count(), 2, "{sent}");
        assert_eq!(sent.matches("YQ==").count(), 1, "{sent}");
    }
}

#[test]
fn a_signature_before_its_call_stays_with_it() {
    let body = r#"{"candidates":[{"content":{"parts":[{"thoughtSignature":"YQ==","functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f","args":{"n":2}}}]},"finishReason":"STOP"}]}"#;
    let mut session = session(config(DIALECT));
    observe(&mut session, body.as_bytes(), 3);
    answer(&mut session, &[1, 0], &[("one", false), ("two", false)]);
    let wanted = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":["#,
        r#"{"functionCall":{"name":"f","args":{}},"thoughtSignature":"YQ=="},"#,
        r#"{"functionCall":{"name":"f","args":{"n":2}}}]},{"role":"user","parts":["#,
        r#"{"functionResponse":{"name":"f","response":{"output":"one"}}},"#,
        r#"{"functionResponse":{"name":"f","response":{"output":"two"}}}]}]}"#,
    );
    assert_eq!(sent(&session), wanted);
}

#[test]
fn foreign_parts_are_left_out_and_malformed_arguments_stay_valid_json() {
    let body = r#"{"content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"xyz"},{"type":"tool_use","id":"toolu_1","name":"f","input":"{\"a\":"}],"stop_reason":"tool_use"}"#;
    let mut foreign = session(config(Dialect::Anthropic));
    observe(&mut foreign, body.as_bytes(), 9);
    assert_eq!((foreign.step(), foreign.pending_call()), (crate::Step::Send, None));
    let wanted = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":["#,
        r#"{"functionCall":{"id":"toolu_1","name":"f","args":{"malformed":"{\"a\":"}}}]},"#,
        r#"{"role":"user","parts":[{"functionResponse":{"id":"toolu_1","name":"f","response":{"error":"not run: the arguments are not one JSON value; make the call again with whole arguments"}}}]}]}"#,
    );
    assert_eq!(sent(&switched(foreign, config(DIALECT))), wanted);

    // A reply of which nothing can be sent is no message.
    let body = r#"{"content":[{"type":"thinking","thinking":"hm","signature":"sig"}],"stop_reason":"end_turn"}"#;
    let mut foreign = session(config(Dialect::Anthropic));
    observe(&mut foreign, body.as_bytes(), 9);
    foreign.user("and?").expect("room");
    let wanted = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"user","parts":[{"text":"and?"}]}]}"#;
    assert_eq!(sent(&switched(foreign, config(DIALECT))), wanted);
}

#[test]
fn arguments_that_are_no_object_go_back_as_one() {
    let body = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"i","name":"f","args":"oops"},"thoughtSignature":"eA=="}]},"finishReason":"STOP"}]}"#;
    let mut ours = session(config(DIALECT));
    observe(&mut ours, body.as_bytes(), 9);
    let part = r#"{"functionCall":{"id":"i","name":"f","args":{"malformed":"oops"}},"thoughtSignature":"eA=="}"#;
    assert!(sent(&ours).contains(part), "{}", sent(&ours));
    let block = r#"{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"f","input":{"malformed":"oops"}}]}"#;
    let body = sent(&switched(ours, config(Dialect::Anthropic)));
    assert!(body.contains(block), "{body}");
}

#[test]
fn the_model_stands_in_the_path() {
    let path = |model: &'static str| {
        let session = session(SessionConfig { model, ..config(DIALECT) });
        session.request().expect("a request").path_parts().concat()
    };
    let tail = ":streamGenerateContent?alt=sse";
    assert_eq!(path("gemini-3-pro"), std::format!("/models/gemini-3-pro{tail}"));
    assert_eq!(path("tunedModels/x_1~@2"), std::format!("/tunedModels/x_1~@2{tail}"));
    for model in ["", "a b", "a?b", "a%2fb", "../b", "a/./b", "a//b", "/a", "a#b", "é", "a\r\nb"] {
        let refused = Session::new([0; 64], SessionConfig { model, ..config(DIALECT) });
        assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::BadConfig), "{model}");
    }
    let fixed = session(SessionConfig { model: "a b/../c", ..config(Dialect::Ollama) });
    assert_eq!(fixed.request().expect("a request").path_parts().concat(), "/api/chat");
}
