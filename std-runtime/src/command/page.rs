//! The help of a command, made from its flags.

use clap::builder::StyledStr;
use clap::{Arg, Command};

use super::entry::{Entry, Group, HELP, Length};

/// The help of one command.
pub(crate) fn of_command(entry: &Entry, length: Length) -> String {
    let command = entry.command();
    let mut page = Page::new(&format!("zerostack {} - {}", entry.name, entry.about));
    page.usage(&command);
    page.finish(&command, length, &format!("See `zerostack {} --help` for more.", entry.name))
}

/// The help of the program: its commands, and the flags of a run.
pub(crate) fn of_program(table: &[Entry], length: Length) -> String {
    let command = super::entry::root(table);
    let about = command.get_about().map(StyledStr::to_string).unwrap_or_default();
    let mut page = Page::new(&format!("zerostack - {about}"));
    page.usage(&command);
    let more = "See `zerostack --help` for more, and `zerostack COMMAND --help` for a command.";
    match length {
        Length::Short => {
            page.blank();
            for (title, entries) in groups(table) {
                let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
                page.item(title, &names.join(", "), SHORT_COLUMN);
            }
        }
        Length::Long => {
            page.text(EXAMPLES);
            page.text(GRAMMAR);
            for (title, entries) in groups(table) {
                page.heading(title);
                entries.iter().for_each(|entry| page.item(entry.name, entry.about, NAME_COLUMN));
            }
            page.blank();
            page.line("A run takes these options:");
        }
    }
    page.finish(&command, length, more)
}

/// The listed commands, by group.
fn groups(table: &[Entry]) -> impl Iterator<Item = (&'static str, Vec<&Entry>)> {
    Group::LISTED
        .iter()
        .map(|group| (group.title(), table.iter().filter(|entry| entry.group == *group).collect()))
}

/// Text that grows line by line.
struct Page(String);

impl Page {
    fn new(title: &str) -> Self {
        Self(format!("{title}\n"))
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.line(&format!("{title}:"));
    }

    fn text(&mut self, text: &str) {
        self.blank();
        self.0.push_str(text);
    }

    fn usage(&mut self, command: &Command) {
        let usage = command.get_overridden_usage().map(StyledStr::to_string).unwrap_or_default();
        self.blank();
        for (number, line) in usage.lines().enumerate() {
            self.line(&format!("{} {line}", if number == 0 { "Usage:" } else { "      " }));
        }
    }

    /// A name, with its description in a column beside it.
    fn item(&mut self, name: &str, text: &str, column: usize) {
        let mut line = format!("  {name}");
        // A name that is too long for its column gets its own line.
        if line.chars().count() >= column {
            self.line(&line);
            line.clear();
        }
        for word in text.split_whitespace() {
            let length = line.chars().count();
            let at = length.max(column - 1);
            if length > column && at + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line.clear();
            }
            let length = line.chars().count();
            line.push_str(&" ".repeat((column.saturating_sub(length)).max(1)));
            line.push_str(word);
        }
        self.line(&line);
    }

    /// Removes empty lines, from the last one, until the short help fits.
    fn tighten(&mut self) {
        while self.0.lines().count() > SHORT_LINES {
            let Some(place) = self.0.rfind("\n\n") else { return };
            self.0.remove(place);
        }
    }

    /// Adds the flags, the exit codes and a last line, and returns the text.
    fn finish(mut self, command: &Command, length: Length, more: &str) -> String {
        match length {
            Length::Long => {
                for (heading, args) in headings(command) {
                    self.heading(heading);
                    for arg in args {
                        let help = arg.get_long_help().or_else(|| arg.get_help());
                        let help = help.map(StyledStr::to_string).unwrap_or_default();
                        self.item(&spelled(arg), &choices(arg, &help), LONG_COLUMN);
                    }
                }
                self.text(EXIT_CODES);
                if command.get_name() == "zerostack" {
                    self.text(KEYS);
                }
            }
            Length::Short => {
                self.blank();
                let is_few = command.get_arguments().count() <= FEW_FLAGS;
                for (heading, args) in headings(command) {
                    if heading == HELP || (heading == ARGUMENTS && !is_few) {
                        continue;
                    }
                    if is_few {
                        for arg in args {
                            let help = arg.get_help().map(StyledStr::to_string).unwrap_or_default();
                            self.item(&spelled(arg), &help, LONG_COLUMN);
                        }
                    } else {
                        let shown = args.into_iter().filter(|arg| !arg.is_hide_short_help_set());
                        let flags: Vec<String> = shown.map(brief).collect();
                        self.item(heading, &flags.join(", "), SHORT_COLUMN);
                    }
                }
                self.0.push_str(EXIT_CODES);
                self.line(more);
                self.tighten();
            }
        }
        self.0
    }
}

