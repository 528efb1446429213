//! The committed corpus, replayed: what was found once stays fixed.

use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("the folder is readable").path();
        println!("{}", path.display());
        target(&std::fs::read(&path).expect("the input is readable"));
        inputs += 1;
    }
    println!("{name}: {inputs} inputs");
    assert!(inputs > 0);
}

#[test]
fn calls() {
    replay("calls", zerostack_fuzz_targets::calls);
}

#[test]
fn http1() {
    replay("http1", zerostack_fuzz_targets::http1);
}

#[test]
fn journal() {
    replay("journal", zerostack_fuzz_targets::journal);
}

#[test]
fn json() {
    replay("json", zerostack_fuzz_targets::json);
}

#[test]
fn json_lines() {
    replay("json_lines", zerostack_fuzz_targets::json_lines);
}

#[test]
fn sse() {
    replay("sse", zerostack_fuzz_targets::sse);
}

#[test]
fn response() {
    replay("response", zerostack_fuzz_targets::response);
}

#[test]
fn operations() {
    replay("operations", zerostack_fuzz_targets::operations);
}

#[test]
fn tokens() {
    replay("tokens", zerostack_fuzz_targets::tokens);
}

#[test]
fn vocabulary() {
    replay("vocabulary", zerostack_fuzz_targets::vocabulary);
}

#[test]
fn patch() {
    replay("patch", zerostack_fuzz_targets::patch);
}

#[test]
fn shell() {
    replay("shell", zerostack_fuzz_targets::shell);
}
