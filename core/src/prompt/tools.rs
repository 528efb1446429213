//! The tools that a prompt may use, also in the forms and with the names of other programs.

use super::collection::{Items, switch};
use super::front_matter::Value;
use super::scalar::Text;
use super::{Prompt, items};

impl<'a> Prompt<'a> {
    /// The tools it may use, as written; `None` means all but
    /// [`excluded_tools`](Self::excluded_tools). [`tool_name`] knows their names in other programs.
    pub fn tools(&self) -> Option<Items<'a>> {
        let names = match self.field("tools").or_else(|| self.field("allowed-tools"))? {
            // Switches change the default set, but `"*": false` turns everything off.
            Value::Map(pairs) => {
                let off = |(name, flag)| name == "*" && switch(flag) == Some(false);
                return { pairs }.any(off).then(|| Items::switched(pairs, true));
            }
            Value::Nested(raw) => Items::named(raw),
            value => items(value)?,
        };
        let is_all = |name: Text<'_>| ["*", "all", "inherit"].into_iter().any(|all| name == all);
        (!{ names }.any(is_all)).then_some(names)
    }

    /// The tools that it may not use, as written.
    pub fn excluded_tools(&self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let off = |key: &str| match self.field(key) {
            Some(Value::Map(pairs)) => Some(Items::switched(pairs, false)),
            _ => None,
        };
        let listed = |key: &str| self.field(key).and_then(items);
        let all = [
            off("tools").or_else(|| off("allowed-tools")),
            off("permission"),
            listed("disallowed-tools"),
        ];
        all.into_iter().flatten().flatten().filter(|name| *name != "*")
    }
}

/// The name of a field: those about tools in one spelling, any other as it is.
pub(super) fn field(key: &str) -> &str {
    FIELDS.into_iter().find(|known| is_spelled(key, known)).unwrap_or(key)
}

/// `allowed_tools`, `allowedTools` and `Allowed-Tools` are one name.
fn is_spelled(written: &str, known: &str) -> bool {
    let letters = |name| str::bytes(name).filter(|byte| !matches!(byte, b'_' | b'-'));
    letters(written).map(|byte| byte.to_ascii_lowercase()).eq(letters(known))
}

/// The built-in tool for another program's name of a tool, without its restrictions:
/// `Bash(git status:*)` is `bash`, and `edit/editFiles` is `edit`. `None` for tools that are not
/// built in.
pub fn tool_name(written: &str) -> Option<&'static str> {
    let name = written.split(['(']).next().unwrap_or_default().trim_end();
    let name = match name.split_once(['/']) {
        Some((set, "*")) => set,
        Some((set, tool)) if SETS.iter().any(|known| set.eq_ignore_ascii_case(known)) => tool,
        _ => name,
    };
    let is = |known: &str| is_spelled(name, known);
    let mut ours = NAMES.iter().filter(|(_, names)| names.split([' ']).any(is));
    ours.next().map(|(ours, _)| *ours)
}

/// Whether a value of the field `tools` can be read.
pub(super) fn check_tools(value: Value<'_>) -> bool {
    match value {
        Value::Map(mut pairs) => pairs.all(|(_, flag)| switch(flag).is_some()),
        Value::Nested(raw) => Items::named(raw).next().is_some(),
        value => items(value).is_some(),
    }
}

/// The fields about tools.
const FIELDS: [&str; 3] = ["tools", "allowed-tools", "disallowed-tools"];

/// The built-in tools, and their names in Claude Code, VS Code, opencode, Gemini CLI, Cursor, Codex
/// and GitHub's agents.
const NAMES: [(&str, &str); 7] = [
    ("read", "read readfile readmanyfiles view notebookread"),
    ("write", "write writefile createfile create"),
    (
        "edit",
        "edit multiedit editfile editfiles replace replaceinfile strreplace applypatch patch \
         notebookedit insertedit insertedits",
    ),
    (
        "bash",
        "bash shell terminal execute runcommand runcommands runincommand runinterminal \
         runterminalcmd runshellcommand executecommand runtests runtasks powershell",
    ),
    (
        "grep",
        "grep search codebase textsearch grepsearch searchfiles searchfilecontent codebasesearch \
         usages ripgrep",
    ),
    ("find", "find glob filesearch findfiles"),
    ("list", "list ls listdir listdirectory listfiles"),
];

/// Sets of tools of VS Code; a name before a `/` is that of a server.
const SETS: [&str; 6] = ["read", "edit", "search", "execute", "runCommands", "runTasks"];
