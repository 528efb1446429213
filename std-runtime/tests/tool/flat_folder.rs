//! Memory does not grow with the number of files in a folder.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Read as _;

use serde_json::{Value, json};

use super::Folder;

/// The names alone take 5 MB; to hold each entry of its own took three times that.
const FILES: usize = 20_000;
const NAME_BYTES: usize = 250;

/// What a call may take in that folder above what it takes in a small one.
const MORE_KIB: u64 = 4 * 1024;

#[test]
fn a_call_in_a_folder_of_many_files_takes_no_more_memory_than_in_a_small_one() {
    // In memory: a disk takes a minute to make that many files.
    let quick =
        || Folder(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap());
    let (small, large) = (quick(), quick());
    let long = |name: &str| format!("{name:-<NAME_BYTES$}");
    let first = large.path(long("0"));
    File::create(&first).unwrap();
    for index in 1..FILES {
        fs::hard_link(&first, large.path(long(&index.to_string()))).unwrap();
    }
    // They come last, so that all others are looked at, and are more than a pipe holds.
    for index in 0..60 {
        let (name, text) = (long(&format!("z{index}")), "a needle\n");
        small.file(&name, text);
        large.file(&name, text);
    }
    for (tool, arguments) in [
        ("find", json!({"pattern": "z*"})),
        ("grep", json!({"pattern": "needle"})),
        ("list", json!({})),
    ] {
        let most = peak_kib(&small, tool, &arguments) + MORE_KIB;
        let peak = peak_kib(&large, tool, &arguments);
        assert!(peak <= most, "{tool} takes {peak} KiB, above {most}");
    }
}

/// The most memory that a call took until it wrote its result.
fn peak_kib(folder: &Folder, tool: &str, arguments: &Value) -> u64 {
    let mut child = folder.start(["tool", tool], arguments.to_string().as_bytes());
    let mut stdout = child.stdout.take().unwrap();
    // Once a byte of the result is there the work is done, and the process waits for us to take
    // the rest: it is longer than this.
    rustix::pipe::fcntl_setpipe_size(&stdout, 4096).unwrap();
    let mut result = vec![0];
    stdout.read_exact(&mut result).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    stdout.read_to_end(&mut result).unwrap();
    assert!(result.len() > 8192, "{tool}: {}", String::from_utf8_lossy(&result));
    assert!(child.wait().unwrap().success());
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap()
}
