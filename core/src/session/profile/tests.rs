extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::provider::testing::config;
use crate::{
    Dialect, Event, InstructionRole, Limits, Profile, ProfileField, SchemaForm, Session,
    SessionConfig, Step, SystemRole, ToolResult, ToolSpec,
};

type TestSession<'c> = Session<SessionConfig<'c>, [u8; 4096]>;

fn started(config: SessionConfig<'_>) -> TestSession<'_> {
    let mut session = Session::new([0; 4096], config).unwrap();
    session.user("hi").unwrap();
    session
}

fn body(session: &TestSession<'_>) -> String {
    let mut body = [0; 2048];
    let length = session.request().unwrap().read(&mut body);
    String::from_utf8(body[..length].to_vec()).unwrap()
}

/// Refuses the request; what comes of it, and the field that is switched off.
pub(super) fn refuse(
    session: &mut TestSession<'_>,
    status: u16,
    refusal: &str,
) -> Option<ProfileField> {
    session.begin_response(status, None).unwrap();
    let mut rest = refusal.as_bytes();
    while !rest.is_empty() {
        match session.feed(rest) {
            Ok(fed) => rest = &rest[fed.used..],
            Err(_) => return None,
        }
    }
    match session.end_response() {
        Ok(Event::Restart) => {
            assert_eq!(session.step(), Step::Send);
            let field = session.switched_off().expect("a field");
            assert!(session.failure().is_some_and(|failure| !failure.message.is_empty()));
            Some(field)
        }
        Ok(event) => panic!("{event:?}"),
        Err(_) => None,
    }
}

pub(super) fn error(message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}}).to_string()
}

#[test]
fn a_field_that_is_refused_is_left_out_once() {
    let limits = Limits { max_output_tokens: 9, max_attempts: 1, ..Limits::DEFAULT };
    let chat = SessionConfig { limits, ..config(Dialect::OpenAiChat) };
    let developer = Profile { system_role: Some(SystemRole::Developer), ..Profile::DIALECT };
    let claude = SessionConfig { model: "claude-x", system: "s", ..config(Dialect::Anthropic) };
    let responses = config(Dialect::OpenAiResponses);
    for (config, message, field, gone) in [
        (
            chat,
            "Extra inputs are not permitted, field: 'stream_options'",
            ProfileField::StreamOptions,
            "stream_options",
        ),
        (
            chat,
            "Unrecognized request argument supplied: stream_options",
            ProfileField::StreamOptions,
            "stream_options",
        ),
        (
            chat,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            ProfileField::OutputLimitKey,
            "max_tokens",
        ),
        (
            SessionConfig { system: "s", profile: developer, ..chat },
            "messages[0].role: unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`",
            ProfileField::SystemRole,
            "developer",
        ),
        (
            claude,
            "cache_control: Extra inputs are not permitted",
            ProfileField::CacheControl,
            r#""stream":true,"cache_control"#,
        ),
        (
            responses,
            "Encrypted content is not supported with this model.",
            ProfileField::Include,
            "include",
        ),
    ] {
        let mut session = started(config);
        assert!(body(&session).contains(gone), "{message}");
        assert_eq!(refuse(&mut session, 400, &error(message)), Some(field), "{message}");
        assert!(!body(&session).contains(gone), "{message}: {}", body(&session));
    }
}

/// A session that has received `reply`, and has a request to send: with the result of its call, or with
/// an instruction and another text.
fn gone_on<'c>(config: SessionConfig<'c>, reply: &str) -> TestSession<'c> {
    let mut session = started(config);
    session.begin_response(200, None).unwrap();
    let mut rest = reply.as_bytes();
    while !rest.is_empty() {
        rest = &rest[session.feed(rest).unwrap().used..];
    }
    session.end_response().unwrap();
    if let Some(id) = session.pending_call().map(|call| call.id) {
        session.tool_result(ToolResult { id, content: "done", is_error: false }).unwrap();
    } else {
        session.instruct("be brief").unwrap();
        session.user("more").unwrap();
    }
    session
}

