//! Why a turn failed, in one line for a person.

use zerostack_core::ErrorKind as Core;

use super::OwnedSession;
use crate::error::quote;
use crate::provider::Endpoint;
use crate::{Error, ErrorKind};

/// The error of the session's last failure: what, where, and what to do.
pub(super) fn failure(session: &OwnedSession, endpoint: &Endpoint) -> Error {
    let Some(failure) = session.failure() else {
        return Error::new(ErrorKind::Internal, "the turn failed without a reason");
    };
    let name = &endpoint.name;
    let error = Error::from_core(failure.error);
    // Some providers say which key it was that they refuse.
    let message = match &endpoint.key {
        Some(key) => quote(&failure.message.replace(key.expose(), "(key)")),
        None => quote(failure.message),
    };
    let text = match failure.error.kind() {
        Core::Status => {
            let said = match (failure.code, message.as_str()) {
                ("", "") => "no reason".to_owned(),
                ("", message) => message.to_owned(),
                (code, "") => code.to_owned(),
                (code, message) => format!("{message} ({code})"),
            };
            let what_to_do = match failure.status {
                401 | 403 => "; check the key",
                404 => "; check the model's name and the base URL",
                _ => "",
            };
            let status = failure.error.detail();
            format!("{name} answered {status}: {said}{what_to_do}")
        }
        Core::BadResponse => format!(
            "{name} did not answer in the {} format: {}; check the base URL and --api",
            endpoint.api.name(),
            failure.error
        ),
        Core::Truncated => {
            "the reply reached its token limit inside a tool call; raise --max-tokens".to_owned()
        }
        _ => format!("{name}: {}", failure.error),
    };
    Error::new(error.kind(), text)
}
