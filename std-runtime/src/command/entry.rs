//! An entry of the table of commands.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::Result;
use crate::sandbox::ToolHost;

/// One command: its name, its flags and its function.
pub(crate) struct Entry {
    /// The first word of the command line.
    pub name: &'static str,
    /// The group in which the list of commands shows it.
    pub group: Group,
    /// One line for the list of commands.
    pub about: &'static str,
    /// What follows the name in the usage line.
    pub usage: &'static str,
    /// Adds the flags and arguments.
    pub arguments: fn(Command) -> Command,
    /// Runs it.
    pub run: fn(Invocation<'_>) -> Result<ExitCode>,
}

/// The groups of the list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Commands that ask a model.
    Runs,
    /// Finished runs, and taking them back.
    History,
    /// What the command would do, and why.
    Inspect,
    /// Parts of the agent as filters.
    Filters,
    /// Commands that other programs call.
    Hidden,
}

impl Group {
    /// The groups that are listed, in this order.
    pub(crate) const LISTED: [Self; 4] = [Self::Runs, Self::History, Self::Inspect, Self::Filters];

    /// The heading in the list.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Runs => "Runs",
            Self::History => "History",
            Self::Inspect => "Inspect",
            Self::Filters => "Filters",
            Self::Hidden => "Hidden",
        }
    }
}

/// A command with the arguments that it was called with.
pub(crate) struct Invocation<'a> {
    /// The flags and arguments.
    pub matches: ArgMatches,
    /// Who runs the tools.
    pub tools: ToolHost,
    /// All commands.
    pub table: &'a [Entry],
    /// Whether the command was named; if not, it is a run.
    pub is_named: bool,
}

impl Invocation<'_> {
    /// The names of all commands, which a prompt of that name only runs by `--prompt`.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.table.iter().map(|entry| entry.name).collect()
    }
}

impl Entry {
    /// The command for the parser, the help and the man page.
    pub(crate) fn command(&self) -> Command {
        let command = Command::new(self.name)
            .about(self.about)
            .override_usage(format!("zerostack {} {}", self.name, self.usage).trim_end().to_owned())
            .no_binary_name(true)
            .disable_help_flag(true)
            .disable_help_subcommand(true)
            .disable_version_flag(true)
            // The last one counts, so that a script can add to the flags of an alias.
            .args_override_self(true);
        let help = [
            Arg::new("short-help").short('h').help("Print a short help"),
            Arg::new("help").long("help").help("Print this help"),
        ];
        (self.arguments)(command)
            .args(help.map(|arg| arg.action(ArgAction::SetTrue).help_heading(HELP)))
    }
}

/// The heading of the flags that print help.
pub(crate) const HELP: &str = "Help";

/// The command `name`, if there is one.
pub(crate) fn find<'a>(table: &'a [Entry], name: &str) -> Option<&'a Entry> {
    table.iter().find(|entry| entry.name == name)
}

/// All commands as one, for the man page: the flags of a run, and the others below.
pub(crate) fn root(table: &[Entry]) -> Command {
    let run = find(table, "run").map_or_else(|| Command::new("zerostack"), Entry::command);
    let listed = table.iter().filter(|entry| entry.group != Group::Hidden);
    run.name("zerostack")
        .override_usage("zerostack [OPTIONS] [PROMPT] INSTRUCTION\nzerostack COMMAND [OPTIONS]")
        .about("A coding agent as a Unix command: an instruction in, a patch out")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(listed.map(Entry::command))
}

/// Whether one of `arguments` asks for help, whatever the others are, and for which.
pub(crate) fn asks_for_help(arguments: &[OsString]) -> Option<Length> {
    let flags = arguments.iter().take_while(|argument| *argument != "--");
    flags.into_iter().find_map(|argument| match argument.to_str() {
        Some("-h") => Some(Length::Short),
        Some("--help") => Some(Length::Long),
        _ => None,
    })
}

/// Which help is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// At most 24 lines.
    Short,
    /// Every flag with its full description.
    Long,
}
