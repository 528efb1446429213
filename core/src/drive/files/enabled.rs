//! With the feature: an optional reader of files.

use crate::Error;
use crate::provider::{AttachmentReader, Config, Request};
use crate::session::Session;
use crate::transcript::Storage;

/// The source of the bytes of attachments. Without one, a request that needs bytes is an error
/// before it is sent.
pub(in crate::drive) type Files<'f> = Option<&'f mut dyn AttachmentReader>;

/// The request that is due.
pub(in crate::drive) fn request<'s, C: Config, S: Storage>(
    session: &'s Session<C, S>,
    files: &Files<'_>,
) -> Result<Request<'s>, Error> {
    match files {
        Some(_) => session.request_with_attachments(),
        None => session.request(),
    }
}

/// Its next bytes.
pub(in crate::drive) fn read(
    request: &mut Request<'_>,
    out: &mut [u8],
    files: &mut Files<'_>,
) -> Result<usize, Error> {
    match files {
        Some(files) => request.read_from(out, &mut **files),
        None => Ok(request.read(out)),
    }
}
