//! Whole numbers from Python, of any size: one that does not fit is an error with its name and bounds.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

/// `value` as a number of Rust's type `T`, for the argument `name`.
///
/// # Errors
/// `TypeError` for anything but an `int` (a `bool` is none), `ValueError` outside `0..=most`.
pub fn number<T: TryFrom<u64>>(name: &str, value: &Bound<'_, PyAny>, most: u64) -> PyResult<T> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        let class = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{name} must be an int, not {class}")));
    }
    let fits = value.extract::<u64>().ok().filter(|number| *number <= most);
    fits.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        // A number of a million digits takes Python too long to print.
        let digits = value.str().map(|text| text.to_string()).unwrap_or_default();
        let shown = if (1..=40).contains(&digits.len()) { digits } else { "that number".into() };
        PyValueError::new_err(format!("{name} must be from 0 to {most}, {shown} is not"))
    })
}

/// As [`number`], but a number that is too large counts as the most; `None` stays `None`.
///
/// # Errors
/// `TypeError` for anything but an `int` or `None`, `ValueError` below 0.
pub fn saturated(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u32>> {
    let Some(value) = value else { return Ok(None) };
    if value.is_instance_of::<PyInt>() && value.gt(u32::MAX)? {
        return Ok(Some(u32::MAX));
    }
    number(name, value, u32::MAX.into()).map(Some)
}
