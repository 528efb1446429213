//! Links the command to a fixed address where that is all it takes, and libgcc into it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        // A program that may lie anywhere has ten thousand pointers to set in each of its
        // processes, before `main`, and 250 KB of memory to keep them in.
        println!("cargo::rustc-link-arg-bins=-no-pie");
        if links_with_lld() {
            // Functions that are the same for several types are kept once.
            println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        }
        if let Some(folder) = libgcc() {
            println!("cargo::rustc-link-arg-bins=-L{}", folder.display());
        }
    }
}

/// Whether the linker is the one that Rust brings for this target, as its flags show.
fn links_with_lld() -> bool {
    let is_unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    std::env::var("TARGET").as_deref() == Ok("x86_64-unknown-linux-gnu")
        && is_unset("RUSTC_LINKER")
        && is_unset("CARGO_ENCODED_RUSTFLAGS")
}

/// A folder in which the linker finds the static libgcc by the name of the shared one, which the
/// loader would search for, map and relocate in each process. `None` if this compiler has none.
fn libgcc() -> Option<PathBuf> {
    if std::env::var("HOST") != std::env::var("TARGET") {
        return None;
    }
    let asked = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let found = String::from_utf8(asked.stdout).ok()?;
    // Without a folder it was not found.
    let found = Path::new(found.trim()).canonicalize().ok()?;
    let folder = PathBuf::from(std::env::var_os("OUT_DIR")?);
    std::fs::copy(found, folder.join("libgcc_s.a")).ok()?;
    Some(folder)
}
