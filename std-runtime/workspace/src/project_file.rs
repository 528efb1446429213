//! Files of a project that this process reads itself, outside the sandbox.
//!
//! A project may come from anyone, so no link in it may lead out of it, a device or FIFO is not a
//! file, files of other users are not trusted, and reads are bounded.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// A folder whose files are read: opened once for all of them.
#[derive(Debug)]
pub struct ProjectFolder {
    folder: OwnedFd,
    /// Who may own a file in it: this user, the owner of the folder, root.
    owners: [u32; 3],
}

impl ProjectFolder {
    /// Opens `folder`; `None` if there is none.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn open(folder: &Path) -> Result<Option<Self>, String> {
        let folder = match top(folder) {
            Ok(folder) => folder,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(errno) => return Err(io::Error::from(errno).to_string()),
        };
        let found =
            rustix::fs::fstat(&folder).map_err(|errno| io::Error::from(errno).to_string())?;
        let owners = [rustix::process::geteuid().as_raw(), found.st_uid, 0];
        Ok(Some(Self { folder, owners }))
    }

    /// Opens the regular file `path` below it; `None` if there is none.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn open_file(&self, path: &Path) -> Result<Option<File>, String> {
        Ok(self.open_with_length(path)?.map(|(file, _)| file))
    }

    fn open_with_length(&self, path: &Path) -> Result<Option<(File, u64)>, String> {
        let file: File = match open_below(&self.folder, path) {
            Ok(file) => file.into(),
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(Errno::XDEV | Errno::LOOP) => {
                return Err(
                    "it is a link that leads out of its folder; put the text itself there".into()
                );
            }
            Err(errno) => return Err(io::Error::from(errno).to_string()),
        };
        let found = file.metadata().map_err(|error| error.to_string())?;
        if !found.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        if !self.owners.contains(&found.uid()) {
            return Err("it belongs to another user".to_owned());
        }
        Ok(Some((file, found.len())))
    }

    /// The bytes of the file `path` below it; `None` if there is none.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read(&self, path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, String> {
        let Some((file, length)) = self.open_with_length(path)? else { return Ok(None) };
        read_whole(file, length, max_bytes).map(Some)
    }

    /// [`read`](Self::read) as text.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read_text(&self, path: &Path, max_bytes: u64) -> Result<Option<String>, String> {
        text(self.read(path, max_bytes)?)
    }
}

/// Opens the regular file `path` below `folder`; `None` if there is none.
///
/// # Errors
/// Why it cannot be used.
pub fn open_file(folder: &Path, path: &Path) -> Result<Option<File>, String> {
    match ProjectFolder::open(folder)? {
        Some(folder) => folder.open_file(path),
        None => Ok(None),
    }
}

/// The bytes of the file `path` below `folder`; `None` if there is none.
///
/// # Errors
/// Why it cannot be used.
pub fn read(folder: &Path, path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, String> {
    match ProjectFolder::open(folder)? {
        Some(folder) => folder.read(path, max_bytes),
        None => Ok(None),
    }
}

/// The bytes of a regular file, which has `length` of them as the system reports.
///
/// # Errors
/// The error of the system, or that there are more than `max_bytes`.
pub fn read_whole(file: File, length: u64, max_bytes: u64) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| error.to_string();
    // Room for the whole and one byte more, so that one read finds its end.
    let room = length.min(max_bytes).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
    let asked = bytes.capacity();
    let read = rustix::io::retry_on_intr(|| {
        rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))
    });
    if read.map_err(|errno| failed(errno.into()))? == asked {
        // It has grown, or the system does not tell its length.
        file.take((max_bytes + 1).saturating_sub(bytes.len() as u64))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > max_bytes {
        return Err(format!("it is longer than {max_bytes} bytes"));
    }
    Ok(bytes)
}

/// Whether there is a regular file `path` below `folder`, to which no link leads from outside.
pub fn is_file(folder: &Path, path: &Path) -> bool {
    let file = open(folder, path).map(File::from);
    file.is_ok_and(|file| file.metadata().is_ok_and(|found| found.is_file()))
}

