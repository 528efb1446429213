//! What an image takes: flash, static RAM, and the stack at its deepest.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::console;

/// Memory that is lent once, so that it does not lie on the stack.
pub struct Lent<const BYTES: usize> {
    is_lent: AtomicBool,
    bytes: UnsafeCell<[u8; BYTES]>,
}

// SAFETY: the bytes are given out once, and there is one core without interrupts.
unsafe impl<const BYTES: usize> Sync for Lent<BYTES> {}

impl<const BYTES: usize> Lent<BYTES> {
    /// This many bytes, all 0.
    pub const fn new() -> Self {
        Self { is_lent: AtomicBool::new(false), bytes: UnsafeCell::new([0; BYTES]) }
    }

    /// The bytes, the first time.
    #[expect(clippy::mut_from_ref, reason = "they are given out once")]
    pub fn take(&'static self) -> Option<&'static mut [u8]> {
        if self.is_lent.load(Ordering::Relaxed) {
            return None;
        }
        self.is_lent.store(true, Ordering::Relaxed);
        // SAFETY: nobody else has them, now or later.
        Some(unsafe { &mut *self.bytes.get() })
    }
}

impl<const BYTES: usize> Default for Lent<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

unsafe extern "C" {
    static __sidata: u8;
    static __sdata: u8;
    static __edata: u8;
    static __sheap: u8;
    static _stack_start: u8;
}

const PAINT: u32 = 0xc5c5_c5c5;

/// Bytes at the end of the painted area that the painter itself may be using.
const MARGIN_BYTES: usize = 64;

/// Paints what is free of the stack, to see later how deep it went.
#[inline(never)]
pub fn paint_stack() {
    let here = 0_u32;
    let end = (&raw const here as usize).saturating_sub(MARGIN_BYTES);
    let mut at = &raw const __sheap as usize;
    while at < end {
        // SAFETY: between the statics and the stack pointer, less a margin, nothing lives; the
        // start is aligned to 4 by the linker script.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
}

/// Bytes of the stack that were never used.
pub fn free_stack_bytes() -> u32 {
    let (start, end) = (&raw const __sheap as usize, &raw const _stack_start as usize);
    let mut at = start;
    // SAFETY: all of it is RAM of this image.
    while at < end && unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    (at - start) as u32
}

/// How deep the stack goes in `call`, from here; what is less than a few words is not seen.
#[inline(never)]
pub fn depth_of<T>(call: impl FnOnce() -> T) -> (u32, T) {
    let here = 0_u32;
    let top = &raw const here as usize;
    paint_stack();
    let result = apart(call);
    let deepest = &raw const __sheap as usize + free_stack_bytes() as usize;
    (top.saturating_sub(deepest) as u32, result)
}

/// Calls it with a frame of its own: what is inlined there counts too.
#[inline(never)]
fn apart<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// Prints what this image takes.
pub fn report() {
    let all = &raw const _stack_start as usize - &raw const __sheap as usize;
    let statics = &raw const __sheap as usize - ram_start();
    console::number("flash", flash_bytes() as u32);
    console::number("statics", statics as u32);
    console::number("stack", all as u32 - free_stack_bytes());
    console::number("free", free_stack_bytes());
}

/// Code, constants, and the first values of variables.
fn flash_bytes() -> usize {
    let data = &raw const __edata as usize - &raw const __sdata as usize;
    &raw const __sidata as usize + data - crate::board::FLASH_START
}

fn ram_start() -> usize {
    &raw const __sdata as usize
}
