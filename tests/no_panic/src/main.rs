//! Every call of a session and of HTTP/1.1, linked as a firmware links them, and nothing else:
//! the flash that this image takes is that of the core.

#![no_std]
#![no_main]

#[cfg(feature = "window")]
mod window;

use core::iter::Copied;
use core::slice::Iter;

use zerostack_core::wire::http1::{self, RequestHead, Response};
use zerostack_core::{
    Error, Event, Failure, Fed, Request, Session, SessionConfig, Step, ToolCall, ToolResult, Usage,
};

type Chat = Session<SessionConfig<'static>, &'static mut [u8]>;
type Headers<'h> = Copied<Iter<'h, (&'h str, &'h str)>>;

/// The state of a session beside its memory and its configuration, found by the test.
#[unsafe(no_mangle)]
static STATE_BYTES: [u8; STATE] = [0; STATE];
const STATE: usize = size_of::<Chat>() - size_of::<SessionConfig<'_>>();

/// Where the image begins: what it calls, the compiler cannot know.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        core::hint::black_box((&CALLS, &STATE_BYTES));
        #[cfg(feature = "window")]
        core::hint::black_box(&window::CALLS);
    }
}

static CALLS: Calls = Calls {
    new: Chat::new,
    resume: Chat::resume,
    step: Chat::step,
    snapshot: Chat::snapshot,
    usage: Chat::usage,
    stop_word: Chat::stop_word,
    failure: Chat::failure,
    pending_call: Chat::pending_call,
    user: Chat::user,
    request: Chat::request,
    path_parts: Request::path_parts,
    headers: Request::headers,
    body_len: Request::body_len,
    read: Request::read,
    begin_response: Chat::begin_response,
    feed: Chat::feed,
    end_response: Chat::end_response,
    tool_result: Chat::tool_result,
    retry: Chat::retry,
    abort: Chat::abort,
    compact: Chat::compact,
    drop_oldest: Chat::drop_oldest,
    head: |head, headers, out| head.write(headers, out),
    response: Response::new,
    feed_http: Response::feed,
    end_http: Response::end,
    is_done: Response::is_done,
    keeps_open: Response::keeps_open,
};

#[allow(dead_code, reason = "it is linked, not called")]
struct Calls {
    new: fn(&'static mut [u8], SessionConfig<'static>) -> Result<Chat, Error>,
    resume: fn(&'static mut [u8], usize, SessionConfig<'static>) -> Result<Chat, Error>,
    step: fn(&Chat) -> Step,
    snapshot: fn(&Chat) -> &[u8],
    usage: fn(&Chat) -> Usage,
    stop_word: fn(&Chat) -> &str,
    failure: fn(&Chat) -> Option<Failure<'_>>,
    pending_call: fn(&Chat) -> Option<ToolCall<'_>>,
    user: fn(&mut Chat, &str) -> Result<(), Error>,
    request: fn(&Chat) -> Result<Request<'_>, Error>,
    path_parts: for<'r> fn(&'r Request<'static>) -> [&'r str; 3],
    headers: fn(&Request<'static>) -> &'static [(&'static str, &'static str)],
    body_len: fn(&Request<'static>) -> usize,
    read: fn(&mut Request<'static>, &mut [u8]) -> usize,
    begin_response: fn(&mut Chat, u16, Option<u32>) -> Result<(), Error>,
    feed: for<'a> fn(&'a mut Chat, &'a [u8]) -> Result<Fed<'a>, Error>,
    end_response: fn(&mut Chat) -> Result<Event<'static>, Error>,
    tool_result: fn(&mut Chat, ToolResult<'_>) -> Result<u32, Error>,
    retry: fn(&mut Chat) -> Result<(), Error>,
    abort: fn(&mut Chat),
    compact: fn(&mut Chat, &str, usize) -> Result<(), Error>,
    drop_oldest: fn(&mut Chat) -> Result<usize, Error>,
    head: fn(&RequestHead<'_>, Headers<'_>, &mut [u8]) -> Result<usize, Error>,
    response: fn() -> Response,
    feed_http: for<'i> fn(&mut Response, &'i [u8]) -> Result<http1::Fed<'i>, Error>,
    end_http: fn(&mut Response) -> Result<(), Error>,
    is_done: fn(&Response) -> bool,
    keeps_open: fn(&Response) -> bool,
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::black_box(0);
    }
}
