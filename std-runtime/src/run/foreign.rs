//! Prompts of other programs that are not Markdown with front matter: dotprompt, and the templates
//! of `llm`.

use serde_json::{Map, Value, json};
use zerostack_core::prompt::{Output, Prompt, Value as Field, tool_name};
use zerostack_dotprompt::{Data, Dotprompt, Part, yaml_value};

use super::filling::{Filling, text};
use super::instructions::Instructions;
use crate::{Error, ErrorKind, Result};

/// The form of a prompt's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Markdown, with front matter or without.
    Markdown,
    /// Markdown that is only a system prompt: a pattern of fabric.
    Pattern,
    /// `NAME.prompt`.
    Dotprompt,
    /// A YAML template of `llm`.
    Llm,
}

/// The schema of the result that a prompt in Markdown has as dotprompt has it: below `output`.
pub(super) fn output_schema(prompt: &Prompt<'_>) -> std::result::Result<Option<String>, String> {
    let is_below = matches!(prompt.field("output"), Some(Field::Map(_) | Field::Nested(_)));
    if !is_below || prompt.output() != Some(Output::Json) {
        return Ok(None);
    }
    let schema = Dotprompt::parse(prompt.text())?.output_schema(&Map::new())?;
    Ok(schema.map(|schema| schema.to_string()))
}

/// The metadata of a file that is not Markdown.
pub(super) fn description(kind: Kind, text: &str) -> std::result::Result<String, String> {
    let fields = match kind {
        Kind::Dotprompt => Value::Object(Dotprompt::parse(text)?.fields().clone()),
        _ => yaml_value(text)?,
    };
    let told = fields.get("description").or_else(|| fields.get("system"));
    Ok(told
        .and_then(Value::as_str)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// A prompt of dotprompt. The text of the role `user` is the task; `{{task}}` and `{{stdin}}` have
/// their usual meaning.
pub(super) fn dotprompt(
    name: &str,
    place: &str,
    text: &str,
    filling: &Filling,
) -> Result<Instructions> {
    let refused =
        |why: String| Error::new(ErrorKind::Configuration, format!("the prompt {place}: {why}"));
    let prompt = Dotprompt::parse(text).map_err(refused)?;
    let mut input = Map::new();
    for (name, value) in [("task", Some(&filling.task)), ("stdin", filling.stdin.as_ref())] {
        if let Some(value) = value {
            input.insert(name.to_owned(), json!(value));
        }
    }
    input.extend(filling.values.iter().cloned());
    if let Some(schema) = prompt.input_schema(&Map::new()).map_err(refused)? {
        let required = schema.get("required").and_then(Value::as_array);
        let defaults = prompt.defaults();
        let missing = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .find(|name| !input.contains_key(*name) && !defaults.contains_key(*name));
        if let Some(missing) = missing {
            let text =
                format!("the prompt {place}: {missing} is missing; give --set {missing}=VALUE");
            return Err(Error::new(ErrorKind::Usage, text));
        }
    }
    let data = Data { input: Value::Object(input), ..Data::default() };
    let (mut system, mut user) = (Vec::new(), Vec::new());
    for message in prompt.render(&data).map_err(refused)? {
        let mut parts = String::new();
        for part in message.content {
            match part {
                Part::Text(text) => parts.push_str(&text),
                Part::Section(_) => {}
                Part::Media { .. } | Part::Other(_) => {
                    return Err(refused(
                        "its {{media}} cannot be sent: name the file in the text".into(),
                    ));
                }
            }
        }
        match message.role.as_str() {
            "system" => system.push(parts.trim().to_owned()),
            "user" => user.push(parts.trim().to_owned()),
            role => return Err(refused(format!("its messages of the role {role} cannot be sent"))),
        }
    }
    let schema = prompt.output_schema(&Map::new()).map_err(refused)?;
    let fields = prompt.fields();
    let format =
        fields.get("output").and_then(|output| output.get("format")).and_then(Value::as_str);
    let output = match (format, &schema) {
        (Some("json"), _) | (None, Some(_)) => Output::Json,
        _ => Output::Text,
    };
    let tools = fields.get("tools").and_then(Value::as_array).into_iter().flatten();
    let tools = tools.filter_map(Value::as_str).filter_map(tool_name).map(str::to_owned).collect();
    let mut instructions = Instructions::new(name, system.join("\n\n"), output);
    instructions.tools = Some(tools);
    instructions.task = if user.is_empty() { filling.task.clone() } else { user.join("\n\n") };
    instructions.schema =
        schema.filter(|_| output == Output::Json).map(|schema| schema.to_string());
    instructions.model = fields.get("model").and_then(Value::as_str).map(str::to_owned);
    instructions.uses_stdin = uses(text, "stdin");
    Ok(instructions)
}

/// A template of `llm`: `$input` is stdin, or else the task; `$name` an argument.
pub(super) fn llm(
    name: &str,
    place: &str,
    source: &str,
    filling: &Filling,
) -> Result<Instructions> {
    let refused =
        |why: String| Error::new(ErrorKind::Configuration, format!("the prompt {place}: {why}"));
    let fields = yaml_value(source).map_err(refused)?;
    let field = |key: &str| fields.get(key).and_then(Value::as_str);
    let input = filling.stdin.clone().unwrap_or_else(|| filling.task.clone());
    let mut fill = |template: &str| -> Result<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            if rest.starts_with('$') {
                out.push('$');
                rest = &rest[1..];
                continue;
            }
            if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
                out.push('$');
                continue;
            }
            rest = &rest[end..];
            let default = || fields.get("defaults").and_then(|all| all.get(word)).map(text);
            match word {
                "input" => out.push_str(&input),
                word => match filling.text(word).or_else(default) {
                    Some(value) => out.push_str(&value),
                    None => {
                        let text = format!(
                            "the prompt {place}: ${word} has no value; give --set {word}=VALUE"
                        );
                        return Err(Error::new(ErrorKind::Usage, text));
                    }
                },
            }
        }
        out.push_str(rest);
        Ok(out)
    };
    let schema = fields.get("schema_object").filter(|schema| schema.is_object());
    let output = if schema.is_some() { Output::Json } else { Output::Text };
    let mut instructions = Instructions::new(
        name,
        field("system").map(&mut fill).transpose()?.unwrap_or_default(),
        output,
    );
    instructions.task = match field("prompt") {
        Some(prompt) => fill(prompt)?,
        None => filling.task.clone(),
    };
    instructions.uses_stdin = field("prompt").is_some_and(|prompt| prompt.contains("$input"));
    instructions.schema = schema.map(Value::to_string);
    instructions.model = field("model").map(str::to_owned);
    instructions.tools = Some(Vec::new());
    Ok(instructions)
}

/// Whether a template names a value.
fn uses(template: &str, name: &str) -> bool {
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        let tag = &rest[at..];
        let end = tag.find("}}").unwrap_or(tag.len());
        if tag[..end].split(|c: char| !c.is_alphanumeric()).any(|word| word == name) {
            return true;
        }
        rest = &tag[end..];
    }
    false
}
