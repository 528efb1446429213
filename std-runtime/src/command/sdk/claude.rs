//! `sdk claude`: plays the part of `claude --input-format stream-json --output-format stream-json`
//! for the Claude Agent SDKs. Each message of the user is a turn; requests of the SDK are answered at once.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::process::{Child, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::codex::{WRITES_NOTHING, say};
use super::failed;
use super::flags::{self, Kind, Word};
use crate::command::print::tell;
use crate::command::run::PARENT;
use crate::command::usage::usage;
use crate::error::unwritable;
use crate::run::front::events::EventFormat;
use crate::{Error, ErrorKind, Result};

pub(super) fn run(words: &[String]) -> Result<ExitCode> {
    let talk = Talk::read(words)?;
    let (sender, receiver) = channel();
    let lines = sender.clone();
    std::thread::spawn(move || read_stdin(&lines));
    talk.go_on(&sender, &receiver)
}

/// The next input.
enum Next {
    /// A line of the SDK.
    Line(String),
    /// The end of the SDK's lines.
    NoMore,
    /// A line is too long or cannot be read.
    Unreadable(String),
    /// The turn printed this line, which was passed on.
    Printed(String),
    /// The turn has printed everything.
    Ended,
}

/// A conversation with an SDK.
#[derive(Debug, Default)]
struct Talk {
    /// The arguments of every turn.
    arguments: Vec<OsString>,
    /// The argument of the first turn only: the session to continue.
    first: Vec<OsString>,
    mode: String,
    model: Option<String>,
    session: Option<String>,
    /// Whether the SDK wants partial messages.
    has_partial: bool,
    /// Whether the turn reported how it ended.
    has_result: bool,
    /// Text for the system prompt, and the schema of the answer: files that the turns read.
    files: Vec<tempfile::NamedTempFile>,
}

impl Talk {
    fn read(words: &[String]) -> Result<Self> {
        let mut talk = Self::default();
        for word in flags::read("claude", words, FLAGS)? {
            let Word::Flag(name, value) = word else {
                let text = "sdk claude: give messages on stdin, with --input-format stream-json";
                return Err(usage(text));
            };
            talk.flag(name, value)?;
        }
        Ok(talk)
    }

