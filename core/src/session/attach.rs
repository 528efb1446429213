//! Files attached to a user's text or a tool's result, and continuing without them.

use core::slice;

use super::Step;
use super::answer::told;
use super::machine::Machine;
use crate::message::{Attachment, ToolResult};
use crate::provider::Config;
use crate::provider::attach::{check, first_needed, needs};
use crate::provider::profile::InForce;
use crate::transcript::attached::{self, Owner};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ELIDED, FIRST, HEADER_BYTES, Header, Kind};
use crate::{Error, ErrorKind};

impl Machine {
    /// Refuses a request that needs the bytes of a file.
    pub fn expect_no_files(&self, config: &dyn Config, bytes: &[u8]) -> Result<(), Error> {
        match first_needed(config, &self.profile(config), bytes) {
            Some(number) => Err(Error::new(ErrorKind::MissingAttachment, number)),
            None => Ok(()),
        }
    }

    /// Whether a request can hold it.
    pub fn takes(&self, config: &dyn Config, attachment: &Attachment<'_>) -> bool {
        check(config, &self.profile(config), slice::from_ref(attachment)).is_ok()
    }

    fn profile(&self, config: &dyn Config) -> InForce {
        InForce::new(config, self.switched)
    }

    pub fn user_with(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        text: &str,
        attachments: &[Attachment<'_>],
    ) -> Result<(), Error> {
        self.expect(self.step == Step::Idle)?;
        check(config, &self.profile(config), attachments)?;
        let [words, schema] = told(config);
        let told = words.len() + schema.len();
        log.reserve(HEADER_BYTES + text.len() + told + bytes(attachments))?;
        let header = Header::new(Kind::User, FIRST, [0; 3]);
        let turn = log.push(header, &[text.as_bytes(), words, schema])?;
        push(log, attachments, Owner::User)?;
        self.begin_turn(log, config, turn);
        Ok(())
    }

    pub fn tool_result_with(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        result: ToolResult<'_>,
        attachments: &[Attachment<'_>],
    ) -> Result<u32, Error> {
        check(config, &self.profile(config), attachments)?;
        let start = log.used();
        let (left_out, call, result) = self.push_result(log, config, result)?;
        if let Err(error) = push(log, attachments, Owner::Result) {
            log.truncate(start);
            return Err(error);
        }
        self.answer(log, config, call, result)?;
        Ok(left_out)
    }

    pub fn leave_out_attachments(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
    ) -> Result<usize, Error> {
        let fits = matches!(self.step, Step::Idle | Step::Send | Step::MakeRoom { .. });
        self.expect(fits && self.summary().is_none())?;
        let profile = self.profile(config);
        let (mut at, mut count) = (FIRST_RECORD, 0);
        while let Some(record) = log.record(at) {
            let (offset, end) = (record.offset, record.end());
            if record.is(Kind::Attachment) && needs(config, &profile, &record).is_some() {
                self.count.forget(config, log.bytes(), offset, end);
                log.set_flags(offset, ELIDED);
                if let Some(record) = log.record(offset) {
                    self.count.insert(config, &record);
                }
                count += 1;
            }
            at = end;
        }
        if count > 0 {
            self.rewrites = self.rewrites.wrapping_add(1);
            if self.step != Step::Idle {
                self.enter_send(log, config);
            }
        }
        Ok(count)
    }
}

fn bytes(attachments: &[Attachment<'_>]) -> usize {
    attachments.iter().map(attached::record_bytes).sum()
}

/// Adds all files, or none.
fn push(log: &mut Log<'_>, attachments: &[Attachment<'_>], owner: Owner) -> Result<(), Error> {
    log.reserve(bytes(attachments))?;
    attachments.iter().try_for_each(|attachment| attached::push(log, attachment, owner, 0))
}
