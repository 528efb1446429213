//! `sandbox`: any program in the sandbox of the tools.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::print::tell;
use super::run::{folder, stop_on_signals};
use super::sandboxed;
use super::usage::usage;
use crate::new_file::NewFile;
use crate::provider::Config;
use crate::run::Stop;
use crate::sandbox::{Mode, Program, ToolHost};
use crate::view::{View, ViewOptions};
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "sandbox",
    group: Group::Filters,
    about: "Run a program in the sandbox: `sandbox -- COMMAND`",
    usage: "[OPTIONS] -- COMMAND [ARGUMENT]...",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let program = Arg::new("program").value_name("COMMAND").num_args(1..).last(true);
    let program = program
        .value_parser(clap::builder::OsStringValueParser::new())
        .help("The program and its arguments; its files are a private view of the folder");
    let help = "Write the changes to FILE, as a patch; without it they are discarded";
    let output = flag::option("output-file", "FILE", help).short('o');
    command
        .arg(folder())
        .args(sandboxed::flags())
        .arg(output.value_parser(flag::paths()))
        .arg(flag::switch("quiet", "Print nothing on stderr").short('q'))
        .arg(program)
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let mut words = values::<OsString>(&matches, "program").into_iter();
    let Some(name) = words.next() else {
        return Err(usage(
            "sandbox: the program is missing; give one, as in `zerostack sandbox -- make test`",
        ));
    };
    let stop = Stop::new();
    stop_on_signals(&stop);
    let (sandbox, access) = sandboxed::given(&matches);
    let folder = match value::<PathBuf>(&matches, "folder") {
        Some(folder) => folder,
        None => std::env::current_dir().map_err(|error| {
            Error::new(ErrorKind::Input, format!("the current folder cannot be used: {error}"))
        })?,
    };
    let config = Config::load(&crate::agent::variable, &folder)?;
    let is_quiet = matches.get_flag("quiet");
    if let Some(wish) = config.wish.as_ref().filter(|_| !is_quiet) {
        tell(&wish.warning());
    }
    let access = access.and(config.access);
    // No tool runs in it, so the tool program is not located.
    let tools = ToolHost::Command("zerostack".into());
    let options = ViewOptions { sandbox, tools, access, ..ViewOptions::default() };
    let view = View::open(&folder, &options)?;
    let _guard = stop.guard(&view);
    for lacks in view.layers().iter().filter_map(|layer| layer.lacks()) {
        if !is_quiet {
            tell(&format_args!("the sandbox is incomplete: {lacks}"));
        }
    }
    // The first process of a pid namespace ignores some signals, so it is a shell.
    let mut program = Program::new("sh");
    program.arg("-c").arg("\"$@\"; exit $?").arg("sh").arg(name);
    words.for_each(|word| {
        program.arg(word);
    });
    program.inherited_streams();
    let child = view.spawn(&program)?;
    let status = child.process().wait()?;
    if stop.why().is_some() {
        return Err(stop.reason(Error::new(ErrorKind::Interrupted, "stopped")));
    }
    end(&view, &matches, is_quiet, sandbox)?;
    // As a shell reports a program that a signal ended.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// Writes a file completely or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().unwrap_or(&path);
    let new = NewFile::create(folder, ".zerostack-", 0o666)?;
    new.file().write_all(bytes)?;
    new.persist(&path)
}

/// Prints and stores the changes.
fn end(view: &View, matches: &ArgMatches, is_quiet: bool, sandbox: Mode) -> Result<()> {
    view.end_processes();
    let comparison = view.compare()?;
    if let Some(path) = value::<PathBuf>(matches, "output-file") {
        let mut patch = Vec::new();
        comparison.changes.write_patch(&mut patch)?;
        write(&path, &patch).map_err(|error| {
            let text = format!("cannot write {}: {error}", path.display());
            Error::new(ErrorKind::Input, text)
        })?;
    } else if !comparison.changes.files().is_empty() && !is_quiet {
        let count = comparison.changes.files().len();
        tell(&format_args!("{count} changed files are not kept; -o FILE writes them as a patch"));
    }
    for connection in view.connections().iter().filter(|_| !is_quiet && sandbox == Mode::On) {
        if let Some(why) = connection.refused {
            tell(&format_args!("no connection to {}: {why}", connection.to));
        }
    }
    let _ = std::io::stderr().flush();
    Ok(())
}
