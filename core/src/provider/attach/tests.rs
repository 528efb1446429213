extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::{Value, json};

use crate::provider::testing::config;
use crate::{
    Attachment, AttachmentSource, Dialect, Entry, Error, ErrorKind, JsonLinesReader, Limits, Part,
    Request, Role, RoomPolicy, Session, SessionConfig, Step, ToolMode, ToolResult, ToolSpec,
    TranscriptBuilder,
};

type TestSession = Session<SessionConfig<'static>, [u8; ROOM]>;

const ROOM: usize = 4096;

/// A storage that begins with `bytes`.
fn room(bytes: &[u8]) -> [u8; ROOM] {
    let mut storage = [0; ROOM];
    storage[..bytes.len()].copy_from_slice(bytes);
    storage
}

const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAiChat,
    Dialect::Anthropic,
    Dialect::OpenAiResponses,
    Dialect::Gemini,
    Dialect::Ollama,
];

const TOOLS: &[ToolSpec<'static>] =
    &[ToolSpec { name: "look", description: "Looks", parameters: "{}" }];

/// Two files, of which one ends within a group of base64.
const FILES: &[&[u8]] = &[b"\x89PNG\xff\xfe", b"second picture of many bytes, 40 of them"];

const PNG: Attachment<'static> = Attachment::new(0, "image/png", FILES[0].len() as u32);
const PNG_BASE64: &str = "iVBORw==";

fn png() -> Attachment<'static> {
    Attachment { name: "cat \"1\".png", ..Attachment::new(0, "image/png", 4) }
}

fn start(config: SessionConfig<'static>) -> TestSession {
    Session::new([0; ROOM], config).unwrap()
}

/// The body, read from `FILES` through a buffer of `size` bytes.
fn body(session: &TestSession, size: usize) -> Result<Vec<u8>, Error> {
    let mut request = session.request_with_attachments()?;
    let (mut all, mut buffer) = (Vec::new(), std::vec![0; size]);
    loop {
        let count = request.read_from(&mut buffer, &mut read)?;
        if count == 0 {
            return Ok(all);
        }
        all.extend_from_slice(&buffer[..count]);
    }
}

/// Gives at most 5 bytes a time.
fn read(number: u32, offset: u32, out: &mut [u8]) -> Option<usize> {
    let files: &[&[u8]] = &[&FILES[0][..4], FILES[1]];
    let rest = files.get(number as usize)?.get(offset as usize..).unwrap_or_default();
    let count = rest.len().min(out.len()).min(5);
    out[..count].copy_from_slice(&rest[..count]);
    Some(count)
}

fn sent(session: &TestSession) -> Value {
    serde_json::from_slice(&body(session, 4096).unwrap()).unwrap()
}

/// A conversation that waits for the answer to "What?" with a picture, or to the pictures of two
/// tools.
fn with_results(dialect: Dialect, model: &'static str) -> TestSession {
    let mut builder = TranscriptBuilder::new([0; ROOM]).unwrap();
    let call = |name| {
        Part::ToolCall(crate::ToolCall {
            id: crate::CallId::from_number(0),
            provider_id: name,
            name: "look",
            arguments: "{}",
        })
    };
    let result = |number, content| {
        Part::ToolResult(ToolResult {
            id: crate::CallId::from_number(number),
            content,
            is_error: number == 1,
        })
    };
    let second = Attachment::new(1, "image/jpeg", FILES[1].len() as u32);
    for (role, part) in [
        (Role::User, Part::Text("Look")),
        (Role::Assistant, call("c1")),
        (Role::Assistant, call("c2")),
        (Role::Tool, result(1, "")),
        (Role::Tool, Part::Attachment(second)),
        (Role::Tool, Part::Attachment(png())),
        (Role::Tool, result(0, "seen")),
    ] {
        builder.push(Entry::new(role, part)).unwrap();
    }
    let (storage, used) = builder.finish();
    let config = SessionConfig { tools: TOOLS, model, ..config(dialect) };
    Session::resume(storage, used, config).unwrap()
}

