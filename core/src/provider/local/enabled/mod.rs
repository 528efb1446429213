//! Tools in text: how a request describes them, and how calls are found in the reply.

mod encode;
mod find;
mod form;
mod recover;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;

pub(crate) use encode::{TextModeCursor, before_messages, begin, message};
pub(crate) use recover::recover;

use crate::message::Dialect;
use crate::provider::{Config, ToolMode};
use crate::{Error, ErrorKind};

pub(crate) const ENABLED: bool = true;

/// Refuses modes that the dialect does not support, and tool names that text cannot carry.
pub(crate) fn check(config: &dyn Config) -> Result<(), Error> {
    let mode = config.tool_mode();
    let dialect = config.dialect();
    let takes_schema = matches!(dialect, Dialect::OpenAiChat | Dialect::Ollama);
    if mode == ToolMode::Schema && !takes_schema {
        return Err(Error::new(ErrorKind::Unsupported, dialect as u32));
    }
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'<');
    let mut index = 0;
    while let Some(tool) = config.tool(index).filter(|_| mode != ToolMode::Native) {
        if tool.name.len() > NAME_BYTES || !tool.name.bytes().all(is_plain) {
            return Err(Error::new(ErrorKind::BadConfig, index as u32));
        }
        index += 1;
    }
    Ok(())
}

/// The longest name of a call that a transcript holds.
const NAME_BYTES: usize = u8::MAX as usize;
