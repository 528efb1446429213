//! HTTP/1.1, for targets without a client of their own.

use core::iter::Copied;
use core::slice::Iter;

use zerostack_core::Error;
use zerostack_core::wire::http1::{RequestHead, Response, ResponseFed};

type Headers<'h> = Copied<Iter<'h, (&'h str, &'h str)>>;

pub static CALLS: Calls = Calls {
    head: |head, headers, out| head.write(headers, out),
    new: Response::new,
    feed: Response::feed,
    end: Response::end,
    is_done: Response::is_done,
    keeps_open: Response::keeps_open,
};

#[allow(dead_code, reason = "it is linked, not called")]
pub struct Calls {
    head: fn(&RequestHead<'_>, Headers<'_>, &mut [u8]) -> Result<usize, Error>,
    new: fn() -> Response,
    feed: for<'i> fn(&mut Response, &'i [u8]) -> Result<ResponseFed<'i>, Error>,
    end: fn(&mut Response) -> Result<(), Error>,
    is_done: fn(&Response) -> bool,
    keeps_open: fn(&Response) -> bool,
}
