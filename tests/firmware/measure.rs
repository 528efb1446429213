//! The stack of each call of a session, instructions a byte, and tokens counted from flash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};

use crate::board::{EVERYTHING, MEASURE};
use crate::sizes::{address_of, check_cost};

/// The counter of instructions, built from the shared tools.
fn plugin(folder: &Path) -> Option<PathBuf> {
    let source = zerostack_tests::shared::folder("tools")?.join("qemu-icount.c");
    let plugin = folder.join("icount.so");
    let built = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .arg(&plugin)
        .arg(source)
        .status()
        .expect("there is a C compiler");
    built.success().then_some(plugin)
}

/// The deepest first.
fn print_deepest(what: &str, stacks: &BTreeMap<String, u64>) {
    let mut rows: Vec<_> = stacks.iter().collect();
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    println!("bytes of stack at the deepest of each call, {what}:");
    for (name, bytes) in rows {
        println!("{bytes:6} {}", name.trim_start_matches("stack."));
    }
}

#[test]
fn the_stack_of_every_call_with_all_that_can_be_compiled_in() {
    let image = EVERYTHING.build("measure");
    let done = EVERYTHING.qemu(&image, &["-serial", "null"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let stacks = done.deepest("stack.");
    print_deepest("with window and local-models", &stacks);
    assert!(stacks.contains_key("stack.make_room"));
    for (name, number) in stacks {
        check_cost(&format!("everything.{name}"), number);
    }
}

#[test]
fn costs_on_a_cortex_m4() {
    let image = MEASURE.build("measure");
    let place = tempfile::tempdir().unwrap();
    let mut options = vec!["-serial".to_owned(), "null".to_owned()];
    let plugin = plugin(place.path());
    if let Some(plugin) = &plugin {
        let [start, stop] =
            ["window_start", "window_stop"].map(|function| address_of(&image, function));
        let windows = format!("{},start={start:#x},stop={stop:#x}", plugin.display());
        options.extend(["-plugin".into(), windows, "-d".into(), "plugin".into()]);
    } else {
        eprintln!("NOT RUN: instructions are not counted, shared/tools/qemu-icount.c is missing");
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let done = MEASURE.qemu(&image, &options);
    assert_eq!(done.code, Some(0), "{}", done.stderr);

    // The same count as on a PC.
    let log = include_str!("../../examples/firmware/src/log.txt");
    let bpe = Bpe::new(Vocabulary::open(zerostack_vocab_cl100k::PACKED).unwrap());
    assert_eq!(done.numbers()["tokens"], bpe.count(log) as u64);

    // Each call of a session, in all that the fixtures bring about.
    let stacks = done.deepest("stack.");
    print_deepest("with one dialect", &stacks);
    assert!(stacks.len() >= 30, "{} calls", stacks.len());
    for (name, number) in stacks {
        check_cost(&name, number);
    }
    let windows: Vec<(String, u64)> = done.pairs("window.").collect();
    let counts = done.stderr.lines().filter_map(|line| line.strip_prefix("icount: window "));
    let counts: Vec<u64> = counts.map(|count| count.parse().unwrap()).collect();
    assert_eq!(counts.len(), if plugin.is_some() { windows.len() } else { 0 });
    for ((name, bytes), instructions) in windows.iter().zip(counts) {
        println!("{name}: {:.1} instructions a byte", instructions as f64 / *bytes as f64);
        let name = name.replace("window.", "instructions a kilobyte.");
        check_cost(&name, instructions * 1000 / bytes);
    }
}
