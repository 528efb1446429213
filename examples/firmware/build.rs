//! Gives the linker the memory of the board.

use std::{env, fs, path::Path};

const BOARDS: [&str; 4] = ["mps2-an386", "microbit", "mps2-an505", "riscv-virt"];

fn main() {
    let has = |feature: &str| {
        env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase().replace('-', "_"))).is_some()
    };
    let Some(board) = BOARDS.into_iter().find(|board| has(board)) else {
        panic!("choose a board: --features with one of {BOARDS:?}");
    };
    let size = if has("tiny") {
        "-tiny"
    } else if has("network") {
        "-network"
    } else {
        ""
    };
    let memory = format!("memory/{board}{size}.x");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::copy(&memory, Path::new(&out).join("memory.x"))
        .unwrap_or_else(|error| panic!("cannot copy {memory}: {error}"));
    println!("cargo::rustc-link-search={}", Path::new(&out).display());
    println!("cargo::rerun-if-changed={memory}");
    println!("cargo::rerun-if-changed=build.rs");
}
