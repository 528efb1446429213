//! Where an edit applies: exact text, or anchors of lines.

use std::ops::Range;

use memchr::memmem;

use super::{Edit, Slot, Source, Splice, nearest};
use crate::anchor::{Anchor, Line, holds_anchors};

/// The splices of one edit: several only with `all`.
pub(super) fn splices(source: &Source, edit: &Edit, index: usize) -> Result<Vec<Splice>, String> {
    let Edit { old, all, at, to, before, after, new } = edit;
    if all.is_some() && old.is_none() {
        return Err("all goes with old only".into());
    }
    if to.is_some() && at.is_none() {
        return Err("to goes with at only".into());
    }
    if old.is_none() && holds_anchors_of(source, new) {
        return Err("new starts its lines with anchors; give the text alone".into());
    }
    if source.lines.is_empty() {
        let advice = "the file is empty; old \"\" fills it, as `write` does";
        return match (old.as_deref(), at, before, after) {
            (Some(""), None, None, None) => {
                let (end, with) = (source.bytes.len(), new.as_bytes().to_vec());
                let slot = Slot::Instead;
                Ok(vec![Splice { range: end..end, with, line_end_first: None, slot, edit: index }])
            }
            (Some(_), ..) => Err(format!("old does not occur: {advice}")),
            _ => Err(advice.to_owned()),
        };
    }
    let splice = |range, with| Splice {
        range,
        with,
        line_end_first: None,
        slot: Slot::Instead,
        edit: index,
    };
    match (old, at, before, after) {
        (Some(old), None, None, None) => {
            let ranges = occurrences(source, old, all.unwrap_or(false))?;
            let fit = |range: Range<usize>| {
                let with = fitted(source, &range, old, new);
                splice(range, with)
            };
            Ok(ranges.into_iter().map(fit).collect())
        }
        (None, Some(at), None, None) => {
            let (first, last) = lines(source, at, to.as_deref().unwrap_or(at))?;
            let end = if new.is_empty() { last.next } else { last.end };
            let with = whole_lines(new, line_end_at(source.bytes, first.start));
            Ok(vec![splice(first.start..end, with)])
        }
        (None, None, Some(before), None) => {
            let line = line(source, "before", before)?;
            let line_end = line_end_at(source.bytes, line.start);
            let mut with = inserted(new, line_end)?;
            with.extend_from_slice(line_end);
            Ok(vec![Splice { slot: Slot::Above, ..splice(line.start..line.start, with) }])
        }
        (None, None, None, Some(after)) => {
            let line = line(source, "after", after)?;
            let line_end = line_end_at(source.bytes, line.start);
            let mut with = inserted(new, line_end)?;
            let line_end_first = if line.next == line.end {
                Some(line_end)
            } else {
                with.extend_from_slice(line_end);
                None
            };
            Ok(vec![Splice {
                line_end_first,
                slot: Slot::Below,
                ..splice(line.next..line.next, with)
            }])
        }
        _ => Err("give exactly one of old, at, before, after".into()),
    }
}

/// The first and the last line of a range.
fn lines(source: &Source, at: &str, to: &str) -> Result<(Line, Line), String> {
    let (at, to) = (anchor("at", at)?, anchor("to", to)?);
    if to.number < at.number {
        return Err(format!("to `{to}` is above at `{at}`"));
    }
    let (first, last) = (moved_line(source, at)?, moved_line(source, to)?);
    if to.number - at.number != last.number.wrapping_sub(first.number) {
        return Err(format!(
            "the lines between at `{at}` and to `{to}` became more or fewer; {}",
            nearest::shown_around(source, first.number)
        ));
    }
    Ok((first, last))
}

fn line(source: &Source, field: &str, text: &str) -> Result<Line, String> {
    moved_line(source, anchor(field, text)?)
}

fn anchor(field: &str, text: &str) -> Result<Anchor, String> {
    Anchor::parse(text).ok_or_else(|| {
        format!("{field} `{text}` is not an anchor; an anchor looks like 12kab, from `read`")
    })
}

