//! The shared vectors: ids equal to tiktoken's.

mod support;

use serde_json::Value;
use support::{cl100k, ids, o200k, shared};
use zerostack_core::tokenizer::Specials;

fn lines(path: &str) -> Vec<Value> {
    let file = shared(path).unwrap_or_default();
    let text = String::from_utf8(file).expect("JSON lines");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn numbers(value: &Value) -> Vec<u32> {
    let numbers = value.as_array().expect("a list");
    numbers.iter().map(|number| number.as_u64().expect("an id") as u32).collect()
}

#[test]
fn every_vector() {
    let lines = lines("suites/tokenizer/vectors.jsonl");
    for line in &lines {
        let text = line["text"].as_str().expect("a text");
        for (bpe, name) in [(cl100k(), "cl100k"), (o200k(), "o200k")] {
            assert_eq!(ids(&bpe, text), numbers(&line[name]), "{name} of {text:?}");
        }
    }
    println!("{} vectors", lines.len());
}

#[test]
fn every_special_vector() {
    let lines = lines("suites/tokenizer/special.jsonl");
    for line in &lines {
        let text = line["text"].as_str().expect("a text");
        for (bpe, allowed, name) in [
            (cl100k(), Specials::All, "cl100k_all"),
            (o200k(), Specials::All, "o200k_all"),
            (cl100k(), Specials::AsText, "cl100k_ord"),
        ] {
            let mut out = vec![0; text.len()];
            let count = bpe.encode_with(text, allowed, &mut out).expect("room");
            assert_eq!(out[..count], numbers(&line[name]), "{name} of {text:?}");
            let mut bytes = vec![0; text.len()];
            assert_eq!(bpe.decode(&out[..count], &mut bytes), Ok(text.len()));
            assert_eq!(bytes, text.as_bytes());
        }
    }
    println!("{} vectors", lines.len());
}