#[test]
fn a_users_picture_stands_where_each_dialect_has_it() {
    let wanted = [
        json!({"role": "user", "content": [
            {"type": "text", "text": "What?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        ]}),
        json!({"role": "user", "content": [
            {"type": "image",
             "source": {"type": "base64", "media_type": "image/png", "data": PNG_BASE64}},
            {"type": "text", "text": "What?"},
        ]}),
        json!({"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "What?"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw=="},
        ]}),
        json!({"role": "user", "parts": [
            {"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}},
            {"text": "What?"},
        ]}),
        json!({"role": "user", "content": "What?", "images": [PNG_BASE64]}),
    ];
    for (dialect, wanted) in DIALECTS.into_iter().zip(wanted) {
        let mut session = start(config(dialect));
        session.user_with("What?", &[png()]).unwrap();
        let body = sent(&session);
        let list = ["messages", "input", "contents"].into_iter().find_map(|it| body.get(it));
        assert_eq!(list.unwrap(), &json!([wanted]), "{dialect:?}");
        // A picture alone is enough, and an empty text is no part: servers refuse one.
        let mut session = start(config(dialect));
        session.user_with(" ", &[png()]).unwrap();
        let body = sent(&session);
        let list = ["messages", "input", "contents"].into_iter().find_map(|it| body.get(it));
        let parts = list.unwrap()[0].get("content").or(list.unwrap()[0].get("parts")).unwrap();
        assert_eq!(parts.as_array().map_or(1, Vec::len), 1, "{dialect:?}: {parts}");
    }
}

#[test]
fn pictures_of_results_stand_where_each_dialect_has_them() {
    let b64 = "c2Vjb25kIHBpY3R1cmUgb2YgbWFueSBieXRlcywgNDAgb2YgdGhlbQ==";
    let uri = std::format!("data:image/jpeg;base64,{b64}");
    let png_uri = "data:image/png;base64,iVBORw==";
    let chat = sent(&with_results(Dialect::OpenAiChat, "m"))["messages"].clone();
    assert_eq!(
        chat.as_array().unwrap()[2..],
        [
            json!({"role": "tool", "tool_call_id": "c2", "content": ""}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "seen"}),
            json!({"role": "user", "content": [
                {"type": "text", "text": "Returned by the tool call c2:"},
                {"type": "image_url", "image_url": {"url": uri}},
                {"type": "image_url", "image_url": {"url": png_uri}},
            ]}),
        ]
    );
    let anthropic = sent(&with_results(Dialect::Anthropic, "m"))["messages"].clone();
    assert_eq!(
        anthropic[2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "c2", "is_error": true, "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": b64}},
                {"type": "image",
                 "source": {"type": "base64", "media_type": "image/png", "data": PNG_BASE64}},
            ]},
            {"type": "tool_result", "tool_use_id": "c1", "content": "seen"},
        ])
    );
    let responses = sent(&with_results(Dialect::OpenAiResponses, "m"))["input"].clone();
    assert_eq!(
        responses.as_array().unwrap()[3..],
        [
            json!({"type": "function_call_output", "call_id": "c2", "output": [
                {"type": "input_image", "image_url": uri},
                {"type": "input_image", "image_url": png_uri},
            ]}),
            json!({"type": "function_call_output", "call_id": "c1", "output": "seen"}),
        ]
    );
    // The third generation takes them within the result, older ones beside it.
    let parts = [
        json!({"inlineData": {"mimeType": "image/jpeg", "data": b64}}),
        json!({"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}}),
    ];
    let third = sent(&with_results(Dialect::Gemini, "gemini-3-pro"))["contents"][2].clone();
    assert_eq!(
        third["parts"],
        json!([
            {"functionResponse": {"id": "c1", "name": "look", "response": {"output": "seen"}}},
            {"functionResponse":
                {"id": "c2", "name": "look", "response": {"error": ""}, "parts": parts}},
        ])
    );
    let second = sent(&with_results(Dialect::Gemini, "gemini-2.5-pro"))["contents"][2].clone();
    assert_eq!(
        second["parts"].as_array().unwrap()[1..],
        [
            json!({"functionResponse": {"id": "c2", "name": "look", "response": {"error": ""}}}),
            parts[0].clone(),
            parts[1].clone(),
        ]
    );
    let ollama = sent(&with_results(Dialect::Ollama, "m"))["messages"].clone();
    assert_eq!(
        ollama.as_array().unwrap()[2..],
        [
            json!({"role": "tool", "tool_name": "look", "tool_call_id": "c1", "content": "seen"}),
            json!({"role": "tool", "tool_name": "look", "tool_call_id": "c2", "content": "",
            "images": [b64, PNG_BASE64]}),
        ]
    );
}

#[test]
fn every_buffer_and_every_place_gives_the_same_bytes() {
    for dialect in DIALECTS {
        let session = with_results(dialect, "m");
        let whole = body(&session, 4096).unwrap();
        assert_eq!(session.request_with_attachments().unwrap().body_len(), whole.len());
        for size in 1..80 {
            assert_eq!(body(&session, size).unwrap(), whole, "{dialect:?}, {size} bytes");
        }
        // By hand: bytes are given when they are asked for, a few at a time, and the request is
        // made anew for each read, as at a border that keeps no borrow.
        for (size, given) in [(1, 3), (2, 5), (3, 4), (7, 100), (64, 3)] {
            let mut place = session.request_with_attachments().unwrap().place();
            let mut all = Vec::new();
            loop {
                let mut request = session.request_with_attachments().unwrap().read_to(place);
                let mut buffer = std::vec![0; size];
                let count = request.read(&mut buffer);
                all.extend_from_slice(&buffer[..count]);
                if count == 0 {
                    let Some(wanted) = request.wanted() else { break };
                    let mut bytes = std::vec![0; given.min(wanted.bytes as usize)];
                    fill(wanted.number, wanted.offset, &mut bytes);
                    let count = request.supply(&bytes, &mut buffer);
                    assert!(count > 0);
                    all.extend_from_slice(&buffer[..count]);
                }
                place = request.place();
            }
            assert_eq!(all, whole, "{dialect:?}: {size} by {given}");
        }
    }
}

fn fill(number: u32, offset: u32, mut out: &mut [u8]) {
    let mut offset = offset;
    while !out.is_empty() {
        let count = read(number, offset, out).unwrap();
        offset += count as u32;
        out = &mut out[count..];
    }
}

#[test]
fn what_a_dialect_has_no_place_for_is_refused_before_it_is_added() {
    let url = |media_type| Attachment {
        bytes: 0,
        source: AttachmentSource::Url("https://example.com/a"),
        ..Attachment::new(0, media_type, 0)
    };
    let id =
        |media_type| Attachment { source: AttachmentSource::FileId("file-1"), ..url(media_type) };
    let own = |media_type| Attachment::new(0, media_type, 9);
    // chat, anthropic, responses, gemini, ollama
    let rows: [(Attachment<'_>, [bool; 5]); 12] = [
        (own("image/webp"), [true, true, true, true, true]),
        (own("image/bmp"), [false, false, false, true, false]),
        (url("image/*"), [true, true, true, true, false]),
        (id("image/png"), [false, true, true, true, false]),
        (own("application/pdf"), [true, true, true, true, false]),
        (url("application/pdf"), [false, true, true, true, false]),
        (id("application/pdf"), [true, true, true, true, false]),
        (own("audio/wav"), [true, false, false, true, false]),
        (own("audio/ogg"), [false, false, false, true, false]),
        (own("video/mp4"), [false, false, false, true, false]),
        (own("text/csv"), [false, false, false, true, false]),
        (id("text/plain"), [true, true, true, true, false]),
    ];
    for (attachment, takes) in rows {
        for (dialect, takes) in DIALECTS.into_iter().zip(takes) {
            let mut session = start(config(dialect));
            let said = session.user_with("Read", &[own("image/png"), attachment]);
            let wanted = if takes { Ok(()) } else { Err((ErrorKind::UnsupportedAttachment, 1)) };
            let said = said.map_err(|error| (error.kind(), error.detail()));
            assert_eq!(said, wanted, "{dialect:?}: {attachment:?}");
            assert_eq!(session.transcript().is_empty(), !takes);
            assert_eq!(session.takes_attachment(&attachment), takes);
            if takes {
                let mut request = session.request_with_attachments().unwrap();
                let length = request.body_len();
                let mut buffer = [0; 4096];
                let count = request.read_from(&mut buffer, &mut [&b"123456789"[..]].as_slice());
                assert_eq!(count.unwrap(), length);
                let _: Value = serde_json::from_slice(&buffer[..length]).unwrap();
            }
        }
    }
    let bad = [
        Attachment::new(0, "image", 9),
        Attachment::new(0, "image/png\"", 9),
        Attachment::new(0, "image/png/x", 9),
        Attachment::new(0, "", 9),
        Attachment::new(0, "image/*", 9),
        Attachment::new(0, "image/png", 0),
        Attachment::new(0, "image/png", u32::MAX),
        Attachment { source: AttachmentSource::Url("file:///etc/passwd"), ..png() },
        Attachment { source: AttachmentSource::Url("https://a b"), ..png() },
        Attachment { source: AttachmentSource::FileId(""), ..png() },
    ];
    for attachment in bad {
        let mut session = start(config(Dialect::Gemini));
        let error = session.user_with("Read", &[attachment]).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadAttachment, 0), "{attachment:?}");
        assert!(session.transcript().is_empty());
    }
}

