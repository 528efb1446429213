//! A transcript as JSON Lines is lossless, readable by any program, and refused if it is wrong.

use serde_json::Value;
use zerostack_core::tool::schema::{Schema, Verdict};
use zerostack_core::{
    Config, Dialect, ErrorKind, Growing, JsonLinesReader, LineFault, Session, SessionConfig,
    Storage,
};
use zerostack_tests::fixtures;
use zerostack_tests::model;
use zerostack_tests::play;
use zerostack_tests::random::{Random, seed};

#[test]
fn random_sessions_are_the_same_again() {
    let seed = seed();
    let mut lines = 0;
    for case in 0..60 {
        let mut random = Random::new(seed.wrapping_add(case));
        let config = super::random_sessions::config(&mut random);
        let mut arena = vec![0; 16 * 1024];
        let mut session = Session::new(arena.as_mut_slice(), config).unwrap();
        for _ in 0..25 {
            lines += assert_lossless(&session, &mut random);
            super::random_sessions::act(&mut session, &mut random, case);
        }
    }
    println!("{lines} lines");
    assert!(lines > 3000, "{lines}");
}

#[test]
fn every_recorded_reply_is_the_same_again() {
    let mut random = Random::new(seed());
    let mut replies = 0;
    for fixture in fixtures::all() {
        let config = SessionConfig::new(fixture.dialect, "m");
        let mut session = Session::new([0; 32 * 1024], config).unwrap();
        if play::turn(&mut session, "Go \"on\"\n", &fixture.body).is_ok() {
            assert_lossless(&session, &mut random);
            // Answered out of order.
            while let Some(id) = session.pending_calls().last().map(|call| call.id) {
                let content = "done";
                let result = zerostack_core::ToolResult { id, content, is_error: true };
                session.tool_result(result).unwrap();
                assert_lossless(&session, &mut random);
            }
            replies += 1;
        }
    }
    println!("{replies} replies");
    assert!(replies > 10);
}

#[test]
fn instructions_of_the_program_stay_apart_from_the_users_text() {
    let config = SessionConfig::new(Dialect::Anthropic, "m");
    let mut session = Session::new([0; 2048], config).unwrap();
    session.instruct("Answer in verse").unwrap();
    session.user("Hello").unwrap();
    assert_lossless(&session, &mut Random::new(seed()));
}

const SCHEMA: &str = include_str!("../../std-runtime/docs/transcript.schema.json");

/// Writes the lines through a window, reads them in pieces, and compares all bytes; how many
/// lines there are.
pub(super) fn assert_lossless<C: Config + Copy, S: Storage>(
    session: &Session<C, S>,
    random: &mut Random,
) -> usize {
    let saved = session.snapshot().to_vec();
    let whole = resumed(saved, session.config());
    let window = *random.one_of(&[1, 5, 64, 4096]);
    let (mut lines, mut pull) = (Vec::new(), whole.transcript().json_lines());
    let mut buffer = vec![0; window];
    loop {
        match pull.read(&mut buffer) {
            0 => break,
            count => lines.extend_from_slice(&buffer[..count]),
        }
    }
    let text = std::str::from_utf8(&lines).unwrap();
    assert_eq!(text.lines().count(), whole.transcript().entries().count());
    // Another writer may bring the keys into another order.
    let mut sorted = String::new();
    let schema = Schema::new(SCHEMA).unwrap();
    for line in text.lines() {
        assert_eq!(schema.check(line).unwrap(), Verdict::Valid, "{line}");
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(value["role"].is_string(), "{line}");
        sorted += &value.to_string();
        sorted += *random.one_of(&["\n", "\r\n", " \n\n"]);
    }
    for text in [text, sorted.trim_end()] {
        let mut reader = JsonLinesReader::new(Growing::new(1 << 20)).unwrap();
        for chunk in model::chunks(text.as_bytes(), random) {
            reader.push(chunk).unwrap_or_else(|_| panic!("{:?} in {text}", reader.fault()));
        }
        let (storage, used) = reader.finish().unwrap();
        let again = Session::resume(storage, used, session.config()).unwrap();
        assert_eq!(again.snapshot(), whole.snapshot(), "{text}");
        assert_eq!(again.step(), whole.step());
    }
    text.lines().count()
}

