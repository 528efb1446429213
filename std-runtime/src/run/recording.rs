//! What is written or proved of a conversation while it goes on.

use zerostack_core::Request;

use super::prefix::Prefixes;
use super::tape::Tape;
use crate::Result;
use crate::agent::Recorder;

/// The tape, and the proof that requests only grow.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) tape: Option<Tape>,
    pub(super) prefixes: Option<Prefixes>,
}

impl Recording {
    /// The user's text.
    ///
    /// # Errors
    /// `Input` when the tape cannot be written.
    pub(super) fn user(&mut self, text: &str) -> Result<()> {
        self.tape.as_mut().map_or(Ok(()), |tape| tape.user(text))
    }

    /// The oldest of the conversation went.
    pub(super) fn made_room(&mut self) {
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.made_room();
        }
    }
}

impl Recorder for Recording {
    fn request(&mut self, request: Request<'_>) -> zerostack_agent::Result<()> {
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.request(request.clone())?;
        }
        self.tape.as_mut().map_or(Ok(()), |tape| tape.request(request))
    }

    fn response(
        &mut self,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> zerostack_agent::Result<()> {
        self.tape.as_mut().map_or(Ok(()), |tape| tape.response(status, retry_after_ms))
    }

    fn bytes(&mut self, bytes: &[u8]) -> zerostack_agent::Result<()> {
        self.tape.as_mut().map_or(Ok(()), |tape| tape.bytes(bytes))
    }

    fn end(&mut self) -> zerostack_agent::Result<()> {
        self.tape.as_mut().map_or(Ok(()), Tape::end)
    }

    fn tool_result(
        &mut self,
        call: u32,
        content: &str,
        is_error: bool,
    ) -> zerostack_agent::Result<()> {
        self.tape.as_mut().map_or(Ok(()), |tape| tape.tool_result(call, content, is_error))
    }
}
