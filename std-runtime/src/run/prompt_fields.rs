//! Reads a prompt's file and fields.

use std::path::Path;

use zerostack_core::prompt::{Prompt, Text, Value};
use zerostack_policy::Mode;

use crate::project_file::read_whole;

/// The text of a user's file, which may be a link.
pub(super) fn read(path: &Path, limit_bytes: u64) -> std::result::Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err("it is not a regular file".to_owned()),
        Ok(found) if found.len() > limit_bytes => {
            Err(format!("it is longer than {limit_bytes} bytes"))
        }
        Ok(found) => {
            let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
            String::from_utf8(read_whole(file, found.len(), limit_bytes)?)
                .map(Some)
                .map_err(|_| "it is not UTF-8".to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Why a prompt cannot be filled whose placeholder `name` has no value.
pub(super) fn without_value(name: &str) -> String {
    match name {
        "stdin" => {
            "{{stdin}} has no value, because there is no text on stdin; pipe text to it, or write \
                    {{stdin|}} where it may be empty"
                .to_owned()
        }
        // An argument by its position.
        name if name.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("${name} has no value; give it a default, or write \\${name} for text")
        }
        name => format!(
            "{{{{{name}}}}} has no value; give --set {name}=VALUE or a default, or write \\{{{{{name}}}}} for \
             text"
        ),
    }
}

/// The text with its first line made empty if it names the program that runs it.
pub(super) fn without_shebang(text: String) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => format!("\n{rest}"),
        _ => text,
    }
}

/// Whether a prompt's model is a real name, not an alias of one program.
pub(super) fn is_model(name: &str) -> bool {
    const ALIASES: [&str; 7] = ["sonnet", "opus", "haiku", "opusplan", "best", "default", "auto"];
    !name.is_empty() && !name.contains(' ') && !ALIASES.contains(&name)
}

/// The tool that starts subagents, by its names in other programs.
pub(super) fn task_name(written: &str) -> Option<&'static str> {
    let name = written.split('(').next().unwrap_or_default().trim();
    ["task", "agent"].iter().any(|known| name.eq_ignore_ascii_case(known)).then_some("task")
}

/// A field that is one string.
pub(super) fn text_of(prompt: &Prompt<'_>, key: &str) -> Option<String> {
    match prompt.field(key)? {
        Value::Text(text) => Some(owned(text)),
        _ => None,
    }
}

/// The mode of permissions that a prompt asks for; `full` counts if it may widen the rights of a run.
pub(super) fn mode(prompt: &Prompt<'_>, may_widen: bool) -> Option<Mode> {
    match prompt.mode().map(owned).as_deref() {
        Some("full") if may_widen => Some(Mode::Full),
        Some("plan" | "ask" | "read-only" | "readonly") => Some(Mode::ReadOnly),
        Some("standard") => Some(Mode::Standard),
        _ => None,
    }
}

/// The rights that a project's prompt has only if it is trusted.
pub(super) fn wants(prompt: &Prompt<'_>) -> Vec<String> {
    let mut wants = Vec::new();
    if prompt.mode().is_some_and(|mode| owned(mode) == "full") {
        wants.push("mode full".to_owned());
    }
    let mut tools = prompt.tools().into_iter().flatten().map(owned);
    if tools.any(|written| task_name(&written).is_some()) {
        wants.push("tool task".to_owned());
    }
    wants
}

pub(super) fn owned(text: Text<'_>) -> String {
    text.as_str().map_or_else(|| text.chars().collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_placeholder_lacks_depends_on_where_its_value_comes_from() {
        assert!(
            without_value("stdin")
                .contains("no text on stdin; pipe text to it, or write {{stdin|}}")
        );
        assert!(
            without_value("1").starts_with("$1 has no value; give it a default, or write \\$1 ")
        );
        let named =
            "{{who}} has no value; give --set who=VALUE or a default, or write \\{{who}} for text";
        assert_eq!(without_value("who"), named);
    }
}
