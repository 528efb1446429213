//! Tools as processes in the view: each call runs as `zerostack tool NAME`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use zerostack_core::{OwnedTool, ToolCall};

use super::{Tools, arguments};
use crate::agent::{File, ToolOutput, Toolbox, in_parallel};
use crate::run::background::Background;
use crate::run::exchange::{End, GRACE, Most, ended, exchange};
use crate::sandbox::{Program, ToolHost};
use crate::tool::Shown;
use crate::transport::Cancel;
use crate::view::View;
use crate::{Error, ErrorKind, Result, tool};

/// The source of the tools.
pub(super) struct Processes<'a>(pub(super) &'a Tools<'a>);

/// The output of a tool process.
#[derive(Deserialize)]
struct Printed {
    content: String,
    is_error: bool,
    #[serde(default)]
    attachment: Option<Shown>,
}

/// Tells a tool process which folders belong to the project.
pub(in crate::run) fn say_folders(program: &mut Program, view: &View) {
    program.env(tool::outside::PROJECT, view.root());
    let folders = view.folders();
    if let Some(also) = folders.get(1..).filter(|also| !also.is_empty())
        && let Ok(also) = std::env::join_paths(also)
    {
        program.env(tool::outside::ALSO, also);
    }
}

impl Processes<'_> {
    fn run(&self, call: ToolCall<'_>) -> Result<ToolOutput> {
        let (name, arguments) = (call.name, arguments(&call));
        if self.0.options.tools == ToolHost::InProcess {
            return self.run_here(name, arguments.as_bytes());
        }
        let folders = self.0.workspace.view().folders();
        let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
        let stays_inside = tool::outside::stays_inside(&folders, name, arguments);
        let output = self.run_apart(name, arguments, stays_inside)?;
        // A call that changed files is not repeated.
        let is_over = changes_files(name) && !output.is_error;
        if stays_inside && !is_over && tool::outside::was_refused(&output.content) {
            // A link in the project leads out of it.
            return self.run_apart(name, arguments, false);
        }
        Ok(output)
    }

    /// Runs a tool in its own process, which can read only the project if it `stays_inside`.
    fn run_apart(&self, name: &str, arguments: &str, stays_inside: bool) -> Result<ToolOutput> {
        let Tools { workspace, stop, options, .. } = self.0;
        let mut program = Program::tools();
        program.arg("tool").arg(name).piped_input();
        if stays_inside {
            program.stays_inside();
        }
        say_folders(&mut program, workspace.view());
        program.env(tool::outside::SANDBOX, options.sandbox.name());
        program.env(tool::shown::TYPES, &self.0.shown);
        let background = Background::name(name, arguments);
        if let Some(background) = &background {
            workspace.background().end(background);
        }
        let disk = workspace.view().watch_disk();
        let mut child = workspace.spawn(program)?;
        let limit = deadline(name, arguments);
        let exchanged = exchange(&mut child, arguments.as_bytes(), RESULT, limit, (stop, &disk));
        let exchanged = exchanged.map_err(|error| {
            child.process().kill();
            Error::new(ErrorKind::Tool, format!("the tool {name}: cannot be read: {error}"))
        })?;
        if let Some(background) = background
            && exchanged.end == End::Whole
            && stop.why().is_none()
            && let Ok(Printed { content, is_error, .. }) = serde_json::from_slice(&exchanged.output)
        {
            workspace.background().keep(background, child);
            return Ok(output_of(content, is_error));
        }
        let ended = match exchanged.end {
            End::Whole => ended(&child)?,
            End::Late | End::TooLong | End::Unwritable => None,
            End::Stopped | End::DiskFull(_) => None,
        };
        if stop.why().is_some() {
            child.process().kill();
            return Err(Cancel::error().into());
        }
        let Some(status) = ended else {
            child.process().kill();
            child.process().wait()?;
            let why = exchanged.end.why(limit, RESULT_BYTES);
            let text = format!("the tool {name} was ended with all its processes: {why}");
            return Ok(ToolOutput::error(text));
        };
        // A killed tool, for example by the system for its memory, has no result, whatever it wrote
        // before.
        let code = status.code();
        let printed = code
            .filter(|code| matches!(code, 0..=2))
            .and_then(|_| serde_json::from_slice::<Printed>(&exchanged.output).ok());
        Ok(match printed {
            Some(printed) if code == Some(UNUSABLE) => ToolOutput::bad_call(printed.content),
            Some(printed) => with_file(printed, exchanged.rest),
            None => {
                let errors = String::from_utf8_lossy(&exchanged.errors);
                let text = format!("the tool {name} ended with {status}: {}", errors.trim());
                ToolOutput::error(text)
            }
        })
    }

    fn run_here(&self, name: &str, arguments: &[u8]) -> Result<ToolOutput> {
        let called = tool::call_in(
            self.0.workspace.view().root(),
            self.0.workspace.environment(),
            &self.0.shown,
            name,
            arguments,
        );
        if self.0.stop.why().is_some() {
            return Err(Cancel::error().into());
        }
        match called {
            Ok(tool::Output { content, is_error, attachment, .. }) => {
                let file = attachment.as_ref().and_then(|it| std::fs::File::open(&it.path).ok());
                Ok(with_file(Printed { content, is_error, attachment }, file))
            }
            // As the process of a tool reports it.
            Err(error) if error.kind() == tool::ErrorKind::Usage => {
                Ok(ToolOutput::bad_call(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Toolbox for Processes<'_> {
    fn specs(&self) -> Vec<OwnedTool> {
        crate::tool::specs().iter().map(|spec| OwnedTool::from(*spec)).collect()
    }

    /// The tools read their arguments more leniently than their schemas require.
    fn checks_arguments(&self) -> bool {
        true
    }

    fn call(&mut self, call: ToolCall<'_>) -> zerostack_agent::Result<ToolOutput> {
        self.0.timed(&call, || self.run(call))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<zerostack_agent::Result<ToolOutput>> {
        // Calls that change files run alone and in order: two edits of one file at the same time
        // would lose one, and what reads a file after them means the new content.
        let parts = calls.chunk_by(|a, b| !changes_files(a.name) && !changes_files(b.name));
        parts
            .flat_map(|part| in_parallel(part, |call| self.0.timed(call, || self.run(*call))))
            .collect()
    }
}

fn output_of(content: String, is_error: bool) -> ToolOutput {
    if is_error { ToolOutput::error(content) } else { ToolOutput::ok(content) }
}

/// The exit code of a tool for arguments that it cannot use.
const UNUSABLE: i32 = 2;

/// The result of a tool with the file that it shows, which must be complete.
fn with_file(printed: Printed, file: Option<std::fs::File>) -> ToolOutput {
    let Printed { content, is_error, attachment } = printed;
    let Some(Shown { media_type, name, bytes, .. }) = attachment else {
        return output_of(content, is_error);
    };
    let file = file.and_then(|file| File::opened(file, &name).ok());
    match file.filter(|file| u64::from(file.len()) == bytes) {
        Some(file) => ToolOutput::ok(content).with_file(file.with_media_type(media_type)),
        None => ToolOutput::error(format!("{name} changed while it was read: read it again")),
    }
}

/// The names of the tools.
pub(in crate::run) fn names() -> impl Iterator<Item = &'static str> {
    crate::tool::specs().iter().map(|spec| spec.name)
}

/// Whether a tool only changes files.
pub(super) fn changes_files(tool: &str) -> bool {
    matches!(tool, "write" | "edit")
}

/// How long a call may take. The tool enforces its own limit; this one is for a tool that cannot.
fn deadline(name: &str, arguments: &str) -> Duration {
    tool::time_limit(name, arguments.as_bytes()) + GRACE
}

/// More than any tool prints, with each character escaped.
const RESULT_BYTES: usize = 4 * 1024 * 1024;

/// The line of a result, and the file that may follow it.
const RESULT: Most = Most { bytes: RESULT_BYTES, rest_bytes: Some(64 << 20) };
