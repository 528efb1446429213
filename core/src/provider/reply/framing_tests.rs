//! Framings that are mixed or out of order: a name of an event after its data, events among lines,
//! an array without its end, markers in another case.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::form_tests::{is_all, pieces};
use crate::provider::testing::{events, observed};
use crate::{Dialect, ErrorKind};

/// The pieces of a reply without the last, which tells how it ended.
fn cut_pieces(dialect: Dialect) -> Vec<&'static str> {
    let mut documents = pieces(dialect);
    // Anthropic tells it in the event before the last.
    let ends = if dialect == Dialect::Anthropic { 2 } else { 1 };
    documents.truncate(documents.len() - ends);
    documents
}

/// `body` is an error with the message "boom".
#[track_caller]
fn is_boom(dialect: Dialect, body: &str) {
    let (error, _, message) = observed(dialect, body).error.expect("an error");
    assert_eq!((error.kind(), message.as_str()), (ErrorKind::Status, "boom"), "{dialect:?} {body}");
}

#[test]
fn the_name_that_makes_an_event_an_error_may_follow_its_message() {
    let forms = [
        r#"{"message":"boom"}"#,
        r#"{"type":"overloaded_error","message":"boom"}"#,
        r#"{"error":{"message":"boom"}}"#,
        r#"{"detail":"boom"}"#,
        r#""boom""#,
        r#"["boom"]"#,
    ];
    for dialect in Dialect::ALL.iter().copied() {
        for before in [String::new(), events(&cut_pieces(dialect))] {
            for form in forms {
                is_boom(dialect, &format!("{before}data: {form}\nevent: error\n\n"));
                is_boom(dialect, &format!("{before}event: error\ndata: {form}\n\n"));
            }
        }
        // Under another name it is ignored, and leaves nothing for what follows. In Ollama's dialect a
        // message that is a text is always an error.
        if dialect == Dialect::Ollama {
            continue;
        }
        let progress = "data: {\"message\":\"boom\"}\nevent: progress\n\ndata: \"boom\"\n\n";
        for before in [0, 2, 3] {
            let documents = pieces(dialect);
            let (first, rest) = documents.split_at(before);
            let body = events(first) + progress + &events(rest) + progress;
            is_all(&observed(dialect, &body), dialect, &body);
        }
    }
}

#[test]
fn the_end_marker_is_known_in_any_case() {
    for dialect in Dialect::ALL.iter().copied() {
        for marker in ["[DONE]", "[done]", "[Done]"] {
            let body = events(&pieces(dialect)) + &events(&[marker]);
            is_all(&observed(dialect, &body), dialect, &body);
            let body = events(&cut_pieces(dialect)) + &events(&[marker]);
            let (error, ..) = observed(dialect, &body).error.expect("an error");
            assert_eq!(error.kind(), ErrorKind::Cut, "{dialect:?} {body}");
        }
    }
}

#[test]
fn a_document_that_is_no_object_changes_nothing() {
    for dialect in Dialect::ALL.iter().copied() {
        for word in ["null", "true", "7", "\"\"", "[]", "[null]", "{}"] {
            let body =
                pieces(dialect).iter().map(|piece| events(&[word, piece])).collect::<String>();
            is_all(&observed(dialect, &body), dialect, &body);
            let body = body + &events(&[word]);
            is_all(&observed(dialect, &body), dialect, &body);
        }
    }
}

#[test]
fn an_error_may_be_an_event_among_lines_or_a_line_among_events() {
    let error = r#"{"error":{"message":"boom","code":"x"}}"#;
    for dialect in Dialect::ALL.iter().copied() {
        let documents = cut_pieces(dialect);
        for count in [1, documents.len()] {
            let lines: String =
                documents.iter().take(count).map(|line| format!("{line}\n")).collect();
            for tail in [
                format!("data: {error}\n\n"),
                format!("event: error\ndata: {error}\n\n"),
                String::from("event: error\r\ndata: boom\r\n\r\n"),
                format!(": wait\n\ndata: {error}\n\n"),
                format!("id: 7\nretry: 5\ndata: {error}"),
                format!("{error}\n"),
            ] {
                is_boom(dialect, &format!("{lines}{tail}"));
                is_boom(dialect, &format!("{}{tail}", events(&documents[..count])));
            }
        }
        // A comment keeps a connection open, in lines too.
        if dialect == Dialect::Ollama {
            let body = pieces(dialect).join("\n: wait\n\n");
            is_all(&observed(dialect, &body), dialect, &body);
            // A line that is not JSON is not a comment: the reply lacks something.
            let body = format!("\0{}\n", pieces(dialect).join("\n"));
            assert!(observed(dialect, &body).error.is_some(), "{body}");
        }
    }
}

/// The element with the stop reason tells how the reply ended, as the last event of a stream does: the
/// bracket after it adds nothing. A comma announces another element, which the cut removed.
#[test]
fn an_array_without_its_bracket_is_whole_unless_an_element_is_due() {
    for dialect in Dialect::ALL.iter().copied() {
        let body = format!("[{}", pieces(dialect).join(",\r\n"));
        is_all(&observed(dialect, &body), dialect, &body);
        let cut = format!("[{}", cut_pieces(dialect).join(",\r\n"));
        // What follows the last event of the others is not read.
        let goes_on = matches!(dialect, Dialect::Gemini | Dialect::OpenAiChat);
        for body in [cut.clone() + "\n", cut + "]", body + ",\n"] {
            let error = observed(dialect, &body).error;
            if goes_on || !body.ends_with(",\n") {
                let (error, ..) = error.unwrap_or_else(|| panic!("{dialect:?} {body}"));
                assert_eq!(error.kind(), ErrorKind::Cut, "{dialect:?} {body}");
            }
        }
    }
    // A closed array may be one of several lines.
    for dialect in Dialect::ALL.iter().copied().filter(|it| *it == Dialect::Ollama) {
        let body: String = pieces(dialect).iter().map(|piece| format!("[{piece}]")).collect();
        is_all(&observed(dialect, &body), dialect, &body);
    }
}
