//! Lists and maps of scalars, read in place.

use super::front_matter::Value;
use super::line::{SPACE, content_line, is_item, looks_like_field, scalar, split_key};
use super::named::NamedItems;
use super::scalar::Text;

/// The list or map in the lines `raw`.
///
/// # Errors
/// A quote that does not close, by its bytes before the end of `raw`.
pub(super) fn in_lines(raw: &str, indent: usize, is_list: bool) -> Result<Value<'_>, usize> {
    let lines = BlockLines { raw, indent, list: is_list };
    let mut ahead = lines;
    loop {
        match ahead.read() {
            Ok(Some(_)) => {}
            Ok(None) if is_list => return Ok(Value::List(Items(ItemsForm::Block(lines)))),
            Ok(None) => return Ok(Value::Map(Pairs(PairKind::Block(lines)))),
            Err(BlockFault::Nested) => return Ok(Value::Nested(raw)),
            Err(BlockFault::Quote(left)) => return Err(left),
        }
    }
}

/// The list or map that `raw` is, brackets and all.
pub(super) fn in_brackets(raw: &str) -> Value<'_> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let flow = Flow { rest: inner };
    let mut ahead = flow;
    let mut all = |good: fn(&str) -> bool| core::iter::from_fn(|| ahead.read()).all(good);
    match raw.starts_with('[') {
        true if all(|item| flow_scalar(item).is_some()) => {
            Value::List(Items(ItemsForm::Flow(flow)))
        }
        false if all(|item| flow_pair(item).is_some()) => Value::Map(Pairs(PairKind::Flow(flow))),
        _ => Value::Nested(raw),
    }
}

/// The scalars of a list.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a>(ItemsForm<'a>);

impl<'a> Items<'a> {
    /// Several names in one scalar: between commas, or, without one, between spaces. Text in round
    /// brackets stays together, as in `Bash(git add:*, git commit:*)`.
    pub(super) fn words(text: &'a str) -> Self {
        let comma = SplitWords { rest: text, comma: true };
        let several = comma.clone().nth(1).is_some() || text.trim_end().ends_with(',');
        Self(ItemsForm::SplitWords(SplitWords { comma: several, ..comma }))
    }

    pub(super) const fn one(text: Text<'a>) -> Self {
        Self(ItemsForm::One(Some(text)))
    }

    pub(super) const fn none() -> Self {
        Self(ItemsForm::One(None))
    }

    /// The names in a list of maps, or the keys of a map that holds anything.
    pub(super) fn named(raw: &'a str) -> Self {
        Self(ItemsForm::Named(NamedItems::new(raw)))
    }

    /// The names in `pairs` whose switch is `on`.
    pub(super) const fn switched(pairs: Pairs<'a>, on: bool) -> Self {
        Self(ItemsForm::Switched(pairs, on))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        match &mut self.0 {
            ItemsForm::One(text) => text.take(),
            ItemsForm::SplitWords(words) => words.next().map(Text::verbatim),
            ItemsForm::Flow(flow) => flow.read().and_then(flow_scalar),
            ItemsForm::Block(lines) => lines.read().ok().flatten().map(|(_, text)| text),
            ItemsForm::Named(names) => names.next(),
            ItemsForm::Switched(pairs, on) => {
                let wanted = Some(*on);
                pairs
                    .find(|(_, flag)| switch(*flag) == wanted)
                    .map(|(name, _)| Text::verbatim(name))
            }
        }
    }
}

/// The value of a tool's switch: `true` or `false` or, in another program, a permission.
pub(super) fn switch(flag: Text<'_>) -> Option<bool> {
    let on = ["true", "True", "TRUE", "allow", "ask"].into_iter().any(|name| flag == name);
    let off = ["false", "False", "FALSE", "deny"].into_iter().any(|name| flag == name);
    (on || off).then_some(on)
}

