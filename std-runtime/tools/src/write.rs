//! `write`: a whole file, its folders included.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::anchor::BOM;
use super::wide::{self, Wide};
use super::{Outcome, Output, file, outside, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    content: String,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { path, content } = arguments;
    if path.is_empty() || path.ends_with('/') {
        return Err(format!("path `{path}` names no file"));
    }
    let path = file::resolve(&path);
    let old = match fs::metadata(&*path) {
        Ok(metadata) => {
            file::expect_regular(&path, &metadata)?;
            Some(metadata)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(file::complaint(&path, &e)),
    };
    let replaced = match &old {
        Some(_) => start_of(&path)?,
        None => Vec::new(),
    };
    let is_wide = wide::of(&replaced).is_some();
    let is_lossy = content.contains(char::REPLACEMENT_CHARACTER);
    if is_lossy && !is_wide && std::str::from_utf8(&replaced).is_err() {
        return Err(format!(
            "{path} is unchanged: it is not UTF-8, and the U+FFFD in content stands for \
             bytes that would be lost; use `edit` on the other lines"
        ));
    }
    let like = Like::of(&replaced);
    let bytes = like.encode(&content);
    let folders = made_folders(Path::new(&*path))?;
    if let Err(message) = file::replace(&path, &bytes, old.as_ref()) {
        for folder in folders.iter().rev() {
            _ = fs::remove_dir(folder);
        }
        return Err(message);
    }
    let size = text::counted(bytes.len(), "byte");
    let mut said = match old {
        Some(old) => format!("overwrote {path}: {size}, was {}\n", old.len()),
        None => format!("created {path}: {size}\n"),
    };
    like.push_note(&content, &mut said);
    said.push_str(&outside::note(&path));
    Ok(Output::text(said))
}

/// The start of the replaced file, enough to detect its encoding and line ends.
fn start_of(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(JUDGED_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        // A write-only file is replaced by the content as given.
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Ok(Vec::new()),
        Err(e) => Err(file::complaint(path, &e)),
    }
}

/// The encoding and line ends of the replaced file, which are kept.
#[derive(Default)]
struct Like {
    wide: Option<Wide>,
    has_mark: bool,
    has_crlf: bool,
    /// It is neither UTF-8 nor UTF-16.
    is_other: bool,
}

impl Like {
    fn of(replaced: &[u8]) -> Self {
        let wide = wide::of(replaced);
        let text = match wide {
            Some(wide) => Cow::Owned(wide.decode(replaced).into_bytes()),
            None => Cow::Borrowed(replaced),
        };
        let lines = memchr::memchr_iter(b'\n', &text);
        let (mut ends, mut crlf) = (0_usize, 0_usize);
        for at in lines {
            ends += 1;
            crlf += usize::from(text[..at].ends_with(b"\r"));
        }
        // The last character that was read may be incomplete.
        let is_other = wide.is_none()
            && std::str::from_utf8(replaced).is_err_and(|error| error.error_len().is_some());
        Self { wide, has_mark: text.starts_with(BOM), has_crlf: ends > 0 && ends == crlf, is_other }
    }

    fn encode(&self, content: &str) -> Vec<u8> {
        let mut text = Cow::Borrowed(content);
        if self.adds_crlf(content) {
            text = Cow::Owned(content.replace('\n', "\r\n"));
        }
        if self.adds_mark(content) {
            text = Cow::Owned(format!("\u{feff}{text}"));
        }
        match self.wide {
            Some(wide) => wide.encode(&text),
            None => text.into_owned().into_bytes(),
        }
    }

    fn adds_mark(&self, content: &str) -> bool {
        self.has_mark && !content.is_empty() && !content.starts_with('\u{feff}')
    }

    /// Content that has `\r\n` itself is written unchanged.
    fn adds_crlf(&self, content: &str) -> bool {
        self.has_crlf && content.contains('\n') && !content.contains("\r\n")
    }

    fn push_note(&self, content: &str, said: &mut String) {
        let mut kept = Vec::new();
        if let Some(wide) = self.wide {
            kept.push(wide.name());
        }
        if self.adds_mark(content) {
            kept.push("byte order mark");
        }
        if self.adds_crlf(content) {
            kept.push("CRLF line ends");
        }
        if !kept.is_empty() {
            said.push_str(&format!("[kept: {}]\n", kept.join(", ")));
        }
        if self.is_other {
            said.push_str("[it was not UTF-8 and is now]\n");
        }
    }
}

/// Makes the folders above `path`; those that were missing, outermost first.
pub(super) fn made_folders(path: &Path) -> Result<Vec<&Path>, String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut missing: Vec<&Path> =
        folder.map_or(Vec::new(), |f| f.ancestors().take_while(|a| !a.exists()).collect());
    missing.retain(|folder| !folder.as_os_str().is_empty());
    missing.reverse();
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(|e| {
            missing.iter().rev().for_each(|made| _ = fs::remove_dir(made));
            file::complaint(&folder.display().to_string(), &e)
        })?;
    }
    Ok(missing)
}

/// How much of a file is read to detect its encoding and line ends.
const JUDGED_BYTES: u64 = 8 << 20;
