//! A tape: everything that went into a session, as JSON Lines. Played again, it gives the same
//! events and the same requests, offline.
//!
//! ```text
//! {"type":"tape","version":1,"api":…,"model":…,"system":…,"tools":[…],"limits":{…}}
//! {"type":"user","text":…}
//! {"type":"request","bytes":4711,"sha1":…}       what was sent, for comparison
//! {"type":"response","status":200,"retry_after_ms":null}
//! {"type":"bytes","text":…}                       or "hex" where it is not UTF-8
//! {"type":"end"}
//! {"type":"tool_result","call":0,"content":…,"is_error":false}
//! {"type":"over","exit_code":0,"sha1":…}          the end of the run; the sum of all lines above
//! ```
//! A tape without its last line, or with another sum, was cut or changed: it is not played.
//! No line holds the key: it is no part of a session. Should a provider or a tool say it, there is
//! no tape.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha1_smol::Sha1;
use zerostack_core::{
    CallId, FailedTurn, Limits, OutputLimitKey, OwnedConfig, OwnedTool, Prices, Provider, Request,
    RoomPolicy, Step, ToolMode, ToolResult,
};

use super::events::hex;
use crate::agent::{AgentEvent, OwnedSession, Recorder, make_room, reply, start_session};
use crate::provider::Secret;
use crate::{Error, ErrorKind, Result};

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Tape(Box<Head>),
    User { text: String },
    Request { bytes: usize, sha1: String },
    Response { status: u16, retry_after_ms: Option<u32> },
    Bytes(Bytes),
    End,
    ToolResult { call: u32, content: String, is_error: bool },
    Over(Over),
}

#[derive(Serialize, Deserialize)]
struct Over {
    exit_code: u8,
    sha1: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    api: String,
    model: String,
    system: String,
    tools: Vec<ToolLine>,
    limits: LimitsLine,
    /// Left out where it is the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_limit_key: Option<String>,
    /// The same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_mode: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ToolLine {
    name: String,
    description: String,
    parameters: String,
}

#[derive(Serialize, Deserialize)]
struct LimitsLine {
    max_output_tokens: u32,
    context_tokens: u32,
    max_result_bytes: u32,
    max_response_bytes: u32,
    reply_bytes: u32,
    max_rounds: u16,
    max_attempts: u8,
    retry_base_ms: u32,
    retry_max_ms: u32,
    seed: u32,
    /// What tapes of old do not have, and few need.
    #[serde(default, skip_serializing_if = "is_default")]
    room: RoomLine,
    #[serde(default, skip_serializing_if = "is_default")]
    budget: BudgetLine,
}

/// When and how room is made.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct RoomLine {
    policy: String,
    high_water_tokens: u32,
    low_water_tokens: u32,
}

/// What a turn may use up beside its rounds.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct BudgetLine {
    tokens: u32,
    cost_micros: u32,
    repeats: u16,
    /// Of input, output, what the cache gave and what it took.
    prices: [u32; 4],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Payload {
    Text(String),
    Hex(String),
}

#[derive(Serialize, Deserialize)]
struct Bytes {
    #[serde(flatten)]
    payload: Payload,
}

/// A tape that is being written. A file gets its name when it is whole.
pub struct Tape {
    out: BufWriter<Box<dyn Write>>,
    /// The file that has no name yet; none where the tape goes to a device or a pipe.
    unnamed: Option<tempfile::NamedTempFile>,
    path: PathBuf,
    sum: Sha1,
    /// What must not stand on the tape.
    key: Option<Secret>,
    /// The end of the bytes so far, in which the key may have begun.
    tail: Vec<u8>,
    /// The key came; nothing is written since.
    has_key: bool,
}

