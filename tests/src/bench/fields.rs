//! How fast JSON is read while it comes in, each value with its path.

use std::hint::black_box;
use std::time::{Duration, Instant};

use zerostack_core::wire::json_fields::{FieldEvent, FieldReader};

use super::Table;

/// Measures the arguments of a call that writes a file, and a list of small records.
pub fn measure() -> Table {
    let mut table = Table::new("fields of JSON as it comes, MB/s");
    let file =
        format!(r#"{{"path":"src/main.rs","content":"{}"}}"#, "let x = 1;\\n".repeat(40_000));
    let record = r#"{"name":"Oslo","inhabitants":717710,"tags":["capital","port"]}"#;
    let list = format!("[{}]", vec![record; 6_000].join(","));
    for (name, text) in [("a file to write", &file), ("small records", &list)] {
        for (size, cut) in [(usize::MAX, "whole"), (64, "64-byte pieces")] {
            let seconds = fastest(|| read(text, size)).as_secs_f64();
            let speed = text.len() as f64 / seconds / 1e6;
            let what = format!("{name}, {} bytes, {cut}", text.len());
            table.row(&what, &format!("{speed:.0}"), "", "500");
        }
    }
    table
}

/// Bytes of text that are given out. The documents are ASCII, so any cut is one between characters.
fn read(text: &str, size: usize) -> usize {
    let mut reader = FieldReader::new();
    let (mut rest, mut given) = (text, 0);
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        while let Ok(Some(event)) = reader.next(&mut piece) {
            if let FieldEvent::Piece(more) = black_box(event) {
                given += more.len();
            }
        }
    }
    given
}

fn fastest(work: impl Fn() -> usize) -> Duration {
    let (mut best, start) = (Duration::MAX, Instant::now());
    while start.elapsed() < Duration::from_secs(1) {
        let begin = Instant::now();
        black_box(work());
        best = best.min(begin.elapsed());
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_pieces_reads_the_same() {
        let text = r#"{"a":["one","two"],"b":12}"#;
        assert_eq!(read(text, usize::MAX), 8);
        for size in 1..text.len() {
            assert_eq!(read(text, size), 8);
        }
    }
}
