//! Checks the answer of a turn, and asks the model to correct its fault.

use crate::message::{Event, StopReason};
use crate::provider::{Config, tells_schema};
use crate::session::machine::Machine;
use crate::session::window::used_up;
use crate::tool::answer::{AnswerCheck, SENTENCE_BYTES, check};
use crate::transcript::log::Log;
use crate::transcript::record::{FIRST, Header, Kind, REFUSAL};
use crate::{Error, ErrorKind};

/// How often the answer of a turn was asked for again.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct TimesAsked(u8);

impl TimesAsked {
    pub const NONE: Self = Self(0);
}

/// The text after the user's text: the schema, if it is sent as text.
pub(in crate::session) fn told(config: &dyn Config) -> [&[u8]; 2] {
    match config.options().response_schema {
        Some(it) if tells_schema(config) => [WORDS.as_bytes(), it.schema.as_bytes()],
        _ => [b"", b""],
    }
}

impl Machine {
    /// Checks the answer that ends the turn, which is at the end of the transcript. `None`: it may
    /// end so.
    // Not inlined: its stack is free again when the reply is over.
    #[inline(never)]
    pub fn check_answer(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        reason: StopReason,
    ) -> Result<Option<Event<'static>>, Error> {
        let schema = config.options().response_schema;
        // An answer that was cut off, or is a refusal, is not checked: its stop reason is the result.
        let is_answer = matches!(reason, StopReason::EndTurn | StopReason::StopSequence);
        let wanted = schema.filter(|_| is_answer).and_then(|it| Some((it.schema, it.max_repairs?)));
        let Some((schema, max_repairs)) = wanted else { return Ok(None) };
        let records = log.records_from(self.reply.start as usize);
        let texts = records.filter(|it| it.is(Kind::Text) && it.header.info != [REFUSAL, 0, 0]);
        let text = texts.last().map_or("", |text| text.text());
        let mut room = [0; SENTENCE_BYTES];
        let (error, why) = match check(schema, text, &mut room) {
            Ok(AnswerCheck::Fits(_)) => return Ok(None),
            Ok(AnswerCheck::Misfit { at, why }) => (Error::new(ErrorKind::BadAnswer, at), why),
            // Asking again would not help.
            Err(error) => return Err(self.end_unfit(log, error, "")),
        };
        let is_last = self.times_asked.0 >= max_repairs;
        let budget = used_up(config, self.rounds, self.usage);
        let asked = [ASK, why.as_bytes(), ASK_AGAIN];
        let header = Header::new(Kind::User, FIRST, [0; 3]);
        if is_last || budget.is_some() || log.push(header, &asked).is_err() {
            return Err(self.end_unfit(log, error, why));
        }
        self.times_asked.0 += 1;
        self.enter_send(log, config);
        self.note_unfit(log, error, why);
        Ok(Some(Event::Restart))
    }

    /// The turn ends with an answer that stays, and is an error.
    fn end_unfit(&mut self, log: &mut Log<'_>, error: Error, why: &str) -> Error {
        self.end_turn(log);
        self.note_unfit(log, error, why);
        error
    }

    /// Keeps the reason for [`crate::Session::failure`]: after the end, while there is room.
    fn note_unfit(&mut self, log: &mut Log<'_>, error: Error, why: &str) {
        let end = log.used();
        let is_kept = log.append(why.as_bytes()).is_ok();
        log.truncate(end);
        self.error = Some(error);
        self.reply.failure.code.clear();
        self.reply.failure.length = if is_kept { why.len() as u16 } else { 0 };
    }
}

/// The message about an answer that does not fit, before and after the reason.
const ASK: &[u8] = b"This is not the answer that was asked for: ";
const ASK_AGAIN: &[u8] = b". Answer again, with the whole JSON value and nothing else.";

/// The instruction where the request has no field for the schema.
const WORDS: &str = "\n\nEnd with one JSON value alone, without a fence around it. It must fit this \
                     JSON Schema:\n";
