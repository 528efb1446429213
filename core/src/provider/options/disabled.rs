//! Without the feature: every option is as the provider likes.

use crate::Error;
use crate::provider::{Codec, Config, Context};
use crate::wire::json_write::Pieces;

pub(crate) const ENABLED: bool = false;

/// There is no such place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OptionCursor {}

pub(crate) const fn check(_: &dyn Config, _: &Codec) -> Result<(), Error> {
    Ok(())
}

pub(crate) const fn begin(_: &Context<'_>) -> Option<OptionCursor> {
    None
}

pub(crate) const fn write<'a>(
    _: &Codec,
    _: &Context<'a>,
    place: OptionCursor,
    _: &mut Pieces<'a>,
) -> Option<OptionCursor> {
    match place {}
}

#[cfg_attr(not(feature = "anthropic"), allow(dead_code, reason = "it alone has cache marks"))]
pub(crate) const fn cache_ttl(_: &dyn Config) -> &'static str {
    ""
}
