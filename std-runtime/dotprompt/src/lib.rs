//! Prompts in the form of dotprompt: YAML front matter with picoschema, a Handlebars template.
//!
//! ```
//! use serde_json::json;
//! use zerostack_dotprompt::{Data, Dotprompt};
//!
//! let text = "---\ninput:\n  default: {who: world}\noutput:\n  schema: {greeting: string}\n---\n\
//!             {{role \"system\"}}Be kind.{{role \"user\"}}Greet {{who}}.";
//! let prompt = Dotprompt::parse(text)?;
//! let messages = prompt.render(&Data { input: json!({"who": "Ada"}), ..Data::default() })?;
//! assert_eq!(messages[1].role, "user");
//! assert_eq!(prompt.output_schema(&Default::default())?.unwrap()["required"], json!(["greeting"]));
//! # Ok::<(), String>(())
//! ```
//!
//! The language of templates: paths (`a.b`, `../a`, `this`, `@index`, `@root`, `@name` of the
//! context), literals, calls within calls; `if`, `unless`, `each`, `with`, `ifEquals`,
//! `unlessEquals`, values as blocks, `else` and chains of it, `as |a b|`; partials with a context;
//! the helpers `role`, `history`, `media`, `section`, `json`, `lookup`; comments, `~` and
//! standalone tags. Nothing is escaped. A program's own helpers, decorators and partial blocks are
//! not supported.

#![forbid(unsafe_code)]

mod message;
mod pico;
mod template;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use message::{Message, Part};
use template::{Node, Renderer, parse};

/// A prompt.
#[derive(Debug, Clone)]
pub struct Dotprompt {
    fields: Map<String, Value>,
    template: Vec<Node>,
}

/// The value of a YAML document in the subset of YAML for front matter.
///
/// # Errors
/// The fault, with its line.
pub fn yaml_value(text: &str) -> Result<Value, String> {
    yaml::parse(text)
}

/// The values for a template.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// The values, an object; missing ones have the defaults of the prompt.
    pub input: Value,
    /// The values that begin with `@`.
    pub context: Map<String, Value>,
    /// Earlier messages.
    pub history: Vec<Message>,
    /// Templates by the names of `{{> name}}`.
    pub partials: BTreeMap<String, String>,
}

impl Dotprompt {
    /// Reads a prompt.
    ///
    /// # Errors
    /// The fault and its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (front, body, line) = split(text);
        let fields = match front.map(yaml::parse).transpose() {
            Ok(Some(Value::Object(fields))) => fields,
            Ok(Some(_)) => return Err("the front matter is not a map".to_owned()),
            Ok(None) => Map::new(),
            Err(why) => return Err(format!("front matter, {why}")),
        };
        let template = parse(body).map_err(|why| format!("template after line {line}, {why}"))?;
        Ok(Self { fields, template })
    }

    /// The fields of the front matter.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// Fields whose names have a namespace: `a.b.c` is `c` of `a.b`.
    pub fn extensions(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for (key, value) in &self.fields {
            if let Some((space, name)) = key.rsplit_once('.') {
                let space = all.entry(space).or_insert_with(|| Value::Object(Map::new()));
                if let Some(space) = space.as_object_mut() {
                    space.insert(name.to_owned(), value.clone());
                }
            }
        }
        all
    }

    /// The JSON Schema of the input.
    ///
    /// # Errors
    /// A fault in the schema; `named` has the schemas with names.
    pub fn input_schema(&self, named: &Map<String, Value>) -> Result<Option<Value>, String> {
        self.schema("input", named)
    }

    /// The JSON Schema of the result.
    ///
    /// # Errors
    /// A fault in the schema; `named` has the schemas with names.
    pub fn output_schema(&self, named: &Map<String, Value>) -> Result<Option<Value>, String> {
        self.schema("output", named)
    }

    fn schema(&self, field: &str, named: &Map<String, Value>) -> Result<Option<Value>, String> {
        let schema = self.fields.get(field).and_then(|field| field.get("schema"));
        let schema = schema.filter(|schema| !schema.is_null());
        let found = schema.map(|schema| pico::json_schema(schema, named)).transpose();
        found.map_err(|why| format!("{field}.schema: {why}"))
    }

    /// The default values of the prompt's input.
    pub fn defaults(&self) -> Map<String, Value> {
        let default = self.fields.get("input").and_then(|input| input.get("default"));
        default.and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Fills the template.
    ///
    /// # Errors
    /// An unknown helper or partial, or a result that is too long.
    pub fn render(&self, data: &Data) -> Result<Vec<Message>, String> {
        let mut input = self.defaults();
        if let Some(given) = data.input.as_object() {
            input.extend(given.clone());
        }
        let input = match &data.input {
            Value::Null | Value::Object(_) => Value::Object(input),
            other => other.clone(),
        };
        let mut renderer = Renderer::new(&data.context, &data.partials);
        renderer.render(&self.template, &input)?;
        Ok(message::messages(renderer.pieces, &data.history))
    }
}

/// The front matter, the template and the number of the line before it.
fn split(text: &str) -> (Option<&str>, &str, usize) {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n');
    // A licence header may precede it.
    let start = loop {
        match lines.next() {
            Some(line) if line.trim_end() == "---" => break at + line.len(),
            Some(line) if line.trim().is_empty() || line.starts_with('#') => at += line.len(),
            _ => return (None, text, 0),
        }
    };
    let mut end = start;
    for line in lines {
        if line.trim_end() == "---" {
            let body = &text[end + line.len()..];
            return (Some(&text[start..end]), body.trim(), text[..end].matches('\n').count() + 1);
        }
        end += line.len();
    }
    (None, text, 0)
}
