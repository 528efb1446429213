//! This process: what it inherited from its parent, and its descendants.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Signal};

/// Makes the process of a command independent of its parent's settings.
///
/// Supervisors start programs with SIGCHLD ignored, and no exit status could be read then, or with
/// signals blocked, and the end of a command would go unnoticed. Beyond
/// the limit of a file's size SIGXFSZ would end the process silently; with a handler the
/// write fails. A handler, unlike an ignored signal, is not passed on to the programs it starts.
pub fn settle() {
    // A heap per thread is for programs with busy threads; these threads only wait.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets a number of the allocator.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
    #[cfg(target_os = "linux")]
    divide_code();
    unblock_signals();
    let (chld, xfsz) = (signal_hook::consts::SIGCHLD, signal_hook::consts::SIGXFSZ);
    if is_ignored(chld) {
        // An error means that the system does not let it be handled, and then nothing is lost.
        let _ = signal_hook::flag::register(chld, Arc::new(AtomicBool::new(false)));
    }
    let _ = signal_hook::flag::register(xfsz, Arc::new(AtomicBool::new(false)));
    // A core of this process would hold the key; one of a tool would become a file of the patch,
    // and no tool may raise the limit again. Linux writes no file below one page, and starts no
    // program for the core at exactly 1, where 0 would start it.
    let most = Some(u64::from(cfg!(target_os = "linux")));
    let none = rustix::process::Rlimit { current: most, maximum: most };
    // It can only fail where the limit is lower already.
    let _ = rustix::process::setrlimit(Resource::Core, none);
}

fn unblock_signals() {
    // SAFETY: all-zero bytes are a valid set, which is emptied before it is used.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Whether `signal` was ignored when this process started, and nothing has changed that.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: all-zero bytes are a valid `sigaction`; without a new action the call only writes
    // the old one to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Keeps other processes of the user away from the memory and the descriptors of this one, and
/// its memory out of every core.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    // Nothing depends on it but secrecy.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Opens them again, before another view is made and while no tool runs.
pub fn show_memory() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
}

/// Gives back the pages of the program's code and constants that were touched so far; what is used
/// again is mapped again, from the system's cache of files. For the beginning of a wait and of a phase that calls
/// other functions than the one before it. Makes one system call.
pub fn release_code() {
    #[cfg(target_os = "linux")]
    {
        let (start, length) = code();
        // SAFETY: nobody writes to these pages, so they are read from the file again as they were.
        unsafe { libc::madvise(start.cast(), length, libc::MADV_DONTNEED) };
    }
}

/// Divides the mapping of the program's code and constants into pieces. Since Linux 6.18 a page fault maps
/// all pages of the program that lie in one block of the system's cache, as far as the mapping reaches, and
/// such a block has up to two megabytes: a tool that runs a hundredth of the program would take half of it.
#[cfg(target_os = "linux")]
fn divide_code() {
    if !crate::kernel::is_linux(6, 18) {
        return;
    }
    let (start, length) = code();
    let first = start.addr().next_multiple_of(CODE_PIECE) - start.addr();
    for at in (first..length).step_by(2 * CODE_PIECE) {
        let piece = CODE_PIECE.min(length - at);
        // SAFETY: what is mapped does not change. The flag is for core files, which are off; it
        // divides because neighbours that differ in it cannot be one mapping.
        unsafe { libc::madvise(start.wrapping_add(at).cast(), piece, libc::MADV_DONTDUMP) };
    }
}

/// Larger ones save little memory, and smaller ones cost more than they save: 3 µs each.
#[cfg(target_os = "linux")]
const CODE_PIECE: usize = 256 * 1024;

/// Where the program's code and constants begin, and their length.
#[cfg(target_os = "linux")]
fn code() -> (*mut u8, usize) {
    unsafe extern "C" {
        // Between these symbols the linker puts only what nobody writes to.
        static __executable_start: u8;
        static etext: u8;
    }
    let (start, end) = (&raw const __executable_start, &raw const etext);
    (start.cast_mut(), end.addr().saturating_sub(start.addr()))
}

/// Makes descendants that lose their parent children of this process.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Asks for SIGTERM when the process that started this one ends.
#[cfg(target_os = "linux")]
pub fn end_with_parent() {
    let parent = rustix::process::getppid();
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    if rustix::process::getppid() != parent {
        // It has ended meanwhile.
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::TERM);
    }
}

/// Closes stdout and stderr, and no longer ends with the thread that started this process.
///
/// # Errors
/// The error of the system.
pub fn close_output() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(None)?;
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(())
}

/// Makes `folder` the working folder of this thread and of those that it starts, but not of the
/// process.
#[cfg(target_os = "linux")]
pub fn enter_alone(folder: &Path) -> io::Result<()> {
    // SAFETY: this flag gives the thread its own working folder, root and umask and takes nothing
    // away that code relies on.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FS) }?;
    Ok(rustix::process::chdir(folder)?)
}

/// Is refused: only Linux can do this.
#[cfg(not(target_os = "linux"))]
pub fn enter_alone(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does nothing: only Linux can do this.
#[cfg(not(target_os = "linux"))]
pub fn adopt_orphans() {}

/// Does nothing: only Linux can do this.
#[cfg(not(target_os = "linux"))]
pub fn end_with_parent() {}

/// Whether there is a process with this number; also `false` for what is none.
pub fn exists(pid: i32) -> bool {
    let pid = Pid::from_raw(pid);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(Errno::SRCH))
}

/// All processes below `pid`, as the system reports.
pub fn below(pid: Pid) -> Vec<Pid> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        next += 1;
        found.extend(children(pid));
    }
    found.split_off(1)
}

/// The children of `pid`, those that have ended and were not waited for too.
pub fn children(pid: Pid) -> Vec<Pid> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads
        .flatten()
        .map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let pids = lists.flat_map(|list| {
        let pids = list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        pids.collect::<Vec<_>>()
    });
    pids.collect()
}

/// Kills all processes below this one and waits for their end, as long as it takes the system to
/// end them.
pub fn end_all_below() {
    let own = rustix::process::getpid();
    for round in 0..END_ROUNDS {
        let left = below(own);
        if left.is_empty() {
            return;
        }
        for pid in left {
            // An error means that it has ended meanwhile.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        for pid in children(own) {
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
        }
        if round > 1 {
            std::thread::sleep(END_PAUSE);
        }
    }
}

/// A killed process may have started another just before, and may need time to end.
const END_ROUNDS: u32 = 500;
const END_PAUSE: std::time::Duration = std::time::Duration::from_millis(2);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_divided_where_a_page_fault_maps_much_of_it() {
        let pieces = || {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let exe = std::env::current_exe().unwrap();
            maps.lines().filter(|line| line.ends_with(exe.to_str().unwrap())).count()
        };
        let (before, (_, length)) = (pieces(), code());
        divide_code();
        match crate::kernel::is_linux(6, 18) {
            true => assert!(pieces() >= before + length / CODE_PIECE - 2, "{}", pieces()),
            false => assert_eq!(pieces(), before),
        }
        // What was touched is still there, and what was not can be.
        release_code();
        divide_code();
    }
}
