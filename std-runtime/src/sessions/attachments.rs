//! The files of a session: copies, so that it does not depend on the originals.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use zerostack_core::{AttachmentSource, Part};

use crate::Result;
use crate::agent::{File as Attached, Files, OwnedSession};
use crate::new_file::NewFile;

/// The files of `session` that are stored at `place`, and the names of the missing ones.
///
/// # Errors
/// `Input` if one cannot be read.
pub(super) fn read(place: &Path, session: &OwnedSession) -> Result<(Files, Vec<String>)> {
    let (mut files, mut gone) = (Files::new(), Vec::new());
    for entry in session.transcript().entries().filter(|entry| !entry.is_cut) {
        let Part::Attachment(attachment) = entry.part else { continue };
        let AttachmentSource::Number(number) = attachment.source else { continue };
        let file = match File::open(place.join(FOLDER).join(number.to_string())) {
            Ok(file) => Attached::opened(file, attachment.name)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                gone.push(match attachment.name {
                    "" => format!("attachment {number}"),
                    name => name.to_owned(),
                });
                continue;
            }
            Err(error) => return Err(super::files::unusable(&error)),
        };
        files.insert(number, file.with_media_type(attachment.media_type));
    }
    Ok((files, gone))
}

/// Copies the files that are not in `kept` to `place`. The copies replace them in `files`.
pub(super) fn keep(place: &Path, files: &mut Files, kept: &mut BTreeSet<u32>) -> io::Result<()> {
    let is_new =
        |(number, file): &(u32, &Attached)| file.address().is_none() && !kept.contains(number);
    let new: Vec<(u32, Attached)> =
        files.iter().filter(is_new).map(|(number, file)| (number, file.clone())).collect();
    for (number, file) in new {
        let copy = copy(place, number, &file)?;
        files.insert(number, copy);
        kept.insert(number);
    }
    Ok(())
}

fn copy(place: &Path, number: u32, file: &Attached) -> io::Result<Attached> {
    let folder = place.join(FOLDER);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let path = folder.join(number.to_string());
    // A continued session has it already.
    let new = NewFile::create(&folder, ".new-", 0o600)?;
    file.in_pieces(&mut |piece| new.file().write_all(piece))?;
    new.persist(&path)?;
    let copy = Attached::opened(File::open(&path)?, file.name()).map_err(io::Error::other)?;
    Ok(copy.with_media_type(file.media_type()).with_tokens(file.tokens()))
}

/// Gives the session at `to` the files of the one at `from`. They never change, so a hard link is
/// enough if the file system supports it.
pub(super) fn fork(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let folder = to.join(FOLDER);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    for entry in entries {
        let entry = entry?;
        let to = folder.join(entry.file_name());
        if fs::hard_link(entry.path(), &to).is_err() {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// The bytes of the files at `place`.
pub(super) fn bytes(place: &Path) -> u64 {
    let entries = fs::read_dir(place.join(FOLDER)).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

const FOLDER: &str = "attachments";
