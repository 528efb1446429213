//! The core as it stands in the flash of a microcontroller: no way to panic, and small.

use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};

/// Targets, and what core with HTTP/1.1 and one dialect, and with all five, may take of their flash. The
/// goal is 12 KiB for one and 24 KiB for all; these numbers are what was reached, so that it
/// does not grow unseen.
const TARGETS: [(&str, u64, u64); 2] = [
    ("thumbv7em-none-eabihf", 30 * 1024, 44 * 1024),
    ("riscv32imc-unknown-none-elf", 35 * 1024, 51 * 1024),
];

/// What openai-responses may take more: it reads the same content in five forms.
const RESPONSES_BYTES: u64 = 4 * 1024;

/// What reading calls in text, and telling of tools by words, may take more.
const LOCAL_MODELS_BYTES: u64 = 11 * 1024;

/// What token counts, room by policy and budgets may take more, with marks, forks, journals and
/// JSON Lines, all of them used.
const WINDOW_BYTES: u64 = 20 * 1024;

/// What a session takes of the memory beside the transcript and the configuration.
const STATE_BYTES: u64 = 512;

#[test]
fn a_session_cannot_panic_and_is_small() {
    let mut measured = 0;
    for (target, one_dialect, all) in TARGETS {
        if !is_installed(target) {
            eprintln!("NOT RUN: the target {target} is missing (rustup target add {target})");
            continue;
        }
        for (features, limit) in [
            ("openai-chat", one_dialect),
            ("openai-chat,local-models", one_dialect + LOCAL_MODELS_BYTES),
            ("openai-chat,window", one_dialect + WINDOW_BYTES),
            ("anthropic", one_dialect),
            ("openai-responses", one_dialect + RESPONSES_BYTES),
            ("gemini", one_dialect),
            ("ollama", one_dialect),
            ("openai-chat,anthropic,openai-responses,gemini,ollama", all),
        ] {
            let image = std::fs::read(build(target, features)).unwrap();
            let image = object::File::parse(image.as_slice()).unwrap();
            check(target, features, &image, limit);
            measured += 1;
        }
    }
    println!("{measured} images");
}

fn check(target: &str, features: &str, image: &object::File<'_>, limit: u64) {
    let symbols =
        || image.symbols().filter_map(|symbol| Some((symbol.name().ok()?, symbol.size())));
    assert!(symbols().any(|(name, _)| name.contains("_start")), "the image has its names");
    let panics = zerostack_tests::image::panics(image);
    assert!(panics.is_empty(), "{target}, {features}: {panics:#?}");
    // Tables for unwinding are never read when a panic aborts; a firmware leaves them out.
    let is_flashed = |name: &str| !name.starts_with(".eh_frame") && !name.starts_with(".ARM.ex");
    let of_kind = |kind| {
        let sections = image.sections().filter(move |section| section.kind() == kind);
        let flashed = sections.filter(move |section| section.name().is_ok_and(is_flashed));
        flashed.map(|section| section.size())
    };
    let code: u64 = of_kind(SectionKind::Text).sum();
    let tables: u64 = of_kind(SectionKind::ReadOnlyData).sum();
    let memory: u64 = symbols()
        .filter(|(name, _)| {
            ["memcpy", "memmove", "memset", "memclr", "memcmp", "bcmp"]
                .iter()
                .any(|mem| name.contains(mem))
        })
        .map(|(_, size)| size)
        .sum();
    let state = symbols().find(|(name, _)| *name == "STATE_BYTES").map_or(0, |(_, size)| size);
    // The list of the calls is the image's own.
    let calls: u64 =
        symbols().filter(|(name, _)| name.contains("CALLS")).map(|(_, size)| size).sum();
    let flash = code + tables - memory - state - calls;
    println!(
        "{target}, {features}: {flash} bytes of flash ({code} code, {tables} tables, less \
         {memory} of mem*), {state} bytes of state"
    );
    assert!(state > 0 && state <= STATE_BYTES, "{target}, {features}: {state} bytes of state");
    assert!(flash <= limit, "{target}, {features}: {flash} bytes of flash, {limit} allowed");
}

fn is_installed(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let root = Command::new(rustc).args(["--print", "sysroot"]).output().expect("rustc runs");
    let root = String::from_utf8(root.stdout).expect("a path");
    Path::new(root.trim()).join("lib/rustlib").join(target).join("lib").is_dir()
}

/// The image, linked.
fn build(target: &str, features: &str) -> PathBuf {
    let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("no_panic");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_panic");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(&probe)
        .args(["build", "--release", "--quiet", "--target", target, "--features", features])
        .arg("--target-dir")
        .arg(&folder)
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{target}, {features} does not build");
    folder.join(target).join("release/zerostack-no-panic")
}
