//! The arguments that a prompt declares.

use serde_json::Value;
use zerostack_core::prompt::{Prompt, Value as Field};
use zerostack_dotprompt::yaml_value;

use super::filling::{Filling, text};
use crate::{Error, ErrorKind, Result};

/// An argument of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its default.
    pub default: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Its choices; any value if there are none.
    pub choices: Vec<String>,
}

impl Argument {
    /// Those of `prompt`: names, a map from names to defaults, or a list of maps with `name`,
    /// `description`, `default`, `required` and `choices`.
    pub(super) fn of(prompt: &Prompt<'_>) -> Vec<Self> {
        let Some(entry) = prompt.fields().find(|entry| entry.key == "arguments") else {
            return Vec::new();
        };
        match entry.value {
            Field::Nested(_) => {
                // The first line has lost its indentation.
                let margin = entry.raw.lines().nth(1).map_or(0, |line| {
                    let rest = line.trim_start_matches(' ');
                    let item = usize::from(!rest.starts_with('-')) * 2;
                    line.len() - rest.len() - item.min(line.len() - rest.len())
                });
                let yaml = format!("{}{}", " ".repeat(margin), entry.raw.trim_start());
                let items = yaml_value(&yaml).unwrap_or_default();
                items.as_array().into_iter().flatten().filter_map(Self::declared).collect()
            }
            Field::Map(pairs) => pairs
                .map(|(name, default)| Self {
                    name: name.to_owned(),
                    default: Some(default.chars().collect()),
                    ..Self::default()
                })
                .collect(),
            _ => {
                let names = prompt.argument_names().into_iter().flatten();
                names.map(|name| Self { name: name.chars().collect(), ..Self::default() }).collect()
            }
        }
    }

    fn declared(item: &Value) -> Option<Self> {
        let given = |key: &str| item.get(key).filter(|value| !value.is_null()).map(text);
        let choices = item.get("choices").or_else(|| item.get("enum"));
        Some(Self {
            name: given("name")?,
            description: given("description"),
            default: given("default"),
            required: item.get("required").and_then(Value::as_bool).unwrap_or(false),
            choices: choices.and_then(Value::as_array).into_iter().flatten().map(text).collect(),
        })
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        let mut line = format!("  --{} VALUE", self.name);
        if let Some(description) = &self.description {
            line = format!("{line:<26} {description}");
        }
        if !self.choices.is_empty() {
            line.push_str(&format!(" (one of {})", self.choices.join(", ")));
        }
        match &self.default {
            Some(default) => line.push_str(&format!(" [default: {default}]")),
            None if self.required => line.push_str(" [required]"),
            None => {}
        }
        line
    }
}

/// Adds the defaults of `arguments` to `filling`, and checks the values. With `positional`, the
/// words of the task are assigned to the arguments in order.
pub(super) fn check(arguments: &[Argument], filling: &mut Filling, place: &str) -> Result<()> {
    let wrong =
        |text: String| Err(Error::new(ErrorKind::Usage, format!("the prompt {place}: {text}")));
    for argument in arguments {
        let Argument { name, default, required, choices, .. } = argument;
        let given = filling.text(name);
        if let Some(given) =
            given.as_ref().filter(|it| !choices.is_empty() && !choices.contains(it))
        {
            let choices = choices.join(", ");
            return wrong(format!("{name} must be one of {choices}, not {given:?}"));
        }
        let is_alone = filling.task.trim().is_empty();
        match (given, default) {
            (None, Some(default)) if *required || !choices.is_empty() || is_alone => {
                filling.values.push((name.clone(), Value::String(default.clone())));
            }
            (None, None) if *required && is_alone => {
                return wrong(format!("{name} is missing; give --{name} VALUE"));
            }
            _ => {}
        }
    }
    Ok(())
}
