//! The flags of a run, in groups, and their values.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use zerostack_core::prompt::Output;
use zerostack_core::{Dialect, Limits, RoomPolicy, ToolMode};
use zerostack_policy::Mode;

use crate::command::color::{Color, color};
use crate::command::flag::{self, value, values};
use crate::command::options;
use crate::command::sandboxed;
use crate::command::sessions;
use crate::permissions::Permissions;
use crate::provider::Flags;
use crate::run::contract::Format;
use crate::run::front::events::EventFormat;
use crate::run::{Check, Fork, SessionChoice};
use crate::sandbox;

/// The arguments of a run.
#[derive(Default)]
pub(crate) struct RunArgs {
    pub model: Flags,
    pub sandbox: sandbox::Mode,
    pub access: sandbox::Access,
    pub attached: Vec<PathBuf>,
    pub record: Option<PathBuf>,
    pub record_attachments: bool,
    pub events: Option<EventFormat>,
    pub output: Option<Output>,
    pub output_schema: Option<PathBuf>,
    pub output_file: Option<PathBuf>,
    pub limits: Limits,
    pub permissions: Permissions,
    pub folder: Option<PathBuf>,
    pub quiet: bool,
    pub color: Color,
    pub prompt: Option<String>,
    /// The file of text that is added to the prompt.
    pub add_system: Option<PathBuf>,
    pub time_limit: Option<Duration>,
    pub stdin_limit: Option<Duration>,
    pub idle_limit: Option<Duration>,
    pub write: bool,
    pub check: Option<Check>,
    pub attempts: u32,
    pub best_of: u32,
    pub strategies: Vec<String>,
    pub prove_prefix: bool,
    pub format: Option<Format>,
    pub subagents: bool,
    pub worktree: Option<String>,
    /// Values of the prompt's arguments.
    pub values: Vec<(String, String)>,
    pub session: SessionChoice,
    /// The rounds of another run to continue from.
    pub fork: Option<Arc<Fork>>,
    pub dry_run: bool,
    pub yes: bool,
    /// The words before `--`; the first may name a prompt.
    pub words: Vec<String>,
    /// The words after `--`, none of which is a name.
    pub instruction: Vec<String>,
}

/// Adds the flags and words of a run.
pub(crate) fn arguments(command: Command) -> Command {
    let word = Arg::new("words").value_name("INSTRUCTION").num_args(0..);
    let word = word.help("What to do; the first word may be the name of a prompt");
    let instruction = Arg::new("instruction").value_name("INSTRUCTION").num_args(0..).last(true);
    flags(command).arg(word).arg(instruction.hide(true))
}