#[test]
fn what_is_refused_of_a_conversation_is_left_out_too() {
    let tools = [ToolSpec {
        name: "f",
        description: "",
        parameters: r#"{"type":"object","properties":{},"additionalProperties":false}"#,
    }];
    let chat = SessionConfig { tools: &tools, ..config(Dialect::OpenAiChat) };
    let responses = SessionConfig { tools: &tools, ..config(Dialect::OpenAiResponses) };
    let ollama = SessionConfig { tools: &tools, ..config(Dialect::Ollama) };
    let gemini = SessionConfig { tools: &tools, ..config(Dialect::Gemini) };
    let strict = Profile { schemas: Some(SchemaForm::Strict), ..Profile::DIALECT };
    let system = Profile { instruction_role: Some(InstructionRole::System), ..Profile::DIALECT };
    let streams = Profile { stream_arguments: Some(true), ..Profile::DIALECT };
    let call = |beside: &str| {
        format!(
            r#"{{"choices":[{{"message":{{{beside}"tool_calls":[{{"id":"call_123456","function":{{"name":"f","arguments":"{{}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
        )
    };
    let chat_text = r#"{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}"#;
    let sealed = r#"{"status":"completed","output":[{"type":"reasoning","id":"rs","encrypted_content":"SEAL","summary":[]},{"type":"message","content":[{"type":"output_text","text":"yes"}]}]}"#;
    let ollama_text = "{\"message\":{\"content\":\"yes\"},\"done\":true}\n";
    let gemini_text =
        r#"{"candidates":[{"content":{"parts":[{"text":"yes"}]},"finishReason":"STOP"}]}"#;
    let mut cases = Vec::from([
        (
            chat,
            call(r#""reasoning_content":"hm","#),
            "property 'reasoning_content' is unsupported",
            ProfileField::Reasoning,
            "reasoning_content",
        ),
        (
            chat,
            call(r#""thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"S"}],"#),
            "messages.1.thinking_blocks: Extra inputs are not permitted",
            ProfileField::Reasoning,
            "thinking_blocks",
        ),
        (
            responses,
            sealed.to_string(),
            "The encrypted content SEAL could not be verified.",
            ProfileField::Reasoning,
            "SEAL",
        ),
        (
            chat,
            call(""),
            "Tool call id was call_123456 but must be a-z, A-Z, 0-9, with a length of 9.",
            ProfileField::CallIds,
            "call_123456",
        ),
        (
            SessionConfig { profile: strict, ..chat },
            chat_text.to_string(),
            "tools.0.function.strict: Extra inputs are not permitted",
            ProfileField::Schemas,
            r#""strict":true"#,
        ),
        (
            SessionConfig { profile: system, ..chat },
            chat_text.to_string(),
            "Unexpected message role.",
            ProfileField::InstructionRole,
            r#""role":"system""#,
        ),
        (
            responses,
            sealed.to_string(),
            "unknown variant `developer`, expected one of `system`, `user`, `assistant`",
            ProfileField::InstructionRole,
            "developer",
        ),
        (
            SessionConfig { profile: system, ..ollama },
            ollama_text.to_string(),
            "Unexpected message role.",
            ProfileField::InstructionRole,
            r#""role":"system""#,
        ),
    ]);
    if cfg!(feature = "call-deltas") {
        cases.push((
            SessionConfig { profile: streams, ..gemini },
            gemini_text.to_string(),
            "Unknown name \"streamFunctionCallArguments\" at 'tool_config'",
            ProfileField::StreamArguments,
            "streamFunctionCallArguments",
        ));
    }
    for (config, reply, message, field, gone) in cases {
        let mut session = gone_on(config, &reply);
        assert!(body(&session).contains(gone), "{message}: {}", body(&session));
        assert_eq!(refuse(&mut session, 400, &error(message)), Some(field), "{message}");
        assert!(!body(&session).contains(gone), "{message}: {}", body(&session));
    }
}

#[test]
fn a_field_is_named_beside_the_message_too() {
    let pydantic = r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted","input":{}}]}"#;
    let mistral = r#"{"object":"Error","detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}],"type":"invalid_request_error","code":3001}"#;
    let openai = r#"{"error":{"message":"Unknown parameter","type":"invalid_request_error","param":"stream_options","code":"unknown_parameter"}}"#;
    for refusal in [pydantic, mistral, openai] {
        let mut session = started(config(Dialect::OpenAiChat));
        assert_eq!(
            refuse(&mut session, 422, refusal),
            Some(ProfileField::StreamOptions),
            "{refusal}"
        );
    }
}

#[test]
fn cache_marks_go_in_two_steps_and_then_the_refusal_stays() {
    let config = SessionConfig { model: "claude-x", system: "s", ..config(Dialect::Anthropic) };
    let mut session = started(config);
    let refusal = error("system.0.cache_control: Extra inputs are not permitted");
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::CacheControl));
    assert_eq!(body(&session).matches("cache_control").count(), 1);
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::CacheControl));
    assert!(!body(&session).contains("cache_control"));
    assert_eq!(refuse(&mut session, 400, &refusal), None);
    assert_eq!(session.step(), Step::Idle);
}

#[test]
fn later_requests_go_without_it_and_say_nothing_of_it() {
    let mut session = started(config(Dialect::OpenAiChat));
    refuse(&mut session, 400, &error("stream_options: unknown field"));
    session.begin_response(200, None).unwrap();
    assert_eq!(session.switched_off(), None);
    let reply = br#"{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}"#;
    let mut rest = &reply[..];
    while !rest.is_empty() {
        rest = &rest[session.feed(rest).unwrap().used..];
    }
    session.end_response().unwrap();
    session.user("more").unwrap();
    assert!(!body(&session).contains("stream_options"));
    assert_eq!(session.profile().stream_options, Some(false));
}

#[test]
fn what_names_a_field_for_another_reason_is_no_reason_to_switch_it() {
    let limits = Limits { max_output_tokens: 9, max_attempts: 1, ..Limits::DEFAULT };
    let chat = SessionConfig { limits, ..config(Dialect::OpenAiChat) };
    let refusals: Vec<(u16, String)> = Vec::from([
        (400, error("max_tokens is too large: 9. This model supports at most 8 completion tokens")),
        (
            400,
            error("The `reasoning_content` in the thinking mode must be passed back to the API."),
        ),
        (400, error("temperature: Extra inputs are not permitted")),
        (401, error("stream_options: unknown field")),
        (400, error("stream_options must be an object")),
    ]);
    for (status, refusal) in refusals {
        let mut session = started(chat);
        assert_eq!(refuse(&mut session, status, &refusal), None, "{refusal}");
    }
}
