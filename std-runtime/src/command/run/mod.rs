//! `run`, the command of every prompt and instruction: one transaction.

mod child;
mod deliver;
mod flags;
mod form;
mod keep;
mod parallel;
mod prepare;
mod prompt_command;
mod screen;
mod signals;
mod task;
mod terminal;

use std::process::ExitCode;

use super::entry::{Entry, Group, Invocation};
use super::print::print;
use super::usage::usage;
use crate::Result;
pub(crate) use child::ChildRun;
pub(super) use deliver::transaction;
pub(crate) use flags::{
    RunArgs, api, arguments, attach, flags, folder, limit_flags, limits_of, max_tokens, mode,
    model_flags, model_of, permission_flags, tool_mode,
};
pub(crate) use prepare::{opened, usable_folder};
pub(crate) use prompt_command::{prompt_help, with_arguments};
pub(crate) use signals::{PARENT, stop_all_on_signals, stop_on_signals};
pub(in crate::command) use terminal::{Person, person};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "run",
    group: Group::Runs,
    about: "Run a prompt or an instruction; the result is on stdout",
    usage: "[OPTIONS] [PROMPT] [INSTRUCTION...]",
    arguments,
    run,
};

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    if invocation.matches.get_flag("version") {
        return version();
    }
    let args = RunArgs::read(&invocation.matches);
    if let Some(parallel) = parallel::Parallel::read(&invocation.matches)? {
        if args.session.is_asked() {
            let text = "--parallel and --session cannot be combined: each instruction is a run";
            return Err(usage(text));
        }
        return parallel::run_all(&parallel, &args);
    }
    Ok(transaction(args, &invocation, None))
}

pub(super) fn version() -> Result<ExitCode> {
    print(concat!("zerostack ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
