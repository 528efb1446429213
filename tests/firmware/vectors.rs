//! The shared vectors give the same bytes on a microcontroller.

use std::path::Path;

use crate::board::VECTORS;

#[test]
fn vectors_give_the_bytes_that_they_hold_on_a_cortex_m4() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let entries = std::fs::read_dir(folder).expect("the vectors are there");
    let paths = entries.map(|entry| entry.expect("a file").path());
    let count = paths.filter(|path| path.extension().is_some_and(|word| word == "vector")).count();
    assert!(count >= 20, "{count}");
    let done = VECTORS.qemu(&VECTORS.build("vectors"), &["-serial", "null"]);
    assert_eq!(done.code, Some(0), "{}", done.lines.join("\n"));
    assert_eq!(done.numbers()["played"], count as u64);
}
