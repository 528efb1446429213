//! Line diffs.

use std::io::{self, BufRead as _, BufReader, Write};
use std::ops::Range;

use imara_diff::sources::byte_lines;
use imara_diff::{Algorithm, Diff, InternedInput, Token};

use super::content::{Side, Sides, fill};
use super::middle::Middle;

/// Larger differences are not compared by lines, which takes a multiple in memory.
const DIFF_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// Below this a file is compared whole, which lets a change slide as far as git lets it.
const WHOLE_BYTES: u64 = 256 * 1024;

/// git looks this far for a NUL, which no text has.
const PROBE_BYTES: usize = 8000;

/// Unchanged lines around a change.
const CONTEXT_LINES: u32 = 3;

/// Whether both sides are text that can be written as lines.
pub(super) fn is_text(sides: &Sides<'_>) -> io::Result<bool> {
    if !(looks_like_text(&sides.old)? && looks_like_text(&sides.new)?) {
        return Ok(false);
    }
    let larger = sides.old.size().max(sides.new.size());
    // A file on one side only is written as it is read.
    let both = sides.old.entry.is_some() && sides.new.entry.is_some();
    if !both || larger <= DIFF_LIMIT_BYTES {
        return Ok(true);
    }
    let middle = Middle::find(sides, CONTEXT_LINES.into())?;
    let differ = |range: &Range<u64>| range.end - range.start;
    Ok(differ(&middle.old).max(differ(&middle.new)) <= DIFF_LIMIT_BYTES)
}

fn looks_like_text(side: &Side<'_>) -> io::Result<bool> {
    let mut probe = [0; PROBE_BYTES];
    Ok(!fill(&mut side.open()?, &mut probe)?.contains(&0))
}

/// Writes the hunks.
pub(super) fn write(sides: &Sides<'_>, out: &mut impl Write) -> io::Result<()> {
    match (sides.old.entry, sides.new.entry) {
        (None, _) => write_whole(&sides.new, b"+", out),
        (_, None) => write_whole(&sides.old, b"-", out),
        _ => {
            let small = sides.old.size().max(sides.new.size()) <= WHOLE_BYTES;
            let middle = if small {
                Middle::whole(sides)
            } else {
                Middle::find(sides, CONTEXT_LINES.into())?
            };
            let (old, new) = (sides.old.bytes(&middle.old)?, sides.new.bytes(&middle.new)?);
            let input = InternedInput::new(byte_lines(&old), byte_lines(&new));
            let mut diff = Diff::compute(Algorithm::Histogram, &input);
            diff.postprocess_lines(&input);
            write_hunks(&diff, &input, middle.lines_before, out)
        }
    }
}

/// One hunk with all lines of a file that is not empty.
fn write_whole(side: &Side<'_>, mark: &[u8; 1], out: &mut impl Write) -> io::Result<()> {
    let mut lines = 0;
    let mut content = BufReader::new(side.open()?);
    while content.skip_until(b'\n')? > 0 {
        lines += 1;
    }
    let (none, all) = (Extent { start: 0, lines: 0 }, Extent { start: 0, lines });
    if mark == b"+" {
        write_hunk_header(none, all, out)?
    } else {
        write_hunk_header(all, none, out)?
    }
    let mut content = BufReader::new(side.open()?);
    let mut at_start = true;
    loop {
        let piece = content.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        if at_start {
            out.write_all(mark)?;
        }
        // A line longer than the buffer is read in pieces.
        let end = piece.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let used = end.unwrap_or(piece.len());
        out.write_all(piece.get(..used).unwrap_or(piece))?;
        at_start = end.is_some();
        content.consume(used);
    }
    if at_start { Ok(()) } else { out.write_all(NO_NEWLINE) }
}

const NO_NEWLINE: &[u8] = b"\n\\ No newline at end of file\n";

fn write_hunks(
    diff: &Diff,
    input: &InternedInput<&[u8]>,
    lines_before: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut changes = diff.hunks().peekable();
    let old_lines = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    while let Some(first) = changes.next() {
        let mut group = vec![first];
        // Changes whose contexts touch are one hunk.
        while let (Some(last), Some(next)) = (group.last(), changes.peek())
            && next.before.start - last.before.end <= 2 * CONTEXT_LINES
        {
            group.extend(changes.next());
        }
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let lead = first.before.start.min(CONTEXT_LINES);
        let trail = (old_lines - last.before.end).min(CONTEXT_LINES);
        let old = first.before.start - lead..last.before.end + trail;
        let new = first.after.start - lead..last.after.end + trail;
        let extent = |range: &Range<u32>| Extent::of(range, lines_before);
        write_hunk_header(extent(&old), extent(&new), out)?;
        let mut at = old.start;
        for change in &group {
            write_lines(b" ", input, &input.before, at..change.before.start, out)?;
            write_lines(b"-", input, &input.before, change.before.clone(), out)?;
            write_lines(b"+", input, &input.after, change.after.clone(), out)?;
            at = change.before.end;
        }
        write_lines(b" ", input, &input.before, at..old.end, out)?;
    }
    Ok(())
}

fn write_lines(
    mark: &[u8; 1],
    input: &InternedInput<&[u8]>,
    tokens: &[Token],
    range: Range<u32>,
    out: &mut impl Write,
) -> io::Result<()> {
    for &token in tokens.get(range.start as usize..range.end as usize).unwrap_or(&[]) {
        let line = input.interner[token];
        out.write_all(mark)?;
        out.write_all(line)?;
        if !line.ends_with(b"\n") {
            out.write_all(NO_NEWLINE)?;
        }
    }
    Ok(())
}

/// The lines of one side of a hunk, counted from 0.
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    lines: u64,
}

impl Extent {
    fn of(range: &Range<u32>, lines_before: u64) -> Self {
        Self {
            start: u64::from(range.start) + lines_before,
            lines: (range.end - range.start).into(),
        }
    }
}

fn write_hunk_header(old: Extent, new: Extent, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"@@ -")?;
    write_extent(old, out)?;
    out.write_all(b" +")?;
    write_extent(new, out)?;
    out.write_all(b" @@\n")
}

/// As git has it: from line 1, without the number of lines if it is 1; no lines are after a line.
fn write_extent(extent: Extent, out: &mut impl Write) -> io::Result<()> {
    match extent.lines {
        0 => write!(out, "{},0", extent.start),
        1 => write!(out, "{}", extent.start + 1),
        lines => write!(out, "{},{lines}", extent.start + 1),
    }
}