    fn flag(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "--output-format" | "--input-format" if value == "stream-json" => {}
            "--output-format" | "--input-format" => {
                return Err(usage(format!("sdk claude: {name} is stream-json, not {value:?}")));
            }
            "--system-prompt" | "--append-system-prompt" => self.add_system(value)?,
            "--allowedTools" => flags::rules(value).iter().for_each(|it| self.add("--allow", it)),
            "--disallowedTools" => flags::rules(value).iter().for_each(|it| self.add("--deny", it)),
            "--max-turns" => self.add("--max-rounds", value),
            "--max-budget-usd" => self.add("--max-cost", value),
            "--effort" => self.add("--reasoning-effort", value),
            "--model" => self.model = Some(value.to_owned()),
            "--json-schema" => self.add_file(SCHEMA, value)?,
            "--continue" => self.first.push("--continue".into()),
            "--fork-session" => self.first.push("--fork".into()),
            "--resume" => {
                self.first.extend(["--continue", "--session", value].map(OsString::from));
            }
            "--session-id" => self.first.extend(["--session", value].map(OsString::from)),
            "--permission-mode" => value.clone_into(&mut self.mode),
            "--dangerously-skip-permissions" => "bypassPermissions".clone_into(&mut self.mode),
            "--mcp-config" if has_no_servers(value) => {}
            "--include-partial-messages" => self.has_partial = true,
            "--permission-prompt-tool" => {
                let text = "sdk claude: nobody is asked for a permission during a run, so a callback \
                            such as can_use_tool is never called; allowed_tools, disallowed_tools \
                            and permission_mode say what may run";
                return Err(usage(text));
            }
            _ => return Err(usage(format!("sdk claude: {name} {value:?} is not supported"))),
        }
        Ok(())
    }

    fn add(&mut self, flag: &str, value: &str) {
        self.arguments.extend([flag, value].map(OsString::from));
    }

    fn add_system(&mut self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        self.add_file("--add-system", text)
    }

    fn add_file(&mut self, flag: &str, text: &str) -> Result<()> {
        let cannot = |error: io::Error| failed("a temporary file cannot be written", &error);
        let mut file = tempfile::NamedTempFile::new().map_err(cannot)?;
        file.write_all(text.as_bytes()).map_err(cannot)?;
        self.arguments.extend([OsString::from(flag), file.path().into()]);
        self.files.push(file);
        Ok(())
    }

    /// Reads and handles all input, to the end.
    fn go_on(mut self, sender: &Sender<Next>, receiver: &Receiver<Next>) -> Result<ExitCode> {
        let mut waiting = std::collections::VecDeque::new();
        let (mut is_over, mut was_interrupted, mut code) = (false, false, ExitCode::SUCCESS);
        let mut turn: Option<Child> = None;
        loop {
            if turn.is_none() {
                match waiting.pop_front() {
                    Some(text) => {
                        was_interrupted = false;
                        turn = Some(self.begin(text, sender)?);
                    }
                    None if is_over => return Ok(code),
                    None => {}
                }
            }
            // A sender is held here, so that there is always one.
            let Ok(next) = receiver.recv() else { return Ok(code) };
            match next {
                Next::NoMore => is_over = true,
                Next::Unreadable(why) => return Err(Error::new(ErrorKind::Input, why)),
                Next::Printed(line) => self.take(&line),
                Next::Ended => {
                    let Some(mut child) = turn.take() else { continue };
                    let ended = child.wait().map_err(|error| failed("a turn is lost", &error))?;
                    let own = ended.code().and_then(|code| u8::try_from(code).ok());
                    let own = own.unwrap_or(ErrorKind::Internal.exit_code());
                    if !self.has_result {
                        self.tell_end(&format!("the turn ended before it began: {ended}"))?;
                    }
                    // A requested end is not a failure.
                    code = ExitCode::from(if was_interrupted { 0 } else { own });
                }
                Next::Line(line) => match serde_json::from_str::<Value>(&line) {
                    Ok(message) if message["type"] == "user" => waiting.push_back(said(&message)?),
                    Ok(message) if message["type"] == "control_request" => {
                        if message["request"]["subtype"] == "interrupt" {
                            was_interrupted = turn.is_some();
                            turn.iter().for_each(interrupt);
                            waiting.clear();
                        }
                        self.answer(&message)?;
                    }
                    // Such as answers, and messages of newer SDKs.
                    Ok(_) => {}
                    Err(error) => {
                        let text = format!("a line of the SDK is not JSON: {error}");
                        return Err(Error::new(ErrorKind::Input, text));
                    }
                },
            }
        }
    }

    /// Begins a turn.
    fn begin(&mut self, text: String, sender: &Sender<Next>) -> Result<Child> {
        self.has_result = false;
        let mut command = super::command(match self.has_partial {
            true => EventFormat::ClaudePartial,
            false => EventFormat::Claude,
        })?;
        command.args(&self.arguments);
        if let Some(model) = &self.model {
            command.args(["--model", model]);
        }
        match self.mode.as_str() {
            "bypassPermissions" => _ = command.args(["--mode", "full"]),
            "plan" => _ = command.args(["--mode", "readonly"]),
            _ => {}
        }
        if ["acceptEdits", "bypassPermissions"].contains(&self.mode.as_str()) {
            match self.arguments.iter().any(|word| word == SCHEMA) {
                true => tell(&WRITES_NOTHING),
                false => _ = command.arg("--write"),
            }
        }
        match &self.session {
            Some(session) => _ = command.args(["--continue", "--session", session]),
            None => _ = command.args(&self.first),
        }
        say(&mut command, text.into_bytes())?;
        command.env(PARENT, std::process::id().to_string()).stdout(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| failed("a turn cannot be started", &error))?;
        let out = child.stdout.take();
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut out = out.map(BufReader::new);
            let mut line = String::new();
            while let Some(read) = out.as_mut().map(|out| out.read_line(&mut line))
                && read.is_ok_and(|bytes| bytes > 0)
            {
                // If the SDK is gone, its input ends next.
                let _ = print(&line);
                let _ = sender.send(Next::Printed(std::mem::take(&mut line)));
            }
            let _ = sender.send(Next::Ended);
        });
        Ok(child)
    }

    /// Reads a line of the turn. All turns use the session of the first one.
    fn take(&mut self, line: &str) {
        let begins = line.contains("\"subtype\":\"init\"");
        if !begins && !line.contains("\"type\":\"result\"") {
            return;
        }
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        self.has_result |= line["type"] == "result";
        if line["type"] == "system" && line["subtype"] == "init" {
            self.session = line["session_id"].as_str().map(str::to_owned);
        }
    }

    /// Reports the end of a turn to the SDK if the turn could not.
    fn tell_end(&self, why: &str) -> Result<()> {
        let line = json!({
            "type": "result",
            "subtype": "error_during_execution",
            "is_error": true,
            "duration_ms": 0,
            "duration_api_ms": 0,
            "num_turns": 0,
            "stop_reason": null,
            "total_cost_usd": 0,
            "usage": {"input_tokens": 0, "output_tokens": 0},
            "modelUsage": {},
            "permission_denials": [],
            "errors": [why],
            "session_id": self.session.as_deref().unwrap_or_default(),
            "uuid": "00000000-0000-8000-8000-000000000000",
        });
        print(&format!("{line}\n"))
    }

    /// Answers a request of the SDK.
    fn answer(&mut self, message: &Value) -> Result<()> {
        let request = &message["request"];
        let done = match request["subtype"].as_str().unwrap_or_default() {
            "initialize" => self.initialize(request),
            "interrupt" => Ok(json!({})),
            "set_permission_mode" => {
                request["mode"].as_str().unwrap_or_default().clone_into(&mut self.mode);
                Ok(json!({"mode": self.mode}))
            }
            "set_model" => {
                self.model = request["model"].as_str().map(str::to_owned);
                Ok(json!({}))
            }
            "mcp_status" => Ok(json!({"mcpServers": []})),
            other => Err(format!("zerostack does not have {other}")),
        };
        let id = &message["request_id"];
        let response = match done {
            Ok(response) => {
                json!({"subtype": "success", "request_id": id, "response": response})
            }
            Err(why) => {
                tell(&why);
                json!({"subtype": "error", "request_id": id, "error": why})
            }
        };
        print(&format!("{}\n", json!({"type": "control_response", "response": response})))
    }

    fn initialize(&mut self, request: &Value) -> Result<Value, String> {
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        for (key, what) in [
            ("hooks", "hooks that the SDK calls"),
            ("sdkMcpServers", "tools that run in the SDK"),
            ("agents", "agents that the SDK describes"),
        ] {
            if !is_empty(&request[key]) {
                return Err(format!("zerostack does not have {what}"));
            }
        }
        let texts = request["systemPrompt"].as_array().into_iter().flatten();
        let texts = texts.chain([&request["systemPrompt"], &request["appendSystemPrompt"]]);
        for text in texts.filter_map(Value::as_str) {
            self.add_system(text).map_err(|error| error.to_string())?;
        }
        if !is_empty(&request["jsonSchema"]) {
            let schema = request["jsonSchema"].to_string();
            self.add_file(SCHEMA, &schema).map_err(|error| error.to_string())?;
        }
        Ok(json!({
            "commands": [],
            "agents": [],
            "output_style": "default",
            "available_output_styles": ["default"],
            "models": [],
            "account": {},
        }))
    }
}

