//! The description of a run or a session: a file of JSON documents, of which the last one counts. A new
//! document at its end costs a fraction of a new file that replaces it, and is as safe: a killed command
//! leaves an incomplete one at most, and then the one before it counts.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::de::DeserializeOwned;

/// The last complete document.
///
/// # Errors
/// If there is none, or one is not a `T`.
pub(crate) fn last<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut last = None;
    for document in serde_json::Deserializer::from_slice(bytes).into_iter() {
        match document {
            Ok(document) => last = Some(document),
            Err(error) if error.is_eof() && last.is_some() => break,
            Err(error) => return Err(error),
        }
    }
    last.map_or_else(|| serde_json::from_slice(b""), Ok)
}

/// Adds `document`, which ends with a line, to the file `name` in `folder`, or replaces the file if that is
/// better. Only one command does at a time.
///
/// # Errors
/// The error of the system.
pub(crate) fn add(folder: &Path, name: &str, document: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    let mut file = match File::options().read(true).append(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return replace(folder, name, document);
        }
        file => file?,
    };
    let bytes = file.metadata()?.len();
    let mut end = [0_u8];
    let is_complete = bytes > 0 && file.read_exact_at(&mut end, bytes - 1).is_ok() && end == *b"\n";
    let new_bytes = document.len() as u64;
    match is_complete && bytes + new_bytes <= MOST_BYTES.max(MOST_DOCUMENTS * new_bytes) {
        true => file.write_all(document),
        false => replace(folder, name, document),
    }
}

/// Replaces a file in `folder` by `bytes`, completely or not at all. Only one command does at a time.
///
/// # Errors
/// The error of the system.
pub(crate) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write(&folder.join(format!(".new-{name}")), &folder.join(name), bytes)
}

/// Writes `bytes` to the file `new`, which then becomes `path`.
///
/// # Errors
/// The error of the system.
pub(crate) fn write(new: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name costs less than a file without one that gets it later; a killed command may have left it.
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(new).and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(new, path)).inspect_err(|_| {
        let _ = fs::remove_file(new);
    })
}

/// A file is read as a whole, so it is replaced before it is longer than this, or than so many documents.
const MOST_BYTES: u64 = 32 * 1024;
const MOST_DOCUMENTS: u64 = 4;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_last_complete_document_counts() {
        let of = |text: &str| last::<Value>(text.as_bytes()).ok();
        let two = "{\"a\":1}\n{\"a\":\"\u{e9}\",\"b\":[true,2]}\n";
        assert_eq!(of("{\n \"a\": 1\n}"), Some(json!({"a": 1})));
        for end in 9..two.len() {
            let bytes = &two.as_bytes()[..end];
            let expected = if end + 1 < two.len() {
                json!({"a": 1})
            } else {
                json!({"a": "\u{e9}", "b": [true, 2]})
            };
            assert_eq!(last::<Value>(bytes).ok(), Some(expected), "{end}");
        }
        for wrong in ["", "{\"a\":", "no json", "{\"a\":1}\n}", "{\"a\":1}\n{\"a\":{\"a\":2}\nx"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_grows_until_it_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("about");
        let read = || fs::read(&path).unwrap();
        add(place.path(), "about", b"{\"a\":0}\n").unwrap();
        add(place.path(), "about", b"{\"a\":1}\n").unwrap();
        assert_eq!(read(), b"{\"a\":0}\n{\"a\":1}\n");
        // A killed command left a part of a document.
        fs::write(&path, "{\"a\":0}\n{\"a").unwrap();
        add(place.path(), "about", b"{\"a\":2}\n").unwrap();
        assert_eq!(read(), b"{\"a\":2}\n");
        let long = format!("{:?}\n", "x".repeat(MOST_BYTES as usize));
        for (short, documents) in [(8, 1), (8, 2), (8, 3), (0, 1), (0, 2)] {
            add(place.path(), "about", long.as_bytes()).unwrap();
            assert_eq!(read().len(), short + documents * long.len());
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