impl Tape {
    /// Begins the tape that will be at `path`.
    ///
    /// # Errors
    /// `Input` when the file cannot be made.
    pub fn create(path: &Path, key: Option<&Secret>, config: &OwnedConfig) -> Result<Self> {
        let refused = |error: std::io::Error| cannot_write(path, &error);
        if path.file_name().is_none() {
            return Err(cannot_write(path, &"it is no name of a file"));
        }
        // What is there and no file, such as a pipe, must not be replaced by one; nor a link.
        let is_file = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (out, unnamed): (Box<dyn Write>, _) = if is_file {
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
            let file = tempfile::Builder::new()
                .prefix(".zerostack-tape-")
                .tempfile_in(folder.unwrap_or(Path::new(".")))
                .map_err(refused)?;
            (Box::new(file.reopen().map_err(refused)?), Some(file))
        } else {
            (Box::new(File::options().write(true).open(&target).map_err(refused)?), None)
        };
        let mut tape = Self {
            out: BufWriter::new(out),
            unnamed,
            path: target,
            sum: Sha1::new(),
            key: key.cloned(),
            tail: Vec::new(),
            has_key: false,
        };
        tape.line(&Line::Tape(Box::new(Head {
            version: VERSION,
            api: config.provider.name().to_owned(),
            model: config.model.clone(),
            system: config.system.clone(),
            tools: config.tools.iter().cloned().map(ToolLine::from).collect(),
            limits: LimitsLine::from(config.limits),
            output_limit_key: (config.output_limit_key != OutputLimitKey::default())
                .then(|| config.output_limit_key.name().to_owned()),
            tool_mode: (config.tool_mode != ToolMode::default())
                .then(|| config.tool_mode.name().to_owned()),
        })))?;
        Ok(tape)
    }

    /// The user said `text`.
    ///
    /// # Errors
    /// `Input` when it cannot be written.
    pub fn user(&mut self, text: &str) -> Result<()> {
        self.line(&Line::User { text: text.to_owned() })
    }

    /// The run ended with `exit_code`: the tape is whole and gets its name.
    ///
    /// # Errors
    /// `Input` when it cannot be written.
    pub fn finish(mut self, exit_code: u8) -> Result<()> {
        if self.has_key {
            return Err(cannot_write(&self.path, &"the key would stand on it"));
        }
        let sha1 = self.sum.digest().to_string();
        self.line(&Line::Over(Over { exit_code, sha1 }))?;
        let Self { mut out, unnamed, path, .. } = self;
        out.flush().map_err(|error| cannot_write(&path, &error))?;
        if let Some(file) = unnamed {
            file.as_file().sync_all().map_err(|error| cannot_write(&path, &error))?;
            file.persist(&path).map_err(|error| cannot_write(&path, &error.error))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let written =
            serde_json::to_vec(line).map_err(std::io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                self.has_key |= self.is_key_in(&line);
                if self.has_key {
                    return Ok(());
                }
                self.sum.update(&line);
                self.out.write_all(&line)
            });
        written.map_err(|error| cannot_write(&self.path, &error))
    }
}

impl Tape {
    fn is_key_in(&self, bytes: &[u8]) -> bool {
        let key = self.key.as_ref().map_or("", |key| key.expose());
        !key.is_empty() && memchr::memmem::find(bytes, key.as_bytes()).is_some()
    }

    /// Looks for a key that came in two pieces, or in bytes that are no text.
    fn look_for_key(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.has_key |= self.is_key_in(&self.tail);
        let kept = self.key.as_ref().map_or(0, |key| key.expose().len());
        self.tail.drain(..self.tail.len().saturating_sub(kept));
    }
}

impl Recorder for Tape {
    fn request(&mut self, request: Request<'_>) -> Result<()> {
        let (bytes, sha1) = digest(request);
        self.line(&Line::Request { bytes, sha1 })
    }

    fn response(&mut self, status: u16, retry_after_ms: Option<u32>) -> Result<()> {
        self.line(&Line::Response { status, retry_after_ms })
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.look_for_key(bytes);
        let payload = match std::str::from_utf8(bytes) {
            Ok(text) => Payload::Text(text.to_owned()),
            Err(_) => Payload::Hex(hex(bytes)),
        };
        self.line(&Line::Bytes(Bytes { payload }))
    }

    fn end(&mut self) -> Result<()> {
        self.line(&Line::End)
    }

    fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()> {
        self.line(&Line::ToolResult { call, content: content.to_owned(), is_error })
    }
}

