//! The front matter: `key: value` lines, read in place. A subset of YAML, see [the module](super).

use super::collection::{Items, Pairs, bracketed, in_brackets, in_lines, unquoted};
use super::fault::{FaultAt, Reason};
use super::line::{
    BLANK, SPACE, SourceLine, content_line, content_or_comment_line, is_item, is_map_like,
    looks_like_field, quoted_length, split_key, without_comment,
};
use super::scalar::{Chomp, Quotes, Text};

/// A value of the front matter.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the forms of YAML that front matter has")]
pub enum Value<'a> {
    /// Nothing, `~` or `null`.
    Null,
    /// One scalar.
    Text(Text<'a>),
    /// Several of them: a YAML list.
    List(Items<'a>),
    /// Names and scalars.
    Map(Pairs<'a>),
    /// Something nested, as written. No field of a prompt is nested, but fields of other programs are.
    Nested(&'a str),
}

/// One field of the front matter.
#[derive(Clone, Copy, Debug)]
pub struct FrontMatterEntry<'a> {
    /// The name before the colon.
    pub key: &'a str,
    /// The text after it.
    pub value: Value<'a>,
    /// The value as written.
    pub raw: &'a str,
    /// Where the key starts, in bytes from the start of the front matter.
    pub(super) at: usize,
    /// Where the value starts.
    pub(super) value_at: usize,
    /// A YAML parser would refuse it or read something else.
    pub(super) lenient: bool,
}

/// The fields of a front matter, in the order of the file.
#[derive(Clone, Copy, Debug)]
pub struct FrontMatterEntries<'a> {
    front: &'a str,
    at: usize,
}

impl<'a> FrontMatterEntries<'a> {
    pub(super) const fn new(front: &'a str) -> Self {
        Self { front, at: 0 }
    }

    /// The next field, or its fault.
    pub(super) fn read(&mut self) -> Result<Option<FrontMatterEntry<'a>>, FaultAt> {
        loop {
            let Some(line) = SourceLine::at(self.front, self.at) else { return Ok(None) };
            if line.is_blank() {
                self.at = line.end;
                continue;
            }
            if line.indent > 0 || line.text.starts_with('\t') {
                return Err(FaultAt::at(line.start, Reason::Indent));
            }
            let entry = self.entry(line)?;
            return Ok(Some(entry));
        }
    }

    fn entry(&mut self, line: SourceLine<'a>) -> Result<FrontMatterEntry<'a>, FaultAt> {
        let bad_key = FaultAt::at(line.start, Reason::Key);
        let (key, rest) = split_key(line.text).ok_or(bad_key)?;
        let is_quoted = key.starts_with(['"', '\'']);
        if key.starts_with(NOT_A_KEY) && !is_quoted
            || key.starts_with("- ")
            || key.starts_with("? ")
        {
            return Err(bad_key);
        }
        let inline = rest.trim_start_matches(BLANK);
        let value_at = line.start.saturating_add(line.text.len()).saturating_sub(inline.len());
        let key = unquoted(key.trim_end_matches(BLANK));
        let is_text = TEXTS.contains(&key);
        let scanner = Scanner { front: self.front, value_at, line_end: line.end, is_text };
        let scanned = scanner.value(inline)?;
        self.at = scanned.end;
        let Scanned { value, lenient, .. } = scanned;
        let raw = self.front.get(value_at..self.at).unwrap_or_default().trim_matches(SPACE);
        Ok(FrontMatterEntry { key, value, raw, at: line.start, value_at, lenient })
    }
}

impl<'a> Iterator for FrontMatterEntries<'a> {
    type Item = FrontMatterEntry<'a>;

    /// The fields were checked when the prompt was parsed: this never stops before their end.
    fn next(&mut self) -> Option<FrontMatterEntry<'a>> {
        self.read().ok().flatten()
    }
}

struct Scanned<'a> {
    value: Value<'a>,
    /// Where the next line starts that does not belong to the value.
    end: usize,
    lenient: bool,
}

/// Reads one value that starts at `value_at`.
struct Scanner<'a> {
    front: &'a str,
    value_at: usize,
    line_end: usize,
    /// It cannot be a list or a map.
    is_text: bool,
}

