//! Without the feature: no record is an attachment.

use crate::provider::Context;
use crate::transcript::record::Record;
use crate::wire::json_write::Pieces;

/// Whether there are any.
pub(crate) const ENABLED: bool = false;

pub(crate) const fn follows(_: &[u8], _: usize) -> bool {
    false
}

pub(crate) const fn end(_: &[u8], offset: usize) -> usize {
    offset
}

pub(crate) const fn is_sent(_: &Context<'_>, _: &Record<'_>) -> bool {
    false
}

pub(crate) const fn part<'a>(_: &Context<'a>, _: &Record<'a>, _: &mut Pieces<'a>) {}

pub(crate) const fn line<'a>(_: &Record<'a>, _: &mut Pieces<'a>) {}

pub(crate) const fn bytes<'a>(_: &Record<'a>, _: &mut Pieces<'a>) {}

pub(crate) const fn text<'a>(_: &Context<'a>, _: &str, _: &mut Pieces<'a>) -> bool {
    false
}
