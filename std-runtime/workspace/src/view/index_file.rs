//! The file of git's index, versions 2 to 4: gitformat-index(5).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Takes path, mode and id of an entry.
pub(super) type EachEntry<'a> = dyn FnMut(&[u8], u32, &[u8]) + 'a;

/// Passes path, mode and id of each entry of the index at `path` to `each`, in the order of the file. Ids have
/// `id_bytes`.
///
/// Returns `None` if the file is damaged or holds what only git can read, such as an index in two files;
/// what was passed does not count then.
pub(super) fn read(path: &Path, id_bytes: usize, each: &mut EachEntry<'_>) -> Option<()> {
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = file.ok()?;
    let metadata = file.metadata().ok().filter(|it| it.is_file())?;
    entries(BufReader::with_capacity(BUFFER_BYTES, file), metadata.len(), id_bytes, each)
}

fn entries(
    input: impl BufRead,
    length: u64,
    id_bytes: usize,
    each: &mut EachEntry<'_>,
) -> Option<()> {
    let mut file = Fields { input, at: 0 };
    if file.bytes::<4>()? != *b"DIRC" {
        return None;
    }
    let version = file.number()?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut path = Vec::new();
    let mut id = [0; MAX_ID_BYTES];
    let id = id.get_mut(..id_bytes)?;
    for _ in 0..file.number()? {
        let start = file.at;
        file.skip(BEFORE_MODE)?;
        let mode = file.number()?;
        file.skip(BEFORE_ID)?;
        file.fill(id)?;
        let [flags, _] = file.bytes()?;
        if flags & EXTENDED != 0 {
            file.skip(2)?;
        }
        // Version 4 shares the beginning with the path before.
        let kept = if version < 4 { 0 } else { path.len().checked_sub(file.varint()?)? };
        path.truncate(kept);
        file.until_zero(&mut path)?;
        if version < 4 {
            file.skip((8 - (file.at - start) % 8) % 8)?;
        }
        if mode == FOLDER {
            return None;
        }
        each(&path, mode, id);
    }
    // What follows are extensions, and a checksum. git has to know those in lower case.
    while file.at + (id_bytes as u64) < length {
        let [first, ..] = file.bytes::<4>()?;
        if !first.is_ascii_uppercase() {
            return None;
        }
        let bytes = file.number()?;
        file.skip(bytes.into())?;
    }
    Some(())
}

/// Reads the fields of the file in their order.
struct Fields<R> {
    input: R,
    /// How many bytes were read.
    at: u64,
}

impl<R: BufRead> Fields<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.input.read_exact(bytes).ok()?;
        self.at += bytes.len() as u64;
        Some(())
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    /// A number of seven bits a byte, as for offsets in packs: gitformat-pack(5).
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        loop {
            let [byte] = self.bytes()?;
            value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            value = value.checked_add(1)?;
        }
    }

    /// Adds what is before the next byte 0 to `text`, and takes that.
    fn until_zero(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let limited = self.input.by_ref().take(MAX_PATH_BYTES);
        let read = { limited }.read_until(0, text).ok()?;
        self.at += read as u64;
        (text.pop() == Some(0)).then_some(())
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        let skipped = std::io::copy(&mut self.input.by_ref().take(bytes), &mut std::io::sink());
        self.at += bytes;
        (skipped.ok()? == bytes).then_some(())
    }
}

