//! Calls whose ids, names and arguments arrive in pieces: late, under other indexes, or with words
//! for what is missing.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::call_tests::{A, B, ONE, ZERO, are, call, calls};
use crate::Dialect::OpenAiChat;
use crate::provider::testing::{events, observed};

#[test]
fn names_and_ids_may_be_late_or_in_pieces() {
    let id = |index: &str| format!(r#"{index}"id":"call_1","#);
    let read = [("call_1", "read", A)];
    are(
        &calls(&[
            &call(&id(ZERO), "-", "{\"path\""),
            &call(ZERO, "-", ":\"a\"}"),
            r#"{"index":0,"function":{"name":"read"}}"#,
        ]),
        &read,
    );
    are(&calls(&[&call(&id(ZERO), "", ""), &call(&id(ZERO), "read", A)]), &read);
    are(&calls(&[&call(ZERO, "read", ""), &call(&id(ZERO), "-", A)]), &read);
    are(
        &calls(&[
            &call(ZERO, "read", "{\"path\":"),
            r#"{"index":0,"id":"call_1"}"#,
            &call(ZERO, "-", "\"a\"}"),
        ]),
        &read,
    );
    are(&calls(&[&call(ZERO, "read", A), r#"{"index":0,"id":"call_1"}"#]), &read);
    are(&calls(&[&call(&id(ZERO), "re", ""), &call(ZERO, "ad", ""), &call(ZERO, "-", A)]), &read);
    are(&calls(&[&call(&id(ZERO), "re", ""), &call(&id(ZERO), "ad", A)]), &read);
    are(
        &calls(&[&call(&id(ZERO), "re", ""), &call(ZERO, "read", ""), &call(ZERO, "read", A)]),
        &read,
    );
    // Without an index.
    are(&calls(&[&call("", "read", ""), &call(&id(""), "-", A)]), &read);
    are(
        &calls(&[
            &call(&id(""), "-", "{\"path\""),
            &call("", "-", ":\"a\"}"),
            r#"{"function":{"name":"read"}}"#,
        ]),
        &read,
    );
    // After another call.
    let late = r#"{"index":0,"id":"call_1","function":{"name":"read"}}"#;
    let both = [("call_1", "read", A), ("x", "grep", B)];
    are(
        &calls(&[
            &call(ZERO, "-", "{\"path\""),
            &call(&format!(r#"{ONE}"id":"x","#), "grep", B),
            late,
            &call(ZERO, "-", ":\"a\"}"),
        ]),
        &both,
    );
    are(
        &calls(&[&call(ZERO, "", A), &call(&format!(r#"{ONE}"id":"x","#), "grep", B), late]),
        &both,
    );
}

#[test]
fn words_for_a_missing_id_or_name_are_none() {
    let (front, back) = A.split_at(6);
    let head = |arguments: &str| call(&format!(r#"{ZERO}"id":"x","#), "read", arguments);
    for word in ["null", "None", " ", ""] {
        let piece = |arguments: &str| call(&format!(r#"{ZERO}"id":"{word}","#), word, arguments);
        are(&calls(&[&head(front), &piece(back)]), &[("x", "read", A)]);
        are(&calls(&[&head(""), &piece(front), &piece(back)]), &[("x", "read", A)]);
        are(&calls(&[&piece(""), &head(""), &piece(A)]), &[("x", "read", A)]);
    }
}

#[test]
fn pieces_with_another_index_continue_the_unfinished_call() {
    let head = |index: &str, id: &str| call(&format!(r#"{index}"id":"{id}","#), "read", "");
    let piece = |index: u32, arguments: &str| call(&format!(r#""index":{index},"#), "-", arguments);
    // The index counts the pieces.
    let found = calls(&[&head(ZERO, "x"), &piece(1, "{\"path\":"), &piece(2, "\"a\"}")]);
    are(&found, &[("x", "read", A)]);
    // The head of the second call has the index of the first.
    let both = [("x", "read", A), ("y", "read", B)];
    let second = [&*head(ZERO, "y"), &piece(1, "{\"path\":"), &piece(1, "\"b\"}")];
    let whole = call(&format!(r#"{ZERO}"id":"x","#), "read", A);
    are(&calls(&[&[&*whole], &second[..]].concat()), &both);
    are(&calls(&[&[&*head(ZERO, "x"), &piece(0, A)], &second[..]].concat()), &both);
    // A finished call takes no more.
    let late = r#"{"index":1,"id":"y","function":{"name":"read"}}"#;
    are(&calls(&[&whole, &piece(1, B), late]), &both);
}

#[test]
fn a_message_after_the_text_adds_only_its_calls() {
    let chunk = |content: &str| format!(r#"{{"choices":[{{"index":0,{content}}}]}}"#);
    let text = chunk(r#""delta":{"content":"hello"}"#);
    let arguments = A.replace('"', "\\\"");
    let list = format!(
        r#"[{{"id":"x","type":"function","function":{{"name":"read","arguments":"{arguments}"}}}},
           {{"id":"y","type":"function","function":{{"name":"now","arguments":"{{}}"}}}}]"#
    )
    .replace('\n', "");
    let message =
        format!(r#""message":{{"content":"hello","tool_calls":{list},"reasoning_content":"no"}}"#);
    let end = r#""finish_reason":"tool_calls""#;
    let delta = format!(r#""delta":{{"tool_calls":{list}}}"#);
    for last in [
        chunk(&format!("{message},{end}")),
        chunk(&format!("{message},{delta},{end}")),
        chunk(&format!("{delta},{message},{end}")),
    ] {
        let observed = observed(OpenAiChat, &events(&[&text, &last]));
        assert_eq!((&*observed.text, &*observed.thinking), ("hello", ""));
        are(&observed.calls, &[("x", "read", A), ("y", "now", "{}")]);
    }
}

#[test]
fn arguments_of_an_event_that_differs_at_its_end_count_once() {
    let same = ["{\"a\":{", "\"b\"", ":", "1", "2", "3"];
    let mut chunks = Vec::from([call(&format!(r#"{ZERO}"id":"x","#), "read", "")]);
    chunks.extend(same.map(|piece| call(ZERO, "-", piece)));
    // The bracket is read once more when the event turns out to have another member.
    chunks.push(r#"{"index":0,"function":{"arguments":"}"},"x":1}"#.into());
    chunks.push(call(r#""index":5,"#, "-", "}"));
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    are(&calls(&chunks), &[("x", "read", r#"{"a":{"b":123}}"#)]);
}
