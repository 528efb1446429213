//! The filters of the command: each one library call between stdin and stdout.

pub mod decode;

use crate::{Error, ErrorKind};

fn io_error(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{what}: {error}"))
}
