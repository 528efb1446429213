//! What the holes of a prompt are filled with.

use serde_json::Value;

/// The task, and the values of arguments.
#[derive(Debug, Clone, Default)]
pub struct Filling {
    /// What the user asks for; may be empty.
    pub task: String,
    /// Values by the names of arguments.
    pub values: Vec<(String, Value)>,
    /// What was given on stdin, for `{{stdin}}`.
    pub stdin: Option<String>,
}

impl Filling {
    /// The task alone.
    pub fn of(task: &str) -> Self {
        Self { task: task.to_owned(), ..Self::default() }
    }

    /// Takes a JSON object on stdin as values. `false` if it is none.
    pub fn take_object(&mut self) -> bool {
        let object = self.stdin.as_deref().filter(|text| text.trim_start().starts_with('{'));
        let object = object.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let Some(Value::Object(object)) = object else { return false };
        let given = |name: &String| self.values.iter().any(|(known, _)| known == name);
        // What the command line says wins.
        let more: Vec<_> = object.into_iter().filter(|(name, _)| !given(name)).collect();
        self.values.extend(more);
        self.stdin = None;
        true
    }

    /// The value of an argument as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.values.iter().find(|(known, _)| known == name)?;
        Some(text(value))
    }
}

/// A value as it stands in a text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
