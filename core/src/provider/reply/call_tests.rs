//! Calls as servers really send them: without ids or indexes, late, in pieces, and again.

extern crate std;

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::Dialect::{self, Anthropic, OpenAiChat};
use crate::provider::testing::{
    answer, assert_robust, config, events, observe, observed, sent, session, switched,
};
use crate::{Session, StopReason};

/// The events for these elements of `tool_calls`, each a list of those of one chunk.
#[track_caller]
pub(super) fn calls(chunks: &[&str]) -> Vec<(String, String, String)> {
    let delta = |calls: &&str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}}}}]}}"#)
    };
    let end = String::from(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#);
    let documents: Vec<String> = chunks.iter().map(delta).chain([end]).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let body = events(&documents);
    let observed = observed(OpenAiChat, &body);
    assert_eq!((observed.error, observed.end), (None, Some(StopReason::ToolUse)));
    observed.calls
}

#[track_caller]
pub(super) fn are(calls: &[(String, String, String)], expected: &[(&str, &str, &str)]) {
    let calls: Vec<_> = calls.iter().map(|(id, name, args)| (&**id, &**name, &**args)).collect();
    assert_eq!(calls, expected);
}

pub(super) const A: &str = r#"{"path":"a"}"#;
pub(super) const B: &str = r#"{"path":"b"}"#;

