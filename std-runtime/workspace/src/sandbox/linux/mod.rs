//! The sandbox of Linux: namespaces, mounts, and no way to gain privileges.

mod alone;
mod c_path;
mod errno;
mod layer;
mod layout;
mod namespaces;
mod overlay;
mod program;
mod run_folder;
mod sockets;
mod step;

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType,
};
use rustix::process::Pid;
use rustix::thread::ThreadNameSpaceType;

use super::{Executable, Layer, Layout, Network, Reads, Refusal, State};
use crate::{Error, ErrorKind};
pub(super) use alone::Alone;
use layer::{
    Absent, Cgroup, Keyring, LandlockFiles, LandlockScopes, Limits, Memory, NAMESPACES_AND_MOUNTS,
    Plan, Privileges, Processes, Seccomp, Sockets, Stage, network,
};
use namespaces::{KINDS, Namespaces, Refused};
pub(super) use overlay::{mount_of, mount_with_renames};
use sockets::Reach;
pub(super) use sockets::listening as listening_sockets;
use step::Step;

/// What confines the processes of a view.
#[derive(Debug)]
pub(super) struct Walls {
    namespaces: Namespaces,
    /// What a process takes on that reads the whole system.
    plan: Plan,
    /// The same for one that stays in the project, where the system can keep it there.
    inside: Option<Plan>,
    /// Whether all is hidden from those that do not.
    all_hidden: OnceLock<Result<(), Errno>>,
    reach: Reach,
    /// How those inside name the program of the tools.
    program: Option<PathBuf>,
    /// Its content, if its file could not be shown.
    _copy: Option<OwnedFd>,
    is_root: bool,
}

