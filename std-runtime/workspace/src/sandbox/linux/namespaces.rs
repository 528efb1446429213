//! The namespaces of a view and the process that keeps them.
//!
//! The keeper is a fork of this process that never runs a program: it shares this process's memory,
//! mounts the layout, and then waits for the end of this process. As
//! the first process of its pid namespace it takes all others with it.

use std::fs;
use std::io::{IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use rustix::thread::ThreadNameSpaceType;

use super::errno::last_errno;
use super::step::{self, Hide, Step};
use crate::own_process;

/// A set of namespaces; ends with all its processes on drop.
#[derive(Debug)]
pub(super) struct Namespaces {
    keeper: Pid,
    pidfd: OwnedFd,
    kinds: ThreadNameSpaceType,
}

/// Which part the kernel refused, and why.
#[derive(Debug)]
pub(super) enum Refused {
    /// The namespaces themselves, or the mapping of users into them.
    Namespaces(&'static str, Errno),
    /// A step, by its index.
    Step(usize, Errno),
}

/// All kinds of namespaces that a view creates.
pub(super) const KINDS: ThreadNameSpaceType = ThreadNameSpaceType::USER
    .union(ThreadNameSpaceType::MOUNT)
    .union(ThreadNameSpaceType::PROCESS_ID)
    .union(ThreadNameSpaceType::NETWORK)
    .union(ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION)
    .union(ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME)
    .union(ThreadNameSpaceType::CONTROL_GROUP);

/// Sent by the keeper when all steps are taken.
const DONE: [u8; 8] = [0xff; 8];

impl Namespaces {
    /// Makes namespaces of these `kinds` and takes `steps` in them; the socket that one of these
    /// may have opened.
    pub(super) fn start(
        kinds: ThreadNameSpaceType,
        steps: &[Step],
    ) -> Result<(Self, Option<OwnedFd>), Refused> {
        let refused = |what| move |errno| Refused::Namespaces(what, errno);
        let (mut ours, theirs) = UnixStream::pair().map_err(|error| {
            Refused::Namespaces("a socket pair", Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        let parent = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())
            .map_err(refused("a pidfd"))?;
        let blocked = SignalsBlocked::new();
        // SAFETY: the child runs `keep` only, which neither allocates nor takes locks nor
        // returns, so it does not matter what other threads were doing.
        let forked = unsafe { clone_process(kinds.bits() as libc::c_int | libc::SIGCHLD) };
        if forked == Ok(None) {
            keep(steps, ours.as_raw_fd(), theirs.as_raw_fd(), parent.as_raw_fd());
        }
        drop(blocked);
        let keeper = forked
            .map_err(refused("user, mount, pid, network, ipc, uts and cgroup namespaces (clone)"))?
            .ok_or(Refused::Namespaces("clone", Errno::CHILD))?;
        drop(theirs);
        let pidfd = rustix::process::pidfd_open(keeper, PidfdFlags::empty());
        let namespaces = match pidfd {
            Ok(pidfd) => Self { keeper, pidfd, kinds },
            Err(errno) => {
                // Without this end of the socket the keeper ends by itself.
                drop(ours);
                let _ =
                    rustix::process::waitpid(Some(keeper), rustix::process::WaitOptions::empty());
                return Err(Refused::Namespaces("a pidfd", errno));
            }
        };
        map_users(keeper).map_err(refused("mapping users into the namespace"))?;
        let heard = ours.write_all(&[1]).ok().and_then(|()| receive(&mut ours));
        let Some((report, listener)) = heard else {
            return Err(Refused::Namespaces("the first process of the namespaces", Errno::CHILD));
        };
        if report == DONE {
            return Ok((namespaces, listener));
        }
        let [a, b, c, d, e, f, g, h] = report;
        let index = u32::from_ne_bytes([a, b, c, d]) as usize;
        let errno = Errno::from_raw_os_error(i32::from_ne_bytes([e, f, g, h]));
        Err(Refused::Step(index, errno))
    }

    /// Hides more from all processes that enter from here on.
    pub(super) fn hide(&self, hidden: &[Hide]) -> Result<(), Errno> {
        if hidden.is_empty() {
            return Ok(());
        }
        let blocked = SignalsBlocked::new();
        // SAFETY: the child makes system calls only and does not return.
        let forked = unsafe { clone_process(libc::SIGCHLD) };
        if forked == Ok(None) {
            let _end = EndOnUnwind;
            let kinds = ThreadNameSpaceType::USER | ThreadNameSpaceType::MOUNT;
            let hides = || {
                rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
                rustix::thread::move_into_thread_name_spaces(self.as_fd(), kinds)?;
                hidden.iter().try_for_each(Hide::take)
            };
            end(hides().err().map_or(0, |errno: Errno| errno.raw_os_error()));
        }
        drop(blocked);
        let child = forked?.ok_or(Errno::CHILD)?;
        loop {
            match rustix::process::waitpid(Some(child), rustix::process::WaitOptions::empty()) {
                Err(Errno::INTR) => {}
                ended => {
                    let code = ended?.and_then(|(_, status)| status.exit_status());
                    return match code {
                        Some(0) => Ok(()),
                        Some(code) => Err(Errno::from_raw_os_error(code)),
                        None => Err(Errno::CHILD),
                    };
                }
            }
        }
    }

    /// Names the namespaces for [`enter`].
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Which kinds there are.
    pub(super) fn kinds(&self) -> ThreadNameSpaceType {
        self.kinds
    }

    /// Kills all processes inside, at once and together.
    pub(super) fn kill(&self) {
        // An error means that it is already gone.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Waits until the keeper has ended, which it does as the last one inside.
    pub(super) fn wait(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(Errno::INTR) = rustix::process::waitid(WaitId::Pid(self.keeper), options) {}
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.kill();
        let options = rustix::process::WaitOptions::empty();
        while let Err(Errno::INTR) = rustix::process::waitpid(Some(self.keeper), options) {}
    }
}

/// Moves the calling process, which `std::process::Command` has just forked, into
/// the namespaces of `keeper`. It has the power to change them until it takes its layers on.
///
/// Only a new process can be in another pid namespace, and only one that is in the
/// keeper's can make one below it, so this forks twice:
///
/// ```text
/// forked by `Command`     in our pid namespace           exits
///   └─ passing            in the keeper's                exits
///        └─ the program   first process of its own, with a /proc of its own
/// ```
///
/// The kernel ends all processes of that last namespace with its first one, and waits for
/// them, so nothing that a call started outlives it. Both forks are ordinary children of this
/// process; each sends its number as a byte to `pid_to`, with which the kernel reports its pid.
/// `sockets` of processes outside are hidden.
///
/// Allocates nothing and takes no lock.
pub(super) fn enter(
    (keeper, kinds): (BorrowedFd<'_>, ThreadNameSpaceType),
    pid_to: BorrowedFd<'_>,
    proc_flags: MountFlags,
    sockets: &[Hide],
) -> Result<(), Errno> {
    // Until it runs the program this process has the parent's memory, which no process inside may read.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::move_into_thread_name_spaces(keeper, kinds)?;
    let own = libc::CLONE_NEWPID | libc::CLONE_NEWNS;
    for (number, flags) in [0, own].into_iter().enumerate() {
        // SAFETY: `enter` is called between fork and exec, under the same rules; the parent
        // side ends at once.
        if unsafe { clone_process(flags | libc::CLONE_PARENT | libc::SIGCHLD) }?.is_some() {
            // SAFETY: ends this process without running anything of the one it is a copy of.
            unsafe { libc::_exit(0) }
        }
        if rustix::io::write(pid_to, &[number as u8]) != Ok(1) {
            return Err(Errno::PIPE);
        }
    }
    rustix::mount::mount(c"proc", c"/proc", c"proc", proc_flags, c"")?;
    sockets.iter().try_for_each(Hide::take)
}

/// The life of the keeper.
fn keep(steps: &[Step], parents_end: RawFd, socket: RawFd, parent: RawFd) -> ! {
    let _end = EndOnUnwind;
    // SAFETY: this process is a copy; the original of the descriptor is closed by its owner
    // in the parent, and nothing here uses it. If it were open, the parent's death would go unnoticed.
    unsafe { libc::close(parents_end) };
    // SAFETY: stays open until `close_range` below and is not used after it.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    // This process has the parent's memory. Processes inside cannot read it, because it keeps all
    // capabilities of the namespace and they have fewer; the parent must be able to inspect it in
    // order to enter. It is out of reach of the terminal's keys.
    let _ = rustix::process::setsid();
    let mut go = [0_u8; 1];
    if rustix::io::read(socket, &mut go) != Ok(1) {
        end(1);
    }
    let mut report = DONE;
    let mut listener = None;
    match step::take(steps) {
        Ok(opened) => listener = opened,
        Err((index, errno)) => {
            let index = u32::try_from(index).unwrap_or(u32::MAX).to_ne_bytes();
            let errno = errno.raw_os_error().to_ne_bytes();
            for (to, from) in report.iter_mut().zip(index.into_iter().chain(errno)) {
                *to = from;
            }
        }
    }
    send(socket, &report, listener.as_ref());
    if report != DONE {
        end(1);
    }
    // Nothing that the parent has open may stay open because of this process.
    // SAFETY: moves a descriptor of this process to number 0 and closes all others; nothing
    // that owns one of them runs any more.
    unsafe {
        if libc::dup2(parent, 0) < 0 || libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0) != 0 {
            end(1);
        }
        // Orphans are reaped by the kernel.
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
    }
    // SAFETY: 0 is the pidfd of the parent from here on.
    let parent = unsafe { BorrowedFd::borrow_raw(0) };
    let _ = rustix::process::chdir(c"/");
    own_process::release_code();
    loop {
        // All signals are blocked, so this returns when the parent is dead.
        match rustix::event::poll(&mut [PollFd::from_borrowed_fd(parent, PollFlags::IN)], None) {
            Err(Errno::INTR) => {}
            _ => end(0),
        }
    }
}

/// Sends the report of the keeper, and a socket. Allocates nothing.
fn send(to: BorrowedFd<'_>, report: &[u8; 8], listener: Option<&OwnedFd>) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = listener.map(|listener| [listener.as_fd()]);
    if let Some(rights) = &rights {
        control.push(SendAncillaryMessage::ScmRights(rights));
    }
    // An error means that the parent is gone.
    let _ = rustix::net::sendmsg(to, &[IoSlice::new(report)], &mut control, SendFlags::empty());
}

/// Receives what [`send`] sent.
fn receive(from: &mut UnixStream) -> Option<([u8; 8], Option<OwnedFd>)> {
    let mut report = [0_u8; 8];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = loop {
        let mut buffer = [IoSliceMut::new(&mut report)];
        match rustix::net::recvmsg(&*from, &mut buffer, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            message => break message.ok()?,
        }
    };
    let listener = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    });
    match message.bytes {
        0 => None,
        bytes => from.read_exact(report.get_mut(bytes..)?).ok().map(|()| (report, listener)),
    }
}

/// Ends the keeper, and with it every process inside.
fn end(code: i32) -> ! {
    // SAFETY: no destructor of the copied process runs.
    unsafe { libc::_exit(code) }
}

/// Keeps a panic from running the parent's code in the keeper.
struct EndOnUnwind;

impl Drop for EndOnUnwind {
    fn drop(&mut self) {
        end(70);
    }
}

/// Forks with `flags`; `None` in the child.
///
/// # Safety
/// The child may only do what is allowed in a signal handler, until it ends or runs a program.
unsafe fn clone_process(flags: libc::c_int) -> Result<Option<Pid>, Errno> {
    // SAFETY: without CLONE_VM and with no stack of its own the child is a copy as fork makes
    // it; no argument but the flags is used, so their order, which differs between
    // architectures, does not matter.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags as libc::c_ulong, 0, 0, 0, 0) };
    if pid < 0 {
        return Err(last_errno());
    }
    Ok(Pid::from_raw(pid as i32))
}

/// No signal reaches this thread, nor a process that it forks, while this lives.
///
/// A handler of this process must not run in the keeper, and a signal sent to its process group
/// must not end it.
struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    fn new() -> Self {
        // SAFETY: all-zero bytes are a valid set, and both pointers are to sets.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one the kernel gave.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

/// Everyone keeps the ids they have outside.
fn map_users(keeper: Pid) -> Result<(), Errno> {
    let of = |name: &str| format!("/proc/{}/{name}", keeper.as_raw_nonzero());
    let write = |name: &str, text: &str| {
        fs::write(of(name), text).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    };
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    // Root may map all ids, and must: otherwise it could not change the files of other users in the view.
    if uid.is_root()
        && let (Ok(uids), Ok(gids)) = (identity("uid_map"), identity("gid_map"))
        && write("uid_map", &uids).is_ok()
    {
        return write("gid_map", &gids);
    }
    write("uid_map", &format!("{0} {0} 1", uid.as_raw()))?;
    write("setgroups", "deny")?;
    write("gid_map", &format!("{0} {0} 1", gid.as_raw()))
}

/// The ids known here, each mapped to itself.
fn identity(name: &str) -> std::io::Result<String> {
    let mut map = String::new();
    for line in fs::read_to_string(format!("/proc/self/{name}"))?.lines() {
        let mut fields = line.split_whitespace();
        if let (Some(first), _, Some(count)) = (fields.next(), fields.next(), fields.next()) {
            map.push_str(&format!("{first} {first} {count}\n"));
        }
    }
    Ok(map)
}
