//! An instruction of the program is appended, in the role that the dialect has for it.

use serde_json::{Value, json};
use zerostack_core::{
    Dialect, Entry, ErrorKind, Part, Role, Session, SessionConfig, Step, ToolMode, ToolSpec,
    TranscriptBuilder,
};
use zerostack_tests::body::{self, Lists};

use super::place;

const TOOLS: [ToolSpec<'_>; 1] = [ToolSpec { name: "read", description: "", parameters: "{}" }];
const WORDS: &str = "<system-reminder>\nFrom now on, \"read\" only.\n</system-reminder>";

fn last_message(body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    let list = ["messages", "input", "contents"].iter().find_map(|key| body[*key].as_array());
    let list = list.unwrap();
    // The user's word comes last, the program's before it, or where two messages would be one too
    // many in the same.
    let last = &list[list.len() - 1];
    let is_joined = last["content"].as_str().is_some_and(|text| text.starts_with(WORDS));
    if is_joined { last.clone() } else { list[list.len() - 2].clone() }
}

#[test]
fn each_dialect_has_a_role_for_it_and_nothing_before_it_changes() {
    let text = "From now on, \"read\" only.";
    for dialect in Dialect::ALL.iter().copied() {
        for tool_mode in [ToolMode::Native, ToolMode::Text] {
            let config =
                SessionConfig { tools: &TOOLS, tool_mode, ..SessionConfig::new(dialect, "m") };
            let mut session = Session::new([0; 4096], config).unwrap();
            session.user("one").unwrap();
            let before = Lists::of(&body::checked(&session));
            assert_eq!(session.instruct(text).unwrap_err().kind(), ErrorKind::WrongStep);
            session.abort();
            session.instruct(text).unwrap();
            assert_eq!(session.step(), Step::Idle, "it starts no turn");
            session.user("two").unwrap();
            let body = body::checked(&session);
            assert!(before.is_prefix_of(&Lists::of(&body)), "{body}");
            let expected = match (dialect, tool_mode) {
                (Dialect::OpenAiChat | Dialect::Ollama, ToolMode::Native) => {
                    json!({ "role": "user", "content": format!("{WORDS}\n\ntwo") })
                }
                (Dialect::OpenAiResponses, ToolMode::Native) => json!({
                    "type": "message", "role": "developer",
                    "content": [{ "type": "input_text", "text": text }],
                }),
                (Dialect::Anthropic, ToolMode::Native) => {
                    json!({ "role": "user", "content": [{ "type": "text", "text": WORDS }] })
                }
                (Dialect::Gemini, _) => json!({ "role": "user", "parts": [{ "text": WORDS }] }),
                _ => json!({ "role": "user", "content": WORDS }),
            };
            assert_eq!(last_message(&body), expected, "{dialect:?}, {tool_mode:?}");
        }
    }
}

#[test]
fn it_is_kept_resumed_and_sent_in_its_own_kind() {
    let config = SessionConfig::new(Dialect::OpenAiChat, "m");
    let entries = [
        Entry::new(Role::User, Part::Text("one")),
        Entry::new(Role::Assistant, Part::Text("two")),
        Entry::new(Role::User, Part::Instruction("three")),
    ];
    let mut builder = TranscriptBuilder::new([0; 256]).unwrap();
    entries.iter().for_each(|entry| builder.push(*entry).unwrap());
    let (storage, used) = builder.finish();
    let session = Session::resume(storage, used, config).unwrap();
    assert_eq!(session.step(), Step::Idle);
    let parts: Vec<_> = session.transcript().entries().map(|it| (it.role, it.part)).collect();
    assert_eq!(parts, entries.map(|entry| (entry.role, entry.part)));
    let mut full = Session::new([0; 16], config).unwrap();
    let error = full.instruct("too long for that").unwrap_err();
    assert_eq!((error.kind(), full.snapshot().len()), (ErrorKind::Full, 4));
}

#[test]
fn a_transcript_has_a_line_for_it() {
    let lines = "{\"role\":\"user\",\"text\":\"a\"}\n{\"role\":\"developer\",\"text\":\"b\"}\n";
    let arguments = ["encode", "--api", "openai-responses", "--model", "m"];
    let body = place().zerostack(&arguments).input(lines).run().success();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["input"][1]["role"], "developer");
    // It asks for nothing by itself.
    let alone =
        place().zerostack(&arguments).input("{\"role\":\"developer\",\"text\":\"b\"}").run();
    assert!(alone.failure(42).contains("nothing to send"));
}
