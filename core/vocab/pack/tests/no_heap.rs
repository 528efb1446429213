//! Nothing of the tokenizer asks for heap.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use zerostack_core::tokenizer::{Bpe, Specials, Tokenizer as _, Vocabulary};

struct Counting;

thread_local! {
    /// Of this thread: the harness has others.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_allocation_from_opening_to_the_last_token() {
    let text = "Öffnet doesn't allocate: 12345 文字, ".repeat(50) + &"a".repeat(3_000);
    let (mut ids, mut bytes) = (vec![0; text.len()], vec![0; text.len()]);
    let before = ALLOCATIONS.get();

    let bpe = Bpe::new(Vocabulary::open(zerostack_vocab_o200k::PACKED).expect("a sound file"));
    let count = bpe.encode_with(&text, Specials::All, &mut ids).expect("room");
    let counted = bpe.count(&text);
    let length = bpe.decode(&ids[..count], &mut bytes).expect("room");
    let mut counter = bpe.counter();
    text.as_bytes().chunks(7).for_each(|chunk| counter.push(chunk));
    let fit = bpe.count_until(&text, 100);

    let after = ALLOCATIONS.get();
    assert_eq!(after, before);
    assert_eq!((counted, counter.count() as usize, length), (count, count, text.len()));
    assert_eq!(bytes, text.as_bytes());
    assert_eq!(fit.tokens, 100);
}