/// Adds the flags of a run.
pub(crate) fn flags(command: Command) -> Command {
    let groups: [(&'static str, Vec<Arg>); 9] = [
        ("Model", model_flags()),
        ("Requests", options::arguments().into_iter().chain([options::header()]).collect()),
        ("Files", files()),
        ("Session", sessions::flags()),
        ("Sandbox", sandboxed::flags()),
        ("Permissions", permission_flags()),
        ("Checks", checks()),
        ("Output", output()),
        ("Limits", limit_flags()),
    ];
    groups.into_iter().fold(command, |command, (heading, args)| {
        command.args(args.into_iter().map(|arg| arg.help_heading(heading)))
    })
}

/// Which model, and where.
pub(crate) fn model_flags() -> Vec<Arg> {
    let rooms = RoomPolicy::ALL.iter().filter(|it| **it != RoomPolicy::Ask);
    vec![
        flag::option("model", "NAME", "The model").short('m'),
        flag::option("provider", "NAME", "The provider").long_help(
            "The provider: openai, anthropic, openrouter, ollama and others, or one that the \
             configuration file names",
        ),
        flag::option("base-url", "URL", "The server, such as http://127.0.0.1:8080/v1"),
        api(),
        tool_mode(),
        flag::number("context", "N", 1, "The size of the model's context window in tokens"),
        flag::choice(
            "room",
            "HOW",
            rooms.map(|it| (it.name(), *it)).collect(),
            "What to do when the context is nearly full",
        )
        .long_help(
            "What to do when the context is nearly full: summarise the oldest exchanges (the \
             default), elide old tool results, or drop the oldest exchanges",
        ),
    ]
}

/// `--api`.
pub(crate) fn api() -> Arg {
    let all = Dialect::ALL.iter().map(|api| (api.name(), *api)).collect();
    flag::choice("api", "NAME", all, "The dialect of the server")
}

/// `--tool-mode`.
pub(crate) fn tool_mode() -> Arg {
    let all = ToolMode::ALL.iter().map(|mode| (mode.name(), *mode)).collect();
    flag::choice("tool-mode", "NAME", all, "How the model calls tools").long_help(
        "How the model calls tools: native (the default), lenient (calls in its text count too), \
         text (in its text only), or schema (text that follows a JSON Schema; openai-chat and \
         ollama). The last three are for local models",
    )
}

/// `-C`, `--folder`.
pub(crate) fn folder() -> Arg {
    let help = "The folder to work on, instead of the current one";
    flag::option("folder", "DIR", help).short('C').value_parser(flag::paths())
}

fn files() -> Vec<Arg> {
    vec![
        folder(),
        flag::option("prompt", "NAME", "The prompt").short('p').long_help(
            "The prompt; `zerostack prompts` lists them. A prompt that has the name of a command \
             can only be run in this way",
        ),
        flag::option("agent", "NAME", "An agent to run directly, such as one of .claude/agents")
            .conflicts_with("prompt"),
        flag::option("set", "NAME=VALUE", "The value of an argument of the prompt")
            .action(ArgAction::Append)
            .value_parser(name_and_value)
            .long_help(
                "The value of an argument of the prompt; `zerostack PROMPT --help` lists them, and \
                 --NAME VALUE after the prompt is the same",
            ),
        flag::option("worktree", "NAME", "Write to the worktree of this name").long_help(
            "Work in the worktree NAME of the repository, which is made if there is none, and write \
             the changes to it; see `zerostack worktree`",
        ),
        flag::bounded("parallel", "N", 1, 64, "Run each line of stdin, N at once").long_help(
            "Run each line of stdin as an instruction, N at once, each in a worktree of its own, and \
             print a line for each",
        ),
        flag::switch("merge", "Merge the worktrees of --parallel that pass, in order"),
        flag::switch("write", "Write the changes to the folder instead of printing a patch")
            .short('w')
            .long_help(
                "Write the changes to the folder, all or none, instead of printing a patch, and \
                 keep a record for `zerostack undo`",
            ),
        attach(),
        path("record", "FILE", "Write a tape of the run, for `zerostack replay`"),
        flag::switch("record-attachments", "Store files on the tapes, not only their hashes"),
        // For `zerostack sdk` alone.
        path("add-system", "FILE", "Text to add to the system prompt").hide(true),
    ]
}

/// `--mode`.
pub(crate) fn mode() -> Arg {
    let modes = Mode::ALL.iter().map(|mode| (mode.name(), *mode)).collect();
    flag::choice("mode", "NAME", modes, "What the model may do").long_help(
        "What the model may do: readonly, standard (edit, build, test) or full. The default is \
         full in the sandbox and standard without it",
    )
}

/// What the model may do.
pub(crate) fn permission_flags() -> Vec<Arg> {
    let subagents = flag::switch("subagents", "Let the model give tasks to subagents");
    [mode()].into_iter().chain(flag::rules()).chain([subagents]).collect()
}

fn checks() -> Vec<Arg> {
    vec![
        flag::option("check", "CMD", "Accept only a patch with which CMD passes")
            .allow_hyphen_values(true)
            .long_help(
                "Run CMD on the changed files, in the sandbox, when the model has ended. If it \
                 fails, its output goes back to the model, three times at most. Only a patch with \
                 which it passes is a result; otherwise the exit code is 62 and the best patch is \
                 kept",
            ),
        flag::number("check-limit", "SECONDS", 1, "Duration of the check (300)"),
        flag::bounded("attempts", "N", 1, 100, "Attempts from the start, one after another (1)")
            .conflicts_with("best-of"),
        flag::bounded("best-of", "N", 1, 16, "Attempts at the same time; the smallest patch wins")
            .requires("check")
            .long_help(
                "Attempts at the same time, each in a view of its own; of the patches that pass \
                 the check the smallest is the result",
            ),
        flag::option("strategy", "NAME", "A prompt to add, for each attempt in turn")
            .action(ArgAction::Append)
            .long_help(
                "The name of a prompt whose text is added to the run's prompt. If it is given \
                 several times, the attempts take turns",
            ),
    ]
}

fn output() -> Vec<Arg> {
    let outputs = vec![
        ("patch", Output::Patch),
        ("text", Output::Text),
        ("findings", Output::Findings),
        ("json", Output::Json),
    ];
    vec![
        flag::choice("output", "KIND", outputs, "The kind of result, instead of the prompt's"),
        path("output-file", "FILE", "Write the result to FILE, completely or not at all")
            .short('o'),
        flag::choice(
            "events",
            "FORMAT",
            EventFormat::ALL.map(|it| (it.name(), it)).to_vec(),
            "Print events, ending with the result",
        )
        .long_help(
            "Print each event as one line of JSON on stdout, the result last: json (our own), \
             json-partial (the same with the arguments of calls as they arrive), \
             claude (the stream-json of Claude Code), claude-partial (the same with \
             --include-partial-messages) or codex (the --json of Codex)",
        ),
        flag::switch("json", "Print findings or commands as JSON"),
        flag::switch("sarif", "Print findings as SARIF 2.1.0").conflicts_with("json"),
        flag::switch("dry-run", "Print the first request and send nothing").long_help(
            "Print the body of the first request, byte for byte, and send nothing; for a prompt \
             that plans commands, ask for the plan, print it and run nothing",
        ),
        flag::switch("prove-prefix", "Stop unless each request begins with the previous one")
            .long_help(
                "Stop before a request that does not begin with the bytes of the one before, as \
                 the cache of the provider needs it",
            ),
        flag::switch("yes", "Run the commands of a plan")
            .conflicts_with("dry-run")
            .long_help("Run the commands of a plan, such as that of deploy, with your rights"),
        flag::switch("quiet", "Print no progress on stderr").short('q'),
        color(),
        Arg::new("version")
            .long("version")
            .short('V')
            .action(ArgAction::SetTrue)
            .help("Print the version"),
    ]
}

/// The limits of a run.
pub(crate) fn limit_flags() -> Vec<Arg> {
    vec![
        flag::bounded("max-rounds", "N", 1, u16::MAX.into(), "Requests of the run (200)"),
        max_tokens(),
        flag::number("max-total-tokens", "N", 1, "Tokens of all requests and replies"),
        flag::amount("max-cost", "Cost of the run")
            .long_help("Cost of the run, by the prices of the configuration file"),
        flag::bounded("max-repeats", "N", 1, u16::MAX.into(), "The same call in a row"),
        flag::bounded("max-calls", "N", 1, u16::MAX.into(), "Calls of one reply (128)"),
        flag::bounded("max-attempts", "N", 1, u8::MAX.into(), "Attempts of one request (5)"),
        flag::number("time-limit", "SECONDS", 1, "Duration of the run"),
        flag::number("idle-limit", "SECONDS", 1, "Silence of the model (300)"),
        flag::number("stdin-limit", "SECONDS", 0, "Silence of a pipe on stdin (5)").long_help(
            "How long to wait for the first byte of a pipe on stdin (5, or 600 without an \
             instruction)",
        ),
    ]
}

/// `--max-tokens`.
pub(crate) fn max_tokens() -> Arg {
    flag::number("max-tokens", "N", 1, "Tokens of one reply")
}

/// `--attach`.
pub(crate) fn attach() -> Arg {
    path("attach", "FILE", "A picture, document or other file for the model")
        .action(ArgAction::Append)
        .long_help(
            "A picture, PDF, sound or other file to send beside the instruction; may be given \
             several times. An error if the API of the model does not accept its type",
        )
}

fn path(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    flag::option(name, value, help).value_parser(flag::paths())
}

impl RunArgs {
    /// The values of the flags of a run.
    pub(crate) fn read(matches: &ArgMatches) -> Self {
        let (sandbox, access) = sandboxed::given(matches);
        let seconds = |name| value::<u32>(matches, name).map(|it| Duration::from_secs(it.into()));
        Self {
            model: model_of(matches),
            sandbox,
            access,
            attached: values(matches, "attach"),
            record: value(matches, "record"),
            record_attachments: matches.get_flag("record-attachments"),
            events: value(matches, "events"),
            output: value(matches, "output"),
            output_schema: options::schema_path(matches),
            output_file: value(matches, "output-file"),
            limits: limits_of(matches),
            permissions: Permissions {
                mode: value(matches, "mode"),
                rules: flag::given_rules(matches),
                ..Permissions::default()
            },
            session: sessions::given(matches),
            fork: None,
            folder: value(matches, "folder"),
            quiet: matches.get_flag("quiet"),
            color: value(matches, "color").unwrap_or_default(),
            add_system: value(matches, "add-system"),
            prompt: value(matches, "prompt").or_else(|| value(matches, "agent")),
            subagents: matches.get_flag("subagents"),
            worktree: value(matches, "worktree"),
            values: values(matches, "set"),
            time_limit: seconds("time-limit"),
            stdin_limit: seconds("stdin-limit"),
            idle_limit: seconds("idle-limit"),
            write: matches.get_flag("write"),
            check: value(matches, "check").map(|command| Check {
                command,
                limit: seconds("check-limit").unwrap_or(CHECK_LIMIT),
            }),
            attempts: value(matches, "attempts").unwrap_or(1),
            best_of: value(matches, "best-of").unwrap_or(1),
            strategies: values(matches, "strategy"),
            prove_prefix: matches.get_flag("prove-prefix"),
            format: format_of(matches),
            dry_run: matches.get_flag("dry-run"),
            yes: matches.get_flag("yes"),
            words: values(matches, "words"),
            instruction: values(matches, "instruction"),
        }
    }
}

/// The model that the flags name.
pub(crate) fn model_of(matches: &ArgMatches) -> Flags {
    Flags {
        provider: value(matches, "provider"),
        base_url: value(matches, "base-url"),
        model: value(matches, "model"),
        api: value(matches, "api"),
        tool_mode: value(matches, "tool-mode"),
        options: options::read(matches),
        headers: values(matches, "header"),
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or_else(|| format!("must be NAME=VALUE, not {text:?}"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn format_of(matches: &ArgMatches) -> Option<Format> {
    match (matches.get_flag("json"), matches.get_flag("sarif")) {
        (true, _) => Some(Format::Json),
        (_, true) => Some(Format::Sarif),
        _ => None,
    }
}

/// The limits that the flags set.
pub(crate) fn limits_of(matches: &ArgMatches) -> Limits {
    let mut limits = Limits::default();
    let number = |name| value::<u32>(matches, name);
    let set = |field: &mut u32, name| *field = number(name).unwrap_or(*field);
    set(&mut limits.max_output_tokens, "max-tokens");
    set(&mut limits.max_turn_tokens, "max-total-tokens");
    set(&mut limits.max_turn_cost_micros, "max-cost");
    set(&mut limits.context_tokens, "context");
    // The parser bounds the values to the range of the fields.
    let narrow = |name| number(name).and_then(|it| u16::try_from(it).ok());
    limits.max_rounds = narrow("max-rounds").unwrap_or(limits.max_rounds);
    limits.max_repeats = narrow("max-repeats").unwrap_or(limits.max_repeats);
    limits.max_calls = narrow("max-calls").unwrap_or(limits.max_calls);
    limits.max_attempts =
        number("max-attempts").and_then(|it| it.try_into().ok()).unwrap_or(limits.max_attempts);
    limits.room = value(matches, "room").unwrap_or(RoomPolicy::Summarise);
    limits
}

/// How long a check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(300);
