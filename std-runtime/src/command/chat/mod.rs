//! `chat`: a conversation in a terminal, or of lines in a pipe.
//!
//! The answer goes to stdout, everything else to stderr. It does not take over the screen: printed
//! lines stay, and the terminal scrolls them.

mod complete;
mod diff;
mod editor;
mod interrupt;
mod options;
mod screen;
mod slash;
mod talk;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use super::color::Color;
use super::entry::{Entry, Group, Invocation};
use super::flag::{value, values};
use crate::Result;
use crate::run::{Live, Stop};
use editor::Editor;
use interrupt::Interrupt;
use screen::Screen;
use talk::Talk;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "chat",
    group: Group::Runs,
    about: "Talk with the model about the folder; changes are applied on request",
    usage: "[OPTIONS] [INSTRUCTION...]",
    arguments: options::arguments,
    run,
};

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let stop = Stop::new();
    let interrupt = Interrupt::watch(&stop);
    let matches = &invocation.matches;
    let mut screen = Screen::new(value::<Color>(matches, "color").unwrap_or_default());
    let (options, prompts) = options::read(&invocation)?;
    let (folder, writes) = (options.folder.clone(), options.write);
    let live = Live::open(options, &stop, &screen)?;
    screen.begins(&live);
    interrupt.ready();
    let names: Vec<String> = prompts.list().into_iter().map(|(name, _)| name).collect();
    let editor = Editor::new(io::stdin().is_terminal(), &folder, &names)?;
    let applied = Vec::new();
    let talk = Talk { live, screen, editor, interrupt, folder, prompts, writes, applied };
    let first: Vec<String> = values(matches, "words");
    talk.run(&first.join(" "))
}
