//! `grep`: lines of files by a regular expression.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::walk::{self, Entry, PathGlob, Unread, Walk};
use super::{Outcome, Output, file, lenient, read, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pattern: String,
    /// A file or a folder; the working folder if left out.
    path: Option<String>,
    /// Only files that this glob matches.
    glob: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    ignore_case: Option<bool>,
    /// Lines shown before and after a match.
    #[serde(default, deserialize_with = "lenient::whole")]
    context: Option<u64>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { pattern, path, glob, ignore_case, context } = arguments;
    let path = file::resolve(path.as_deref().unwrap_or("."));
    let path = &*path;
    if pattern.is_empty() {
        return Err("pattern is empty".into());
    }
    if pattern.contains(['\n', '\r']) {
        return Err("pattern holds a line end, but each line is matched by itself".into());
    }
    file::metadata(path)?;
    let matcher = Matcher::new(&pattern, ignore_case.unwrap_or(false))?;
    let no_match_hint = glob.as_deref().map(walk::no_match_hint);
    let glob = glob.map(|glob| PathGlob::new("glob", &glob, path)).transpose()?;
    let context = context.unwrap_or(0);
    if context > CONTEXT_MAX_LINES {
        return Err(format!("context is {context}: at most {CONTEXT_MAX_LINES} lines"));
    }
    let context = context as usize;
    let mut hits = Hits {
        matcher,
        context,
        content: String::new(),
        matches: 0,
        full: false,
        invalid_utf8: false,
        cut_bytes: 0,
    };
    let (mut unread, mut buffer, mut too_big) = (Unread::default(), Vec::new(), 0);
    for entry in Walk::of(path) {
        let entry = match entry {
            Ok(entry) if entry.is_folder => continue,
            Ok(entry) => entry,
            Err(error) => {
                unread.note(&error);
                continue;
            }
        };
        if glob.as_ref().is_some_and(|glob| !glob.matches(Path::new(path), &entry)) {
            continue;
        }
        match load(&entry, &mut buffer) {
            Ok(Loaded::Text) => hits.search(&entry.path, &buffer),
            // A path that a call names is searched, or it is an error: "no match" would be misleading.
            Ok(Loaded::TooBig) if entry.is_root => {
                return Err(format!(
                    "{path} is not searched: it is larger than {FILE_MAX_BYTES} bytes; use grep in `bash`"
                ));
            }
            Ok(Loaded::Skip(kind)) if entry.is_root => {
                return Err(format!("{path} is not searched: it is {kind}"));
            }
            Ok(Loaded::TooBig) => too_big += 1,
            Ok(Loaded::Skip(_)) => {}
            Err(error) => unread.note(&format!("{}: {error}", entry.path.display())),
        }
        if hits.full {
            break;
        }
    }
    let Hits { mut content, matches, full, invalid_utf8, cut_bytes, .. } = hits;
    if matches == 0 {
        let lines = if OVER_LINES.iter().any(|part| pattern.contains(part)) {
            "; each line is matched by itself"
        } else {
            ""
        };
        let hint = no_match_hint.unwrap_or_default();
        let larger = if too_big > 0 { ", large" } else { "" };
        _ = writeln!(
            content,
            "[no match for {pattern}{lines}; ignored{larger} and binary files are not searched{hint}]"
        );
    }
    if full {
        _ = writeln!(content, "[stopped after {matches} matches; narrow pattern, path or glob]");
    }
    if too_big > 0 {
        let files = text::counted(too_big, "file");
        _ = writeln!(content, "[{files} larger than {FILE_MAX_BYTES} bytes not searched]");
    }
    unread.push_to(&mut content);
    let truncated = (full || cut_bytes > 0 || too_big > 0).then_some(cut_bytes);
    Ok(Output::text(content).truncated_if(truncated).replaced_if(invalid_utf8))
}

