//! An HTTP response that arrives in pieces, for the client of `AsyncAgent`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zerostack_core::wire::http1::{Response, ResponseEvent};

use crate::error::raised;

/// One HTTP/1.1 response that arrives in pieces.
///
/// `feed()` takes what was received, split anywhere, and `end()` the end of the connection. `status` is 0 until
/// the head is complete.
#[pyclass(module = "zerostack")]
pub struct HttpResponse {
    response: Response,
    status: u16,
    /// The bytes of the head, of a refusal also after it.
    head: Vec<u8>,
}

#[pymethods]
impl HttpResponse {
    #[new]
    const fn new() -> Self {
        Self { response: Response::new(), status: 0, head: Vec::new() }
    }

    /// The bytes of the body that are in `received`. Raises `ZerostackError` with the code `BAD_HTTP`,
    /// `HTTP_TOO_LONG` or `HTTP_ENCODING` for a response that cannot be read, here and in every later call.
    fn feed<'py>(
        &mut self,
        py: Python<'py>,
        received: Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut rest = received.as_bytes();
        let mut body: &[u8] = &[];
        // Only for a body in several pieces.
        let mut joined = Vec::new();
        while !rest.is_empty() {
            let fed = self.response.feed(rest).map_err(|error| raised(py, error))?;
            let (used, later) = rest.split_at_checked(fed.used).unwrap_or((rest, &[]));
            rest = later;
            if let Some(ResponseEvent::Body(piece)) = fed.event {
                if body.is_empty() {
                    body = piece;
                    continue;
                }
                if joined.is_empty() {
                    joined.extend_from_slice(body);
                }
                joined.extend_from_slice(piece);
            } else if self.status == 0 {
                self.head.extend_from_slice(used);
            }
            if let Some(ResponseEvent::Head { status, .. }) = fed.event {
                self.status = status;
                if (200..300).contains(&status) {
                    self.head = Vec::new();
                }
            }
        }
        if !joined.is_empty() {
            body = &joined;
        } else if body.len() == received.as_bytes().len() {
            return Ok(received);
        }
        Ok(PyBytes::new(py, body))
    }

    /// The connection ended. Raises the code `HTTP_CUT` if the response is not complete.
    fn end(&mut self, py: Python<'_>) -> PyResult<()> {
        self.response.end().map_err(|error| raised(py, error))
    }

    /// The status code; 0 until the head is complete.
    #[getter]
    const fn status(&self) -> u16 {
        self.status
    }

    /// The bytes of the head, and of the interim ones before it; nothing when the status means success.
    #[getter]
    fn head<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.head)
    }

    /// Whether the whole response was read.
    #[getter]
    fn is_done(&self) -> bool {
        self.response.is_done()
    }

    /// Whether the connection can carry another request; known when the response is done.
    #[getter]
    fn keeps_open(&self) -> bool {
        self.response.keeps_open()
    }
}
