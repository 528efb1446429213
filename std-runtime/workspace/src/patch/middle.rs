//! The lines in which two files differ, without those that both begin and end with.
//!
//! Found with two chunks in memory, so that one changed line in a large file costs little.

use std::io;
use std::ops::Range;

use super::content::{CHUNK_BYTES, Content, Sides};

/// Two files without the lines that they have in common at both ends.
pub(super) struct Middle {
    /// Lines before it, the same number on both sides.
    pub(super) lines_before: u64,
    pub(super) old: Range<u64>,
    pub(super) new: Range<u64>,
}

impl Middle {
    /// Both files whole.
    pub(super) fn whole(sides: &Sides<'_>) -> Self {
        Self { lines_before: 0, old: 0..sides.old.size(), new: 0..sides.new.size() }
    }

    /// The lines that differ, with up to `context` common lines on either side.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn find(sides: &Sides<'_>, context: u64) -> io::Result<Self> {
        let (old, new) = (sides.old.open()?, sides.new.open()?);
        let (old_size, new_size) = (sides.old.size(), sides.new.size());
        let mut starts = LineStarts::new(context);
        let shorter = old_size.min(new_size);
        let mut at = 0;
        let (mut of_old, mut of_new) = ([0; CHUNK_BYTES], [0; CHUNK_BYTES]);
        while at < shorter {
            let (a, b) =
                (piece(&old, at, shorter, &mut of_old)?, piece(&new, at, shorter, &mut of_new)?);
            let same = common_start(a, b);
            starts.take(at, a.get(..same).unwrap_or(a));
            at += same as u64;
            if same < CHUNK_BYTES {
                break;
            }
        }
        let (start, lines_before) = starts.back();
        let last = common_end((&old, old_size), (&new, new_size), shorter - start)?;
        let kept = end_of_lines(&old, old_size, last, context)?;
        Ok(Self { lines_before, old: start..old_size - kept, new: start..new_size - kept })
    }
}

/// The starts of the last lines, to go back to.
struct LineStarts {
    /// Where lines start, the last one last; at most one more than there may be context lines.
    last: Vec<u64>,
    keep: usize,
    lines: u64,
}

impl LineStarts {
    fn new(context: u64) -> Self {
        Self { last: vec![0], keep: usize::try_from(context).unwrap_or(0) + 1, lines: 0 }
    }

    fn take(&mut self, at: u64, bytes: &[u8]) {
        let ends = memchr::memchr_iter(b'\n', bytes);
        let starts: Vec<u64> = ends.map(|end| at + end as u64 + 1).collect();
        self.lines += starts.len() as u64;
        self.last.extend(starts.iter().skip(starts.len().saturating_sub(self.keep)));
        self.last.drain(..self.last.len().saturating_sub(self.keep));
    }

    /// The start of the first line of the context, and how many lines are before it.
    fn back(&self) -> (u64, u64) {
        let steps = self.last.len().saturating_sub(1) as u64;
        (self.last.first().copied().unwrap_or(0), self.lines - steps)
    }
}

/// How many bytes are the same.
fn common_start(a: &[u8], b: &[u8]) -> usize {
    // Most pieces are completely equal, which is quickly found.
    if a == b { a.len() } else { a.iter().zip(b).take_while(|(a, b)| a == b).count() }
}

/// How many bytes at the end, at most `most`, are whole lines that both have.
fn common_end(
    (old, old_size): (&Content, u64),
    (new, new_size): (&Content, u64),
    most: u64,
) -> io::Result<u64> {
    let (mut of_old, mut of_new) = ([0; CHUNK_BYTES], [0; CHUNK_BYTES]);
    let (mut common, mut lines) = (0, 0);
    while common < most {
        let length = (most - common).min(CHUNK_BYTES as u64);
        let (a_at, b_at) = (old_size - common - length, new_size - common - length);
        let a = piece(old, a_at, a_at + length, &mut of_old)?;
        let b = piece(new, b_at, b_at + length, &mut of_new)?;
        let same = if a == b {
            a.len()
        } else {
            a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
        };
        let equal = a.get(a.len() - same..).unwrap_or(a);
        if let Some(first) = memchr::memchr(b'\n', equal) {
            lines = common + (equal.len() - first - 1) as u64;
        }
        common += same as u64;
        if (same as u64) < length {
            break;
        }
    }
    Ok(lines)
}

/// What is left of the last `length` bytes, which are whole lines, without the first `lines`.
fn end_of_lines(file: &Content, size: u64, length: u64, lines: u64) -> io::Result<u64> {
    let mut chunk = [0; CHUNK_BYTES];
    let (mut at, mut left) = (size - length, lines);
    while left > 0 && at < size {
        let bytes = piece(file, at, size, &mut chunk)?;
        let read = bytes.len() as u64;
        let mut end = None;
        for found in memchr::memchr_iter(b'\n', bytes) {
            left -= 1;
            if left == 0 {
                end = Some(found as u64 + 1);
                break;
            }
        }
        at += end.unwrap_or(read);
        if read == 0 {
            break;
        }
    }
    Ok(size - at.min(size))
}

/// The bytes from `at`, up to `end` or as many as fit.
fn piece<'a>(file: &Content, at: u64, end: u64, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
    let buffer = buffer.get_mut(..length).unwrap_or_default();
    file.read_exact_at(buffer, at)?;
    Ok(buffer)
}
