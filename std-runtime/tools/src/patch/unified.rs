//! Unified diffs, as `diff -u` and git write them, and as models do.

use super::hunk::{Hunk, Kind, content};
use super::{Action, FilePatch, Refusal, Target, checked_path};

/// The numbers of `@@ -1,3 +1,4 @@`.
pub(super) struct Numbers<'a> {
    pub(super) old_start: usize,
    counts: (usize, usize),
    /// What follows them.
    pub(super) rest: &'a [u8],
}

/// The numbers after `@@`, if there are any.
pub(super) fn numbers(header: &[u8]) -> Option<Numbers<'_>> {
    let header = header.strip_prefix(b" -")?;
    let end = header.windows(2).position(|pair| pair == b"@@")?;
    let (ranges, rest) = (header.get(..end)?, header.get(end + 2..)?);
    let (old, new) = std::str::from_utf8(ranges).ok()?.trim().split_once(" +")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.trim().parse().ok()?, count.trim().parse().ok()?))
    };
    let ((old_start, before), (_, after)) = (range(old)?, range(new)?);
    Some(Numbers { old_start, counts: (before, after), rest })
}

/// The information in the lines above the hunks of a file.
#[derive(Default)]
struct Header {
    line: usize,
    old: Option<String>,
    new: Option<String>,
    /// From `diff --git`, for a file without `---` and `+++`.
    both: Option<String>,
    from: Option<String>,
    to: Option<String>,
    is_copy: bool,
    is_new: bool,
    is_deleted: bool,
    is_executable: Option<bool>,
}

/// The files of all diffs in `lines`.
///
/// # Errors
/// The line that is wrong.
pub(super) fn parse(lines: &[&[u8]]) -> Result<Vec<FilePatch>, Refusal> {
    let (mut files, mut header, mut hunks) = (Vec::new(), Header::default(), Vec::new());
    let (mut next, mut is_fence_closed) = (0, false);
    while let Some(line) = lines.get(next) {
        let number = next + 1;
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if let Some(rest) = text.strip_prefix("diff --git ") {
            files.extend(std::mem::take(&mut header).file(std::mem::take(&mut hunks))?);
            header = Header { line: number, both: same_name(rest), ..Header::default() };
        } else if let Some((old, new)) = names(lines, next) {
            if header.old.is_some() || header.new.is_some() || !hunks.is_empty() {
                files.extend(std::mem::take(&mut header).file(std::mem::take(&mut hunks))?);
            }
            if header.line == 0 {
                header.line = number;
            }
            (header.is_new, header.is_deleted) =
                (header.is_new || old == DEV_NULL, header.is_deleted || new == DEV_NULL);
            (header.old, header.new) = (Some(old), Some(new));
            next += 1;
        } else if line.starts_with(b"@@") && (header.old.is_some() || header.new.is_some()) {
            hunks.push(hunk(lines, &mut next)?);
            is_fence_closed = false;
            continue;
        } else if header.line > 0 && hunks.is_empty() {
            header.take(text, number)?;
        } else if line.starts_with(b"```") {
            is_fence_closed = true;
        } else if !hunks.is_empty() && !is_fence_closed && is_of_hunk(line) {
            let text = "is not a line of a hunk, because the line above it is not one; a line of a hunk \
                        begins with a blank, - or +";
            return Err(format!("line {number} of the patch {text}").into());
        }
        next += 1;
    }
    files.extend(header.file(hunks)?);
    Ok(files)
}

impl Header {
    /// Takes an extended header line of git.
    fn take(&mut self, text: &str, number: usize) -> Result<(), Refusal> {
        let value = |name: &str| text.strip_prefix(name);
        if let Some(mode) = value("new file mode ") {
            (self.is_new, self.is_executable) = (true, executable(mode, number)?);
        } else if value("deleted file mode ").is_some() {
            self.is_deleted = true;
        } else if let Some(mode) = value("new mode ") {
            self.is_executable = Some(executable(mode, number)?.unwrap_or(false));
        } else if let Some(path) = value("rename from ").or_else(|| value("copy from ")) {
            self.from = Some(unquoted(path));
            self.is_copy = text.starts_with("copy");
        } else if let Some(path) = value("rename to ").or_else(|| value("copy to ")) {
            self.to = Some(unquoted(path));
        } else if text == "GIT binary patch" || text.starts_with("Binary files ") {
            let what = "a binary file cannot be patched here; use `git apply`";
            return Err(format!("line {number} of the patch: {what}").into());
        }
        Ok(())
    }