#[test]
fn tools_by_words_take_none_and_say_so() {
    for mode in [ToolMode::Text, ToolMode::Schema] {
        let config = SessionConfig { tools: TOOLS, tool_mode: mode, ..config(Dialect::Ollama) };
        let error = start(config).user_with("What?", &[png()]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedAttachment);
        // A conversation of another dialect goes on, and a line for the model names what is missing.
        let forked = with_results(Dialect::OpenAiChat, "m").fork([0; ROOM], config).unwrap();
        let mut body = [0; 8192];
        let length = forked.request().unwrap().read(&mut body);
        let body: Value = serde_json::from_slice(&body[..length]).unwrap();
        let text = body["messages"].to_string();
        assert!(text.contains(r#"[image cat \"1\".png, image/png, 4 bytes"#), "{text}");
    }
}

#[test]
fn another_dialect_gets_a_description_of_what_it_cannot_be_sent() {
    let mut session = start(config(Dialect::Gemini));
    let song = Attachment { name: "song", ..Attachment::new(1, "audio/ogg", 40) };
    session.user_with("Listen", &[song]).unwrap();
    for dialect in
        [Dialect::OpenAiChat, Dialect::Anthropic, Dialect::OpenAiResponses, Dialect::Ollama]
    {
        let forked = session.fork([0; ROOM], config(dialect)).unwrap();
        let mut body = [0; 2048];
        // No bytes are needed.
        let length = forked.request().unwrap().read(&mut body);
        let body: Value = serde_json::from_slice(&body[..length]).unwrap();
        let line = "[audio song, audio/ogg, 40 bytes: this model cannot be sent it]";
        assert!(body.to_string().contains(line), "{body}");
    }
}

#[test]
fn without_its_bytes_a_conversation_says_so_and_can_go_on() {
    for dialect in DIALECTS {
        let mut session = start(config(dialect));
        session.user_with("What?", &[png()]).unwrap();
        let used = session.snapshot().len();
        let snapshot = room(session.snapshot());
        let mut session = Session::resume(snapshot, used, config(dialect)).unwrap();
        assert_eq!(session.step(), Step::Send);
        let error = session.request().err().unwrap();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::MissingAttachment, 0));
        let mut request = session.request_with_attachments().unwrap();
        let mut none = |_: u32, _: u32, _: &mut [u8]| None;
        let error = loop {
            match request.read_from(&mut [0; 64], &mut none) {
                Ok(count) => assert!(count > 0),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error.detail()), (ErrorKind::MissingAttachment, 0));
        assert_eq!(session.leave_out_attachments(), Ok(1));
        let mut body = [0; 2048];
        let length = session.request().unwrap().read(&mut body);
        let body: Value = serde_json::from_slice(&body[..length]).unwrap();
        let text = body.to_string();
        assert!(text.contains(r#".png, image/png, 4 bytes: left out]"#), "{text}");
        assert_eq!(session.leave_out_attachments(), Ok(0));
    }
}

#[test]
fn a_file_of_another_length_fails_before_it_is_half_sent() {
    let mut session = start(config(Dialect::Anthropic));
    session.user_with("What?", &[Attachment::new(0, "image/png", 4)]).unwrap();
    for (file, written) in [(&b"123"[..], false), (b"12345", false), (b"1234", true)] {
        let files = [file];
        for size in [1, 3, 4, 64, 1000] {
            let mut request = session.request_with_attachments().unwrap();
            let mut buffer = std::vec![0; size];
            let ended = loop {
                match request.read_from(&mut buffer, &mut &files[..]) {
                    Ok(0) => break Ok(()),
                    Ok(_) => {}
                    Err(error) => break Err((error.kind(), error.detail())),
                }
            };
            let wanted = if written { Ok(()) } else { Err((ErrorKind::AttachmentLength, 0)) };
            assert_eq!(ended, wanted, "{file:?} by {size}");
        }
    }
}

#[test]
fn snapshots_lines_forks_and_journals_keep_attachments() {
    for dialect in DIALECTS {
        let session = with_results(dialect, "m");
        let whole = body(&session, 4096).unwrap();
        let mut lines = String::new();
        let mut buffer = [0; 9];
        let mut writer = session.transcript().json_lines();
        let mut bytes = Vec::new();
        loop {
            let count = writer.read(&mut buffer);
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(&buffer[..count]);
        }
        lines.push_str(core::str::from_utf8(&bytes).unwrap());
        assert!(lines.contains(
            r#"{"role":"tool","attachment":{"type":"image/png","name":"cat \"1\".png","bytes":4,"number":0}}"#
        ), "{lines}");
        for chunk in [1, 7, bytes.len()] {
            let mut reader = JsonLinesReader::new([0; ROOM]).unwrap();
            for piece in bytes.chunks(chunk) {
                reader.push(piece).unwrap();
            }
            let (storage, used) = reader.finish().unwrap();
            let read = Session::resume(storage, used, *session.config()).unwrap();
            assert_eq!(read.snapshot(), session.snapshot());
        }
        let config = *session.config();
        let forked = session.fork([0; ROOM], config).unwrap();
        assert_eq!(body(&forked, 100).unwrap(), whole);
        let entries: Vec<_> = session.transcript().entries().collect();
        assert_eq!(entries.iter().filter(|it| matches!(it.part, Part::Attachment(_))).count(), 2);
        let mut builder = TranscriptBuilder::new([0; ROOM]).unwrap();
        entries.into_iter().for_each(|entry| builder.push(entry).unwrap());
        let (storage, used) = builder.finish();
        let built = Session::resume(storage, used, config).unwrap();
        assert_eq!(built.snapshot(), session.snapshot());
    }
}

#[test]
fn lines_of_all_sources_are_read_again_and_bad_ones_refused() {
    let good = [
        r#"{"role":"user","text":"Read"}"#,
        r#"{"role":"user","attachment":{"url":"https://e.x/a","type":"image/*"}}"#,
        r#"{"role":"user","attachment":{"file_id":"f-1","bytes":7,"name":"n","type":"application/pdf","tokens":3},"cut":true,"ended":true}"#,
    ];
    let read = |lines: &[&str]| {
        let mut reader = JsonLinesReader::new([0; ROOM]).unwrap();
        lines.iter().try_for_each(|line| reader.push(line.as_bytes()).and(reader.push(b"\n")))?;
        reader.finish()
    };
    let (storage, used) = read(&good).unwrap();
    let session = Session::resume(storage, used, config(Dialect::Gemini)).unwrap();
    assert_eq!(session.step(), Step::Idle, "the turn ended");
    let parts: Vec<_> =
        session.transcript().entries().map(|entry| (entry.part, entry.is_cut)).collect();
    let url = AttachmentSource::Url("https://e.x/a");
    assert_eq!(
        parts[1].0,
        Part::Attachment(Attachment {
            media_type: "image/*",
            name: "",
            bytes: 0,
            tokens: 0,
            source: url
        })
    );
    let source = AttachmentSource::FileId("f-1");
    assert_eq!(
        parts[2],
        (
            Part::Attachment(Attachment {
                media_type: "application/pdf",
                name: "n",
                bytes: 7,
                tokens: 3,
                source
            }),
            true
        )
    );
    let first = r#"{"role":"user","text":"Read"}"#;
    for bad in [
        r#"{"role":"user","attachment":{"type":"image/png","bytes":3}}"#,
        r#"{"role":"user","attachment":{"type":"image/png","bytes":3,"number":1,"url":"https://x"}}"#,
        r#"{"role":"user","attachment":{"number":1,"bytes":3}}"#,
        r#"{"role":"user","attachment":{"type":"","number":1,"bytes":3}}"#,
        r#"{"role":"user","attachment":{"type":"png","number":1,"bytes":3}}"#,
        r#"{"role":"user","attachment":{"type":"image/png","number":1,"bytes":0}}"#,
        r#"{"role":"tool","attachment":{"type":"image/png","number":1,"bytes":3}}"#,
        r#"{"role":"assistant","attachment":{"type":"image/png","number":1,"bytes":3}}"#,
        r#"{"role":"user","text":"x","attachment":{"type":"image/png","number":1,"bytes":3}}"#,
    ] {
        let error = read(&[first, bad]).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadLine, 2), "{bad}");
    }
    let alone = r#"{"role":"user","attachment":{"type":"image/png","number":1,"bytes":3}}"#;
    assert_eq!(read(&[alone]).unwrap_err().detail(), 1);
}

