//! The count of a text that arrives in parts.

use core::ffi::c_void;

use zerostack_core::tokenizer::Counter;

use crate::boundary::promised;
use crate::caller_memory::{self, InCallerMemory};
use crate::memory::overhead;
use crate::status::zs_status;
use crate::text::zs_str;
use crate::tokenizer::bpe;

/// Counts the tokens of a text while it arrives, in constant memory of the caller.
pub struct zs_counter {
    _value: InCallerMemory<Counter<'static>>,
}

/// Bytes that a counter takes of lent memory at most.
///
/// Any step; no session is needed.
#[unsafe(no_mangle)]
pub extern "C" fn zs_counter_overhead() -> usize {
    overhead::<zs_counter>()
}

/// Starts a count in `len` bytes at `memory`, of any alignment, and returns it in `counter`. There
/// is nothing to free.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_FULL with the bytes missing, ZS_BAD_VOCABULARY, ZS_NULL, ZS_OUT_OF_RANGE; then
/// `*counter` is NULL.
/// Lifetime: memory and vocabulary must outlive the counter, which must not be moved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_counter_init(
    memory: *mut c_void,
    len: usize,
    vocabulary: zs_str,
    counter: *mut *mut zs_counter,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller_memory::begin(caller, memory, len, counter, detail, || {
        // SAFETY: the vocabulary stays there as long as the counter is used.
        Ok(bpe(unsafe { caller.lasting() }, vocabulary)?.counter())
    })
}

/// Appends bytes to the text, split anywhere, even inside a character.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL, ZS_BAD_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_counter_push(counter: *mut zs_counter, content: zs_str) -> zs_status {
    promised!(caller);
    caller_memory::change(
        caller,
        counter,
        core::ptr::null_mut(),
        |counter: &mut Counter<'static>| {
            counter.push(caller.values(content.ptr, content.len)?);
            Ok(())
        },
    )
}

/// Tokens of all the text so far: always equal to the result of zs_tokens_count.
///
/// Any step; no session is needed.
/// Errors: 0 when there is no counter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_counter_count(counter: *const zs_counter) -> u64 {
    promised!(caller);
    caller_memory::look(caller, counter, |counter: &Counter<'static>| counter.count()).unwrap_or(0)
}

/// Starts again with an empty text.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL, ZS_BAD_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_counter_clear(counter: *mut zs_counter) -> zs_status {
    promised!(caller);
    caller_memory::change(
        caller,
        counter,
        core::ptr::null_mut(),
        |counter: &mut Counter<'static>| {
            counter.clear();
            Ok(())
        },
    )
}
