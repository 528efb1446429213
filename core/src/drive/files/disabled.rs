//! Without the feature: no request has attachments.

use crate::Error;
use crate::provider::{Config, Request};
use crate::session::Session;
use crate::transcript::Storage;

/// There are none.
pub(in crate::drive) type Files<'f> = Option<&'f core::convert::Infallible>;

pub(in crate::drive) fn request<'s, C: Config, S: Storage>(
    session: &'s Session<C, S>,
    _: &Files<'_>,
) -> Result<Request<'s>, Error> {
    session.request()
}

pub(in crate::drive) fn read(
    request: &mut Request<'_>,
    out: &mut [u8],
    _: &mut Files<'_>,
) -> Result<usize, Error> {
    Ok(request.read(out))
}
