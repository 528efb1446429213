//! `sessions`: the conversations that can be continued, and the flags that choose one.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use zerostack_core::{Part, Role};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::log::ago;
use super::print::{print, tell};
use super::usage::{unknown_subcommand, usage};
use super::{history, run};
use crate::Result;
use crate::error::one_line;
use crate::run::SessionChoice;
use crate::sessions::{About, Sessions};
use crate::visible::visible;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "sessions",
    group: Group::History,
    about: "List, show and remove the sessions of the folder",
    usage: "[list] | show NAME | remove NAME...",
    arguments,
    run,
};

/// The flags that choose a session.
pub(crate) fn flags() -> Vec<Arg> {
    vec![
        flag::switch("continue", "Continue the last session of the folder").short('c').long_help(
            "Continue the last session of the folder, or the one that --session names. \
             Without an instruction the model is asked to continue",
        ),
        flag::option("session", "NAME", "Continue the session NAME, or begin it"),
        flag::switch("fork", "Continue in a copy, and leave the session unchanged"),
    ]
}

/// The values of [`flags`].
pub(crate) fn given(matches: &ArgMatches) -> SessionChoice {
    SessionChoice {
        goes_on: matches.get_flag("continue"),
        name: value(matches, "session"),
        fork: matches.get_flag("fork"),
        is_off: false,
    }
}

/// Checks the choice.
///
/// # Errors
/// `Usage`.
pub(crate) fn check(choice: &SessionChoice) -> Result<()> {
    match choice.fork && !choice.is_asked() {
        true => Err(usage("--fork: name the session to copy, by --continue or --session NAME")),
        false => Ok(()),
    }
}

fn arguments(command: Command) -> Command {
    let what = Arg::new("what").value_name("WHAT").num_args(0..);
    command
        .arg(what.help("list, show or remove, with a name"))
        .arg(flag::switch("json", "Print a line of JSON for each session"))
        .arg(run::folder())
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let matches = &invocation.matches;
    let words: Vec<String> = values(matches, "what");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sessions = Sessions::of(&history::folder(matches)?);
    match words.as_slice() {
        [] | ["list"] => list(&sessions, matches.get_flag("json"))?,
        ["show", name] => print(visible(&shown(&sessions, name)?).as_bytes())?,
        ["remove", names @ ..] if !names.is_empty() => {
            names.iter().try_for_each(|name| sessions.remove(name))?;
        }
        other => {
            let first = other.first().copied();
            return Err(unknown_subcommand(ENTRY.name, first, &["list", "show", "remove"]));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(sessions: &Sessions, as_json: bool) -> Result<()> {
    let mut text = String::new();
    for (name, about) in sessions.all()? {
        let about = match about {
            Ok(about) => about,
            Err(error) => {
                tell(&format_args!("the session {name} cannot be used: {error}"));
                continue;
            }
        };
        if as_json {
            let mut line = serde_json::to_value(&about).unwrap_or_default();
            if let Some(object) = line.as_object_mut() {
                object.insert("session".to_owned(), name.into());
                // Long, and useful only to a model.
                ["system", "instructed", "tools"].iter().for_each(|it| _ = object.remove(*it));
            }
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let task: String = one_line(&about.task).chars().take(TASK_CHARACTERS).collect();
        let About { prompt, model, .. } = &about;
        let line = format!("{name:<12} {:<10} {prompt:<10} {model:<20} {task}", ago(about.time));
        text.push_str(&format!("{}\n", visible(line.trim_end()).replace('\n', " ")));
    }
    print(text.as_bytes())
}

/// The conversation, for a person to read.
fn shown(sessions: &Sessions, name: &str) -> Result<String> {
    let (session, about) = sessions.look_into(name)?;
    let mut text = format!("session {name}: {} with {}\n", about.prompt, about.model);
    for entry in session.transcript().entries() {
        let (who, said) = match entry.part {
            Part::Attachment(file) => {
                ("file", format!("{} {}, {} bytes", file.name, file.media_type, file.bytes))
            }
            Part::Text(said) if entry.role == Role::User => ("you", said.to_owned()),
            Part::Text(said) => ("model", said.to_owned()),
            Part::Instruction(said) => ("told", said.to_owned()),
            Part::ToolCall(call) => ("call", format!("{} {}", call.name, call.arguments)),
            Part::ToolResult(result) => ("result", result.content.to_owned()),
            _ => continue,
        };
        text.push_str(&format!("\n[{who}]\n{}\n", said.trim_end()));
    }
    Ok(text)
}

const TASK_CHARACTERS: usize = 60;