/// The text of a user message.
fn said(message: &Value) -> Result<String> {
    let refused = || Error::new(ErrorKind::Input, "a message of the SDK holds more than text");
    match &message["message"]["content"] {
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| block["text"].as_str().ok_or_else(refused));
            Ok(texts.collect::<Result<Vec<_>>>()?.join("\n"))
        }
        _ => Err(refused()),
    }
}

fn interrupt(turn: &Child) {
    let pid = i32::try_from(turn.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // A turn that has ended needs no signal.
        let _ = kill_process(pid, Signal::INT);
    }
}

fn has_no_servers(config: &str) -> bool {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    config["mcpServers"].as_object().is_some_and(serde_json::Map::is_empty)
}

fn read_stdin(lines: &Sender<Next>) {
    let mut stdin = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let next = match (&mut stdin).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => Next::NoMore,
            Ok(_) if line.len() as u64 == LINE_BYTES => {
                Next::Unreadable(format!("a line of the SDK is longer than {LINE_BYTES} bytes"))
            }
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => match String::from_utf8(line) {
                Ok(line) => Next::Line(line),
                Err(_) => Next::Unreadable("a line of the SDK is not UTF-8".to_owned()),
            },
            Err(error) => Next::Unreadable(format!("stdin: {error}")),
        };
        let is_last = !matches!(next, Next::Line(_));
        if lines.send(next).is_err() || is_last {
            return;
        }
    }
}

