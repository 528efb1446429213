//! How the placeholders of a prompt are filled.

use super::Prompt;
use super::front_matter::Value;
use super::named;
use super::placeholder::{ARGUMENTS, BodyPiece, Placeholder, PlaceholderKind, number};
use super::scalar::Text;
use crate::error::{Error, ErrorKind};

impl<'a> Prompt<'a> {
    /// The placeholders of the body, in order; a name can occur more than once.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder<'a>> + use<'a> {
        self.pieces().filter_map(|piece| match piece {
            BodyPiece::Placeholder(placeholder) => Some(placeholder),
            BodyPiece::Text(_) => None,
        })
    }

    /// The placeholder at an offset, from the detail of a [`MissingPlaceholder`](ErrorKind::MissingPlaceholder)
    /// error.
    pub fn placeholder_at(&self, offset: u32) -> Option<Placeholder<'a>> {
        let offset = usize::try_from(offset).ok()?;
        self.placeholders().find(|placeholder| placeholder.offset == offset)
    }

    /// Whether the body shows the caller's arguments anywhere. If it does not, they are a separate
    /// instruction.
    pub fn uses_arguments(&self) -> bool {
        self.placeholders().any(|placeholder| !matches!(placeholder.kind, PlaceholderKind::Named))
    }

    /// The length of the filled body in bytes.
    ///
    /// # Errors
    /// `MissingPlaceholder`; `detail` is its offset, [`placeholder_at`](Self::placeholder_at) names it.
    pub fn rendered_len(&self, values: &[(&str, &str)]) -> Result<usize, Error> {
        let mut bytes = 0_usize;
        self.each(values, &mut |text| {
            bytes = bytes.saturating_add(text.len());
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Writes the filled body to `out` and returns its length.
    ///
    /// A value is found by its placeholder's name. Arguments are one text under `ARGUMENTS`, split at
    /// spaces outside quotes for `$1` and for the names in the field `arguments`, or one by one
    /// under `1`, `2`, ...
    ///
    /// # Errors
    /// `MissingPlaceholder`; `detail` is its offset, [`placeholder_at`](Self::placeholder_at) names it.
    /// `Full`; `detail` is the bytes missing. In both cases `out` is unchanged.
    pub fn render(&self, values: &[(&str, &str)], out: &mut [u8]) -> Result<usize, Error> {
        let length = self.rendered_len(values)?;
        if let Some(missing) = length.checked_sub(out.len()).filter(|missing| *missing > 0) {
            return Err(Error::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX)));
        }
        let mut slots = out.iter_mut();
        self.each(values, &mut |text| {
            // The text first: `zip` takes from its first part before it finds the second at its end.
            for (byte, slot) in text.bytes().zip(slots.by_ref()) {
                *slot = byte;
            }
            Ok(())
        })?;
        Ok(length)
    }

    /// Writes the filled body to `writer` and returns its length. Values as in
    /// [`render`](Self::render).
    ///
    /// # Errors
    /// `MissingPlaceholder` before anything is written. `WriteFailed`; `detail` is the least number
    /// of bytes that it took.
    pub fn render_to<W: embedded_io::Write>(
        &self,
        values: &[(&str, &str)],
        writer: &mut W,
    ) -> Result<usize, Error> {
        self.rendered_len(values)?;
        let mut bytes = 0_usize;
        self.each(values, &mut |text| {
            let written = u32::try_from(bytes).unwrap_or(u32::MAX);
            let failed = |_| Error::new(ErrorKind::WriteFailed, written);
            writer.write_all(text.as_bytes()).map_err(failed)?;
            bytes = bytes.saturating_add(text.len());
            Ok(())
        })?;
        Ok(bytes)
    }

    fn each(
        &self,
        values: &[(&str, &str)],
        put: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for piece in self.pieces() {
            match piece {
                BodyPiece::Text(text) => put(text)?,
                BodyPiece::Placeholder(placeholder) => self.fill(placeholder, values, put)?,
            }
        }
        Ok(())
    }

    fn fill(
        &self,
        placeholder: Placeholder<'_>,
        values: &[(&str, &str)],
        put: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut words = Arguments::new(values);
        let given = match placeholder.kind {
            PlaceholderKind::Words { from, count } => {
                let all = value(values, ARGUMENTS).filter(|all| !all.trim().is_empty());
                if let (0, None, Some(all)) = (from, count, all) {
                    return put(all);
                }
                let words = words.skip(from).take(count.unwrap_or(usize::MAX));
                return spread(words, placeholder.default, put);
            }
            // As in a shell, `:-` also replaces an empty argument.
            PlaceholderKind::Word(index) => words
                .nth(index)
                .or_else(|| value(values, self.argument_names()?.nth(index)?.as_str()?))
                .filter(|word| placeholder.default.is_none() || !word.is_empty()),
            PlaceholderKind::Named => value(values, placeholder.name)
                .or_else(|| words.nth(self.argument_names()?.position(|n| n == placeholder.name)?)),
        };
        if let Some(text) = given.or(placeholder.default) {
            return put(text);
        }
        match self.declared_default(placeholder) {
            Some(text) => put_decoded(text, put),
            None if self.is_optional(placeholder) => Ok(()),
            None => {
                let offset = u32::try_from(placeholder.offset).unwrap_or(u32::MAX);
                Err(Error::new(ErrorKind::MissingPlaceholder, offset))
            }
        }
    }

    /// Whether an argument may be missing: a hint makes no argument required, and a list of maps
    /// states which are.
    fn is_optional(&self, placeholder: Placeholder<'_>) -> bool {
        match (self.arguments, placeholder.kind) {
            (_, PlaceholderKind::Words { .. }) => true,
            (None, PlaceholderKind::Word(_)) => self.argument_hint().is_some(),
            (Some(Value::Nested(raw)), PlaceholderKind::Word(index)) => {
                !named::is_required(raw, |at, _| at == index)
            }
            (Some(Value::Nested(raw)), PlaceholderKind::Named) => {
                let is_named = self
                    .argument_names()
                    .is_some_and(|mut names| names.any(|name| name == placeholder.name));
                is_named && !named::is_required(raw, |_, name| name == placeholder.name)
            }
            _ => false,
        }
    }

    /// The default that the field `arguments` gives as a map.
    fn declared_default(&self, placeholder: Placeholder<'_>) -> Option<Text<'a>> {
        let Value::Map(mut pairs) = self.arguments? else { return None };
        let found = match placeholder.kind {
            PlaceholderKind::Word(index) => pairs.nth(index),
            PlaceholderKind::Named => pairs.find(|(name, _)| *name == placeholder.name),
            PlaceholderKind::Words { .. } => None,
        };
        found.map(|(_, text)| text).filter(|text| !text.is_empty())
    }
}

/// Arguments between spaces; the default when there are none.
fn spread<'v>(
    words: impl Iterator<Item = &'v str>,
    default: Option<&str>,
    put: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut first = true;
    for word in words {
        if !first {
            put(" ")?;
        }
        put(word)?;
        first = false;
    }
    match default {
        Some(text) if first => put(text),
        _ => Ok(()),
    }
}

