//! The values for the placeholders of a prompt.

use serde_json::Value;

/// The task, and the values of arguments.
#[derive(Debug, Clone, Default)]
pub struct Filling {
    /// The user's task; may be empty.
    pub task: String,
    /// Values by argument name.
    pub values: Vec<(String, Value)>,
    /// The text on stdin, for `{{stdin}}`.
    pub stdin: Option<String>,
}

impl Filling {
    /// The task alone.
    pub fn of(task: &str) -> Self {
        Self { task: task.to_owned(), ..Self::default() }
    }

    /// Takes a JSON object on stdin as values. `false` if stdin is not one.
    pub fn take_object(&mut self) -> bool {
        let object = self.stdin.as_deref().filter(|text| text.trim_start().starts_with('{'));
        let object = object.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let Some(Value::Object(object)) = object else { return false };
        let given = |name: &String| self.values.iter().any(|(known, _)| known == name);
        // The command line overrides it.
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

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
