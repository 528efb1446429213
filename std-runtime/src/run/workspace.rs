//! The workspace: a private view of the folder, which a signal ends.

use std::ffi::OsString;
use std::sync::Arc;

use super::stop::Guard;
use super::{RunOptions, Stop};
use crate::sandbox::{Access, Child, Program, ToolHost};
use crate::view::{View, ViewOptions};
use crate::{Result, own_process};

/// A view of the folder, and what its processes must not see.
pub(super) struct Workspace {
    view: View,
    /// Variables that hold keys, whatever they are called.
    hidden_variables: Vec<OsString>,
    _guard: Guard,
}

impl Workspace {
    /// Opens a view of the folder whose tools reach what `access` says beside the options.
    ///
    /// # Errors
    /// As [`View::open`].
    pub(super) fn open(
        options: &RunOptions,
        access: &Access,
        hidden_variables: &[OsString],
        stop: &Arc<Stop>,
    ) -> Result<Self> {
        let view_options = ViewOptions {
            sandbox: options.sandbox,
            tools: options.tools.clone(),
            access: options.access.clone().and(access.clone()),
            ..ViewOptions::default()
        };
        // The keeper of the namespaces must be open to us.
        if options.tools == ToolHost::ThisProgram {
            own_process::show_memory();
        }
        let view = View::open(&options.folder, &view_options)?;
        let guard = stop.guard(&view);
        Ok(Self { view, hidden_variables: hidden_variables.to_vec(), _guard: guard })
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

    /// Starts a process in the view, without the keys.
    ///
    /// # Errors
    /// As [`View::spawn`].
    pub(super) fn spawn(&self, mut program: Program) -> Result<Child> {
        for name in &self.hidden_variables {
            program.without_env(name);
        }
        Ok(self.view.spawn(&program)?)
    }

    /// The environment of a tool that is no process of its own.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        self.view.environment(&self.hidden_variables)
    }
}

/// A command of the user for `sh`. It prints one stream, in the order in which it was printed.
pub(super) fn shell(command: &str) -> Program {
    let mut program = Program::new("sh");
    program.arg("-c").arg(format!("exec 2>&1\n{command}"));
    program
}
