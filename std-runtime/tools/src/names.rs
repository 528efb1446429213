//! The names in a folder, in order, in bounded memory however many there are.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Yields the entries of a folder in the order of the bytes of their names.
///
/// They are read in parts: the smallest names, then the next ones. A folder of ordinary size is
/// read once.
pub(super) struct Names {
    folder: PathBuf,
    part: Part,
    /// All names up to this one were returned.
    given_to: Option<Vec<u8>>,
    is_complete: bool,
    part_bytes: usize,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub name: OsString,
    /// A folder, and no link to one.
    pub is_folder: bool,
}

impl Names {
    /// The names in `folder`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        Self::by(folder, PART_BYTES)
    }

    fn by(folder: &Path, part_bytes: usize) -> io::Result<Self> {
        let folder = folder.to_owned();
        let (part, given_to) = (Part::default(), None);
        let mut names = Self { folder, part, given_to, is_complete: false, part_bytes };
        names.fill()?;
        Ok(names)
    }

    /// Reads the next part.
    fn fill(&mut self) -> io::Result<()> {
        // Returned names are dropped before there is room for others.
        self.part = Part::default();
        let mut part = Part::with_room(self.part_bytes);
        // The greatest name that may still be in this part, once some were left to the next.
        let mut last: Option<Vec<u8>> = None;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.as_bytes();
            if self.given_to.as_deref().is_some_and(|given| name <= given)
                || last.as_deref().is_some_and(|last| name > last)
            {
                continue;
            }
            part.push(name, entry.file_type().is_ok_and(|kind| kind.is_dir()));
            if part.text.len() > 2 * self.part_bytes {
                part.keep_first(self.part_bytes);
                last = part.last().map(<[u8]>::to_vec);
            }
        }
        part.sort();
        self.is_complete = last.is_none();
        self.given_to = last;
        self.part = part;
        self.part.order.reverse();
        Ok(())
    }
}

impl Iterator for Names {
    type Item = io::Result<Name>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(at) = self.part.order.pop() {
                let (name, is_folder) = self.part.at(at);
                let name = OsString::from_vec(name.to_vec());
                return Some(Ok(Name { name, is_folder }));
            }
            if self.is_complete {
                return None;
            }
            if let Err(error) = self.fill() {
                self.is_complete = true;
                return Some(Err(error));
            }
        }
    }
}

/// Names in one piece of memory.
#[derive(Default)]
struct Part {
    /// For each entry its kind, the length of its name in two bytes, and the name.
    text: Vec<u8>,
    /// Where the entries start.
    order: Vec<u32>,
}

impl Part {
    /// Room that is not touched costs nothing; to grow would need the old and the new at once.
    fn with_room(part_bytes: usize) -> Self {
        Self { text: Vec::with_capacity(2 * part_bytes + NAME_BYTES), order: Vec::new() }
    }

    fn push(&mut self, name: &[u8], is_folder: bool) {
        // The system's limit is 255 bytes, and a part is far below 4 GiB.
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.order.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.text.push(u8::from(is_folder));
        self.text.extend_from_slice(&length.to_le_bytes());
        self.text.extend_from_slice(&name[..usize::from(length)]);
    }

    fn at(&self, at: u32) -> (&[u8], bool) {
        entry_at(&self.text, at)
    }

    fn last(&self) -> Option<&[u8]> {
        self.order.last().map(|at| self.at(*at).0)
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.order.sort_unstable_by(|a, b| entry_at(text, *a).0.cmp(entry_at(text, *b).0));
    }

    /// Drops all but the first names, as many as fit `bytes`, and at least one.
    fn keep_first(&mut self, bytes: usize) {
        self.sort();
        let mut kept = Self::with_room(bytes);
        for at in &self.order {
            let (name, is_folder) = self.at(*at);
            if kept.text.len() + name.len() > bytes && !kept.order.is_empty() {
                break;
            }
            kept.push(name, is_folder);
        }
        *self = kept;
    }
}

fn entry_at(text: &[u8], at: u32) -> (&[u8], bool) {
    let entry = &text[at as usize..];
    let length = usize::from(u16::from_le_bytes([entry[1], entry[2]]));
    (&entry[3..3 + length], entry[0] != 0)
}

/// The memory for the longest name and its data.
const NAME_BYTES: usize = 300;
/// Names held at once take twice this at most, and an offset each.
const PART_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_every_size_give_all_names_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut expected: Vec<String> =
            (0..300).map(|i| format!("{}-{i}", i * 7919 % 300)).collect();
        for name in &expected {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("a folder")).unwrap();
        expected.push("a folder".to_owned());
        expected.sort();
        for part_bytes in [1, 10, 100, 1000, PART_BYTES] {
            let mut names = Names::by(folder.path(), part_bytes).unwrap();
            let mut found = Vec::new();
            while let Some(name) = names.next().map(Result::unwrap) {
                assert_eq!(name.is_folder, name.name == "a folder");
                assert!(names.part.text.len() <= 2 * part_bytes + 300, "by {part_bytes} bytes");
                found.push(name.name.into_string().unwrap());
            }
            assert_eq!(found, expected, "by {part_bytes} bytes");
        }
    }
}
