//! A prompt as a command: its help, and its arguments as flags.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

use super::task::is_file;
use crate::Result;
use crate::command::entry::Entry;
use crate::command::first_word::first_word;
use crate::run::{Argument, Filling, PromptFiles, front::json};

/// The prompt that the first word names, and where the word is.
fn prompt_of(
    arguments: &[OsString],
    table: &[Entry],
    run: &Command,
) -> Result<Option<(usize, PromptFiles, String)>> {
    let Some(place) = first_word(arguments, run) else { return Ok(None) };
    let Some(word) = arguments.get(place).and_then(|word| word.to_str()) else { return Ok(None) };
    let commands: Vec<&str> = table.iter().map(|it| it.name).collect();
    let folder = std::env::current_dir().unwrap_or_default();
    let mut files = PromptFiles::load(&folder, &commands);
    let name = match word {
        word if files.has(word) => word.to_owned(),
        word if is_file(word) => files.open(Path::new(word))?,
        _ => return Ok(None),
    };
    Ok(Some((place, files, name)))
}

/// The help of the prompt that the first word names, if it names one.
///
/// # Errors
/// `Input` for a file that cannot be read.
pub(crate) fn prompt_help(
    arguments: &[OsString],
    table: &[Entry],
    run: &Command,
) -> Result<Option<String>> {
    let Some((place, mut files, name)) = prompt_of(arguments, table, run)? else { return Ok(None) };
    let word = arguments.get(place).and_then(|word| word.to_str()).unwrap_or(&name);
    let about = files.list().into_iter().find(|(listed, _)| *listed == name);
    let about = about.map(|(_, about)| about).filter(|about| !about.is_empty());
    let mut text = match about {
        Some(about) => format!("{name} - {about}\n\n"),
        None => format!("{name}\n\n"),
    };
    // An executable file is itself a command.
    let command = if word.contains('/') { word.to_owned() } else { format!("zerostack {word}") };
    let declared = files.arguments(&name);
    let flags = if declared.is_empty() { "" } else { " [ARGUMENTS]" };
    text.push_str(&format!("Usage: {command}{flags} [OPTIONS] [INSTRUCTION]\n"));
    if !declared.is_empty() {
        text.push_str("\nArguments, also as words in this order or as a JSON object on stdin:\n");
        for argument in &declared {
            text.push_str(&format!("{}\n", argument.line()));
        }
    }
    let value = |it: &Argument| it.choices.first().cloned().unwrap_or_default();
    let values = declared.iter().map(|it| (it.name.clone(), value(it).into())).collect();
    // The arguments do not matter: the kind of its result does not depend on them.
    let mut filling = Filling { task: "task".to_owned(), values, stdin: None };
    if let Ok(Some(instructions)) = files.find(&name, &mut filling) {
        let output = json::output_name(instructions.output);
        text.push_str(&format!("\nResult: {output}\n"));
        if let Some(tools) = &instructions.tools {
            let tools = if tools.is_empty() { "none".to_owned() } else { tools.join(", ") };
            text.push_str(&format!("Tools: {tools}\n"));
        }
    }
    text.push_str("\n`zerostack --help` lists the options of every run.\n");
    Ok(Some(text))
}

/// The command line with `--NAME VALUE` after a prompt as `--set NAME=VALUE`, for the arguments that
/// the prompt declares.
///
/// # Errors
/// `Input` for a file that cannot be read.
pub(crate) fn with_arguments(
    arguments: Vec<OsString>,
    table: &[Entry],
    run: &Command,
) -> Result<Vec<OsString>> {
    let is_known = |name: &str| run.get_arguments().any(|arg| arg.get_long() == Some(name));
    let name_of = |argument: &OsString| {
        let name = argument.to_str()?.strip_prefix("--")?.split('=').next()?.to_owned();
        (!name.is_empty() && !is_known(&name)).then_some(name)
    };
    let before_end = arguments.iter().take_while(|argument| *argument != "--");
    if !before_end.clone().any(|argument| name_of(argument).is_some()) {
        return Ok(arguments);
    }
    let Some((place, files, name)) = prompt_of(&arguments, table, run)? else {
        return Ok(arguments);
    };
    let end = before_end.count();
    let declared = files.arguments(&name);
    let mut out: Vec<OsString> = arguments[..=place].to_vec();
    let mut rest = arguments[place + 1..end].iter();
    while let Some(argument) = rest.next() {
        let name = name_of(argument).filter(|name| declared.iter().any(|it| it.name == *name));
        let Some(name) = name else {
            out.push(argument.clone());
            continue;
        };
        let mut pair = OsString::from(&name);
        pair.push("=");
        let with_value = argument.to_str().and_then(|text| text.split_once('='));
        match with_value {
            Some((_, value)) => pair.push(value),
            None => match rest.next() {
                Some(value) => pair.push(value),
                // The parser reports a missing value.
                None => {
                    out.push("--set".into());
                    continue;
                }
            },
        }
        out.extend(["--set".into(), pair]);
    }
    out.extend_from_slice(&arguments[end..]);
    Ok(out)
}
