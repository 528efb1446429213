//! What each image takes, beside what `examples/firmware/sizes.tsv` says.

use std::path::Path;

use object::{File, Object as _, ObjectSymbol as _};
use zerostack_tests::image::{heaps, panics};

use crate::board::{Board, Done};

const TABLE: &str = include_str!("../../examples/firmware/sizes.tsv");

/// Bytes that a stack may be deeper from run to run: it depends on how the bytes come in.
const STACK_SLACK: u64 = 64;

/// Fails for an image that could panic or allocate.
pub fn check_symbols(path: &Path) {
    let bytes = std::fs::read(path).expect("the image was built");
    let image = File::parse(bytes.as_slice()).expect("an ELF file");
    assert!(image.symbols().any(|symbol| symbol.name() == Ok("main")), "it has its names");
    assert_eq!(panics(&image), [""; 0], "{} can panic", path.display());
    assert_eq!(heaps(&image), [""; 0], "{} has a heap", path.display());
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
    println!("{row}");
    let known = TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let known = known.into_iter().find(|line| line[0] == board.name && line[1] == image);
    let known = known.unwrap_or_else(|| panic!("sizes.tsv has no row {row}"));
    for (name, known) in names.iter().zip(&known[2..]) {
        let (known, is): (u64, u64) = (known.parse().expect("a number"), numbers[name]);
        let slack = if *name == "stack" { STACK_SLACK } else { 0 };
        assert!(
            is <= known + known / 50 + slack,
            "{} of {image} on {}: {is} bytes, sizes.tsv says {known}; when that is right, its \
             row is now\n{row}",
            name,
            board.name,
        );
    }
}
