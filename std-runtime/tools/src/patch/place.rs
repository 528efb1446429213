//! The places of hunks in a file.

use super::Refusal;
use super::hunk::{Hunk, HunkLine, Kind};
use crate::anchor::BOM;
use crate::edit::{difference, most_similar};
use crate::text;

/// The file after all `hunks`.
///
/// # Errors
/// The first hunk whose lines are not there, or more than once.
pub(super) fn place(before: &[u8], hunks: &[Hunk]) -> Result<Vec<u8>, Refusal> {
    // A mark of the byte order is no part of the first line, unless the patch has it too.
    let has_mark = |hunk: &Hunk| hunk.lines.iter().any(|line| line.text.starts_with(BOM));
    if let Some(text) = before.strip_prefix(BOM)
        && !hunks.iter().any(has_mark)
    {
        return Ok([BOM, &place(text, hunks)?].concat());
    }
    let file = File::of(before);
    let mut placed: Vec<Placed<'_>> = Vec::new();
    for (index, hunk) in hunks.iter().enumerate() {
        let number = index + 1;
        let found = file.find(hunk, &placed).map_err(|refusal| Refusal {
            message: format!("hunk {number}, line {}: {}", hunk.line, refusal.message),
            ..refusal
        })?;
        placed.push(found);
    }
    placed.sort_by_key(|placed| placed.start);
    let (mut after, mut copied) = (Vec::with_capacity(before.len()), 0);
    for placed in &placed {
        file.copy(copied..placed.start, &mut after);
        file.write(placed, &mut after);
        copied = placed.end();
    }
    file.copy(copied..file.lines.len(), &mut after);
    Ok(after)
}

/// A file by its lines, each with its line end.
struct File<'a> {
    lines: Vec<&'a [u8]>,
}

/// A hunk at its place.
struct Placed<'h> {
    hunk: &'h Hunk,
    lines: &'h [HunkLine],
    /// The index of its first line in the file.
    start: usize,
    /// How many lines of the file it has.
    count: usize,
}

