//! A separate repository for the copy of a linked worktree or a submodule: its `.git` is a file
//! that names the user's repository, to which tools without a sandbox must not write.

use std::fs;
use std::io;
use std::path::Path;

use super::repository::{Checkout, read};

/// Makes `git`, a `.git` folder with the references, settings and index of `checkout`, which borrows
/// the objects of its repository.
///
/// # Errors
/// If the disk refuses. Files that cannot be read are left out.
pub(super) fn make(checkout: &Checkout, git: &Path) -> io::Result<()> {
    let Checkout { own, common, .. } = checkout;
    fs::create_dir_all(git.join("objects/info"))?;
    let objects = common.join("objects");
    fs::write(git.join("objects/info/alternates"), format!("{}\n", objects.display()))?;
    let settings = read(&common.join("config")).unwrap_or_default();
    fs::write(git.join("config"), of_any_folder(&String::from_utf8_lossy(&settings)))?;
    let mut left = ENTRIES;
    copy(&common.join("refs"), &git.join("refs"), &mut left)?;
    fs::create_dir_all(git.join("refs"))?;
    for name in ["packed-refs", "shallow", "info/exclude", "info/attributes"] {
        copy(&common.join(name), &git.join(name), &mut left)?;
    }
    for name in ["HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "index", "logs/HEAD"] {
        copy(&own.join(name), &git.join(name), &mut left)?;
    }
    Ok(())
}

/// Settings without those for the place of the worktree.
fn of_any_folder(settings: &str) -> String {
    let is_about_place = |line: &&str| {
        let key = line.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        ["worktree", "bare"].contains(&key.as_str())
    };
    settings.lines().filter(|line| !is_about_place(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Copies a file or a folder of files; links and other entries are left out.
fn copy(from: &Path, to: &Path, left: &mut usize) -> io::Result<()> {
    let Some(rest) = left.checked_sub(1) else { return Ok(()) };
    *left = rest;
    let Ok(found) = fs::symlink_metadata(from) else { return Ok(()) };
    if found.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from).into_iter().flatten().flatten() {
            copy(&entry.path(), &to.join(entry.file_name()), left)?;
        }
    } else if found.is_file() && found.len() <= FILE_BYTES {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to)?;
    }
    Ok(())
}

/// More references than a repository has that is worked in.
const ENTRIES: usize = 50_000;
const FILE_BYTES: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_no_folder() {
        let text =
            "[core]\n\tbare = true\n\tworktree = ../../x\n\tautocrlf = input\n[user]\n\tname = a\n";
        assert_eq!(of_any_folder(text), "[core]\n\tautocrlf = input\n[user]\n\tname = a\n");
    }
}
