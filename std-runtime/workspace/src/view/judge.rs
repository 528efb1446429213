//! git's verdict on a change, from its own sandbox: with the user's current folder, read-only, and
//! nothing that the tools left.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::repository::Checkout;
use super::surroundings::Surroundings;
use crate::sandbox::{Folder, Layout, Network, Program, Reads, Refusal, Sandbox, ToolHost, Writes};

/// The sandbox of git.
#[derive(Debug)]
pub(super) struct Judge {
    sandbox: Sandbox,
    /// /tmp of the sandbox, from outside.
    temporary: PathBuf,
}

/// The folder that git looks at.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) root: &'a Path,
    pub(super) checkout: Option<&'a Checkout>,
}

/// The output of git.
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) out: Vec<u8>,
    pub(super) errors: String,
}

impl Judge {
    /// A sandbox over `place`, with `temporary` as its /tmp. What is written goes to the folders
    /// `over` of an overlay, or nowhere.
    ///
    /// # Errors
    /// When no sandbox can be made here, or the disk refuses.
    pub(super) fn open(
        place: Place<'_>,
        temporary: PathBuf,
        around: &Surroundings,
        over: Option<&(PathBuf, PathBuf)>,
    ) -> io::Result<Self> {
        let Place { root, checkout } = place;
        let mut writes = match over {
            Some((upper, work)) => Writes::Over { upper, work },
            None => Writes::Nowhere,
        };
        loop {
            let (homes, mut beside) = around.folders();
            beside.extend(around.of_repository(checkout, root, None));
            let layout = Layout {
                root: Folder { at: root, writes },
                also: Vec::new(),
                homes,
                beside,
                temporary: &temporary,
                masked: &around.masked,
                reachable: &around.added,
                network: &Network::Off,
            };
            match Sandbox::build(&layout, &ToolHost::default()) {
                Ok(sandbox) => return Ok(Self { sandbox, temporary }),
                Err(Refusal::Overlay(_)) if matches!(writes, Writes::Over { .. }) => {
                    writes = Writes::Nowhere;
                }
                Err(refusal) => return Err(io::Error::other(format!("{refusal:?}"))),
            }
        }
    }

    /// /tmp of the sandbox, from outside.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Runs git in `root` with `input`.
    ///
    /// # Errors
    /// If there is no git, or its output is too long.
    pub(super) fn git(
        &self,
        root: &Path,
        env: &[(&str, &str)],
        args: &[&str],
        input: &[u8],
    ) -> io::Result<Said> {
        let mut program = Program::new("git");
        for arg in SETTINGS.iter().chain(args) {
            program.arg(*arg);
        }
        for (name, value) in COMMON.iter().chain(env) {
            program.env(*name, *value);
        }
        program.piped_input();
        let mut child = self
            .sandbox
            .spawn(&program, root, Path::new("/tmp"), Reads::System { hidden: &|| &[] })
            .map_err(|error| io::Error::other(error.to_string()))?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // If git ended early, it reports why.
                let _ = stdin.map(|mut stdin| stdin.write_all(input));
            });
            let errors = scope.spawn(move || {
                let mut errors = Vec::new();
                let _ = stderr.map(|stderr| stderr.take(ERRORS_BYTES).read_to_end(&mut errors));
                errors
            });
            let mut out = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(OUT_BYTES).read_to_end(&mut out)?;
            }
            if out.len() as u64 == OUT_BYTES {
                child.process().kill();
                return Err(io::Error::other("git prints too much"));
            }
            let status =
                child.process().wait().map_err(|error| io::Error::other(error.to_string()))?;
            let errors = errors.join().unwrap_or_default();
            let errors = String::from_utf8_lossy(&errors).into_owned();
            Ok(Said { success: status.success(), out, errors })
        })
    }

    /// Ends all processes in it.
    pub(super) fn end(&self) {
        self.sandbox.end();
    }
}

const SETTINGS: [&str; 8] = [
    "--literal-pathspecs",
    "--no-optional-locks",
    // Accept any owner of the files: nothing outside this sandbox can be affected.
    "-c",
    "safe.directory=*",
    // Programs that a repository names and that nothing here needs.
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
];

const COMMON: [(&str, &str); 3] =
    [("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_REPLACE_OBJECTS", "1"), ("LC_ALL", "C")];

/// The most that git may print: contents, and errors.
const OUT_BYTES: u64 = 1024 * 1024 * 1024;
const ERRORS_BYTES: u64 = 64 * 1024;