fn resumed<C: Config>(saved: Vec<u8>, config: C) -> Session<C, Growing> {
    let used = saved.len();
    Session::resume(Growing::from_vec(saved, 1 << 20), used, config).unwrap()
}

const USER: &str = r#"{"role":"user","text":"hi"}"#;
const CALL: &str = r#"{"role":"assistant","call":{"id":"a","name":"f","arguments":"{}"}}"#;

#[test]
fn lines_written_by_hand_are_read() {
    let lines = concat!(
        r#"{"role":"system","text":"You are"}"#,
        "\n\n",
        r#"{"tools":[{"name":"f","parameters":{"role":"user"}}],"role":"tools"}"#,
        "\r\n",
        r#"  {"content":"hi","role":"user","when":{"text":"no"}}  "#,
        "\n",
        r#"{"call":{"arguments":"{}","name":"f","id":"a"},"role":"assistant","text":null}"#,
        "\n",
        r#"{"role":"assistant","call":{"name":"g","arguments":"\ud83e\udd80"}}"#,
        "\n",
        r#"{"role":"tool","text":"two","index":1,"is_error":false}"#,
        "\n",
        r#"{"text":"one","id":"a","role":"tool"}"#,
        "\n",
        r#"{"role":"assistant","text":""}"#,
        "\n",
        r#"{"role":"assistant","text":"b","begins":true}"#,
    );
    for size in [1, 3, 1000] {
        let mut reader = JsonLinesReader::new(Growing::new(4096)).unwrap();
        lines.as_bytes().chunks(size).for_each(|chunk| reader.push(chunk).unwrap());
        let (storage, used) = reader.finish().unwrap();
        let config = SessionConfig::new(Dialect::OpenAiChat, "m");
        let session = Session::resume(storage, used, config).unwrap();
        let mut written = vec![0; 4096];
        let length = session.transcript().json_lines().read(&mut written);
        let expected = concat!(
            r#"{"role":"user","text":"hi"}"#,
            "\n",
            r#"{"role":"assistant","call":{"id":"a","name":"f","arguments":"{}"}}"#,
            "\n",
            r#"{"role":"assistant","call":{"id":"","name":"g","arguments":"🦀"}}"#,
            "\n",
            r#"{"role":"tool","id":"","text":"two"}"#,
            "\n",
            r#"{"role":"tool","id":"a","text":"one"}"#,
            "\n",
            r#"{"role":"assistant","text":""}"#,
            "\n",
            r#"{"role":"assistant","begins":true,"text":"b"}"#,
            "\n",
        );
        assert_eq!(std::str::from_utf8(&written[..length]).unwrap(), expected);
    }
}

