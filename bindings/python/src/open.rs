//! The ways in which a session begins, from what Python gives.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zerostack_core as core;
use zerostack_core::Growing;

use crate::bytes::bytes_of;
use crate::error::{raised, raised_text};
use crate::held::Held;
use crate::json_lines;
use crate::options::Options;

/// An empty one.
///
/// # Errors
/// `BadConfig`, `Full`; wrong types.
pub fn new(
    dialect: &Bound<'_, PyAny>,
    model: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Held> {
    let options = Options::of(options)?;
    let config = options.begin(dialect, model)?;
    let storage = Growing::new(options.capacity_bytes()?);
    let session = core::Session::new(storage, config);
    session.map(Held::new).map_err(|error| raised(dialect.py(), error))
}

/// One that continues from a snapshot.
///
/// # Errors
/// `BadTranscript`, and as [`new`].
pub fn resume(
    snapshot: &Bound<'_, PyAny>,
    dialect: &Bound<'_, PyAny>,
    model: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Held> {
    let py = dialect.py();
    let bytes = bytes_of("snapshot", snapshot)?;
    let options = Options::of(options)?;
    let config = options.begin(dialect, model)?;
    let limit = options.capacity_bytes()?.max(bytes.len());
    let session = py.detach(|| {
        let storage = Growing::from_vec(bytes.to_vec(), limit);
        core::Session::resume(storage, bytes.len(), config)
    });
    session.map(Held::new).map_err(|error| raised(py, error))
}

/// One that continues from JSON Lines.
///
/// # Errors
/// `BadLine`, and as [`new`].
pub fn read_lines(
    lines: &Bound<'_, PyAny>,
    dialect: &Bound<'_, PyAny>,
    model: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Held> {
    let py = dialect.py();
    let lines = match lines.cast::<PyString>() {
        Ok(text) => text.to_cow()?.into_owned().into_bytes(),
        Err(_) => bytes_of("lines", lines)?.to_vec(),
    };
    let options = Options::of(options)?;
    let config = options.begin(dialect, model)?;
    let storage = Growing::new(options.capacity_bytes()?);
    let read = py.detach(|| json_lines::read(&lines, storage, config));
    read.map(Held::new).map_err(|(error, why)| match why {
        Some(why) => raised_text(py, error, format!("line {}: {why}", error.detail())),
        None => raised(py, error),
    })
}

/// One that continues from the state of another.
///
/// # Errors
/// `Busy`, `Closed`, and as [`new`].
pub fn fork(
    py: Python<'_>,
    held: &Held,
    dialect: Option<&Bound<'_, PyAny>>,
    model: Option<&Bound<'_, PyAny>>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Held> {
    let options = Options::of(options)?;
    let mut config = held.look(py, |session| session.config().clone())?;
    options.change(&mut config, dialect, model)?;
    let storage = Growing::new(options.capacity_bytes()?);
    let forked = held.look(py, |session| session.fork(storage, config))?;
    forked.map(Held::new).map_err(|error| raised(py, error))
}
