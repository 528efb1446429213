//! The core's error as an exception of `zerostack.errors`.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyList;
use zerostack_core::{Error, ErrorKind, Failure, Step};

/// The provider's own description of its error.
#[derive(Clone, Default)]
pub struct Said {
    /// The HTTP status, 0 if there was no response.
    pub status: u16,
    /// Its code or type.
    pub code: String,
    /// Its message.
    pub message: String,
}

impl From<Failure<'_>> for Said {
    fn from(failure: Failure<'_>) -> Self {
        let own = str::to_owned;
        Self { status: failure.status, code: own(failure.code), message: own(failure.message) }
    }
}

/// The exception for `error`.
pub fn raised(py: Python<'_>, error: Error) -> PyErr {
    raised_text(py, error, error.to_string())
}

/// The exception for `error`, in these words.
pub fn raised_text(py: Python<'_>, error: Error, text: String) -> PyErr {
    make(py, error, text, &Said::default(), None)
}

/// The exception for an `error` of the call `name`, in `step`, with what the provider said and the
/// events that came before it.
pub fn raised_in(
    py: Python<'_>,
    error: Error,
    name: &str,
    step: Step,
    said: &Said,
    events: Option<Bound<'_, PyList>>,
) -> PyErr {
    let text = match error.kind() {
        ErrorKind::WrongStep => {
            let step_name = step.name().to_uppercase();
            format!("{name}() does not fit the step {step_name}: {}", what_to_do(step))
        }
        ErrorKind::Status => {
            let reason = match (said.code.as_str(), said.message.as_str()) {
                ("", "") => "no reason".to_owned(),
                ("", message) => message.to_owned(),
                (code, "") => code.to_owned(),
                (code, message) => format!("{message} ({code})"),
            };
            format!("the provider answered {}: {reason}", error.detail())
        }
        ErrorKind::BadResponse if !said.message.is_empty() => {
            format!(
                "the provider answered with {}; check the base URL and the dialect",
                said.message
            )
        }
        ErrorKind::Truncated => format!("{error}; raise max_output_tokens"),
        ErrorKind::BadAnswer => format!("{error}: {}", said.message),
        ErrorKind::Full => format!("{error}; raise capacity_bytes or call compact()"),
        _ => error.to_string(),
    };
    make(py, error, text, said, events)
}

/// The session is used by another thread, or by a call that is further up.
pub fn busy(py: Python<'_>, forked: bool) -> PyErr {
    let text = if forked {
        "the session was in use by another thread when the process forked, so its copy in this \
         process is lost; resume() a snapshot here"
    } else {
        "the session is in use by another thread; use one session from one thread at a time, or \
         one for each thread"
    };
    simple(py, "Busy", text)
}

/// Arguments of a call that do not fit.
pub fn bad_arguments(py: Python<'_>, sentence: &str) -> PyErr {
    simple(py, "BadArguments", sentence)
}

/// The session was closed.
pub fn closed(py: Python<'_>) -> PyErr {
    simple(py, "Closed", "the session is closed; make a new one, or resume() a snapshot")
}

/// A session is neither pickled nor copied.
pub fn not_pickled() -> PyErr {
    PyTypeError::new_err(
        "a Session is not pickled or copied: keep its snapshot(), and resume() it where it is \
         needed",
    )
}

fn what_to_do(step: Step) -> &'static str {
    match step {
        Step::Idle => "call user()",
        Step::Send => "send request(), then call begin_response()",
        Step::Receive => "feed() the body, then call end_response()",
        Step::RunTools => "answer each of pending_calls() by tool_result()",
        Step::Wait { .. } => "wait for wait_ms, then call retry()",
        Step::MakeRoom { .. } => "call compact() or drop_oldest()",
        _ => "see Session.step",
    }
}

fn make(
    py: Python<'_>,
    error: Error,
    text: String,
    said: &Said,
    events: Option<Bound<'_, PyList>>,
) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.get_or_try_init(py, || {
        py.import("zerostack.errors")?.getattr(intern!(py, "make")).map(Bound::unbind)
    });
    let number = error.kind() as u8;
    let exception = make.and_then(|make| {
        let events = events.unwrap_or_else(|| PyList::empty(py));
        let said = (said.status, &said.code, &said.message);
        make.call1(py, (number, error.detail(), text, said, events))
    });
    match exception {
        Ok(exception) => PyErr::from_value(exception.into_bound(py)),
        Err(error) => error,
    }
}

fn simple(py: Python<'_>, class: &str, text: &str) -> PyErr {
    let exception = py
        .import("zerostack.errors")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((text,)));
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => PyRuntimeError::new_err(format!("{text} ({error})")),
    }
}
