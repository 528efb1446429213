//! What must not be in a linked firmware image.

use object::{File, Object as _, ObjectSymbol as _};

/// What every panic goes through, and what the standard library names the ways there.
const PANICS: [&str; 7] = [
    "9panicking",
    "rust_begin_unwind",
    "slice_index_fail",
    "slice_start_index",
    "slice_end_index",
    "unwrap_failed",
    "expect_failed",
];

/// What every heap goes through, in Rust and in C.
const HEAPS: [&str; 7] =
    ["__rust_alloc", "__rg_alloc", "__rdl_alloc", "_sbrk", "malloc", "calloc", "realloc"];

/// The symbols by which an image could panic.
#[must_use]
pub fn panics(image: &File<'_>) -> Vec<String> {
    named(image, &PANICS)
}

/// The symbols by which an image could allocate.
#[must_use]
pub fn heaps(image: &File<'_>) -> Vec<String> {
    named(image, &HEAPS)
}

fn named(image: &File<'_>, names: &[&str]) -> Vec<String> {
    let symbols = image.symbols().filter_map(|symbol| symbol.name().ok());
    let found = symbols.filter(|symbol| names.iter().any(|name| symbol.contains(name)));
    found.map(str::to_owned).collect()
}
