//! Lines of JSON on a stream.

use std::io::Write;

use crate::Result;
use crate::error::unwritable;

/// Lines of JSON, each written completely and at once.
pub(super) struct Lines<W>(pub(super) W);

impl<W: Write> Lines<W> {
    pub(super) fn write(&mut self, line: &serde_json::Value) -> Result<()> {
        let text = format!("{line}\n");
        let written = self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush());
        written.map_err(|error| unwritable(&error))
    }
}
