//! The kinds of a line: text for the model, a shell command, or a chat command.

use crate::command::usage::nearest;

/// A line of the user.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing.
    Empty,
    /// For the model.
    Say(&'a str),
    /// `!command`.
    Shell(&'a str),
    /// `/name rest`.
    Slash { name: &'a str, rest: &'a str },
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub(super) fn read(line: &'a str) -> Self {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Self::Empty;
        }
        // A leading blank makes it text.
        if let Some(command) = line.strip_prefix('!') {
            return Self::Shell(command.trim());
        }
        match line.strip_prefix('/') {
            Some(command) => {
                let (name, rest) = command
                    .split_once(char::is_whitespace)
                    .map_or((command, ""), |(name, rest)| (name, rest.trim()));
                Self::Slash { name, rest }
            }
            None => Self::Say(trimmed),
        }
    }
}

/// The commands, each with its argument and its description.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("help", "", "list the commands"),
    ("diff", "", "show the changes that are not applied"),
    ("apply", "", "write them to the folder, all or none"),
    ("undo", "", "take back the changes of the last turn, or those applied last"),
    ("clear", "", "begin another session; changes stay"),
    ("model", "NAME", "switch to another model"),
    ("prompt", "NAME", "switch to another prompt"),
    ("quit", "", "end, as Ctrl-D does"),
];

/// The text of `/help`; `prompts` are commands too.
pub(super) fn help(prompts: &[String]) -> String {
    let mut text = String::new();
    for (name, argument, about) in COMMANDS {
        text.push_str(&format!("{:<14} {about}\n", format!("/{name} {argument}").trim_end()));
    }
    text.push_str(&format!(
        "{:<14} run the task with a prompt: {}\n",
        "/PROMPT TASK",
        prompts.join(", ")
    ));
    for (what, about) in [
        ("!COMMAND", "run it on the changed files, in the sandbox; the model sees its output"),
        ("@FILE", "give the model a file with the text"),
        ("\\", "at the end of a line: the text goes on in the next one"),
        ("Tab", "complete a command, a prompt, or a path after @ and !"),
        ("Up, Ctrl-R", "earlier lines"),
        ("Ctrl-C", "end the turn"),
        ("Ctrl-D", "end the chat; `zerostack chat -c` continues it"),
    ] {
        text.push_str(&format!("{what:<14} {about}\n"));
    }
    text
}

/// The answer to an unknown command.
pub(super) fn unknown(name: &str, prompts: &[String]) -> String {
    let names = COMMANDS.iter().map(|(name, ..)| *name).chain(prompts.iter().map(String::as_str));
    match nearest(name, names) {
        Some(near) => format!("unknown command /{name}; did you mean /{near}?"),
        None => format!(
            "unknown command /{name}; /help lists them, and a text that begins with / has a blank \
             before it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_selects_the_kind_of_a_line() {
        for (line, read) in [
            ("", Line::Empty),
            ("  \n", Line::Empty),
            (" what is / for? ", Line::Say("what is / for?")),
            ("!ls -l ", Line::Shell("ls -l")),
            (" !ls", Line::Say("!ls")),
            ("/diff", Line::Slash { name: "diff", rest: "" }),
            ("/fix the  bug", Line::Slash { name: "fix", rest: "the  bug" }),
            (" /etc/passwd is a file", Line::Say("/etc/passwd is a file")),
        ] {
            assert_eq!(Line::read(line), read, "{line:?}");
        }
        assert!(unknown("aply", &[]).contains("did you mean /apply?"));
        assert!(unknown("etc/passwd", &[]).contains("a blank before it"));
    }
}
