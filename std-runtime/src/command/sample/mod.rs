//! `zerostack try`: a run over a small sample project, with a scripted provider on loopback
//! when no model is configured.
//!
//! The provider is the only thing that is scripted: requests, streams, tool processes, view and
//! patch are those of any run.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use crate::command::print::tell;
use crate::provider::{Config, Flags, is_configured};
use crate::{Error, ErrorKind, Result};

/// The instruction of the sample's user.
pub(super) const TASK: &str = "Make `sh test.sh` pass.";

/// The sample project in its own folder, which is removed with it.
pub(super) struct Sample {
    folder: tempfile::TempDir,
    /// Locked while this lives; the lock of a killed process is gone.
    _lock: Option<File>,
    provider: std::sync::OnceLock<Scripted>,
}

impl Sample {
    /// Writes the project.
    pub(super) fn create() -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Input, format!("cannot write the sample project: {error}"))
        };
        sweep(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().map_err(failed)?;
        // Without locks, the sample of a killed process is not removed.
        let lock = lock(folder.path());
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).map_err(failed)?;
        }
        Ok(Self { folder, _lock: lock, provider: std::sync::OnceLock::new() })
    }

    /// Its path.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The model of the user, or the scripted provider if there is none.
    pub(super) fn model(&self, flags: Flags, folder: &Path) -> Result<Flags> {
        let env = crate::agent::variable;
        let config = Config::load(&env, folder)?;
        if is_configured(&flags, &env, &config.providers)? {
            return Ok(flags);
        }
        let provider = Scripted::start(script())?;
        tell(&format_args!(
            "no model is configured, so a scripted provider on {} plays one; all else of this \
             run is real",
            provider.base_url()
        ));
        let base_url = Some(provider.base_url());
        self.provider.get_or_init(|| provider);
        Ok(Flags { base_url, model: Some("scripted".to_owned()), ..Flags::default() })
    }
}

const PREFIX: &str = "zerostack-try-";

/// The folder, locked; `None` if it is locked already, is not a folder or belongs to another user.
fn lock(folder: &Path) -> Option<File> {
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW;
    let flags = flags | rustix::fs::OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, rustix::fs::Mode::empty()).ok()?;
    let file = File::from(opened);
    let is_own = file.metadata().ok()?.uid() == rustix::process::geteuid().as_raw();
    let lock = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    (is_own && rustix::fs::flock(&file, lock).is_ok()).then_some(file)
}

/// Removes the samples of processes that were killed.
fn sweep(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_sample = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // A new one is not locked yet.
        let is_old = entry.metadata().and_then(|it| it.modified()).is_ok_and(|modified| {
            modified.elapsed().is_ok_and(|age| age > Duration::from_secs(10))
        });
        if is_sample
            && is_old
            && let Some(_lock) = lock(&entry.path())
        {
            // A sample that cannot be removed is left for the next time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

const FILES: [(&str, &str); 3] = [
    ("fizzbuzz.sh", include_str!("fizzbuzz.sh")),
    ("test.sh", include_str!("test.sh")),
    ("README.md", include_str!("README.md")),
];

/// The replies of the model: it reads, changes, checks and reports.
fn script() -> Script {
    let look = Reply::new()
        .text("I will run the test and read the script.")
        .call("bash", json!({"command": "sh test.sh"}))
        .call("read", json!({"path": "fizzbuzz.sh"}));
    let change = Reply::new().call(
        "edit",
        json!({"path": "fizzbuzz.sh", "edits": [{
            "old": "    if [ $((i % 3)) -eq 0 ]; then\n",
            "new": "    if [ $((i % 15)) -eq 0 ]; then\n        echo FizzBuzz\n    elif [ $((i % 3)) -eq 0 ]; then\n",
        }]}),
    );
    let check = Reply::new().call("bash", json!({"command": "sh test.sh"}));
    let told = "The test failed at 15: multiples of 3 were taken before multiples of 15. \
                fizzbuzz.sh now asks for 15 first, and `sh test.sh` passes.";
    Script::new().reply(look).reply(change).reply(check).text(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_killed_processes_are_swept_and_others_are_not() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(60);
        for name in ["zerostack-try-dead", "zerostack-try-live", "zerostack-try-new", "other"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("file"), "").unwrap();
            if name != "zerostack-try-new" {
                File::open(at(name)).unwrap().set_modified(long_ago).unwrap();
            }
        }
        std::os::unix::fs::symlink(at("other"), at("zerostack-try-link")).unwrap();
        let _live = lock(&at("zerostack-try-live")).unwrap();
        sweep(place.path());
        assert!(!at("zerostack-try-dead").exists());
        for name in ["zerostack-try-live/file", "zerostack-try-new/file", "other/file"] {
            assert!(at(name).exists(), "{name}");
        }
    }
}
