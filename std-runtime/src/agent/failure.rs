//! Why a turn failed, in one line for a person.

use zerostack_core::{Budget, Config, ErrorKind as Core};

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
    // Some providers say which key it was that they refuse, in whichever field.
    let secrets = endpoint.secrets();
    let clean = |text: &str| quote(&secrets.redact(text));
    let (message, code) = (clean(failure.message), clean(failure.code));
    let text = match failure.error.kind() {
        Core::Status => {
            let said = match (code.as_str(), message.as_str()) {
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
        Core::Limit | Core::WindowTooLong => return refused(session, failure.error),
        _ => format!("{name}: {}", failure.error),
    };
    Error::new(error.kind(), text)
}

/// What the session itself refused: a budget that is used up, or a conversation that is too long.
pub(super) fn refused(session: &OwnedSession, error: zerostack_core::Error) -> Error {
    let limits = session.config().limits();
    let text = match (error.kind(), Budget::from_detail(error.detail())) {
        (Core::Limit, Some(Budget::Rounds)) => {
            format!("the turn used all of its {} rounds; raise --max-rounds", limits.max_rounds)
        }
        (Core::Limit, Some(Budget::Tokens)) => format!(
            "the turn used all of its {} tokens; raise --max-total-tokens",
            limits.max_turn_tokens
        ),
        (Core::Limit, Some(Budget::Cost)) => {
            let most = f64::from(limits.max_turn_cost_micros) / 1e6;
            format!("the turn used all of its money, {most}; raise --max-cost")
        }
        (Core::Limit, Some(Budget::Repeats)) => format!(
            "the model made the same call more than {} times in a row; raise --max-repeats, or say \
             what to do instead",
            limits.max_repeats
        ),
        (Core::WindowTooLong, _) => format!(
            "what is to be sent is {} tokens too long for a context of {}; raise --context, or give \
             the model less to read",
            error.detail(),
            limits.context_tokens
        ),
        _ => return Error::from_core(error),
    };
    Error::new(Error::from_core(error).kind(), text)
}
