//! Enums as Python has them: classes of `zerostack.enums`, whose members are looked up once.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use zerostack_core as core;

/// The members of an enum, by the text or number that Rust calls them by.
struct Members {
    class: &'static str,
    found: PyOnceLock<Vec<(Key, Py<PyAny>)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Name(&'static str),
    Number(u32),
}

static STEPS: Members = Members::of("Step");
static STOP_REASONS: Members = Members::of("StopReason");
static ROLES: Members = Members::of("Role");
static KEPT: Members = Members::of("Kept");
static PROVIDERS: Members = Members::of("Provider");
static FAILED_TURNS: Members = Members::of("FailedTurn");

impl Members {
    const fn of(class: &'static str) -> Self {
        Self { class, found: PyOnceLock::new() }
    }

    /// The member for `key`, one of `keys`.
    fn member(&self, py: Python<'_>, keys: &[Key], key: Key) -> PyResult<Py<PyAny>> {
        let members = self.found.get_or_try_init(py, || -> PyResult<_> {
            let class = py.import("zerostack.enums")?.getattr(self.class)?;
            let member = |key: &Key| {
                let member = match *key {
                    Key::Name(name) => class.call1((name,)),
                    Key::Number(number) => class.call1((number,)),
                };
                member.map(|member| (*key, member.unbind()))
            };
            keys.iter().map(member).collect()
        })?;
        let found = members.iter().find(|(known, _)| *known == key);
        found.map(|(_, member)| member.clone_ref(py)).ok_or_else(|| {
            PyValueError::new_err(format!("zerostack.{} has no such member", self.class))
        })
    }
}

/// `zerostack.Step`.
pub fn step(py: Python<'_>, step: core::Step) -> PyResult<Py<PyAny>> {
    const NUMBERS: [Key; 6] = [
        Key::Number(0),
        Key::Number(1),
        Key::Number(2),
        Key::Number(3),
        Key::Number(4),
        Key::Number(5),
    ];
    STEPS.member(py, &NUMBERS, Key::Number(step.number()))
}

/// `zerostack.StopReason`.
pub fn stop_reason(py: Python<'_>, reason: core::StopReason) -> PyResult<Py<PyAny>> {
    use core::StopReason as R;
    const NAMES: [Key; 8] = [
        Key::Name(R::EndTurn.name()),
        Key::Name(R::ToolUse.name()),
        Key::Name(R::MaxTokens.name()),
        Key::Name(R::StopSequence.name()),
        Key::Name(R::Refusal.name()),
        Key::Name(R::ContentFilter.name()),
        Key::Name(R::Pause.name()),
        Key::Name(R::Other.name()),
    ];
    STOP_REASONS.member(py, &NAMES, Key::Name(reason.name()))
}

/// `zerostack.Role`.
pub fn role(py: Python<'_>, role: core::Role) -> PyResult<Py<PyAny>> {
    const NAMES: [Key; 3] = [Key::Name("user"), Key::Name("assistant"), Key::Name("tool")];
    let name = match role {
        core::Role::User => "user",
        core::Role::Assistant => "assistant",
        core::Role::Tool => "tool",
    };
    ROLES.member(py, &NAMES, Key::Name(name))
}

/// `zerostack.Kept`.
pub fn kept(py: Python<'_>, kept: core::Kept) -> PyResult<Py<PyAny>> {
    const NAMES: [Key; 2] = [Key::Name("reply"), Key::Name("tool_result")];
    let name = if kept == core::Kept::Reply { "reply" } else { "tool_result" };
    KEPT.member(py, &NAMES, Key::Name(name))
}

/// `zerostack.Provider`.
pub fn provider(py: Python<'_>, provider: core::Provider) -> PyResult<Py<PyAny>> {
    let names: Vec<Key> = core::Provider::ALL.iter().map(|p| Key::Name(p.name())).collect();
    PROVIDERS.member(py, &names, Key::Name(provider.name()))
}

/// `zerostack.FailedTurn`.
pub fn failed_turn(py: Python<'_>, failed_turn: core::FailedTurn) -> PyResult<Py<PyAny>> {
    const NAMES: [Key; 2] = [Key::Name("take_out"), Key::Name("keep")];
    let name = match failed_turn {
        core::FailedTurn::TakeOut => "take_out",
        core::FailedTurn::Keep => "keep",
    };
    FAILED_TURNS.member(py, &NAMES, Key::Name(name))
}

/// A provider from its member or its name.
///
/// # Errors
/// `TypeError` for no text, `ValueError` for a name that is unknown.
pub fn to_provider(value: &Bound<'_, PyAny>) -> PyResult<core::Provider> {
    let name = text("provider", value)?;
    core::Provider::from_name(&name).ok_or_else(|| {
        let names: Vec<&str> = core::Provider::ALL.iter().map(|p| p.name()).collect();
        let names = names.join(", ");
        PyValueError::new_err(format!("provider {name:?} is unknown; it is one of {names}"))
    })
}

/// What becomes of a failed turn, from its member or its name.
///
/// # Errors
/// `TypeError` for no text, `ValueError` for a name that is unknown.
pub fn to_failed_turn(value: &Bound<'_, PyAny>) -> PyResult<core::FailedTurn> {
    match text("failed_turn", value)?.as_str() {
        "take_out" => Ok(core::FailedTurn::TakeOut),
        "keep" => Ok(core::FailedTurn::Keep),
        other => Err(PyValueError::new_err(format!(
            "failed_turn {other:?} is unknown; it is one of take_out, keep"
        ))),
    }
}

/// A text argument; members of the enums above are texts, too.
///
/// # Errors
/// `TypeError` that names the argument; `UnicodeEncodeError` for a lone surrogate.
pub fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(text) = value.cast::<pyo3::types::PyString>() else {
        let class = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{name} must be a str, not {class}")));
    };
    Ok(text.to_cow()?.into_owned())
}
