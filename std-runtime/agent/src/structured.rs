//! Answers as values of a type: its schema for the model, and the value from the JSON.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use zerostack_core::tool::typed::ArgType;
use zerostack_core::{ErrorKind as Core, OwnedResponseSchema};

use crate::session::OwnedSession;
use crate::{Error, ErrorKind, Result};

/// A type that an answer can have: one that derives [`ArgType`] and serde's `Deserialize`, or a
/// number, text, `Vec` or `Option` of these.
pub trait AnswerType: ArgType + DeserializeOwned {}

impl<T: ArgType + DeserializeOwned> AnswerType for T {}

/// The schema of an answer of type `T`. Providers require an object, so other types are wrapped in one.
pub(crate) fn schema_of<T: AnswerType>(max_repairs: u8) -> OwnedResponseSchema {
    let inner = T::SCHEMA.to_string();
    let schema = match is_object::<T>() {
        true => format!("{{{inner}}}"),
        false => format!(
            "{{\"type\":\"object\",\"properties\":{{\"value\":{{{inner}}}}},\
             \"required\":[\"value\"],\"additionalProperties\":false}}"
        ),
    };
    OwnedResponseSchema {
        max_repairs: Some(max_repairs),
        ..OwnedResponseSchema::new("answer", schema)
    }
}

/// The value of the session's answer. The error describes the fault to the model: a schema does not
/// express everything that a type demands, such as the size of a number.
pub(crate) fn read<T: AnswerType>(session: &OwnedSession) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        value: T,
    }
    fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
    }
    let json = session.answer_json();
    match is_object::<T>() {
        true => read(json),
        false => read::<Wrapped<T>>(json).map(|it| it.value),
    }
}

/// The request to the model after [`read`] failed.
pub(crate) fn ask_again(why: &str) -> String {
    format!(
        "This is not the answer that was asked for: {why}. Answer again, with the whole JSON value \
         and nothing else."
    )
}

/// The error of an answer that never became a value.
pub(crate) fn no_value(why: &str) -> Error {
    Error::new(ErrorKind::Answer, format!("the answer does not have the requested type: {why}"))
}

/// Changes the form of the session's answers, from the next turn on.
pub(crate) fn set_schema(
    session: &mut OwnedSession,
    schema: Option<OwnedResponseSchema>,
) -> Result<Option<OwnedResponseSchema>> {
    let mut config = session.config().clone();
    config.options.response_schema = schema;
    let before = session.set_config(config).map_err(|error| match error.kind() {
        Core::WrongStep => {
            Error::new(ErrorKind::Usage, "a turn is open: continue it with resume()")
        }
        _ => Error::from(error),
    })?;
    Ok(before.options.response_schema)
}

fn is_object<T: ArgType>() -> bool {
    T::SCHEMA.to_string().starts_with("\"type\":\"object\"")
}

/// How often the model is asked to correct an answer by default.
pub(crate) const MAX_REPAIRS: u8 = 2;
