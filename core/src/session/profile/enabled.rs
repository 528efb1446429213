//! The field is switched off for the rest of the session.

use super::AfterRefusal;
use crate::Error;
#[cfg(feature = "attachments")]
use crate::message::AttachmentKind;
use crate::provider::Config;
#[cfg(feature = "attachments")]
use crate::provider::attach::{any_sent, leaves_out_users};
use crate::provider::profile::{InForce, ProfileField, refused_field};
use crate::session::machine::Machine;
use crate::transcript::log::Log;

impl Machine {
    /// If the refusal names a field of the profile that the request does not need, the next request
    /// omits it. Each field is switched off once, so this terminates.
    #[inline(never)]
    pub fn switch_off(&mut self, log: &Log<'_>, config: &dyn Config, error: Error) -> AfterRefusal {
        // A body over its limit ends within `feed`; a restart there leads to a wait.
        if self.decoder.offset >= config.limits().max_response_bytes {
            return AfterRefusal::Refused;
        }
        let failure = &self.reply.failure;
        let message = log.bytes().get(failure.start as usize..).unwrap_or_default();
        let message = message.get(..usize::from(failure.length)).unwrap_or_default();
        // It may be truncated within a character.
        let message = message.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let sent = InForce::new(config, self.switched);
        let after = match refused_field(config, &sent, message, failure.field, error.detail()) {
            Some(ProfileField::Attachments) => self.leave_out_refused(log, config, &sent),
            Some(field) if self.switched.add(field) => AfterRefusal::Resent,
            _ => return AfterRefusal::Refused,
        };
        let sent = log.bytes().get(..self.reply.start as usize).unwrap_or_default();
        self.count.switch(config, sent, self.switched);
        after
    }

    /// The server refused attachments. If there were others than images, images are still sent: a
    /// server of a model that sees seldom reads documents. What the user attached to the text of
    /// this turn is not left out: the model would answer without it.
    #[cfg(feature = "attachments")]
    fn leave_out_refused(
        &mut self,
        log: &Log<'_>,
        config: &dyn Config,
        sent: &InForce,
    ) -> AfterRefusal {
        let bytes = log.bytes().get(..self.reply.start as usize).unwrap_or_default();
        if !any_sent(config, sent, bytes, |_| true) {
            return AfterRefusal::Refused;
        }
        let has_others = any_sent(config, sent, bytes, |kind| kind != AttachmentKind::Image);
        self.switched.add(ProfileField::Attachments);
        if !has_others {
            self.switched.add(ProfileField::Attachments);
        }
        let now = InForce::new(config, self.switched);
        match leaves_out_users(config, [sent, &now], bytes, self.turn as usize) {
            true => AfterRefusal::Failed,
            false => AfterRefusal::Resent,
        }
    }

    #[cfg(not(feature = "attachments"))]
    const fn leave_out_refused(
        &mut self,
        _: &Log<'_>,
        _: &dyn Config,
        _: &InForce,
    ) -> AfterRefusal {
        AfterRefusal::Refused
    }
}
