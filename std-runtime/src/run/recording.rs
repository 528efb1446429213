//! What is written or proved of a conversation while it goes on.

use zerostack_core::Request;

use super::Outcome;
use super::prefix::Prefixes;
use super::tape::Tape;
use crate::agent::Recorder;
use crate::{Error, Result};

/// The tape, and the proof that requests only grow.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) tape: Option<Tape>,
    pub(super) prefixes: Option<Prefixes>,
}

impl Recording {
    /// The conversation ended with `result`: ends the tape, and adds what was proved.
    ///
    /// # Errors
    /// That of `result`, or `Input` when the tape cannot be written.
    pub(super) fn end(self, result: Result<Outcome>) -> Result<Outcome> {
        let Self { tape, prefixes } = self;
        let result = result.map(|mut outcome| {
            if let Some(Prefixes { proved, .. }) = prefixes {
                let note = format!("{proved} requests began with the bytes of the one before");
                outcome.notes.push(note);
            }
            outcome
        });
        let Some(tape) = tape else { return result };
        let exit_code = result.as_ref().err().map_or(0, |error| error.kind().exit_code());
        // What ended the run says more than that its tape could not be written.
        let taped = tape.finish(exit_code);
        result.and_then(|outcome| match (taped, outcome.written) {
            (Ok(()), _) => Ok(outcome),
            (Err(error), None) => Err(error),
            (Err(error), Some(id)) => {
                let text = format!("{error}; the files are written, as run {id}");
                Err(Error::new(error.kind(), text))
            }
        })
    }
}

impl Recorder for Recording {
    fn user(&mut self, text: &str) -> zerostack_agent::Result<()> {
        self.tape.as_mut().map_or(Ok(()), |tape| Ok(tape.user(text)?))
    }

    fn made_room(&mut self) {
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.made_room();
        }
    }

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