impl<'a> Scanner<'a> {
    fn value(&self, inline: &'a str) -> Result<Scanned<'a>, FaultAt> {
        match inline.bytes().next() {
            None | Some(b'#') => self.below(),
            Some(b'"') => self.quoted(Quotes::Double, b'"'),
            Some(b'\'') => self.quoted(Quotes::Single, b'\''),
            Some(b'[' | b'{') => self.collection(inline),
            Some(b'|' | b'>') => match block_header(inline) {
                Some((fold, chomp, indent)) => self.block(fold, chomp, indent),
                None => self.plain(inline, true),
            },
            Some(b'&' | b'!') => Err(FaultAt::at(self.value_at, Reason::Tag)),
            Some(b'*') if is_alias(inline) => Err(FaultAt::at(self.value_at, Reason::Tag)),
            Some(first) => self.plain(inline, RESERVED.contains(&first) || is_item(inline)),
        }
    }

    fn done(&self, value: Value<'a>, end: usize) -> Scanned<'a> {
        Scanned { value, end, lenient: false }
    }

    /// Nothing after the colon: the value is in the indented lines below, if there are any.
    fn below(&self) -> Result<Scanned<'a>, FaultAt> {
        let Some(first) = content_line(self.front, self.line_end) else {
            return Ok(self.done(Value::Null, self.line_end));
        };
        let content = first.content();
        let is_list = is_item(content);
        if first.text.starts_with('\t') {
            return Err(FaultAt::at(first.start, Reason::Indent));
        }
        if first.indent == 0 && !is_list {
            return Ok(self.done(Value::Null, self.line_end));
        }
        let is_sentence = self.is_text && !looks_like_field(content);
        if !is_list && (is_sentence || split_key(content).is_none()) {
            let value_at = first.start.saturating_add(first.indent);
            let scanner = Scanner { value_at, line_end: first.end, ..*self };
            return scanner.value(content);
        }
        let end = self.indented_end(self.line_end, first.indent, is_list)?;
        let raw = self.front.get(first.start..end).unwrap_or_default();
        let value = in_lines(raw, first.indent, is_list)
            .map_err(|left| FaultAt::at(end.saturating_sub(left), Reason::Quote))?;
        Ok(self.done(value, end))
    }

    /// Where the lines end that are indented by at least `indent`, from `at` on.
    fn indented_end(&self, at: usize, indent: usize, list: bool) -> Result<usize, FaultAt> {
        let mut end = at;
        let mut next = at;
        while let Some(line) = SourceLine::at(self.front, next) {
            next = line.end;
            if line.is_blank() {
                continue;
            }
            let belongs = match (indent, list) {
                (0, true) => line.indent > 0 || is_item(line.text),
                _ => line.indent >= indent,
            };
            if !belongs {
                if line.indent > 0 {
                    return Err(FaultAt::at(line.start, Reason::Indent));
                }
                break;
            }
            end = line.end;
        }
        Ok(end)
    }

    fn quoted(&self, quotes: Quotes, quote: u8) -> Result<Scanned<'a>, FaultAt> {
        let from = self.value_at.saturating_add(1);
        let rest = self.front.get(from..).unwrap_or_default();
        let length = quoted_length(rest, quote)
            .map_err(|(at, reason)| FaultAt::at(from.saturating_add(at), reason))?
            .ok_or(FaultAt::at(self.value_at, Reason::Quote))?;
        let after = from.saturating_add(length).saturating_add(1);
        let raw = rest.get(..length).unwrap_or_default();
        // A line at the margin is a new field to YAML: a quote was forgotten.
        let at_margin =
            |line: &str| !line.trim_matches(SPACE).is_empty() && !line.starts_with(BLANK);
        if raw.split(['\n']).skip(1).any(at_margin) {
            return Err(FaultAt::at(self.value_at, Reason::Quote));
        }
        let end = self.only_comment(after).ok_or(FaultAt::at(after, Reason::AfterQuote))?;
        Ok(self.done(Value::Text(Text::flow(raw, quotes)), end))
    }

    /// A list or map in brackets; brackets with more text after them are plain text.
    fn collection(&self, inline: &'a str) -> Result<Scanned<'a>, FaultAt> {
        let rest = self.front.get(self.value_at..).unwrap_or_default();
        let inner = match bracketed(rest) {
            Some(length) => rest.get(..length).unwrap_or_default(),
            None => return Err(FaultAt::at(self.value_at, Reason::Bracket)),
        };
        let after = self.value_at.saturating_add(inner.len());
        let Some(end) = self.only_comment(after) else {
            return self.plain(inline, true);
        };
        let value = in_brackets(inner);
        Ok(self.done(value, end))
    }

    fn block(
        &self,
        fold: bool,
        chomp: Chomp,
        indent: Option<usize>,
    ) -> Result<Scanned<'a>, FaultAt> {
        let first = content_or_comment_line(self.front, self.line_end);
        let own = first.map_or(0, |line| line.indent);
        let indent = indent.unwrap_or(own);
        let mut end = self.line_end;
        while let Some(line) = SourceLine::at(self.front, end) {
            let blank = line.content().is_empty();
            if !blank && line.text.starts_with('\t') {
                return Err(FaultAt::at(line.start, Reason::Indent));
            }
            if !blank && (line.indent < indent || line.indent == 0) {
                if line.indent > 0 {
                    return Err(FaultAt::at(line.start, Reason::Indent));
                }
                break;
            }
            end = line.end;
        }
        let raw = self.front.get(self.line_end..end).unwrap_or_default();
        Ok(self.done(Value::Text(Text::block(raw, fold, indent, chomp)), end))
    }

