//! The tools a model works with, each call its own process.
//!
//! `zerostack tool NAME` reads the arguments as one JSON object from stdin and
//! writes one [`Output`] as JSON to stdout:
//!
//! ```console
//! $ echo '{"path":"src/main.rs"}' | zerostack tool read
//! {"content":"1jmj\tfn main() {\n...","is_error":false}
//! ```
//!
//! Paths are relative to the working folder. A fault that a tool finds is described in `content`
//! with `is_error`, for the model to act on, and the process exits with 0. An invocation that
//! cannot be used at all (unknown tool, wrong JSON, unknown or missing field, wrong type) gives the
//! same form and exits with 2.
//!
//! # Text
//! Results are UTF-8. Each maximal part of a file's or a command's bytes that is
//! not UTF-8 is shown as one U+FFFD, and `replaced` is `invalid_utf8`. Files
//! themselves are only ever changed as bytes.

#![forbid(unsafe_code)]

mod anchor;
mod bash;
mod edit;
mod error;
mod file;
mod find;
mod grep;
mod lenient;
mod list;
mod names;
pub mod outside;
pub mod patch;
mod read;
pub mod shown;
mod spec;
mod text;
mod walk;
mod wide;
mod write;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use zerostack_workspace::own_process;

pub use error::{Error, ErrorKind, Result};
pub use spec::specs;

/// The result of a tool call, in its form on stdout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text for the model.
    pub content: String,
    /// The call failed; `content` describes what to do next.
    pub is_error: bool,
    /// What was left out of `content`, which mentions it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
    /// How the text in `content` differs from the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// `read`: the file that is shown with `content`. Its bytes follow the line of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Shown>,
    /// `bash`: the exit status; absent when a signal ended the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// A file that is shown unchanged to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its media type: `image/png`.
    pub media_type: String,
    /// The name of the file.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its absolute path; absent in the result of a process.
    #[serde(skip)]
    pub path: PathBuf,
}

/// How much an [`Output`] leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncated {
    /// Bytes of the source that are not shown. 0 when the tool stopped early
    /// and does not know how much there would have been.
    pub bytes: u64,
}

/// A kind of replacement made in an [`Output`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaced {
    /// Bytes that are not UTF-8 are shown as U+FFFD.
    InvalidUtf8,
    /// NUL bytes, which many providers refuse, are shown as U+2400.
    Nul,
}

/// Runs the tool `name` as a process does: arguments from `stdin`, result to `stdout`.
///
/// The process must exist for this call alone: all processes below it end with the call.
///
/// A command that `bash` leaves in the background keeps the process after its result is written and
/// stdout closed, until it ends.
///
/// The exit code is 0 if the tool ran, even with `is_error`, 2 if the invocation cannot be used, 1
/// if the result could not be written.
pub fn main(name: &str, stdin: impl Read, mut stdout: impl Write) -> ExitCode {
    own_process::settle();
    // A program in `bash` must not be able to write to the pipe of the result, or to change the tool's program.
    own_process::hide_memory();
    if std::env::var_os(outside::PROJECT).is_some() {
        own_process::end_with_parent();
    }
    bash::own_process();
    let called = arguments(stdin).and_then(|arguments| call(name, &arguments));
    let (output, code) = match called {
        Ok(output) => (output, 0),
        Err(error) => (Output::error(error.to_string()), UNUSABLE),
    };
    let mut line = serde_json::to_vec(&output).expect("an Output has string keys only");
    line.push(b'\n');
    let written = stdout.write_all(&line).and_then(|()| match &output.attachment {
        Some(attachment) => shown::write(attachment, &mut stdout),
        None => stdout.flush(),
    });
    if written.is_err() {
        return ExitCode::FAILURE;
    }
    if bash::is_left() {
        drop(stdout);
        // The reader of the result waits for the end of the pipe, not of this process.
        if own_process::close_output().is_ok() {
            bash::stay();
        }
    }
    ExitCode::from(code)
}

/// As [`call`], with `folder` as the working folder, `environment` as that of commands, and files
/// of the types `shown` shown unchanged. The process keeps its own, because the call runs on a
/// thread that shares none of them.
///
/// # Errors
/// As [`call`]; `Tool` if a thread cannot have its own working folder.
pub fn call_in(
    folder: &Path,
    environment: Vec<(OsString, OsString)>,
    shown: &str,
    name: &str,
    arguments: &[u8],
) -> Result<Output> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Tool, format!("the tool {name} cannot run in this process: {error}"))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, || {
            own_process::enter_alone(folder).map_err(|error| failed(&error))?;
            bash::in_environment(environment);
            shown::set_types(shown);
            call(name, arguments)
        });
        let joined = thread.map_err(|error| failed(&error))?.join();
        joined.unwrap_or_else(|_| Err(failed(&"it panicked")))
    })
}

