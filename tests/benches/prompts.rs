//! How fast prompts are parsed, of the library and of public collections, and what it allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use zerostack_core::prompt::Prompt;
use zerostack_tests::prompt_texts;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all calls go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let texts = prompt_texts::all();
    let bytes: usize = texts.iter().map(String::len).sum();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut best = Duration::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        for text in &texts {
            // A file that is no prompt is read up to its fault.
            let _ = black_box(Prompt::parse("p", black_box(text)));
        }
        best = best.min(start.elapsed());
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    let speed = bytes as f64 / best.as_secs_f64() / 1e6;
    println!("{} prompts, {bytes} bytes: {speed:.0} MB/s, {allocations} allocations", texts.len());
}
