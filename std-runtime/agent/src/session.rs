//! The session of this runtime, new or restored.

use zerostack_core::{Dialect, Growing, OwnedConfig, Session, ToolMode};

use crate::{Error, ErrorKind, Result};

/// The session of this runtime: it owns its configuration and grows to a limit.
pub type OwnedSession = Session<OwnedConfig, Growing>;

/// An empty session, which grows as needed.
///
/// # Errors
/// `Configuration` if a tool's schema is not a JSON object, or the dialect does not support the
/// tool mode.
pub fn start_session(config: OwnedConfig) -> Result<OwnedSession> {
    let (api, mode) = (config.dialect, config.tool_mode);
    if mode == ToolMode::Schema && !matches!(api, Dialect::OpenAiChat | Dialect::Ollama) {
        let text = format!(
            "the tool mode schema works with openai-chat and ollama, not with {}; use text",
            api.name()
        );
        return Err(Error::new(ErrorKind::Configuration, text));
    }
    Session::new(Growing::new(TRANSCRIPT_BYTES), config).map_err(Error::from)
}

/// An empty session, or the one whose snapshot is `saved`.
pub(crate) fn open_session(config: OwnedConfig, saved: Option<Vec<u8>>) -> Result<OwnedSession> {
    let Some(saved) = saved else { return start_session(config) };
    let used = saved.len();
    let storage = Growing::from_vec(saved, TRANSCRIPT_BYTES);
    Session::resume(storage, used, config).map_err(Error::from)
}

/// The largest conversation, in bytes.
const TRANSCRIPT_BYTES: usize = 64 * 1024 * 1024;
