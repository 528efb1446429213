//! The kind of a prompt's result.

use super::Prompt;
use super::front_matter::Value;
use super::line::{content_line, scalar, split_key};
use super::scalar::Text;

/// The kind of a result.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// The model's last text.
    Text,
    /// The changes to the files.
    Patch,
    /// A list of places with their faults.
    Findings,
    /// One JSON value that fits the prompt's `schema`.
    Json,
}

impl Output {
    pub(super) fn named(text: Text<'_>) -> Option<Self> {
        let all = [
            ("text", Self::Text),
            ("patch", Self::Patch),
            ("findings", Self::Findings),
            ("json", Self::Json),
        ];
        all.into_iter().find(|(name, _)| text == *name).map(|(_, output)| output)
    }
}

impl Prompt<'_> {
    /// The kind of its result; `None` if it is not set.
    pub fn output(&self) -> Option<Output> {
        let format = match self.field("output")? {
            Value::Text(text) => Some(text),
            Value::Map(mut pairs) => pairs.find(|(key, _)| *key == "format").map(|(_, text)| text),
            Value::Nested(raw) => nested_format(raw),
            Value::Null | Value::List(_) => None,
        };
        format.and_then(Output::named)
    }
}

/// The `format` of a map that holds other things too, such as dotprompt's `schema`.
fn nested_format(raw: &str) -> Option<Text<'_>> {
    let mut at = 0;
    let indent = content_line(raw, 0)?.indent;
    loop {
        let line = content_line(raw, at)?;
        if let Some(("format", value)) = split_key(line.content())
            && line.indent == indent
        {
            return scalar(value.trim_matches(super::line::SPACE));
        }
        at = line.end;
    }
}
