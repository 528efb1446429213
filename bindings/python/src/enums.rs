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
static DROPPED: Members = Members::of("Dropped");
static DIALECTS: Members = Members::of("Dialect");
static FAILED_TURNS: Members = Members::of("FailedTurn");
static ROOM_POLICIES: Members = Members::of("RoomPolicy");
static TOOL_MODES: Members = Members::of("ToolMode");
static OUTPUT_LIMIT_KEYS: Members = Members::of("OutputLimitKey");

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

/// `zerostack.Dropped`.
pub fn dropped(py: Python<'_>, dropped: core::Dropped) -> PyResult<Py<PyAny>> {
    const NAMES: [Key; 5] = [
        Key::Name("reply"),
        Key::Name("tool_result"),
        Key::Name("old_results"),
        Key::Name("old_exchanges"),
        Key::Name("summarised"),
    ];
    let name = match dropped {
        core::Dropped::Reply => "reply",
        core::Dropped::ToolResult => "tool_result",
        core::Dropped::OldResults => "old_results",
        core::Dropped::OldExchanges => "old_exchanges",
        core::Dropped::Summarised => "summarised",
        other => return Err(PyValueError::new_err(format!("{other:?} is new"))),
    };
    DROPPED.member(py, &NAMES, Key::Name(name))
}

/// `zerostack.Dialect`.
pub fn dialect(py: Python<'_>, dialect: core::Dialect) -> PyResult<Py<PyAny>> {
    let names: Vec<Key> = core::Dialect::ALL.iter().map(|p| Key::Name(p.name())).collect();
    DIALECTS.member(py, &names, Key::Name(dialect.name()))
}

/// `zerostack.FailedTurn`.
pub fn failed_turn(py: Python<'_>, failed_turn: core::FailedTurn) -> PyResult<Py<PyAny>> {
    const NAMES: [Key; 2] = [Key::Name("take_out"), Key::Name("keep")];
    FAILED_TURNS.member(py, &NAMES, Key::Name(failed_turn_name(failed_turn)))
}

/// `zerostack.RoomPolicy`.
pub fn room_policy(py: Python<'_>, policy: core::RoomPolicy) -> PyResult<Py<PyAny>> {
    let names: Vec<Key> = core::RoomPolicy::ALL.iter().map(|p| Key::Name(p.name())).collect();
    ROOM_POLICIES.member(py, &names, Key::Name(policy.name()))
}

/// `zerostack.ToolMode`.
pub fn tool_mode(py: Python<'_>, mode: core::ToolMode) -> PyResult<Py<PyAny>> {
    let names: Vec<Key> = core::ToolMode::ALL.iter().map(|m| Key::Name(m.name())).collect();
    TOOL_MODES.member(py, &names, Key::Name(mode.name()))
}

/// `zerostack.OutputLimitKey`.
pub fn output_limit_key(py: Python<'_>, key: core::OutputLimitKey) -> PyResult<Py<PyAny>> {
    let names: Vec<Key> = core::OutputLimitKey::ALL.iter().map(|k| Key::Name(k.name())).collect();
    OUTPUT_LIMIT_KEYS.member(py, &names, Key::Name(key.name()))
}

/// The one of `all` that the argument `argument` names, as a member of its enum or as a text.
///
/// # Errors
/// `TypeError` for no text, `ValueError` for a name that is unknown.
pub fn chosen<T: Copy>(
    argument: &str,
    value: &Bound<'_, PyAny>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> PyResult<T> {
    let text = text(argument, value)?;
    all.iter().copied().find(|each| name(*each) == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|each| name(*each)).collect();
        let names = names.join(", ");
        PyValueError::new_err(format!("{argument} {text:?} is unknown; it is one of {names}"))
    })
}

/// The name of what becomes of a failed turn.
pub fn failed_turn_name(failed_turn: core::FailedTurn) -> &'static str {
    match failed_turn {
        core::FailedTurn::TakeOut => "take_out",
        core::FailedTurn::Keep => "keep",
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