/// One whole line to the SDK.
fn print(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| unwritable(&error))
}

const FLAGS: &[(&str, Kind)] = &[
    ("--output-format", Kind::Value),
    ("--input-format", Kind::Value),
    ("--system-prompt", Kind::Value),
    ("--append-system-prompt", Kind::Value),
    ("--allowedTools", Kind::Value),
    ("--disallowedTools", Kind::Value),
    ("--max-turns", Kind::Value),
    ("--max-budget-usd", Kind::Value),
    ("--effort", Kind::Value),
    ("--model", Kind::Value),
    ("--json-schema", Kind::Value),
    ("--continue", Kind::Switch),
    ("--fork-session", Kind::Switch),
    ("--resume", Kind::Value),
    ("--session-id", Kind::Value),
    ("--permission-mode", Kind::Value),
    ("--dangerously-skip-permissions", Kind::Switch),
    ("--mcp-config", Kind::Value),
    ("--include-partial-messages", Kind::Switch),
    ("--permission-prompt-tool", Kind::Value),
    // Settings of the display, or of features that do not exist here.
    ("--verbose", Kind::IgnoredSwitch),
    ("--print", Kind::IgnoredSwitch),
    ("-p", Kind::IgnoredSwitch),
    ("--debug", Kind::IgnoredSwitch),
    ("--debug-to-stderr", Kind::IgnoredSwitch),
    ("--include-hook-events", Kind::IgnoredSwitch),
    ("--strict-mcp-config", Kind::IgnoredSwitch),
    // It permits the mode, and does not choose it.
    ("--allow-dangerously-skip-permissions", Kind::IgnoredSwitch),
    ("--setting-sources", Kind::IgnoredValue),
    ("--fallback-model", Kind::IgnoredValue),
    ("--betas", Kind::IgnoredValue),
    ("--thinking", Kind::IgnoredValue),
    ("--thinking-display", Kind::IgnoredValue),
    ("--max-thinking-tokens", Kind::IgnoredValue),
];

/// The flag of the schema of the answer.
const SCHEMA: &str = "--output-schema";

/// The longest line of an SDK.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Talk> {
        Talk::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn each_request_is_granted_or_refused() {
        let talk = read(&[
            "--output-format",
            "stream-json",
            "--verbose",
            "--system-prompt",
            "",
            "--disallowedTools",
            "Bash(rm:*),Write",
            "--max-turns=3",
            "--resume",
            "7",
            "--fork-session",
        ]);
        let talk = talk.unwrap();
        let wanted = ["--deny", "Bash(rm:*)", "--deny", "Write", "--max-rounds", "3"];
        assert_eq!(talk.arguments, wanted.map(OsString::from));
        assert_eq!(talk.first, ["--continue", "--session", "7", "--fork"].map(OsString::from));
        for wrong in [
            &["--output-format", "text"][..],
            &["--settings", "{}"],
            &["--add-dir", "/"],
            &["--permission-prompt-tool", "stdio"],
            &["--mcp-config", "{\"mcpServers\":{\"a\":{}}}"],
            &["hello"],
        ] {
            assert_eq!(read(wrong).unwrap_err().kind(), ErrorKind::Usage, "{wrong:?}");
        }
    }

    #[test]
    fn features_that_run_in_the_sdk_are_refused_at_the_start() {
        let mut talk = Talk::default();
        let of = |key: &str, value: Value| json!({"subtype": "initialize", key: value});
        assert!(talk.initialize(&of("hooks", json!({"PreToolUse": []}))).is_err());
        assert!(talk.initialize(&of("sdkMcpServers", json!(["tools"]))).is_err());
        assert!(talk.initialize(&of("hooks", Value::Null)).is_ok());
        talk.initialize(&of("systemPrompt", json!(["Be brief."]))).unwrap();
        assert_eq!(std::fs::read_to_string(talk.files[0].path()).unwrap(), "Be brief.");
    }
}
