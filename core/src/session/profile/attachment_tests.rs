extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use super::tests::{error, refuse};
use crate::provider::testing::config;
use crate::{
    Attachment, AttachmentForm, AttachmentSource, CallId, Dialect, Entry, Error, ErrorKind, Limits,
    Part, Profile, ProfileField, Role, Session, SessionConfig, Step, ToolCall, ToolResult,
    ToolSpec, TranscriptBuilder,
};

type TestSession = Session<SessionConfig<'static>, [u8; 4096]>;

const TOOLS: &[ToolSpec<'static>] = &[ToolSpec { name: "look", description: "", parameters: "{}" }];
const PNG: Attachment<'static> =
    Attachment { name: "cat.png", ..Attachment::new(0, "image/png", 6) };
const PDF: Attachment<'static> =
    Attachment { name: "a.pdf", ..Attachment::new(1, "application/pdf", 6) };
const BASE64: &str = "cGl4ZWxz";
const PNG_LINE: &str = "[image cat.png, image/png, 6 bytes: this model cannot be sent it]";
const PDF_LINE: &str = "[document a.pdf, application/pdf, 6 bytes: this model cannot be sent it]";

fn once(dialect: Dialect) -> SessionConfig<'static> {
    let limits = Limits { max_attempts: 1, ..Limits::DEFAULT };
    SessionConfig { tools: TOOLS, limits, ..config(dialect) }
}

/// A session that is about to send the result of a tool with these attachments.
fn with_result(config: SessionConfig<'static>, attachments: &[Attachment<'static>]) -> TestSession {
    let mut builder = TranscriptBuilder::new([0; 4096]).unwrap();
    let id = CallId::from_number(0);
    let call = ToolCall { id, provider_id: "c1", name: "look", arguments: "{}" };
    builder.push(Entry::new(Role::User, Part::Text("Look"))).unwrap();
    builder.push(Entry::new(Role::Assistant, Part::ToolCall(call))).unwrap();
    let (storage, used) = builder.finish();
    let mut session = Session::resume(storage, used, config).unwrap();
    let id = session.pending_call().unwrap().id;
    let result = ToolResult { id, content: "seen", is_error: false };
    session.tool_result_with(result, attachments).unwrap();
    session
}

fn body(session: &TestSession) -> String {
    let mut request = session.request_with_attachments().unwrap();
    let length = request.clone().body_len();
    let (mut whole, mut buffer) = (Vec::new(), [0; 64]);
    let mut files: &[&[u8]] = &[b"pixels", b"pixels"];
    loop {
        match request.read_from(&mut buffer, &mut files).unwrap() {
            0 => break,
            count => whole.extend_from_slice(&buffer[..count]),
        }
    }
    assert_eq!(whole.len(), length);
    serde_json::from_slice::<serde_json::Value>(&whole).expect("JSON");
    String::from_utf8(whole).unwrap()
}

/// What servers answer to an image, with its status and its form.
fn refusals() -> Vec<(u16, String)> {
    let plain = |message: &str| serde_json::json!({ "error": message }).to_string();
    let top = |message: &str| {
        serde_json::json!({"object": "error", "message": message, "type": "BadRequestError", "code": 400})
            .to_string()
    };
    Vec::from([
        (404, error("No endpoints found that support image input")),
        (400, plain("Model does not support images. Please use a model that does.")),
        (400, plain("this model does not support image input (ref: b8bd630e)")),
        (400, top("facebook/opt-125m is not a multimodal model None")),
        (400, top("At most 0 image(s) may be provided in one request.")),
        (
            400,
            error(
                "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 679289",
            ),
        ),
        (400, error("Invalid content type. image_url is only supported by certain models.")),
        (400, error("messages[2].content must be a string")),
        (
            400,
            error(
                "'messages.2' : for 'role:user' the following must be satisfied[('messages.2.content' : value must be a string)]",
            ),
        ),
        (400, error("Unsupported content part type for text-only server: image_url")),
        (400, error("<400> InternalError: [Unexpected item type in content.]")),
        (
            400,
            serde_json::json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
                "Image input modality is not enabled for models/gemma-3-1b-it"}})
            .to_string(),
        ),
        (
            400,
            error("This model doesn't support the image field for user messages. Remove image and try again."),
        ),
        (
            422,
            r#"{"detail":[{"type":"literal_error","loc":["body","messages",0,"content",4,"type"],"msg":"Input should be 'text'","input":"image"}]}"#.to_string(),
        ),
        (
            500,
            serde_json::json!({"error": {"code": 500, "type": "server_error", "message":
                "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"}})
            .to_string(),
        ),
        (500, plain("this model is missing data required for image input")),
    ])
}

