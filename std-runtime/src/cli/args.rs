//! The grammar of the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use zerostack_core::prompt::Output;
use zerostack_core::{Dialect, Limits, OutputLimitKey, OwnedConfig, RoomPolicy, ToolMode};
use zerostack_policy::{Mode, Rule, Verdict};

use super::history::{History, What};
use super::permissions::{Check, Subject};
use crate::permissions::Permissions;
use crate::plumbing::decode::{Chunks, Form};
use crate::provider::{Flags, shown};
use crate::run::contract::Format;
use crate::sandbox;
use crate::tokens::{self, TokensOptions, TokensOutput, VocabularyChoice};
use crate::{Error, ErrorKind, Result};

/// What to do.
pub(super) enum Command {
    Help,
    Version,
    Prompts,
    Run(Box<RunArgs>),
    Try(Box<RunArgs>),
    Tool { name: String },
    Call,
    Decode { api: Dialect, chunks: Chunks, form: Form },
    Encode { config: Box<OwnedConfig>, prefix_report: bool },
    Step,
    Answer,
    Begin { system: String, tools: Vec<String>, text: String },
    Tokens(TokensOptions),
    Replay { path: PathBuf, requests: bool },
    Permissions(Check),
    History(History),
}

/// The arguments of a run.
#[derive(Default)]
pub(super) struct RunArgs {
    pub model: Flags,
    pub sandbox: sandbox::Mode,
    pub record: Option<PathBuf>,
    pub events: bool,
    pub output: Option<Output>,
    pub output_file: Option<PathBuf>,
    pub limits: Limits,
    pub permissions: Permissions,
    /// How room is made; a summary where it is not said.
    pub room: Option<RoomPolicy>,
    pub folder: Option<PathBuf>,
    pub quiet: bool,
    pub prompt: Option<String>,
    pub time_limit: Option<Duration>,
    pub stdin_limit: Option<Duration>,
    pub idle_limit: Option<Duration>,
    pub write: bool,
    pub format: Option<Format>,
    pub dry_run: bool,
    pub yes: bool,
    pub words: Vec<String>,
}

/// The words that are commands; no prompt may take them.
pub(super) const COMMANDS: &[&str] = &[
    "run",
    "try",
    "chat",
    "loop",
    "tool",
    "sandbox",
    "tokens",
    "encode",
    "decode",
    "step",
    "patch",
    "prompts",
    "log",
    "show",
    "undo",
    "redo",
    "retry",
    "replay",
    "diff",
    "worktree",
    "doctor",
    "config",
    "help",
    "permissions",
];

/// Reads the command line.
///
/// # Errors
/// `Usage`.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let args: Vec<OsString> = args.into_iter().collect();
    // Whatever else is on the line, and whichever command it is for.
    if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let mut parser = Parser::from_args(args);
    let mut run = RunArgs::default();
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Value(word) if run.words.is_empty() && run.prompt.is_none() => {
                let word = text("the instruction", word)?;
                match word.as_str() {
                    "help" => return Ok(Command::Help),
                    "try" => return run_args(parser, run).map(|run| Command::Try(Box::new(run))),
                    "run" => return run_args(parser, run).map(|run| Command::Run(Box::new(run))),
                    "prompts" => return end(parser).map(|()| Command::Prompts),
                    "tool" => return tool(parser),
                    "decode" => return decode(parser),
                    "encode" => return encode(parser),
                    "step" => return step(parser),
                    "replay" => return replay(parser),
                    "tokens" => return tokens(parser),
                    "permissions" => return permissions(parser),
                    "log" | "show" | "undo" | "redo" => return history(&word, parser, run.folder),
                    name if COMMANDS.contains(&name) => {
                        return Err(usage(format!("this version has no command {name:?}")));
                    }
                    _ => run.words.push(word),
                }
            }
            Arg::Value(word) => run.words.push(text("the instruction", word)?),
            arg => {
                let option = owned(&arg);
                run.option(&option, &mut parser)?;
            }
        }
    }
    Ok(Command::Run(Box::new(run)))
}

