//! What each image takes, beside what `examples/firmware/sizes.tsv` says.

use std::path::Path;

use object::{File, Object as _, ObjectSymbol as _};
use zerostack_tests::image::{heaps, panics};
use zerostack_tests::table;

use crate::board::{Board, Done};

const TABLE: &str = include_str!("../../examples/firmware/sizes.tsv");

const COSTS: &str = include_str!("../../examples/firmware/costs.tsv");

/// Bytes that a stack may be deeper from run to run: it depends on how the bytes come in.
const STACK_SLACK: u64 = 64;

/// Fails for an image that could panic.
pub fn check_panics(path: &Path) {
    let found = symbols(path, panics);
    assert!(found.is_empty(), "{} can panic: {found:?}", path.display());
}

/// Fails for an image with a heap.
pub fn check_heap(path: &Path) {
    let found = symbols(path, heaps);
    assert!(found.is_empty(), "{} has a heap: {found:?}", path.display());
}

/// The address of a function.
pub fn address_of(path: &Path, function: &str) -> u64 {
    let bytes = std::fs::read(path).expect("the image was built");
    let image = File::parse(bytes.as_slice()).expect("an ELF file");
    let found = image.symbols().find(|symbol| symbol.name() == Ok(function));
    // The lowest bit says that it is Thumb code.
    found.expect("it is there").address() & !1
}

/// Fails when a cost is more than 2 % more than `examples/firmware/costs.tsv` says.
pub fn check_cost(name: &str, number: u64) {
    table::check("costs.tsv", COSTS, name, &[(name, number, 0)]);
}

fn symbols(path: &Path, pick: impl Fn(&File<'_>) -> Vec<String>) -> Vec<String> {
    let bytes = std::fs::read(path).expect("the image was built");
    let image = File::parse(bytes.as_slice()).expect("an ELF file");
    assert!(image.symbols().any(|symbol| symbol.name() == Ok("main")), "it has its names");
    pick(&image)
}

/// Fails when an image takes more than 2 % more than the table says.
pub fn check(board: Board, image: &str, done: &Done) {
    let numbers = done.numbers();
    let row = [("flash", 0), ("statics", 0), ("stack", STACK_SLACK)];
    let row = row.map(|(name, slack)| (name, numbers[name], slack));
    table::check("sizes.tsv", TABLE, &format!("{}\t{image}", board.name), &row);
}
