//! The core in the flash of a microcontroller: no way to panic, and small.

use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};
use zerostack_tests::table;

/// What each of them takes of flash: `examples/firmware/check.sh measure` writes it anew. The goal
/// is 12 KiB for one dialect and HTTP/1.1, and 24 KiB for five.
const TABLE: &str = include_str!("../examples/firmware/core.tsv");

/// What is linked: a name for it, and the features of the image. `agent` is one call for each
/// step and HTTP/1.1; `all calls` is that and every other call of a session.
const SETS: [(&str, &str); 21] = [
    ("openai-chat, agent without http1", "openai-chat"),
    ("openai-chat, agent", "openai-chat,http1"),
    ("anthropic, agent", "anthropic,http1"),
    ("openai-responses, agent", "openai-responses,http1"),
    ("gemini, agent", "gemini,http1"),
    ("ollama, agent", "ollama,http1"),
    ("five dialects, agent", "openai-chat,anthropic,openai-responses,gemini,ollama,http1"),
    ("openai-chat, all calls", "openai-chat,http1,further"),
    (
        "five dialects, all calls",
        "openai-chat,anthropic,openai-responses,gemini,ollama,http1,further",
    ),
    ("openai-chat, all calls, window", "openai-chat,http1,further,window"),
    ("openai-chat, all calls, attachments", "openai-chat,http1,further,attachments"),
    (
        "five dialects, all calls, attachments",
        "openai-chat,anthropic,openai-responses,gemini,ollama,http1,further,attachments",
    ),
    ("openai-chat, all calls, options", "openai-chat,http1,further,options"),
    (
        "five dialects, all calls, options",
        "openai-chat,anthropic,openai-responses,gemini,ollama,http1,further,options",
    ),
    ("openai-chat, all calls, options, structured", "openai-chat,http1,further,structured"),
    (
        "openai-chat, all calls, options, structured, schema-patterns",
        "openai-chat,http1,further,structured,schema-patterns",
    ),
    ("openai-chat, all calls, call-deltas", "openai-chat,http1,further,call-deltas"),
    (
        "openai-chat, all calls, attachments, structured, call-deltas",
        "openai-chat,http1,further,attachments,structured,call-deltas",
    ),
    (
        "five dialects, all calls, attachments, structured, call-deltas",
        "openai-chat,anthropic,openai-responses,gemini,ollama,http1,further,attachments,structured,\
         call-deltas",
    ),
    ("openai-chat, all calls, profiles", "openai-chat,http1,further,profiles"),
    ("openai-chat, agent, local-models", "openai-chat,http1,local-models"),
];

/// Those of them that are built for RISC-V too: the least, the usual, and all there is.
const ON_RISC_V: [&str; 5] = [
    "openai-chat, agent without http1",
    "openai-chat, agent",
    "five dialects, agent",
    "openai-chat, all calls, window",
    "five dialects, all calls, attachments",
];

/// What a session takes of the memory beside the transcript and the configuration.
const STATE_BYTES: u64 = 512;

/// What the counts of the window and of calls that repeat add to it.
const WINDOW_BYTES: u64 = 52;

/// What the fields that a server has refused add to it.
const PROFILE_BYTES: u64 = 8;

/// What counting the corrections of an answer adds to it: 4 alone, 12 beside the other features.
const STRUCTURED_BYTES: u64 = 12;

/// What the call whose arguments come in adds to it.
const CALL_DELTA_BYTES: u64 = 28;

// A test a target, so that both cores of a small machine have work.
#[test]
fn a_session_on_a_cortex_m_cannot_panic_and_is_small() {
    check_all("thumbv7em-none-eabihf", &SETS);
}

#[test]
fn a_session_on_risc_v_cannot_panic_and_is_small() {
    let sets: Vec<_> = SETS.into_iter().filter(|(name, _)| ON_RISC_V.contains(name)).collect();
    assert_eq!(sets.len(), ON_RISC_V.len());
    check_all("riscv32imc-unknown-none-elf", &sets);
}

fn check_all(target: &str, sets: &[(&str, &str)]) {
    if !is_installed(target) {
        eprintln!("NOT RUN: the target {target} is missing (rustup target add {target})");
        return;
    }
    for (name, features) in sets {
        let image = std::fs::read(build(target, features)).unwrap();
        let image = object::File::parse(image.as_slice()).unwrap();
        check(target, name, &image);
    }
    println!("{} images", sets.len());
}

fn check(target: &str, features: &str, image: &object::File<'_>) {
    let symbols =
        || image.symbols().filter_map(|symbol| Some((symbol.name().ok()?, symbol.size())));
    assert!(symbols().any(|(name, _)| name.contains("_start")), "the image has its names");
    let panics = zerostack_tests::image::panics(image);
    assert!(panics.is_empty(), "{target}, {features}: {panics:#?}");
    // Tables for unwinding are never read when a panic aborts; a firmware leaves them out.
    let is_flashed = |name: &str| !name.starts_with(".eh_frame") && !name.starts_with(".ARM.ex");
    let of_kind = |kinds: &[SectionKind]| {
        let sections = image.sections().filter(|section| kinds.contains(&section.kind()));
        let flashed = sections.filter(|section| section.name().is_ok_and(is_flashed));
        flashed.map(|section| section.size()).sum::<u64>()
    };
    let code = of_kind(&[SectionKind::Text]);
    // The linker marks all tables as strings if each of its inputs is mergeable.
    let tables = of_kind(&[SectionKind::ReadOnlyData, SectionKind::ReadOnlyString]);
    assert!(tables > 0, "{target}, {features}: no tables");
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
    let more = [
        ("window", WINDOW_BYTES),
        ("profiles", PROFILE_BYTES),
        ("structured", STRUCTURED_BYTES),
        ("call-deltas", CALL_DELTA_BYTES),
    ];
    let more = more.iter().filter(|(feature, _)| features.contains(feature));
    let most = STATE_BYTES + more.map(|(_, bytes)| bytes).sum::<u64>();
    let is_small = state > 0 && state <= most;
    assert!(is_small, "{target}, {features}: {state} bytes of state");
    let numbers = [("flash", flash, 0), ("state", state, 0)];
    table::check("core.tsv", TABLE, &format!("{target}\t{features}"), &numbers);
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
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_panic").join(target);
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
