//! `find`: paths by glob.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::walk::{self, PathGlob, Unread, Walk};
use super::{Outcome, Output, file, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pattern: String,
    /// The working folder if left out.
    path: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { pattern, path } = arguments;
    let path = file::resolve(path.as_deref().unwrap_or("."));
    let path = &*path;
    if pattern.is_empty() {
        return Err("pattern is empty: give a glob such as *.rs".into());
    }
    if !file::metadata(path)?.is_dir() {
        return Err(format!("{path} is a file: give a folder to search"));
    }
    let glob = PathGlob::new("pattern", &pattern, path)?;
    let (mut output, mut unread, mut shown) = (Output::default(), Unread::default(), 0);
    for entry in Walk::of(path) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                unread.note(&error);
                continue;
            }
        };
        if !glob.matches(Path::new(path), &entry) {
            continue;
        }
        if shown == PATHS_MAX {
            _ = writeln!(
                output.content,
                "[stopped after {PATHS_MAX} paths; narrow pattern or path]"
            );
            output = output.truncated_if(Some(0));
            break;
        }
        shown += 1;
        let invalid_utf8 = text::push_path(&mut output.content, &entry.path);
        if invalid_utf8 && output.replaced.is_empty() {
            output = output.replaced_if(true);
        }
        if entry.is_folder {
            output.content.push('/');
        }
        output.content.push('\n');
    }
    if shown == 0 {
        let bare = !pattern.contains(['*', '?', '[', '{']);
        let hint = if bare && !pattern.contains('/') {
            format!("; *{pattern}* matches a part of a name")
        } else {
            walk::no_match_hint(&pattern).to_owned()
        };
        _ = writeln!(
            output.content,
            "[no path matches {pattern}; ignored files are not searched{hint}]"
        );
    }
    unread.push_to(&mut output.content);
    Ok(output)
}

/// Paths of one result.
const PATHS_MAX: usize = 500;
