//! The calls of a session, linked as a firmware links them, and nothing else: the flash that this
//! image takes is that of the core. Without features besides a dialect: one call for each step,
//! what an agent with tools cannot do without.

#![no_std]
#![no_main]

#[cfg(feature = "attachments")]
mod attachments;
#[cfg(feature = "further")]
mod further;
#[cfg(feature = "http1")]
mod http1;
#[cfg(feature = "profiles")]
mod profiles;
#[cfg(feature = "window")]
mod window;

use zerostack_core::{
    Error, Event, Fed, Request, Session, SessionConfig, Step, ToolCall, ToolResult,
};

type Chat = Session<SessionConfig<'static>, &'static mut [u8]>;

/// The state of a session beside its memory and its configuration, found by the test.
#[unsafe(no_mangle)]
static STATE_BYTES: [u8; STATE] = [0; STATE];
const STATE: usize = size_of::<Chat>() - size_of::<SessionConfig<'_>>();

/// Where the image begins: what it calls, the compiler cannot know.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        core::hint::black_box((&CALLS, &STATE_BYTES));
        #[cfg(feature = "http1")]
        core::hint::black_box(&http1::CALLS);
        #[cfg(feature = "attachments")]
        core::hint::black_box(&attachments::CALLS);
        #[cfg(feature = "further")]
        core::hint::black_box(&further::CALLS);
        #[cfg(feature = "profiles")]
        core::hint::black_box(&profiles::CALLS);
        #[cfg(feature = "window")]
        core::hint::black_box(&window::CALLS);
    }
}

static CALLS: Calls = Calls {
    new: Chat::new,
    step: Chat::step,
    user: Chat::user,
    request: Chat::request,
    path_parts: Request::path_parts,
    headers: Request::headers,
    body_len: Request::body_len,
    read: Request::read,
    begin_response: Chat::begin_response,
    feed: Chat::feed,
    end_response: Chat::end_response,
    pending_call: Chat::pending_call,
    tool_result: Chat::tool_result,
    retry: Chat::retry,
    drop_oldest: Chat::drop_oldest,
};

#[allow(dead_code, reason = "it is linked, not called")]
struct Calls {
    new: fn(&'static mut [u8], SessionConfig<'static>) -> Result<Chat, Error>,
    step: fn(&Chat) -> Step,
    user: fn(&mut Chat, &str) -> Result<(), Error>,
    request: fn(&Chat) -> Result<Request<'_>, Error>,
    path_parts: for<'r> fn(&'r Request<'static>) -> [&'r str; 3],
    headers: fn(&Request<'static>) -> &'static [(&'static str, &'static str)],
    body_len: fn(&Request<'static>) -> usize,
    read: fn(&mut Request<'static>, &mut [u8]) -> usize,
    begin_response: fn(&mut Chat, u16, Option<u32>) -> Result<(), Error>,
    feed: for<'a> fn(&'a mut Chat, &'a [u8]) -> Result<Fed<'a>, Error>,
    end_response: fn(&mut Chat) -> Result<Event<'static>, Error>,
    pending_call: fn(&Chat) -> Option<ToolCall<'_>>,
    tool_result: fn(&mut Chat, ToolResult<'_>) -> Result<u32, Error>,
    retry: fn(&mut Chat) -> Result<(), Error>,
    drop_oldest: fn(&mut Chat) -> Result<usize, Error>,
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::black_box(0);
    }
}
