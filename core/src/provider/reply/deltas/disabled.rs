//! Calls are reported when they are complete.

use super::super::{EmittedEvent, Sink};
use crate::provider::Config;

/// Nothing.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct CallDelta;

#[expect(clippy::unused_self, reason = "as where there are deltas")]
impl CallDelta {
    pub const fn want(&mut self, _config: &dyn Config) {}

    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    pub const fn is_wanted(&self) -> bool {
        false
    }

    pub const fn offset(&mut self) -> Option<&mut u32> {
        None
    }
}

#[expect(clippy::unused_self, reason = "as where there are deltas")]
impl Sink<'_, '_> {
    pub(in super::super) const fn note_delta(&mut self, _call: usize, _length: usize) {}

    pub(in super::super) const fn delta_is_due(&self) -> bool {
        false
    }

    pub(in super::super) const fn show_unreported(&mut self, _call: usize) -> Option<EmittedEvent> {
        None
    }

    pub(in super::super) const fn show_delta(&mut self) -> Option<EmittedEvent> {
        None
    }
}