/// The search pattern for a line.
enum Matcher {
    Literal(Box<memmem::Finder<'static>>),
    Regex(Regex),
}

impl Matcher {
    fn new(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        let meta = pattern.bytes().any(|b| b"\\.+*?()|[]{}^$".contains(&b));
        if !meta && !ignore_case {
            return Ok(Self::Literal(Box::new(memmem::Finder::new(pattern).into_owned())));
        }
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .multi_line(true)
            .crlf(true)
            .size_limit(REGEX_MAX_BYTES)
            .build();
        regex.map(Self::Regex).map_err(|e| {
            format!("pattern is not a regular expression: {e}\nA backslash before a character makes it literal")
        })
    }

    /// The leftmost match at or after `from`.
    fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        match self {
            Self::Literal(finder) => {
                let at = from + finder.find(&bytes[from..])?;
                Some(at..at + finder.needle().len())
            }
            Self::Regex(regex) => regex.find_at(bytes, from).map(|found| found.range()),
        }
    }
}

/// The matches found so far.
struct Hits {
    matcher: Matcher,
    context: usize,
    content: String,
    matches: usize,
    full: bool,
    invalid_utf8: bool,
    cut_bytes: u64,
}

impl Hits {
    fn search(&mut self, path: &Path, bytes: &[u8]) {
        let mut shown = String::new();
        let invalid_utf8 = text::push_path(&mut shown, path);
        // The end of this file's lines in the result.
        let mut printed_to = None;
        let mut next = self.next_match(bytes, 1, 0);
        while let Some(Match { number, line, at }) = next {
            if self.matches == MATCHES_MAX || self.content.len() >= CONTENT_MAX_BYTES {
                self.full = true;
                return;
            }
            self.matches += 1;
            self.invalid_utf8 |= invalid_utf8;
            self.before(&shown, bytes, number, line.start, printed_to);
            self.push(&shown, ':', number, &bytes[line.clone()], at);
            let below = next_line(bytes, line.end);
            next = self.next_match(bytes, number + 1, below);
            let until = next.as_ref().map_or(bytes.len(), |next| next.line.start);
            printed_to = Some(self.after(&shown, bytes, number + 1, below, until));
        }
    }

    /// The next line from `start` on, which is line `line`, that matches by itself.
    fn next_match(&self, bytes: &[u8], mut line: usize, mut start: usize) -> Option<Match> {
        while start < bytes.len() {
            let candidate = self.matcher.find(bytes, start)?;
            let head = &bytes[start..candidate.start];
            line += memchr::memchr_iter(b'\n', head).count();
            let begin = memchr::memrchr(b'\n', head).map_or(start, |at| start + at + 1);
            if begin == bytes.len() {
                return None;
            }
            let end = line_end(bytes, begin);
            // A match that extends past the line's end does not count.
            if let Some(found) = self.matcher.find(&bytes[begin..end], 0) {
                return Some(Match { number: line, line: begin..end, at: found.start });
            }
            (line, start) = (line + 1, next_line(bytes, end));
        }
        None
    }

    /// Context lines above the match, each once, and the mark of a gap above them.
    fn before(
        &mut self,
        path: &str,
        bytes: &[u8],
        number: usize,
        at: usize,
        printed_to: Option<usize>,
    ) {
        let (mut from, mut lines) = (at, 0);
        while lines < self.context && from > printed_to.unwrap_or(0) {
            from = memchr::memrchr(b'\n', &bytes[..from - 1]).map_or(0, |newline| newline + 1);
            lines += 1;
        }
        if self.context > 0 && !self.content.is_empty() && printed_to != Some(from) {
            self.content.push_str("--\n");
        }
        for number in number - lines..number {
            let end = line_end(bytes, from);
            self.push(path, '-', number, &bytes[from..end], 0);
            from = next_line(bytes, end);
        }
    }

