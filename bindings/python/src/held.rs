//! A session that one caller at a time may use. The lock is only tried: nobody waits for it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use zerostack_core::{Error, Growing, OwnedConfig, Session};

use crate::error::{Said, busy, closed, raised_in};
use crate::shared_config::SharedConfig;

/// The session of this package: it owns its transcript, which grows to a limit.
pub type OwnedSession = Session<SharedConfig, Growing>;

/// The session of a Python object, until it is closed.
pub struct Held {
    session: Mutex<Option<OwnedSession>>,
    /// The process that made it.
    process: u32,
}

impl Held {
    /// A session that nobody uses yet.
    pub fn new(session: OwnedSession) -> Self {
        Self { session: Mutex::new(Some(session)), process: std::process::id() }
    }

    /// The session, if nobody else has it now; nothing in it when it was closed.
    ///
    /// # Errors
    /// `Busy`.
    pub fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Option<OwnedSession>>> {
        match self.session.try_lock() {
            Ok(guard) => Ok(guard),
            // No call of the core leaves a session half changed.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(busy(py, std::process::id() != self.process)),
        }
    }

    /// What `look` sees in it.
    ///
    /// # Errors
    /// `Busy`, `Closed`.
    pub fn look<T>(&self, py: Python<'_>, look: impl FnOnce(&OwnedSession) -> T) -> PyResult<T> {
        let held = self.lock(py)?;
        held.as_ref().map(look).ok_or_else(|| closed(py))
    }

    /// What the call `name` of it returns.
    ///
    /// # Errors
    /// `Busy`, `Closed`, and the exception for the core's error.
    pub fn act<T>(
        &self,
        py: Python<'_>,
        name: &str,
        act: impl FnOnce(&mut OwnedSession) -> Result<T, Error>,
    ) -> PyResult<T> {
        let mut held = self.lock(py)?;
        let session = held.as_mut().ok_or_else(|| closed(py))?;
        act(session).map_err(|error| raise(py, error, name, session))
    }

    /// Has the call `name` change its configuration.
    ///
    /// # Errors
    /// Those of [`act`](Self::act).
    pub fn configure(
        &self,
        py: Python<'_>,
        name: &str,
        change: impl FnOnce(&mut OwnedConfig),
    ) -> PyResult<()> {
        self.act(py, name, |session| {
            let mut config = OwnedConfig::clone(session.config());
            change(&mut config);
            session.set_config(config.into()).map(drop)
        })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.session.try_lock().as_deref() {
            Ok(Some(session)) => {
                let config = session.config();
                let (dialect, model) = (config.dialect.name(), &config.model);
                let step = session.step().name().to_uppercase();
                let bytes = session.transcript().used_bytes();
                write!(f, "<Session {dialect} {model:?}: step {step}, {bytes} bytes>")
            }
            Ok(None) => f.write_str("<Session: closed>"),
            Err(_) => f.write_str("<Session: in use>"),
        }
    }
}

/// The exception for an `error` of the call `name`, with what the provider said.
pub fn raise(py: Python<'_>, error: Error, name: &str, session: &OwnedSession) -> PyErr {
    let said = session.failure().map(Said::from).unwrap_or_default();
    raised_in(py, error, name, session.step(), &said, None)
}
