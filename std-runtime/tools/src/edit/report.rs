//! The result of an edit: the changed places with their new anchors.

use std::fmt::Write as _;
use std::ops::Range;

use super::{Source, Splice};
use crate::anchor::{self, Line};
use crate::text;

/// The answer of a successful edit.
pub(super) struct Report {
    pub content: String,
    pub invalid_utf8: bool,
}

/// The answer to `splices`, whose bytes are at `changed` of the file `after` them.
pub(super) fn report(
    source: &Source,
    after: &[u8],
    splices: &[Splice],
    changed: &[Range<usize>],
) -> Report {
    let lines: Vec<Line> = anchor::lines(after).collect();
    let edits = splices.iter().map(|splice| splice.edit).max().map_or(0, |last| last + 1);
    let mut content = format!("edited {}: {}", source.path, text::counted(edits, "edit"));
    if splices.len() > edits {
        _ = write!(content, " in {} places", splices.len());
    }
    let moved = lines.len().abs_diff(source.lines.len());
    if moved > 0 {
        let way = if lines.len() > source.lines.len() { "more" } else { "fewer" };
        _ = write!(content, ", {} {way}", text::counted(moved, "line"));
    }
    content.push('\n');
    let mut report = Report { content, invalid_utf8: false };
    let mut shown = 0;
    for range in regions(&lines, changed) {
        if shown >= SHOWN_MAX_LINES {
            report.content.push_str("[more changes further down not shown]\n");
            break;
        }
        if shown > 0 {
            report.content.push_str("--\n");
        }
        shown += report.push(after, &lines[range]);
    }
    if lines.is_empty() {
        report.content.push_str("[the file is empty now]\n");
    }
    report
}

impl Report {
    /// One region; the middle of a long one is left out. How many lines are shown.
    fn push(&mut self, after: &[u8], lines: &[Line]) -> usize {
        let hidden = lines.len().saturating_sub(REGION_MAX_LINES);
        let head = if hidden > 0 { REGION_MAX_LINES / 2 } else { lines.len() };
        for (index, line) in lines.iter().enumerate() {
            if index == head {
                _ = writeln!(self.content, "[{} not shown]", text::counted(hidden, "line"));
            }
            if (head..head + hidden).contains(&index) {
                continue;
            }
            let bytes = &after[line.start..line.end];
            let kept = text::head(bytes, LINE_MAX_BYTES);
            _ = write!(self.content, "{}\t", line.anchor());
            self.invalid_utf8 |= text::push_lossy(&mut self.content, kept);
            if kept.len() < bytes.len() {
                _ = write!(
                    self.content,
                    "… [{} more bytes in this line]",
                    bytes.len() - kept.len()
                );
            }
            self.content.push('\n');
        }
        lines.len() - hidden
    }
}

/// Ranges of line indexes to show: each change with a line above and below it, joined where they meet.
fn regions(lines: &[Line], changed: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    for bytes in changed {
        let first = lines.partition_point(|line| line.next <= bytes.start);
        let end = lines.partition_point(|line| line.start < bytes.end).max(first);
        // Dull lines below have new anchors too.
        let below = lines[end..].iter().take(DULL_MAX_LINES).take_while(|line| line.dull).count();
        let end = (end + below.max(CONTEXT_LINES)).min(lines.len());
        let region = first.saturating_sub(CONTEXT_LINES)..end;
        match regions.last_mut() {
            Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
            _ => regions.push(region),
        }
    }
    regions.retain(|region| !region.is_empty());
    regions
}

/// Unchanged lines shown above and below a change.
const CONTEXT_LINES: usize = 1;
/// Lines shown below a change because their anchors depend on it.
const DULL_MAX_LINES: usize = 5;
/// Lines of one region.
const REGION_MAX_LINES: usize = 30;
/// No further region begins after this many lines.
const SHOWN_MAX_LINES: usize = 80;
const LINE_MAX_BYTES: usize = 300;
