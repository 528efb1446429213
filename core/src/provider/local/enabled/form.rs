//! The words: how the protocol is explained to the model, and what each dialect puts around text.
//!
//! The words go into JSON strings, so they are written with JSON's escapes.

use crate::message::Dialect;

/// What a dialect puts around the system text and a message.
pub(super) struct Form {
    /// Before the system text, and between it and the messages.
    pub system: [&'static str; 2],
    /// The system text is the first of the messages.
    pub system_is_message: bool,
    pub user: &'static str,
    pub model: &'static str,
    /// After a message.
    pub end: &'static str,
    /// Around the JSON Schema of a reply.
    pub schema: [&'static str; 2],
}

/// The form of `dialect`.
pub(super) const fn form(dialect: Dialect) -> &'static Form {
    match dialect {
        #[cfg(feature = "anthropic")]
        Dialect::Anthropic => &Form {
            system: [
                r#","system":[{"type":"text","text":""#,
                r#"","cache_control":{"type":"ephemeral"}}],"messages":["#,
            ],
            system_is_message: false,
            schema: [""; 2],
            ..CHAT
        },
        #[cfg(feature = "openai-responses")]
        Dialect::OpenAiResponses => &Form {
            system: [r#","instructions":""#, r#"","input":["#],
            system_is_message: false,
            schema: [""; 2],
            ..CHAT
        },
        #[cfg(feature = "gemini")]
        Dialect::Gemini => &Form {
            system: [r#""systemInstruction":{"parts":[{"text":""#, r#""}]},"contents":["#],
            system_is_message: false,
            user: r#"{"role":"user","parts":[{"text":""#,
            model: r#"{"role":"model","parts":[{"text":""#,
            end: r#""}]}"#,
            schema: [""; 2],
        },
        #[cfg(feature = "ollama")]
        Dialect::Ollama => &Form { schema: [r#","format":"#, ""], ..CHAT },
        _ => &CHAT,
    }
}

const CHAT: Form = Form {
    system: [r#","messages":[{"role":"system","content":""#, r#""}"#],
    system_is_message: true,
    user: r#"{"role":"user","content":""#,
    model: r#"{"role":"assistant","content":""#,
    end: r#""}"#,
    schema: [
        r#","response_format":{"type":"json_schema","json_schema":{"name":"reply","schema":"#,
        "}}",
    ],
};

/// The description for the model; the tools follow.
pub(super) const BY_TAGS: &str = concat!(
    r#"You can call tools. To call one, end your answer with a line of this form, one line for "#,
    r#"each call, and wait for the results:\n<tool_call>{\"name\": \"TOOL\", \"arguments\": "#,
    r#"{}}</tool_call>\nA result comes in <tool_response> tags. The tools, and the JSON Schema "#,
    r#"of their arguments:\n"#
);
pub(super) const BY_SCHEMA: &str = concat!(
    r#"Answer with one JSON object. To call tools and wait for their results: {\"calls\": "#,
    r#"[{\"name\": \"TOOL\", \"arguments\": {}}]}. To tell the user your answer: "#,
    r#"{\"say\": \"TEXT\"}. A result comes in <tool_response> tags. The tools, and the JSON "#,
    r#"Schema of their arguments:\n"#
);

/// Around a call in the text of the model.
pub(super) const CALL: [&str; 3] =
    [r#"<tool_call>{\"name\": \""#, r#"\", \"arguments\": "#, r#"}</tool_call>"#];

/// The text of a reply that is an object.
pub(super) const SAY: [&str; 2] = [r#"\"say\": \""#, r#"\""#];
/// Its calls.
pub(super) const CALLS: [&str; 2] = [r#"\"calls\": ["#, "]"];
/// Around a call in such an object.
pub(super) const LISTED_CALL: [&str; 3] = [r#"{\"name\": \""#, r#"\", \"arguments\": "#, "}"];

/// Around a result: before the name of the tool, after it, after the content.
pub(super) const RESULT: [&str; 3] =
    [r#"<tool_response name=\""#, r#"\">\n"#, r#"\n</tool_response>"#];
pub(super) const FAILED_RESULT: [&str; 3] =
    [r#"<tool_response name=\""#, r#"\" failed=\"true\">\n"#, r#"\n</tool_response>"#];

/// The JSON Schema of a reply, around those of the calls, and around the parts of each. Either
/// calls or text: a small model that may write text never stops.
pub(super) const SCHEMA: [&str; 2] = [
    concat!(
        r#"{"anyOf":[{"type":"object","properties":{"calls":{"type":"array","minItems":1,"#,
        r#""items":{"anyOf":["#
    ),
    concat!(
        r#"]}}},"required":["calls"],"additionalProperties":false},"#,
        r#"{"type":"object","properties":{"say":{"type":"string"}},"required":["say"],"#,
        r#""additionalProperties":false}]}"#
    ),
];
pub(super) const CALL_SCHEMA: [&str; 3] = [
    r#"{"type":"object","properties":{"name":{"type":"string","const":""#,
    r#""},"arguments":"#,
    r#"},"required":["name","arguments"],"additionalProperties":false}"#,
];
