//! The sandbox of Linux: namespaces, mounts, and no way to gain privileges.

mod layout;
mod namespaces;
mod step;

use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::Pid;

use super::{Layout, Refusal};
use crate::{Error, ErrorKind};
use namespaces::{Namespaces, Refused};
use step::Step;

/// What confines the processes of a view.
#[derive(Debug)]
pub(super) struct Walls(Namespaces);

impl Walls {
    /// The names of what is in force.
    pub(super) const LAYERS: &'static [&'static str] = &[
        "user-namespace",
        "mount-namespace",
        "pid-namespace",
        "network-namespace",
        "ipc-namespace",
        "read-only-system",
        "masked-credentials",
        "no-new-privileges",
    ];

    /// Builds what `layout` says.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(super) fn build(layout: &Layout<'_>) -> Result<Self, Refusal> {
        let steps = layout::steps(layout, rustix::process::geteuid().is_root());
        let refused = match Namespaces::start(&steps) {
            Ok(namespaces) => return Ok(Self(namespaces)),
            Err(refused) => refused,
        };
        let (what, errno) = match refused {
            Refused::Namespaces(what, errno) => (what.to_owned(), errno),
            Refused::Step(index, errno) => match steps.get(index) {
                Some(Step::Overlay { slot: layout::ROOT, .. }) => return Err(Refusal::Overlay),
                Some(Step::Overlay { .. }) => return Err(Refusal::HomeOverlay),
                step => (step.map_or_else(|| "a step".to_owned(), Step::to_string), errno),
            },
        };
        Err(Refusal::Final(Error::new(
            ErrorKind::Sandbox,
            format!(
                "the sandbox cannot be made: the system refused {what} ({errno}); \
                 with `--sandbox off` tools run without it"
            ),
        )))
    }

    /// Kills all processes inside.
    pub(super) fn kill(&self) {
        self.0.kill();
    }

    /// Waits until all processes inside have ended.
    pub(super) fn wait(&self) {
        self.0.wait();
    }

    /// Starts `command` inside, in the folder `dir`.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn spawn(
        &self,
        command: &mut Command,
        dir: &Path,
    ) -> io::Result<(std::process::Child, Pid)> {
        let (from, to) = io::pipe()?;
        let dir = layout::c_path(dir);
        let (keeper, pid_to) = (self.0.as_fd().as_raw_fd(), to.as_raw_fd());
        let hook = move || {
            // SAFETY: the forked process has the descriptors of this one, where they are open
            // until `spawn` returns.
            let (keeper, pid_to) =
                unsafe { (BorrowedFd::borrow_raw(keeper), BorrowedFd::borrow_raw(pid_to)) };
            namespaces::enter(keeper, pid_to)?;
            rustix::process::setsid()?;
            rustix::process::chdir(&*dir)?;
            close_on_exec()
        };
        // SAFETY: the hook makes system calls only.
        let spawned = unsafe { command.pre_exec(hook) }.spawn();
        drop(to);
        let pid = pid_from(from);
        match (spawned, pid) {
            (Ok(mut between), Some(pid)) => {
                // `wait` would close it.
                let stdin = between.stdin.take();
                between.wait()?;
                between.stdin = stdin;
                Ok((between, pid))
            }
            (Ok(mut between), None) => {
                between.wait()?;
                Err(io::Error::other("the process ended before it started"))
            }
            (Err(error), pid) => {
                if let Some(pid) = pid {
                    // It reported its error and ends by itself.
                    let _ =
                        rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
                }
                Err(error)
            }
        }
    }
}

/// No descriptor but the three standard ones passes to a program, whoever opened it.
pub(super) fn close_on_exec() -> io::Result<()> {
    // SAFETY: marks descriptors; closes none.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn pid_from(mut pipe: PipeReader) -> Option<Pid> {
    let mut bytes = [0_u8; 4];
    pipe.read_exact(&mut bytes).ok()?;
    Pid::from_raw(i32::from_ne_bytes(bytes))
}
