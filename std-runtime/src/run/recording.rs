//! Recording a conversation, and proving its prefixes, while it runs.

use std::sync::Arc;

use zerostack_core::Request;

use super::front::ConversationId;
use super::prefix::Prefixes;
use super::tape::{self, Hashes, Tape};
use super::{Outcome, RunOptions};
use crate::agent::{File, Files, OwnedSession, Recorder};
use crate::provider::Secrets;
use crate::record::Draft;
use crate::{Error, Result, own_process};

/// The tape, the record's tape, and the proof that requests only grow.
#[derive(Default)]
pub(super) struct Recording {
    tape: Option<Tape>,
    prefixes: Option<Prefixes>,
    kept: Option<Kept>,
    hashes: Hashes,
}

/// The tape of the record. Its failure does not fail the run.
pub(super) struct Kept {
    tape: Tape,
    draft: Arc<Draft>,
}

impl Recording {
    /// A tape if there is one, and a proof if requested.
    pub(super) fn new(tape: Option<Tape>, prefixes: Option<Prefixes>) -> Self {
        Self { tape, prefixes, ..Self::default() }
    }

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
            return draft.lose("the run continues a session, whose beginning is not on a tape");
        }
        let config = session.config();
        let file = draft.tape(&id.id).map_err(|error| error.to_string());
        let tape = file.and_then(|file| {
            Tape::grow(file, secrets, config, id)
                .map(|tape| tape.with_files(options.record_attachments))
                .map_err(|error| error.message().to_owned())
        });
        match tape {
            Ok(tape) => self.kept = Some(Kept { tape, draft: Arc::clone(draft) }),
            Err(why) => draft.lose(&why),
        }
    }

    /// The conversation ended with `result`: ends the tape, and adds the result of the proof.
    ///
    /// # Errors
    /// The error of `result`, or `Input` if the tape cannot be written.
    pub(super) fn end(self, result: Result<Outcome>) -> Result<Outcome> {
        let Self { tape, prefixes, kept, .. } = self;
        let result = result.map(|mut outcome| {
            if let Some(Prefixes { proved, .. }) = prefixes {
                let note = format!("{proved} requests began with the bytes of the previous one");
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
        // The error that ended the run is more useful than that of its tape.
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

    /// Writes to both tapes.
    fn each(&mut self, mut write: impl FnMut(&mut Tape) -> Result<()>) -> Result<()> {
        self.each_with(|tape, _| write(tape))
    }

    /// The same, with the hashes of the files.
    fn each_with(&mut self, mut write: impl FnMut(&mut Tape, &Hashes) -> Result<()>) -> Result<()> {
        let Self { tape, kept, hashes, .. } = self;
        if let Some(Kept { tape, draft }) = kept
            && let Err(error) = write(tape, hashes)
        {
            draft.lose(error.message());
            *kept = None;
        }
        tape.as_mut().map_or(Ok(()), |tape| write(tape, hashes))
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

    fn attached(&mut self, number: u32, file: &File) -> zerostack_agent::Result<()> {
        let sha1 = match file.address() {
            Some(_) => String::new(),
            None => tape::sha1(file)?,
        };
        self.hashes.insert(number, sha1.clone());
        Ok(self.each(|tape| tape.attached(number, file, &sha1))?)
    }

    fn request(&mut self, request: Request<'_>, files: &Files) -> zerostack_agent::Result<()> {
        self.hashes.read(files)?;
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.request(self.hashes.whole(request.clone()))?;
        }
        Ok(self.each_with(|tape, hashes| tape.request(request.clone(), hashes))?)
    }

    fn response(
        &mut self,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> zerostack_agent::Result<()> {
        // What sent the request is done.
        own_process::release_code();
        Ok(self.each(|tape| tape.response(status, retry_after_ms))?)
    }

    fn bytes(&mut self, bytes: &[u8]) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| tape.bytes(bytes))?)
    }

    fn end(&mut self) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| tape.end())?)
    }

    fn tool_result(
        &mut self,
        call: u32,
        content: &str,
        is_error: bool,
    ) -> zerostack_agent::Result<()> {
        Ok(self.each(|tape| tape.tool_result(call, content, is_error))?)
    }
}