/// An element: its index, id and name, if it has them, and arguments.
pub(super) fn call(head: &str, name: &str, arguments: &str) -> String {
    let arguments = arguments.replace('"', "\\\"");
    let name = if name == "-" { String::new() } else { format!(r#""name":"{name}","#) };
    format!(r#"{{{head}"function":{{{name}"arguments":"{arguments}"}}}}"#)
}

pub(super) const ZERO: &str = r#""index":0,"#;
pub(super) const ONE: &str = r#""index":1,"#;

#[test]
fn whole_calls_without_ids_stay_separate() {
    let [read, grep, other] = [call("", "read", A), call("", "grep", B), call("", "read", B)];
    for pair in [[&read, &grep], [&read, &other], [&read, &read]] {
        let found = calls(&[&format!("{},{}", pair[0], pair[1])]);
        assert_eq!(found.len(), 2, "{pair:?}");
    }
    are(&calls(&[&read, &grep, &other]), &[("", "read", A), ("", "grep", B), ("", "read", B)]);
    let zero = |name, arguments| call(ZERO, name, arguments);
    let found = calls(&[&zero("read", A), &zero("grep", B), &zero("grep", A)]);
    are(&found, &[("", "read", A), ("", "grep", B), ("", "grep", A)]);
    // In pieces, too.
    let found = calls(&[
        &zero("read", "{\"path\""),
        &zero("-", ":\"a\"}"),
        &zero("grep", "{"),
        &zero("-", "}"),
    ]);
    are(&found, &[("", "read", A), ("", "grep", "{}")]);
    // No arguments at all.
    let [now, list] = [r#"{"function":{"name":"now"}}"#, r#"{"function":{"name":"list"}}"#];
    assert_eq!(calls(&[&format!("{now},{list}")]).len(), 2);
    assert_eq!(calls(&[now, list]).len(), 2);
    let with_id = |id: &str, name| call(&format!(r#"{ZERO}"id":"{id}","#), name, A);
    let found = calls(&[&with_id("x", "read"), &with_id("y", "read"), &with_id("z", "grep")]);
    are(&found, &[("x", "read", A), ("y", "read", A), ("z", "grep", A)]);
}

#[test]
fn repeated_arguments_count_once() {
    let id = r#""index":0,"id":"call_1","#;
    let read = [("call_1", "read", A)];
    let (start, end) = ("{\"path\"", ":\"a\"}");
    let again = "{ \"path\" : \"a\" }\\n";
    are(&calls(&[&call(id, "read", start), &call(ZERO, "-", end), &call(ZERO, "-", again)]), &read);
    are(&calls(&[&call(id, "read", start), &call(ZERO, "-", end), &call(id, "read", A)]), &read);
    are(&calls(&[&call(id, "read", start), &call(ZERO, "-", end), &call(ZERO, "read", A)]), &read);
    are(&calls(&[&call(id, "read", A), &call(ZERO, "-", start), &call(ZERO, "-", end)]), &read);
    are(&calls(&[&call(id, "read", "{}"), &call(ZERO, "-", start), &call(ZERO, "-", end)]), &read);
    are(&calls(&[&call(ZERO, "read", A), &call(id, "read", A)]), &read);
    // No arguments at all, as some servers write it.
    for none in ["null", " ", "\\n", " null "] {
        are(&calls(&[&call(id, "read", none)]), &[("call_1", "read", "")]);
    }
    // As often as there are chunks.
    let whole = call(id, "read", A);
    are(&calls(&[&whole, &whole, &whole, &whole]), &read);
    are(&calls(&[&whole, &call(ZERO, "-", A), &call(ZERO, "-", again)]), &read);
    // Other arguments are not a repetition: the model gets an error.
    let found = calls(&[&call(id, "read", A), &call(ZERO, "-", B)]);
    are(&found, &[("call_1", "read", &format!("{A}{B}"))]);
    let block = |start: &str| {
        events(&[
            &format!(
                r#"{{"type":"content_block_start","index":0,"content_block":{{"type":"tool_use","id":"call_1","name":"read","input":{start}}}}}"#
            ),
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"path\""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":\"a\"}"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"so"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
        ])
    };
    for start in ["{}", r#"{"path":"a"}"#, r#"{ "path": "a" }"#] {
        let observed = observed(Anthropic, &block(start));
        let arguments = if start.starts_with("{ ") { start } else { A };
        are(&observed.calls, &[("call_1", "read", arguments)]);
        assert_eq!(observed.text, "so");
        assert_robust(Anthropic, &block(start));
    }
}

#[test]
fn damaged_calls_do_no_harm() {
    let delta = |calls: &str| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{calls}]}}}}]}}"#);
    let documents = [
        delta(&format!("{},{}", call("", "read", A), call("", "grep", B))),
        delta(&call(ZERO, "-", "{\"a\"")),
        delta(&call(ONE, "re", "")),
        delta(&call(ZERO, "-", ":1}")),
        delta(&call(r#""index":1,"id":"x","#, "ad", A)),
        delta(r#"{"index":0,"id":"late","function":{"name":"f"}}"#),
        delta(&call(ONE, "-", A)),
        String::from(r#"{"choices":[{"delta":{"content":"and"},"finish_reason":"tool_calls"}]}"#),
    ];
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    assert_robust(OpenAiChat, &events(&documents));
}

#[test]
fn ids_may_have_kilobytes() {
    for length in [254, 255, 256, 400, 4000] {
        let id = "s".repeat(length);
        let head = format!(r#"{ZERO}"id":"{id}","#);
        are(
            &calls(&[&call(&head, "read", "{\"path\""), &call(ZERO, "-", ":\"a\"}")]),
            &[(&id, "read", A)],
        );
        // Late, and after another.
        let late = [
            call(ZERO, "-", "{\"path\""),
            call(&format!(r#"{ONE}"id":"{id}","#), "grep", B),
            format!(r#"{{"index":0,"id":"{id}2","function":{{"name":"read"}}}}"#),
            call(ZERO, "-", ":\"a\"}"),
        ];
        let found = calls(&late.each_ref().map(String::as_str));
        are(&found, &[(&format!("{id}2"), "read", A), (&id, "grep", B)]);
        let mut session = session(config(OpenAiChat));
        let call = call(&head, "read", A);
        let delta = format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{call}]}},"finish_reason":"tool_calls"}}]}}"#
        );
        assert_eq!(observe(&mut session, events(&[&delta]).as_bytes(), 7).error, None);
        answer(&mut session, &[0], &[("done", false)]);
        // It is kept in both forms of a transcript.
        let lines = session.transcript().json_lines();
        let mut text = Vec::new();
        let mut lines = lines;
        let mut buffer = [0; 512];
        loop {
            match lines.read(&mut buffer) {
                0 => break,
                count => text.extend_from_slice(&buffer[..count]),
            }
        }
        let mut reader = crate::JsonLinesReader::new([0; 16384]).expect("room");
        reader.push(&text).expect("valid JSON Lines");
        let (storage, used) = reader.finish().expect("a transcript");
        let read = Session::resume(storage, used, config(OpenAiChat)).expect("a transcript");
        assert_eq!(sent(&read), sent(&switched(session, config(OpenAiChat))));
    }
}

