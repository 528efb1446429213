//! System calls that a tool does not need, refused by the kernel.
//!
//! The mounts and namespaces confine what a process can reach; this keeps it away from the parts of
//! the kernel in which most vulnerabilities were found, and from creating namespaces. The list follows
//! those of container runtimes; each group states its purpose.

use std::collections::BTreeMap;

use rustix::io::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

use super::super::errno::last_errno;
use super::Layer;

/// Which sockets a process may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox::walls) enum Sockets {
    /// Those of this machine and of the network, which a namespace confines.
    Usual,
    /// Pairs only.
    None,
}

/// The filters, made before the process that they are for, which must not allocate.
#[derive(Clone, Debug)]
pub(in crate::sandbox::walls) struct Seccomp(Vec<BpfProgram>);

impl Seccomp {
    /// Translates the lists for the processor of this machine.
    ///
    /// # Errors
    /// What is missing: a processor that is not known, or a kernel without seccomp filters.
    pub(in crate::sandbox::walls) fn new(sockets: Sockets) -> Result<Self, String> {
        let errno = libc::SECCOMP_RET_ERRNO;
        // SAFETY: reads one number.
        let asked = unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const errno)
        };
        if asked != 0 {
            return Err(format!("seccomp filters ({})", last_errno()));
        }
        let denied = filter(denied(sockets), Errno::PERM)?;
        // The C library falls back to an older call when the kernel does not know these.
        let unknown = filter(unknown(), Errno::NOSYS)?;
        Ok(Self(vec![other_numbers(), denied, unknown]))
    }
}

impl Layer for Seccomp {
    fn name(&self) -> &'static str {
        "seccomp"
    }

    fn protects(&self) -> &'static str {
        "the parts of the kernel that no build needs"
    }

    /// The last one, for it refuses calls that the others need.
    fn apply(&self) -> Result<(), Errno> {
        for program in &self.0 {
            seccompiler::apply_filter(program).map_err(|_| last_errno())?;
        }
        Ok(())
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter(rules: Rules, errno: Errno) -> Result<BpfProgram, String> {
    let text = |error: &dyn std::fmt::Display| format!("seccomp filters: {error}");
    let processor = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| text(&error))?;
    let refuse = SeccompAction::Errno(errno.raw_os_error() as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, processor);
    filter.and_then(BpfProgram::try_from).map_err(|error| text(&error))
}

/// Refused whatever the arguments are, and with certain arguments.
fn denied(sockets: Sockets) -> Rules {
    let mut rules: Rules = DENIED.iter().map(|number| (*number, Vec::new())).collect();
    let same = |argument: u8, value: u64| {
        SeccompCondition::new(argument, Length::Dword, Compare::Eq, value).ok()
    };
    let has = |argument: u8, bit: u64| {
        SeccompCondition::new(argument, Length::Dword, Compare::MaskedEq(bit), bit).ok()
    };
    let rule = |conditions: Vec<Option<SeccompCondition>>| {
        let conditions: Option<Vec<_>> = conditions.into_iter().collect();
        SeccompRule::new(conditions?).ok()
    };
    // Namespaces: inside its own namespace a process has full power over it.
    for number in [libc::SYS_clone, libc::SYS_unshare] {
        let flags = NAMESPACES.iter().filter_map(|flag| rule(vec![has(0, *flag as u32 as u64)]));
        rules.insert(number, flags.collect());
    }
    // Typing into the terminal of the user.
    let typing = [TIOCSTI, TIOCLINUX, TIOCCONS];
    let typing = typing.iter().filter_map(|request| rule(vec![same(1, *request)]));
    rules.insert(libc::SYS_ioctl, typing.collect());
    // Other families than the usual ones: Bluetooth, packets, virtual machines, the kernel's keys.
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let others = families
        .map(|family| SeccompCondition::new(0, Length::Dword, Compare::Ne, family as u64).ok());
    let others: Vec<_> = rule(others.to_vec()).into_iter().collect();
    rules.insert(libc::SYS_socketpair, others.clone());
    rules.insert(libc::SYS_socket, if sockets == Sockets::None { Vec::new() } else { others });
    rules
}

fn unknown() -> Rules {
    UNKNOWN.iter().map(|number| (*number, Vec::new())).collect()
}

/// On x86-64 the numbers from 2^30 on are those of another set of calls, which the other filters
/// do not see.
fn other_numbers() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let refuse = libc::SECCOMP_RET_ERRNO | Errno::NOSYS.raw_os_error() as u32;
    vec![
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_IF_AT_LEAST, jt: 0, jf: 1, k: 0x4000_0000 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: refuse },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
    ]
}

const NAMESPACES: [libc::c_int; 8] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
    // CLONE_NEWTIME, for `unshare`; for `clone` the bit belongs to the signal, which is below it.
    0x80,
];

/// Puts a byte into the input of the terminal. `libc` declares it with another type for each C library.
const TIOCSTI: u64 = 0x5412;

/// Pastes the selection of the console, among others.
const TIOCLINUX: u64 = 0x541c;

/// Takes over the output of the console.
const TIOCCONS: u64 = 0x541d;

/// `libc` has no name for it yet.
const OPEN_TREE_ATTR: i64 = 467;

const DENIED: &[i64] = &[
    // Mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    // The namespaces of others.
    libc::SYS_setns,
    // Keys of the kernel, which no namespace separates.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // Large parts of the kernel that a build does not need.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    libc::SYS_reboot,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

const UNKNOWN: &[i64] = &[
    // Its flags are in memory, where a filter cannot look; `clone` does the same.
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];