/// Plays the tape `input`: gives each event to `show`, and each request body to `request`. It is
/// read to its end first, so nothing of a tape is played that was changed.
///
/// # Errors
/// `Input` when the tape is malformed or was changed, or a request differs from the one that was
/// recorded.
pub fn replay(
    mut input: impl Read + Seek,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Request<'_>) -> Result<()>,
) -> Result<()> {
    check_sum(&mut input)?;
    let rewound = input.rewind();
    rewound.map_err(|error| Error::new(ErrorKind::Input, format!("the tape: {error}")))?;
    let mut session: Option<OwnedSession> = None;
    for (index, text) in BufReader::new(input).lines().enumerate() {
        let number = index + 1;
        let refused = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Input, format!("the tape, line {number}: {why}"))
        };
        let text = text.map_err(|error| refused(&error))?;
        let line: Line = serde_json::from_str(&text).map_err(|error| refused(&error))?;
        let session = match (&mut session, line) {
            (none @ None, Line::Tape(head)) => {
                *none = Some(head.session().map_err(|error| refused(&error))?);
                continue;
            }
            (None, _) => return Err(refused(&"a tape begins with a line of type \"tape\"")),
            (Some(_), Line::Tape(_)) => return Err(refused(&"a second tape begins here")),
            (Some(session), line) => {
                play(session, line, show, request).map_err(|error| refused(&error))?;
                session
            }
        };
        // The wait of a retry was real; here only its end counts.
        if matches!(session.step(), Step::Wait { .. }) {
            session.retry().map_err(Error::from_core)?;
        }
        // A failure is an outcome that was recorded too.
        while matches!(session.step(), Step::MakeRoom { .. })
            && let Ok(event) = make_room(session)
        {
            show(&event)?;
        }
    }
    Ok(())
}

/// Compares the sum in the last line with the lines before it.
fn check_sum(input: &mut impl Read) -> Result<()> {
    let wrong = |why: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Input, format!("the tape cannot be played: {why}"))
    };
    let mut input = BufReader::new(input);
    let (mut sum, mut last) = (Sha1::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).map_err(|error| wrong(&error))? == 0 {
            break;
        }
        sum.update(&last);
        last = line;
    }
    match serde_json::from_slice(&last) {
        Ok(Line::Over(over)) if over.sha1 == sum.digest().to_string() => Ok(()),
        Ok(Line::Over(_)) => Err(wrong(&"it was changed after it was recorded")),
        _ => Err(wrong(&"it is no tape, or its end is missing")),
    }
}

/// One line goes into the session.
fn play(
    session: &mut OwnedSession,
    line: Line,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Request<'_>) -> Result<()>,
) -> Result<()> {
    match line {
        Line::Tape(_) | Line::Over(_) => {}
        Line::User { text } => session.user(&text).map_err(Error::from_core)?,
        Line::Request { bytes, sha1 } => {
            let ours = session.request().map_err(Error::from_core)?;
            if digest(ours.clone()) != (bytes, sha1) {
                let text = "the request differs from the one that was recorded";
                return Err(Error::new(ErrorKind::Input, text));
            }
            request(ours)?;
        }
        Line::Response { status, retry_after_ms } => {
            session.begin_response(status, retry_after_ms).map_err(Error::from_core)?;
        }
        Line::Bytes(Bytes { payload }) => {
            let bytes = match payload {
                Payload::Text(text) => text.into_bytes(),
                Payload::Hex(text) => from_hex(&text)?,
            };
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && session.step() == Step::Receive {
                let is_held = reply::is_held(session);
                let fed = session.feed(rest);
                let fed = fed.map(|fed| {
                    (fed.used, fed.event.and_then(|event| reply::shown(is_held, event)))
                });
                let (used, event) = match fed {
                    Ok(fed) => fed,
                    Err(_) if matches!(session.step(), Step::MakeRoom { .. }) => {
                        show(&AgentEvent::Restart)?;
                        break;
                    }
                    // A failure is an outcome that was recorded too.
                    Err(_) => break,
                };
                rest = &rest[used..];
                if let Some(event) = event {
                    show(&event)?;
                }
            }
        }
        Line::End => {
            if matches!(session.step(), Step::Receive | Step::Send)
                && let Ok(events) = reply::end(session)
            {
                events.iter().try_for_each(show)?;
            }
        }
        Line::ToolResult { call, content, is_error } => {
            let id = CallId::from_number(call);
            let pending = session.pending_calls().find(|pending| pending.id == id);
            let pending = pending.map(crate::agent::Call::from);
            let result = ToolResult { id, content: &content, is_error };
            let left_out_bytes = session.tool_result(result).map_err(Error::from_core)?;
            if let Some(call) = pending {
                show(&AgentEvent::ToolResult { call, content, is_error, left_out_bytes })?;
            }
        }
    }
    Ok(())
}

