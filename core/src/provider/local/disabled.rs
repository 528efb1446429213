//! Without the feature: every model calls its tools through the fields of the dialect.

use crate::provider::codec::Cursor;
use crate::provider::{Config, Context, Sink, ToolMode};
use crate::wire::json_write::Pieces;
use crate::{Error, ErrorKind};

pub(crate) const ENABLED: bool = false;

/// There is no such place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextModeCursor {}

pub(crate) fn check(config: &dyn Config) -> Result<(), Error> {
    match config.tool_mode() {
        ToolMode::Native => Ok(()),
        _ => Err(Error::new(ErrorKind::Unsupported, config.dialect() as u32)),
    }
}

pub(crate) const fn begin(_: &dyn Config) -> Option<TextModeCursor> {
    None
}

pub(crate) const fn before_messages<'a>(
    _: &Context<'a>,
    place: TextModeCursor,
    _: &mut Pieces<'a>,
) -> Option<TextModeCursor> {
    match place {}
}

pub(crate) const fn message<'a>(_: &Context<'a>, _: &mut Cursor, _: &mut Pieces<'a>) -> bool {
    false
}

pub(crate) const fn recover(_: &mut Sink<'_, '_>, _: &dyn Config) -> Result<Option<u16>, Error> {
    Ok(None)
}
