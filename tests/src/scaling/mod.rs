//! How the cost of what we do grows with its size.
//!
//! Each series does one kind of work at a size. Valgrind counts the instructions of what
//! `measured` runs, so a busy machine changes nothing, and making the input costs nothing.

mod bodies;
mod conversation;
mod count;
mod other;
mod reply;

pub use count::{Cost, Growth, has_valgrind, instructions};

/// One kind of work, done at several sizes.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// What is done, with the dialect that it is done in.
    pub name: &'static str,
    /// What the sizes count.
    pub unit: &'static str,
    /// The sizes, rising; the last is ten times the first.
    pub sizes: [usize; 3],
    /// Does it at a size.
    pub run: fn(usize),
}

impl Series {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        [reply::SERIES, conversation::SERIES, other::SERIES].into_iter().flatten().copied()
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|series| series.name == name)
    }
}

/// Runs what counts of a series. Valgrind finds it by its name.
#[inline(never)]
pub(crate) fn measured<R>(work: impl FnOnce() -> R) -> R {
    std::hint::black_box(work())
}
