//! Attachments, where the library has them.

use zerostack_core::{Attachment, AttachmentSource, Request, ToolResult, media_type_of};

use super::{MOST, zs_attachment, zs_wanted};

use crate::boundary::Caller;
use crate::handle::zs_session;
use crate::status::Fault;
use crate::status::zs_status::*;

/// The core's form of what C lent.
fn core_of<'c>(caller: Caller<'c>, given: &zs_attachment) -> Result<Attachment<'c>, Fault> {
    let [media_type, name, url, file_id] = [
        caller.text(given.media_type)?,
        caller.text(given.name)?,
        caller.text(given.url)?,
        caller.text(given.file_id)?,
    ];
    let source = match (url, file_id) {
        ("", "") => AttachmentSource::Number(given.number),
        ("", id) => AttachmentSource::FileId(id),
        (url, _) => AttachmentSource::Url(url),
    };
    let (bytes, tokens) = (given.bytes, given.tokens);
    Ok(Attachment { media_type, name, bytes, tokens, source })
}

/// Gives all of `given` to `act`.
fn with<T>(
    caller: Caller<'_>,
    given: &[zs_attachment],
    act: impl FnOnce(&[Attachment<'_>]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut all = [Attachment::new(0, "", 0); MOST];
    let places = all.get_mut(..given.len()).ok_or(Fault::with(ZS_OUT_OF_RANGE, MOST))?;
    for (place, given) in places.iter_mut().zip(given) {
        *place = core_of(caller, given)?;
    }
    act(places)
}

pub(super) fn user_with(
    caller: Caller<'_>,
    session: &mut zs_session,
    content: &str,
    given: &[zs_attachment],
) -> Result<(), Fault> {
    with(caller, given, |all| Ok(session.chat.user_with(content, all)?))
}

pub(super) fn tool_result_with(
    caller: Caller<'_>,
    session: &mut zs_session,
    result: ToolResult<'_>,
    given: &[zs_attachment],
) -> Result<u32, Fault> {
    with(caller, given, |all| Ok(session.chat.tool_result_with(result, all)?))
}

pub(super) fn takes(
    caller: Caller<'_>,
    session: &zs_session,
    given: &[zs_attachment],
) -> Result<bool, Fault> {
    let takes = |all: &[Attachment<'_>]| Ok(all.iter().all(|it| session.chat.takes_attachment(it)));
    with(caller, given, takes)
}

pub(super) fn leave_out(session: &mut zs_session) -> Result<usize, Fault> {
    Ok(session.chat.leave_out_attachments()?)
}

/// The request that is due, whether it needs bytes or not.
pub(crate) fn request(session: &zs_session) -> Result<Request<'_>, Fault> {
    Ok(session.chat.request_with_attachments()?)
}

/// The request, read as far as zs_session_read_request did.
fn read_on(session: &zs_session) -> Result<(usize, Request<'_>), Fault> {
    let request = request(session)?;
    Ok(match session.reading {
        Some((at, place)) => (at, request.read_to(place)),
        None => (0, request),
    })
}

pub(super) fn wanted(session: &zs_session) -> Result<zs_wanted, Fault> {
    let (_, request) = read_on(session)?;
    let wanted = request.wanted();
    let (number, offset, bytes) = wanted.map_or((0, 0, 0), |it| (it.number, it.offset, it.bytes));
    Ok(zs_wanted { number, offset, bytes, reserved: 0 })
}

pub(super) fn supply(
    session: &mut zs_session,
    bytes: &[u8],
    letters: &mut [u8],
) -> Result<usize, Fault> {
    let (at, mut request) = read_on(session)?;
    let wanted = request.wanted().ok_or(Fault::new(ZS_NOT_FOUND))?;
    if bytes.len() > wanted.bytes as usize {
        return Err(Fault::with(ZS_ATTACHMENT_LENGTH, wanted.number as usize));
    }
    let written = request.supply(bytes, letters);
    if written == 0 && !letters.is_empty() {
        return Err(Fault::with(ZS_ATTACHMENT_LENGTH, wanted.number as usize));
    }
    session.reading = Some((at + written, request.place()));
    Ok(written)
}

/// Passes over letters of a file, as many as `passed` has room for; returns how many.
pub(crate) fn skip(request: &mut Request<'_>, passed: &mut [u8]) -> usize {
    let Some(wanted) = request.wanted() else { return 0 };
    let nothing = [0; 48];
    let count = nothing.len().min(wanted.bytes as usize);
    request.supply(nothing.get(..count).unwrap_or_default(), passed)
}

pub(super) fn media_type(first: &[u8], name: &str) -> &'static str {
    media_type_of(first, name).unwrap_or_default()
}
