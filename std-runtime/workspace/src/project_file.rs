//! Files of a project that this process reads itself, outside of the sandbox.
//!
//! A project may come from anyone. So a link in it leads to nothing that is outside of it, a device
//! or FIFO is no file, a file of another user is not believed, and what is read is bounded.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The bytes of the file `path` below `folder`; `None` if there is none.
///
/// # Errors
/// Why it cannot be used.
pub fn read(folder: &Path, path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, String> {
    let file: File = match open(folder, path) {
        Ok(file) => file.into(),
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(Errno::XDEV | Errno::LOOP) => {
            return Err(
                "it is a link that leads out of its folder; put the text itself there".into()
            );
        }
        Err(errno) => return Err(io::Error::from(errno).to_string()),
    };
    let failed = |error: io::Error| error.to_string();
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let owner = std::fs::metadata(folder).map_err(failed)?.uid();
    let own = rustix::process::geteuid().as_raw();
    if ![own, owner, 0].contains(&found.uid()) {
        return Err("it belongs to another user".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("it is longer than {max_bytes} bytes"));
    }
    Ok(Some(bytes))
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
    let text = read(folder, path, max_bytes)?.map(String::from_utf8).transpose();
    text.map_err(|_| "it is not UTF-8".to_owned())
}

/// A FIFO must not block.
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn open(folder: &Path, path: &Path) -> Result<OwnedFd, Errno> {
    let top = rustix::fs::open(folder, OFlags::DIRECTORY | FLAGS, Mode::empty())?;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        // Links inside are harmless, and `AGENTS.md` often is one.
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&top, path, FLAGS, Mode::empty(), inside) {
            // Linux before 5.6, or a filter of system calls.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    open_without_links(top, path)
}

/// Follows no link at all.
fn open_without_links(top: OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let mut at = top;
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
            open_without_links(top.unwrap(), Path::new(name)).is_ok()
        };
        assert!(open("sub/text") && !open("link") && !open("folder/text") && !open("../x"));
    }
}
