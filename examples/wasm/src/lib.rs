//! The calls of one session as plain numbers, for JavaScript.
//!
//! Texts and bytes pass through one block of memory, [`shared`]; a call that takes some is given
//! their length, a call that gives some returns it. Errors are the numbers of
//! [`zerostack_core::ErrorKind`], negative.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use zerostack_core::{
    Dialect, Error, Event, Growing, OwnedConfig, OwnedTool, Session, Step, ToolResult,
};

struct State {
    session: Option<Session<OwnedConfig, Growing>>,
    shared: Vec<u8>,
    /// Bytes of the last chunk that were used.
    used: usize,
}

static STATE: LazyLock<Mutex<State>> =
    LazyLock::new(|| Mutex::new(State { session: None, shared: vec![0; SHARED_BYTES], used: 0 }));

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where texts and bytes pass through; `shared_bytes` long, and always at the same place.
#[unsafe(no_mangle)]
pub extern "C" fn shared() -> *mut u8 {
    state().shared.as_mut_ptr()
}

/// The length of [`shared`].
#[unsafe(no_mangle)]
pub extern "C" fn shared_bytes() -> usize {
    SHARED_BYTES
}

/// Starts a session. Shared: the model's name, a line feed, and the only tool's name,
/// description and schema, a line each.
#[unsafe(no_mangle)]
pub extern "C" fn start(length: usize) -> i32 {
    let mut state = state();
    let text = String::from_utf8_lossy(state.shared.get(..length).unwrap_or_default());
    let mut lines = text.lines().map(str::to_owned);
    let mut config = OwnedConfig::new(Dialect::OpenAiChat, lines.next().unwrap_or_default());
    if let (Some(name), Some(description), Some(parameters)) =
        (lines.next(), lines.next(), lines.next())
    {
        config.tools.push(OwnedTool { name, description, parameters });
    }
    match Session::new(Growing::new(ARENA_BYTES), config) {
        Ok(session) => {
            state.session = Some(session);
            0
        }
        Err(error) => code(error),
    }
}

/// The number of the current step, see [`Step::number`].
#[unsafe(no_mangle)]
pub extern "C" fn step() -> i32 {
    with(|session, _| Ok(session.step().number() as i32))
}

/// Milliseconds to wait in the step `Wait`.
#[unsafe(no_mangle)]
pub extern "C" fn wait_ms() -> i32 {
    with(|session, _| match session.step() {
        Step::Wait { millis } => Ok(i32::try_from(millis).unwrap_or(i32::MAX)),
        _ => Ok(0),
    })
}

/// The user says what is shared.
#[unsafe(no_mangle)]
pub extern "C" fn user(length: usize) -> i32 {
    with(|session, shared| {
        let text = String::from_utf8_lossy(shared.get(..length).unwrap_or_default());
        session.user(&text).map(|()| 0)
    })
}

/// Gives the path under the base URL.
#[unsafe(no_mangle)]
pub extern "C" fn path() -> i32 {
    with(|session, shared| Ok(give(shared, session.request()?.path_parts().concat().as_bytes())))
}

/// Gives the body of the request that is due.
#[unsafe(no_mangle)]
pub extern "C" fn request() -> i32 {
    with(|session, shared| Ok(session.request()?.read(shared) as i32))
}

/// The head of the response came; `retry_after_ms` is negative when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn begin_response(status: u16, retry_after_ms: i32) -> i32 {
    with(|session, _| {
        session.begin_response(status, u32::try_from(retry_after_ms).ok()).map(|()| 0)
    })
}

/// Takes what is shared of the body. [`used`] says how much of it; what is new of the answer's text
/// is given.
#[unsafe(no_mangle)]
pub extern "C" fn feed(length: usize) -> i32 {
    let mut state = state();
    let State { session, shared, used } = &mut *state;
    let Some(session) = session else { return NO_SESSION };
    let chunk = shared.get(..length).unwrap_or_default().to_vec();
    match session.feed(&chunk) {
        Ok(fed) => {
            *used = fed.used;
            match fed.event {
                Some(Event::TextDelta(text)) => give(shared, text.as_bytes()),
                _ => 0,
            }
        }
        Err(error) => code(error),
    }
}

/// Bytes of the last chunk that [`feed`] used.
#[unsafe(no_mangle)]
pub extern "C" fn used() -> usize {
    state().used
}

/// The body ended; 1 when the reply is asked for again.
#[unsafe(no_mangle)]
pub extern "C" fn end_response() -> i32 {
    with(|session, _| Ok(i32::from(session.end_response()? == Event::Restart)))
}

/// The wait is over.
#[unsafe(no_mangle)]
pub extern "C" fn retry() -> i32 {
    with(|session, _| session.retry().map(|()| 0))
}

/// Gives the name and the arguments of the first open call, a line feed between them; nothing when
/// there is none.
#[unsafe(no_mangle)]
pub extern "C" fn pending_call() -> i32 {
    with(|session, shared| {
        let call = session.pending_call();
        let call = call.map(|call| format!("{}\n{}", call.name, call.arguments));
        Ok(give(shared, call.unwrap_or_default().as_bytes()))
    })
}

/// Answers the first open call by what is shared.
#[unsafe(no_mangle)]
pub extern "C" fn tool_result(length: usize) -> i32 {
    with(|session, shared| {
        let Some(id) = session.pending_call().map(|call| call.id) else { return Ok(0) };
        let content = String::from_utf8_lossy(shared.get(..length).unwrap_or_default());
        session.tool_result(ToolResult { id, content: &content, is_error: false }).map(|_| 0)
    })
}

fn with(
    call: impl FnOnce(&mut Session<OwnedConfig, Growing>, &mut [u8]) -> Result<i32, Error>,
) -> i32 {
    let mut state = state();
    let State { session, shared, .. } = &mut *state;
    let Some(session) = session else { return NO_SESSION };
    call(session, shared).unwrap_or_else(code)
}

/// Puts bytes where they are shared, as many as fit.
fn give(shared: &mut [u8], bytes: &[u8]) -> i32 {
    shared.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    bytes.len().min(shared.len()) as i32
}

fn code(error: Error) -> i32 {
    -(error.kind() as i32)
}

/// A call before [`start`].
const NO_SESSION: i32 = -1000;

/// The longest request, and the longest chunk.
const SHARED_BYTES: usize = 256 * 1024;

/// What a conversation may take.
const ARENA_BYTES: usize = 64 * 1024;