/// The names and scalars of a map.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a>(PairKind<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Text<'a>);

    fn next(&mut self) -> Option<(&'a str, Text<'a>)> {
        match &mut self.0 {
            PairKind::Flow(flow) => flow.read().and_then(flow_pair),
            PairKind::Block(lines) => lines.read().ok().flatten(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum ItemsForm<'a> {
    One(Option<Text<'a>>),
    SplitWords(SplitWords<'a>),
    Flow(Flow<'a>),
    Block(BlockLines<'a>),
    Named(NamedItems<'a>),
    Switched(Pairs<'a>, bool),
}

#[derive(Clone, Copy, Debug)]
enum PairKind<'a> {
    Flow(Flow<'a>),
    Block(BlockLines<'a>),
}

#[derive(Clone, Copy, Debug)]
struct SplitWords<'a> {
    rest: &'a str,
    comma: bool,
}

impl<'a> Iterator for SplitWords<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.rest = self.rest.trim_start_matches(SPACE);
            if self.rest.is_empty() {
                return None;
            }
            let mut depth = 0_usize;
            let end = self.rest.bytes().position(|b| {
                match b {
                    b'(' => depth = depth.saturating_add(1),
                    b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && if self.comma { b == b',' } else { matches!(b, b' ' | b'\t' | b'\n') }
            });
            let end = end.unwrap_or(self.rest.len());
            let word = self.rest.get(..end).unwrap_or_default().trim_matches(SPACE);
            self.rest = self.rest.get(end.saturating_add(1)..).unwrap_or_default();
            if !word.is_empty() {
                return Some(word);
            }
        }
    }
}

/// The text between the brackets of `[a, b]` or `{a: b}`.
#[derive(Clone, Copy, Debug)]
struct Flow<'a> {
    rest: &'a str,
}

impl<'a> Flow<'a> {
    fn read(&mut self) -> Option<&'a str> {
        if self.rest.trim_matches(SPACE).is_empty() {
            return None;
        }
        let mut scan = Quoting::default();
        let end = self.rest.bytes().position(|b| scan.step(b) == 0 && !scan.quoted() && b == b',');
        let end = end.unwrap_or(self.rest.len());
        let item = self.rest.get(..end).unwrap_or_default();
        self.rest = self.rest.get(end.saturating_add(1)..).unwrap_or_default();
        Some(item.trim_matches(SPACE))
    }
}

/// The lines of a block list or map.
#[derive(Clone, Copy, Debug)]
struct BlockLines<'a> {
    raw: &'a str,
    indent: usize,
    list: bool,
}

enum BlockFault {
    /// An item that is itself a list, a map or several lines.
    Nested,
    /// A quote that does not close, this many bytes before the end of the block.
    Quote(usize),
}

impl<'a> BlockLines<'a> {
    /// The next name and scalar; the name is empty in a list.
    fn read(&mut self) -> Result<Option<(&'a str, Text<'a>)>, BlockFault> {
        let Some(line) = content_line(self.raw, 0) else { return Ok(None) };
        let content_end = line.start.saturating_add(line.text.trim_end_matches(SPACE).len());
        let after = self.raw.len().saturating_sub(content_end);
        self.raw = self.raw.get(line.end..).unwrap_or_default();
        let content = line.content();
        if line.indent != self.indent {
            return Err(BlockFault::Nested);
        }
        let (key, value) = match self.list {
            true if is_item(content) => ("", content.get(1..).unwrap_or_default()),
            true => return Err(BlockFault::Nested),
            false => split_key(content).ok_or(BlockFault::Nested)?,
        };
        let value = value.trim_matches(SPACE);
        if value.starts_with(['[', '{', '|', '>', '&', '*', '!']) {
            return Err(BlockFault::Nested);
        }
        if self.list && (is_item(value) || looks_like_field(value)) {
            return Err(BlockFault::Nested);
        }
        if content_line(self.raw, 0).is_some_and(|next| next.indent > self.indent) {
            return Err(BlockFault::Nested);
        }
        let text = scalar(value).ok_or(BlockFault::Quote(after.saturating_add(value.len())))?;
        Ok(Some((unquoted(key.trim_matches(SPACE)), text)))
    }
}

/// An item of a list in brackets.
fn flow_scalar(item: &str) -> Option<Text<'_>> {
    if item.is_empty() || item.starts_with(['[', '{', '&', '!']) || split_key(item).is_some() {
        return None;
    }
    scalar(item)
}

/// A pair of a map in braces.
fn flow_pair(item: &str) -> Option<(&str, Text<'_>)> {
    let (key, value) = split_key(item)?;
    let value = value.trim_matches(SPACE);
    if value.starts_with(['[', '{', '&', '*', '!']) {
        return None;
    }
    Some((unquoted(key.trim_matches(SPACE)), scalar(value)?))
}

pub(super) fn unquoted(key: &str) -> &str {
    let stripped = |q: char| key.strip_prefix(q).and_then(|k| k.strip_suffix(q));
    stripped('"').or_else(|| stripped('\'')).unwrap_or(key)
}

/// Bytes of the brackets at the front of `rest` and all they hold.
pub(super) fn bracketed(rest: &str) -> Option<usize> {
    let mut scan = Quoting::default();
    let end = rest.bytes().position(|b| scan.step(b) == 0 && !scan.quoted())?;
    end.checked_add(1)
}

/// Follows brackets and quotes, byte by byte.
#[derive(Default)]
struct Quoting {
    depth: usize,
    quote: Option<u8>,
    escaped: bool,
    /// A quote opens a scalar only where one can start.
    inside: bool,
}

impl Quoting {
    /// The depth after `b`.
    fn step(&mut self, b: u8) -> usize {
        match (self.quote, b) {
            (Some(b'"'), b'\\') if !self.escaped => {
                self.escaped = true;
                return self.depth;
            }
            (Some(quote), b) if b == quote && !self.escaped => self.quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if !self.inside => self.quote = Some(b),
            (None, b'[' | b'{') => self.depth = self.depth.saturating_add(1),
            (None, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            (None, _) => {}
        }
        self.escaped = false;
        self.inside = match b {
            b',' | b'[' | b'{' | b':' => false,
            b' ' | b'\t' | b'\r' | b'\n' => self.inside,
            _ => true,
        };
        self.depth
    }

    fn quoted(&self) -> bool {
        self.quote.is_some()
    }
}
