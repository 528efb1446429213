//! A file that has no name until it is complete, so that a killed process leaves no part of it.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A file in a folder, without a name where the file system knows such.
#[derive(Debug)]
pub struct NewFile {
    folder: PathBuf,
    prefix: &'static str,
    mode: u32,
    file: File,
    named: Option<tempfile::TempPath>,
}

impl NewFile {
    /// An empty file in `folder` with what the umask leaves of `mode`. If it needs a name
    /// meanwhile, that starts with `prefix`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn create(folder: &Path, prefix: &'static str, mode: u32) -> io::Result<Self> {
        let folder = folder.to_owned();
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags};
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            if let Ok(file) = rustix::fs::open(&folder, flags, Mode::from_raw_mode(mode)) {
                return Ok(Self { folder, prefix, mode, file: file.into(), named: None });
            }
        }
        let (file, path) =
            builder(prefix, mode).tempfile_in(&folder).map_err(without_path)?.into_parts();
        Ok(Self { folder, prefix, mode, file, named: Some(path) })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it the name `path`, in the same folder, replacing any file of that name.
    ///
    /// # Errors
    /// The error of the system; then there is no such file.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        let Self { folder, prefix, mode, mut file, named } = self;
        if let Some(named) = named {
            return named.persist(path).map_err(|error| error.error);
        }
        // A rename replaces an existing file, a link does not; so link it first.
        match builder(prefix, mode).make_in(&folder, |at| link(&file, at)) {
            Ok(linked) => linked.into_temp_path().persist(path).map_err(|error| error.error),
            Err(_) => {
                // Unnamed files can be created here, but not named, for example because /proc is missing.
                let mut copy = builder(prefix, mode).tempfile_in(&folder).map_err(without_path)?;
                file.seek(SeekFrom::Start(0))?;
                io::copy(&mut file, copy.as_file_mut())?;
                copy.as_file().set_permissions(file.metadata()?.permissions())?;
                copy.persist(path).map_err(|error| error.error).map(|_| ())
            }
        }
    }
}

/// The error of the system without the temporary name, which nobody knows.
#[must_use]
pub fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((reason, _)) => io::Error::new(error.kind(), reason.to_owned()),
        None => error,
    }
}

fn builder(prefix: &'static str, mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).permissions(std::fs::Permissions::from_mode(mode));
    builder
}

#[cfg(target_os = "linux")]
fn link(file: &File, at: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD};
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, unnamed, CWD, at, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn it_exists_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let new = NewFile::create(folder.path(), ".new-", 0o640).unwrap();
        new.file().write_all(b"new").unwrap();
        assert!(names() == 1 || new.named.is_some());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        new.persist(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o757, 0o640);
        drop(NewFile::create(folder.path(), ".new-", 0o600).unwrap());
        assert_eq!(names(), 1);
    }
}
