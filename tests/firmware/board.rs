//! The boards: how their images are built, and how QEMU runs them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::bridge;
use crate::sizes::{check_heap, check_panics};

/// A machine of QEMU and what is built for it.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    pub name: &'static str,
    pub target: &'static str,
    pub features: &'static str,
    pub qemu: &'static [&'static str],
}

pub const AN386: Board = Board {
    name: "mps2-an386",
    target: "thumbv7em-none-eabihf",
    features: "mps2-an386",
    qemu: &["qemu-system-arm", "-M", "mps2-an386"],
};

pub const MICROBIT: Board = Board {
    name: "microbit",
    target: "thumbv6m-none-eabi",
    features: "microbit",
    qemu: &["qemu-system-arm", "-M", "microbit"],
};

/// The same with a quarter of its RAM: 4 KiB in all.
pub const TINY: Board = Board { name: "microbit-tiny", features: "microbit,tiny", ..MICROBIT };

pub const AN505: Board = Board {
    name: "mps2-an505",
    target: "thumbv8m.main-none-eabihf",
    features: "mps2-an505",
    qemu: &["qemu-system-arm", "-M", "mps2-an505"],
};

pub const RISCV: Board = Board {
    name: "riscv-virt",
    target: "riscv32imc-unknown-none-elf",
    features: "riscv-virt",
    qemu: &["qemu-system-riscv32", "-M", "virt", "-bios", "none"],
};

/// The first, for an image in C: the features are those of the C library.
pub const AN386_C: Board =
    Board { name: "mps2-an386-c", features: "panic-handler,openai-chat", ..AN386 };

/// The first with Ethernet.
pub const NETWORK: Board =
    Board { name: "mps2-an386-network", features: "mps2-an386,network", ..AN386 };

/// The first with a vocabulary in its flash.
pub const MEASURE: Board =
    Board { name: "mps2-an386-measure", features: "mps2-an386,measure", ..AN386 };

/// The same with the features `window` and `local-models`.
pub const EVERYTHING: Board =
    Board { name: "mps2-an386-everything", features: "mps2-an386,everything", ..AN386 };

/// The first with enough RAM and dialects for every shared vector.
pub const VECTORS: Board =
    Board { name: "mps2-an386-vectors", features: "mps2-an386,vectors", ..AN386 };

/// Where the image looks for the server's port.
const PORT_ADDRESS: u32 = 0x2001_0000;

/// What an image printed, and how it ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub lines: Vec<String>,
    pub stderr: String,
}

impl Done {
    /// The numbers that were printed with a name, the last of each.
    pub fn numbers(&self) -> BTreeMap<&str, u64> {
        let pairs = self.lines.iter().filter_map(|line| line.split_once(' '));
        pairs.filter_map(|(name, number)| Some((name, number.parse().ok()?))).collect()
    }

    /// All numbers whose names begin so, in their order.
    pub fn pairs(&self, prefix: &str) -> impl Iterator<Item = (String, u64)> {
        let pairs = self.lines.iter().filter_map(|line| line.split_once(' '));
        let pairs = pairs.filter(move |(name, _)| name.starts_with(prefix));
        pairs.filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?)))
    }

    /// The largest number of each name that begins so.
    pub fn deepest(&self, prefix: &str) -> BTreeMap<String, u64> {
        let mut deepest = BTreeMap::new();
        for (name, number) in self.pairs(prefix) {
            let most = deepest.entry(name).or_insert(number);
            *most = number.max(*most);
        }
        deepest
    }
}

