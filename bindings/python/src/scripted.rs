//! The scripted provider, for tests of programs that use this package.

use std::sync::Mutex;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zerostack_scripted::{Script, Scripted};

/// A provider that plays a script on a port of 127.0.0.1. `zerostack.testing` makes it easy to use.
#[pyclass(frozen, module = "zerostack._core")]
pub struct ScriptedServer(Mutex<Option<Scripted>>);

/// Method, path, headers and body of a request.
type Sent = (String, String, Vec<(String, String)>, Py<PyBytes>);

#[pymethods]
impl ScriptedServer {
    /// Plays `script`: JSON with a list of `replies`, as `zerostack-scripted` reads it from a file.
    #[new]
    fn new(script: &str) -> PyResult<Self> {
        let script =
            Script::from_json(script).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let started = Scripted::start(script);
        let started = started.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self(Mutex::new(Some(started))))
    }

    /// Host and port; nothing when it is closed.
    fn address(&self) -> Option<String> {
        self.look(|provider| provider.address().to_string())
    }

    /// All requests so far, without their keys.
    fn requests(&self, py: Python<'_>) -> Vec<Sent> {
        let requests = self.look(Scripted::requests).unwrap_or_default();
        let sent = requests.into_iter().map(|request| {
            let body = PyBytes::new(py, &request.body).unbind();
            (request.method, request.path, request.headers, body)
        });
        sent.collect()
    }

    /// How many replies of the script were not played.
    fn replies_left(&self) -> usize {
        self.look(Scripted::replies_left).unwrap_or_default()
    }

    /// Ends it, and closes its connections.
    fn close(&self, py: Python<'_>) {
        let provider = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        py.detach(|| drop(provider));
    }
}

impl ScriptedServer {
    fn look<T>(&self, look: impl FnOnce(&Scripted) -> T) -> Option<T> {
        let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.as_ref().map(look)
    }
}
