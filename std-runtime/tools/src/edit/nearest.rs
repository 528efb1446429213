//! Why an edit does not match, and what the file has there instead.

use std::fmt::Write as _;

use super::Source;
use crate::anchor::holds_anchors;
use crate::text;

/// The current lines around `number`, with anchors.
pub(super) fn shown_around(source: &Source, number: usize) -> String {
    let from = number.saturating_sub(AROUND_LINES + 1).min(source.lines.len().saturating_sub(1));
    let mut out = String::from("now there:\n");
    push_lines(&mut out, source, from, 2 * AROUND_LINES + 1);
    out
}

/// The most similar place, and what differs there first.
pub(super) fn why_not_found(source: &Source, old: &str) -> String {
    if holds_anchors(old) {
        return "old starts its lines with anchors; give the text alone, or use at and to".into();
    }
    let wanted: Vec<&[u8]> = old.lines().map(str::as_bytes).collect();
    let lines: Vec<&[u8]> =
        source.lines.iter().map(|line| &source.bytes[line.start..line.end]).collect();
    let Some(from) = most_similar(&lines, &wanted) else {
        return "old does not occur, nor anything like it; read the file again".into();
    };
    let mut out = String::from("old does not occur exactly. Nearest, ");
    // `old` may start and end within a line.
    let last = if old.ends_with('\n') { usize::MAX } else { wanted.len() - 1 };
    let differing = wanted.iter().zip(&source.lines[from..]).enumerate().find_map(|(i, pair)| {
        let (wanted, line) = pair;
        let found = &source.bytes[line.start..line.end];
        let fits = found == *wanted
            || i == 0 && last > 0 && found.ends_with(wanted)
            || i > 0 && i == last && found.starts_with(wanted);
        (!fits).then_some((line, found, *wanted))
    });
    match differing {
        Some((line, found, wanted)) => {
            _ = write!(
                out,
                "differing first at {} ({}):\n  file: ",
                line.anchor(),
                difference(found, wanted)
            );
            push_quoted(&mut out, found);
            out.push_str("\n  old:  ");
            push_quoted(&mut out, wanted);
            out.push('\n');
        }
        None if from + wanted.len() > source.lines.len() => {
            out.push_str("but the file ends before it does:\n")
        }
        None => out.push_str("differing only in line ends:\n"),
    }
    out.push_str("The file has there:\n");
    push_lines(&mut out, source, from, wanted.len().clamp(1, SHOWN_MAX_LINES));
    out
}

/// The line (index) at which `wanted` would fit best, if it is like it at all.
pub(crate) fn most_similar(lines: &[&[u8]], wanted: &[&[u8]]) -> Option<usize> {
    let wanted = &wanted[..wanted.len().min(COMPARED_MAX_LINES)];
    let sketches: Vec<Sketch> = wanted.iter().map(|line| Sketch::of(line)).collect();
    let last = lines.len().min(SCANNED_MAX_LINES + wanted.len());
    let found: Vec<Sketch> = lines[..last].iter().map(|line| Sketch::of(line)).collect();
    let mut best: Option<(usize, u32)> = None;
    for from in 0..lines.len().min(SCANNED_MAX_LINES) {
        let fit = wanted.iter().enumerate().map(|(i, wanted)| {
            let weight = wanted.trim_ascii().len().min(COMPARED_MAX_BYTES) as u32 + 1;
            let similar = lines.get(from + i).map_or(0, |line| {
                let ends = similarity(line, wanted);
                let inside = match (sketches.get(i), found.get(from + i)) {
                    (Some(a), Some(b)) if ends < INSIDE_MIN_PERCENT => a.similarity(b),
                    _ => 0,
                };
                ends.max(inside)
            });
            (weight, weight * similar)
        });
        let (weights, scores) = fit.fold((0, 0), |sum, (w, s)| (sum.0 + w, sum.1 + s));
        let score = scores.checked_div(weights).unwrap_or(0);
        if best.is_none_or(|(_, most)| score > most) {
            best = Some((from, score));
        }
    }
    best.filter(|(_, score)| *score >= SIMILAR_MIN_PERCENT).map(|(from, _)| from)
}

/// Which pairs of neighbouring bytes a line has, for lines that differ at both of their ends.
#[derive(Default)]
struct Sketch([u64; 8]);

