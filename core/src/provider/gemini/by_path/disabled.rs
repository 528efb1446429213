//! Calls arrive whole.

use crate::Error;
use crate::provider::Sink;
use crate::wire::json_read::Token;

/// The places of a reply.
macro_rules! reply_places {
    ($($places:tt)*) => { $crate::provider::places::dialect_places! { $($places)* } };
}
pub(in super::super) use reply_places;

/// What arrived of a call.
pub(in super::super) const GOES_ON: u8 = 1;
pub(in super::super) const WHOLE: u8 = 2;

pub(in super::super) fn note(sink: &mut Sink<'_, '_>, what: u8) {
    if what == GOES_ON {
        sink.failure_text(b"arguments arrived in pieces, which was not requested");
        sink.failure_text_end();
    }
}

pub(in super::super) const fn note_pieces(_: &mut Sink<'_, '_>, _: Token<'_>) {}

pub(in super::super) fn end_call(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    sink.commit_new_call()
}

pub(in super::super) const fn has_open_call(_: &Sink<'_, '_>) -> bool {
    false
}

pub(in super::super) const fn put_before_call(_: &mut Sink<'_, '_>) {}