#[test]
fn a_turn_that_ended_after_an_attachment_is_resumed_as_it_was() {
    let mut session = start(config(Dialect::Anthropic));
    session.user_with("What?", &[png()]).unwrap();
    session.abort();
    let used = session.snapshot().len();
    let snapshot = room(session.snapshot());
    let mut resumed = Session::resume(snapshot, used, config(Dialect::Anthropic)).unwrap();
    assert_eq!(resumed.step(), Step::Idle);
    // What follows is a message of its own, and the request has both.
    resumed.user("Go on").unwrap();
    assert_eq!(sent(&resumed)["messages"].as_array().unwrap().len(), 2);
    let error =
        Session::resume(room(&session.snapshot()[..used - 1]), used - 1, config(Dialect::Gemini));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BadTranscript);
}

#[test]
fn a_joined_text_and_a_picture_are_one_message() {
    for dialect in [Dialect::OpenAiChat, Dialect::Ollama] {
        let mut session = start(config(dialect));
        session.user("One").unwrap();
        session.abort();
        session.user_with("Two", &[png()]).unwrap();
        let messages = sent(&session)["messages"].clone();
        assert_eq!(messages.as_array().unwrap().len(), 1, "{messages}");
        let text = messages.to_string();
        assert!(text.contains("One") && text.contains("Two") && text.contains(PNG_BASE64));
    }
}

