//! Lists and pipelines: what may separate two commands.

use super::parse::{Parser, Until};
use super::{Command, SyntaxError};

impl Parser<'_> {
    /// A list up to its end, which is not consumed. Whether there is a command in it.
    pub(super) fn list(
        &mut self,
        out: &mut Vec<Command>,
        until: Until,
    ) -> Result<bool, SyntaxError> {
        let mut is_empty = true;
        self.newlines(out)?;
        while !self.is_end(until)? {
            is_empty = false;
            self.pipeline(out)?;
            self.blanks();
            while self.eat("&&") || self.eat("||") {
                self.newlines(out)?;
                self.pipeline(out)?;
                self.blanks();
            }
            match self.peek() {
                Some('\n') => self.newlines(out)?,
                Some(';') if !self.at_case_end() => {
                    self.at += 1;
                    self.newlines(out)?;
                }
                Some('&') => {
                    self.at += 1;
                    self.newlines(out)?;
                }
                // Its end follows, or a reserved word as in `if (true) then`.
                _ if self.is_end(until)? => {}
                _ => return Err(self.error("a command follows without a separator")),
            }
        }
        Ok(!is_empty)
    }

    /// A list that bash refuses when it is empty, one level deeper.
    pub(super) fn full_list(
        &mut self,
        out: &mut Vec<Command>,
        until: Until,
    ) -> Result<(), SyntaxError> {
        match self.nested(|parser| parser.list(out, until))? {
            true => Ok(()),
            false => Err(self.error("a command is missing")),
        }
    }

    /// Whether the list ends here.
    fn is_end(&self, until: Until) -> Result<bool, SyntaxError> {
        match (self.peek(), until) {
            (None, Until::End) | (Some(')'), Until::Parenthesis) => return Ok(true),
            (Some(';'), Until::CaseItem) if self.at_case_end() => return Ok(true),
            (None, _) => return Err(self.error("the script ends too early")),
            (Some(')'), _) => return Err(self.error("unexpected `)`")),
            (Some(';'), _) => return Err(self.error("unexpected `;`")),
            _ => {}
        }
        Ok(self.reserved().is_some_and(|word| match until {
            Until::Words(words) => words.contains(&word),
            Until::CaseItem => word == "esac",
            Until::End | Until::Parenthesis => false,
        }))
    }

    /// At `;;`, `;&` or `;;&`.
    fn at_case_end(&self) -> bool {
        self.rest().starts_with(";;") || self.rest().starts_with(";&")
    }

    /// Commands with `|` between them, with `!` and `time` before.
    fn pipeline(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        let mut is_prefixed = false;
        loop {
            self.blanks();
            match self.reserved() {
                Some("!") => self.at += 1,
                Some("time") => {
                    self.at += 4;
                    self.blanks();
                    if self.rest().starts_with("-p") {
                        let after = self.rest().chars().nth(2);
                        if after.is_some_and(|c| !" \t\n;&|".contains(c)) {
                            return Err(self.error("an option of `time` is not understood"));
                        }
                        self.at += 2;
                    }
                }
                _ => break,
            }
            is_prefixed = true;
        }
        let is_over = matches!(self.peek(), None | Some('\n' | ';'));
        if is_prefixed && is_over {
            return Ok(());
        }
        self.command(out)?;
        loop {
            self.blanks();
            if self.rest().starts_with("||") || !(self.eat("|&") || self.eat("|")) {
                return Ok(());
            }
            self.newlines(out)?;
            self.command(out)?;
        }
    }

    /// Blanks and line ends, with the here-documents after them.
    pub(super) fn newlines(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return Ok(());
            }
            self.at += 1;
            self.here_documents(out)?;
        }
    }
}
