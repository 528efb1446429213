//! The workspace: a private view of the folder, which a signal ends.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::background::Background;
use super::exchange::{End, Exchange, ended, exchange};
use super::stop::Guard;
use super::{RunOptions, Stop};
use crate::sandbox::{Access, Child, Program, ToolHost};
use crate::transport::Cancel;
use crate::view::{View, ViewOptions};
use crate::{Error, ErrorKind, Result, own_process};

/// A view of the folder, and what its processes must not see.
pub(super) struct Workspace {
    view: View,
    /// Variables that hold keys, whatever they are called.
    hidden_variables: Vec<OsString>,
    /// Processes that calls of `bash` left running; they end with the view.
    background: Background,
    _guard: Guard,
}

/// The result of a user's command.
pub(super) struct Ran {
    /// Its output; its errors follow, if they are a separate stream.
    pub output: Vec<u8>,
    /// It exited with code 0.
    pub passed: bool,
    /// How it ended: "it ended with exit code 1".
    pub how: String,
}

impl Workspace {
    /// Opens a view of the folder whose tools can reach what `access` and the options permit, and not
    /// the variables and paths that are `hidden`.
    ///
    /// # Errors
    /// As [`View::open`].
    pub(super) fn open(
        options: &RunOptions,
        access: &Access,
        (hidden_variables, hidden): (&[OsString], Vec<PathBuf>),
        stop: &Arc<Stop>,
    ) -> Result<Self> {
        let view_options = ViewOptions {
            hidden,
            sandbox: options.sandbox,
            tools: options.tools.clone(),
            access: options.access.clone().and(access.clone()),
            ..ViewOptions::default()
        };
        // This process must still be able to inspect the process that keeps the namespaces.
        if options.tools == ToolHost::ThisProgram {
            own_process::show_memory();
        }
        // Flags, prompts and configuration are read.
        own_process::release_code();
        let view = View::open(&options.folder, &view_options)?;
        Ok(Self::around(view, hidden_variables, stop))
    }

    /// The workspace of an open view.
    pub(super) fn around(view: View, hidden_variables: &[OsString], stop: &Arc<Stop>) -> Self {
        let guard = stop.guard(&view);
        let (hidden_variables, background) = (hidden_variables.to_vec(), Background::default());
        Self { view, hidden_variables, background, _guard: guard }
    }

    /// Keeps the memory of this process from the tools. All views are open then.
    pub(super) fn hide_memory(options: &RunOptions) {
        if options.tools == ToolHost::ThisProgram {
            own_process::hide_memory();
        }
    }

    /// The view.
    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// The commands in the background.
    pub(super) fn background(&self) -> &Background {
        &self.background
    }

    /// Starts a process in the view, without the keys.
    ///
    /// # Errors
    /// As [`View::spawn`].
    pub(super) fn spawn(&self, mut program: Program) -> Result<Child> {
        for name in &self.hidden_variables {
            program.without_env(name);
        }
        // The new process is at its largest before its program starts.
        own_process::release_code();
        Ok(self.view.spawn(&program)?)
    }

    /// Runs a user's command to its end, and ends everything that it started.
    ///
    /// # Errors
    /// `Tool` if it cannot be run at all; `Interrupted` if it was stopped.
    pub(super) fn run(
        &self,
        program: Program,
        input: &[u8],
        max_bytes: usize,
        limit: Duration,
        stop: &Stop,
    ) -> Result<Ran> {
        let mut child = self.spawn(program)?;
        let exchanged =
            exchange(&mut child, input, max_bytes, limit, (stop, &self.view.watch_disk()));
        let status = match &exchanged {
            Ok(exchanged) if exchanged.end == End::Whole => ended(&child)?,
            _ => None,
        };
        if status.is_none() {
            child.process().kill();
            child.process().wait()?;
        }
        self.view.end_processes();
        if stop.why().is_some() {
            return Err(Cancel::error().into());
        }
        let exchanged = exchanged.map_err(|error| {
            let text = format!("the output of the command cannot be read: {error}");
            Error::new(ErrorKind::Tool, text)
        })?;
        let how = match (status, exchanged.end) {
            (Some(status), _) => match status.code() {
                Some(code) => format!("it ended with exit code {code}"),
                None => format!("it ended with {status}"),
            },
            (None, end) => end.why(limit, max_bytes),
        };
        let passed = status.is_some_and(|status| status.success());
        let Exchange { mut output, errors, .. } = exchanged;
        output.extend_from_slice(&errors);
        Ok(Ran { output, passed, how })
    }

    /// The environment of a tool that is not a separate process.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        self.view.environment(&self.hidden_variables)
    }
}

/// A user's command for `sh`. Its output and errors are one stream, in order.
pub(super) fn shell(command: &str) -> Program {
    let mut program = Program::new("sh");
    program.arg("-c").arg(format!("exec 2>&1\n{command}"));
    program
}
