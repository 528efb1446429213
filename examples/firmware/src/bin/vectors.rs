//! Plays the vectors that every language plays, all of them in flash, without an allocator.
#![no_std]
#![no_main]

use zerostack_firmware::console;
use zerostack_firmware::memory::{self, Lent};
use zerostack_firmware::vectors::{Room, Script, VECTORS, play};

static ARENA: Lent<ARENA_BYTES> = Lent::new();
static SPARE: Lent<ARENA_BYTES> = Lent::new();
static BUFFER: Lent<16_384> = Lent::new();

/// What a vector has that does not say how much it wants.
const ARENA_BYTES: usize = 256 * 1024;

/// Bytes of the pieces that bodies come and go in.
const PIECES: [usize; 3] = [usize::MAX, 1, 7];

#[cortex_m_rt::entry]
fn main() -> ! {
    memory::paint_stack();
    let mut played = 0;
    let done = run(&mut played);
    console::number("played", played);
    memory::report();
    console::exit(i32::from(done.is_none()))
}

/// Plays until something differs, and counts the vectors that do not.
fn run(played: &mut u32) -> Option<()> {
    let (arena, spare, buffer) = (ARENA.take()?, SPARE.take()?, BUFFER.take()?);
    for (name, bytes) in VECTORS {
        for piece_bytes in PIECES {
            let room = Room { arena: &mut *arena, spare: &mut *spare, buffer: &mut *buffer };
            play(&mut Script::new(name, bytes, piece_bytes), piece_bytes, room)?;
        }
        *played += 1;
    }
    Some(())
}