/// The rest of a run, whose command was named.
fn run_args(mut parser: Parser, mut run: RunArgs) -> Result<RunArgs> {
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(word) => run.words.push(text("the instruction", word)?),
            arg => {
                let option = owned(&arg);
                run.option(&option, &mut parser)?;
            }
        }
    }
    Ok(run)
}

impl RunArgs {
    fn option(&mut self, option: &str, parser: &mut Parser) -> Result<()> {
        match option {
            "--provider" => self.model.provider = Some(string(option, parser)?),
            "--base-url" => self.model.base_url = Some(string(option, parser)?),
            "-m" | "--model" => self.model.model = Some(string(option, parser)?),
            "--api" => self.model.api = Some(api(option, parser)?),
            "--tool-mode" => self.model.tool_mode = Some(tool_mode(option, parser)?),
            "-p" | "--prompt" => self.prompt = Some(string(option, parser)?),
            "-C" | "--folder" => self.folder = Some(value(option, parser)?.into()),
            "--mode" => {
                let modes: Vec<_> = Mode::ALL.iter().map(|mode| (mode.name(), *mode)).collect();
                self.permissions.mode = Some(choice(option, parser, &modes)?);
            }
            "--allow" => self.rule(Verdict::Allow, option, parser)?,
            "--ask" => self.rule(Verdict::Ask, option, parser)?,
            "--deny" => self.rule(Verdict::Deny, option, parser)?,
            "--record" => self.record = Some(value(option, parser)?.into()),
            "-q" | "--quiet" => self.quiet = true,
            "-w" | "--write" => self.write = true,
            "--json" => self.format(Format::Json)?,
            "--sarif" => self.format(Format::Sarif)?,
            "--dry-run" => self.dry_run = true,
            "--yes" => self.yes = true,
            "--events" => {
                choice(option, parser, &[("json", ())])?;
                self.events = true;
            }
            "--sandbox" => {
                self.sandbox = choice(
                    option,
                    parser,
                    &[("on", sandbox::Mode::On), ("off", sandbox::Mode::Off)],
                )?;
            }
            "-o" | "--output-file" => self.output_file = Some(value(option, parser)?.into()),
            "--output" => {
                let outputs = [
                    ("patch", Output::Patch),
                    ("text", Output::Text),
                    ("findings", Output::Findings),
                    ("json", Output::Json),
                ];
                self.output = Some(choice(option, parser, &outputs)?);
            }
            "--max-rounds" => self.limits.max_rounds = number(option, parser, 1)?,
            "--max-tokens" => self.limits.max_output_tokens = number(option, parser, 1)?,
            "--max-total-tokens" => self.limits.max_turn_tokens = number(option, parser, 1)?,
            "--max-cost" => self.limits.max_turn_cost_micros = micros(option, parser)?,
            "--max-repeats" => self.limits.max_repeats = number(option, parser, 1)?,
            "--max-calls" => self.limits.max_calls = number(option, parser, 1)?,
            "--context" => self.limits.context_tokens = number(option, parser, 1)?,
            "--room" => {
                let policies = RoomPolicy::ALL.iter().filter(|it| **it != RoomPolicy::Ask);
                let policies: Vec<_> = policies.map(|it| (it.name(), *it)).collect();
                self.room = Some(choice(option, parser, &policies)?);
            }
            "--max-attempts" => self.limits.max_attempts = number(option, parser, 1)?,
            "--time-limit" => {
                self.time_limit =
                    Some(Duration::from_secs(number::<u32>(option, parser, 1)?.into()));
            }
            "--idle-limit" => {
                self.idle_limit =
                    Some(Duration::from_secs(number::<u32>(option, parser, 1)?.into()));
            }
            "--stdin-limit" => {
                self.stdin_limit =
                    Some(Duration::from_secs(number::<u32>(option, parser, 0)?.into()));
            }
            _ => return Err(unknown(option)),
        }
        Ok(())
    }
}

