//! The session of this runtime, empty or as it was saved.

use zerostack_core::{Dialect, Growing, OwnedConfig, Session, ToolMode};

use crate::{Error, ErrorKind, Result};

/// The session of this runtime: it owns its configuration and grows to a limit.
pub type OwnedSession = Session<OwnedConfig, Growing>;

/// An empty session, which grows as it must.
///
/// # Errors
/// `Configuration` when a tool's schema is not a JSON object, or the tool mode is none for the
/// dialect.
pub fn start_session(config: OwnedConfig) -> Result<OwnedSession> {
    let (api, mode) = (config.dialect, config.tool_mode);
    if mode == ToolMode::Schema && !matches!(api, Dialect::OpenAiChat | Dialect::Ollama) {
        let text = format!(
            "the tool mode schema is known for openai-chat and ollama, and this is {}; use text",
            api.name()
        );
        return Err(Error::new(ErrorKind::Configuration, text));
    }
    Session::new(Growing::new(TRANSCRIPT_BYTES), config).map_err(Error::from)
}

/// A session that is empty, or goes on where the one that gave the bytes of `saved` was.
pub(crate) fn open_session(config: OwnedConfig, saved: Option<Vec<u8>>) -> Result<OwnedSession> {
    let Some(saved) = saved else { return start_session(config) };
    let used = saved.len();
    let storage = Growing::from_vec(saved, TRANSCRIPT_BYTES);
    Session::resume(storage, used, config).map_err(Error::from)
}

/// The most that one conversation may take.
const TRANSCRIPT_BYTES: usize = 64 * 1024 * 1024;