    /// A scalar without quotes: to the end of its line or a comment, and on in indented lines.
    fn plain(&self, inline: &'a str, reserved: bool) -> Result<Scanned<'a>, FaultAt> {
        let first = without_comment(inline);
        let mut lenient = reserved || is_map_like(first);
        let mut end = self.line_end;
        let mut text_end = self.value_at.saturating_add(first.len());
        let before = self.front.get(..self.value_at).unwrap_or_default();
        let is_below = before.trim_end_matches(BLANK).ends_with('\n');
        let mut next = end;
        // A comment ends a plain scalar.
        let mut open = first.len() == inline.trim_end_matches(SPACE).len();
        while let Some(line) = SourceLine::at(self.front, next) {
            next = line.end;
            if line.text.trim_matches(SPACE).is_empty() {
                continue;
            }
            let content = line.content();
            if line.text.starts_with('\t') {
                return Err(FaultAt::at(line.start, Reason::Indent));
            }
            if line.indent == 0 {
                break;
            }
            if content.starts_with('#') {
                open = false;
                end = next;
                continue;
            }
            // Below its own line such a text was not indented by mistake.
            let is_field = !(self.is_text && is_below) && looks_like_field(content);
            if !open || is_field || is_item(content) {
                return Err(FaultAt::at(line.start, Reason::Indent));
            }
            let kept = without_comment(content);
            lenient |= is_map_like(kept);
            open = kept.len() == content.len();
            text_end = line.start.saturating_add(line.indent).saturating_add(kept.len());
            end = next;
        }
        let raw = self.front.get(self.value_at..text_end).unwrap_or_default();
        let value = match raw {
            "~" | "null" | "Null" | "NULL" => Value::Null,
            raw => Value::Text(Text::flow(raw, Quotes::None)),
        };
        Ok(Scanned { value, end, lenient })
    }

    /// The end of the line that `at` is in, when nothing but a comment is left of it.
    fn only_comment(&self, at: usize) -> Option<usize> {
        let rest = self.front.get(at..)?;
        let line = rest.split(['\n']).next().unwrap_or_default();
        let end = at.saturating_add(line.len()).saturating_add(1).min(self.front.len());
        let content = line.trim_matches(SPACE);
        let comment = content.starts_with('#') && line.starts_with(BLANK);
        (content.is_empty() || comment).then_some(end)
    }
}

fn is_alias(inline: &str) -> bool {
    let name = without_comment(inline).get(1..).unwrap_or_default();
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// `|` or `>` with its marks: whether it folds, how it ends, and the indentation it states.
fn block_header(inline: &str) -> Option<(bool, Chomp, Option<usize>)> {
    let header = without_comment(inline);
    let fold = match header.bytes().next()? {
        b'|' => false,
        b'>' => true,
        _ => return None,
    };
    let (mut chomp, mut indent) = (Chomp::Clip, None);
    for mark in header.bytes().skip(1) {
        match mark {
            b'-' if chomp == Chomp::Clip => chomp = Chomp::Strip,
            b'+' if chomp == Chomp::Clip => chomp = Chomp::Keep,
            b'1'..=b'9' if indent.is_none() => indent = Some(usize::from(mark.wrapping_sub(b'0'))),
            _ => return None,
        }
    }
    Some((fold, chomp, indent))
}

/// Fields that are one text, also where a line of it has a colon.
const TEXTS: [&str; 4] = ["description", "argument-hint", "when-to-use", "when_to_use"];
/// What a key of the subset does not start with.
const NOT_A_KEY: [char; 15] =
    ['"', '\'', '[', ']', '{', '}', ',', '&', '*', '!', '|', '>', '%', '@', '`'];
/// First bytes of plain scalars that YAML refuses and people write.
const RESERVED: &[u8] = b"@`%,]}*";
