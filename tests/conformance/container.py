"""container.py [seccomp] [proc] [user] -- COMMAND: runs a command as Docker does by its defaults.

seccomp: the calls that Docker's default profile refuses without CAP_SYS_ADMIN fail with EPERM, clone3 with ENOSYS.
proc: /proc and /sys are masked and read-only where Docker does so. user: the command is not root's. x86-64.
"""

import ctypes
import os
import struct
import sys

MASKED_FILES = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats"]
MASKED_FOLDERS = ["/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware", "/sys/devices/virtual/powercap"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap
CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}
REFUSED = {
    "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "pivot_root": 155, "keyctl": 250, "add_key": 248,
    "request_key": 249, "bpf": 321, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "open_tree": 428,
    "move_mount": 429, "mount_setattr": 442, "perf_event_open": 298, "userfaultfd": 323, "quotactl": 179,
    "quotactl_fd": 443, "reboot": 169, "swapon": 167, "swapoff": 168, "init_module": 175, "finit_module": 313,
    "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "syslog": 103, "sethostname": 170,
    "setdomainname": 171, "settimeofday": 164, "clock_settime": 227, "acct": 163, "iopl": 172, "ioperm": 173,
    "fanotify_init": 300, "open_by_handle_at": 304, "vhangup": 153, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "get_mempolicy": 239, "set_mempolicy": 238, "mbind": 237, "migrate_pages": 256,
}
CLONE, CLONE3, PERSONALITY = 56, 435, 135
NAMESPACES = 0x7E020000

libc = ctypes.CDLL(None, use_errno=True)


def call(result, what):
    if result != 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def mask():
    call(libc.unshare(0x20000), "unshare")
    call(libc.mount(None, b"/", None, 0x44000, None), "private")
    for path in filter(os.path.exists, MASKED_FILES):
        call(libc.mount(b"/dev/null", path.encode(), None, 0x1000, None), path)
    for path in filter(os.path.isdir, MASKED_FOLDERS):
        call(libc.mount(b"tmpfs", path.encode(), b"tmpfs", 1, b"size=0"), path)
    for path in filter(os.path.exists, READ_ONLY):
        call(libc.mount(path.encode(), path.encode(), None, 0x5000, None), path)
        call(libc.mount(None, path.encode(), None, 0x1000 | 0x20 | 1, None), path)


def drop(user):
    for number in range(64):
        if number not in CAPABILITIES:
            libc.prctl(24, number, 0, 0, 0)
    if user:
        os.setgroups([])
        os.setgid(1)
        os.setuid(1)
    else:
        bits = sum(1 << number for number in CAPABILITIES)
        header = ctypes.create_string_buffer(struct.pack("II", 0x20080522, 0))
        sets = ctypes.create_string_buffer(struct.pack("IIIIII", bits, bits, 0, 0, 0, 0))
        call(libc.capset(header, sets), "capset")


def confine():
    def step(code, yes, no, k):
        return struct.pack("HBBI", code, yes, no, k)

    load, equal, any_of, give = 0x20, 0x15, 0x45, 0x06
    refused = sorted(REFUSED.values())
    steps = [step(load, 0, 0, 0), step(equal, 0, 1, CLONE3), step(give, 0, 0, 0x50000 | 38)]
    for number in refused:
        steps += [step(equal, 0, 1, number), step(give, 0, 0, 0x50001)]
    steps += [
        step(equal, 0, 3, CLONE),
        step(load, 0, 0, 16),
        step(any_of, 0, 1, NAMESPACES),
        step(give, 0, 0, 0x50001),
        step(give, 0, 0, 0x7FFF0000),
    ]
    code = ctypes.create_string_buffer(b"".join(steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    call(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    call(libc.prctl(22, 2, program, 0, 0), "seccomp")


how = sys.argv[1 : sys.argv.index("--")]
command = sys.argv[sys.argv.index("--") + 1 :]
if "proc" in how:
    mask()
if "capabilities" in how or "seccomp" in how:
    drop("user" in how)
if "seccomp" in how:
    confine()
os.execvp(command[0], command)