#[test]
fn refused_images_of_results_are_described_from_then_on_in_every_dialect() {
    for dialect in Dialect::ALL.iter().copied() {
        for (status, refusal) in refusals() {
            let mut session = with_result(once(dialect), &[PNG]);
            assert!(body(&session).contains(BASE64), "{dialect:?}");
            let field = refuse(&mut session, status, &refusal);
            assert_eq!(field, Some(ProfileField::Attachments), "{dialect:?} {refusal}");
            let again = body(&session);
            assert!(again.contains(PNG_LINE) && !again.contains(BASE64), "{again}");
            assert_eq!(session.profile().attachments, Some(AttachmentForm::None));
            // No bytes are needed any more.
            assert_eq!(session.request().unwrap().body_len(), again.len());
            // A second refusal is one.
            assert_eq!(refuse(&mut session, status, &refusal), None, "{dialect:?} {refusal}");
        }
    }
}

#[test]
fn a_refused_document_goes_before_the_images_beside_it() {
    let refusal = error("Unknown part type: file");
    let mut session = with_result(once(Dialect::OpenAiChat), &[PNG, PDF]);
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::Attachments));
    let again = body(&session);
    assert!(again.contains(PDF_LINE) && again.contains(BASE64), "{again}");
    assert_eq!(session.profile().attachments, Some(AttachmentForm::Images));
    let refusal = error("Model does not support images");
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::Attachments));
    let again = body(&session);
    assert!(again.contains(PNG_LINE) && !again.contains(BASE64), "{again}");
}

#[test]
fn what_the_user_attached_to_this_turn_is_not_left_out() {
    for (status, refusal) in refusals() {
        let mut session = Session::new(
            [0; 4096],
            SessionConfig { limits: Limits::DEFAULT, ..once(Dialect::OpenAiChat) },
        )
        .unwrap();
        session.user_with("What is this?", &[PNG]).unwrap();
        assert_eq!(refuse(&mut session, status, &refusal), None, "{refusal}");
        assert_eq!(session.step(), Step::Idle);
        assert_eq!(session.switched_off(), Some(ProfileField::Attachments));
        let failure = session.failure().unwrap();
        assert_eq!((failure.error.kind(), failure.status), (ErrorKind::Status, status));
        // The next one is refused before it is sent, and a text alone goes.
        let refused = Error::new(ErrorKind::UnsupportedAttachment, 1);
        let text = Attachment { source: AttachmentSource::FileId("f"), ..PDF };
        assert_eq!(session.user_with("And this?", &[PNG]), Err(Error::new(refused.kind(), 0)));
        assert_eq!(session.user_with("And this?", &[text]), Err(Error::new(refused.kind(), 0)));
        assert!(!session.takes_attachment(&PNG));
        session.user("Then without").unwrap();
        assert_eq!(session.switched_off(), None);
    }
}

#[test]
fn what_the_user_attached_to_an_earlier_turn_is_described() {
    let mut session = Session::new([0; 4096], once(Dialect::Anthropic)).unwrap();
    session.user_with("What is this?", &[PNG]).unwrap();
    session.begin_response(200, None).unwrap();
    let reply =
        br#"{"type":"message","content":[{"type":"text","text":"a cat"}],"stop_reason":"end_turn"}"#;
    let mut rest = &reply[..];
    while !rest.is_empty() {
        rest = &rest[session.feed(rest).unwrap().used..];
    }
    session.end_response().unwrap();
    session.user("Sure?").unwrap();
    let refusal = error("this model does not support image input");
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::Attachments));
    let again = body(&session);
    assert!(again.contains(PNG_LINE) && again.contains("Sure?"), "{again}");
}

