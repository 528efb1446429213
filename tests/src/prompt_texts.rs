//! The prompts of the library, and those of public collections if the shared data is there.

use std::fs;
use std::path::Path;

use zerostack_core::prompt::BUILT_IN;

use crate::shared;

/// The texts of all of them.
///
/// # Panics
/// When a file of the shared data cannot be read.
pub fn all() -> Vec<String> {
    let mut texts: Vec<String> = BUILT_IN.iter().map(|source| source.text.to_owned()).collect();
    if let Some(folder) = shared::folder("suites/prompts") {
        collect(&folder, &mut texts);
    }
    texts
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
}
