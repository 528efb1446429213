//! What the tests of the view share.
#![allow(dead_code, missing_docs)] // each test crate uses a part

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use zerostack_workspace::ErrorKind;
use zerostack_workspace::sandbox::Program;
use zerostack_workspace::view::{View, ViewOptions};

/// Whether sandboxes can be made here; prints it loudly if not.
pub fn namespaces() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        match View::open(folder.path(), &ViewOptions::default()) {
            Ok(_) => true,
            Err(error) => {
                let unshare = Command::new("unshare").args(["-Urmnip", "--fork", "true"]).output();
                let possible = unshare.is_ok_and(|output| output.status.success());
                assert!(!possible, "namespaces work here, but: {error}");
                eprintln!("\n*** NOT TESTED: no sandbox can be made here: {error} ***\n");
                false
            }
        }
    })
}

/// A folder with files, removed on drop.
pub struct Project {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Project {
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project");
        fs::create_dir(&path).unwrap();
        for (name, text) in files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Self { _folder: folder, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap()
    }
}

/// What a script in a view did.
pub struct Ran(pub Output, String);

pub trait ErrorOrOutput {
    fn success(self) -> String;
    fn failure(self) -> String;
}

impl ErrorOrOutput for Ran {
    fn success(self) -> String {
        let stderr = String::from_utf8_lossy(&self.0.stderr);
        assert!(self.0.status.success(), "`{}` failed: {stderr}", self.1);
        String::from_utf8(self.0.stdout).unwrap()
    }

    fn failure(self) -> String {
        assert!(!self.0.status.success(), "`{}` worked", self.1);
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// Runs `script` with bash in `view`.
pub fn run(view: &View, script: &str) -> Ran {
    let mut program = Program::new("bash");
    program.arg("-c").arg(script);
    let mut child = view.spawn(&program).unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::thread::spawn(move || {
        let mut stderr = Vec::new();
        err.read_to_end(&mut stderr).unwrap();
        stderr
    });
    let status = child.process().wait().unwrap();
    let mut stdout = Vec::new();
    out.read_to_end(&mut stdout).unwrap();
    Ran(Output { status, stdout, stderr: errors.join().unwrap() }, script.to_owned())
}

/// This test program again, as a process that does nothing but run `script` in a view of
/// `folder`. The crate calls [`drive`] in a test named `driver`.
pub fn driver(folder: &Path, script: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "driver", "--nocapture", "--test-threads=1"]);
    command.env("DRIVER_FOLDER", folder).env("DRIVER_SCRIPT", script);
    command
}

/// The mark before the output of a driver's script.
pub const DRIVEN: &str = "the output of the script:\n";

/// The other end of [`driver`]; ends the process with the exit code of the error, if any.
pub fn drive() {
    let (Some(folder), Ok(script)) =
        (std::env::var_os("DRIVER_FOLDER"), std::env::var("DRIVER_SCRIPT"))
    else {
        return;
    };
    let scratch = std::env::var_os("DRIVER_SCRATCH").map(PathBuf::from);
    match View::open(folder.as_ref(), &ViewOptions { scratch, ..ViewOptions::default() }) {
        Ok(view) => {
            let ran = run(&view, &script).0;
            print!("{DRIVEN}{}", String::from_utf8_lossy(&ran.stdout));
            eprint!("{}", String::from_utf8_lossy(&ran.stderr));
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(if error.kind() == ErrorKind::Sandbox { NO_SANDBOX } else { 1 });
        }
    }
}

/// How [`drive`] ends where no sandbox can be made.
pub const NO_SANDBOX: i32 = 44;

/// A name for processes that no other test uses.
pub fn mark() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("mark-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns when exactly `count` processes have the name `mark`.
pub fn await_processes(mark: &str, count: usize) {
    await_that(mark, |marked| marked == count);
}

/// Returns when a process has the name `mark`.
pub fn await_at_least_one_process(mark: &str) {
    await_that(mark, |marked| marked > 0);
}

fn await_that(mark: &str, is_so: impl Fn(usize) -> bool) {
    // So that a defect fails and does not hang.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so(marked(mark)) {
        assert!(std::time::Instant::now() < end, "{} processes are named {mark}", marked(mark));
        std::thread::yield_now();
    }
}

fn marked(mark: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let of = |path: PathBuf| fs::read(path.join("cmdline")).unwrap_or_default();
    processes.filter(|process| of(process.path()).starts_with(mark.as_bytes())).count()
}
