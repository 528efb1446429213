//! What is written or proved of a conversation while it goes on.

use std::sync::Arc;

use zerostack_core::Request;

use super::front::ConversationId;
use super::prefix::Prefixes;
use super::tape::Tape;
use super::{Outcome, RunOptions};
use crate::agent::{OwnedSession, Recorder};
use crate::provider::Secrets;
use crate::record::Draft;
use crate::{Error, Result};

/// The tape, the record's tape, and the proof that requests only grow.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) tape: Option<Tape>,
    pub(super) prefixes: Option<Prefixes>,
    pub(super) kept: Option<Kept>,
}

/// The tape of the record. What goes wrong with it is no error of the run.
pub(super) struct Kept {
    tape: Tape,
    draft: Arc<Draft>,
}

impl Recording {
    /// Begins the tape of the record, if there is one, of the conversation `id` that begins here.
    pub(super) fn keep(
        &mut self,
        options: &RunOptions,
        secrets: Secrets,
        session: &OwnedSession,
        id: &ConversationId,
    ) {
        let Some(draft) = &options.kept else { return };
        if session.transcript().entries().next().is_some() {
            return draft.lose("the run goes on with a session, whose beginning is not on a tape");
        }
        let config = session.config();
        let file = draft.tape(&id.id).map_err(|error| error.to_string());
        let tape = file.and_then(|file| {
            Tape::grow(file, secrets, config, id).map_err(|error| error.message().to_owned())
        });
        match tape {
            Ok(tape) => self.kept = Some(Kept { tape, draft: Arc::clone(draft) }),
            Err(why) => draft.lose(&why),
        }
    }

    /// The conversation ended with `result`: ends the tape, and adds what was proved.
    ///
    /// # Errors
    /// That of `result`, or `Input` when the tape cannot be written.
    pub(super) fn end(self, result: Result<Outcome>) -> Result<Outcome> {
        let Self { tape, prefixes, kept } = self;
        let result = result.map(|mut outcome| {
            if let Some(Prefixes { proved, .. }) = prefixes {
                let note = format!("{proved} requests began with the bytes of the one before");
                outcome.notes.push(note);
            }
            outcome
        });
        let exit_code = exit_code(&result);
        if let Some(Kept { tape, draft }) = kept
            && let Err(error) = tape.finish(exit_code)
        {
            draft.lose(error.message());
        }
        let Some(tape) = tape else { return result };
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

    /// The conversation of a subagent ended with `result`.
    pub(super) fn end_of_subagent<T>(self, result: &Result<T>) {
        if let Some(Kept { tape, draft }) = self.kept
            && let Err(error) = tape.finish(exit_code(result))
        {
            draft.lose(error.message());
        }
    }

    /// Does it to both tapes.
    fn each(&mut self, mut write: impl FnMut(&mut Tape) -> Result<()>) -> Result<()> {
        if let Some(kept) = &mut self.kept
            && let Err(error) = write(&mut kept.tape)
        {
            kept.draft.lose(error.message());
            self.kept = None;
        }
        self.tape.as_mut().map_or(Ok(()), write)
    }
}

fn exit_code<T>(result: &Result<T>) -> u8 {
    result.as_ref().err().map_or(0, |error| error.kind().exit_code())
}

impl Recorder for Recording {
    fn user(&mut self, text: &str) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| tape.user(text))?)
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
        Ok(self.each(|tape| Ok(tape.request(request.clone())?))?)
    }

    fn response(
        &mut self,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| Ok(tape.response(status, retry_after_ms)?))?)
    }

    fn bytes(&mut self, bytes: &[u8]) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| Ok(tape.bytes(bytes)?))?)
    }

    fn end(&mut self) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| Ok(tape.end()?))?)
    }

    fn tool_result(
        &mut self,
        call: u32,
        content: &str,
        is_error: bool,
    ) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| Ok(tape.tool_result(call, content, is_error)?))?)
    }
}
