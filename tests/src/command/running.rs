//! A run in progress, and what is true of each at its end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr};

use rustix::process::{Pid, Signal};

use super::{Done, KEY, Place, Tree, tree, until};

/// A run that goes on.
pub struct Running<'p> {
    place: &'p Place,
    child: Child,
    /// The project, if the run must not change it.
    before: Option<Tree>,
    /// It may leave files.
    leaves: bool,
    stderr: BufReader<ChildStderr>,
    /// What of stderr was read already.
    errors: Vec<u8>,
}

impl<'p> Running<'p> {
    pub(super) fn new(
        place: &'p Place,
        mut child: Child,
        before: Option<Tree>,
        leaves: bool,
    ) -> Self {
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { place, child, before, leaves, stderr, errors: Vec::new() }
    }

    /// Waits until a line with `part` has come on stderr.
    ///
    /// # Panics
    /// When stderr ends without.
    pub fn wait_for(&mut self, part: &str) {
        loop {
            let start = self.errors.len();
            let count = self.stderr.read_until(b'\n', &mut self.errors).unwrap();
            let line = String::from_utf8_lossy(&self.errors[start..]);
            if line.contains(part) {
                return;
            }
            assert!(count > 0, "no {part:?} in {}", String::from_utf8_lossy(&self.errors));
        }
    }

    /// The most memory that the process had so far, in KiB; what it started is not counted.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Whether a process of this run has `part` in its command line, see [`Place::has_process`].
    pub fn has_process(&self, part: &str) -> bool {
        self.place.has_process(part)
    }

    /// Waits until the process handles `signal` in its own way.
    ///
    /// # Panics
    /// When it does not.
    pub fn until_it_catches(&self, signal: Signal) {
        let path = format!("/proc/{}/status", self.child.id());
        let bit = 1_u64 << (signal.as_raw() - 1);
        until("the signal handler", || {
            let status = fs::read_to_string(&path).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
            caught & bit != 0
        });
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Ends it by SIGKILL. What it leaves on the disk is for the next run to remove.
    ///
    /// # Panics
    /// When it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and checks what is true of every run.
    ///
    /// # Panics
    /// When something of it does not hold.
    pub fn end(mut self) -> Done {
        let pid = self.child.id();
        let stdout = self.child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.map(|mut stdout| stdout.read_to_end(&mut bytes)).transpose().unwrap();
            bytes
        });
        let mut errors = self.errors;
        self.stderr.read_to_end(&mut errors).unwrap();
        let status = self.child.wait().unwrap();
        let done = Done {
            code: status.code().or(status.signal().map(|signal| 128 + signal)).unwrap(),
            stdout: reader.join().unwrap(),
            stderr: String::from_utf8(errors).expect("stderr is for people"),
        };
        let place = self.place;
        let is_kept = self.before.is_none_or(|before| tree(&place.project()) == before);
        assert!(is_kept, "the project was changed: {done:?}");
        let left = if self.leaves { Vec::new() } else { place.scratch(pid) };
        assert_eq!(left, Vec::<PathBuf>::new(), "files are left: {}", done.stderr);
        assert!(!done.stderr.contains(KEY) && !done.text().contains(KEY), "the key: {done:?}");
        done
    }
}
