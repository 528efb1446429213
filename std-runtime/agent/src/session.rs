//! The session of this runtime, new or restored.

use zerostack_core::tool::json_text::Json;
use zerostack_core::{Dialect, Growing, OwnedConfig, Session, ToolMode};
use zerostack_core::{Error as Core, ErrorKind as CoreKind};

use crate::{Error, ErrorKind, Result};

/// The session of this runtime: it owns its configuration and grows to a limit.
pub type OwnedSession = Session<OwnedConfig, Growing>;

/// An empty session, which grows as needed.
///
/// # Errors
/// `Configuration` if a tool's schema is not a JSON object, or the dialect does not support the
/// tool mode.
pub fn start_session(config: OwnedConfig) -> Result<OwnedSession> {
    let (api, mode) = (config.dialect, config.tool_mode);
    if mode == ToolMode::Schema && !matches!(api, Dialect::OpenAiChat | Dialect::Ollama) {
        let text = format!(
            "the tool mode schema works with openai-chat and ollama, not with {}; use text",
            api.name()
        );
        return Err(Error::new(ErrorKind::Configuration, text));
    }
    let schema = response_schema(&config);
    let made = Session::new(Growing::new(TRANSCRIPT_BYTES), config);
    made.map_err(|error| unsaid(error, schema.as_deref(), api))
}

/// An empty session, or the one whose snapshot is `saved`.
pub(crate) fn open_session(config: OwnedConfig, saved: Option<Vec<u8>>) -> Result<OwnedSession> {
    let Some(saved) = saved else { return start_session(config) };
    let used = saved.len();
    let storage = Growing::from_vec(saved, TRANSCRIPT_BYTES);
    let (api, schema) = (config.dialect, response_schema(&config));
    let resumed = Session::resume(storage, used, config);
    resumed.map_err(|error| unsaid(error, schema.as_deref(), api))
}

fn response_schema(config: &OwnedConfig) -> Option<String> {
    config.options.response_schema.as_ref().map(|it| it.schema.clone())
}

/// The error, with the path of what the dialect cannot say of the response schema.
fn unsaid(error: Core, schema: Option<&str>, api: Dialect) -> Error {
    let part = error.offset().filter(|_| error.kind() == CoreKind::BadSchema);
    let Some((schema, at)) = schema.zip(part) else { return Error::from(error) };
    let path = Json::parse(schema).ok().map(|json| path_of(json, schema, at as usize));
    let place = match path.as_deref() {
        None | Some("") => "its top",
        Some(path) => path,
    };
    let text = format!(
        "{} cannot take a part of the response schema: {place}; change it, or send the schema in words",
        api.name()
    );
    Error::new(ErrorKind::Configuration, text)
}

/// The path of the name or value at byte `at` of `text`, as a JSON Pointer.
fn path_of(json: Json<'_>, text: &str, at: usize) -> String {
    let holds = |part: &str| {
        let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        (start..start + part.len()).contains(&at)
    };
    let named = json.members().map(|(name, value)| (name.chars().collect::<String>(), name, value));
    let listed = json.elements().enumerate().map(|(index, it)| (index.to_string(), it, it));
    for (step, name, value) in named.chain(listed) {
        if holds(name.raw()) || holds(value.raw()) {
            let step = step.replace('~', "~0").replace('/', "~1");
            return format!("/{step}{}", path_of(value, text, at));
        }
    }
    String::new()
}

/// The largest conversation, in bytes.
const TRANSCRIPT_BYTES: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use zerostack_core::{OwnedResponseSchema, SchemaMode};

    use super::*;

    #[test]
    fn what_a_dialect_cannot_take_of_a_response_schema_is_named_by_its_path() {
        let refused = |dialect, is_strict, mode, schema: &str| {
            let mut config = OwnedConfig::new(dialect, "m");
            config.options.response_schema = Some(OwnedResponseSchema {
                is_strict,
                mode,
                ..OwnedResponseSchema::new("answer", schema)
            });
            start_session(config).unwrap_err()
        };
        let schema = r#"{"type":"object","properties":{"a/b":{"anyOf":[{},{"const":1}]}}}"#;
        let error = refused(Dialect::Gemini, false, SchemaMode::Native, schema);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            "gemini cannot take a part of the response schema: /properties/a~1b/anyOf/1/const; \
             change it, or send the schema in words"
        );
        let error = refused(Dialect::OpenAiChat, true, SchemaMode::Auto, schema);
        assert!(error.to_string().contains("openai-chat"), "{error}");
        assert!(error.to_string().contains("its top"), "{error}");
    }
}