impl RunArgs {
    fn format(&mut self, format: Format) -> Result<()> {
        match self.format.replace(format) {
            Some(other) if other != format => {
                Err(usage("--json and --sarif do not go together".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn rule(&mut self, verdict: Verdict, option: &str, parser: &mut Parser) -> Result<()> {
        let rule = Rule::parse(&string(option, parser)?);
        let rule = rule.map_err(|error| usage(format!("{option}: {error}")))?;
        self.permissions.rules.push((verdict, rule));
        Ok(())
    }
}

fn tool(mut parser: Parser) -> Result<Command> {
    let command = match next(&mut parser)? {
        Some(Arg::Long("call")) => Command::Call,
        Some(Arg::Value(name)) => Command::Tool { name: text("the tool", name)? },
        Some(arg) => return Err(unknown(&owned(&arg))),
        None => {
            let names: Vec<&str> = crate::tool::specs().iter().map(|spec| spec.name).collect();
            return Err(usage(format!("name a tool: {}", names.join(", "))));
        }
    };
    end(parser).map(|()| command)
}

fn decode(mut parser: Parser) -> Result<Command> {
    let (mut dialect, mut chunks, mut form) = (None, Chunks::AsRead, Form::Object);
    while let Some(arg) = next(&mut parser)? {
        match owned(&arg).as_str() {
            option @ "--api" => dialect = Some(api(option, &mut parser)?),
            option @ "--chunk" => {
                let text = string(option, &mut parser)?;
                let wanted = match text.strip_prefix("random:") {
                    Some(seed) => seed.parse().ok().map(Chunks::Random),
                    None => text.parse().ok().filter(|size| *size > 0).map(Chunks::Of),
                };
                let wrong =
                    || usage(format!("--chunk: {} is no size and no random:SEED", shown(&text)));
                chunks = wanted.ok_or_else(wrong)?;
            }
            "--events" => form = Form::Events,
            "--transcript" => form = Form::Transcript,
            option => return Err(unknown(option)),
        }
    }
    let api = dialect.ok_or_else(|| missing("--api"))?;
    Ok(Command::Decode { api, chunks, form })
}

fn encode(mut parser: Parser) -> Result<Command> {
    let (mut dialect, mut prefix_report) = (None, false);
    // The dialect is known at the end.
    let mut config = OwnedConfig::new(Dialect::OpenAiChat, "");
    while let Some(arg) = next(&mut parser)? {
        match owned(&arg).as_str() {
            option @ "--api" => dialect = Some(api(option, &mut parser)?),
            option @ ("-m" | "--model") => config.model = string(option, &mut parser)?,
            "--prefix-report" => prefix_report = true,
            option @ "--tool-mode" => config.tool_mode = tool_mode(option, &mut parser)?,
            option @ ("--max-tokens" | "--max-completion-tokens") => {
                config.limits.max_output_tokens = number(option, &mut parser, 1)?;
                config.output_limit_key = match option {
                    "--max-tokens" => OutputLimitKey::MaxTokens,
                    _ => OutputLimitKey::MaxCompletionTokens,
                };
            }
            option => return Err(unknown(option)),
        }
    }
    config.dialect = dialect.ok_or_else(|| missing("--api"))?;
    Ok(Command::Encode { config: Box::new(config), prefix_report })
}

fn step(mut parser: Parser) -> Result<Command> {
    let (mut answer, mut begin) = (false, false);
    let (mut system, mut tools, mut words) = (String::new(), Vec::new(), Vec::new());
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(word) if begin => words.push(text("the instruction", word)?),
            arg => match owned(&arg).as_str() {
                "--answer" => answer = true,
                "--begin" => begin = true,
                option @ "--system" => system = string(option, &mut parser)?,
                option @ "--tools" => {
                    let names = string(option, &mut parser)?;
                    tools = names.split(',').map(str::to_owned).collect();
                }
                option => return Err(unknown(option)),
            },
        }
    }
    Ok(match (begin, answer) {
        (true, false) if words.is_empty() => return Err(usage("--begin: say what to do".into())),
        (true, false) => Command::Begin { system, tools, text: words.join(" ") },
        (false, true) => Command::Answer,
        (false, false) => Command::Step,
        (true, true) => return Err(usage("--begin and --answer do not go together".into())),
    })
}

fn tokens(mut parser: Parser) -> Result<Command> {
    let default = tokens::BUILT_IN.first().map_or("estimate", |(name, _)| name);
    let (mut vocabulary, mut paths) = (VocabularyChoice::parse(default)?, Vec::new());
    let (mut output, mut files) = (TokensOutput::Count, false);
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(path) if files => paths.push(path.into()),
            arg => match owned(&arg).as_str() {
                option @ "--vocab" => {
                    vocabulary = VocabularyChoice::parse(&string(option, &mut parser)?)?;
                }
                "--ids" => output = TokensOutput::Ids,
                "--files" => files = true,
                option => return Err(unknown(option)),
            },
        }
    }
    if files && paths.is_empty() {
        return Err(usage("--files: name files or folders".to_owned()));
    }
    Ok(Command::Tokens(TokensOptions { vocabulary, paths, output }))
}

fn replay(mut parser: Parser) -> Result<Command> {
    let (mut path, mut requests) = (None, false);
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(value) if path.is_none() => path = Some(value.into()),
            Arg::Long("requests") => requests = true,
            arg => return Err(unknown(&owned(&arg))),
        }
    }
    let path = path.ok_or_else(|| missing("the tape's path"))?;
    Ok(Command::Replay { path, requests })
}

