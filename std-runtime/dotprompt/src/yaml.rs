//! The YAML of front matter as JSON values: maps, lists and scalars, in lines and in brackets.
//! Anchors, aliases and tags are refused.

use serde_json::{Map, Number, Value};

/// Reads a document.
///
/// # Errors
/// The fault, with its line, counted from 1.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let lines = text.lines().enumerate().map(|(number, text)| Line::new(number + 1, text));
    let lines: Vec<Line<'_>> = lines.collect();
    let mut reader = Reader { lines, at: 0, depth: 0 };
    if reader.peek().is_none() {
        return Ok(Value::Object(Map::new()));
    }
    let indent = reader.peek().map_or(0, |line| line.indent);
    let value = reader.block(indent)?;
    match reader.peek() {
        Some(line) => Err(format!("line {}: wrong indentation", line.number)),
        None => Ok(value),
    }
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    indent: usize,
    /// Without indentation.
    text: &'a str,
    raw: &'a str,
}

impl<'a> Line<'a> {
    fn new(number: usize, raw: &'a str) -> Self {
        let text = raw.trim_start_matches(' ');
        Self { number, indent: raw.len() - text.len(), text: text.trim_end(), raw }
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() || self.text.starts_with('#')
    }
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The next line with content.
    fn peek(&mut self) -> Option<Line<'a>> {
        while self.lines.get(self.at).is_some_and(Line::is_blank) {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    fn block(&mut self, indent: usize) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels"));
        }
        let is_list = self.peek().is_some_and(|line| is_item(line.text));
        let value = if is_list { self.list(indent) } else { self.map(indent) };
        self.depth -= 1;
        value
    }

    fn list(&mut self, indent: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        while let Some(line) = self.peek() {
            if line.indent != indent || !is_item(line.text) {
                break;
            }
            let rest = line.text[1..].trim_start();
            let inner = line.indent + line.text.len() - rest.len();
            if rest.is_empty() || rest.starts_with('#') {
                self.at += 1;
                items.push(self.nested(indent)?);
            } else if split_key(rest).is_some() || is_item(rest) {
                // A map or list that starts after the dash.
                self.lines[self.at] = Line { indent: inner, text: rest, ..line };
                items.push(self.block(inner)?);
            } else {
                self.at += 1;
                items.push(self.value(rest, indent, line.number)?);
            }
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, indent: usize) -> Result<Value, String> {
        let mut map = Map::new();
        while let Some(line) = self.peek() {
            if line.indent != indent || is_item(line.text) {
                break;
            }
            let (key, rest) = split_key(line.text)
                .ok_or_else(|| format!("line {}: not `key: value`", line.number))?;
            self.at += 1;
            let key = match scalar(key) {
                Ok(Value::String(key)) => key,
                _ => key.to_owned(),
            };
            let rest = rest.trim_start();
            let value = match rest.is_empty() || rest.starts_with('#') {
                true => self.nested(indent)?,
                false => self.value(rest, indent, line.number)?,
            };
            if map.insert(key, value).is_some() {
                return Err(format!("line {}: this key occurs twice", line.number));
            }
        }
        Ok(Value::Object(map))
    }

    /// The value below a key or a dash, if there is one.
    fn nested(&mut self, indent: usize) -> Result<Value, String> {
        match self.peek() {
            Some(line) if line.indent > indent => self.block(line.indent),
            // A list may have the same indentation as its key.
            Some(line) if line.indent == indent && is_item(line.text) => self.list(indent),
            _ => Ok(Value::Null),
        }
    }

    /// A value that starts on the line of its key.
    fn value(&mut self, rest: &str, indent: usize, number: usize) -> Result<Value, String> {
        let told = |why: String| format!("line {number}: {why}");
        if rest.starts_with(['|', '>']) {
            return Ok(Value::String(self.block_scalar(rest, indent)));
        }
        if rest.starts_with(['{', '[']) {
            let mut text = without_comment(rest).to_owned();
            while !is_closed(&text) {
                let line = self.lines.get(self.at).ok_or_else(|| told("open bracket".into()))?;
                text.push(' ');
                text.push_str(without_comment(line.text));
                self.at += 1;
            }
            let mut flow = Flow { rest: &text, depth: 0 };
            let value = flow.value().map_err(told)?;
            return match flow.rest.trim().is_empty() {
                true => Ok(value),
                false => Err(told("text after the bracket".into())),
            };
        }
        let mut text = without_comment(rest).to_owned();
        // A plain scalar continues on lines with more indentation.
        while let Some(line) = self.lines.get(self.at).filter(|line| {
            !line.is_blank() && line.indent > indent && split_key(line.text).is_none()
        }) {
            text.push(' ');
            text.push_str(without_comment(line.text));
            self.at += 1;
        }
        scalar(&text).map_err(told)
    }

    fn block_scalar(&mut self, head: &str, indent: usize) -> String {
        let (mut lines, mut own) = (Vec::new(), None);
        while let Some(line) = self.lines.get(self.at) {
            let is_empty = line.raw.trim().is_empty();
            if !is_empty && line.indent <= indent {
                break;
            }
            if !is_empty {
                own.get_or_insert(line.indent);
            }
            lines.push(line.raw.get(own.unwrap_or(0)..).unwrap_or_default());
            self.at += 1;
        }
        let kept = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
        let (body, trailing) = lines.split_at(kept);
        let mut text = match head.starts_with('|') {
            true => body.join("\n"),
            false => folded(body),
        };
        if head.contains('+') {
            text.push_str(&"\n".repeat(trailing.len() + 1));
        } else if !head.contains('-') && !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

fn folded(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let joins = !text.is_empty() && !text.ends_with('\n') && !line.is_empty();
        if line.is_empty() {
            text.push('\n');
        } else {
            text.push_str(if joins { " " } else { "" });
            text.push_str(line);
        }
    }
    text
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// The key and the text after its colon.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if at == 0 => quote = Some(character),
            (None, '{' | '[') if at == 0 => return None,
            (None, '#') if text[..at].ends_with(' ') => return None,
            (None, ':') if text[at + 1..].is_empty() || text[at + 1..].starts_with(' ') => {
                return Some((text[..at].trim_end(), &text[at + 1..]));
            }
            _ => {}
        }
    }
    None
}

