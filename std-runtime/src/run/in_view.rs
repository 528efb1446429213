//! Commands of the user in a view: the check of a loop, the patches of its rounds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::delivery::{self, Checked};
use super::exchange::{End, exchange};
use super::workspace::Workspace;
use super::{Check, CheckEnd, Stop};
use crate::provider::{self, Flags};
use crate::sandbox::{Access, Mode, Program, ToolHost};
use crate::view::{View, ViewOptions};
use crate::{Error, ErrorKind, Result, tool};

/// A folder, and how its commands are confined.
#[derive(Debug, Clone)]
pub struct Confinement {
    /// The folder.
    pub folder: PathBuf,
    /// Whether commands run in a sandbox.
    pub sandbox: Mode,
    /// Who runs the tools.
    pub tools: ToolHost,
    /// What commands can reach beyond the folder.
    pub access: Access,
    /// Variables that hold keys.
    pub hidden_variables: Vec<OsString>,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Its command exited with 0.
    pub passed: bool,
    /// Its output.
    pub output: String,
}

#[derive(Deserialize)]
struct Printed {
    content: String,
    is_error: bool,
}

impl Confinement {
    /// The settings of runs in `folder` with the model that `model` names, whose keys are hidden.
    ///
    /// # Errors
    /// As a run of that model.
    pub fn new(
        folder: &Path,
        model: &Flags,
        (sandbox, access): (Mode, Access),
        tools: ToolHost,
    ) -> Result<Self> {
        let env = crate::agent::variable;
        let config = provider::Config::load(&env, folder)?;
        let endpoint = provider::resolve(model, &env, &config.providers)?;
        let hidden_variables =
            provider::key_variables(std::env::vars_os(), &config.providers, &endpoint);
        let access = access.and(config.access);
        Ok(Self { folder: folder.to_owned(), sandbox, tools, access, hidden_variables })
    }

    /// Runs `command` on a private view of the folder: its changes are discarded.
    ///
    /// # Errors
    /// `Sandbox`, or `Tool` if it cannot be run at all.
    pub fn check(&self, command: &str, limit: Duration, stop: &Arc<Stop>) -> Result<CheckOutcome> {
        let check = Check { command: command.to_owned(), limit };
        let workspace = Workspace::around(self.view()?, &self.hidden_variables, stop);
        let CheckEnd { passed, mut output, how, .. } = check.run(&workspace, stop)?;
        if !passed {
            output.push_str(&format!("[{how}]\n"));
        }
        Ok(CheckOutcome { passed, output })
    }

    /// One patch of all `patches`, each of which is made after the one before it.
    ///
    /// # Errors
    /// `Conflict` if they do not apply to the current folder.
    pub fn combine(&self, patches: &[Vec<u8>], stop: &Stop) -> Result<(Vec<u8>, Vec<String>)> {
        let view = self.view()?;
        let base = view.way_to_base();
        let base = base.display();
        for patch in patches {
            let content = base64(patch);
            let write = json!({ "path": FILE, "content": content });
            let written = self.call(&view, "write", &write, LIMIT, stop)?;
            let command = format!(
                "base64 -d {FILE} >{FILE}.d && rm {FILE} && \
                 git -C {base} apply --whitespace=nowarn \"$PWD/{FILE}.d\" && rm {FILE}.d"
            );
            let applied = self.call(&view, "bash", &json!({ "command": command }), LIMIT, stop)?;
            if let Some(failed) = [written, applied].into_iter().find(|it| it.is_error) {
                let why = crate::error::quote(failed.content.trim());
                let text =
                    format!("the folder changed meanwhile, so the patch does not apply: {why}");
                return Err(Error::new(ErrorKind::Conflict, text));
            }
        }
        let Checked { patch, notes, .. } = delivery::check(&view, &self.folder, None)?;
        Ok((patch, notes))
    }

    fn view(&self) -> Result<View> {
        let options = ViewOptions {
            sandbox: self.sandbox,
            tools: self.tools.clone(),
            access: self.access.clone(),
            ..ViewOptions::default()
        };
        Ok(View::open(&self.folder, &options)?)
    }

    fn call(
        &self,
        view: &View,
        name: &str,
        arguments: &Value,
        limit: Duration,
        stop: &Stop,
    ) -> Result<Printed> {
        let mut program = Program::tools();
        program.arg("tool").arg(name).piped_input();
        super::tools::say_folders(&mut program, view);
        let sandbox = if self.sandbox == Mode::On { "on" } else { "off" };
        program.env(tool::outside::SANDBOX, sandbox);
        for name in &self.hidden_variables {
            program.without_env(name);
        }
        let failed = |why: String| Error::new(ErrorKind::Tool, format!("{name}: {why}"));
        let mut child = view.spawn(&program)?;
        let input = arguments.to_string();
        let exchanged = exchange(
            &mut child,
            input.as_bytes(),
            OUTPUT_BYTES,
            limit + GRACE,
            (stop, &view.watch_disk()),
        );
        let exchanged = exchanged.map_err(|error| failed(error.to_string()));
        child.process().kill();
        let exchanged = exchanged?;
        if stop.why().is_some() {
            return Err(crate::transport::Cancel::error().into());
        }
        match exchanged.end {
            End::Late | End::TooLong | End::Unwritable | End::DiskFull(_) => {
                return Err(failed(exchanged.end.why(limit, OUTPUT_BYTES)));
            }
            End::Whole | End::Stopped => {}
        }
        serde_json::from_slice(&exchanged.output)
            .map_err(|_| failed(String::from_utf8_lossy(&exchanged.errors).trim().to_owned()))
    }
}

/// RFC 4648, in lines.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 57 + 8);
    for line in bytes.chunks(57) {
        for chunk in line.chunks(3) {
            let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
            let group = group << (8 * (3 - chunk.len()));
            for index in 0..4 {
                let letter = LETTERS[(group >> (18 - 6 * index) & 63) as usize];
                text.push(if index <= chunk.len() { char::from(letter) } else { '=' });
            }
        }
        text.push('\n');
    }
    text
}

/// The name of a patch in the view, which is removed before the view is compared.
const FILE: &str = ".zerostack-rounds.patch";
/// The time for writing and applying a patch.
const LIMIT: Duration = Duration::from_secs(120);
/// The time between a tool's own limit and its forced end.
const GRACE: Duration = Duration::from_secs(5);
/// More than any tool prints.
const OUTPUT_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_base64() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg==\n"),
            ("fo", "Zm8=\n"),
            ("foo", "Zm9v\n"),
            ("foobar", "Zm9vYmFy\n"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+\n");
    }
}