fn permissions(mut parser: Parser) -> Result<Command> {
    match next(&mut parser)? {
        Some(Arg::Value(word)) if word == "check" => {}
        Some(arg) => return Err(unknown(&owned(&arg))),
        None => return Err(usage("permissions: the only command is check".into())),
    }
    let (mut mode, mut rules, mut json) = (Mode::Standard, Vec::new(), false);
    let (mut command, mut tool, mut path) = (None, None, None);
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(word) if command.is_none() => command = Some(text("the command", word)?),
            arg => match owned(&arg).as_str() {
                option @ "--mode" => {
                    let modes: Vec<_> = Mode::ALL.iter().map(|mode| (mode.name(), *mode)).collect();
                    mode = choice(option, &mut parser, &modes)?;
                }
                option @ "--allow" => rules.push((Verdict::Allow, string(option, &mut parser)?)),
                option @ "--ask" => rules.push((Verdict::Ask, string(option, &mut parser)?)),
                option @ "--deny" => rules.push((Verdict::Deny, string(option, &mut parser)?)),
                "--json" => json = true,
                option @ "--tool" => tool = Some(string(option, &mut parser)?),
                option @ "--path" => path = Some(string(option, &mut parser)?),
                option => return Err(unknown(option)),
            },
        }
    }
    let subject = match (command, tool, path) {
        (Some(command), None, None) => Subject::Command(command),
        (Some(command), Some(tool), None) if tool == "bash" => Subject::Command(command),
        (None, Some(name), Some(path)) => Subject::Tool { name, path },
        _ => {
            let text =
                "permissions check: give a command in quotes, or --tool NAME and --path PATH";
            return Err(usage(text.into()));
        }
    };
    Ok(Command::Permissions(Check { mode, rules, json, subject }))
}

