//! The tools as a shell and a model see them: real processes in a real folder.

mod bash;
mod edit;
mod edit_properties;
mod find;
mod flat_folder;
mod grep;
mod invocation;
mod list;
mod read;
mod write;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use zerostack::tool::Output;

/// A folder of its own for each test, removed at its end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes a file, its folders included.
    fn file(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn bytes(&self, path: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// The names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, stdin: &[u8]) -> Child {
        let mut child = Command::new(env!("CARGO_BIN_EXE_zerostack"))
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        child
    }

    /// One call: exit code and result.
    fn invoke(&self, name: &str, stdin: &[u8]) -> (i32, Output) {
        let done = self.start(["tool", name], stdin).wait_with_output().unwrap();
        let text = std::str::from_utf8(&done.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "one line of JSON: {text}");
        (done.status.code().unwrap(), serde_json::from_str(text).unwrap())
    }

    /// A call that could be run.
    fn call(&self, name: &str, arguments: Value) -> Output {
        let (code, output) = self.invoke(name, arguments.to_string().as_bytes());
        assert_eq!(code, 0, "{output:?}");
        output
    }

    /// The content of a call that succeeded.
    #[track_caller]
    fn ok(&self, name: &str, arguments: Value) -> String {
        let output = self.call(name, arguments);
        assert!(!output.is_error, "{}", output.content);
        output.content
    }

    /// The message of a call that failed.
    #[track_caller]
    fn err(&self, name: &str, arguments: Value) -> String {
        let output = self.call(name, arguments);
        assert!(output.is_error, "{}", output.content);
        output.content
    }

    /// The anchors of a file's lines.
    fn anchors(&self, path: &str) -> Vec<String> {
        let content = self.ok("read", serde_json::json!({ "path": path }));
        let lines = content.lines().filter_map(|line| line.split_once('\t'));
        lines.map(|(anchor, _)| anchor.to_owned()).collect()
    }
}

#[track_caller]
fn assert_has(text: &str, part: &str) {
    assert!(text.contains(part), "no `{part}` in: {text}");
}
