//! The one error of the border.

use zerostack_core::prompt;

use crate::{Config, ErrorKind};

/// The error that is thrown.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Error)]
pub enum ZerostackError {
    /// The core refused the call, and nothing changed, or the turn failed.
    Core {
        /// Why.
        fault: Fault,
    },
}

/// Why a call was refused or a reply could not be used.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Fault {
    /// The class.
    pub kind: ErrorKind,
    /// Its number, the same in every language.
    pub code: u8,
    /// A number whose meaning depends on the kind.
    pub detail: u32,
    /// One sentence for a person: what, where, what to do.
    pub message: String,
}

/// Why the last turn failed, or the last attempt of this one.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Failure {
    /// The error that the call threw.
    pub fault: Fault,
    /// The provider's code or type of the error, if it sent one.
    pub code: String,
    /// The provider's message, if it sent one.
    pub message: String,
    /// The HTTP status, 0 if there was no response.
    pub status: u16,
}

impl std::fmt::Display for ZerostackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Core { fault } => f.write_str(&fault.message),
        }
    }
}

impl std::error::Error for ZerostackError {}

impl From<zerostack_core::Error> for Fault {
    fn from(error: zerostack_core::Error) -> Self {
        Self {
            kind: error.kind().into(),
            code: error.kind() as u8,
            detail: error.detail(),
            message: format!("{error}{}", advice(error)),
        }
    }
}

impl From<zerostack_core::Error> for ZerostackError {
    fn from(error: zerostack_core::Error) -> Self {
        Self::Core { fault: error.into() }
    }
}

impl From<zerostack_core::Failure<'_>> for Failure {
    fn from(failure: zerostack_core::Failure<'_>) -> Self {
        Self {
            fault: failure.error.into(),
            code: failure.code.to_owned(),
            message: failure.message.to_owned(),
            status: failure.status,
        }
    }
}

impl ZerostackError {
    fn with_message(error: zerostack_core::Error, message: String) -> Self {
        Self::Core { fault: Fault { message, ..error.into() } }
    }

    /// Why a session cannot be made of `config`.
    pub(crate) fn of_config(error: zerostack_core::Error, config: &Config) -> Self {
        let tool = config.tools.get(error.detail() as usize);
        match (error.kind(), tool) {
            (zerostack_core::ErrorKind::BadConfig, Some(tool)) if tool.name.is_empty() => {
                let message = format!("tool {} has no name", error.detail());
                Self::with_message(error, message)
            }
            (zerostack_core::ErrorKind::BadConfig, Some(tool)) => {
                let message =
                    format!("the parameters of tool {:?} are not a JSON object", tool.name);
                Self::with_message(error, message)
            }
            _ => error.into(),
        }
    }

    /// Why a line of a transcript is refused.
    pub(crate) fn of_line(
        error: zerostack_core::Error,
        fault: Option<zerostack_core::LineFault>,
    ) -> Self {
        match fault {
            Some(fault) => {
                Self::with_message(error, format!("line {}: {}", error.detail(), fault.message()))
            }
            None => error.into(),
        }
    }

    /// Why the prompt `name` cannot be read or filled; `parsed` names the placeholder that is empty.
    pub(crate) fn of_prompt(
        error: zerostack_core::Error,
        name: &str,
        parsed: Option<&prompt::Prompt<'_>>,
    ) -> Self {
        let message = match (prompt::Fault::of(error), parsed) {
            (Some(fault), _) => {
                let (line, column, reason) = (fault.line, fault.column, fault.reason.message());
                format!("prompt {name:?}, line {line}, column {column}: {reason}")
            }
            (None, Some(parsed)) => match parsed.placeholder_at(error.detail()) {
                Some(placeholder) => {
                    format!("prompt {name:?} needs a value for {:?}", placeholder.name)
                }
                None => format!("prompt {name:?}: {error}"),
            },
            (None, None) => format!("prompt {name:?}: {error}"),
        };
        Self::with_message(error, message)
    }
}

/// What to do about a reply that was too long.
pub(crate) const RAISE: &str = "; raise max_output_tokens";

/// What to do about an error, where its own sentence does not say it.
fn advice(error: zerostack_core::Error) -> &'static str {
    use zerostack_core::ErrorKind as Kind;
    match error.kind() {
        Kind::WrongStep => match error.detail() {
            0 => "; the step is Idle: call user",
            1 => "; the step is Send: call request, then begin_response",
            2 => "; the step is Receive: call feed, then end_response",
            3 => "; the step is RunTools: call tool_result",
            4 => "; the step is Wait: wait, then call retry",
            5 => "; the step is MakeRoom: call make_room, compact or drop_oldest",
            _ => "",
        },
        Kind::BadConfig if error.detail() == u32::MAX => {
            "; max_rounds and max_attempts must be at least 1, and the model's name fit in a path"
        }
        Kind::Truncated => RAISE,
        Kind::BadTranscript => "; it is not what snapshot gave",
        _ => "",
    }
}
