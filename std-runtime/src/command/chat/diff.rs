//! A patch for a person: the size of each change, and its lines in colour.

use std::fmt::Write as _;

use crate::visible::{visible, visible_line};

/// What a patch does to one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileChange {
    pub(super) path: String,
    pub(super) added: usize,
    pub(super) removed: usize,
}

/// What a patch does to each file.
pub(super) fn files(patch: &[u8]) -> Vec<FileChange> {
    let text = String::from_utf8_lossy(patch);
    let mut files: Vec<FileChange> = Vec::new();
    let mut is_body = false;
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            let path = names.rsplit_once(" b/").map_or(names, |(_, path)| path);
            let path = visible_line(path.trim_end_matches('"'));
            files.push(FileChange { path, added: 0, removed: 0 });
            is_body = false;
        } else if line.starts_with("@@ ") {
            is_body = true;
        } else if let Some(file) = files.last_mut().filter(|_| is_body) {
            file.added += usize::from(line.starts_with('+'));
            file.removed += usize::from(line.starts_with('-'));
        }
    }
    files
}

/// The lines of a patch, in colour if it `has_colors`.
pub(super) fn shown(patch: &[u8], has_colors: bool) -> String {
    let text = String::from_utf8_lossy(patch);
    let text = visible(&text);
    if !has_colors {
        return text.into_owned();
    }
    let mut shown = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let color = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "1",
            [b'+', ..] => "32",
            [b'-', ..] => "31",
            [b'@', ..] => "36",
            _ if line.starts_with("diff ") => "1",
            _ => "",
        };
        let _ = match color {
            "" => writeln!(shown, "{line}"),
            color => writeln!(shown, "\x1b[{color}m{line}\x1b[m"),
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_file_by_file() {
        let patch =
            b"diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-one\n\
            +1\n++\n two\ndiff --git a/b b/b\nnew file mode 100644\n--- /dev/null\n+++ b/b\n\
            @@ -0,0 +1 @@\n+x\n";
        let change =
            |path: &str, added, removed| FileChange { path: path.to_owned(), added, removed };
        assert_eq!(files(patch), [change("a.txt", 2, 1), change("b", 1, 0)]);
        let colored = shown(patch, true);
        assert!(colored.contains("\x1b[31m-one\x1b[m\n\x1b[32m+1\x1b[m\n"), "{colored}");
        assert!(colored.contains("\n two\n"));
        // The content of a file cannot control the terminal.
        assert!(!shown(b"+\x1b[2J\n", true).contains("\x1b[2J"));
        assert_eq!(shown(patch, false).as_bytes(), patch);
    }
}
