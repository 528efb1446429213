//! Arguments of calls, checked and repaired as in every other language.

use zerostack_core::tool::{BadCallPolicy, check_arguments as check};

/// What a check of arguments found.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum CheckedArguments {
    /// They fit, as they are or as they were repaired.
    Fit {
        /// One JSON value.
        arguments: String,
    },
    /// They do not fit.
    Unfit {
        /// What is wrong and where, for the model.
        sentence: String,
    },
}

/// The arguments of a call, checked against the JSON Schema `parameters`. With `repair`, obvious
/// mistakes are repaired: a string that is exactly one JSON value of the expected type, and a
/// single value where an array is expected.
#[uniffi::export]
#[must_use]
pub fn check_arguments(parameters: &str, arguments: &str, repair: bool) -> CheckedArguments {
    let policy = if repair { BadCallPolicy::Repair } else { BadCallPolicy::Tell };
    match check(parameters, arguments, policy) {
        Ok(arguments) => CheckedArguments::Fit { arguments: arguments.into_owned() },
        Err(sentence) => CheckedArguments::Unfit { sentence },
    }
}
