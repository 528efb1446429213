//! A three-way merge of text.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// The text `base` with the changes that lead to `ours` and those that lead to `theirs`; `None` if
/// both change the same lines, or lines beside each other, in different ways, or if it is not text.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let is_text = |bytes: &[u8]| bytes.len() <= MOST_BYTES && !bytes.contains(&0);
    if ![base, ours, theirs].into_iter().all(is_text) {
        return None;
    }
    let lines: Vec<&[u8]> = base.split_inclusive(|byte| *byte == b'\n').collect();
    let [ours, theirs] = [ours, theirs].map(|text| changes(base, text));
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    let (mut merged, mut at) = (Vec::new(), 0);
    loop {
        let next = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(own), Some(other)) if own == other => {
                ours.next();
                theirs.next()
            }
            (Some(own), Some(other)) if touch(&own.lines, &other.lines) => return None,
            (Some(own), Some(other)) if own.lines.start > other.lines.start => theirs.next(),
            (Some(_), _) => ours.next(),
            (None, Some(_)) => theirs.next(),
        };
        let next = next?;
        lines.get(at..next.lines.start)?.iter().for_each(|line| merged.extend_from_slice(line));
        merged.extend_from_slice(&next.text);
        at = next.lines.end;
    }
    lines.get(at..)?.iter().for_each(|line| merged.extend_from_slice(line));
    Some(merged)
}

/// Lines of the base, and their replacement.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    lines: Range<usize>,
    text: Vec<u8>,
}

fn changes(base: &[u8], text: &[u8]) -> Vec<Change> {
    let input = InternedInput::new(base, text);
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let range = |range: &Range<u32>| range.start as usize..range.end as usize;
    let change = |hunk: imara_diff::Hunk| Change {
        lines: range(&hunk.before),
        text: lines.get(range(&hunk.after)).unwrap_or_default().concat(),
    };
    diff.hunks().map(change).collect()
}

/// Whether no line is between the two.
fn touch(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// More is not merged.
const MOST_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_other_lines_are_both_there_and_of_the_same_lines_are_not() {
        let base = "a\nb\nc\nd\ne\n";
        for (ours, theirs, merged) in [
            ("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", Some("A\nb\nc\nd\nE\n")),
            ("0\na\nb\nc\nd\ne\n", "a\nb\nd\ne\n", Some("0\na\nb\nd\ne\n")),
            ("a\nb\nc\nd\ne\nf\n", "x\nb\nc\nd\ne\n", Some("x\nb\nc\nd\ne\nf\n")),
            ("a\nB\nc\nd\ne\n", "a\nB\nc\nd\nE\n", Some("a\nB\nc\nd\nE\n")),
            (base, "x\n", Some("x\n")),
            ("x\n", base, Some("x\n")),
            ("a\nB\nc\nd\ne\n", "a\nX\nc\nd\ne\n", None),
            // Beside each other: which one belongs above is not known.
            ("a\nB\nc\nd\ne\n", "a\nb\nC\nd\ne\n", None),
            ("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\ne\ng\n", None),
            ("", "a\nb\nc\nd\nE\n", None),
            ("a\0\n", base, None),
        ] {
            let found = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes());
            assert_eq!(found.as_deref(), merged.map(str::as_bytes), "{ours:?} {theirs:?}");
        }
        // A last line without a line end counts as a line.
        assert_eq!(merge(b"a\nb", b"x\nb", b"a\nb").as_deref(), Some(&b"x\nb"[..]));
    }
}
