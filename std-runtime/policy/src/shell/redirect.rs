//! Redirections and here-documents.

use super::parse::{HereDocument, Parser};
use super::{Command, Redirect, RedirectKind, SyntaxError, brace};

impl Parser<'_> {
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
        let start = self.at;
        if self.peek() == Some('{') {
            // `{name}>file` opens a new descriptor.
            self.at += 1;
            if self.identifier().is_empty() || !self.eat("}") || !self.at_redirect() {
                self.at = start;
                return Ok(None);
            }
        } else {
            self.at += self.rest().bytes().take_while(u8::is_ascii_digit).count();
        }
        if !self.at_redirect() || (self.at == start && self.at_process_substitution()) {
            self.at = start;
            return Ok(None);
        }
        let is_here = |parser: &Self| parser.rest().starts_with("<<");
        if is_here(self) && !self.rest().starts_with("<<<") {
            self.at += 2;
            let strips_tabs = self.eat("-");
            self.blanks();
            return self.here_document(strips_tabs).map(Some);
        }
        let operators = [
            ("<<<", RedirectKind::Text),
            ("&>>", RedirectKind::Write),
            ("&>", RedirectKind::Write),
            (">>", RedirectKind::Write),
            (">|", RedirectKind::Write),
            (">&", RedirectKind::Descriptor),
            ("<&", RedirectKind::Descriptor),
            ("<>", RedirectKind::ReadWrite),
            (">", RedirectKind::Write),
            ("<", RedirectKind::Read),
        ];
        let found = operators.iter().find(|(operator, _)| self.rest().starts_with(operator));
        let Some((operator, mut kind)) = found.copied() else {
            return Err(self.error("unexpected redirection"));
        };
        self.at += operator.len();
        self.blanks();
        // `> 2>&1`: the number belongs to the redirection after it.
        let number = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let after = self.rest().get(number..).unwrap_or_default();
        if number > 0 && after.starts_with(['<', '>']) {
            return Err(self.error("a redirection has no target"));
        }
        let target = brace::plain(self.word()?);
        if self.at_redirect() && target.known_prefix().starts_with('{') {
            return Err(self.error("a redirection has no target"));
        }
        if target.pieces.is_empty() {
            return Err(self.error("a redirection has no target"));
        }
        if kind == RedirectKind::Descriptor {
            let text = target.text().unwrap_or_default();
            let digits = text.strip_suffix('-').unwrap_or(&text);
            // `>&file` is `>file 2>&1`.
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() {
                kind = if operator == ">&" { RedirectKind::Write } else { RedirectKind::Read };
            }
        }
        Ok(Some(Redirect { kind, target }))
    }

    pub(super) fn at_redirect(&self) -> bool {
        matches!(self.peek(), Some('<' | '>')) || self.rest().starts_with("&>")
    }

    pub(super) fn at_process_substitution(&self) -> bool {
        self.rest().starts_with("<(") || self.rest().starts_with(">(")
    }

    pub(super) fn here_document(&mut self, strips_tabs: bool) -> Result<Redirect, SyntaxError> {
        let start = self.at;
        let word = brace::plain(self.word()?);
        let raw = self.source.get(start..self.at).unwrap_or_default();
        let is_quoted = raw.contains(['\'', '"', '\\']);
        let delimiter = if is_quoted { word.text() } else { Some(raw.to_owned()) };
        let delimiter = delimiter.filter(|text| !text.is_empty());
        let Some(delimiter) = delimiter else {
            return Err(self.error("the end of a here-document is not known"));
        };
        self.here.push(HereDocument { delimiter, is_quoted, strips_tabs });
        Ok(Redirect { kind: RedirectKind::Text, target: word })
    }

    /// The texts of the here-documents of the line that just ended.
    pub(super) fn here_documents(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        for here in std::mem::take(&mut self.here) {
            let start = self.at;
            let mut end = None;
            while self.at < self.source.len() {
                let line_start = self.at;
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (line_start + line.len() + 1).min(self.source.len());
                let line = if here.strips_tabs { line.trim_start_matches('\t') } else { line };
                if line == here.delimiter {
                    end = Some(line_start);
                    break;
                }
            }
            let Some(end) = end else {
                return Err(self.error("a here-document has no end"));
            };
            if !here.is_quoted {
                let text = self.source.get(start..end).unwrap_or_default();
                let depth = self.depth + 1;
                let mut inner =
                    Parser { source: text, at: 0, depth, declares: false, here: vec![] };
                out.push(Command::Words(vec![inner.here_text()?]));
            }
        }
        Ok(())
    }
}
