//! Lists of maps that have a `name`, and maps of anything: only the names are read.

use super::line::{BLANK, SPACE, SourceLine, content_line, is_item, scalar, split_key};
use super::scalar::Text;

/// Whether `raw` is a list in lines whose items are maps.
pub(super) fn is_list_of_maps(raw: &str) -> bool {
    content_line(raw, 0).is_some_and(|line| {
        let content = line.content();
        is_item(content) && NamedItems::new(raw).next().is_some()
    })
}

/// Whether the item that `is` picks by its index and name has `required: true`.
pub(super) fn is_required(raw: &str, is: impl Fn(usize, Text<'_>) -> bool) -> bool {
    let mut names = NamedItems::new(raw);
    let mut index = 0_usize;
    loop {
        let Some(name) = names.next() else { return false };
        if is(index, name) {
            let mut at = names.at;
            while let Some(line) = content_line(raw, at).filter(|line| !is_item(line.content())) {
                if let Some(("required", value)) = split_key(line.content())
                    && value.trim_matches(SPACE) == "true"
                {
                    return true;
                }
                at = line.end;
            }
            return false;
        }
        index = index.saturating_add(1);
    }
}

/// The names in a list of maps, and those of a list's texts; or the keys of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedItems<'a> {
    raw: &'a str,
    at: usize,
    /// Of the lines that begin an item.
    indent: usize,
}

impl<'a> NamedItems<'a> {
    pub fn new(raw: &'a str) -> Self {
        Self { raw, at: 0, indent: content_line(raw, 0).map_or(0, |line| line.indent) }
    }

    /// The `name` of the map whose first pair is `first` and whose other lines follow.
    fn name(&self, first: &'a str, line: SourceLine<'a>) -> Option<Text<'a>> {
        let column = line.indent.saturating_add(line.content().len().saturating_sub(first.len()));
        let mut pair = first;
        let mut at = line.end;
        loop {
            if let Some(("name", value)) = split_key(pair) {
                return scalar(value.trim_matches(SPACE)).filter(|name| !name.is_empty());
            }
            let next = content_line(self.raw, at).filter(|next| next.indent > self.indent)?;
            // A deeper line belongs to another key.
            pair = if next.indent == column { next.content() } else { "" };
            at = next.end;
        }
    }
}

impl<'a> Iterator for NamedItems<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        loop {
            let line = content_line(self.raw, self.at)?;
            self.at = line.end;
            if line.indent != self.indent {
                continue;
            }
            let content = line.content();
            if !is_item(content) {
                let (key, _) = split_key(content)?;
                return scalar(key.trim_matches(SPACE));
            }
            let item = content.get(1..).unwrap_or_default().trim_start_matches(BLANK);
            let found = match split_key(item) {
                Some(_) => self.name(item, line),
                None => scalar(item).filter(|text| !text.is_empty() && !is_item(item)),
            };
            if found.is_some() {
                return found;
            }
        }
    }
}