#[test]
fn a_call_with_a_new_id_begins_after_a_complete_one() {
    // All of them have the index 0, and arrive in pieces.
    let begin = |id: &str| call(&format!(r#""index":0,"id":"{id}","#), "read", "");
    let more = |piece: &str| call(ZERO, "-", piece);
    let pieces = [r#"{"path":"#, r#""a"}"#, r#"{"path":"#, r#""b"}"#].map(more);
    let [one, two] = ["1", "2"].map(begin);
    let found = calls(&[&one, &pieces[0], &pieces[1], &two, &pieces[2], &pieces[3]]);
    are(&found, &[("1", "read", A), ("2", "read", B)]);
    // An id that changes in the middle of the arguments does not belong to another call.
    let found = calls(&[
        &call(r#""index":0,"id":"1","#, "read", r#"{"path":"#),
        &call(r#""index":0,"id":"2","#, "read", r#""a"}"#),
    ]);
    are(&found, &[("1", "read", A)]);
}

#[test]
fn a_last_call_without_arguments_may_be_cut_off() {
    let chat = |reason: &str| {
        let call = call(r#""index":0,"id":"1","#, "write", "{}");
        let choice = format!(r#"{{"index":0,"delta":{{"tool_calls":[{call}]}}}}"#);
        let end = format!(r#"{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}"#);
        let documents = [choice, end].map(|choice| format!(r#"{{"choices":[{choice}]}}"#));
        observed(OpenAiChat, &events(&documents.each_ref().map(String::as_str)))
    };
    let anthropic = |reason: &str| {
        let end = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
        observed(
            Anthropic,
            &events(&[
                r#"{"type":"message_start","message":{"id":"m","content":[]}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"1","name":"write","input":{}}}"#,
                r#"{"type":"content_block_stop","index":0}"#,
                &end,
                r#"{"type":"message_stop"}"#,
            ]),
        )
    };
    for (observed, is_cut) in [
        (chat("length"), true),
        (anthropic("max_tokens"), true),
        (chat("tool_calls"), false),
        (anthropic("tool_use"), false),
    ] {
        let kind = observed.error.as_ref().map(|(error, ..)| error.kind());
        assert_eq!(kind, is_cut.then_some(crate::ErrorKind::Truncated), "{observed:?}");
        let expected = [("1", "write", "{}")];
        are(&observed.calls, if is_cut { &[] } else { &expected });
    }
}

/// A message of these events between its start and its end.
fn message(blocks: &[&str]) -> String {
    let start = r#"{"type":"message_start","message":{"id":"m","content":[]}}"#;
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    events(&[&[start], blocks, &[delta, r#"{"type":"message_stop"}"#]].concat())
}

#[test]
fn the_start_of_a_block_is_not_repeated() {
    let begin = |block: &str| {
        format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#)
    };
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    let text = |text: &str| delta(&format!(r#"{{"type":"text_delta","text":"{text}"}}"#));
    for (deltas, expected) in [
        (&["hello", " you"][..], "hello you"),
        (&[" you"], "hello you"),
        (&["", "hello"], "hello"),
        // Only the first delta repeats the beginning.
        (&["hello", "hello"], "hellohello"),
        (&["hello you"], "hellohello you"),
    ] {
        let mut blocks = vec![begin(r#"{"type":"text","text":"hello"}"#)];
        blocks.extend(deltas.iter().map(|delta| text(delta)));
        blocks.push(stop.into());
        let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
        let observed = observed(Anthropic, &message(&blocks));
        assert_eq!((observed.text.as_str(), observed.error), (expected, None));
    }
    // A repeated signature would be refused.
    let blocks = [
        begin(r#"{"type":"thinking","thinking":"hm","signature":"c2ln"}"#),
        delta(r#"{"type":"thinking_delta","thinking":"hm"}"#),
        delta(r#"{"type":"signature_delta","signature":"c2ln"}"#),
        stop.into(),
        begin(r#"{"type":"text","text":""}"#),
        text("hi"),
        stop.into(),
    ];
    let body = message(&blocks.each_ref().map(String::as_str));
    assert_robust(Anthropic, &body);
    let mut session = session(config(Anthropic));
    let observed = observe(&mut session, body.as_bytes(), 7);
    assert_eq!((observed.text.as_str(), observed.thinking.as_str()), ("hi", "hm"));
    session.user("go on").expect("room");
    let sent = sent(&session);
    assert!(sent.contains(r#""thinking":"hm","signature":"c2ln""#), "{sent}");
}

#[test]
fn pieces_with_the_number_of_another_block_belong_to_the_call_that_is_open() {
    let call = |index: u8, id: &str| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"{id}","name":"read","input":{{}}}}}}"#
        )
    };
    let piece = |index: u8, json: &str| {
        let json = json.replace('"', "\\\"");
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":"{json}"}}}}"#
        )
    };
    let text = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"I look"}}"#;
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    let body = message(&[text, stop, &call(1, "t1"), &piece(0, A), stop]);
    are(&observed(Anthropic, &body).calls, &[("t1", "read", A)]);
    // The arguments of the provider's own tools belong to no call.
    let search = r#"{"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#;
    let body = message(&[&call(1, "t1"), &piece(1, A), search, &piece(2, B), stop]);
    are(&observed(Anthropic, &body).calls, &[("t1", "read", A)]);
}

#[test]
fn a_whole_call_after_a_whole_one_with_the_same_id_is_another() {
    let same = r#""id":"c","#;
    let [one, two, other] = [call(same, "read", A), call(same, "read", B), call(same, "grep", B)];
    for (next, name) in [(&two, "read"), (&other, "grep")] {
        let expected = [("c", "read", A), ("c", name, B)];
        are(&calls(&[&format!("{one},{next}")]), &expected);
        are(&calls(&[&one, next]), &expected);
    }
    // The same once more is a repetition.
    are(&calls(&[&one, &one]), &[("c", "read", A)]);
    let [begin, end] = [call(same, "read", r#"{"pa"#), call(same, "read", r#"th":"a"}"#)];
    are(&calls(&[&begin, &end]), &[("c", "read", A)]);
}

/// Servers refuse a request with half a surrogate pair, so a call that has one would end the
/// conversation.
#[test]
fn arguments_with_half_a_surrogate_pair_are_refused_and_sent_back_as_text() {
    for (arguments, is_text) in [
        (r#"{"path":"\ud83d"}"#, false),
        (r#"{"path":"\ude00"}"#, false),
        (r#"{"path":"\ud83da"}"#, false),
        (r#"{"path":"\ud83d\n"}"#, false),
        (r#"{"path":"\ud83d\ud83d\ude00"}"#, false),
        (r#"{"\ude00":1}"#, false),
        (r#"{"\ud83d":1}"#, false),
        (r#"{"path":"\ud83d\ude00 \ufffd"}"#, true),
        (r#"{"path":"\\ud83d"}"#, true),
    ] {
        let text = serde_json::to_string(arguments).expect("JSON");
        for (dialect, body) in [
            (
                OpenAiChat,
                format!(
                    r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"c","function":{{"name":"f","arguments":{text}}}}}]}},"finish_reason":"tool_calls"}}]}}"#
                ),
            ),
            (
                Dialect::OpenAiResponses,
                format!(
                    r#"{{"status":"completed","output":[{{"type":"function_call","call_id":"c","name":"f","arguments":{text}}}]}}"#
                ),
            ),
            (
                Anthropic,
                format!(
                    r#"{{"content":[{{"type":"tool_use","id":"c","name":"f","input":{arguments}}}],"stop_reason":"tool_use"}}"#
                ),
            ),
            (
                Dialect::Gemini,
                format!(
                    r#"{{"candidates":[{{"content":{{"parts":[{{"functionCall":{{"name":"f","args":{arguments}}}}}]}},"finishReason":"STOP"}}]}}"#
                ),
            ),
            (
                Dialect::Ollama,
                format!(
                    r#"{{"message":{{"content":"","tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}},"done":true}}"#
                ),
            ),
        ] {
            for chunk in [1, body.len()] {
                let mut session = session(config(dialect));
                let heard = observe(&mut session, body.as_bytes(), chunk);
                assert_eq!((heard.error, heard.calls.len()), (None, 1), "{dialect:?} {body}");
                assert_eq!(session.pending_call().is_some(), is_text, "{dialect:?} {body}");
                if is_text {
                    answer(&mut session, &[0], &[("done", false)]);
                }
                // It checks that the body is JSON.
                let body = sent(&session);
                assert_eq!(!body.contains("malformed"), is_text, "{dialect:?} {body}");
            }
        }
    }
}

/// A server refuses a conversation that has a name it would not take for a tool, so one that the model made up
/// would end the conversation. A tool that exists keeps its name.
#[test]
fn a_made_up_name_is_sent_back_in_letters_that_every_provider_takes() {
    let long = "x".repeat(65);
    for (name, sent_name) in [
        ("read", "read"),
        ("my.tool", "my.tool"),
        ("read file", "read_file"),
        ("functions.read:0", "functions_read_0"),
        ("é\"", "___"),
        ("", "_"),
        (&long, &long[..64]),
    ] {
        let quoted = serde_json::to_string(name).expect("JSON");
        let body = format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"c","function":{{"name":{quoted},"arguments":"{{}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
        );
        for dialect in Dialect::ALL.iter().copied() {
            let tool = crate::ToolSpec { name: "my.tool", description: "", parameters: "{}" };
            let tools = [tool];
            let mut heard = session(config(OpenAiChat));
            assert_eq!(observe(&mut heard, body.as_bytes(), 7).calls[0].1, name);
            answer(&mut heard, &[0], &[("done", false)]);
            let switched =
                switched(heard, crate::SessionConfig { tools: &tools, ..config(dialect) });
            let sent = sent(&switched);
            let places = sent.matches(&format!("\"name\":\"{sent_name}\"")).count()
                + sent.matches(&format!("\"tool_name\":\"{sent_name}\"")).count();
            let listed = usize::from(name == "my.tool");
            let expected = if matches!(dialect, Dialect::Gemini | Dialect::Ollama) { 2 } else { 1 };
            assert_eq!(places, expected + listed, "{dialect:?} {name}: {sent}");
        }
    }
}