    /// The patch of the file, if the lines were about one.
    fn file(self, hunks: Vec<Hunk>) -> Result<Option<FilePatch>, Refusal> {
        let Self { line, is_executable, .. } = self;
        let is_prefixed = |path: &Option<String>, prefix: &str| {
            path.as_deref().is_none_or(|path| path == DEV_NULL || path.starts_with(prefix))
        };
        let is_prefixed = is_prefixed(&self.old, "a/") && is_prefixed(&self.new, "b/");
        let name = |path: &Option<String>| -> Option<String> {
            let path = path.as_deref().filter(|path| *path != DEV_NULL)?;
            let without = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/"));
            Some(without.filter(|_| is_prefixed).unwrap_or(path).to_owned())
        };
        let (old, new) = (name(&self.old), name(&self.new));
        let (old, new) = (self.from.or(old), self.to.or(new));
        let both = self.both;
        let Some(path) = old.clone().or_else(|| new.clone()).or(both) else { return Ok(None) };
        let path = checked_path(&path, line)?;
        let lines: Vec<_> = hunks.iter().flat_map(|hunk| hunk.lines.iter().cloned()).collect();
        let action = if self.is_new {
            if lines.iter().any(|line| line.kind != Kind::Added) {
                let text = "a new file has lines with + only";
                return Err(format!("line {line} of the patch: {text}").into());
            }
            Action::Add { content: content(&lines), may_replace: false }
        } else if self.is_deleted {
            Action::Delete { hunks }
        } else {
            let to = match new {
                Some(new) if old.as_deref().is_some_and(|old| old != new) => Some(Target {
                    path: checked_path(&new, line)?,
                    keeps_source: self.is_copy,
                    may_replace: false,
                }),
                _ => None,
            };
            if hunks.is_empty() && to.is_none() && is_executable.is_none() {
                let text = format!("{path} has no hunk; give lines with - and + after @@");
                return Err(format!("line {line} of the patch: {text}").into());
            }
            Action::Update { hunks, to }
        };
        Ok(Some(FilePatch { path, line, action, is_executable }))
    }
}

/// Reads the hunk whose `@@` is the line `next`.
fn hunk(lines: &[&[u8]], next: &mut usize) -> Result<Hunk, Refusal> {
    let header = lines.get(*next).and_then(|line| line.strip_prefix(b"@@")).unwrap_or_default();
    let numbers = numbers(header);
    let counts = numbers.as_ref().map(|numbers| numbers.counts);
    let mut hunk = Hunk { line: *next + 1, ..Hunk::default() };
    match &numbers {
        Some(numbers) => hunk.at = Some(numbers.old_start),
        None => {
            let header = header.trim_ascii();
            let header = header.strip_suffix(b"@@").map_or(header, <[u8]>::trim_ascii_end);
            hunk.headers.extend((!header.is_empty()).then(|| header.to_vec()));
        }
    }
    *next += 1;
    while let Some(line) = lines.get(*next) {
        let is_full = counts.is_some_and(|(old, new)| {
            let (before, after) = hunk.counts();
            before >= old && after >= new
        });
        let ends = line.starts_with(b"@@")
            || line.starts_with(b"diff --git ")
            // A removed line `-- x` and an added line `++ y` look the same inside a hunk.
            || names(lines, *next).is_some() && (is_full || counts.is_none())
            // `git format-patch` ends with the version.
            || is_full && [&b"-- "[..], b"--"].contains(line);
        if ends {
            break;
        }
        if !hunk.take(line) {
            break;
        }
        *next += 1;
    }
    if let Some((old, _)) = counts {
        let (before, _) = hunk.counts();
        hunk.drop_blanks(before.saturating_sub(old));
    }
    hunk.checked()
}

/// Whether a line may be one of a hunk, and no signature.
fn is_of_hunk(line: &[u8]) -> bool {
    line.starts_with(b"+") || line.starts_with(b"-") && !line.starts_with(b"--")
}

/// The two names of a pair of `---` and `+++` lines at `next`.
fn names(lines: &[&[u8]], next: usize) -> Option<(String, String)> {
    let name = |index: usize, prefix: &[u8]| {
        let name = lines.get(index)?.strip_prefix(prefix)?;
        let name = name.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        Some(unquoted(name.trim_end())).filter(|name| !name.is_empty())
    };
    Some((name(next, b"--- ")?, name(next + 1, b"+++ ")?))
}

/// The name in `a/NAME b/NAME`.
fn same_name(names: &str) -> Option<String> {
    let mut middles = names.match_indices(' ').map(|(at, _)| names.split_at(at));
    middles.find_map(|(old, new)| {
        let (old, new) = (unquoted(old), unquoted(new.trim_start()));
        let (old, new) = (old.strip_prefix("a/")?, new.strip_prefix("b/")?);
        (old == new).then(|| old.to_owned())
    })
}

/// A name that git may have quoted as a string of C.
fn unquoted(name: &str) -> String {
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let Some(quoted) = quoted else { return name.to_owned() };
    let (mut bytes, mut rest) = (Vec::new(), quoted.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.iter().take(3).take_while(|byte| (b'0'..b'8').contains(byte)).count();
        let (octal, after) = rest.split_at(digits);
        if !octal.is_empty() {
            let value =
                octal.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            bytes.push(u8::try_from(value).unwrap_or(b'?'));
            rest = after;
        } else if let Some((escaped, after)) = rest.split_first() {
            bytes.push(match escaped {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 7,
                b'b' => 8,
                b'v' => 11,
                b'f' => 12,
                other => *other,
            });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a file of this mode can be run.
fn executable(mode: &str, number: usize) -> Result<Option<bool>, Refusal> {
    match mode.trim() {
        "100755" => Ok(Some(true)),
        "100644" => Ok(None),
        mode => {
            let text = "only files can be patched here; use `git apply`";
            Err(format!(
                "line {number} of the patch: the mode {mode:?} is not that of a file: {text}"
            )
            .into())
        }
    }
}

const DEV_NULL: &str = "/dev/null";