impl Board {
    /// Builds an image, looks whether it could panic, and gives its file.
    pub fn build(self, image: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/firmware");
        let target = Target::lock();
        let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .current_dir(folder)
            .args(["build", "--release", "--quiet", "--locked", "--bin", image])
            .args(["--target", self.target, "--features", self.features])
            .arg("--target-dir")
            .arg(&target.folder)
            .env_remove("RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "{image} for {} does not build", self.name);
        let built = target.folder.join(self.target).join("release").join(image);
        let image = target.image(&format!("{}-{image}", self.name));
        fs::copy(built, &image).expect("the image was built");
        drop(target);
        if self.name != NETWORK.name {
            // smoltcp can panic.
            check_panics(&image);
        }
        check_heap(&image);
        image
    }

    /// Builds the C library and the C image, and looks whether it could panic. `None` without a C
    /// compiler for it.
    pub fn build_c(self) -> Option<PathBuf> {
        let compiler = "arm-none-eabi-gcc";
        if Command::new(compiler).arg("--version").output().is_err() {
            eprintln!("NOT RUN: {compiler} is missing, so there is no image in C");
            return None;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = Target::lock();
        let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .current_dir(&root)
            .args(["rustc", "--release", "--quiet", "--package", "zerostack-ffi", "--lib"])
            .args(["--target", self.target, "--crate-type", "staticlib", "--no-default-features"])
            .args(["--features", self.features, "--config", "profile.release.opt-level=\"z\""])
            .args(["--config", "profile.release.package.zerostack-core.opt-level=\"z\""])
            .arg("--target-dir")
            .arg(&target.folder)
            .env_remove("RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the C library for {} does not build", self.name);
        let image = target.image("agent-c");
        let done = Command::new(compiler)
            .current_dir(root.join("examples/firmware"))
            .args(["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os"])
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-ffunction-sections"])
            .args(["-fdata-sections", "-I../../ffi/include", "c/main.c", "c/board.c"])
            .arg(target.folder.join(self.target).join("release/libzerostack.a"))
            .args(["--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"])
            .args(["-T", "c/memory.ld", "-Wl,--gc-sections,--no-warnings", "-o"])
            .arg(&image)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "the C image does not build: {said}");
        check_panics(&image);
        check_heap(&image);
        Some(image)
    }

    /// Runs an image whose modem reaches `server`.
    pub fn run(self, image: &Path, server: SocketAddr) -> Done {
        let place = tempfile::tempdir().expect("a folder");
        let socket = place.path().join("serial");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let bridge = thread::spawn(move || {
            let (board, _) = listener.accept().expect("QEMU connects");
            bridge::serve(board, server)
        });
        let done = self.qemu(image, &["-serial", &format!("unix:{}", socket.display())]);
        // A QEMU that could not start leaves the bridge waiting for it.
        drop(UnixStream::connect(&socket));
        bridge.join().expect("the bridge stands").expect("the frames are right");
        done
    }

    /// Runs an image that reaches `server` over Ethernet and QEMU's user network.
    pub fn run_on_ethernet(self, image: &Path, server: SocketAddr) -> Done {
        let port = format!("loader,addr={PORT_ADDRESS:#x},data={},data-len=4", server.port());
        self.qemu(image, &["-nic", "user,model=lan9118", "-device", &port])
    }

    /// Runs an image with these options of QEMU more.
    pub fn qemu(self, image: &Path, options: &[&str]) -> Done {
        let output = Command::new("timeout")
            .args(["--kill-after=5", "300"])
            .args(self.qemu)
            .args(["-nographic", "-monitor", "none", "-kernel"])
            .arg(image)
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(options)
            .stdin(Stdio::null())
            .output()
            .expect("QEMU is installed");
        let text = String::from_utf8_lossy(&output.stdout);
        let done = Done {
            code: output.status.code(),
            lines: text.lines().map(|line| line.trim_end().to_owned()).collect(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        println!("{} on {}: {done:#?}", image.display(), self.name);
        done
    }
}

/// The target folder of all images, of `check.sh` and of the images in C, so that what they share is
/// built once. Features are no part of a file's name in it: one test builds at a time, and takes
/// its image away.
struct Target {
    folder: PathBuf,
    _lock: File,
}

impl Target {
    fn lock() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../firmware");
        fs::create_dir_all(folder.join("images")).expect("a folder");
        let lock = File::create(folder.join("images/lock")).expect("a file");
        lock.lock().expect("it can be locked");
        Self { folder, _lock: lock }
    }

    fn image(&self, name: &str) -> PathBuf {
        self.folder.join("images").join(name)
    }
}
