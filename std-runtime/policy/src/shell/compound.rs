//! Compound commands: groups, branches, loops, `case`, conditions, arithmetic, functions.

use super::parse::{Parser, Until};
use super::{Command, SyntaxError, Word};

impl Parser<'_> {
    /// `do LIST done` and its redirections.
    pub(super) fn body(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.separators(out)?;
        if self.reserved() == Some("{") {
            return Err(self.error("a loop in braces is not understood"));
        }
        self.expect_word("do")?;
        self.nested(|parser| parser.list(out, Until::Words(&["done"])))?;
        self.expect_word("done")?;
        self.redirects_of_compound(out)
    }

    pub(super) fn branches(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        loop {
            self.list(out, Until::Words(&["then"]))?;
            self.expect_word("then")?;
            self.list(out, Until::Words(&["elif", "else", "fi"]))?;
            match self.reserved() {
                Some("elif") => self.at += 4,
                Some("else") => {
                    self.at += 4;
                    self.list(out, Until::Words(&["fi"]))?;
                    return self.expect_word("fi");
                }
                _ => return self.expect_word("fi"),
            }
        }
    }

    /// What stands between `for` and `do`.
    pub(super) fn for_head(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.blanks();
        if self.rest().starts_with("((") {
            return self.arithmetic_command(out);
        }
        let name = self.identifier();
        if name.is_empty() {
            return Err(self.error("a loop has no variable"));
        }
        self.separators(out)?;
        if self.reserved() == Some("in") {
            self.at += 2;
            let words = self.words_until_separator()?;
            out.push(Command::Words(words));
        }
        Ok(())
    }

    pub(super) fn words_until_separator(&mut self) -> Result<Vec<Word>, SyntaxError> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some('\n' | ';') => return Ok(words),
                _ => words.extend(self.expanded_word()?),
            }
        }
    }

    pub(super) fn case(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.blanks();
        out.push(Command::Words(self.expanded_word()?));
        self.separators(out)?;
        self.expect_word("in")?;
        loop {
            self.separators(out)?;
            if self.reserved() == Some("esac") {
                return self.expect_word("esac");
            }
            self.eat("(");
            loop {
                self.blanks();
                out.push(Command::Words(self.expanded_word()?));
                self.blanks();
                if self.eat("|") {
                    continue;
                }
                self.expect(")")?;
                break;
            }
            self.list(out, Until::CaseItem)?;
            // `;;&` before `;;`, which it begins with.
            let _ = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        }
    }

    /// `[[ ... ]]`, of which only the words count.
    pub(super) fn condition(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => return Err(self.error("`[[` has no `]]`")),
                Some('\n' | '&' | '|' | '(' | ')' | '<' | '>' | ';') => self.at += 1,
                Some(_) => {
                    let word = self.expanded_word()?;
                    if word.first().and_then(Word::text).as_deref() == Some("]]") {
                        out.push(Command::Words(words));
                        return Ok(());
                    }
                    words.extend(word);
                }
            }
        }
    }

    /// `((...))`. A subshell within a subshell is written `( (`.
    pub(super) fn arithmetic_command(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.at += 2;
        let word = self.arithmetic()?;
        out.push(Command::Words(vec![word]));
        Ok(())
    }

    pub(super) fn function(
        &mut self,
        name: String,
        out: &mut Vec<Command>,
    ) -> Result<(), SyntaxError> {
        if name.is_empty() {
            return Err(self.error("a function has no name"));
        }
        self.separators(out)?;
        out.push(Command::Function { name });
        let is_compound = self.peek() == Some('(')
            || matches!(
                self.reserved(),
                Some("{" | "if" | "while" | "until" | "for" | "case" | "[[")
            );
        if !is_compound {
            return Err(self.error("the body of a function is not understood"));
        }
        self.nested(|parser| parser.command(out))
    }

    pub(super) fn redirects_of_compound(
        &mut self,
        out: &mut Vec<Command>,
    ) -> Result<(), SyntaxError> {
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => break,
            }
        }
        if !redirects.is_empty() {
            out.push(Command::Redirects(redirects));
        }
        self.blanks();
        match self.peek() {
            None | Some('\n' | ';' | '&' | '|' | ')') => Ok(()),
            // A reserved word may follow, as in `if (true) then`.
            _ if self.reserved().is_some() => Ok(()),
            _ => Err(self.error("a command follows without a separator")),
        }
    }
}
