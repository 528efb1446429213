//! Texts that any machine with this project on it has: sources and documents of the crates that were
//! fetched, and the translations that programs carry.

use std::path::{Path, PathBuf};

/// A text of one kind.
pub struct Corpus {
    pub name: &'static str,
    pub text: String,
}

/// English, code and other languages, `bytes` of each at most.
pub fn corpora(bytes: usize) -> Vec<Corpus> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let registry = home.unwrap_or_default().join("registry/src");
    let text = |name, root: &Path, suffix, read: fn(&[u8]) -> Vec<String>| {
        let mut files = Vec::new();
        walk(root, suffix, &mut files);
        files.sort();
        let parts: Vec<Vec<String>> = files
            .iter()
            .filter_map(|path| std::fs::read(path).ok())
            .map(|file| read(&file))
            .collect();
        Corpus { name, text: mixed(&parts, bytes) }
    };
    vec![
        text("English", &registry, ".md", prose),
        text("code", &registry, ".rs", |file| match std::str::from_utf8(file) {
            // Above this a source is a table.
            Ok(text) if text.len() < 100_000 => vec![text.to_owned()],
            _ => Vec::new(),
        }),
        text("multilingual", Path::new("/usr/share/locale"), ".mo", translations),
    ]
}

fn walk(folder: &Path, suffix: &str, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, suffix, files);
        } else if path.to_string_lossy().ends_with(suffix) {
            files.push(path);
        }
    }
}

/// Takes one part of each file in turn, so that the front of the text is as varied as its end.
fn mixed(files: &[Vec<String>], bytes: usize) -> String {
    let mut text = String::new();
    for turn in 0.. {
        let parts: Vec<&String> = files.iter().filter_map(|parts| parts.get(turn)).collect();
        if parts.is_empty() {
            break;
        }
        for part in parts {
            if text.len() + part.len() > bytes {
                return text;
            }
            text += part;
        }
    }
    text
}

/// Markdown without code.
fn prose(file: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(file) else { return Vec::new() };
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced
            && !line.starts_with("    ")
            && !line.contains("http")
            && !line.starts_with('|')
        {
            prose += line;
            prose.push('\n');
        }
    }
    vec![prose]
}

/// The translations of a gettext file, without its header, a few at a time.
fn translations(file: &[u8]) -> Vec<String> {
    let word =
        |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
    let (Some(count), Some(table)) = (word(8), word(16)) else { return Vec::new() };
    let strings: Vec<&str> = (1..count)
        .filter_map(|number| {
            let (length, start) = (word(table + 8 * number)?, word(table + 8 * number + 4)?);
            let text = std::str::from_utf8(file.get(start..start + length)?).ok()?;
            text.split('\0').next()
        })
        .collect();
    strings.chunks(20).map(|few| few.join("\n") + "\n").collect()
}