impl Head {
    fn session(self) -> Result<OwnedSession> {
        let input = |text: String| Error::new(ErrorKind::Input, text);
        if self.version != VERSION {
            let version = self.version;
            return Err(input(format!("version {version} is unknown; this is version {VERSION}")));
        }
        let api = Provider::from_name(&self.api);
        let api = api.ok_or_else(|| input(format!("the API {:?} is unknown", self.api)))?;
        let mut config = OwnedConfig::new(api, self.model);
        config.system = self.system;
        config.tools = self.tools.into_iter().map(OwnedTool::from).collect();
        config.limits = self.limits.into();
        if let Some(name) = &self.output_limit_key {
            let key = OutputLimitKey::from_name(name);
            config.output_limit_key =
                key.ok_or_else(|| input(format!("the key {name:?} is unknown")))?;
        }
        if let Some(name) = &self.tool_mode {
            let mode = ToolMode::from_name(name);
            config.tool_mode =
                mode.ok_or_else(|| input(format!("the tool mode {name:?} is unknown")))?;
        }
        start_session(config)
    }
}

impl From<OwnedTool> for ToolLine {
    fn from(tool: OwnedTool) -> Self {
        let OwnedTool { name, description, parameters } = tool;
        Self { name, description, parameters }
    }
}

impl From<ToolLine> for OwnedTool {
    fn from(tool: ToolLine) -> Self {
        let ToolLine { name, description, parameters } = tool;
        Self { name, description, parameters }
    }
}

impl From<Limits> for LimitsLine {
    fn from(limits: Limits) -> Self {
        Self {
            max_output_tokens: limits.max_output_tokens,
            context_tokens: limits.context_tokens,
            max_result_bytes: limits.max_result_bytes,
            max_response_bytes: limits.max_response_bytes,
            reply_bytes: limits.reply_bytes,
            max_rounds: limits.max_rounds,
            max_attempts: limits.max_attempts,
            retry_base_ms: limits.retry_base_ms,
            retry_max_ms: limits.retry_max_ms,
            seed: limits.seed,
            room: match limits.room {
                RoomPolicy::Ask => RoomLine::default(),
                policy => RoomLine {
                    policy: policy.name().to_owned(),
                    high_water_tokens: limits.high_water_tokens,
                    low_water_tokens: limits.low_water_tokens,
                },
            },
            budget: BudgetLine {
                tokens: limits.max_turn_tokens,
                cost_micros: limits.max_turn_cost_micros,
                repeats: limits.max_repeats,
                prices: {
                    let Prices { input, output, cache_read, cache_write } = limits.prices;
                    [input, output, cache_read, cache_write]
                },
            },
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<LimitsLine> for Limits {
    fn from(line: LimitsLine) -> Self {
        Self {
            max_output_tokens: line.max_output_tokens,
            context_tokens: line.context_tokens,
            max_result_bytes: line.max_result_bytes,
            max_response_bytes: line.max_response_bytes,
            reply_bytes: line.reply_bytes,
            max_rounds: line.max_rounds,
            max_attempts: line.max_attempts,
            retry_base_ms: line.retry_base_ms,
            retry_max_ms: line.retry_max_ms,
            seed: line.seed,
            failed_turn: FailedTurn::TakeOut,
            room: RoomPolicy::from_name(&line.room.policy).unwrap_or_default(),
            high_water_tokens: line.room.high_water_tokens,
            low_water_tokens: line.room.low_water_tokens,
            max_turn_tokens: line.budget.tokens,
            max_turn_cost_micros: line.budget.cost_micros,
            max_repeats: line.budget.repeats,
            prices: {
                let [input, output, cache_read, cache_write] = line.budget.prices;
                Prices { input, output, cache_read, cache_write }
            },
            // The time of a turn is not on the tape.
            ..Limits::DEFAULT
        }
    }
}

/// The length of a request's body and its SHA-1.
fn digest(mut request: Request<'_>) -> (usize, String) {
    let mut hash = Sha1::new();
    let mut length = 0;
    let mut buffer = [0; 4096];
    loop {
        let count = request.read(&mut buffer);
        if count == 0 {
            return (length, hash.digest().to_string());
        }
        hash.update(&buffer[..count]);
        length += count;
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits =
        digits.ok_or_else(|| Error::new(ErrorKind::Input, "\"hex\" is not hexadecimal"))?;
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn cannot_write(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot write the tape {}: {error}", path.display()))
}
