//! Attachments, where the library does not have them.

use zerostack_core::{Request, ToolResult};

use super::{zs_attachment, zs_wanted};
use crate::boundary::Caller;
use crate::handle::zs_session;
use crate::status::Fault;
use crate::status::zs_status::*;

/// # Safety
/// There is nothing to promise.
pub(super) fn user_with(
    _: Caller<'_>,
    _: &mut zs_session,
    _: &str,
    _: &[zs_attachment],
) -> Result<(), Fault> {
    Err(Fault::new(ZS_UNSUPPORTED))
}

/// # Safety
/// There is nothing to promise.
pub(super) fn tool_result_with(
    _: Caller<'_>,
    _: &mut zs_session,
    _: ToolResult<'_>,
    _: &[zs_attachment],
) -> Result<u32, Fault> {
    Err(Fault::new(ZS_UNSUPPORTED))
}

/// # Safety
/// There is nothing to promise.
pub(super) fn takes(_: Caller<'_>, _: &zs_session, _: &[zs_attachment]) -> Result<bool, Fault> {
    Ok(false)
}

pub(super) fn leave_out(_: &mut zs_session) -> Result<usize, Fault> {
    Err(Fault::new(ZS_UNSUPPORTED))
}

/// The request that is due.
pub(crate) fn request(session: &zs_session) -> Result<Request<'_>, Fault> {
    Ok(session.chat.request()?)
}

pub(super) fn wanted(session: &zs_session) -> Result<zs_wanted, Fault> {
    request(session)?;
    Ok(zs_wanted { number: 0, offset: 0, bytes: 0, reserved: 0 })
}

pub(super) fn supply(session: &mut zs_session, _: &[u8], _: &mut [u8]) -> Result<usize, Fault> {
    request(session)?;
    Err(Fault::new(ZS_NOT_FOUND))
}

pub(crate) fn skip(_: &mut Request<'_>, _: &mut [u8]) -> usize {
    0
}

pub(super) fn media_type(_: &[u8], _: &str) -> &'static str {
    ""
}
