//! The tree of a template.

use super::expression::{Call, parse as parse_call};

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(String),
    /// `{{a}}`, `{{{a}}}`, `{{&a}}`.
    Output(Call),
    /// `{{> name context a=b}}`, with the indentation of a standalone partial.
    Partial(Call, String),
    Block {
        call: Call,
        inverted: bool,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// Reads a template.
///
/// # Errors
/// The fault, with its line, counted from 1.
pub(crate) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut tags = tags(text)?;
    strip(&mut tags);
    let mut parser = Parser { tags, at: 0, depth: 0 };
    let (nodes, end) = parser.nodes()?;
    match end {
        None => Ok(nodes),
        Some(Tag { content, line, .. }) => {
            Err(format!("line {line}: {{{{{content}}}}} ends no block"))
        }
    }
}

#[derive(Debug, Clone)]
struct Tag {
    kind: Kind,
    /// Without braces and marks.
    content: String,
    line: usize,
    strips_before: bool,
    strips_after: bool,
    indent: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Output,
    Comment,
    Open,
    Inverted,
    Else,
    Close,
    Partial,
}

fn tags(text: &str) -> Result<Vec<Tag>, String> {
    let (mut tags, mut rest, mut line) = (Vec::new(), text, 1);
    let plain = |content: &str, line| Tag {
        kind: Kind::Text,
        content: content.to_owned(),
        line,
        strips_before: false,
        strips_after: false,
        indent: String::new(),
    };
    while let Some(at) = rest.find("{{") {
        let (before, tag) = rest.split_at(at);
        line += before.matches('\n').count();
        if let Some(before) = before.strip_suffix('\\') {
            // An escaped tag is text up to its end.
            let end = tag.find("}}").map_or(tag.len(), |end| end + 2);
            tags.push(plain(&format!("{before}{}", &tag[..end]), line));
            rest = &tag[end..];
            continue;
        }
        if !before.is_empty() {
            tags.push(plain(before, line));
        }
        let unclosed = || format!("line {line}: `{{{{` is not closed");
        let inner = &tag[2..];
        let strips_before = inner.starts_with('~');
        let inner = inner.strip_prefix('~').unwrap_or(inner);
        let closing = match inner {
            _ if inner.starts_with("!--") => "--",
            _ if inner.starts_with('{') => "}",
            _ => "",
        };
        let ends = [format!("{closing}~}}}}"), format!("{closing}}}}}")];
        let found = ends.iter().filter_map(|end| Some((inner.find(end.as_str())?, end))).min();
        let (end, mark) = found.ok_or_else(unclosed)?;
        let content = &inner[..end];
        rest = &inner[end + mark.len()..];
        let (kind, content) = match content.chars().next() {
            Some('!') => (Kind::Comment, &content[1..]),
            Some('#') => (Kind::Open, &content[1..]),
            Some('/') => (Kind::Close, &content[1..]),
            Some('>') => (Kind::Partial, &content[1..]),
            Some('^') if content.trim() == "^" => (Kind::Else, ""),
            Some('^') => (Kind::Inverted, &content[1..]),
            Some('&' | '{') => (Kind::Output, &content[1..]),
            _ => match content.trim().strip_prefix("else") {
                Some(chained) if chained.is_empty() || chained.starts_with(' ') => {
                    (Kind::Else, chained)
                }
                _ => (Kind::Output, content),
            },
        };
        tags.push(Tag {
            kind,
            content: content.trim().to_owned(),
            line,
            strips_before,
            strips_after: mark.contains('~'),
            indent: String::new(),
        });
        line += tag[..tag.len() - rest.len()].matches('\n').count();
    }
    if !rest.is_empty() {
        tags.push(plain(rest, line));
    }
    Ok(tags)
}

/// Removes the white space that `~` asks for, and lines with only a tag.
fn strip(tags: &mut [Tag]) {
    // Decided on the original text, before anything is removed.
    let alone: Vec<bool> = (0..tags.len()).map(|at| is_alone(tags, at)).collect();
    for at in 0..tags.len() {
        if tags[at].kind == Kind::Text {
            continue;
        }
        let (strips_before, strips_after) = (tags[at].strips_before, tags[at].strips_after);
        if alone[at] {
            if let Some(before) = text_mut(tags, at.checked_sub(1)) {
                let kept = before.trim_end_matches([' ', '\t']).len();
                let indent = before.split_off(kept);
                if tags[at].kind == Kind::Partial {
                    tags[at].indent = indent;
                }
            }
            if let Some(after) = text_mut(tags, Some(at + 1)) {
                let line = after.trim_start_matches([' ', '\t']);
                let line = line.strip_prefix('\r').unwrap_or(line);
                *after = line.strip_prefix('\n').unwrap_or(line).to_owned();
            }
        }
        if let Some(before) = text_mut(tags, at.checked_sub(1).filter(|_| strips_before)) {
            before.truncate(before.trim_end().len());
        }
        if let Some(after) = text_mut(tags, Some(at + 1).filter(|_| strips_after)) {
            *after = after.trim_start().to_owned();
        }
    }
}

