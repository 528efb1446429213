//! Bytes from Python.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyString};

/// The bytes of anything that has some: `bytes` are not copied, the others are.
pub fn bytes_of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.clone().into());
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(bytes.clone().into());
    }
    let class = value.get_type().name()?;
    let is_text = value.is_instance_of::<PyString>();
    let buffer = value.py().get_type::<pyo3::types::PyMemoryView>().call1((value,));
    match buffer {
        Ok(buffer) => Ok(buffer.call_method0("tobytes")?.cast_into::<PyBytes>()?.into()),
        Err(_) if is_text => Err(PyTypeError::new_err(format!(
            "{name} must be bytes as received from the network, not str"
        ))),
        Err(_) => Err(PyTypeError::new_err(format!("{name} must be bytes, not {class}"))),
    }
}