fn history(command: &str, mut parser: Parser, mut folder: Option<PathBuf>) -> Result<Command> {
    let (mut run, mut json, mut patch) = (None, false, false);
    while let Some(arg) = next(&mut parser)? {
        match arg {
            Arg::Value(value) if run.is_none() && command != "log" => {
                let number = text("the run", value)?;
                let wrong = || {
                    usage(format!("{} is no number of a run; see zerostack log", shown(&number)))
                };
                run = Some(number.parse().map_err(|_| wrong())?);
            }
            arg => match owned(&arg).as_str() {
                option @ ("-C" | "--folder") => folder = Some(value(option, &mut parser)?.into()),
                "--json" if command == "log" => json = true,
                "--patch" if command == "show" => patch = true,
                option => return Err(unknown(option)),
            },
        }
    }
    let what = match (command, run) {
        ("log", _) => What::Log { json },
        ("show", Some(run)) => What::Show { run, patch },
        ("show", None) => return Err(missing("the number of the run")),
        ("undo", run) => What::Undo(run),
        (_, run) => What::Redo(run),
    };
    Ok(Command::History(History { folder, what }))
}

fn end(mut parser: Parser) -> Result<()> {
    match next(&mut parser)? {
        Some(arg) => Err(unknown(&owned(&arg))),
        None => Ok(()),
    }
}

fn next(parser: &mut Parser) -> Result<Option<Arg<'_>>> {
    parser.next().map_err(|error| usage(error.to_string()))
}

/// The argument as it was written.
fn owned(arg: &Arg<'_>) -> String {
    match arg {
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(value) => value.to_string_lossy().into_owned(),
    }
}

fn value(option: &str, parser: &mut Parser) -> Result<OsString> {
    parser.value().map_err(|_| usage(format!("{option} needs a value")))
}

fn string(option: &str, parser: &mut Parser) -> Result<String> {
    text(option, value(option, parser)?)
}

fn text(what: &str, value: OsString) -> Result<String> {
    value.string().map_err(|_| usage(format!("{what} is not Unicode")))
}

fn number<N: TryFrom<u64>>(option: &str, parser: &mut Parser, least: u64) -> Result<N> {
    let text = string(option, parser)?;
    let number = text.parse().ok().filter(|number| *number >= least);
    let number = number.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| usage(format!("{option}: {} is not a number that fits", shown(&text))))
}

/// An amount of money in millionths.
fn micros(option: &str, parser: &mut Parser) -> Result<u32> {
    let text = string(option, parser)?;
    let micros = text.parse::<f64>().ok().map(|amount| (amount * 1e6).round());
    let micros = micros.filter(|micros| (1.0..=f64::from(u32::MAX)).contains(micros));
    let wrong =
        || usage(format!("{option}: {} is no amount between 0.000001 and 4294", shown(&text)));
    micros.map(|micros| micros as u32).ok_or_else(wrong)
}

fn choice<T: Copy>(option: &str, parser: &mut Parser, choices: &[(&str, T)]) -> Result<T> {
    let text = string(option, parser)?;
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        usage(format!("{option}: {} is none of {}", shown(&text), names.join(", ")))
    })
}

fn api(option: &str, parser: &mut Parser) -> Result<Dialect> {
    let text = string(option, parser)?;
    Dialect::from_name(&text).ok_or_else(|| {
        let names: Vec<&str> = Dialect::ALL.iter().map(|api| api.name()).collect();
        usage(format!("{option}: {} is none of {}", shown(&text), names.join(", ")))
    })
}

fn tool_mode(option: &str, parser: &mut Parser) -> Result<ToolMode> {
    let modes: Vec<(&str, ToolMode)> =
        ToolMode::ALL.iter().map(|mode| (mode.name(), *mode)).collect();
    choice(option, parser, &modes)
}

fn unknown(what: &str) -> Error {
    usage(format!("{} is not understood; see zerostack --help", shown(what)))
}

fn missing(what: &str) -> Error {
    usage(format!("{what} is missing; see zerostack --help"))
}

fn usage(text: String) -> Error {
    Error::new(ErrorKind::Usage, text)
}
