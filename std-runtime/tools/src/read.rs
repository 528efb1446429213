//! `read`: the lines of a file with their anchors.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};

use serde::Deserialize;

use super::anchor::{Anchor, BOM, Coder, LineHash};
use super::wide::{self, Wide};
use super::{Outcome, Output, file, lenient, list, shown, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    /// The first line shown, counted from 1.
    #[serde(default, deserialize_with = "lenient::whole")]
    offset: Option<u64>,
    /// Lines shown at most.
    #[serde(default, deserialize_with = "lenient::whole")]
    limit: Option<u64>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { path, offset, limit } = arguments;
    let path = file::resolve(&path);
    let metadata = file::metadata(&path)?;
    if metadata.is_dir() {
        let mut listing = list::directory(&path)?;
        listing.content.insert_str(0, &format!("{path} is a folder:\n"));
        return Ok(listing);
    }
    file::expect_regular(&path, &metadata)?;
    if limit == Some(0) {
        return Err("limit is 0: give at least 1 line, or leave it out".into());
    }
    let file = File::open(&*path).map_err(|e| file::complaint(&path, &e))?;
    let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
    let start = file.fill_buf().map_err(|e| file::complaint(&path, &e))?;
    if let Some(shown) = shown::output(&path, start, metadata.len()) {
        return Ok(shown);
    }
    if let Some(kind) = binary_kind(start) {
        return Ok(Output::text(describe_binary(&path, kind, metadata.len(), start)));
    }
    let first = usize::try_from(offset.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let limit = limit.map_or(LINES_MAX, |lines| lines.min(LINES_MAX as u64) as usize);
    let page = page(&mut file, first, limit).map_err(|e| file::complaint(&path, &e))?;
    page.into_output(&path, first, metadata.len())
}

/// What [`page`] has read.
#[derive(Default)]
struct Page {
    content: String,
    /// Lines seen, also those before the page.
    lines: usize,
    /// Bytes up to the end of the last line seen.
    consumed_bytes: u64,
    /// Bytes of lines on the page that are not shown.
    cut_bytes: u64,
    invalid_utf8: bool,
    bom: bool,
    crlf_lines: usize,
    lf_lines: usize,
    at_end: bool,
    newline_at_end: bool,
}

fn page(file: &mut impl BufRead, first: usize, limit: usize) -> std::io::Result<Page> {
    let mut page = Page::default();
    if file.fill_buf()?.starts_with(BOM) {
        file.consume(BOM.len());
        page.consumed_bytes = BOM.len() as u64;
        page.bom = true;
    }
    let (mut coder, mut line) = (Coder::default(), Shown::default());
    loop {
        let full = page.lines + 1 >= first.saturating_add(limit)
            || page.content.len() >= CONTENT_MAX_BYTES;
        if full {
            page.at_end = file.fill_buf()?.is_empty();
            return Ok(page);
        }
        let number = page.lines + 1;
        line.clear();
        let mut hash = LineHash::new();
        let newline = read_line(file, |piece| {
            hash.update(piece);
            line.push(piece, number >= first);
        })?;
        if line.total_bytes == 0 && !newline {
            page.at_end = true;
            return Ok(page);
        }
        page.lines = number;
        page.consumed_bytes += line.total_bytes + u64::from(newline);
        page.newline_at_end = newline;
        match (newline, line.ends_with_cr) {
            (true, true) => page.crlf_lines += 1,
            (true, false) => page.lf_lines += 1,
            (false, _) => {}
        }
        let code = coder.code(hash.end(newline));
        if number >= first {
            page.push(Anchor { number, code }, &line, newline);
        }
    }
}

impl Page {
    fn push(&mut self, anchor: Anchor, line: &Shown, newline: bool) {
        let content_bytes = line.total_bytes - u64::from(newline && line.ends_with_cr);
        let end = line.kept.len().min(usize::try_from(content_bytes).unwrap_or(usize::MAX));
        let kept = text::head(&line.kept[..end], LINE_MAX_BYTES);
        let cut_bytes = content_bytes - kept.len() as u64;
        _ = write!(self.content, "{anchor}\t");
        self.invalid_utf8 |= text::push_lossy(&mut self.content, kept);
        if cut_bytes > 0 {
            _ = write!(self.content, "… [{cut_bytes} more bytes in this line]");
            self.cut_bytes += cut_bytes;
        }
        self.content.push('\n');
    }

    fn into_output(mut self, path: &str, first: usize, file_bytes: u64) -> Outcome {
        if self.lines == 0 {
            return Ok(Output::text(format!("[{path} is empty]\n")));
        }
        if first > self.lines {
            let lines = text::counted(self.lines, "line");
            return Err(format!("offset {first} is past the end: {path} has {lines}"));
        }
        let left_bytes =
            if self.at_end { 0 } else { file_bytes.saturating_sub(self.consumed_bytes) };
        if !self.at_end {
            let (last, next) = (self.lines, self.lines + 1);
            _ = writeln!(
                self.content,
                "[lines {first}-{last}; {left_bytes} bytes left, continue with offset {next}]"
            );
        }
        if self.bom {
            self.content.push_str("[starts with a byte order mark, which edit keeps]\n");
        }
        if self.crlf_lines > 0 {
            let what = if self.lf_lines > 0 { "mixed CRLF and LF" } else { "CRLF" };
            _ = writeln!(self.content, "[line ends: {what}; edit keeps them]");
        }
        if self.at_end && !self.newline_at_end {
            self.content.push_str("[no newline at the end]\n");
        }
        if self.invalid_utf8 {
            self.content
                .push_str("[not UTF-8: \u{fffd} stands for other bytes, which edit keeps]\n");
        }
        let hidden_bytes = left_bytes + self.cut_bytes;
        let truncated = (hidden_bytes > 0 || !self.at_end).then_some(hidden_bytes);
        Ok(Output::text(self.content).truncated_if(truncated).replaced_if(self.invalid_utf8))
    }
}

/// One line as far as it may be shown.
#[derive(Default)]
struct Shown {
    kept: Vec<u8>,
    total_bytes: u64,
    ends_with_cr: bool,
}

impl Shown {
    fn clear(&mut self) {
        self.kept.clear();
        (self.total_bytes, self.ends_with_cr) = (0, false);
    }

    fn push(&mut self, piece: &[u8], keep: bool) {
        if piece.is_empty() {
            return;
        }
        // One character more than shown, so that the cut can be between two.
        let room = (LINE_MAX_BYTES + 4).saturating_sub(self.kept.len());
        if keep {
            self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        self.total_bytes += piece.len() as u64;
        self.ends_with_cr = piece.ends_with(b"\r");
    }
}

/// Hands over a line in pieces, without its newline; whether there was one.
fn read_line(file: &mut impl BufRead, mut piece: impl FnMut(&[u8])) -> std::io::Result<bool> {
    loop {
        let buffer = file.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        if let Some(at) = memchr::memchr(b'\n', buffer) {
            piece(&buffer[..at]);
            file.consume(at + 1);
            return Ok(true);
        }
        piece(buffer);
        let used = buffer.len();
        file.consume(used);
    }
}

/// The kind of a file, from its first bytes; `None` for text.
pub(super) fn binary_kind(start: &[u8]) -> Option<&'static str> {
    match wide::of(start) {
        _ if start.starts_with(b"\xFF\xFE\0\0") => {
            return Some("UTF-32 text; `iconv -f UTF-32 -t UTF-8` in bash shows it");
        }
        Some(_) if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") => {
            return Some("UTF-16 text; `iconv -f UTF-16 -t UTF-8` in bash shows it");
        }
        Some(Wide::Little) => {
            return Some("UTF-16LE text; `iconv -f UTF-16LE -t UTF-8` in bash shows it");
        }
        Some(Wide::Big) => {
            return Some("UTF-16BE text; `iconv -f UTF-16BE -t UTF-8` in bash shows it");
        }
        None => {}
    }
    memchr::memchr(0, &start[..start.len().min(BINARY_PROBE_BYTES)])?;
    let known = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
    Some(known.map_or("binary data", |(_, kind)| kind))
}

fn describe_binary(path: &str, kind: &str, bytes: u64, start: &[u8]) -> String {
    let mut content = format!("[{path}: {kind}, {bytes} bytes; it starts with");
    for byte in start.iter().take(BINARY_SHOWN_BYTES) {
        _ = write!(content, " {byte:02x}");
    }
    content.push_str("]\n");
    content
}

const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF binary"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0asm", "a WebAssembly module"),
];
/// Lines of one call.
const LINES_MAX: usize = 2000;
/// A page ends with the line that goes beyond this.
const CONTENT_MAX_BYTES: usize = 50 * 1024;
/// Bytes shown of one line.
const LINE_MAX_BYTES: usize = 2000;
const BUFFER_BYTES: usize = 16 * 1024;
/// A NUL among this many first bytes makes a file binary.
const BINARY_PROBE_BYTES: usize = 8 * 1024;
const BINARY_SHOWN_BYTES: usize = 16;