impl Sketch {
    fn of(line: &[u8]) -> Self {
        let mut sketch = Self::default();
        for pair in line.trim_ascii().windows(2).take(COMPARED_MAX_BYTES) {
            let hash = usize::from(pair[0]) * 31 + usize::from(pair[1]) * 7;
            sketch.0[hash / 64 % 8] |= 1 << (hash % 64);
        }
        sketch
    }

    /// How many of the pairs of both are the same, in percent; 0 if that may be chance.
    fn similarity(&self, other: &Self) -> u32 {
        let ones = |bits: &[u64; 8]| bits.iter().map(|bits| bits.count_ones()).sum::<u32>();
        let mut both = [0; 8];
        for (both, (a, b)) in both.iter_mut().zip(self.0.iter().zip(&other.0)) {
            *both = a & b;
        }
        let all = ones(&self.0) + ones(&other.0);
        let percent = (200 * ones(&both)).checked_div(all).unwrap_or(0);
        if percent < INSIDE_MIN_PERCENT { 0 } else { percent }
    }
}

/// How much of two lines is the same from their two ends on, indentation aside, in percent.
fn similarity(a: &[u8], b: &[u8]) -> u32 {
    let (a, b) = (a.trim_ascii(), b.trim_ascii());
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 100;
    }
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let room = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    ((head + tail) * 100 / longest) as u32
}

/// The kind of difference of two lines that are not the same.
pub(crate) fn difference(found: &[u8], wanted: &[u8]) -> &'static str {
    let without_space = |line: &[u8]| -> Vec<u8> {
        line.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect()
    };
    if found.trim_ascii() == wanted.trim_ascii() {
        if found.trim_ascii_end() == wanted.trim_ascii_end() {
            "spaces at the end"
        } else if found.trim_ascii_start() == wanted.trim_ascii_start() {
            "indentation"
        } else {
            "indentation and spaces at the end"
        }
    } else if without_space(found) == without_space(wanted) {
        "white space"
    } else if found.eq_ignore_ascii_case(wanted) {
        "upper and lower case"
    } else if plain(found) == plain(wanted) {
        "typographic quotes, dashes or spaces"
    } else if std::str::from_utf8(found).is_err() {
        "bytes that are not UTF-8"
    } else {
        "text"
    }
}

/// A line with typographic characters replaced by ASCII.
fn plain(line: &[u8]) -> String {
    let mut out = String::with_capacity(line.len());
    for c in String::from_utf8_lossy(line).chars() {
        match c {
            '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{ff07}' => out.push('\''),
            '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' | '\u{ff02}' => {
                out.push('"')
            }
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => out.push(' '),
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            '\u{2026}' => out.push_str("..."),
            c => out.push(c),
        }
    }
    out
}

/// A line in quotes, white space visible.
fn push_quoted(out: &mut String, line: &[u8]) {
    let mut lossy = String::new();
    text::push_lossy(&mut lossy, text::head(line, SHOWN_MAX_BYTES));
    _ = write!(out, "{lossy:?}");
    if line.len() > SHOWN_MAX_BYTES {
        _ = write!(out, "… [{} bytes]", line.len());
    }
}

fn push_lines(out: &mut String, source: &Source, from: usize, count: usize) {
    for line in source.lines.iter().skip(from).take(count) {
        _ = write!(out, "{}\t", line.anchor());
        let content = &source.bytes[line.start..line.end];
        text::push_lossy(out, text::head(content, SHOWN_MAX_BYTES));
        if content.len() > SHOWN_MAX_BYTES {
            _ = write!(out, "… [{} bytes]", content.len());
        }
        out.push('\n');
    }
}

/// Lines shown above and below a changed line.
const AROUND_LINES: usize = 2;
const SHOWN_MAX_LINES: usize = 12;
const SHOWN_MAX_BYTES: usize = 300;
/// Fewer common pairs of bytes than this are no similarity: any two lines have them.
const INSIDE_MIN_PERCENT: u32 = 60;
/// The least similarity of a place.
const SIMILAR_MIN_PERCENT: u32 = 40;
/// Bounds of the search for a similar place.
const SCANNED_MAX_LINES: usize = 50_000;
const COMPARED_MAX_LINES: usize = 20;
const COMPARED_MAX_BYTES: usize = 200;