/// The line that an anchor means now.
///
/// The line of that number if its hash is right; else the only line nearby with that hash, because
/// lines above may have been added or removed.
fn moved_line(source: &Source, anchor: Anchor) -> Result<Line, String> {
    let at_number = source.lines.get(anchor.number - 1);
    if let Some(line) = at_number.filter(|line| line.code == anchor.code) {
        return Ok(*line);
    }
    let near = anchor.number.saturating_sub(MOVED_MAX_LINES + 1)
        ..anchor.number.saturating_add(MOVED_MAX_LINES).min(source.lines.len());
    let mut same =
        source.lines.get(near).unwrap_or_default().iter().filter(|l| l.code == anchor.code);
    match (same.next(), same.next()) {
        (Some(line), None) => Ok(*line),
        (Some(_), Some(_)) => Err(format!(
            "anchor `{anchor}`: the line has moved and is not the only one like it; {}",
            nearest::shown_around(source, anchor.number)
        )),
        (None, _) => Err(format!(
            "anchor `{anchor}`: that line has changed or is gone; {}",
            nearest::shown_around(source, anchor.number)
        )),
    }
}

/// Where `old` is: exactly, or else with other line ends.
fn occurrences(source: &Source, old: &str, all: bool) -> Result<Vec<Range<usize>>, String> {
    if old.is_empty() {
        return Err("old is empty; to insert use before or after with an anchor, to replace the \
             whole file use `write`"
            .into());
    }
    let mut found = exact(source.bytes, old.as_bytes(), all);
    if found.is_empty() {
        found = with_other_line_ends(source.bytes, old.as_bytes());
    }
    if found.is_empty() {
        found.extend(without_last_newline(source.bytes, old.as_bytes()));
    }
    match found.len() {
        0 => Err(nearest::why_not_found(source, old)),
        count if count > OCCURRENCES_MAX => {
            Err(format!("old occurs more than {OCCURRENCES_MAX} times; use sed in `bash`"))
        }
        1 => Ok(found),
        _ if all => Ok(found),
        count => {
            let anchors = found.iter().take(OCCURRENCES_SHOWN).map(|range| {
                let line = source.lines.partition_point(|line| line.next <= range.start);
                source.lines.get(line).map_or(String::new(), |line| line.anchor().to_string())
            });
            let anchors: Vec<_> = anchors.collect();
            let more = if count > OCCURRENCES_SHOWN { " ..." } else { "" };
            Err(format!(
                "old occurs {count} times, at {}{more}; add lines around it, or give all:true, or use at",
                anchors.join(" ")
            ))
        }
    }
}

/// Exact occurrences. Overlapping ones count too unless all are wanted, because
/// then too it is not clear which is meant.
fn exact(bytes: &[u8], old: &[u8], all: bool) -> Vec<Range<usize>> {
    let finder = memmem::Finder::new(old);
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
        if found.len() > OCCURRENCES_MAX {
            break;
        }
        let range = from + at..from + at + old.len();
        from = if all { range.end } else { range.start + 1 };
        found.push(range);
    }
    found
}

/// Occurrences when `\n` and `\r\n` are taken as the same; `old` has more than one line.
fn with_other_line_ends(bytes: &[u8], old: &[u8]) -> Vec<Range<usize>> {
    let mut lines: Vec<&[u8]> = old.split(|&b| b == b'\n').collect();
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        *line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    let Some(first_line_end) = (last > 0).then(|| lines[0].len()) else { return Vec::new() };
    let mut found: Vec<Range<usize>> = Vec::new();
    for newline in memchr::memchr_iter(b'\n', bytes) {
        let content_end = if bytes[..newline].ends_with(b"\r") { newline - 1 } else { newline };
        let Some(start) = content_end.checked_sub(first_line_end) else { continue };
        let end = match_lines(bytes, start, &lines);
        found.extend(end.filter(|_| found.last().is_none_or(|f| f.end <= start)).map(|e| start..e));
    }
    found
}