fn put_decoded(
    text: Text<'_>,
    put: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    if let Some(text) = text.as_str() {
        return put(text);
    }
    for c in text.chars() {
        put(c.encode_utf8(&mut [0; 4]))?;
    }
    Ok(())
}

fn value<'v>(values: &[(&str, &'v str)], name: &str) -> Option<&'v str> {
    values.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The arguments one by one: the values `1`, `2`, ..., or else the words of `ARGUMENTS`.
struct Arguments<'v, 'a> {
    values: &'a [(&'a str, &'v str)],
    given: usize,
    rest: Option<&'v str>,
}

impl<'v, 'a> Arguments<'v, 'a> {
    fn new(values: &'a [(&'a str, &'v str)]) -> Self {
        let rest = match value(values, "1") {
            Some(_) => None,
            None => value(values, ARGUMENTS),
        };
        Self { values, given: 0, rest }
    }
}

impl<'v> Iterator for Arguments<'v, '_> {
    type Item = &'v str;

    fn next(&mut self) -> Option<&'v str> {
        let Some(rest) = self.rest else {
            self.given = self.given.checked_add(1)?;
            let numbered = |(name, _): &&(&str, &str)| number(name) == Some(self.given);
            return self.values.iter().find(numbered).map(|(_, text)| *text);
        };
        let rest = rest.trim_start();
        let (word, after) = match rest.chars().next()? {
            quote @ ('"' | '\'') => match rest.get(1..)?.split_once([quote]) {
                Some(quoted) => quoted,
                None => (rest, ""),
            },
            _ => rest.split_at_checked(rest.find(char::is_whitespace).unwrap_or(rest.len()))?,
        };
        self.rest = Some(after);
        Some(word)
    }
}
