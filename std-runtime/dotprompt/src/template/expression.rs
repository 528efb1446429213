//! The expressions between the braces: paths, literals and calls.

use serde_json::{Number, Value};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Value),
    Path(Path),
    /// `(name a b c=d)`.
    Call(Box<Call>),
}

/// A name with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// A path or a literal; of a helper, one name.
    pub(crate) head: Expression,
    pub(crate) params: Vec<Expression>,
    pub(crate) hash: Vec<(String, Expression)>,
    /// `as |a b|`.
    pub(crate) names: Vec<String>,
}

/// `../a.b`, `this.x`, `@index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) up: usize,
    pub(crate) is_data: bool,
    pub(crate) parts: Vec<String>,
}

impl Call {
    /// The name, if this is a helper.
    pub(crate) fn name(&self) -> &str {
        match &self.head {
            Expression::Path(Path { up: 0, is_data: false, parts }) if parts.len() == 1 => {
                &parts[0]
            }
            _ => "",
        }
    }
}

/// Reads a call, or a single path or literal.
pub(crate) fn parse(text: &str) -> Result<Call, String> {
    let mut words = Words { rest: text, depth: 0 };
    let call = words.call()?;
    match words.rest.trim().is_empty() {
        true => Ok(call),
        false => Err(format!("not understood: {}", words.rest.trim())),
    }
}

struct Words<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Words<'a> {
    fn call(&mut self) -> Result<Call, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} calls within one another"));
        }
        let head = self.expression()?;
        let mut call = Call { head, params: Vec::new(), hash: Vec::new(), names: Vec::new() };
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                break;
            }
            if let Some(rest) = self.rest.strip_prefix("as |") {
                let (names, rest) = rest.split_once('|').ok_or("`as |` is not closed")?;
                call.names = names.split_whitespace().map(str::to_owned).collect();
                self.rest = rest;
                continue;
            }
            let name = self.rest.find(|c: char| !is_name(c)).unwrap_or(self.rest.len());
            match self.rest[name..].strip_prefix('=').filter(|_| name > 0) {
                Some(rest) => {
                    let key = self.rest[..name].to_owned();
                    self.rest = rest;
                    let value = self.expression()?;
                    call.hash.push((key, value));
                }
                None => call.params.push(self.expression()?),
            }
        }
        self.depth -= 1;
        Ok(call)
    }

    fn expression(&mut self) -> Result<Expression, String> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let call = self.call()?;
            self.rest = self.rest.trim_start().strip_prefix(')').ok_or("a `(` is not closed")?;
            return Ok(Expression::Call(Box::new(call)));
        }
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).ok_or("a quote is not closed")?;
                self.rest = rest;
                return Ok(Expression::Literal(Value::String(text.to_owned())));
            }
        }
        let word = self.word();
        if word.is_empty() {
            return Err(format!("not understood: {}", self.rest));
        }
        Ok(match word {
            "true" => Expression::Literal(Value::Bool(true)),
            "false" => Expression::Literal(Value::Bool(false)),
            "null" | "undefined" => Expression::Literal(Value::Null),
            _ => match number(word) {
                Some(number) => Expression::Literal(Value::Number(number)),
                None => Expression::Path(path(word)?),
            },
        })
    }

    fn word(&mut self) -> &'a str {
        let mut in_brackets = false;
        let end = self.rest.find(|c: char| {
            match c {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                _ => {}
            }
            !in_brackets && (c.is_whitespace() || matches!(c, '(' | ')' | '=' | '|'))
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

fn number(word: &str) -> Option<Number> {
    let is_one = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match word.parse::<i64>() {
        Ok(number) => Some(number.into()),
        Err(_) => word.parse::<f64>().ok().filter(|_| is_one).and_then(Number::from_f64),
    }
}

fn path(word: &str) -> Result<Path, String> {
    let (mut rest, mut up) = (word, 0);
    let is_data = rest.starts_with('@');
    rest = rest.trim_start_matches('@');
    while let Some(below) = rest.strip_prefix("..") {
        up += 1;
        rest = below.strip_prefix('/').unwrap_or(below);
    }
    let mut parts = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (name, after) = inner.split_once(']').ok_or("a `[` is not closed")?;
            parts.push(name.to_owned());
            rest = after.trim_start_matches(['.', '/']);
            continue;
        }
        let end = rest.find(['.', '/']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        // `this` and `.` are where the path starts.
        if !(name.is_empty() || (name == "this" && parts.is_empty())) {
            parts.push(name.to_owned());
        }
        rest = after.get(1..).unwrap_or_default();
    }
    Ok(Path { up, is_data, parts })
}

const MAX_DEPTH: usize = 16;
