//! Arguments of programs that run code of the project: a path out of the project, or code in an
//! argument, makes them run other code.

use super::Call;
use crate::Effect;
use crate::path::Place;
use crate::shell::Word;
use crate::walk::Walk;

/// Where the arguments of a program that runs code of the project lead out of it.
pub(super) fn effects(walk: &Walk<'_>, call: &Call<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !walk.is_in_project() {
        let reason = "it runs code of a folder that is not the project";
        effects.push(Effect::NotUnderstood(reason.to_owned()));
    }
    let mut option = String::new();
    for word in call.rest {
        for (name, value) in values(word, &option) {
            effects.extend(effect(walk, &name, &value));
        }
        let prefix = word.known_prefix();
        option = if prefix.starts_with('-') { prefix } else { String::new() };
    }
    effects
}

/// The parts of a word that may be paths, each with its option.
fn values(word: &Word, option_before: &str) -> Vec<(String, Word)> {
    let prefix = word.known_prefix();
    let mut found = Vec::new();
    if !prefix.starts_with('-') {
        found.push((option_before.to_owned(), word.clone()));
    } else if let Some(glued) = prefix.chars().nth(1).filter(|c| c.is_ascii_alphanumeric()) {
        let start = 1 + glued.len_utf8();
        let value = word.without_prefix(start);
        if value.known_prefix().starts_with(['/', '~', '.']) {
            found.push((prefix.get(..start).unwrap_or_default().to_owned(), value));
        }
    }
    for (at, _) in prefix.match_indices(['=', '@', ':', ',']) {
        let name = prefix.get(..at).unwrap_or_default().to_owned();
        found.push((name, word.without_prefix(at + 1)));
    }
    found
}

fn effect(walk: &Walk<'_>, option: &str, value: &Word) -> Option<Effect> {
    let text = value.known_prefix();
    if text.contains("://") && !text.starts_with("file:") {
        return Some(Effect::UsesNetwork("an address in its arguments"));
    }
    let is_path = text.starts_with(['/', '~']) || text.split('/').any(|name| name == "..");
    if !is_path || text.starts_with("//") && !text.contains("//.") && is_label(&text) {
        return None;
    }
    let name = option.trim_start_matches('-').to_ascii_lowercase();
    let is_output = OUTPUT.contains(&option) || OUTPUT_NAMES.iter().any(|part| name.contains(part));
    let is_searched = SEARCHED.iter().any(|start| option.starts_with(start));
    match walk.place(value) {
        Place::Project(_) | Place::WholeProject | Place::Unknown => None,
        place @ Place::Secret(_) => Some(Effect::Reads(place)),
        place @ Place::Temporary(_) if is_output => Some(Effect::Writes(place)),
        place if is_output && place != Place::Stream => Some(Effect::Writes(place)),
        Place::System(_) if is_searched => None,
        Place::Stream if text == "/dev/null" => None,
        _ => {
            let reason = format!("its argument {} leads out of the project", value.display());
            Some(Effect::NotUnderstood(reason))
        }
    }
}

/// `//pkg:target` of bazel and buck.
fn is_label(text: &str) -> bool {
    text.get(2..).is_some_and(|rest| !rest.starts_with('/') && rest.contains(':'))
}

/// Whether a word begins like one of the options, whatever follows; long options may be
/// abbreviated, as GNU's getopt takes them.
pub(super) fn begins_like(word: &Word, options: &[&str]) -> bool {
    let text = word.known_prefix();
    let name = text.split('=').next().unwrap_or_default();
    options.iter().any(|option| {
        text.starts_with(option)
            || (option.starts_with("--") && name.len() >= 4 && option.starts_with(name))
    })
}

/// Options that name outputs.
const OUTPUT: [&str; 6] = ["-o", "-B", "-d", "-outputdir", "-output", "-cacheDir"];

/// Parts of the names of such options.
const OUTPUT_NAMES: [&str; 9] =
    ["out", "target-dir", "junit", "xml", "basetemp", "cache", "report", "build-dir", "dest"];

/// Options that name folders in which files are looked for.
const SEARCHED: [&str; 8] = ["-I", "-L", "-isystem", "-D", "-Wl", "--sysroot", "-l", "--with-"];
