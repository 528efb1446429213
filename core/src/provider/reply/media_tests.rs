//! Images, sound and other media of a reply are not kept, and never pass for an empty answer.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::provider::testing::{config, events, observed, session};
use crate::{Dialect, Dropped, ErrorKind, Event, StopReason};

/// The media of a reply in each form, beside what `text` is in that dialect.
fn replies(text: &str) -> Vec<(Dialect, String)> {
    let said = |before: &str, after: &str| match text {
        "" => String::new(),
        text => format!("{before}{text}{after}"),
    };
    let part = said(r#"{"text":""#, r#""},"#);
    let mut replies = Vec::new();
    for media in [
        r#"{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}"#,
        r#"{"inline_data":{"mime_type":"audio/wav","data":"UklGRg=="}}"#,
        r#"{"fileData":{"fileUri":"https://files.example/1","mimeType":"video/mp4"}}"#,
        r#"{"file_data":{"file_uri":"gs://bucket/1"}}"#,
        r#"{"thoughtSignature":"c2ln","inlineData":{"data":"iVBORw0KGgo=","mimeType":"image/png"}}"#,
    ] {
        let document = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{part}{media}]}},"finishReason":"STOP"}}]}}"#
        );
        replies.push((Dialect::Gemini, events(&[&document])));
        replies.push((Dialect::Gemini, format!("[{document}]")));
    }
    let content = said(r#""content":""#, r#"","#);
    for media in [
        r#""images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]"#,
        r#""images":[{"image_url":"https://files.example/1.png"}]"#,
        r#""images":["data:image/png;base64,iVBORw0KGgo="]"#,
        r#""audio":{"id":"a","data":"UklGRg==","expires_at":1}"#,
    ] {
        let delta = format!(r#"{{"choices":[{{"index":0,"delta":{{{content}{media}}}}}]}}"#);
        let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        replies.push((Dialect::OpenAiChat, events(&[&delta, end])));
        let whole = format!(
            r#"{{"choices":[{{"message":{{"role":"assistant",{content}{media}}},"finish_reason":"stop"}}]}}"#
        );
        replies.push((Dialect::OpenAiChat, whole));
    }
    let parts = said(r#"{"type":"text","text":""#, r#""},"#);
    replies.push((
        Dialect::OpenAiChat,
        format!(
            r#"{{"choices":[{{"message":{{"content":[{parts}{{"type":"image_url","image_url":{{"url":"data:image/png;base64,iVBORw0KGgo="}}}}]}},"finish_reason":"stop"}}]}}"#
        ),
    ));
    let message =
        said(r#"{"type":"message","content":[{"type":"output_text","text":""#, r#""}]},"#);
    for item in [
        r#"{"type":"image_generation_call","id":"i","status":"completed","result":"iVBORw0KGgo="}"#,
        r#"{"result":"iVBORw0KGgo=","type":"image_generation_call"}"#,
        r#"{"type":"message","content":[{"type":"output_audio","data":"UklGRg=="}]}"#,
    ] {
        let whole = format!(r#"{{"status":"completed","output":[{message}{item}]}}"#);
        let completed = format!(r#"{{"type":"response.completed","response":{whole}}}"#);
        let done = |index: u8, item: &str| {
            format!(
                r#"{{"type":"response.output_item.done","output_index":{index},"item":{item}}}"#
            )
        };
        let (first, last) = (done(0, message.trim_end_matches(',')), done(1, item));
        let mut documents = Vec::from([last.as_str(), completed.as_str()]);
        if !text.is_empty() {
            documents.insert(0, &first);
        }
        replies.push((Dialect::OpenAiResponses, events(&documents)));
        replies.push((Dialect::OpenAiResponses, whole));
    }
    let block = said(r#"{"type":"text","text":""#, r#""},"#);
    let image = r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}"#;
    replies.push((
        Dialect::Anthropic,
        format!(r#"{{"type":"message","content":[{block}{image}],"stop_reason":"end_turn"}}"#),
    ));
    let said_first = format!(
        r#"{{"type":"content_block_start","index":0,"content_block":{{"type":"text","text":"{text}"}}}}"#
    );
    let start = format!(r#"{{"type":"content_block_start","index":1,"content_block":{image}}}"#);
    let stop = r#"{"type":"content_block_stop","index":1}"#;
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let last = r#"{"type":"message_stop"}"#;
    replies.push((Dialect::Anthropic, events(&[&said_first, &start, stop, end, last])));
    let content = said(r#""content":""#, r#"","#);
    replies.push((
        Dialect::Ollama,
        format!(
            "{{\"message\":{{{content}\"images\":[\"iVBORw0KGgo=\"]}},\"done\":true,\"done_reason\":\"stop\"}}\n"
        ),
    ));
    replies
}

#[test]
fn a_reply_of_nothing_but_media_is_an_error_in_every_dialect() {
    for (dialect, body) in replies("") {
        let heard = observed(dialect, &body);
        let (error, ..) = heard.error.unwrap_or_else(|| panic!("{dialect:?} {body}: an answer"));
        assert_eq!(error.kind(), ErrorKind::MediaOnly, "{dialect:?} {body}");
        assert!((8..200).contains(&error.detail()), "{dialect:?} {body}: {error:?}");
    }
}

#[test]
fn media_beside_a_text_are_reported_once_and_the_text_stays() {
    for (dialect, body) in replies("Here it is.") {
        let heard = observed(dialect, &body);
        assert_eq!(heard.text, "Here it is.", "{dialect:?} {body}");
        assert_eq!(heard.end, Some(StopReason::EndTurn), "{dialect:?} {body}");
        for chunk in [1, 7, body.len()] {
            let mut session = session(config(dialect));
            session.begin_response(200, None).expect("a request was sent");
            let mut reports = Vec::new();
            for piece in body.as_bytes().chunks(chunk) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let fed = session.feed(rest).expect("a good reply");
                    rest = &rest[fed.used..];
                    if let Some(Event::Truncated { what: Dropped::Reply, bytes }) = fed.event {
                        reports.push(bytes);
                    }
                }
            }
            session.end_response().expect("a good reply");
            assert_eq!(reports.len(), 1, "{dialect:?} in pieces of {chunk}: {body} {reports:?}");
            assert!((8..200).contains(&reports[0]), "{dialect:?} {body} {reports:?}");
        }
    }
}

#[test]
fn what_is_spoken_is_text() {
    let document = |delta: &str| format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
    let stream = events(&[
        &document(r#"{"role":"assistant","content":null,"audio":{"id":"a"}}"#),
        &document(r#"{"audio":{"transcript":"Good "}}"#),
        &document(r#"{"audio":{"data":"UklGRg=="}}"#),
        &document(r#"{"audio":{"transcript":"day."}}"#),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    ]);
    let whole = r#"{"choices":[{"message":{"content":null,"audio":{"id":"a","data":"UklGRg==","transcript":"Good day."}},"finish_reason":"stop"}]}"#;
    let item = r#"{"type":"message","content":[{"type":"output_audio","data":"UklGRg==","transcript":"Good day."}]}"#;
    for (dialect, body) in [
        (Dialect::OpenAiChat, stream),
        (Dialect::OpenAiChat, String::from(whole)),
        (Dialect::OpenAiResponses, format!(r#"{{"status":"completed","output":[{item}]}}"#)),
        (
            Dialect::OpenAiResponses,
            events(&[
                r#"{"type":"response.audio.transcript.delta","output_index":0,"delta":"Good "}"#,
                r#"{"type":"response.audio.transcript.delta","output_index":0,"delta":"day."}"#,
                &format!(
                    r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#
                ),
                r#"{"type":"response.completed","response":{"status":"completed"}}"#,
            ]),
        ),
    ] {
        let heard = observed(dialect, &body);
        assert_eq!((heard.text.as_str(), heard.end), ("Good day.", Some(StopReason::EndTurn)));
    }
}

#[test]
fn fields_without_media_report_nothing() {
    for (dialect, body) in [
        (
            Dialect::OpenAiChat,
            r#"{"choices":[{"message":{"content":"","images":[],"audio":null},"finish_reason":"stop"}]}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"candidates":[{"content":{"parts":[{"inlineData":null}]},"finishReason":"STOP"}]}"#,
        ),
        (Dialect::Ollama, r#"{"message":{"content":"","images":null},"done":true}"#),
        (
            Dialect::OpenAiResponses,
            r#"{"status":"completed","output":[{"type":"image_generation_call","result":null}]}"#,
        ),
    ] {
        let heard = observed(dialect, body);
        assert_eq!((heard.error, heard.end), (None, Some(StopReason::EndTurn)), "{body}");
    }
}
