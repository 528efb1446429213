//! `edit`: several changes of one file, all or none, on bytes.

mod nearest;
mod place;
mod report;

use std::fs;
use std::ops::Range;

use serde::Deserialize;

pub(super) use nearest::{difference, most_similar};

use super::anchor::{self, Line};
use super::{Outcome, Output, file, lenient, outside, wide};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    #[serde(deserialize_with = "lenient::list")]
    edits: Vec<Edit>,
}

/// One edit; its fields determine its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Text to replace, exactly as in the file.
    old: Option<String>,
    /// Every occurrence of `old` instead of the only one.
    #[serde(default, deserialize_with = "lenient::flag")]
    all: Option<bool>,
    /// The anchor of the first line to replace.
    at: Option<String>,
    /// The anchor of the last line to replace, `at` itself if left out.
    to: Option<String>,
    /// The anchor of the line above which to insert.
    before: Option<String>,
    /// The anchor of the line below which to insert.
    after: Option<String>,
    /// The text there afterwards.
    new: String,
}

/// Bytes that replace a range of the file.
#[derive(Debug, PartialEq, Eq)]
struct Splice {
    range: Range<usize>,
    with: Vec<u8>,
    /// A line that is appended to a last line which has no newline: the line end goes in between.
    line_end_first: Option<&'static [u8]>,
    slot: Slot,
    /// The number of its edit in the call, counted from 0.
    edit: usize,
}

/// The order of splices that start at the same byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    /// Inserted below the line before.
    Below,
    /// Inserted above the line that starts here.
    Above,
    /// Replaces the text here, which is empty for an empty line.
    Instead,
}

/// The file before the call.
struct Source<'a> {
    path: &'a str,
    bytes: &'a [u8],
    lines: Vec<Line>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { path, edits } = arguments;
    if edits.is_empty() {
        return Err("edits is empty: give at least one".into());
    }
    let path = file::resolve(&path);
    let metadata = file::metadata(&path)?;
    file::expect_regular(&path, &metadata)?;
    if metadata.len() > FILE_MAX_BYTES {
        return Err(format!("{path} is larger than {FILE_MAX_BYTES} bytes: use sed in `bash`"));
    }
    let bytes = fs::read(&*path).map_err(|e| file::complaint(&path, &e))?;
    if let Some(wide) = wide::of(&bytes) {
        let encoding = wide.name();
        return Err(format!(
            "{path} is unchanged: it is {encoding} text, which `edit` does not change; `write` it \
             whole, which keeps {encoding}, or use `iconv` in bash"
        ));
    }
    let source = Source { path: &path, bytes: &bytes, lines: anchor::lines(&bytes).collect() };
    let splices = splices(&source, &edits).map_err(|message| {
        // With one edit there are no others to report.
        let others = if edits.len() > 1 { "; no edit of this call was applied" } else { "" };
        format!("{path} is unchanged{others}: {message}")
    })?;
    let (after, changed) = apply(&bytes, &splices);
    if after == bytes {
        return Err(format!(
            "{path} is unchanged: the edits insert the text that is already there"
        ));
    }
    file::replace(&path, &after, Some(&metadata))?;
    let mut report = report::report(&source, &after, &splices, &changed);
    report.content.push_str(&outside::note(&path));
    Ok(Output::text(report.content).replaced_if(report.invalid_utf8))
}

/// All edits as splices, in the order of the file; none overlaps another.
fn splices(source: &Source, edits: &[Edit]) -> Result<Vec<Splice>, String> {
    let mut splices = Vec::with_capacity(edits.len());
    for (index, edit) in edits.iter().enumerate() {
        let placed = place::splices(source, edit, index).and_then(|found| {
            found.iter().try_for_each(|splice| refuse_loss(source, splice))?;
            Ok(found)
        });
        splices.extend(placed.map_err(|message| format!("edits[{index}]: {message}"))?);
    }
    // Stable: insertions at one place keep the order of the call.
    splices.sort_by_key(|splice| (splice.range.start, splice.slot));
    let clash = |a: &Splice, b: &Splice| {
        let same_start = a.range.start == b.range.start;
        b.range.start < a.range.end || same_start && a.slot == Slot::Instead
    };
    match splices.array_windows().find(|[a, b]| clash(a, b)) {
        Some([a, b]) => {
            let (first, second) = (a.edit.min(b.edit), a.edit.max(b.edit));
            Err(format!("edits[{first}] and edits[{second}] change the same text; make them one"))
        }
        None => Ok(splices),
    }
}

/// Text that was read lossily must not be written back over the bytes it stood for.
fn refuse_loss(source: &Source, splice: &Splice) -> Result<(), String> {
    let replacement = "\u{fffd}".as_bytes();
    let replaced = &source.bytes[splice.range.clone()];
    let lossy = memchr::memmem::find(&splice.with, replacement).is_some()
        && std::str::from_utf8(replaced).is_err();
    if lossy {
        return Err(
            "new holds U+FFFD where the file has bytes that are not UTF-8, which would be \
             lost; change a part of the line without them by old and new, or use `bash`"
                .into(),
        );
    }
    Ok(())
}

/// The file afterwards, and where in it each splice's bytes are.
fn apply(bytes: &[u8], splices: &[Splice]) -> (Vec<u8>, Vec<Range<usize>>) {
    let added: usize = splices.iter().map(|splice| splice.with.len() + 2).sum();
    let mut after = Vec::with_capacity(bytes.len() + added);
    let (mut copied, mut changed) = (0, Vec::with_capacity(splices.len()));
    for splice in splices {
        after.extend_from_slice(&bytes[copied..splice.range.start]);
        if let Some(line_end) = splice.line_end_first
            && !after.ends_with(b"\n")
        {
            after.extend_from_slice(line_end);
        }
        let start = after.len();
        after.extend_from_slice(&splice.with);
        changed.push(start..after.len());
        copied = splice.range.end;
    }
    after.extend_from_slice(&bytes[copied..]);
    (after, changed)
}

/// Larger files are not edited: the file, its new content and the positions of its lines are in memory.
const FILE_MAX_BYTES: u64 = 8 << 20;
