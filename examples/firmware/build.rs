//! Gives the linker the memory of the board, and an image the shared vectors.

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
    } else if has("network") || has("measure") {
        "-network"
    } else if has("camera") {
        "-camera"
    } else if has("vectors") {
        "-vectors"
    } else {
        ""
    };
    let memory = format!("memory/{board}{size}.x");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::copy(&memory, Path::new(&out).join("memory.x"))
        .unwrap_or_else(|error| panic!("cannot copy {memory}: {error}"));
    if has("vectors") {
        list_vectors(&Path::new(&out).join("vectors.rs"));
    }
    if has("camera") {
        let frame: Vec<u8> = (0..1_usize << 20).map(|at| (at >> 7) as u8).collect();
        let frame = [&b"\x89PNG\r\n\x1a\n"[..], &frame[8..]].concat();
        fs::write(Path::new(&out).join("frame.png"), frame).expect("OUT_DIR can be written");
    }
    println!("cargo::rustc-link-search={}", Path::new(&out).display());
    println!("cargo::rerun-if-changed={memory}");
    println!("cargo::rerun-if-changed=build.rs");
}

/// Writes the name and the bytes of each vector as Rust.
fn list_vectors(list: &Path) {
    let folder = fs::canonicalize("../../tests/vectors").expect("the vectors are there");
    let entries = fs::read_dir(&folder).expect("they can be listed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|word| word == "vector"));
    paths.sort();
    let lines = paths.iter().map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        format!("({name:?}, include_bytes!({path:?})),\n")
    });
    let lines: String = lines.collect();
    fs::write(list, format!("&[\n{lines}]\n")).expect("OUT_DIR can be written");
    println!("cargo::rerun-if-changed={}", folder.display());
}
