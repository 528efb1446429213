//! Compound commands: groups, branches, loops, `case`, conditions, arithmetic, functions.

use super::parse::{Parser, Parts, Until};
use super::word::assigned;
use super::{Command, Simple, SyntaxError, Word};

impl Parser<'_> {
    /// `do LIST done` and its redirections.
    pub(super) fn body(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.newlines(out)?;
        if self.reserved() == Some("{") {
            return Err(self.error("a loop in braces is not understood"));
        }
        self.expect_word("do")?;
        self.full_list(out, Until::Words(&["done"]))?;
        self.expect_word("done")?;
        self.redirects_of_compound(out)
    }

    pub(super) fn branches(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        loop {
            self.full_list(out, Until::Words(&["then"]))?;
            self.expect_word("then")?;
            self.full_list(out, Until::Words(&["elif", "else", "fi"]))?;
            match self.reserved() {
                Some("elif") => self.at += 4,
                Some("else") => {
                    self.at += 4;
                    self.full_list(out, Until::Words(&["fi"]))?;
                    return self.expect_word("fi");
                }
                _ => return self.expect_word("fi"),
            }
        }
    }

    /// The words between `for` and `do`.
    pub(super) fn for_head(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.blanks();
        if self.rest().starts_with("((") {
            self.arithmetic_command(Parts::OfLoop, out)?;
            return self.end_of_head(out);
        }
        let name = self.identifier();
        if name.is_empty() {
            return Err(self.error("a loop has no variable"));
        }
        self.newlines(out)?;
        if self.reserved() == Some("in") {
            self.at += 2;
            let words = self.words_until_separator()?;
            out.push(Command::Words(words));
            out.push(assigned(&name, Word::unknown()));
            if !matches!(self.peek(), Some(';' | '\n')) {
                return Err(self.error("the list of a loop has no end"));
            }
        }
        self.end_of_head(out)
    }

    /// One `;` may follow the head of a loop.
    fn end_of_head(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.blanks();
        self.eat(";");
        self.newlines(out)
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
        self.newlines(out)?;
        self.expect_word("in")?;
        loop {
            self.newlines(out)?;
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
            self.nested(|parser| parser.list(out, Until::CaseItem))?;
            // `;;&` before `;;`, which it begins with.
            let _ = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        }
    }

    /// `[[ ... ]]`, of which only the words matter, as for `[`.
    pub(super) fn condition(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        let mut words = vec![Word::from_text("[[")];
        let mut open = 0_u32;
        loop {
            self.blanks();
            match self.peek() {
                None => return Err(self.error("`[[` has no `]]`")),
                Some('&') if !self.rest().starts_with("&&") => {
                    return Err(self.error("unexpected `&` in a condition"));
                }
                Some(';') => return Err(self.error("unexpected `;` in a condition")),
                Some('&') => self.at += 2,
                Some('<' | '>') if self.at_process_substitution() => {
                    return Err(self.error("a process in a condition is not understood"));
                }
                Some('(') => {
                    open += 1;
                    self.at += 1;
                }
                Some(')') if open == 0 => {
                    return Err(self.error("unexpected `)` in a condition"));
                }
                Some(')') => {
                    open -= 1;
                    self.at += 1;
                }
                Some('\n' | '|' | '<' | '>') => self.at += 1,
                Some(_) => {
                    let word = self.expanded_word()?;
                    if word.first().and_then(Word::text).as_deref() == Some("]]") {
                        let simple = Simple { words, ..Simple::default() };
                        out.push(Command::Simple(simple));
                        return Ok(());
                    }
                    words.extend(word);
                }
            }
        }
    }

    /// `((...))`. A subshell within a subshell is written `( (`.
    pub(super) fn arithmetic_command(
        &mut self,
        parts: Parts,
        out: &mut Vec<Command>,
    ) -> Result<(), SyntaxError> {
        self.at += 2;
        let word = self.arithmetic(parts)?;
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
        self.newlines(out)?;
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