#[test]
fn attachments_count_and_the_old_ones_are_left_out_first() {
    for dialect in DIALECTS {
        let limits = Limits {
            context_tokens: 9000,
            high_water_tokens: 2000,
            low_water_tokens: 600,
            max_output_tokens: 100,
            room: RoomPolicy::ElideResults,
            ..Limits::DEFAULT
        };
        let config = SessionConfig { limits, ..config(dialect) };
        let mut session = start(config);
        let large = Attachment { tokens: 1500, ..png() };
        session.user_with("One", &[large]).unwrap();
        let first = session.window_tokens().total();
        assert!((1500..1600).contains(&first), "{dialect:?}: {first}");
        session.abort();
        // Those of the running turn stay.
        session.user_with("Two", &[large]).unwrap();
        assert!(matches!(session.step(), Step::MakeRoom { .. }));
        while let Step::MakeRoom { .. } = session.step() {
            session.make_room().unwrap();
        }
        let after = session.window_tokens().total();
        assert!((1500..1700).contains(&after), "{dialect:?}: {after}");
        let body = sent(&session).to_string();
        assert_eq!(body.matches(PNG_BASE64).count(), 1, "{body}");
        // The provider's own rule, where the caller says nothing.
        let mut session = start(SessionConfig { limits: Limits::DEFAULT, ..config });
        session.user_with("", &[png()]).unwrap();
        let rule = session.window_tokens().total();
        assert!((1000..1700).contains(&rule), "{dialect:?}: {rule}");
    }
}

