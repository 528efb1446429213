//! `sdk codex`: plays the part of `codex exec --experimental-json` for the Codex SDK. One turn, the text on
//! stdin; it becomes the run.

use std::ffi::OsString;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ExitCode, Stdio};

use super::failed;
use super::flags::{self, Kind, Word};
use crate::command::print::tell;
use crate::command::usage::usage;
use crate::run::front::events::EventFormat;
use crate::run::input::INPUT_BYTES;
use crate::{Error, ErrorKind, Result};

pub(super) fn run(words: &[String]) -> Result<ExitCode> {
    let turn = Turn::read(words)?;
    let mut text = Vec::new();
    let stdin = io::stdin().lock().take(INPUT_BYTES as u64 + 1).read_to_end(&mut text);
    stdin.map_err(|error| Error::new(ErrorKind::Input, format!("stdin: {error}")))?;
    let mut command = super::command(EventFormat::Codex)?;
    command.args(&turn.arguments);
    for (name, value) in &turn.environment {
        command.env(name, value);
    }
    say(&mut command, text)?;
    Err(failed("the run cannot be started", &command.exec()))
}

/// Passes `text` to the run as its instruction, or on stdin if it is too long for a command line.
pub(super) fn say(command: &mut std::process::Command, text: Vec<u8>) -> Result<()> {
    match String::from_utf8(text) {
        Ok(text) if text.len() <= WORD_BYTES && text != "-" && !text.contains('\0') => {
            command.arg("--").arg(text).stdin(Stdio::null());
        }
        text => {
            let text = text.map_or_else(|error| error.into_bytes(), String::into_bytes);
            let file = tempfile::tempfile().and_then(|mut file| {
                file.write_all(&text)?;
                file.rewind()?;
                Ok(file)
            });
            let file = file.map_err(|error| failed("the text cannot be passed on", &error))?;
            command.arg("-").stdin(file);
        }
    }
    Ok(())
}

/// The request for a turn.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turn {
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
}

impl Turn {
    fn read(words: &[String]) -> Result<Self> {
        let mut turn = Self::default();
        let mut sandbox = "read-only";
        let mut has_schema = false;
        let mut others = Vec::new();
        for word in flags::read("codex", words, FLAGS)? {
            match word {
                Word::Flag("--model", name) => turn.add(["--model", name]),
                Word::Flag("--cd", folder) => turn.add(["--folder", folder]),
                Word::Flag("--output-schema", file) => {
                    has_schema = true;
                    turn.add(["--output-schema", file]);
                }
                Word::Flag("--image", file) => turn.add(["--attach", file]),
                Word::Flag("--sandbox", name) => sandbox = name,
                Word::Flag("--config", setting) => turn.configure(setting)?,
                Word::Other(word) => others.push(word),
                Word::Flag(..) => {}
            }
        }
        match sandbox {
            "read-only" => turn.add(["--mode", "readonly"]),
            "workspace-write" => {}
            "danger-full-access" => turn.add(["--mode", "full"]),
            other => return Err(usage(format!("sdk codex: unknown sandbox {other:?}"))),
        }
        match (sandbox, has_schema) {
            ("read-only", _) => {}
            (_, true) => tell(&WRITES_NOTHING),
            (_, false) => turn.add(["--write"]),
        }
        match others.as_slice() {
            ["exec"] => {}
            ["exec", "resume", id] => turn.add(["--continue", "--session", id]),
            _ => return Err(usage("sdk codex: use exec [resume ID], with the text on stdin")),
        }
        if let Some(key) = std::env::var_os("CODEX_API_KEY") {
            turn.environment.push(("OPENAI_API_KEY", key));
        }
        Ok(turn)
    }

    fn add<const N: usize>(&mut self, words: [&str; N]) {
        self.arguments.extend(words.map(OsString::from));
    }

    /// A setting of a configuration file, as `key=value` of TOML.
    fn configure(&mut self, setting: &str) -> Result<()> {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let value = value.trim();
        let text: String = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        match key.trim() {
            "openai_base_url" => {
                self.add(["--provider", "openai", "--api", "openai-responses"]);
                self.add(["--base-url", &text]);
            }
            "model_reasoning_effort" => self.add(["--reasoning-effort", &text]),
            "sandbox_workspace_write.network_access" if text == "true" => self.add(["--net", "on"]),
            // A run does this anyway: it asks nobody and does not search the web.
            "sandbox_workspace_write.network_access" | "approval_policy" => {}
            "web_search" if text == "disabled" => {}
            "features.web_search_request" | "tools.web_search" if text == "false" => {}
            key => {
                let text = format!("sdk codex: the setting {key} has an unknown value");
                return Err(usage(text));
            }
        }
        Ok(())
    }
}

const FLAGS: &[(&str, Kind)] = &[
    ("--experimental-json", Kind::IgnoredSwitch),
    ("--json", Kind::IgnoredSwitch),
    ("--skip-git-repo-check", Kind::IgnoredSwitch),
    ("--thread-source", Kind::IgnoredValue),
    ("--config", Kind::Value),
    ("--model", Kind::Value),
    ("--image", Kind::Value),
    ("--sandbox", Kind::Value),
    ("--cd", Kind::Value),
    ("--output-schema", Kind::Value),
];

/// The error if both an answer by a schema and changes are requested.
pub(super) const WRITES_NOTHING: &str =
    "a turn that answers by a schema writes no files: its result is the JSON";

/// The longest text that is passed on a command line.
const WORD_BYTES: usize = 100 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_granted_or_refused() {
        let read = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let turn = Turn::read(&words)?;
            let words = turn.arguments.into_iter().map(|word| word.into_string().unwrap());
            Ok::<_, Error>(words.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(read("exec --experimental-json").unwrap(), "--mode readonly");
        let line =
            "exec --config openai_base_url=\"http://h/v1\" --sandbox workspace-write resume 7";
        assert_eq!(
            read(line).unwrap(),
            "--provider openai --api openai-responses --base-url http://h/v1 --write --continue \
             --session 7"
        );
        let line = "exec --sandbox danger-full-access --output-schema s.json";
        assert_eq!(read(line).unwrap(), "--output-schema s.json --mode full");
        for wrong in ["exec --add-dir /", "exec --config x=1", "exec --sandbox no", "review"] {
            assert_eq!(read(wrong).unwrap_err().kind(), ErrorKind::Usage, "{wrong}");
        }
    }
}
