//! The ways in which a session begins, from what Python gives.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zerostack_core as core;
use zerostack_core::{Growing, OwnedConfig};

use crate::bytes::bytes_of;
use crate::error::{raised, raised_text};
use crate::held::Held;
use crate::json_lines;
use crate::options::Options;
use crate::session::Session;

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
    let session = core::Session::new(storage, config.into());
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
        core::Session::resume(storage, bytes.len(), config.into())
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
    let read = py.detach(|| json_lines::read(&lines, storage, config.into()));
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
    let mut config = held.look(py, |session| OwnedConfig::clone(session.config()))?;
    options.change(&mut config, dialect, model)?;
    let storage = Growing::new(options.capacity_bytes()?);
    let forked = held.look(py, |session| session.fork(storage, config.into()))?;
    forked.map(Held::new).map_err(|error| raised(py, error))
}

/// A conversation with the configuration of `session`, which both share: empty, or from a snapshot. Of the
/// options `capacity_bytes` counts.
#[pyfunction]
#[pyo3(signature = (session, snapshot=None, **options))]
pub fn another_session(
    session: &Bound<'_, Session>,
    snapshot: Option<&Bound<'_, PyAny>>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Session> {
    let (py, held) = (session.py(), &session.get().held);
    let limit = Options::of(options)?.capacity_bytes()?;
    let config = held.look(py, |session| session.config().clone())?;
    let made = match snapshot {
        None => core::Session::new(Growing::new(limit), config),
        Some(snapshot) => {
            let bytes = bytes_of("snapshot", snapshot)?;
            py.detach(|| {
                let storage = Growing::from_vec(bytes.to_vec(), limit.max(bytes.len()));
                core::Session::resume(storage, bytes.len(), config)
            })
        }
    };
    let held = made.map(Held::new).map_err(|error| raised(py, error))?;
    Ok(Session { held })
}