#[test]
fn wrong_lines_are_refused_with_their_number_and_a_reason() {
    use LineFault::{
        BadField, Dialect, Fields, NotJson, OpenCalls, Order, Role, TooLong, UnknownCall,
    };
    let long = "x".repeat(256);
    let call = |id: &str, name: &str| {
        format!(r#"{{"role":"assistant","call":{{"id":"{id}","name":"{name}","arguments":""}}}}"#)
    };
    let cases: Vec<(Vec<String>, LineFault)> = [
        (vec!["hello".into()], NotJson),
        (vec![USER.into(), "[]".into()], NotJson),
        (vec![USER.into(), format!("[{USER}]")], NotJson),
        (vec![USER.into(), r#"{"role":"user","#.into(), r#""text":"x"}"#.into()], NotJson),
        (vec![format!("{USER}{USER}")], NotJson),
        (vec![USER.into(), "{}".into()], Role),
        (vec![r#"{"role":"king","text":"x"}"#.into()], Role),
        (vec![r#"{"role":"a role that is longer than any","text":"x"}"#.into()], Role),
        (vec![r#"{"role":"user"}"#.into()], Fields),
        (vec![r#"{"role":"user","text":"a","content":"b"}"#.into()], Fields),
        (vec![r#"{"role":"user","text":"a","id":"b"}"#.into()], Fields),
        (vec![USER.into(), r#"{"role":"assistant"}"#.into()], Fields),
        (vec![USER.into(), r#"{"role":"assistant","text":"a","thinking":"b"}"#.into()], Fields),
        (vec![USER.into(), r#"{"role":"assistant","call":{"name":"f"}}"#.into()], Fields),
        (vec![USER.into(), CALL.into(), r#"{"role":"tool","text":"x"}"#.into()], Fields),
        (vec![r#"{"role":"user","text":5}"#.into()], BadField),
        (vec![r#"{"role":"user","text":["a","b"]}"#.into()], BadField),
        (vec![r#"{"role":"user","text":"a","text":"b"}"#.into()], BadField),
        (vec![r#"{"role":"user","text":"a","summary":"yes"}"#.into()], BadField),
        (vec![USER.into(), r#"{"role":"assistant","thinking":"a","field":256}"#.into()], BadField),
        (vec![USER.into(), r#"{"role":"system","text":"late"}"#.into()], Order),
        (vec![r#"{"role":"assistant","text":"first"}"#.into()], Order),
        (vec![USER.into(), CALL.into(), USER.into()], OpenCalls),
        (
            vec![
                USER.into(),
                CALL.into(),
                r#"{"role":"assistant","text":"a","begins":true}"#.into(),
            ],
            OpenCalls,
        ),
        (vec![USER.into(), r#"{"role":"tool","id":"a","text":"x"}"#.into()], UnknownCall),
        (
            vec![USER.into(), CALL.into(), r#"{"role":"tool","id":"b","text":"x"}"#.into()],
            UnknownCall,
        ),
        (
            vec![USER.into(), CALL.into(), r#"{"role":"tool","index":1,"text":"x"}"#.into()],
            UnknownCall,
        ),
        (vec![USER.into(), call("a", &long)], TooLong),
        (
            vec![
                USER.into(),
                r#"{"role":"assistant","opaque":{"provider":"none","text":"x"}}"#.into(),
            ],
            Dialect,
        ),
    ]
    .into();
    for (lines, fault) in cases {
        let text = lines.join("\n");
        // One line is cut in two by the case that tests it.
        let number = if text.contains(",\n") { 2 } else { lines.len() };
        for size in [1, 7, 1000] {
            let mut reader = JsonLinesReader::new(Growing::new(4096)).unwrap();
            let mut pieces = text.as_bytes().chunks(size);
            let error = pieces.find_map(|chunk| reader.push(chunk).err());
            let error = error.or_else(|| reader.push(b"\n").err());
            let error = error.unwrap_or_else(|| panic!("{text} was read"));
            assert_eq!(
                (error.kind(), error.detail() as usize),
                (ErrorKind::BadLine, number),
                "{text}"
            );
            assert_eq!(reader.fault(), Some(fault), "{text}");
            if fault == OpenCalls {
                assert_eq!(reader.open_call(), Some("a"));
            }
            assert_eq!(reader.push(b"{}").unwrap_err(), error);
        }
    }
    let mut reader = JsonLinesReader::new([0; 20]).unwrap();
    let error = reader.push(USER.as_bytes()).and_then(|()| reader.push(USER.as_bytes()));
    assert!(error.is_err());
    let mut reader = JsonLinesReader::new([0; 13]).unwrap();
    assert_eq!(reader.push(USER.as_bytes()).unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(reader.fault(), None);
}
