//! Filling a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::expression::{Call, Expression, Path};
use super::node::{Node, parse};
use super::value::{is_same, is_true, json as json_text, text};

/// The output of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Role(String),
    History,
    Media { url: String, content_type: Option<String> },
    Section(String),
}

/// Fills templates with values.
pub(crate) struct Renderer<'a> {
    /// `@name` outside blocks.
    pub(crate) context: &'a Map<String, Value>,
    pub(crate) partials: &'a BTreeMap<String, String>,
    pub(crate) pieces: Vec<Piece>,
    /// Bytes that may still be written.
    room: usize,
    depth: usize,
}

/// The scope of names: `this`, and the scopes around it.
struct Scope<'s> {
    this: &'s Value,
    /// `@index` and the like, and the names of `as |a b|`.
    data: Map<String, Value>,
    names: Map<String, Value>,
    above: Option<&'s Scope<'s>>,
    /// A partial and a block of a condition do not count as a level for `..`.
    counts: bool,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(
        context: &'a Map<String, Value>,
        partials: &'a BTreeMap<String, String>,
    ) -> Self {
        Self { context, partials, pieces: Vec::new(), room: MAX_BYTES, depth: 0 }
    }

    /// Fills `nodes`.
    ///
    /// # Errors
    /// An unknown helper or partial, or an endless result.
    pub(crate) fn render(&mut self, nodes: &[Node], input: &Value) -> Result<(), String> {
        let (data, names) = (Map::new(), Map::new());
        self.nodes(nodes, &Scope { this: input, data, names, above: None, counts: true })
    }

    fn nodes(&mut self, nodes: &[Node], scope: &Scope<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels; does a partial include itself?"));
        }
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text)?,
                Node::Output(call) => self.output(call, scope)?,
                Node::Partial(call, indent) => self.partial(call, indent, scope)?,
                Node::Block { call, inverted, then, otherwise } => {
                    let (then, otherwise) =
                        if *inverted { (otherwise, then) } else { (then, otherwise) };
                    self.block(call, then, otherwise, scope)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        self.room = self
            .room
            .checked_sub(text.len())
            .ok_or_else(|| format!("the text is longer than {MAX_BYTES} bytes"))?;
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
        Ok(())
    }

    fn output(&mut self, call: &Call, scope: &Scope<'_>) -> Result<(), String> {
        let first = || call.params.first().map(|it| self.value(it, scope)).transpose();
        let named = |name: &str| {
            let found = call.hash.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| self.value(value, scope)).transpose()
        };
        match call.name() {
            "role" => {
                let role = first()?.map(|it| text(&it)).unwrap_or_default();
                self.pieces.push(Piece::Role(role));
            }
            "history" => self.pieces.push(Piece::History),
            "section" => {
                let name = first()?.map(|it| text(&it)).unwrap_or_default();
                self.pieces.push(Piece::Section(name));
            }
            "media" => {
                let url = named("url")?.map(|it| text(&it)).unwrap_or_default();
                let content_type = named("contentType")?.map(|it| text(&it));
                self.pieces.push(Piece::Media { url, content_type });
            }
            _ => {
                let value = self.call(call, scope)?;
                self.text(&text(&value))?;
            }
        }
        Ok(())
    }

    fn partial(&mut self, call: &Call, indent: &str, scope: &Scope<'_>) -> Result<(), String> {
        let name = match &call.head {
            Expression::Path(path) => path.parts.join("/"),
            Expression::Literal(value) => text(value),
            Expression::Call(inner) => text(&self.call(inner, scope)?),
        };
        let source = self.partials.get(&name);
        let source = source.ok_or_else(|| format!("there is no partial {name:?}"))?;
        let nodes = match indent.is_empty() {
            true => parse(source),
            false => {
                let line = |line: &str| {
                    if line.trim().is_empty() { line.to_owned() } else { format!("{indent}{line}") }
                };
                parse(&source.split_inclusive('\n').map(line).collect::<String>())
            }
        };
        let nodes = nodes.map_err(|why| format!("the partial {name}: {why}"))?;
        let mut this = match call.params.first() {
            Some(param) => self.value(param, scope)?,
            None => scope.this.clone(),
        };
        if !call.hash.is_empty() {
            let mut map = this.as_object().cloned().unwrap_or_default();
            for (key, value) in &call.hash {
                map.insert(key.clone(), self.value(value, scope)?);
            }
            this = Value::Object(map);
        }
        let inner = Scope {
            this: &this,
            data: Map::new(),
            names: Map::new(),
            above: Some(scope),
            counts: false,
        };
        self.nodes(&nodes, &inner)
    }

    fn block(
        &mut self,
        call: &Call,
        then: &[Node],
        otherwise: &[Node],
        scope: &Scope<'_>,
    ) -> Result<(), String> {
        let param = |at: usize| match call.params.get(at) {
            Some(param) => self.value(param, scope),
            None => Ok(Value::Null),
        };
        let holds = match call.name() {
            "if" => is_true(&param(0)?),
            "unless" => !is_true(&param(0)?),
            "ifEquals" => is_same(&param(0)?, &param(1)?),
            "unlessEquals" => !is_same(&param(0)?, &param(1)?),
            "each" => {
                let value = param(0)?;
                return self.each(&value, call, then, otherwise, scope);
            }
            "with" => {
                let value = param(0)?;
                return match is_true(&value) {
                    true => self.within(&value, call, then, scope),
                    false => self.nodes(otherwise, scope),
                };
            }
            // A value as a block: a list is repeated, another is entered.
            _ => {
                let value = self.call(call, scope)?;
                return match &value {
                    Value::Array(_) => self.each(&value, call, then, otherwise, scope),
                    Value::Bool(true) => self.nodes(then, scope),
                    value if is_true(value) => self.within(value, call, then, scope),
                    _ => self.nodes(otherwise, scope),
                };
            }
        };
        self.nodes(if holds { then } else { otherwise }, scope)
    }

    fn within(
        &mut self,
        value: &Value,
        call: &Call,
        then: &[Node],
        scope: &Scope<'_>,
    ) -> Result<(), String> {
        let names =
            call.names.first().map(|name| (name.clone(), value.clone())).into_iter().collect();
        self.nodes(
            then,
            &Scope { this: value, data: Map::new(), names, above: Some(scope), counts: true },
        )
    }

    fn each(
        &mut self,
        value: &Value,
        call: &Call,
        then: &[Node],
        otherwise: &[Node],
        scope: &Scope<'_>,
    ) -> Result<(), String> {
        let items: Vec<(Value, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(at, it)| (json!(at), it)).collect()
            }
            Value::Object(map) => map.iter().map(|(key, it)| (json!(key), it)).collect(),
            _ => Vec::new(),
        };
        if items.is_empty() {
            return self.nodes(otherwise, scope);
        }
        let last = items.len() - 1;
        for (index, (key, item)) in items.into_iter().enumerate() {
            let data =
                json!({ "index": index, "key": key, "first": index == 0, "last": index == last });
            let data = data.as_object().cloned().unwrap_or_default();
            let given = [item.clone(), key];
            let names = call.names.iter().cloned().zip(given).collect();
            self.nodes(then, &Scope { this: item, data, names, above: Some(scope), counts: true })?;
        }
        Ok(())
    }

    fn value(&self, expression: &Expression, scope: &Scope<'_>) -> Result<Value, String> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Path(path) => Ok(self.lookup(path, scope)),
            Expression::Call(call) => self.call(call, scope),
        }
    }

    /// A helper that returns a value, or a value.
    fn call(&self, call: &Call, scope: &Scope<'_>) -> Result<Value, String> {
        match (call.name(), call.params.first()) {
            ("json", Some(param)) => {
                let indent = call.hash.iter().find(|(key, _)| key == "indent");
                let indent = indent.map(|(_, value)| self.value(value, scope)).transpose()?;
                let indent = indent.and_then(|it| it.as_u64()).unwrap_or(0).min(16);
                let indent = usize::try_from(indent).unwrap_or(0);
                Ok(Value::String(json_text(&self.value(param, scope)?, indent)))
            }
            ("lookup", Some(param)) => {
                let value = self.value(param, scope)?;
                let key = call.params.get(1).map(|it| self.value(it, scope)).transpose()?;
                Ok(key.and_then(|key| member(&value, &text(&key)).cloned()).unwrap_or_default())
            }
            (name, Some(_)) => Err(format!("there is no helper {name:?}")),
            (_, None) => self.value(&call.head, scope),
        }
    }

    fn lookup(&self, path: &Path, scope: &Scope<'_>) -> Value {
        let mut at = scope;
        for _ in 0..path.up {
            // Levels that do not count are left together with the one around them.
            while let Some(above) = at.above.filter(|_| !at.counts) {
                at = above;
            }
            match at.above {
                Some(above) => at = above,
                None => return Value::Null,
            }
        }
        let mut parts = path.parts.iter();
        let mut value = at.this;
        if path.is_data {
            let Some(first) = parts.next() else {
                return Value::Null;
            };
            let mut place = Some(at);
            let found = std::iter::from_fn(|| {
                let scope = place?;
                place = scope.above;
                Some(scope)
            })
            .find_map(|scope| scope.data.get(first));
            let root = || std::iter::successors(Some(at), |scope| scope.above).last();
            value = match found.or_else(|| self.context.get(first)) {
                Some(value) => value,
                None if first == "root" => root().map_or(&Value::Null, |scope| scope.this),
                None => return Value::Null,
            };
        } else if let Some(first) = path.parts.first() {
            let named = std::iter::successors(Some(at), |scope| scope.above);
            if let Some(named) = named.map(|scope| &scope.names).find_map(|names| names.get(first))
            {
                value = named;
                parts.next();
            }
        }
        for part in parts {
            match member(value, part) {
                Some(inner) => value = inner,
                None => return Value::Null,
            }
        }
        value.clone()
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

const MAX_DEPTH: usize = 64;

/// The longest output of a template, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