/// The flags and arguments under their headings, in the order of the table.
fn headings(command: &Command) -> Vec<(&str, Vec<&Arg>)> {
    let mut headings: Vec<(&str, Vec<&Arg>)> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let default = if arg.is_positional() { ARGUMENTS } else { "Options" };
        let heading = arg.get_help_heading().unwrap_or(default);
        match headings.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, args)) => args.push(arg),
            None => headings.push((heading, vec![arg])),
        }
    }
    headings
}

/// A flag with its short form and its value, or an argument.
fn spelled(arg: &Arg) -> String {
    let value = arg.get_value_names().map(|names| names.join(" "));
    let value = value.filter(|_| arg.get_action().takes_values());
    let dots = if arg.get_num_args().is_some_and(|it| it.max_values() > 1) { "..." } else { "" };
    let value = value.map(|value| format!("{value}{dots}"));
    let flag = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("    --{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, None) => return value.unwrap_or_else(|| arg.get_id().to_string()),
    };
    value.map_or_else(|| flag.clone(), |value| format!("{flag} {value}"))
}

/// The same in a list of flags: without its value.
fn brief(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}/--{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => spelled(arg),
    }
}

/// The help, and the values of the flag if the help does not name them.
fn choices(arg: &Arg, help: &str) -> String {
    let values = arg.get_possible_values();
    let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
    let is_told = names.iter().all(|name| help.contains(name));
    let shown = arg.get_value_names().unwrap_or_default().iter().any(|value| {
        names.len() > 1 && names.iter().all(|name| value.contains(name))
            || names == [value.as_str()]
    });
    if !arg.get_action().takes_values() || is_told || shown {
        return help.to_owned();
    }
    format!("{help}: {}", names.join(", "))
}

/// The heading of arguments that are not flags; the usage line names them too.
const ARGUMENTS: &str = "Arguments";
/// The terminal width that the help is made for.
const WIDTH: usize = 100;
/// The column of the text beside a flag.
const LONG_COLUMN: usize = 28;
/// The column of the text beside the name of a command.
const NAME_COLUMN: usize = 16;
/// The column of the list beside a heading.
const SHORT_COLUMN: usize = 16;
/// The most lines of the short help: those of a terminal.
const SHORT_LINES: usize = 24;
/// The number of flags that the short help, of 24 lines, describes.
const FEW_FLAGS: usize = 12;

const EXAMPLES: &str = "  zerostack \"make the test pass\" | git apply
  cargo clippy 2>&1 | zerostack fix | git apply
";

const GRAMMAR: &str = "\
The first word is the name of a command or a prompt; `zerostack prompts` lists the prompts. An
instruction is one argument with a blank in it, or it follows a name or `--`, or it comes on stdin.
Without a name the prompt is `code`. Text on stdin is given to the model; `-` as the last argument
waits for it as long as it takes.
";

const EXIT_CODES: &str = "\
Exit codes: 0 result, 2 usage, 41 key, 42 input, 44 sandbox, 52 configuration, 53 limit,
54 tool, 55 denied, 60 provider, 61 no result, 62 check, 63 conflict, 130/143 signal, 1 defect
";

const KEYS: &str = "\
The key comes from ZEROSTACK_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY or
the configuration file, ~/.config/zerostack/config.toml.
";
