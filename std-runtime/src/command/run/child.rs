//! A run as a process of its own: a round of `loop`, a line of `--parallel`.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::Pid;
use serde_json::Value;

use super::PARENT;
use crate::run::Stop;

/// How it ended.
pub(crate) struct ChildRun {
    pub(crate) status: ExitStatus,
    /// Its last event; null if it printed none.
    pub(crate) result: Value,
}

impl ChildRun {
    /// Waits for the end of `command`, a run that prints its events. It has `input` on stdin, or an empty
    /// stdin that is no pipe. What ends `stop` ends the run too.
    ///
    /// # Errors
    /// Why it cannot be started or its output not be read.
    pub(crate) fn of(
        command: &mut Command,
        input: Option<&[u8]>,
        stop: &Arc<Stop>,
    ) -> io::Result<Self> {
        command.env(PARENT, std::process::id().to_string()).stdout(Stdio::piped());
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn()?;
        let guard = stop.guard_process(Pid::from_child(&child));
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // A run that fails early does not read it.
            let _ = stdin.write_all(input);
        }
        let mut output = Vec::new();
        let read = child.stdout.take().map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut output));
        // Its id may be another's once its end was waited for.
        drop(guard);
        let status = child.wait()?;
        read?;
        let last = output.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
        let result = last.and_then(|line| serde_json::from_slice(line).ok()).unwrap_or_default();
        Ok(Self { status, result })
    }
}
