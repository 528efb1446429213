//! Server-sent events are split as the standard says, in any chunking; text that is not
//! UTF-8 never gets into a transcript.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zerostack_core::wire::sse::{Field, SseReader, SseToken};
use zerostack_core::{Dialect, ErrorKind, Growing, Session, SessionConfig};
use zerostack_tests::play::{self, Loop};
use zerostack_tests::shared;

/// What a stream says, as the vectors put it: events with data, and reconnection times.
fn events(stream: &[u8], chunk: usize) -> Vec<Value> {
    let mut reader = SseReader::new();
    let mut events = Vec::new();
    // The fields of the event, and of its line; the last line of a field counts.
    let mut event: [Option<Vec<u8>>; 4] = [const { None }; 4];
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    for chunk in stream.chunks(chunk.max(1)) {
        let mut rest = chunk;
        while let Some(token) = reader.next(&mut rest) {
            match token {
                SseToken::Line(field) => match &mut event[field as usize] {
                    // Lines of data are joined by a line feed.
                    Some(data) if field == Field::Data => data.push(b'\n'),
                    value => *value = Some(Vec::new()),
                },
                SseToken::Piece(field, piece) => {
                    event[field as usize].as_mut().expect("a line began").extend(piece);
                }
                SseToken::LineEnd(Field::Retry) => {
                    let value = event[Field::Retry as usize].take().expect("a line began");
                    events.extend(text(&value).parse::<u32>().ok().map(|n| json!({ "retry": n })));
                }
                SseToken::LineEnd(_) => {}
                SseToken::Dispatch => {
                    let [data, name, id, _] = std::mem::take(&mut event);
                    if let Some(data) = &data {
                        let (name, id) = (name.as_ref().map(text), id.as_ref().map(text));
                        events.push(json!({ "event": name, "id": id, "data": text(data) }));
                    }
                }
            }
        }
        assert!(rest.is_empty());
    }
    events
}

#[test]
fn the_vectors_are_split_as_they_say() {
    let Some(folder) = shared::folder("suites/sse") else { return };
    let mut vectors = 0;
    for row in shared::json_lines(&folder.join("vectors.jsonl")) {
        let stream = STANDARD.decode(row["input_b64"].as_str().unwrap()).unwrap();
        // Every size where that is quick; a page of a megabyte in a few.
        let sizes: Vec<usize> = match stream.len() {
            0..3000 => (1..=stream.len().max(1)).collect(),
            length => vec![1, 2, 3, 7, 64, 1000, length],
        };
        for chunk in sizes {
            let events = events(&stream, chunk);
            let context = format!("{} in chunks of {chunk}", row["name"]);
            if let Some(wanted) = row.get("expect_events") {
                assert_eq!(Value::from(events), *wanted, "{context}");
            } else {
                let events = events.iter().filter_map(|event| event.get("data"));
                let data: Vec<Value> = events.cloned().collect();
                assert_eq!(Value::from(data), row["expect_data"], "{context}");
            }
        }
        vectors += 1;
    }
    println!("{vectors} streams");
    assert!(vectors > 30);
}

#[test]
fn text_is_shown_up_to_the_first_byte_that_is_not_utf8() {
    let Some(folder) = shared::folder("suites/utf8") else { return };
    let (mut valid, mut invalid) = (0, 0);
    for row in shared::json_lines(&folder.join("vectors.jsonl")) {
        let text = STANDARD.decode(row["b64"].as_str().unwrap()).unwrap();
        if text.iter().any(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')) || text.is_empty() {
            continue;
        }
        let mut body = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"".to_vec();
        body.extend_from_slice(&text);
        body.extend_from_slice(b"\"},\"finish_reason\":\"stop\"}]}\n\n");
        for chunk in [1, 2, 3, body.len()] {
            let config = SessionConfig::new(Dialect::OpenAiChat, "m");
            let mut session = Session::new(Growing::new(1 << 16), config).unwrap();
            session.user("x").unwrap();
            session.begin_response(200, None).unwrap();
            let seen = play::reply(&mut session, body.chunks(chunk), Loop::WhileRest);
            match std::str::from_utf8(&text) {
                Ok(text) => {
                    assert_eq!(seen.text(), text);
                    assert_eq!(seen.end, Some(Ok("End(EndTurn)".into())));
                    valid += 1;
                }
                Err(error) => {
                    let begun = std::str::from_utf8(&text[..error.valid_up_to()]).unwrap();
                    assert_eq!(seen.text(), begun);
                    assert_ne!(seen.end, Some(Ok("End(EndTurn)".into())));
                    let kind = session.failure().unwrap().error.kind();
                    assert_eq!(kind, ErrorKind::BadResponse);
                    invalid += 1;
                }
            }
        }
    }
    println!("{valid} valid, {invalid} invalid");
    assert!(valid > 40 && invalid > 1000);
}
