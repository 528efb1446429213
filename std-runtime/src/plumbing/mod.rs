//! The filters of the command: each one library call between stdin and stdout.

pub mod decode;
pub mod encode;
pub mod prefix;
pub mod step;
pub mod transcript;

use std::io::Write;

use crate::{Error, ErrorKind, Result};

fn io_error(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{what}: {error}"))
}

/// Writes `value` as one line of JSON.
fn line(output: &mut dyn Write, value: &impl serde::Serialize) -> Result<()> {
    let written = serde_json::to_vec(value).map_err(std::io::Error::from).and_then(|mut line| {
        line.push(b'\n');
        output.write_all(&line)
    });
    written.map_err(|error| io_error("stdout", &error))
}
