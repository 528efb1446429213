//! What becomes of strings that were read before it was known what they are.

use super::Sink;
use super::calls::Slot;
use crate::{Error, ErrorKind};

impl Sink<'_, '_> {
    /// Whether something was read into `slot`.
    pub fn is_staged(&self, slot: Slot) -> bool {
        self.reply.stage.lengths.get(slot as usize).is_some_and(|length| *length > 0)
    }

    /// The strings that were read are a whole call of their own. A call without arguments
    /// has the empty object.
    pub fn commit_new_call(&mut self) -> Result<(), Error> {
        if !self.is_staged(Slot::Arguments) {
            self.stage(Slot::Arguments, b"{}")?;
        }
        if self.reply.is_muted() {
            self.drop_stage();
            return Ok(());
        }
        self.sort_stage();
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start as usize;
        let staged = self.log.bytes().get(start..).unwrap_or_default();
        if core::str::from_utf8(staged).is_err() {
            return Err(Error::new(ErrorKind::BadResponse, 0));
        }
        let [id, name, _] = stage.lengths.map(|length| length as usize);
        self.begin_call(None, start, id, name)
    }
}
