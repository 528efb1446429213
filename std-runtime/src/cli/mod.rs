//! The `zerostack` command: arguments in, exit code out.

mod refusal;
mod table;

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Command;
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::command::entry::{Entry, Invocation, asks_for_help, find};
use crate::command::first_word::first_word;
use crate::command::help::print_help;
use crate::command::print::{fail, print};
use crate::command::{run, tool};
use crate::error::unwritable;
use crate::sandbox::ToolHost;
use crate::visible::visible;
use crate::{Result, own_process};
use refusal::refusal;
use table::COMMANDS;

/// Runs the command with the arguments of the process; `tools` runs its tools: only a program whose
/// `main` calls this may pass [`ToolHost::ThisProgram`].
pub fn main(tools: ToolHost) -> ExitCode {
    own_process::settle();
    if STDOUT_IS_CLOSED.load(Ordering::Relaxed) {
        return fail(&unwritable(&"it is closed; open it, or send it to /dev/null"));
    }
    execute(std::env::args_os().skip(1).collect(), tools).unwrap_or_else(|error| fail(&error))
}

/// Must be called before Rust's own start-up code, which opens a closed stdout: remembers for
/// [`main`] whether it is closed. Answers `--version`, which that code would take most of the time of.
#[doc(hidden)]
pub fn before_main() {
    let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    STDOUT_IS_CLOSED.store(is_closed, Ordering::Relaxed);
    let mut arguments = std::env::args_os().skip(1);
    let is_asked = arguments.next().is_some_and(|only| asks_for_version(&only));
    if is_asked && arguments.next().is_none() && print_version_at_once() {
        std::process::exit(0);
    }
}

/// Prints it without Rust's stdout; `false` if nothing was printed, for [`main`] to report why.
fn print_version_at_once() -> bool {
    let stdout = rustix::stdio::stdout();
    // A pipe that nobody reads would end the process here without a word.
    let mut wait = [PollFd::new(&stdout, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_ready = rustix::event::poll(&mut wait, Some(&at_once)).is_ok();
    let [ready] = wait;
    is_ready
        && ready.revents() == PollFlags::OUT
        && rustix::io::write(stdout, VERSION.as_bytes()) == Ok(VERSION.len())
}

fn asks_for_version(argument: &OsStr) -> bool {
    argument == "--version" || argument == "-V"
}

const VERSION: &str = concat!("zerostack ", env!("CARGO_PKG_VERSION"), "\n");

static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Finds the command, reads its flags, and runs it.
fn execute(mut arguments: Vec<OsString>, tools: ToolHost) -> Result<ExitCode> {
    // Editors and scripts ask for this first; the table of flags takes longer than the rest.
    if let [only] = arguments.as_slice()
        && asks_for_version(only)
    {
        print(VERSION.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    // A run starts this once a call.
    if let [command, name] = arguments.as_slice()
        && command == tool::ENTRY.name
        && let Some(name) = name.to_str().filter(|name| !name.starts_with('-'))
    {
        return Ok(tool::call(name));
    }
    // Some hundred flags, which are built once.
    let flags_of_run = OnceCell::new();
    let named = named(&arguments, &flags_of_run);
    if let Some(length) = asks_for_help(&arguments) {
        let of_prompt = match named {
            None => {
                let flags = flags_of_run.get_or_init(|| run::ENTRY.command());
                run::prompt_help(&arguments, COMMANDS, flags)?
            }
            Some(_) => None,
        };
        if let Some(text) = of_prompt {
            // A project chooses the descriptions of its prompts.
            print(visible(&text).as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let entry = named.map(|(_, entry)| entry);
        return print_help(COMMANDS, entry, length).map(|()| ExitCode::SUCCESS);
    }
    let (entry, mut command) = match named {
        Some((place, entry)) => {
            arguments.remove(place);
            (entry, entry.command())
        }
        None => (&run::ENTRY, flags_of_run.into_inner().unwrap_or_else(|| run::ENTRY.command())),
    };
    if named.is_none() {
        arguments = run::with_arguments(arguments, COMMANDS, &command)?;
    }
    let matches = command.try_get_matches_from_mut(arguments);
    let matches = matches.map_err(|error| refusal(&error, &command))?;
    let invocation = Invocation { matches, tools, table: COMMANDS, is_named: named.is_some() };
    (entry.run)(invocation)
}

/// The command that the first word names, and where that word is.
fn named(
    arguments: &[OsString],
    flags_of_run: &OnceCell<Command>,
) -> Option<(usize, &'static Entry)> {
    // The flags are read only if some precede it.
    let is_first = arguments.first().is_some_and(|it| !it.as_encoded_bytes().starts_with(b"-"));
    let place = match is_first {
        true => Some(0),
        false => first_word(arguments, flags_of_run.get_or_init(|| run::ENTRY.command())),
    }?;
    let entry = find(COMMANDS, arguments.get(place)?.to_str()?)?;
    Some((place, entry))
}
