//! A request as a Python value, its body written straight into Python's bytes.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::held::{OwnedSession, raise};
use crate::message::Request;

/// The request that the session wants sent.
///
/// # Errors
/// `WrongStep`; `MissingAttachment` when nobody gives the bytes of a file; those of `read`.
pub fn of(
    py: Python<'_>,
    session: &OwnedSession,
    read: Option<&Bound<'_, PyAny>>,
) -> PyResult<Request> {
    let raise = |error| raise(py, error, "request", session);
    let request = match read {
        Some(_) => session.request_with_attachments(),
        None => session.request(),
    };
    let request = request.map_err(raise)?;
    let path = PyString::new(py, &request.path_parts().concat()).unbind();
    let headers = PyDict::new(py);
    for (name, value) in request.headers() {
        headers.set_item(name, value)?;
    }
    let method = PyString::new(py, request.method()).unbind();
    if let Some(read) = read {
        let body = crate::attachments::body(py, session, read)?.unbind();
        return Ok(Request { method, path, headers: headers.unbind(), body });
    }
    // A request does not go to another thread, so each block makes its own.
    let length = py.detach(|| session.request().map(|request| request.body_len()));
    let body = PyBytes::new_with(py, length.map_err(raise)?, |out| {
        let read = py.detach(|| session.request().map(|mut request| request.read(out)));
        read.map(|_| ()).map_err(raise)
    })?;
    Ok(Request { method, path, headers: headers.unbind(), body: body.unbind() })
}
