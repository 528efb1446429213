//! Arguments of a call that are checked, and repaired where that is unambiguous, by all runtimes alike.

extern crate alloc;

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec;

use super::schema::{Schema, Verdict, Violation};
use crate::error::ErrorKind;

/// What to do with a call of an unknown tool, or with arguments that are not JSON or do not fit the
/// schema of the tool.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum BadCallPolicy {
    /// It is not run, and the model gets the reason.
    Tell = 0,
    /// Arguments with an obvious mistake are repaired, see [`Violation::repaired`], and the call
    /// runs; any other call is reported to the model.
    #[default]
    Repair = 1,
    /// The turn fails.
    Fail = 2,
}

impl BadCallPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tell, Self::Repair, Self::Fail];

    /// The name in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Repair => "repair",
            Self::Fail => "fail",
        }
    }

    /// The policy of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// The arguments of a call, fitted to the schema of its tool. No arguments at all are read as `{}`,
/// which models mean by it. If this crate cannot check a schema completely, only certain faults are
/// refused.
///
/// ```
/// use zerostack_core::tool::{BadCallPolicy, check_arguments};
///
/// let schema = r#"{"type":"object","properties":{"line":{"type":"integer"}}}"#;
/// let check = |arguments, policy| check_arguments(schema, arguments, policy);
/// assert_eq!(check(r#"{"line":"7"}"#, BadCallPolicy::Repair).unwrap(), r#"{"line":7}"#);
/// let told = check(r#"{"line":"7"}"#, BadCallPolicy::Tell).unwrap_err();
/// assert_eq!(told, r#"the arguments do not fit: /line: type "integer", found "7""#);
/// let told = check(r#"{"line":"#, BadCallPolicy::Repair).unwrap_err();
/// assert_eq!(told, "the arguments are not one JSON value: see byte 8");
/// ```
///
/// # Errors
/// The sentence for the model: the fault in the arguments as it wrote them, and its place.
pub fn check_arguments<'a>(
    schema: &str,
    arguments: &'a str,
    policy: BadCallPolicy,
) -> Result<Cow<'a, str>, String> {
    let mut checked = Cow::Borrowed(if arguments.trim().is_empty() { "{}" } else { arguments });
    let Ok(schema) = Schema::new(schema) else { return Ok(checked) };
    let mut told: Option<String> = None;
    for _ in 0..=MOST_REPAIRS {
        let repaired = match schema.check(&checked) {
            Ok(Verdict::Invalid(violation)) => {
                told.get_or_insert_with(|| sentence(&violation));
                match policy {
                    BadCallPolicy::Repair => repaired(&violation),
                    BadCallPolicy::Tell | BadCallPolicy::Fail => None,
                }
            }
            Err(error) if error.kind() == ErrorKind::BadJson => {
                let at = error.detail();
                return Err(alloc::format!("the arguments are not one JSON value: see byte {at}"));
            }
            Ok(Verdict::Valid | Verdict::Unsupported(_)) | Err(_) => return Ok(checked),
        };
        match repaired {
            Some(text) => checked = Cow::Owned(text),
            None => break,
        }
    }
    Err(told.unwrap_or_else(|| "the arguments do not fit".to_owned()))
}

fn repaired(violation: &Violation<'_>) -> Option<String> {
    let mut out = vec![0; violation.repaired_bytes_max()];
    violation.repaired(&mut out).map(ToOwned::to_owned)
}

fn sentence(violation: &Violation<'_>) -> String {
    // A path may be long; the rest is bounded.
    let mut out = vec![0; 1024];
    let sentence = violation.message(&mut out).unwrap_or("a value does not fit the schema");
    alloc::format!("the arguments do not fit: {sentence}")
}

/// Values of one call that are repaired at most.
const MOST_REPAIRS: usize = 32;
