//! The body of a request as a tape stores it: with the hash of each file in the place of its bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sha1_smol::Sha1;
use zerostack_core::Request;

use crate::agent::{File, Files};
use crate::{Error, ErrorKind, Result};

/// The hashes of files, by the numbers that the transcript has for them.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    by_number: BTreeMap<u32, String>,
}

impl Hashes {
    /// Adds one.
    pub(crate) fn insert(&mut self, number: u32, sha1: String) {
        self.by_number.insert(number, sha1);
    }

    /// The hashes of all `files`, which are read once.
    ///
    /// # Errors
    /// `Input` if one cannot be read.
    pub(crate) fn read(&mut self, files: &Files) -> Result<()> {
        for (number, file) in files.iter() {
            if let Entry::Vacant(place) = self.by_number.entry(number) {
                place.insert(sha1(file)?);
            }
        }
        Ok(())
    }

    /// Emits the body of `request` in pieces, with `sha1:HEX` in the place of the bytes of a file.
    pub(crate) fn body(&self, mut request: Request<'_>, out: &mut dyn FnMut(&[u8])) {
        let mut buffer = [0; 4096];
        loop {
            match request.read(&mut buffer) {
                0 => {}
                count => {
                    out(buffer.get(..count).unwrap_or_default());
                    continue;
                }
            }
            let Some(wanted) = request.wanted() else { return };
            out(b"sha1:");
            out(self.by_number.get(&wanted.number).map_or("", String::as_str).as_bytes());
            pass_over(&mut request, &mut buffer);
        }
    }

    /// The same as a whole.
    pub(crate) fn whole(&self, request: Request<'_>) -> Vec<u8> {
        let mut body = Vec::new();
        self.body(request, &mut |piece| body.extend_from_slice(piece));
        body
    }

    /// The length of a body, and the SHA-1 of the output of [`body`](Self::body).
    pub(super) fn digest(&self, request: Request<'_>) -> (usize, String) {
        let (length, mut hash) = (request.body_len(), Sha1::new());
        self.body(request, &mut |piece| hash.update(piece));
        (length, hash.digest().to_string())
    }
}

/// Skips to the end of the bytes of a file.
fn pass_over(request: &mut Request<'_>, buffer: &mut [u8]) {
    let nothing = [0; 3 * 1024];
    let mut before = None;
    while let Some(wanted) = request.wanted()
        && before.is_none_or(|before| wanted.offset > before)
    {
        before = Some(wanted.offset);
        let count = nothing.len().min(wanted.bytes as usize);
        request.supply(nothing.get(..count).unwrap_or_default(), buffer);
    }
}

/// The SHA-1 of a file.
///
/// # Errors
/// `Input` when it cannot be read.
pub(crate) fn sha1(file: &File) -> Result<String> {
    let mut hash = Sha1::new();
    let read = file.in_pieces(&mut |piece| {
        hash.update(piece);
        Ok(())
    });
    match read {
        Ok(()) => Ok(hash.digest().to_string()),
        Err(error) => {
            let text = format!("the file {} cannot be read: {error}", file.name());
            Err(Error::new(ErrorKind::Input, text))
        }
    }
}