/// Without a comment: ` #` and the rest, outside quotes.
fn without_comment(text: &str) -> &str {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') if at == 0 || text[..at].ends_with([' ', ',', '[', '{', ':']) => {
                quote = Some(character);
            }
            (None, '#') if text[..at].ends_with(' ') => return text[..at].trim_end(),
            _ => {}
        }
    }
    text.trim_end()
}

fn is_closed(text: &str) -> bool {
    let (mut depth, mut quote) = (0_i32, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            _ => {}
        }
    }
    depth <= 0
}

/// Values in brackets.
struct Flow<'a> {
    rest: &'a str,
    depth: usize,
}

impl Flow<'_> {
    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels"));
        }
        self.rest = self.rest.trim_start();
        let value = if let Some(rest) = self.rest.strip_prefix('[') {
            self.rest = rest;
            self.list()
        } else if let Some(rest) = self.rest.strip_prefix('{') {
            self.rest = rest;
            self.map()
        } else {
            let text = self.word(",]}");
            scalar(text.trim())
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(rest) = self.rest.strip_prefix(']') {
                self.rest = rest;
                return Ok(Value::Array(items));
            }
            if self.rest.is_empty() {
                return Err("a bracket is not closed".to_owned());
            }
            items.push(self.value()?);
        }
    }

    fn map(&mut self) -> Result<Value, String> {
        let mut map = Map::new();
        loop {
            self.rest = self.rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Ok(Value::Object(map));
            }
            let key = self.word(":,}").trim().to_owned();
            let key = match scalar(&key)? {
                Value::String(key) => key,
                _ => key,
            };
            let Some(rest) = self.rest.strip_prefix(':') else {
                return Err("a key in braces has no value".to_owned());
            };
            self.rest = rest;
            let value = self.value()?;
            map.insert(key, value);
        }
    }

    /// Up to one of `ends`, outside quotes.
    fn word(&mut self, ends: &str) -> &str {
        let text = self.rest;
        let mut quote = None;
        let start = text.len() - text.trim_start().len();
        let end = text.char_indices().find(|(at, character)| {
            match (quote, *character) {
                (Some(open), close) if open == close => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if *at == start => quote = Some(*character),
                (None, end) if ends.contains(end) => return true,
                _ => {}
            }
            false
        });
        let end = end.map_or(text.len(), |(at, _)| at);
        self.rest = &text[end..];
        &text[..end]
    }
}

/// One scalar, by the core schema of YAML 1.2.
fn scalar(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with(['&', '*', '!']) {
        return Err("anchors, aliases and tags are not supported: quote the value".to_owned());
    }
    if let Some(inner) = text.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'').ok_or("this quote is not closed")?;
        return Ok(Value::String(inner.replace("''", "'")));
    }
    if text.starts_with('"') {
        // The escapes of JSON are most of those of YAML.
        let read = serde_json::from_str(text);
        return read.map_err(|_| "this quote is not closed, or has an unknown escape".to_owned());
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) => Value::Number(number.into()),
            Err(_) => match text.parse::<f64>().ok().filter(|_| is_number(text)) {
                Some(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
                None => Value::String(text.to_owned()),
            },
        },
    })
}

/// `inf` and `nan` are strings.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_lists_and_scalars_are_read() {
        let text = "a: 1\nb:\n  - x\n  - y: 2.5\n    z: 'it''s'\n  -\n    - true\nc: {d: [1, \"q, r\"], e: ~}\n\
                    f: |\n  one\n   two\n\n  three\ng: >-\n  one\n  two\n# note\nh(array, list of): string # not\n\
                    (*): any, of it\ni:\n- k\nj: long\n  text\nl: [a,\n  b]\n";
        let expected = json!({
            "a": 1, "b": ["x", {"y": 2.5, "z": "it's"}, [true]],
            "c": {"d": [1, "q, r"], "e": null}, "f": "one\n two\n\nthree\n", "g": "one two",
            "h(array, list of)": "string", "(*)": "any, of it", "i": ["k"], "j": "long text",
            "l": ["a", "b"],
        });
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("\n# only\n"), Ok(json!({})));
    }

    #[test]
    fn errors_name_their_line() {
        for (text, line) in [
            ("a: 1\nb", "line 2"),
            ("a: 'x", "line 1"),
            ("a: &x 1", "line 1"),
            ("a: 1\na: 2", "line 2"),
            ("a: [1", "line 1"),
            ("a:\n    b: 1\n  c: 2", "line 3"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(line), "{text}: {error}");
        }
        assert!(parse(&format!("a: {}", "[".repeat(100))).is_err());
    }
}
