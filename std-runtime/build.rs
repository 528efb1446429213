//! Links the command to a fixed address where that is all it takes, libgcc into it, and the functions that a
//! run calls next to each other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={CODE_ORDER}");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    if target("OS").as_deref() != Ok("linux") {
        return;
    }
    if target("ENV").as_deref() == Ok("gnu") {
        // A program that may lie anywhere has ten thousand pointers to set in each of its
        // processes, before `main`, and 250 KB of memory to keep them in.
        println!("cargo::rustc-link-arg-bins=-no-pie");
        if let Some(folder) = libgcc() {
            println!("cargo::rustc-link-arg-bins=-L{}", folder.display());
        }
    }
    if !links_as_usual() {
        return;
    }
    match std::env::var("TARGET").as_deref() {
        // The compiler uses lld without being asked.
        Ok("x86_64-unknown-linux-gnu") => {}
        Ok("x86_64-unknown-linux-musl") => {
            let Some(folder) = lld() else { return };
            println!("cargo::rustc-link-arg-bins=-B{}", folder.display());
            println!("cargo::rustc-link-arg-bins=-fuse-ld=lld");
        }
        // GNU ld takes minutes for as many patterns.
        _ => return,
    }
    // Functions that are the same for several types are kept once.
    println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    // A debug build is for tests, and is linked much more often.
    let is_optimized = std::env::var("PROFILE").as_deref() == Ok("release");
    if is_optimized && let Some(script) = linker_script() {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
    }
}

/// The folder of the linker that Rust brings, under the name by which C compilers find it.
fn lld() -> Option<PathBuf> {
    let compiler = std::env::var_os("RUSTC")?;
    let asked = Command::new(compiler).args(["--print", "sysroot"]).output().ok()?;
    let root = String::from_utf8(asked.stdout).ok()?;
    let host = std::env::var("HOST").ok()?;
    let folder = Path::new(root.trim()).join("lib/rustlib").join(host).join("bin/gcc-ld");
    folder.join("ld.lld").exists().then_some(folder)
}

/// Whether nobody chose another linker.
fn links_as_usual() -> bool {
    let is_about_linking = |flags: String| flags.contains("link");
    std::env::var_os("RUSTC_LINKER").is_none_or(|value| value.is_empty())
        && !std::env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(is_about_linking)
}

/// Which functions are put together, and in what order.
const CODE_ORDER: &str = "code_order.txt";

/// A linker script that adds a section with these functions to the usual ones.
fn linker_script() -> Option<PathBuf> {
    let mut script = "SECTIONS\n{\n  .text.run :\n  {\n".to_owned();
    let order = std::fs::read_to_string(CODE_ORDER).ok()?;
    for line in order.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let patterns: Vec<String> =
            patterns(line).iter().map(|pattern| format!(".text.{pattern}")).collect();
        writeln!(script, "    *({})", patterns.join(" ")).ok()?;
    }
    // Among them are functions that a run calls only once, such as those that grow a buffer.
    script.push_str("    *(.text.unlikely.*)\n  }\n}\nINSERT BEFORE .text;\n");
    let path = PathBuf::from(std::env::var_os("OUT_DIR")?).join("code_order.ld");
    std::fs::write(&path, script).ok()?;
    Some(path)
}

/// The patterns of the mangled names of what a line names.
fn patterns(line: &str) -> Vec<String> {
    if let Some(pattern) = line.strip_prefix('=') {
        return vec![pattern.to_owned()];
    }
    if let Some((of_type, method)) = line.strip_prefix('<').and_then(|it| it.split_once(">::")) {
        let of_type = of_type.replace("::", "..");
        return vec![match method {
            "drop_in_place" => format!("_ZN4core3ptr*drop_in_place$LT${of_type}$*"),
            _ => format!("_ZN*_$LT${of_type}$*$GT${}*", component(method)),
        }];
    }
    let components: String = line.split("::").map(component).collect();
    let mut all = vec![format!("_ZN{components}*")];
    if !line.contains('*') {
        let path = line.replace("::", "..");
        // A whole crate is not a type.
        let ends = ["..*", "$*"].into_iter().take(1 + usize::from(line.contains("::")));
        for end in ends {
            all.push(format!("_ZN*_$LT${path}{end}"));
            all.push(format!("_ZN4core3ptr*drop_in_place$LT${path}{end}"));
        }
    }
    // Rust's own libraries are compiled with the newer mangling.
    if ["core", "alloc", "std", "std_detect"].contains(&line.split("::").next().unwrap_or(line)) {
        all.push(format!("_R*_{components}*"));
    }
    all
}

/// Each part of a path has its length before it.
fn component(name: &str) -> String {
    match name {
        "*" => name.to_owned(),
        _ => format!("{}{name}", name.len()),
    }
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
