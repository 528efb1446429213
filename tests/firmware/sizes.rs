//! What each image takes, beside what `examples/firmware/sizes.tsv` says.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use object::{File, Object as _, ObjectSymbol as _};
use zerostack_tests::image::{heaps, panics};

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
    let row = format!("{name}\t{number}");
    if noted("costs.tsv", &row) {
        return;
    }
    let known = COSTS.lines().filter_map(|line| line.split_once('\t'));
    let known = known.into_iter().find(|(known, _)| *known == name);
    let (_, known) = known.unwrap_or_else(|| panic!("costs.tsv has no row {row}"));
    check_growth(name, known, number, 0, &row);
}

/// Adds a row to the table of that name in the folder `ZEROSTACK_FIRMWARE_MEASURE`; false, and
/// nothing but a line, when that is not set.
fn noted(table: &str, row: &str) -> bool {
    println!("{row}");
    let Some(folder) = std::env::var_os("ZEROSTACK_FIRMWARE_MEASURE") else { return false };
    let table = Path::new(&folder).join(table);
    let mut table = OpenOptions::new().append(true).open(table).expect("the table is there");
    table.write_all(format!("{row}\n").as_bytes()).expect("the table can be written");
    true
}

fn check_growth(name: &str, known: &str, is: u64, slack: u64, row: &str) {
    let known: u64 = known.parse().expect("a number");
    assert!(
        is <= known + known / 50 + slack,
        "{name} is {is}, the table says {known}; when that is right, `check.sh measure` writes \
         the tables anew: {row}"
    );
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
    let names = ["flash", "statics", "stack"];
    let row = format!(
        "{}\t{image}\t{}",
        board.name,
        names.map(|name| numbers[name].to_string()).join("\t")
    );
    if noted("sizes.tsv", &row) {
        return;
    }
    let known = TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let known = known.into_iter().find(|line| line[0] == board.name && line[1] == image);
    let known = known.unwrap_or_else(|| panic!("sizes.tsv has no row {row}"));
    for (name, known) in names.iter().zip(&known[2..]) {
        let slack = if *name == "stack" { STACK_SLACK } else { 0 };
        check_growth(name, known, numbers[name], slack, &row);
    }
}