/// How long a call may take by its own rules.
pub fn time_limit(name: &str, arguments: &[u8]) -> std::time::Duration {
    match name {
        "bash" => bash::time_limit(arguments),
        _ => FILES_TIME_LIMIT,
    }
}

/// Reading, searching and writing files.
const FILES_TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// Runs the tool `name` in this process; `arguments` is a JSON object or empty.
///
/// While `bash` runs, SIGTERM, SIGINT and SIGHUP first end the command and
/// then this process; the other tools do not affect the process.
///
/// # Errors
/// `Usage` if there is no such tool or the arguments do not fit it; the message names the field.
pub fn call(name: &str, arguments: &[u8]) -> Result<Output> {
    match name {
        "read" => typed(name, arguments, read::run),
        "write" => typed(name, arguments, write::run),
        // Some models send a patch, by whichever tool they take it to be.
        "apply_patch" => typed(name, arguments, patch::run),
        "edit" => match serde_json::from_slice::<patch::Arguments>(arguments) {
            Ok(patch) => Ok(patch::run(patch).unwrap_or_else(Output::error).without_nul()),
            Err(_) => typed(name, arguments, edit::run),
        },
        "bash" => typed(name, arguments, bash::run),
        "grep" => typed(name, arguments, grep::run),
        "find" => typed(name, arguments, find::run),
        "list" => typed(name, arguments, list::run),
        _ => {
            let names: Vec<_> = specs().iter().map(|spec| spec.name).collect();
            let names = names.join(" ");
            Err(Error::new(ErrorKind::Usage, format!("no tool `{name}`; there are: {names}")))
        }
    }
}

impl Output {
    /// A result that is not an error.
    fn text(content: String) -> Self {
        Self { content, ..Self::default() }
    }

    fn error(content: String) -> Self {
        Self { content, is_error: true, ..Self::default() }
    }

    fn without_nul(mut self) -> Self {
        if memchr::memchr(0, self.content.as_bytes()).is_some() {
            self.content = self.content.replace('\0', "\u{2400}");
            if !self.content.ends_with('\n') {
                self.content.push('\n');
            }
            self.content.push_str("[\u{2400} stands for a NUL byte]\n");
            self.replaced.push(Replaced::Nul);
        }
        self
    }

    fn replaced_if(mut self, invalid_utf8: bool) -> Self {
        if invalid_utf8 {
            self.replaced.push(Replaced::InvalidUtf8);
        }
        self
    }

    fn showing(mut self, attachment: Shown) -> Self {
        self.attachment = Some(attachment);
        self
    }

    fn truncated_if(mut self, truncated: Option<u64>) -> Self {
        self.truncated = truncated.map(|bytes| Truncated { bytes });
        self
    }
}

/// The return type of a tool: the error is the text for the model.
type Outcome = std::result::Result<Output, String>;

fn typed<A: DeserializeOwned>(
    name: &str,
    arguments: &[u8],
    tool: fn(A) -> Outcome,
) -> Result<Output> {
    let arguments = if arguments.trim_ascii().is_empty() { b"{}" } else { arguments };
    let mut json = serde_json::Deserializer::from_slice(arguments);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        let at = if path == "." { String::new() } else { format!("`{path}`: ") };
        Error::new(ErrorKind::Usage, format!("arguments of {name}: {at}{error}"))
    })?;
    json.end().map_err(|error| {
        let message = format!("arguments of {name} continue after the JSON object: {error}");
        Error::new(ErrorKind::Usage, message)
    })?;
    Ok(tool(parsed).unwrap_or_else(Output::error).without_nul())
}

fn arguments(stdin: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = stdin.take(ARGUMENTS_MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| Error::new(ErrorKind::Usage, format!("arguments on stdin: {e}")))?;
    if bytes.len() as u64 > ARGUMENTS_MAX_BYTES {
        let message = format!("arguments on stdin: more than {ARGUMENTS_MAX_BYTES} bytes");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    Ok(bytes)
}

/// The exit code of an invocation that cannot be used.
const UNUSABLE: u8 = 2;

/// Longest JSON object taken from stdin.
const ARGUMENTS_MAX_BYTES: u64 = 32 << 20;
