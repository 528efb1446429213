extern crate std;

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::provider::testing::{config, observe, some};
use crate::{
    Dialect, Error, ErrorKind, OutputLimitKey, Session, SessionConfig, ToolResult, ToolSpec,
};

const CHAT: Dialect = Dialect::OpenAiChat;

/// A conversation with calls, reasoning and an instruction, and the request that comes next.
fn request(config: SessionConfig<'_>, replies: &[&str]) -> String {
    let mut session = Session::new([0; 16384], config).expect("a good configuration");
    session.user("hi").unwrap();
    for reply in replies {
        let seen = observe(&mut session, reply.as_bytes(), 7);
        assert_eq!(seen.error, None);
        while let Some(call) = session.pending_call() {
            let id = call.id;
            session.tool_result(ToolResult { id, content: "21", is_error: false }).unwrap();
        }
        if session.step() == crate::Step::Idle {
            session.instruct("be brief").unwrap();
            session.user("and now?").unwrap();
        }
    }
    written(&session)
}

fn written(session: &Session<SessionConfig<'_>, [u8; 16384]>) -> String {
    let request = session.request().unwrap();
    let mut whole = Vec::new();
    for piece in some(1..40) {
        let (mut request, mut body) = (request.clone(), Vec::new());
        let mut buffer = std::vec![0; piece];
        loop {
            match request.read(&mut buffer) {
                0 => break,
                count => body.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(body.len(), request.clone().body_len());
        assert!(whole.is_empty() || whole == body, "in pieces of {piece}");
        whole = body;
    }
    let body: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    assert!(body.is_object());
    String::from_utf8(whole).unwrap()
}

fn with(dialect: Dialect, profile: Profile) -> SessionConfig<'static> {
    SessionConfig { system: "Help.", profile, ..config(dialect) }
}

/// The request of a profile with this one field set.
fn said(dialect: Dialect, field: ProfileField, value: &str, replies: &[&str]) -> String {
    let mut profile = Profile::DIALECT;
    assert!(profile.set(field, value), "{value}");
    assert_eq!(profile.value(field), Some(value));
    request(with(dialect, profile), replies)
}

const CHAT_REPLY: &str = concat!(
    r#"data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}"#,
    "\n\n",
    "data: [DONE]\n\n"
);
const CHAT_CALL: &str = concat!(
    r#"data: {"choices":[{"delta":{"reasoning":"hm"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_123456","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    "\n\n",
    "data: [DONE]\n\n"
);
const SILENT_CALL: &str = concat!(
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    "\n\n",
    "data: [DONE]\n\n"
);

#[test]
fn an_unset_profile_changes_nothing() {
    let body = request(with(CHAT, Profile::DIALECT), &[]);
    assert!(body.starts_with(r#"{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","#), "{body}");
}

#[test]
fn a_stream_is_asked_for_or_not() {
    for dialect in [CHAT, Dialect::OpenAiResponses, Dialect::Anthropic, Dialect::Ollama] {
        let body = said(dialect, ProfileField::Stream, "false", &[]);
        assert!(body.contains(r#""stream":false"#) && !body.contains("stream_options"), "{body}");
    }
    let body = said(CHAT, ProfileField::StreamOptions, "false", &[]);
    assert!(body.contains(r#""stream":true,"messages""#), "{body}");
}

#[test]
fn a_whole_reply_is_read_where_no_stream_was_asked_for() {
    let profile = Profile { stream: Some(false), ..Profile::DIALECT };
    let mut session = Session::new([0; 16384], with(CHAT, profile)).unwrap();
    session.user("hi").unwrap();
    let body =
        r#"{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}"#;
    assert_eq!(observe(&mut session, body.as_bytes(), 5).text, "yes");
}

#[test]
fn cache_marks_stand_where_the_server_takes_them() {
    let body = |value| {
        let mut profile = Profile::DIALECT;
        assert!(profile.set(ProfileField::CacheControl, value));
        let config = SessionConfig { model: "claude-x", ..with(Dialect::Anthropic, profile) };
        request(config, &[])
    };
    let top = r#""stream":true,"cache_control""#;
    let block = r#""text":"Help.","cache_control""#;
    let has = |body: &str| (body.contains(top), body.contains(block));
    assert_eq!(has(&body("automatic")), (true, true));
    assert_eq!(has(&body("blocks")), (false, true));
    assert_eq!(has(&body("none")), (false, false));
}

#[test]
fn encrypted_reasoning_is_asked_for_or_not() {
    let body = |value| said(Dialect::OpenAiResponses, ProfileField::Include, value, &[]);
    assert!(body("true").contains(r#""include":["reasoning.encrypted_content"]"#));
    assert!(!body("false").contains("include"));
}

#[test]
fn roles_are_as_the_server_knows_them() {
    let body = said(CHAT, ProfileField::SystemRole, "developer", &[]);
    assert!(body.contains(r#"[{"role":"developer","content":"Help."}"#), "{body}");
    for (role, wanted) in [
        (
            "user",
            r#"{"role":"user","content":"<system-reminder>\nbe brief\n</system-reminder>\n\nand now?"}"#,
        ),
        (
            "system",
            r#"{"role":"system","content":"be brief"},{"role":"user","content":"and now?"}"#,
        ),
        (
            "developer",
            r#"{"role":"developer","content":"be brief"},{"role":"user","content":"and now?"}"#,
        ),
    ] {
        let body = said(CHAT, ProfileField::InstructionRole, role, &[CHAT_REPLY]);
        assert!(body.contains(wanted), "{role}: {body}");
    }
    let reply = concat!(r#"{"message":{"content":"yes"},"done":true,"done_reason":"stop"}"#, "\n");
    let body = said(Dialect::Ollama, ProfileField::InstructionRole, "system", &[reply]);
    assert!(
        body.contains(
            r#"{"role":"system","content":"be brief"},{"role":"user","content":"and now?"}"#
        ),
        "{body}"
    );
    let reply = r#"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"yes"}]}]}"#;
    for (role, wanted) in [
        (
            "user",
            r#""role":"user","content":[{"type":"input_text","text":"<system-reminder>\nbe brief\n</system-reminder>"}]"#,
        ),
        ("system", r#""role":"system","content":[{"type":"input_text","text":"be brief"}]"#),
    ] {
        let body = said(Dialect::OpenAiResponses, ProfileField::InstructionRole, role, &[reply]);
        assert!(body.contains(wanted), "{role}: {body}");
    }
}

#[test]
fn reasoning_goes_back_in_the_field_that_the_server_knows() {
    for (form, wanted) in [
        ("reasoning_content", r#","reasoning_content":"hm""#),
        ("reasoning", r#","reasoning":"hm""#),
        ("reasoning_details", r#","reasoning_details":[{"type":"reasoning.text","text":"hm"}]"#),
    ] {
        for reply in [CHAT_REPLY, CHAT_CALL] {
            let body = said(CHAT, ProfileField::Reasoning, form, &[reply]);
            assert!(body.contains(wanted) && body.matches("hm").count() == 1, "{form}: {body}");
        }
    }
    let body = said(CHAT, ProfileField::Reasoning, "none", &[CHAT_REPLY, CHAT_CALL]);
    assert!(!body.contains("hm") && !body.contains("reasoning"), "{body}");
    // DeepSeek and Kimi refuse calls without it.
    let body = said(CHAT, ProfileField::Reasoning, "reasoning_content", &[SILENT_CALL]);
    assert!(body.contains(r#""content":null,"reasoning_content":"","tool_calls""#), "{body}");
    let thinking = concat!(
        r#"{"type":"message","content":[{"type":"thinking","thinking":"hm","signature":""},"#,
        r#"{"type":"text","text":"yes"}],"stop_reason":"end_turn"}"#
    );
    let kept = said(Dialect::Anthropic, ProfileField::Reasoning, "thinking", &[thinking]);
    let left_out = said(Dialect::Anthropic, ProfileField::Reasoning, "none", &[thinking]);
    assert!(kept.contains(r#""thinking":"hm""#) && !left_out.contains("thinking"), "{kept}");
}

#[test]
fn ids_of_calls_are_of_the_form_that_the_server_takes() {
    let ids = |value| {
        let body = said(CHAT, ProfileField::CallIds, value, &[CHAT_CALL]);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let messages = body["messages"].as_array().unwrap();
        let id = String::from(messages[2]["tool_calls"][0]["id"].as_str().unwrap());
        assert_eq!(messages[3]["tool_call_id"], id.as_str());
        id
    };
    assert_eq!(ids("any"), "call_123456");
    assert_eq!(ids("words"), "call_123456");
    let nine = ids("nine-letters");
    assert!(nine.len() == 9 && nine.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{nine}");
}

#[test]
fn tools_that_fit_are_sent_as_strict() {
    let strict = r#"{"type":"object","properties":{},"additionalProperties":false}"#;
    let loose = r#"{"type":"object","properties":{"a":{}}}"#;
    let tools =
        [strict, loose].map(|parameters| ToolSpec { name: "f", description: "", parameters });
    let profile = Profile { schemas: Some(SchemaForm::Strict), ..Profile::DIALECT };
    let body = request(SessionConfig { tools: &tools, ..with(CHAT, profile) }, &[]);
    assert!(body.contains(r#""additionalProperties":false},"strict":true}},{"#), "{body}");
    assert_eq!(body.matches("strict").count(), 1, "{body}");
    let body =
        request(SessionConfig { tools: &tools, ..with(Dialect::OpenAiResponses, profile) }, &[]);
    assert!(
        body.contains(r#"false},"strict":true}"#) && body.contains(r#"{}}},"strict":false}"#),
        "{body}"
    );
}

#[test]
fn what_the_dialect_cannot_say_is_refused_and_left_out_of_a_known_host() {
    for dialect in Dialect::ALL.iter().copied() {
        for field in ProfileField::ALL.iter().copied() {
            assert_eq!(ProfileField::from_name(field.name()), Some(field));
            for value in field.values() {
                let mut profile = Profile::DIALECT;
                assert!(!profile.set(field, "odd") && profile == Profile::DIALECT);
                assert!(profile.set(field, value), "{field:?} {value}");
                assert_eq!(profile.value(field), Some(*value));
                let refused = Session::new([0; 64], with(dialect, profile)).err();
                let fits = profile.for_dialect(dialect) == profile;
                let wanted = Error::new(ErrorKind::UnsupportedOption, field as u32);
                assert_eq!(refused, (!fits).then_some(wanted), "{dialect:?} {field:?} {value}");
                if refused.is_some() {
                    assert_eq!(ProfileField::from_detail(wanted.detail()), Some(field));
                    assert!(std::format!("{wanted}").contains(field.name()), "{wanted}");
                }
            }
        }
    }
}

#[test]
fn hosts_are_known_by_their_names() {
    let name = |host: &str, port| KnownHost::of(host, port).map_or("", |known| known.name);
    assert_eq!(name("api.mistral.ai", None), "mistral");
    assert_eq!(name("my-project.openai.azure.com", None), "azure");
    assert_eq!(name("us-east5-aiplatform.googleapis.com", None), "vertex");
    assert_eq!(name("aiplatform.googleapis.com", None), "vertex");
    assert_eq!(name("bedrock-runtime.eu-west-1.amazonaws.com", None), "bedrock");
    assert_eq!(name("localhost", Some(8000)), "vllm");
    assert_eq!(name("localhost", Some(8001)), "");
    for other in
        ["api.mistral.ai.evil.example", "evil-api.mistral.ai", ".openai.azure.com", "example.com"]
    {
        assert_eq!(name(other, None), "", "{other}");
    }
    let mut names: Vec<&str> = KnownHost::ALL.iter().map(|known| known.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KnownHost::ALL.len());
    for known in KnownHost::ALL {
        let says = known.profile != Profile::DIALECT
            || known.output_limit_key != OutputLimitKey::MaxTokens;
        assert!(!says || !known.sources.is_empty(), "{} has no source", known.name);
        assert!(known.sources.iter().all(|source| source.starts_with("https://")));
        for dialect in Dialect::ALL.iter().copied() {
            let profile = known.profile.for_dialect(dialect);
            Session::new([0; 64], with(dialect, profile)).expect("it fits the dialect");
        }
    }
}