impl Walls {
    /// The layers that confine the processes, and the missing ones with the reason.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let made = NAMESPACES_AND_MOUNTS.map(Layer::in_force).into_iter();
        let kinds = self.namespaces.kinds();
        let network = network(kinds.contains(ThreadNameSpaceType::NETWORK));
        made.chain([network]).chain(self.plan.layers()).collect()
    }

    /// Builds `layout`; returns the socket for the proxy, if one is needed.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(super) fn build(
        layout: &Layout<'_>,
        executable: Option<&Executable>,
    ) -> Result<(Self, Option<OwnedFd>), Refusal> {
        let seccomp = Seccomp::new(Sockets::Usual).map_err(|what| {
            let text = format!(
                "the sandbox cannot be made: the system has no {what}; \
                 with `--sandbox off` tools run without it"
            );
            Refusal::Final(Error::new(ErrorKind::Sandbox, text))
        })?;
        let is_root = rustix::process::geteuid().is_root();
        let path = executable.and_then(|executable| executable.path.as_deref());
        let mut steps = layout::steps(layout, path, is_root);
        let kinds = match layout.network {
            Network::On => KINDS.difference(ThreadNameSpaceType::NETWORK),
            Network::Off | Network::Hosts(_) => KINDS,
        };
        let mut started = Namespaces::start(kinds, &steps);
        let mut is_shown = path.is_some();
        if let Err(Refused::Step(index, _)) = started
            && matches!(steps.get(index), Some(Step::Clone { slot: layout::PROGRAM, .. }))
        {
            is_shown = false;
            steps = layout::steps(layout, None, is_root);
            started = Namespaces::start(kinds, &steps);
        }
        let refused = match started {
            Ok((namespaces, listener)) => {
                let (program, copy) = match executable {
                    None => (None, None),
                    Some(_) if is_shown => {
                        let at = layout::PROGRAM_AT.to_bytes();
                        (Some(Path::new(OsStr::from_bytes(at)).to_owned()), None)
                    }
                    Some(executable) => {
                        let copy = program::sealed_copy(&executable.open).map_err(|error| {
                            let text =
                                format!("the program of the tools cannot be copied: {error}");
                            Refusal::Final(Error::new(ErrorKind::Sandbox, text))
                        })?;
                        (Some(format!("/proc/self/fd/{}", copy.as_raw_fd()).into()), Some(copy))
                    }
                };
                let reach = Reach::of(layout);
                let is_shared = *layout.network == Network::On;
                let files = LandlockFiles::of_writes(layout::writable(layout));
                let inside = files.as_ref().ok();
                let inside = inside.map(|files| files.and_reads(layout::readable(layout)));
                let absent = files.as_ref().err().map(|why| {
                    let (name, protects) = LandlockFiles::NAME;
                    Absent { name, protects, state: State::Missing(why.clone()) }
                });
                let common = Plan::default()
                    .with(Some(Memory))
                    .with(Some(Cgroup::probe()))
                    .with(Some(Privileges { drops_capabilities: true }))
                    .with(Some(Keyring))
                    .with(Some(Limits))
                    .with(Some(Processes::probe()));
                let scopes = || Some(LandlockScopes::probe(is_shared));
                let last = Some(seccomp);
                let plan = common.clone().with(absent).with(files.ok());
                let plan = plan.with(scopes()).with(last.clone());
                let inside = inside.map(|files| common.with(Some(files)).with(scopes()).with(last));
                let _copy = copy;
                let walls = Self {
                    namespaces,
                    plan,
                    inside,
                    all_hidden: OnceLock::new(),
                    reach,
                    program,
                    _copy,
                    is_root,
                };
                return Ok((walls, listener));
            }
            Err(refused) => refused,
        };
        let mut hint = "";
        let (what, errno) = match refused {
            Refused::Namespaces(what, errno) => (what.to_owned(), errno),
            Refused::Step(index, errno) => match steps.get(index) {
                Some(Step::Overlay { slot: layout::ROOT, .. }) => return Err(Refusal::Overlay(0)),
                Some(Step::Mounted { at, .. }) => {
                    let is_it = |folder: &super::Folder<'_>| c_path::c_path(folder.at) == *at;
                    return Err(Refusal::Overlay(layout.projects().position(is_it).unwrap_or(0)));
                }
                Some(Step::Overlay { slot, .. }) => {
                    let index = slot - layout::BESIDE;
                    return Err(match index.checked_sub(layout.also.len()) {
                        None => Refusal::Overlay(index + 1),
                        Some(index) => Refusal::BesideOverlay(index),
                    });
                }
                step => {
                    let is_proc =
                        matches!(step, Some(Step::Fresh { kind, .. }) if *kind == c"proc");
                    if is_proc && errno == Errno::PERM {
                        hint = "; in a container whose /proc is masked it does: start that with \
                                --security-opt systempaths=unconfined";
                    }
                    (step.map_or_else(|| "a step".to_owned(), Step::to_string), errno)
                }
            },
        };
        Err(Refusal::Final(Error::new(
            ErrorKind::Sandbox,
            format!(
                "the sandbox cannot be made: the system refused {what} ({errno}){hint}; with `--sandbox \
                 landlock` Landlock and seccomp alone confine tools, on a copy and without any \
                 network; with `--sandbox off` tools run without it"
            ),
        )))
    }

    /// Kills all processes inside.
    pub(super) fn kill(&self) {
        self.namespaces.kill();
    }

    /// Waits until all processes inside have ended.
    pub(super) fn wait(&self) {
        self.namespaces.wait();
    }

    /// How processes inside name the program of the tools.
    pub(super) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Whether a process can be kept to the project.
    pub(super) fn confines_reads(&self) -> bool {
        self.inside.is_some()
    }

    /// Starts `command` inside, in the folder `dir`, as the first process of its own pid namespace;
    /// everything that it starts ends with it.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn spawn(
        &self,
        command: &mut Command,
        dir: &Path,
        reads: Reads<'_>,
    ) -> io::Result<(std::process::Child, Pid)> {
        // The kernel reports the sender by its pid in this namespace.
        let (from, to) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        rustix::net::sockopt::set_socket_passcred(&from, true)?;
        let dir = c_path::c_path(dir);
        let (keeper, pid_to) = (self.namespaces.as_fd().as_raw_fd(), to.as_raw_fd());
        let kinds = self.namespaces.kinds();
        let proc_flags = layout::proc_flags(self.is_root);
        let plan = match (reads, &self.inside) {
            (Reads::Project, Some(inside)) => inside.clone(),
            (Reads::Project, None) => return Err(io::ErrorKind::Unsupported.into()),
            (Reads::System { hidden }, _) => {
                (*self.all_hidden.get_or_init(|| self.namespaces.hide(&layout::hides(hidden()))))?;
                self.plan.clone()
            }
        };
        let sockets = self.reach.new_sockets();
        let hook = move || {
            // SAFETY: the forked process has the descriptors of this one, where they are open
            // until `spawn` returns.
            let (keeper, pid_to) =
                unsafe { (BorrowedFd::borrow_raw(keeper), BorrowedFd::borrow_raw(pid_to)) };
            plan.apply(Stage::Outside)?;
            namespaces::enter((keeper, kinds), pid_to, proc_flags, &sockets)?;
            rustix::process::setsid()?;
            rustix::process::chdir(&*dir)?;
            close_on_exec()?;
            Ok(plan.apply(Stage::Inside)?)
        };
        // SAFETY: the hook makes system calls only.
        let spawned = unsafe { command.pre_exec(hook) }.spawn();
        drop(to);
        let [passing, pid] = pids_from(&from);
        if let Some(passing) = passing {
            // It made the one that runs the program, and ended.
            let _ = rustix::process::waitpid(Some(passing), rustix::process::WaitOptions::empty());
        }
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

/// Only the three standard descriptors pass to a program.
pub(super) fn close_on_exec() -> io::Result<()> {
    // SAFETY: marks descriptors; closes none.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    match errno::last_errno() {
        _ if result == 0 => Ok(()),
        // Linux before 5.11.
        Errno::NOSYS | Errno::INVAL | Errno::PERM => Ok(close_each_on_exec()?),
        errno => Err(errno.into()),
    }
}

/// As [`close_on_exec`], one by one. Allocates nothing.
fn close_each_on_exec() -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let list = rustix::fs::open(c"/proc/self/fd", flags, Mode::empty())?;
    let mut buffer = [std::mem::MaybeUninit::<u8>::uninit(); 2048];
    let mut entries = rustix::fs::RawDir::new(&list, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let number = entry.file_name().to_str().ok().and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|number: &RawFd| *number > 2) {
            // SAFETY: the system has just listed it, and this process has one thread.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            let flags = rustix::io::fcntl_getfd(descriptor)?;
            rustix::io::fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

/// The ids of the two processes that [`namespaces::enter`] makes, as they are here.
fn pids_from(socket: &OwnedFd) -> [Option<Pid>; 2] {
    let mut pids = [None; 2];
    loop {
        let mut sender = [0_u8; 1];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let message = rustix::net::recvmsg(
            socket,
            &mut [io::IoSliceMut::new(&mut sender)],
            &mut control,
            RecvFlags::empty(),
        );
        match message {
            Err(Errno::INTR) => continue,
            Ok(message) if message.bytes == 1 => {}
            _ => return pids,
        }
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmCredentials(credentials) = message
                && let Some(pid) = pids.get_mut(usize::from(sender[0]))
            {
                *pid = Some(credentials.pid);
            }
        }
    }
}