    /// Context lines below a match up to the next one; returns the current position.
    fn after(
        &mut self,
        path: &str,
        bytes: &[u8],
        mut number: usize,
        mut from: usize,
        until: usize,
    ) -> usize {
        for _ in 0..self.context {
            if from >= until {
                break;
            }
            let end = line_end(bytes, from);
            self.push(path, '-', number, &bytes[from..end], 0);
            (number, from) = (number + 1, next_line(bytes, end));
        }
        from
    }

    /// One line of the result; a long one is cut so that the match at `found` is visible.
    fn push(&mut self, path: &str, mark: char, number: usize, line: &[u8], found: usize) {
        _ = write!(self.content, "{path}{mark}{number}{mark}");
        let mut from =
            if found + LINE_LEAD_BYTES > LINE_MAX_BYTES { found - LINE_LEAD_BYTES } else { 0 };
        while from > 0 && text::is_continuation(line[from]) {
            from -= 1;
        }
        let kept = text::head(&line[from..], LINE_MAX_BYTES);
        let cut_bytes = line.len() - kept.len();
        if from > 0 {
            self.content.push('…');
        }
        self.invalid_utf8 |= text::push_lossy(&mut self.content, kept);
        if from + kept.len() < line.len() {
            self.content.push('…');
        }
        if cut_bytes > 0 {
            _ = write!(self.content, " [{cut_bytes} more bytes in this line]");
            self.cut_bytes += cut_bytes as u64;
        }
        self.content.push('\n');
    }
}

/// A line that matches.
struct Match {
    number: usize,
    /// Its content.
    line: Range<usize>,
    /// Where in the line the match starts.
    at: usize,
}

/// Where the content of the line that holds `from` ends.
fn line_end(bytes: &[u8], from: usize) -> usize {
    match memchr::memchr(b'\n', &bytes[from..]) {
        Some(at) if at > 0 && bytes[from + at - 1] == b'\r' => from + at - 1,
        Some(at) => from + at,
        None => bytes.len(),
    }
}

/// Where the line after the one whose content ends at `end` starts.
fn next_line(bytes: &[u8], end: usize) -> usize {
    memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |at| end + at + 1)
}

enum Loaded {
    Text,
    TooBig,
    /// Binary, or not searchable; the string describes it.
    Skip(&'static str),
}

/// Reads a text file into `buffer`. A symlink is followed only when the call named it.
fn load(entry: &Entry, buffer: &mut Vec<u8>) -> std::io::Result<Loaded> {
    let path = &entry.path;
    let metadata = if entry.is_root { path.metadata()? } else { path.symlink_metadata()? };
    if !metadata.is_file() {
        return Ok(Loaded::Skip("a device, pipe or socket"));
    }
    if metadata.len() > FILE_MAX_BYTES {
        return Ok(Loaded::TooBig);
    }
    buffer.clear();
    File::open(path)?.take(FILE_MAX_BYTES).read_to_end(buffer)?;
    Ok(read::binary_kind(buffer).map_or(Loaded::Text, Loaded::Skip))
}

/// Parts of patterns that were meant to match more than one line.
const OVER_LINES: &[&str] = &[
    "\\n", "\\r", "\\x0a", "\\x0A", "\\x0d", "\\x0D", "(?s", "(?ms", "(?is", "[\\s\\S]",
    "[\\S\\s]", "[\\w\\W]", "[\\d\\D]", "(.|\\s)", "[^",
];
/// Matching lines of one result.
const MATCHES_MAX: usize = 200;
/// A result ends with the match that goes beyond this.
const CONTENT_MAX_BYTES: usize = 30 * 1024;
/// Bytes shown of one line.
const LINE_MAX_BYTES: usize = 400;
/// Bytes shown before a match that is far to the right.
const LINE_LEAD_BYTES: usize = 100;
const CONTEXT_MAX_LINES: u64 = 20;
/// Larger files are not searched.
const FILE_MAX_BYTES: u64 = 16 << 20;
/// A compiled pattern.
const REGEX_MAX_BYTES: usize = 1 << 20;