#[cfg(feature = "window")]
#[test]
fn refused_attachments_no_longer_count_in_the_window() {
    for dialect in Dialect::ALL.iter().copied() {
        for context_tokens in [0, 100_000] {
            let limits = Limits { context_tokens, ..once(dialect).limits };
            let config = SessionConfig { limits, ..once(dialect) };
            let mut session = with_result(config, &[PNG]);
            let counted = session.window_tokens().total();
            let refusal = error("this model does not support image input");
            assert!(refuse(&mut session, 400, &refusal).is_some(), "{dialect:?}");

            let profile = Profile { attachments: Some(AttachmentForm::None), ..config.profile };
            let without = SessionConfig { profile, ..config };
            let used = session.snapshot().len();
            let mut storage = [0; 4096];
            storage[..used].copy_from_slice(session.snapshot());
            let without = Session::resume(storage, used, without).unwrap();
            let left = session.window_tokens().total();
            assert_eq!(left, without.window_tokens().total(), "{dialect:?} {context_tokens}");
            assert!(left < counted, "{dialect:?} {context_tokens}");
            let image = Entry::new(Role::User, Part::Attachment(PNG));
            assert_eq!(session.entry_tokens(&image), without.entry_tokens(&image));
        }
    }
}

#[test]
fn another_model_is_sent_what_the_last_one_refused() {
    let config = once(Dialect::OpenAiChat);
    let mut session = with_result(config, &[PNG]);
    let refusal = error("this model does not support image input");
    assert_eq!(refuse(&mut session, 400, &refusal), Some(ProfileField::Attachments));
    session.abort();
    let takes = |config, session: &mut TestSession| {
        session.set_config(config).unwrap();
        session.takes_attachment(&PNG)
    };
    assert!(!takes(SessionConfig { tools: &[], ..config }, &mut session));
    assert!(takes(SessionConfig { model: "another", ..config }, &mut session));
}

#[test]
fn another_refusal_leaves_the_images() {
    for (status, message) in [
        (
            400,
            "You uploaded an unsupported image. Please make sure your image has of one of the following formats: ['png', 'jpeg', 'gif', 'webp'].",
        ),
        (
            400,
            "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes",
        ),
        (400, "Could not process image"),
        (400, "At most 8 image(s) may be provided in one request."),
        (400, "No endpoints found that support tool use."),
        (403, "No endpoints found that support image input"),
        (429, "image input is not supported"),
    ] {
        let mut session = with_result(once(Dialect::OpenAiChat), &[PNG]);
        assert_eq!(refuse(&mut session, status, &error(message)), None, "{message}");
        assert_eq!(session.profile().attachments, None, "{message}");
    }
    // Without an image it is about something else.
    let mut session = with_result(once(Dialect::OpenAiChat), &[]);
    assert_eq!(refuse(&mut session, 400, &error("messages[0].content must be a string")), None);
}

#[test]
fn a_configured_profile_refuses_before_anything_is_added() {
    for (form, takes) in [("all", [true, true]), ("images", [true, false]), ("none", [false; 2])] {
        let mut profile = Profile::DIALECT;
        assert!(profile.set(ProfileField::Attachments, form));
        for (attachment, takes) in [PNG, PDF].into_iter().zip(takes) {
            let config = SessionConfig { profile, ..once(Dialect::Anthropic) };
            let mut session = Session::new([0; 4096], config).unwrap();
            let refused = Err(Error::new(ErrorKind::UnsupportedAttachment, 0));
            let wanted = if takes { Ok(()) } else { refused };
            assert_eq!(session.takes_attachment(&attachment), takes);
            assert_eq!(session.user_with("", &[attachment]), wanted, "{form}");
        }
    }
}