fn text_mut(tags: &mut [Tag], at: Option<usize>) -> Option<&mut String> {
    let tag = tags.get_mut(at?)?;
    (tag.kind == Kind::Text).then_some(&mut tag.content)
}

/// Whether a tag that prints nothing is alone on its line.
fn is_alone(tags: &[Tag], at: usize) -> bool {
    if matches!(tags[at].kind, Kind::Text | Kind::Output) {
        return false;
    }
    let before = at.checked_sub(1).and_then(|at| tags.get(at));
    let before = before.is_none_or(|tag| {
        let line = tag.content.rsplit('\n').next().unwrap_or_default();
        tag.kind == Kind::Text && line.trim().is_empty() && (tag.content.contains('\n') || at == 1)
    });
    let after = tags.get(at + 1).is_none_or(|tag| {
        let line = tag.content.split('\n').next().unwrap_or_default();
        tag.kind == Kind::Text
            && line.trim().is_empty()
            && (tag.content.contains('\n') || at + 2 == tags.len())
    });
    before && after
}

struct Parser {
    tags: Vec<Tag>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// The nodes up to an `else` or the end of a block, which is also returned.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<Tag>), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} blocks within one another"));
        }
        let mut nodes = Vec::new();
        while let Some(tag) = self.tags.get(self.at).cloned() {
            self.at += 1;
            let told = |why: String| format!("line {}: {why}", tag.line);
            match tag.kind {
                Kind::Text => nodes.push(Node::Text(tag.content)),
                Kind::Comment => {}
                Kind::Output => nodes.push(Node::Output(parse_call(&tag.content).map_err(told)?)),
                Kind::Partial => {
                    let call = parse_call(&tag.content).map_err(told)?;
                    nodes.push(Node::Partial(call, tag.indent));
                }
                Kind::Open | Kind::Inverted => nodes.push(self.block(&tag)?),
                Kind::Else | Kind::Close => {
                    self.depth -= 1;
                    return Ok((nodes, Some(tag)));
                }
            }
        }
        self.depth -= 1;
        Ok((nodes, None))
    }

    fn block(&mut self, open: &Tag) -> Result<Node, String> {
        let told = |why: String| format!("line {}: {why}", open.line);
        let call = parse_call(&open.content).map_err(told)?;
        let (then, end) = self.nodes()?;
        let name = open.content.split_whitespace().next().unwrap_or_default().to_owned();
        let unclosed = || told(format!("the block {name} is not closed"));
        let end = end.ok_or_else(unclosed)?;
        let otherwise = match end.kind {
            Kind::Else if end.content.is_empty() => {
                let (otherwise, close) = self.nodes()?;
                closes(&close.ok_or_else(unclosed)?, &name)?;
                otherwise
            }
            // `{{else if x}}` is a nested block that the same tag ends.
            Kind::Else => vec![self.chained(&end, &name)?],
            _ => {
                closes(&end, &name)?;
                Vec::new()
            }
        };
        Ok(Node::Block { call, inverted: open.kind == Kind::Inverted, then, otherwise })
    }

    fn chained(&mut self, open: &Tag, outer: &str) -> Result<Node, String> {
        let told = |why: String| format!("line {}: {why}", open.line);
        let call = parse_call(&open.content).map_err(told)?;
        let (then, end) = self.nodes()?;
        let end = end.ok_or_else(|| told(format!("the block {outer} is not closed")))?;
        let otherwise = match end.kind {
            Kind::Else if end.content.is_empty() => {
                let (otherwise, close) = self.nodes()?;
                let close =
                    close.ok_or_else(|| told(format!("the block {outer} is not closed")))?;
                closes(&close, outer)?;
                otherwise
            }
            Kind::Else => vec![self.chained(&end, outer)?],
            _ => {
                closes(&end, outer)?;
                Vec::new()
            }
        };
        Ok(Node::Block { call, inverted: false, then, otherwise })
    }
}

fn closes(tag: &Tag, name: &str) -> Result<(), String> {
    match tag.kind == Kind::Close && tag.content == name {
        true => Ok(()),
        false => Err(format!("line {}: the block {name} is not closed here", tag.line)),
    }
}

const MAX_DEPTH: usize = 32;