/// The lengths of the fields before the mode (ctime, mtime, device, inode) and between the mode and
/// the id (owner, group, size).
const BEFORE_MODE: u64 = 24;
const BEFORE_ID: u64 = 12;
/// The flag of an entry that has two more bytes of flags.
const EXTENDED: u8 = 0x40;
/// The mode of a folder that stands for all in it, in a sparse index.
const FOLDER: u32 = 0o040_000;
/// The bytes of a SHA-256.
const MAX_ID_BYTES: usize = 32;
/// More than any system opens.
const MAX_PATH_BYTES: u64 = 64 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn git(folder: &Path, args: &[&str], input: &str) -> Vec<u8> {
        let mut git = Command::new("git");
        git.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
        git.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = git.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}");
        output.stdout
    }

    /// What `git ls-files` prints of an index, from the file.
    fn listed(folder: &Path, id_bytes: usize) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        read(&folder.join(".git/index"), id_bytes, &mut |path, mode, id| {
            let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            all.extend(format!("{mode:06o} {id}\t").bytes().chain(path.iter().copied()));
            all.push(0);
        })?;
        Some(all)
    }

    /// The same, as git has it.
    fn asked(folder: &Path) -> Vec<u8> {
        let format = "--format=%(objectmode) %(objectname)%x09%(path)";
        git(folder, &["ls-files", "-z", format], "")
    }

    #[test]
    fn an_index_is_read_as_git_reads_it() {
        for (format, id_bytes) in [("sha1", 20), ("sha256", 32)] {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path();
            git(at, &["init", "-q", &format!("--object-format={format}")], "");
            let empty = String::from_utf8(git(at, &["hash-object", "-w", "--stdin"], "")).unwrap();
            let empty = empty.trim();
            let name = |index: usize| match index % 4 {
                0 => format!("a/{}/{index}", "deep/".repeat(index % 9)),
                1 => format!("a/{index} é"),
                2 => format!("{}{index}", "long".repeat(index % 40 * 30)),
                _ => format!("b{index}"),
            };
            let mut lines: String =
                (0..2000).map(|index| format!("100644 {empty}\t{}\n", name(index))).collect();
            lines += &format!("100755 {empty}\tprogram\n120000 {empty}\tlink\n");
            lines += &format!("160000 {empty}\tsubmodule\n");
            lines += &format!("100644 {empty} 1\tboth\n100644 {empty} 2\tboth\n");
            for version in ["2", "3", "4"] {
                git(at, &["update-index", "--index-version", version], "");
                git(at, &["update-index", "--index-info"], &lines);
                assert_eq!(listed(at, id_bytes).unwrap(), asked(at), "{format} {version}");
                // Flags of their own, and the extensions for trees and for what is resolved.
                git(at, &["update-index", "--skip-worktree", "b3", "program"], "");
                assert_eq!(listed(at, id_bytes).unwrap(), asked(at), "{format} {version}");
                git(at, &["rm", "-q", "--cached", "both"], "");
                git(at, &["write-tree"], "");
                assert_eq!(listed(at, id_bytes).unwrap(), asked(at), "{format} {version}");
            }
            // Of another length of ids it makes no sense.
            assert_eq!(listed(at, 52 - id_bytes), None, "{format}");
            git(at, &["update-index", "--split-index"], "");
            git(at, &["update-index", "--index-info"], &format!("100644 {empty}\tlast\n"));
            assert_eq!(listed(at, id_bytes), None, "{format}");
        }
    }

    #[test]
    fn a_damaged_index_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        git(at, &["init", "-q"], "");
        for name in ["a", "folder/b", "folder/c"] {
            let file = at.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, name).unwrap();
        }
        for version in ["2", "4"] {
            git(at, &["update-index", "--index-version", version], "");
            git(at, &["add", "-A"], "");
            let whole = std::fs::read(at.join(".git/index")).unwrap();
            for length in 0..whole.len() - 20 {
                let cut = whole.get(..length).unwrap();
                let mut count = 0;
                let read = entries(cut, length as u64, 20, &mut |_, _, _| count += 1);
                // A cut between two extensions cannot be seen.
                assert!(read.is_none() || count == 3, "{version} {length}");
            }
            for place in 0..whole.len() {
                let mut changed = whole.clone();
                changed[place] ^= 0xff;
                let _ = entries(changed.as_slice(), changed.len() as u64, 20, &mut |_, _, _| ());
            }
        }
        assert_eq!(read(&at.join("missing"), 20, &mut |_, _, _| ()), None);
        assert_eq!(read(at, 20, &mut |_, _, _| ()), None);
    }
}
