//! Items as servers really send them: with the numbers and ids of others, with late names, and only
//! in the last event; and the ids under which they go back.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::Dialect::OpenAiResponses;
use crate::provider::testing::{answer, config, events, observe, observed, sent, session};

const A: &str = r#"{"path":"a"}"#;
const B: &str = r#"{"path":"b"}"#;

fn quoted(text: &str) -> String {
    text.replace('"', "\\\"")
}

/// The item of a call.
fn item(id: &str, call: &str, name: &str, arguments: &str) -> String {
    let arguments = quoted(arguments);
    format!(
        r#"{{"type":"function_call","id":"{id}","call_id":"{call}","name":"{name}","arguments":"{arguments}"}}"#
    )
}

/// An event about an item; `number` is its index on the wire with a comma, or nothing.
fn event(kind: &str, number: &str, rest: &str) -> String {
    format!(r#"{{"type":"response.{kind}",{number}{rest}}}"#)
}

fn added(number: &str, item: &str) -> String {
    event("output_item.added", number, &format!(r#""item":{item}"#))
}

fn done(number: &str, item: &str) -> String {
    event("output_item.done", number, &format!(r#""item":{item}"#))
}

fn piece(number: &str, id: &str, piece: &str) -> String {
    let piece = quoted(piece);
    let rest = format!(r#""item_id":"{id}","delta":"{piece}""#);
    event("function_call_arguments.delta", number, &rest)
}

fn completed(items: &[&str]) -> String {
    let rest = format!(r#""response":{{"status":"completed","output":[{}]}}"#, items.join(","));
    event("completed", "", &rest)
}

#[track_caller]
fn assert_calls(documents: &[String], expected: &[(&str, &str, &str)]) {
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let observed = observed(OpenAiResponses, &events(&documents));
    let calls: Vec<_> =
        observed.calls.iter().map(|(id, name, args)| (&**id, &**name, &**args)).collect();
    assert_eq!((&calls[..], &observed.error), (expected, &None));
}

const ZERO: &str = r#""output_index":0,"#;

#[test]
fn items_that_all_have_the_same_number_are_distinguished_by_their_ids() {
    let [one, two] = [item("f1", "c1", "read", A), item("f2", "c2", "read", B)];
    let [begun, next] = [item("f1", "c1", "read", ""), item("f2", "c2", "read", "")];
    let both = [("c1", "read", A), ("c2", "read", B)];
    let end = completed(&[&one, &two]);
    for number in [ZERO, r#""output_index":3,"#] {
        // One after the other, at the same time, and only at their ends.
        let documents = [
            added(number, &begun),
            piece(number, "f1", A),
            done(number, &one),
            added(number, &next),
            piece(number, "f2", B),
            done(number, &two),
            end.clone(),
        ];
        assert_calls(&documents, &both);
        let documents = [
            added(number, &begun),
            added(number, &next),
            piece(number, "f2", &B[..5]),
            piece(number, "f1", A),
            piece(number, "f2", &B[5..]),
            done(number, &one),
            done(number, &two),
            end.clone(),
        ];
        assert_calls(&documents, &both);
        assert_calls(&[done(number, &one), done(number, &two), end.clone()], &both);
        // Not announced, each begins with its first piece.
        let documents = [
            piece(number, "f1", A),
            done(number, &one),
            piece(number, "f2", &B[..5]),
            piece(number, "f2", &B[5..]),
            done(number, &two),
            end.clone(),
        ];
        assert_calls(&documents, &both);
    }
    // An item whose id changes is still one.
    let other = item("g1", "c1", "read", A);
    let documents =
        [added(ZERO, &begun), piece(ZERO, "h1", A), done(ZERO, &other), completed(&[&one])];
    assert_calls(&documents, &both[..1]);
}

#[test]
fn a_late_name_is_used() {
    let nameless = r#"{"type":"function_call","id":"f1","call_id":"c1","arguments":""}"#;
    let whole = item("f1", "c1", "read", A);
    let arguments = format!(r#""item_id":"f1","name":"read","arguments":"{}""#, quoted(A));
    let told = event("function_call_arguments.done", ZERO, &arguments);
    let expected = [("c1", "read", A)];
    for begun in [nameless, &item("f1", "c1", "", "")] {
        for number in [ZERO, ""] {
            let documents = [added(number, begun), piece(number, "f1", A), done(number, &whole)];
            assert_calls(&[&documents[..], &[completed(&[&whole])]].concat(), &expected);
        }
        assert_calls(&[added(ZERO, begun), told.clone(), completed(&[&whole])], &expected);
        let documents = [added(ZERO, begun), piece(ZERO, "f1", A), told.clone()];
        assert_calls(&[&documents[..], &[completed(&[&whole])]].concat(), &expected);
    }
}

#[test]
fn calls_that_only_the_last_event_contains_are_calls() {
    let text = event("output_text.delta", ZERO, r#""item_id":"m1","delta":"I look""#);
    let message =
        r#"{"type":"message","id":"m1","content":[{"type":"output_text","text":"I look"}]}"#;
    let [one, two] = [item("f1", "c1", "read", A), item("f2", "c2", "read", B)];
    let documents = [text, completed(&[message, &one, &two])];
    assert_calls(&documents, &[("c1", "read", A), ("c2", "read", B)]);
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    assert_eq!(observed(OpenAiResponses, &events(&documents)).text, "I look");
}

#[test]
fn a_message_may_be_one_text() {
    let body =
        r#"{"status":"completed","output":[{"type":"message","role":"assistant","content":"hi"}]}"#;
    assert_eq!(observed(OpenAiResponses, body).text, "hi");
    let item = r#"{"type":"message","role":"assistant","content":"hi"}"#;
    assert_eq!(
        observed(OpenAiResponses, &events(&[&done(ZERO, item), &completed(&[item])])).text,
        "hi"
    );
}

#[test]
fn encrypted_reasoning_goes_back_under_its_own_id() {
    let call = item("f1", "c1", "read", A);
    // In both orders of the keys; without an id it gets one, as types demand.
    for (reasoning, id) in [
        (
            r#"{"id":"rs_\"1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"c2Vj"}"#,
            r#","id":"rs_\"1""#,
        ),
        (
            r#"{"encrypted_content":"c2Vj","id":"rs_\"1","summary":[{"type":"summary_text","text":"hm"}],"type":"reasoning"}"#,
            r#","id":"rs_\"1""#,
        ),
        (
            r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"c2Vj"}"#,
            r#","id":"rs_ID""#,
        ),
    ] {
        let streamed = [
            added(ZERO, r#"{"id":"rs_\"1","type":"reasoning","summary":[]}"#),
            event("reasoning_summary_text.delta", ZERO, r#""item_id":"rs_1","delta":"hm""#),
            done(ZERO, reasoning),
            done(r#""output_index":1,"#, &call),
            completed(&[reasoning, &call]),
        ];
        let listed = [completed(&[reasoning, &call])];
        for documents in [&streamed[..], &listed] {
            let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
            let body = events(&documents);
            for chunk in [1, 7, body.len()] {
                let mut session = session(config(OpenAiResponses));
                let heard = observe(&mut session, body.as_bytes(), chunk);
                assert_eq!((heard.thinking.as_str(), heard.error), ("hm", None));
                answer(&mut session, &[0], &[("done", false)]);
                let expected = format!(
                    r#"{{"type":"reasoning","summary":[{{"type":"summary_text","text":"hm"}}],"encrypted_content":"c2Vj"{id}}},{{"type":"function_call","call_id":"c1""#
                );
                let (before, after) = expected.split_once("ID").unwrap_or((&expected, ""));
                let sent = sent(&session);
                let rest = sent.split_once(before).map(|(_, rest)| rest).expect(&sent);
                let made = rest.find(after).expect(&sent);
                assert!(rest[..made].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{sent}");
            }
        }
    }
}

/// Some servers announce no item: the first delta of an item is the first event about it.
#[test]
fn an_item_that_was_not_announced_begins_with_its_first_piece() {
    let message = |id: &str, text: &str| {
        format!(
            r#"{{"type":"message","id":"{id}","content":[{{"type":"output_text","text":"{text}"}}]}}"#
        )
    };
    let text = |kind: &str, id: &str, text: &str| {
        let field = if kind.ends_with("delta") { "delta" } else { "text" };
        event(kind, "", &format!(r#"{id}"{field}":"{text}""#))
    };
    let reasoning =
        r#"{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"hm"}]}"#;
    for (first, second) in [(r#""item_id":"m","#, r#""item_id":"n","#), ("", "")] {
        let documents = [
            text("reasoning_summary_text.delta", "", "hm"),
            done("", reasoning),
            text("output_text.delta", first, "o"),
            text("output_text.delta", first, "ne "),
            done("", &message("m", "one ")),
            text("output_text.delta", second, "two"),
            text("output_text.done", second, "two"),
            done("", &message("n", "two")),
            piece("", "f", A),
            done("", &item("f", "c", "read", A)),
            completed(&[reasoning, &message("m", "one "), &message("n", "two")]),
        ];
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let heard = observed(OpenAiResponses, &events(&documents));
        assert_eq!((heard.thinking.as_str(), heard.text.as_str()), ("hm", "one two"));
        assert_eq!((heard.calls.len(), heard.error), (1, None));
    }
}

#[test]
fn a_body_of_a_response_that_is_not_over_is_no_answer() {
    for status in ["queued", "in_progress"] {
        let body = format!(
            r#"{{"object":"response","status":"{status}","output":[{{"type":"message","content":[{{"type":"output_text","text":"hi"}}]}}]}}"#
        );
        let (error, ..) = observed(OpenAiResponses, &body).error.expect("an error");
        assert_eq!(error.kind(), crate::ErrorKind::Cut, "{status}");
    }
}

#[test]
fn pieces_name_their_item_by_any_id() {
    for key in ["item_id", "id", "call_id"] {
        let id = |number: u8| format!("{}{number}", if key == "call_id" { "call" } else { "item" });
        let named = |document: String| document.replace("item_id", key);
        let [one, other] = [item("item1", "call1", "read", ""), item("item2", "call2", "read", "")];
        let documents = [
            added("", &one),
            added("", &other),
            named(piece("", &id(1), &A[..4])),
            named(piece("", &id(2), &B[..4])),
            named(piece("", &id(1), &A[4..])),
            named(piece("", &id(2), &B[4..])),
            completed(&[]),
        ];
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let heard = observed(OpenAiResponses, &events(&documents));
        let calls: Vec<_> = heard.calls.iter().map(|(id, _, it)| (&**id, &**it)).collect();
        assert_eq!(calls, [("call1", A), ("call2", B)], "{key}");
    }
}

#[test]
fn arguments_that_lost_pieces_are_those_of_the_end() {
    let [begun, whole] = [item("f1", "c1", "read", ""), item("f1", "c1", "read", A)];
    let (front, back) = A.split_at(6);
    let arguments = quoted(A);
    let ends = |number: &str| {
        let rest = format!(r#""item_id":"f1","arguments":"{arguments}""#);
        [
            event("function_call_arguments.done", number, &rest),
            done(number, &whole),
            completed(&[&whole]),
        ]
    };
    for number in [ZERO, ""] {
        for pieces in [&[][..], &[front], &[back], &[front, &back[1..]]] {
            for end in ends(number) {
                let mut documents = Vec::from([added(number, &begun)]);
                documents.extend(pieces.iter().map(|part| piece(number, "f1", part)));
                documents.push(end);
                documents.push(completed(&[&whole, &item("f2", "c2", "read", B)]));
                assert_calls(&documents, &[("c1", "read", A)]);
            }
        }
    }
    let both = [item("f1", "c1", "read", ""), item("f2", "c2", "grep", "")];
    let end = completed(&[&whole, &item("f2", "c2", "grep", B)]);
    let documents = [added(ZERO, &both[0]), added(r#""output_index":1,"#, &both[1]), end];
    assert_calls(&documents, &[("c1", "read", A), ("c2", "grep", B)]);
    // Without the id of the item, beside another call, and where the end has no more.
    let first = [added("", &item("f0", "c0", "grep", B)), done("", &item("f0", "c0", "grep", B))];
    let cut = [&first[..], &[added("", &begun), piece("", "f1", front)]].concat();
    let list = completed(&[&item("f0", "c0", "grep", B), &item("", "c1", "read", A)]);
    assert_calls(&[&cut[..], &[list]].concat(), &[("c0", "grep", B), ("c1", "read", A)]);
    let list = completed(&[&item("f1", "c1", "read", front)]);
    assert_calls(&[&cut[..], &[list]].concat(), &[("c0", "grep", B), ("c1", "read", front)]);
}
