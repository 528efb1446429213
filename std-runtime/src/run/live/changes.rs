//! The changes of a chat: in the view, beside the session, in the folder.

use std::time::{Duration, Instant};

use super::{Live, Ran};
use crate::run::delivery::{self, Checked, Written};
use crate::run::workspace::{Workspace, shell};
use crate::run::{Front, Start, Stop};
use crate::sandbox::Program;
use crate::{Error, ErrorKind, Result};

impl Live {
    /// Runs a command of the user in the view; the next text reports it to the model.
    ///
    /// # Errors
    /// `Sandbox`, or `Tool` if it cannot be run at all; `Interrupted` if `stop` ended it.
    pub fn run(&mut self, command: &str, stop: &Stop, front: &dyn Front) -> Result<Ran> {
        self.open_workspace(Some(front))?;
        let ran = self.spawn(shell(command), b"", stop)?;
        let how = ran.failed.as_ref().map(|how| format!("; {how}")).unwrap_or_default();
        self.told.push(format!(
            "I ran `{command}`{how}.\n<command-output>\n{}\n</command-output>",
            ran.output.trim_end()
        ));
        self.take_changes()?;
        Ok(ran)
    }

    fn spawn(&self, program: Program, input: &[u8], stop: &Stop) -> Result<Ran> {
        let Some(workspace) = &self.workspace else { return Err(no_view()) };
        let ran = workspace.run(program, input, OUTPUT_BYTES, COMMAND_LIMIT, stop)?;
        let output = String::from_utf8_lossy(&ran.output).into_owned();
        Ok(Ran { output, failed: (!ran.passed).then_some(ran.how) })
    }

    /// Writes the changes to the folder, all or none, and returns the number of the record. `None`
    /// if there are no changes.
    ///
    /// # Errors
    /// `Conflict` if a file was changed meanwhile, `Input` if the disk refuses; then nothing is
    /// written.
    pub fn apply(&mut self) -> Result<Option<u32>> {
        if self.patches.is_empty() {
            return Ok(None);
        }
        match self.write() {
            // The user's changes meanwhile may be elsewhere in the files.
            Err(error) if error.kind() == ErrorKind::Conflict && !self.patches.is_empty() => {
                self.workspace = None;
                self.write()
            }
            written => written,
        }
    }

    fn write(&mut self) -> Result<Option<u32>> {
        self.open_workspace(None)?;
        let Some(workspace) = &self.workspace else { return Err(no_view()) };
        let (view, options) = (workspace.view(), &self.options);
        let mut checked = delivery::check(view, &options.folder, None)?;
        if checked.changes.files().is_empty() {
            return self.forget_changes().map(|()| None);
        }
        let (layers, text) = (view.layers().to_vec(), String::new());
        let outcome = delivery::outcome(options, Some(&mut checked), text, self.usage, layers)?;
        let started = Instant::now();
        let written = Written { options, endpoint: &self.setup.endpoint, view, started };
        let id = written.write(&checked, &outcome, &self.stop)?;
        self.stop.end_writing();
        self.forget_changes()?;
        Ok(Some(id))
    }

    /// Takes back the changes of the last turn that changed something, unless they are applied.
    /// `false` if there are none.
    ///
    /// # Errors
    /// If the previous view cannot be restored.
    pub fn undo(&mut self) -> Result<bool> {
        if self.patches.pop().is_none() {
            return Ok(false);
        }
        self.workspace = None;
        self.told.push(TAKEN_BACK.to_owned());
        self.keep_pending()?;
        self.open_workspace(None)?;
        Ok(true)
    }

    /// The changes applied as run `id` were taken back: the next text reports it to the model.
    pub fn was_undone(&mut self, id: u32) {
        self.workspace = None;
        self.told.push(format!("{TAKEN_BACK} (It had been applied as run {id}.)"));
    }

    /// Opens the view, with the changes that are not applied. A view without changes is made again,
    /// so that it has the user's changes since.
    pub(super) fn open_workspace(&mut self, front: Option<&dyn Front>) -> Result<()> {
        if self.workspace.is_some() && !self.patches.is_empty() {
            return Ok(());
        }
        let is_first = self.workspace.is_none();
        self.workspace = None;
        let workspace = self.setup.open(&self.options, &self.stop)?;
        Workspace::hide_memory(&self.options);
        if let Some(front) = front.filter(|_| is_first) {
            let instructions = &self.options.instructions;
            front.start(&Start {
                endpoint: &self.setup.endpoint,
                prompt: &instructions.name,
                output: instructions.output,
                folder: &self.options.folder,
                also: workspace.view().also().collect(),
                base: workspace.view().base(),
                sandbox: self.options.sandbox,
                layers: workspace.view().layers(),
                limits: self.setup.limits,
                session: None,
                tools: Vec::new(),
            })?;
        }
        // Without the sandbox a view has its own path, and another one each time.
        if workspace.view().root() != self.root {
            workspace.view().root().clone_into(&mut self.root);
            self.told.push(format!("The working folder is {} from now on.", self.root.display()));
        }
        let base = workspace.view().way_to_base();
        self.workspace = Some(workspace);
        let Some(patch) = self.patches.last() else { return Ok(()) };
        let mut program = Program::new("git");
        program.arg("-C").arg(base).arg("apply").arg("--whitespace=nowarn").arg("-").piped_input();
        let ran = self.spawn(program, patch, &Stop::new())?;
        if let Some(how) = ran.failed {
            let path = delivery::keep_patch(patch, &self.options.folder);
            let place = path.map_or_else(
                |error| format!("could not be kept: {error}"),
                |path| format!("is kept in {}", path.display()),
            );
            self.patches.clear();
            self.keep_pending()?;
            let why = crate::error::quote(ran.output.trim());
            let text = format!(
                "the folder was changed meanwhile, so the changes that are not applied do not fit \
                 it: {how}: {why}; the patch of them {place}"
            );
            return Err(Error::new(ErrorKind::Conflict, text));
        }
        Ok(())
    }

    /// Records the changes so far.
    pub(super) fn take_changes(&mut self) -> Result<()> {
        let Some(workspace) = &self.workspace else { return Ok(()) };
        let folder = &self.options.folder;
        let patch = match delivery::check(workspace.view(), folder, None) {
            Ok(Checked { patch, .. }) => patch,
            // They are kept as a patch, which the error names; the next turn begins without them.
            Err(error) if error.kind() == ErrorKind::Conflict && self.stop.why().is_none() => {
                self.told.push(LOST.to_owned());
                self.forget_changes()?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        if patch == self.patch() {
            return Ok(());
        }
        match patch.is_empty() {
            true => self.patches.clear(),
            false => self.patches.push(patch),
        }
        self.keep_pending()
    }

    fn forget_changes(&mut self) -> Result<()> {
        self.patches.clear();
        self.workspace = None;
        self.keep_pending()
    }

    pub(super) fn keep_pending(&mut self) -> Result<()> {
        let patch = self.patches.last().map_or(&[][..], Vec::as_slice);
        self.saved.as_ref().map_or(Ok(()), |saved| saved.keep_pending(patch))
    }
}

pub(super) fn no_view() -> Error {
    Error::new(ErrorKind::Internal, "there is no view of the folder")
}

const TAKEN_BACK: &str = "I took back the changes of your last turn that changed files. They are as \
                          they were before it.";

const LOST: &str = "The changes that you made and I did not apply could not be kept, because I changed \
                    the same files. They are as I left them.";

/// The largest output of a user's command, in bytes.
const OUTPUT_BYTES: usize = 256 * 1024;
/// How long a command of the user may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(3600);