/// Where a match of `lines` that starts at `start` ends.
fn match_lines(bytes: &[u8], start: usize, lines: &[&[u8]]) -> Option<usize> {
    let mut rest = bytes.get(start..)?;
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
        }
        rest = rest.strip_prefix(*line)?;
    }
    Some(bytes.len() - rest.len())
}

/// `old` ends with a newline that the last line of the file does not have.
fn without_last_newline(bytes: &[u8], old: &[u8]) -> Option<Range<usize>> {
    let old = old.strip_suffix(b"\n")?;
    let old = old.strip_suffix(b"\r").unwrap_or(old);
    if old.is_empty() {
        return None;
    }
    // From the end on, with either line end between the lines.
    let mut rest = bytes;
    for (index, line) in old.rsplit(|&b| b == b'\n').enumerate() {
        let mut line = line;
        if index > 0 {
            rest = rest.strip_suffix(b"\n")?;
            rest = rest.strip_suffix(b"\r").unwrap_or(rest);
            line = line.strip_suffix(b"\r").unwrap_or(line);
        }
        rest = rest.strip_suffix(line)?;
    }
    Some(rest.len()..bytes.len())
}

/// `new` with the line ends, and the end, that fit the text it replaces.
fn fitted(source: &Source, range: &Range<usize>, old: &str, new: &str) -> Vec<u8> {
    let replaced = &source.bytes[range.clone()];
    let line_end = line_end_at(source.bytes, range.start);
    let mut new = new;
    if old.ends_with('\n') && !replaced.ends_with(b"\n") {
        new = new.strip_suffix('\n').map_or(new, |line| line.strip_suffix('\r').unwrap_or(line));
    }
    if old.contains("\r\n") && memmem::find(replaced, b"\r\n").is_none() && line_end == b"\n" {
        return new.replace("\r\n", "\n").into_bytes();
    }
    with_line_end(new, line_end)
}

/// `new` as lines without the last line end; an empty line for a line end alone.
fn whole_lines(new: &str, line_end: &[u8]) -> Vec<u8> {
    let new = new.strip_suffix('\n').map_or(new, |line| line.strip_suffix('\r').unwrap_or(line));
    with_line_end(new, line_end)
}

fn inserted(new: &str, line_end: &[u8]) -> Result<Vec<u8>, String> {
    if new.is_empty() {
        return Err("new is empty: there is nothing to insert (\"\\n\" is an empty line)".into());
    }
    Ok(whole_lines(new, line_end))
}

/// In a place of `\r\n` lines each bare `\n` of `new` becomes one; else `new` as it is.
fn with_line_end(new: &str, line_end: &[u8]) -> Vec<u8> {
    if line_end != b"\r\n" {
        return new.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(new.len() + new.len() / 16);
    for byte in new.bytes() {
        if byte == b'\n' && !out.ends_with(b"\r") {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

/// The line end of the line that holds `at`, or of the line above if it has no line end.
fn line_end_at(bytes: &[u8], at: usize) -> &'static [u8] {
    let (above, below) = bytes.split_at(at);
    let newline =
        memchr::memchr(b'\n', below).map(|n| at + n).or_else(|| memchr::memrchr(b'\n', above));
    match newline {
        Some(newline) if bytes[..newline].ends_with(b"\r") => b"\r\n",
        _ => b"\n",
    }
}

/// Every line of `text` starts with an anchor, and one of them is an anchor of this file: else it
/// is text that only looks like anchors.
fn holds_anchors_of(source: &Source, text: &str) -> bool {
    holds_anchors(text)
        && text.lines().filter_map(Anchor::parse).any(|a| moved_line(source, a).is_ok())
}

/// How far a line is followed if lines above it were added or removed. A changed line is mistaken
/// for another with a probability of 128 in 17,576.
const MOVED_MAX_LINES: usize = 64;
/// More are not replaced one by one.
const OCCURRENCES_MAX: usize = 100_000;
const OCCURRENCES_SHOWN: usize = 8;
