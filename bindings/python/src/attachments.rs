//! Attachments from Python, and their bytes while a request is written.

use std::collections::HashMap;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zerostack_core as core;

use crate::enums;
use crate::held::{OwnedSession, raise};
use crate::message::Attachment;

/// Attachments as Rust strings, which the core borrows.
pub struct Given(Vec<One>);

struct One {
    media_type: String,
    name: String,
    bytes: u32,
    tokens: u32,
    source: Source,
}

enum Source {
    Number(u32),
    Text(String),
}

impl Given {
    /// The attachments of an iterable of `Attachment`s; `None` has none.
    ///
    /// # Errors
    /// `TypeError` for anything that is not an attachment.
    pub fn of(value: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut all = Vec::new();
        for each in value.map(|value| value.try_iter()).transpose()?.into_iter().flatten() {
            all.push(One::of(&each?)?);
        }
        Ok(Self(all))
    }

    /// As the core takes them.
    pub fn core(&self) -> Vec<core::Attachment<'_>> {
        self.0.iter().map(One::core).collect()
    }
}

impl One {
    fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = value.py();
        let Ok(attachment) = value.cast::<Attachment>() else {
            let name = value.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "attachments must be Attachment values, {name} is not one"
            )));
        };
        let attachment = attachment.get();
        let source = attachment.source.bind(py);
        let source = if source.is_instance_of::<PyString>() {
            Source::Text(enums::text("source", source)?)
        } else {
            Source::Number(crate::number::number("source", source, u32::MAX.into())?)
        };
        let name = attachment.name.as_ref().map(|name| enums::text("name", name.bind(py).as_any()));
        Ok(Self {
            media_type: enums::text("media_type", attachment.media_type.bind(py).as_any())?,
            name: name.transpose()?.unwrap_or_default(),
            bytes: attachment.bytes,
            tokens: attachment.tokens,
            source,
        })
    }

    fn core(&self) -> core::Attachment<'_> {
        let source = match &self.source {
            Source::Number(number) => core::AttachmentSource::Number(*number),
            Source::Text(text) if text.contains("://") => core::AttachmentSource::Url(text),
            Source::Text(text) => core::AttachmentSource::FileId(text),
        };
        let (media_type, name) = (self.media_type.as_str(), self.name.as_str());
        core::Attachment { media_type, name, bytes: self.bytes, tokens: self.tokens, source }
    }
}

/// The body of the request that is due, whose files come from `read`: a function of number, offset and
/// size.
///
/// # Errors
/// Those of `read`; `MissingAttachment` when it gives less than was asked for.
pub fn body<'py>(
    py: Python<'py>,
    session: &OwnedSession,
    read: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut request =
        session.request_with_attachments().map_err(|error| raise(py, error, "request", session))?;
    let length = request.body_len();
    PyBytes::new_with(py, length, |out| {
        let mut filled = 0;
        loop {
            filled += request.read(out.get_mut(filled..).unwrap_or_default());
            let free = out.get_mut(filled..).unwrap_or_default();
            let Some(wanted) = request.wanted().filter(|_| !free.is_empty()) else { return Ok(()) };
            let size = wanted.bytes.min(READ_BYTES);
            let bytes = read.call1((wanted.number, wanted.offset, size))?;
            let bytes = bytes.cast::<PyBytes>()?.as_bytes();
            if bytes.len() != size as usize {
                let (number, count) = (wanted.number, bytes.len());
                return Err(PyValueError::new_err(format!(
                    "read() gave {count} bytes of attachment {number} from {} on, not {size}",
                    wanted.offset
                )));
            }
            filled += request.supply(bytes, free);
        }
    })
}

/// The hash of each file, by the number of its attachment.
pub type Hashes = HashMap<u32, String>;

/// The length of a request's body, and the body with hashes.
pub type Hashed = (usize, Py<PyBytes>);

/// The length of the body of the request that is due, and the body with `sha1:` and a hash in place of
/// the bytes of each file.
///
/// # Errors
/// `WrongStep`; `ValueError` if a file has no hash.
pub fn hashed(py: Python<'_>, session: &OwnedSession, hashes: &Hashes) -> PyResult<Hashed> {
    let raise = |error| raise(py, error, "body_with_hashes", session);
    let mut request = session.request_with_attachments().map_err(raise)?;
    let (length, mut body) = (request.body_len(), Vec::new());
    let (mut buffer, nothing) = ([0; 4096], [0; 3 * 1024]);
    loop {
        let count = request.read(&mut buffer);
        body.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if count > 0 {
            continue;
        }
        let Some(mut wanted) = request.wanted() else { break };
        let Some(hash) = hashes.get(&wanted.number) else {
            let text = format!("attachment {} has no hash", wanted.number);
            return Err(PyValueError::new_err(text));
        };
        body.extend_from_slice(b"sha1:");
        body.extend_from_slice(hash.as_bytes());
        // To the end of the file, whose bytes do not matter.
        loop {
            let size = nothing.len().min(wanted.bytes as usize);
            request.supply(nothing.get(..size).unwrap_or_default(), &mut buffer);
            match request.wanted() {
                Some(next) if next.number == wanted.number && next.offset > wanted.offset => {
                    wanted = next;
                }
                _ => break,
            }
        }
    }
    Ok((length, PyBytes::new(py, &body).unbind()))
}

/// Bytes of a file that are read at once: whole groups of base64.
const READ_BYTES: u32 = 48 * 1024;
