//! No outline: each event is read by itself.

use crate::Error;
use crate::provider::Sink;
use crate::provider::response::Decoder;

/// No event is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Outline;

#[expect(clippy::unused_self, reason = "as where there is an outline")]
impl Outline {
    pub const fn new() -> Self {
        Self
    }

    pub const fn is_reading(&self) -> bool {
        false
    }

    pub const fn unread_bytes(&self) -> usize {
        0
    }

    pub const fn release(&self) {}

    pub const fn is_holding(&self) -> bool {
        false
    }

    pub const fn hold(&self, _: &[u8]) -> usize {
        0
    }
}

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there is an outline")]
impl Decoder {
    #[inline(always)]
    pub(in crate::provider::response) const fn follow(
        &self,
        _: &mut Sink<'_, '_>,
        _: &mut &[u8],
    ) -> Result<bool, Error> {
        Ok(false)
    }

    #[inline(always)]
    pub(in crate::provider::response) const fn note(&self, _: &[u8]) {}

    #[inline(always)]
    pub(in crate::provider::response) const fn read_held(
        &self,
        _: &mut Sink<'_, '_>,
        _: usize,
    ) -> bool {
        false
    }

    #[inline(always)]
    pub(crate) const fn end_outline(&self, _: &mut Sink<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
