//! Why a turn failed, in one line for a person.

use zerostack_core::{Budget, Config, ErrorKind as Core};
use zerostack_text::{counted, quote};

use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::{Error, ErrorKind};

/// The error of the session's last failure: what, where, and what to do. `said` is a part of the
/// body, for errors in a form that the dialect does not define.
pub(crate) fn failure(session: &OwnedSession, endpoint: &Endpoint, said: &[u8]) -> Error {
    let Some(failure) = session.failure() else {
        return Error::new(ErrorKind::Internal, "the turn failed without a reason");
    };
    let name = &endpoint.name;
    let error = Error::from(failure.error);
    // Some providers return the refused key, in any field.
    let secrets = endpoint.secrets();
    let clean = |text: &str| quote(&secrets.redact(text));
    let (message, code) = (clean(failure.message), clean(failure.code));
    let text = match failure.error.kind() {
        Core::Status => {
            let said = match (code.as_str(), message.as_str()) {
                ("", "") => match error_line(said, failure.status) {
                    Some(line) => clean(&line),
                    None => "no reason".to_owned(),
                },
                ("", message) => message.to_owned(),
                (code, "") => code.to_owned(),
                (code, message) => format!("{message} ({code})"),
            };
            let what_to_do = match failure.status {
                401 | 403 => "; check the key",
                404 if session.switched_off().is_none() => {
                    "; check the model's name and the base URL"
                }
                _ => "",
            };
            match failure.error.detail() {
                200 => format!("{name} sent an error in its reply: {said}"),
                status => format!("{name} answered {status}: {said}{what_to_do}"),
            }
        }
        Core::BadResponse if !message.is_empty() => format!(
            "{name} answered with {message}, not in the {} format; check the base URL and --api",
            endpoint.api.name()
        ),
        Core::BadResponse => format!(
            "{name} did not answer in the {} format: the response is malformed at byte {}{}; check \
             the base URL and --api",
            endpoint.api.name(),
            failure.error.detail(),
            broken_rule(failure.error)
        ),
        Core::Truncated => {
            "the reply reached its token limit inside a tool call; raise --max-tokens".to_owned()
        }
        Core::BadAnswer => {
            format!("{name} did not give the requested answer: {}", unfit(session))
        }
        Core::Limit | Core::WindowTooLong => return refused(session, failure.error),
        _ => format!("{name}: {}", failure.error),
    };
    Error::new(error.kind(), text)
}

/// How the response breaks its rule, after a colon.
fn broken_rule(error: zerostack_core::Error) -> String {
    error.broken_rule().map_or_else(String::new, |rule| format!(": {}", rule.message()))
}

/// The fault of the answer that the model was asked to correct.
pub(crate) fn unfit(session: &OwnedSession) -> String {
    let message = session.failure().map_or("", |failure| failure.message);
    match message {
        "" => "it does not fit the schema".to_owned(),
        message => quote(message),
    }
}

/// The line of `said` with the error: the first line of an error body, or the last line in a reply
/// that names an error.
fn error_line(said: &[u8], status: u16) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let lines = text.lines().map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
    let mut lines = lines.filter(|line| !line.is_empty());
    let line = match status {
        400.. => lines.next().filter(|line| !line.starts_with('<')),
        _ => lines.rfind(|line| line.contains('{') && line.to_ascii_lowercase().contains("error")),
    };
    line.map(str::to_owned)
}

/// Errors of the session itself: an exhausted budget, or a conversation that is too long.
pub(crate) fn refused(session: &OwnedSession, error: zerostack_core::Error) -> Error {
    let limits = session.config().limits();
    let text = match (error.kind(), Budget::from_detail(error.detail())) {
        (Core::Limit, Some(Budget::Rounds)) => {
            format!(
                "the turn used all of its {}; raise --max-rounds",
                counted(limits.max_rounds.into(), "round")
            )
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
        (Core::Limit, Some(Budget::Calls)) => format!(
            "the model made more than {} calls in one reply; raise --max-calls, or ask for less",
            limits.max_calls
        ),
        (Core::WindowTooLong, _) => {
            let context = limits.context_tokens;
            let reply = limits.reply_tokens(session.config().dialect());
            let less = match reply > context / 2 {
                true => format!("lower --max-tokens, now {reply}, or raise --context"),
                false => "raise --context, or give the model less to read".to_owned(),
            };
            let over = error.detail();
            format!("the request is {over} tokens too long for a context of {context}; {less}")
        }
        _ => return Error::from(error),
    };
    Error::new(Error::from(error).kind(), text)
}

#[cfg(test)]
mod tests {
    use super::error_line;

    #[test]
    fn the_line_with_the_error_is_found() {
        for (status, said, expected) in [
            (429, "\r\nslow down\r\nmore", Some("slow down")),
            (400, "{\"detail\":\"no\"}", Some("{\"detail\":\"no\"}")),
            (502, "<html>", None),
            (500, " \n", None),
            (
                200,
                "data: {\"x\":1}\n\ndata: {\"error\":\"no money\"}\n\n",
                Some("{\"error\":\"no money\"}"),
            ),
            (200, "event: error\ndata: {\"Error\":1}\n\ndata: [DONE]\n", Some("{\"Error\":1}")),
            (200, "data: {\"x\":1}\n", None),
            (200, "", None),
        ] {
            let found = error_line(said.as_bytes(), status);
            assert_eq!(found.as_deref(), expected, "{said}");
        }
    }
}