impl Placed<'_> {
    fn end(&self) -> usize {
        self.start + self.count
    }
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { lines: bytes.split_inclusive(|byte| *byte == b'\n').collect() }
    }

    fn find<'h>(&self, hunk: &'h Hunk, placed: &[Placed<'h>]) -> Result<Placed<'h>, Refusal> {
        let mut lines = hunk.lines.as_slice();
        if old(lines).is_empty() {
            let start = self.end_for_added(hunk)?;
            return Ok(Placed { hunk, lines, start, count: 0 });
        }
        let mut found = self.candidates(hunk, lines, placed);
        if found.is_empty() && hunk.blank_tail > 0 {
            lines = &lines[..lines.len() - hunk.blank_tail];
            found = self.candidates(hunk, lines, placed);
        }
        let wanted = old(lines);
        match found.as_slice() {
            [] => Err(self.not_found(&wanted, placed)),
            [start] => Ok(Placed { hunk, lines, start: *start, count: wanted.len() }),
            several => match self.choose(hunk, several, placed) {
                Some(start) => Ok(Placed { hunk, lines, start, count: wanted.len() }),
                None => Err(ambiguous(several)),
            },
        }
    }

    /// Where the old lines of the hunk are in the file, outside earlier hunks.
    fn candidates(&self, hunk: &Hunk, lines: &[HunkLine], placed: &[Placed<'_>]) -> Vec<usize> {
        let wanted = old(lines);
        let Some(last) = self.lines.len().checked_sub(wanted.len()) else { return Vec::new() };
        let from = if hunk.is_at_end { last } else { 0 };
        let fits = |start: &usize| {
            let there = self.lines.get(*start..).unwrap_or_default().iter();
            there.zip(&wanted).all(|(line, wanted)| bare(line) == bare(wanted))
        };
        let is_free = |start: &usize| {
            placed.iter().all(|it| *start >= it.end() || start + wanted.len() <= it.start)
        };
        (from..=last).filter(fits).filter(is_free).collect()
    }

    /// The one of several places that the hunk means.
    fn choose(&self, hunk: &Hunk, several: &[usize], placed: &[Placed<'_>]) -> Option<usize> {
        if let Some(at) = hunk.at {
            // As far from its number as the hunk before.
            let (old, now) =
                placed.last().and_then(|it| Some((it.hunk.at?, it.start + 1))).unwrap_or_default();
            let moved = (at + now).checked_sub(old);
            let is = |number: Option<usize>| {
                let index = number?.checked_sub(1)?;
                several.contains(&index).then_some(index)
            };
            if let Some(start) = is(moved).or_else(|| is(Some(at))) {
                return Some(start);
            }
        }
        if let Some(below) = self.below_headers(&hunk.headers) {
            return several.iter().copied().find(|start| *start >= below);
        }
        let next = placed.last().map(Placed::end)?;
        let mut after = several.iter().copied().filter(|start| *start >= next);
        let first = after.next()?;
        after.next().is_none().then_some(first)
    }

    /// The index after the lines that `@@` names, if each occurs exactly once.
    fn below_headers(&self, headers: &[Vec<u8>]) -> Option<usize> {
        let mut below = None;
        for header in headers {
            let from = below.unwrap_or(0);
            let lines = self.lines.iter().enumerate().skip(from);
            let mut found = lines.filter(|(_, line)| line.trim_ascii() == header.trim_ascii());
            let (index, _) = found.next()?;
            if found.next().is_some() && below.is_none() && headers.len() == 1 {
                return None;
            }
            below = Some(index + 1);
        }
        below
    }

    /// Where lines without context go: to the end, by default.
    fn end_for_added(&self, hunk: &Hunk) -> Result<usize, Refusal> {
        let is_end = hunk.is_at_end || (hunk.at.is_none() && hunk.headers.is_empty());
        match is_end || self.lines.is_empty() {
            true => Ok(self.lines.len()),
            false => {
                let text = "it only adds lines, and a number is no place; give a line of the file \
                            above or below them";
                Err(text.to_owned().into())
            }
        }
    }

    fn copy(&self, range: std::ops::Range<usize>, after: &mut Vec<u8>) {
        for line in self.lines.get(range).unwrap_or_default() {
            ended(after, line);
            after.extend_from_slice(line);
        }
    }

    fn write(&self, placed: &Placed<'_>, after: &mut Vec<u8>) {
        let mut index = placed.start;
        for line in placed.lines {
            match line.kind {
                Kind::Context => {
                    self.copy(index..index + 1, after);
                    index += 1;
                }
                Kind::Removed => index += 1,
                Kind::Added => {
                    let end = self.line_end(index);
                    ended(after, end);
                    after.extend_from_slice(&line.text);
                    if line.has_end {
                        after.extend_from_slice(if line.text.ends_with(b"\r") {
                            b"\n"
                        } else {
                            end
                        });
                    }
                }
            }
        }
    }

    /// The line end of the lines around `index`.
    fn line_end(&self, index: usize) -> &'static [u8] {
        let near = [index.checked_sub(1), Some(index), Some(0)];
        let lines = near.into_iter().flatten().filter_map(|index| self.lines.get(index));
        match lines.into_iter().find(|line| line.ends_with(b"\n")) {
            Some(line) if line.ends_with(b"\r\n") => b"\r\n",
            _ => b"\n",
        }
    }

    fn not_found(&self, wanted: &[&[u8]], placed: &[Placed<'_>]) -> Refusal {
        let bytes = self.lines.concat();
        let bare_lines: Vec<&[u8]> = self.lines.iter().map(|line| bare(line)).collect();
        let Some(from) = most_similar(&bare_lines, wanted) else {
            let text = "its lines are not in the file, nor anything like them; read the file again";
            return if bytes.is_empty() {
                "the file is empty; add lines without others around them".to_owned().into()
            } else {
                text.to_owned().into()
            };
        };
        let taken = placed.iter().find(|it| (it.start..it.end()).contains(&from));
        let pairs = wanted.iter().zip(bare_lines.get(from..).unwrap_or_default());
        let differing = pairs.enumerate().find(|(_, (wanted, line))| bare(wanted) != **line);
        let message = match (differing, taken) {
            (Some((index, (wanted, line))), _) => format!(
                "its lines are not in the file; nearest is line {}: the patch has {}, the file has {} \
                 ({}); use the file's lines",
                from + index + 1,
                quoted(wanted),
                quoted(line),
                difference(line, wanted)
            ),
            (None, Some(it)) => format!(
                "its lines are those of the hunk at line {} of the patch; make them one",
                it.hunk.line
            ),
            (None, None) => "the file ends before its lines do; use the file's lines".to_owned(),
        };
        let shown = self.lines.iter().skip(from).take(wanted.len().clamp(1, SHOWN_LINES));
        let mut exact = String::new();
        for line in shown {
            text::push_lossy(&mut exact, bare(line));
            exact.push('\n');
        }
        Refusal { message, exact }
    }
}

fn ambiguous(several: &[usize]) -> Refusal {
    let numbers: Vec<String> =
        several.iter().take(SHOWN_PLACES).map(|index| (index + 1).to_string()).collect();
    let more = if several.len() > SHOWN_PLACES { " ..." } else { "" };
    format!(
        "its lines are in the file {} times, at lines {}{more}; give more lines around the change, or \
         a line above it after @@",
        several.len(),
        numbers.join(" ")
    )
    .into()
}

/// The lines that must be in the file.
fn old(lines: &[HunkLine]) -> Vec<&[u8]> {
    let old = lines.iter().filter(|line| line.kind != Kind::Added);
    old.map(|line| line.text.as_slice()).collect()
}

/// A line without its end: `\n` and `\r\n` are the same.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Ends the last line of `after` as `like` ends, if it is not ended.
fn ended(after: &mut Vec<u8>, like: &[u8]) {
    if after.last().is_some_and(|last| *last != b'\n') {
        after.extend_from_slice(if like.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
    }
}

fn quoted(line: &[u8]) -> String {
    let mut shown = String::new();
    text::push_lossy(&mut shown, text::head(line, SHOWN_BYTES));
    format!("{shown:?}")
}

const SHOWN_PLACES: usize = 8;
const SHOWN_LINES: usize = 12;
const SHOWN_BYTES: usize = 200;
