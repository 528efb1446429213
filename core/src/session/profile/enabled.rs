//! The field is switched off for the rest of the session.

use crate::Error;
use crate::provider::Config;
use crate::provider::profile::{InForce, refused_field};
use crate::session::machine::Machine;
use crate::transcript::log::Log;

impl Machine {
    /// Whether the refusal names a field of the profile that the request does not need: then the
    /// next request omits it. Each field is switched off once, so this terminates.
    #[inline(never)]
    pub fn switches_off(&mut self, log: &Log<'_>, config: &dyn Config, error: Error) -> bool {
        // A body over its limit ends within `feed`; a restart there leads to a wait.
        let is_over = self.decoder.offset >= config.limits().max_response_bytes;
        if is_over || !matches!(error.detail(), 400 | 422) {
            return false;
        }
        let failure = &self.reply.failure;
        let message = log.bytes().get(failure.start as usize..).unwrap_or_default();
        let message = message.get(..usize::from(failure.length)).unwrap_or_default();
        // It may be truncated within a character.
        let message = message.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let sent = InForce::new(config, self.switched);
        let field = refused_field(config, &sent, message, failure.field);
        field.is_some_and(|field| self.switched.add(field))
    }
}
