//! Arguments of calls, checked and repaired as in every other language.

use pyo3::prelude::*;
use zerostack_core::tool::{BadCallPolicy, check_arguments};

use crate::enums;
use crate::error;

/// The arguments of a call, checked against the JSON Schema `parameters`. With `repair`, obvious
/// mistakes are repaired: a string that is exactly one JSON value of the expected type, and a
/// single value where an array is expected.
///
/// Raises `BadArguments` with the sentence for the model.
#[pyfunction]
#[pyo3(signature = (parameters, arguments, *, repair = true))]
pub fn checked_arguments(
    py: Python<'_>,
    parameters: &Bound<'_, PyAny>,
    arguments: &Bound<'_, PyAny>,
    repair: bool,
) -> PyResult<String> {
    let (schema, given) =
        (enums::text("parameters", parameters)?, enums::text("arguments", arguments)?);
    let policy = if repair { BadCallPolicy::Repair } else { BadCallPolicy::Tell };
    let checked = check_arguments(&schema, &given, policy).map(std::borrow::Cow::into_owned);
    checked.map_err(|sentence| error::bad_arguments(py, &sentence))
}
