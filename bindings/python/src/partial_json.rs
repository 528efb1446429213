//! JSON that is not complete yet, as the Python values that there are of it so far.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use zerostack_core::wire::json_fields::{FieldEvent, FieldKind, FieldReader};
use zerostack_core::{Error, ErrorKind};

use crate::enums;
use crate::error::{raised, raised_text};

/// One JSON document that arrives in pieces, as values that grow: for arguments and answers that
/// are shown while they stream.
///
/// `feed()` takes the next piece of text, split anywhere. `value` is the value so far: objects and
/// arrays with the members that have begun, strings received so far; a number or a word appears
/// when it is complete. It is the same object each time, and grows.
#[pyclass(module = "zerostack")]
pub struct PartialJson {
    reader: FieldReader,
    /// Objects and arrays that are open, the innermost last.
    open: Vec<Container>,
    root: Option<Py<PyAny>>,
    /// The text, number or word that is open.
    text: String,
    /// The text is a string, of which the received part is shown; and its bytes that are.
    shows_text: bool,
    shown_bytes: usize,
    has_changed: bool,
    /// Bytes that were read.
    offset: u32,
    error: Option<Error>,
}

enum Container {
    Object(Py<PyDict>),
    Array(Py<PyList>),
}

#[pymethods]
impl PartialJson {
    #[new]
    fn new() -> Self {
        Self {
            reader: FieldReader::new(),
            open: Vec::new(),
            root: None,
            text: String::new(),
            shows_text: false,
            shown_bytes: 0,
            has_changed: false,
            offset: 0,
            error: None,
        }
    }

    /// Reads more. Returns whether `value` has changed. `BadJson` for invalid JSON, with its offset
    /// in bytes; `TooLong` and `TooDeep` for a path of more than 192 bytes and more than
    /// 64 levels. After an error every call raises it again, and `value` stays.
    fn feed(&mut self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<bool> {
        let text = enums::text("text", text)?;
        if let Some(error) = self.error {
            return Err(raised(py, error));
        }
        self.has_changed = false;
        let mut rest = text.as_str();
        loop {
            // Begins, ends and what of them, without the borrow of the reader.
            let (begins, ends) = match self.reader.next(&mut rest) {
                Ok(None) => break,
                Ok(Some(FieldEvent::Begin(kind))) => (Some(kind), None),
                Ok(Some(FieldEvent::End(kind))) => (None, Some(kind)),
                Ok(Some(FieldEvent::Piece(more))) => {
                    self.text.push_str(more);
                    (None, None)
                }
                Err(error) => {
                    let read = text.len() - rest.len();
                    let is_json = error.kind() == ErrorKind::BadJson;
                    self.show_text(py)?;
                    self.error = Some(error);
                    let place = self.offset.saturating_add(read as u32);
                    let text = format!("the JSON is malformed at byte {place}");
                    return Err(match is_json {
                        true => raised_text(py, error, text),
                        false => raised(py, error),
                    });
                }
            };
            if let Some(kind) = begins {
                self.begin(py, kind)?;
            }
            if let Some(kind) = ends {
                self.end(py, kind)?;
            }
        }
        self.offset = self.offset.saturating_add(text.len() as u32);
        self.show_text(py)?;
        Ok(self.has_changed)
    }

    /// The value so far; `None` before the document begins, and for `null`.
    #[getter]
    fn value(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.root.as_ref().map(|root| root.clone_ref(py))
    }

    /// Whether the document is complete.
    #[getter]
    fn is_done(&self) -> bool {
        self.reader.is_done()
    }
}

impl PartialJson {
    fn begin(&mut self, py: Python<'_>, kind: FieldKind) -> PyResult<()> {
        self.text.clear();
        self.shown_bytes = 0;
        self.shows_text = kind == FieldKind::String;
        match kind {
            FieldKind::Object => {
                let object = PyDict::new(py);
                self.put(py, object.as_any(), true)?;
                self.open.push(Container::Object(object.unbind()));
            }
            FieldKind::Array => {
                let array = PyList::empty(py);
                self.put(py, array.as_any(), true)?;
                self.open.push(Container::Array(array.unbind()));
            }
            FieldKind::String => {
                let text = PyString::new(py, "");
                self.put(py, text.as_any(), true)?;
            }
            FieldKind::Number | FieldKind::Word => {}
        }
        Ok(())
    }

    fn end(&mut self, py: Python<'_>, kind: FieldKind) -> PyResult<()> {
        match kind {
            FieldKind::Object | FieldKind::Array => drop(self.open.pop()),
            FieldKind::String => self.show_text(py)?,
            FieldKind::Number | FieldKind::Word => {
                let value = py.import("json")?.call_method1("loads", (&self.text,))?;
                self.put(py, &value, true)?;
            }
        }
        self.shows_text = false;
        Ok(())
    }

    /// Puts the received part of the open string where it belongs.
    fn show_text(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.shows_text && self.text.len() > self.shown_bytes {
            self.shown_bytes = self.text.len();
            let text = PyString::new(py, &self.text);
            self.put(py, text.as_any(), false)?;
        }
        Ok(())
    }

    /// Puts a value where the reader is, as a new one or for the one that is there.
    fn put(&mut self, py: Python<'_>, value: &Bound<'_, PyAny>, is_new: bool) -> PyResult<()> {
        self.has_changed = true;
        match self.open.last() {
            None => self.root = Some(value.clone().unbind()),
            Some(Container::Object(object)) => object.bind(py).set_item(self.name(), value)?,
            Some(Container::Array(array)) => {
                let array = array.bind(py);
                match array.len().checked_sub(1).filter(|_| !is_new) {
                    Some(last) => array.set_item(last, value)?,
                    None => array.append(value)?,
                }
            }
        }
        Ok(())
    }

    /// The last name of the path, without its escapes.
    fn name(&self) -> String {
        let name = self.reader.path().rsplit('/').next().unwrap_or_default();
        name.replace("~1", "/").replace("~0", "~")
    }
}