#[test]
fn a_full_storage_adds_nothing() {
    let mut session = Session::new([0; 70], config(Dialect::OpenAiChat)).unwrap();
    let error = session.user_with("What is this?", &[png()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert!(session.transcript().is_empty());
    assert_eq!(session.step(), Step::Idle);
    // A result that has no room for its picture is not there at all.
    let whole = with_results(Dialect::Anthropic, "m");
    let entries: Vec<_> = whole.transcript().entries().collect();
    let mut builder = TranscriptBuilder::new([0; ROOM]).unwrap();
    entries[..3].iter().for_each(|entry| builder.push(*entry).unwrap());
    let (storage, used) = builder.finish();
    let mut small = [0; 100];
    small[..used].copy_from_slice(&storage[..used]);
    let config = SessionConfig { tools: TOOLS, ..config(Dialect::Anthropic) };
    let mut session = Session::resume(small, used, config).unwrap();
    let id = session.pending_call().unwrap().id;
    let result = ToolResult { id, content: "seen", is_error: false };
    let error = session.tool_result_with(result, &[png()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!((session.transcript().used_bytes(), session.pending_calls().count()), (used, 2));
    assert!(session.tool_result(result).is_ok());
}

#[test]
fn a_file_of_the_provider_needs_its_header_and_no_bytes() {
    let source = AttachmentSource::FileId("file_1");
    let file = Attachment { bytes: 0, source, ..Attachment::new(0, "application/pdf", 0) };
    let mut session = start(config(Dialect::Anthropic));
    session.user_with("Read", &[file]).unwrap();
    let request: Request<'_> = session.request().unwrap();
    assert!(request.headers().iter().any(|(name, _)| *name == "anthropic-beta"));
    let document = json!({"type": "document", "source": {"type": "file", "file_id": "file_1"}});
    assert_eq!(sent(&session)["messages"][0]["content"][0], document);
    let mut session = start(config(Dialect::Anthropic));
    session.user_with("Read", &[PNG]).unwrap();
    let request = session.request_with_attachments().unwrap();
    assert!(request.headers().iter().all(|(name, _)| *name != "anthropic-beta"));
}
