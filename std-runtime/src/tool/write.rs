//! `write`: a whole file, its folders included.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{Outcome, Output, file, text};

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
    let old = match fs::metadata(&path) {
        Ok(metadata) => {
            file::expect_regular(&path, &metadata)?;
            Some(metadata)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(file::complaint(&path, &e)),
    };
    if old.is_some() && content.contains(char::REPLACEMENT_CHARACTER) {
        let bytes = fs::read(&path).map_err(|e| file::complaint(&path, &e))?;
        if std::str::from_utf8(&bytes).is_err() {
            return Err(format!(
                "{path} is unchanged: it is not UTF-8, and the U+FFFD in content stands for \
                 bytes that would be lost; use `edit` on the other lines"
            ));
        }
    }
    let folders = made_folders(Path::new(&path))?;
    if let Err(message) = file::replace(&path, content.as_bytes(), old.as_ref()) {
        for folder in folders.iter().rev() {
            _ = fs::remove_dir(folder);
        }
        return Err(message);
    }
    let size = text::counted(content.len(), "byte");
    Ok(Output::text(match old {
        Some(old) => format!("overwrote {path}: {size}, was {}\n", old.len()),
        None => format!("created {path}: {size}\n"),
    }))
}

/// Makes the folders above `path`; those that were missing, outermost first.
fn made_folders(path: &Path) -> Result<Vec<&Path>, String> {
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