/// [`read`] as text.
///
/// # Errors
/// Why it cannot be used.
pub fn read_text(folder: &Path, path: &Path, max_bytes: u64) -> Result<Option<String>, String> {
    text(read(folder, path, max_bytes)?)
}

/// A FIFO must not block.
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn text(bytes: Option<Vec<u8>>) -> Result<Option<String>, String> {
    bytes.map(String::from_utf8).transpose().map_err(|_| "it is not UTF-8".to_owned())
}

fn open(folder: &Path, path: &Path) -> Result<OwnedFd, Errno> {
    open_below(&top(folder)?, path)
}

fn top(folder: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(folder, OFlags::DIRECTORY | FLAGS, Mode::empty())
}

fn open_below(top: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        // Links inside are harmless, and `AGENTS.md` often is one.
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(top, path, FLAGS, Mode::empty(), inside) {
            // Linux before 5.6, or a filter of system calls.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    open_without_links(top, path)
}

/// Follows no link at all.
fn open_without_links(top: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let mut at = top.try_clone().map_err(|_| Errno::MFILE)?;
    for part in path.components() {
        let Component::Normal(name) = part else { return Err(Errno::XDEV) };
        at = rustix::fs::openat(&at, name, FLAGS | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_that_lead_out_devices_and_endless_files_are_refused() {
        let (project, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| project.path().join(name);
        std::fs::write(outside.path().join("key"), "secret").unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("sub/text"), "text").unwrap();
        symlink(outside.path().join("key"), at("absolute")).unwrap();
        let up = Path::new("..").join(outside.path().file_name().unwrap()).join("key");
        symlink(up, at("relative")).unwrap();
        symlink(outside.path(), at("folder")).unwrap();
        symlink("/proc/self/environ", at("environ")).unwrap();
        symlink("/proc/self/fd/0", at("magic")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        symlink("loop", at("loop")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), Mode::RWXU).unwrap();
        std::fs::File::create(at("sparse")).unwrap().set_len(1 << 30).unwrap();
        for name in [
            "absolute",
            "relative",
            "folder/key",
            "environ",
            "magic",
            "zero",
            "loop",
            "fifo",
            "sparse",
            "sub",
        ] {
            let read = read(project.path(), Path::new(name), 100);
            assert!(read.is_err(), "{name}: {read:?}");
        }
        symlink("sub/text", at("inside")).unwrap();
        for name in ["inside", "sub/text"] {
            let text = read_text(project.path(), Path::new(name), 4).unwrap();
            assert_eq!(text.as_deref(), Some("text"), "{name}");
        }
        assert_eq!(read(project.path(), Path::new("none/at/all"), 4), Ok(None));
        std::fs::write(at("empty"), "").unwrap();
        assert_eq!(read(project.path(), Path::new("empty"), 4), Ok(Some(Vec::new())));
        // Files whose length the system gives as 0.
        let release = std::fs::read("/proc/sys/kernel/osrelease").ok();
        if let Some(release) = release {
            let found = read(Path::new("/proc/sys/kernel"), Path::new("osrelease"), 1000);
            assert_eq!(found, Ok(Some(release)));
        }
    }

    #[test]
    fn older_kernels_follow_no_link() {
        let project = tempfile::tempdir().unwrap();
        std::fs::create_dir(project.path().join("sub")).unwrap();
        std::fs::write(project.path().join("sub/text"), "text").unwrap();
        symlink("sub/text", project.path().join("link")).unwrap();
        symlink("sub", project.path().join("folder")).unwrap();
        let open = |name: &str| {
            let top = rustix::fs::open(project.path(), OFlags::DIRECTORY | FLAGS, Mode::empty());
            open_without_links(&top.unwrap(), Path::new(name)).is_ok()
        };
        assert!(open("sub/text") && !open("link") && !open("folder/text") && !open("../x"));
    }
}
