//! Shows a call as a line for a person.

use serde_json::Value;

use crate::visible::visible_line;

/// The summary of a call, in one line: `bash cargo test`, `edit fizzbuzz.sh +2 −1`.
pub fn tool_line(name: &str, arguments: &str) -> String {
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    let subject = ["command", "path", "pattern", "name", "task"].into_iter().find_map(text);
    let subject = subject.unwrap_or_default();
    let mut lines = subject.lines();
    let mut line = format!("{name} {}", shortened(lines.next().unwrap_or_default()));
    if lines.next().is_some() {
        line.push_str(" …");
    }
    match name {
        "write" => {
            let added = text("content").map_or(0, |content| content.lines().count());
            line.push_str(&format!(" +{added}"));
        }
        "edit" => {
            let edits = arguments.get("edits").and_then(Value::as_array);
            let (mut added, mut removed) = (0, 0);
            for edit in edits.into_iter().flatten() {
                let count = |key: &str| edit[key].as_str().map_or(0, |text| text.lines().count());
                added += count("new");
                removed += count("old") + replaced(edit);
            }
            line.push_str(&format!(" +{added} −{removed}"));
        }
        _ => {}
    }
    line.trim_end().to_owned()
}

/// The lines from one anchor to another.
fn replaced(edit: &Value) -> usize {
    let number = |key: &str| {
        let anchor = edit[key].as_str()?;
        let digits = anchor.find(|it: char| !it.is_ascii_digit()).unwrap_or(anchor.len());
        anchor[..digits].parse::<usize>().ok()
    };
    match (number("at"), number("to")) {
        (Some(at), Some(to)) => to.saturating_sub(at) + 1,
        (Some(_), None) => 1,
        _ => 0,
    }
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut line = visible_line(&characters.by_ref().take(CHARACTERS).collect::<String>());
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// How much of a command or a path a line shows.
const CHARACTERS: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_summarizes_a_call() {
        for (name, arguments, line) in [
            ("bash", r#"{"command":"cargo test\n# all"}"#, "bash cargo test …"),
            ("read", r#"{"path":"a.rs","offset":3}"#, "read a.rs"),
            ("list", "", "list"),
            ("write", r#"{"path":"a","content":"1\n2\n"}"#, "write a +2"),
            (
                "edit",
                r#"{"path":"f.sh","edits":[{"old":"a\nb","new":"c"},{"at":"12kab","to":"14xyz","new":""},{"after":"2ab","new":"d\n"}]}"#,
                "edit f.sh +2 −5",
            ),
            ("bash", r#"{"command":"\u001b[2J"}"#, "bash \\x1b[2J"),
        ] {
            let found = tool_line(name, arguments);
            match name {
                "bash" if line.contains("x1b") => assert!(!found.contains('\x1b'), "{found}"),
                _ => assert_eq!(found, line),
            }
        }
    }
}
