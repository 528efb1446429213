//! Scripts and commands.

use super::{
    Assignment, Command, DEPTH_MAX, SCRIPT_BYTES_MAX, Script, Simple, SyntaxError, Word, brace,
};

/// Reads a script of bash.
///
/// ```
/// use zerostack_policy::shell::{Command, parse};
///
/// let script = parse("cat notes | wc -l")?;
/// assert_eq!(script.commands.len(), 2);
/// # Ok::<(), zerostack_policy::shell::SyntaxError>(())
/// ```
///
/// # Errors
/// The script is not valid, or uses a part of bash that this parser does not support.
pub fn parse(source: &str) -> Result<Script, SyntaxError> {
    Parser::parse_nested(source, 0)
}

/// The place in the text that is read.
pub(super) struct Parser<'s> {
    pub(super) source: &'s str,
    pub(super) at: usize,
    /// Substitutions and compound commands around this place.
    pub(super) depth: u32,
    /// The words of a builtin that declares variables: `declare x=(a b)`.
    pub(super) declares: bool,
    /// Here-documents whose text begins after the next line end.
    pub(super) here: Vec<HereDocument>,
}

pub(super) struct HereDocument {
    pub(super) delimiter: String,
    /// Nothing in the text is expanded.
    pub(super) is_quoted: bool,
    pub(super) strips_tabs: bool,
}

/// What ends a list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    End,
    /// `)`
    Parenthesis,
    /// One of the reserved words.
    Words(&'static [&'static str]),
    /// `;;`, `;&`, `;;&` or `esac`.
    CaseItem,
}

/// The number of expressions between the parentheses of arithmetic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    One,
    /// `for ((a; b; c))`
    OfLoop,
}

impl<'s> Parser<'s> {
    pub(super) fn parse_nested(source: &'s str, depth: u32) -> Result<Script, SyntaxError> {
        let mut parser = Self { source, at: 0, depth, declares: false, here: Vec::new() };
        if source.len() > SCRIPT_BYTES_MAX {
            return Err(parser.error("the script is longer than 256 KiB"));
        }
        if source.contains(brace::is_marker) || source.contains('\0') {
            return Err(parser.error("the script has a character that has no meaning in bash"));
        }
        let mut commands = Vec::new();
        parser.list(&mut commands, Until::End)?;
        match parser.here.is_empty() {
            true => Ok(Script { commands }),
            false => Err(parser.error("a here-document has no text")),
        }
    }

    pub(super) fn command(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        if self.rest().starts_with("((") {
            self.arithmetic_command(Parts::One, out)?;
            return self.redirects_of_compound(out);
        }
        if self.eat("(") {
            out.push(Command::Subshell { begins: true });
            self.full_list(out, Until::Parenthesis)?;
            self.expect(")")?;
            out.push(Command::Subshell { begins: false });
            return self.redirects_of_compound(out);
        }
        let Some(word) = self.reserved() else { return self.simple(out) };
        match word {
            "{" => {
                self.at += 1;
                self.full_list(out, Until::Words(&["}"]))?;
                self.expect_word("}")?;
                self.redirects_of_compound(out)
            }
            "if" => {
                self.at += 2;
                self.nested(|parser| parser.branches(out))?;
                self.redirects_of_compound(out)
            }
            "while" | "until" => {
                self.at += word.len();
                self.full_list(out, Until::Words(&["do"]))?;
                self.body(out)
            }
            "for" | "select" => {
                self.at += word.len();
                self.for_head(out)?;
                self.body(out)
            }
            "case" => {
                self.at += 4;
                self.nested(|parser| parser.case(out))?;
                self.redirects_of_compound(out)
            }
            "[[" => {
                self.at += 2;
                self.condition(out)?;
                self.redirects_of_compound(out)
            }
            "function" => {
                self.at += word.len();
                self.blanks();
                let name = self.name_of_function();
                self.blanks();
                if self.eat("(") {
                    self.blanks();
                    self.expect(")")?;
                }
                self.function(name, out)
            }
            "coproc" => Err(self.error("`coproc` is not understood")),
            _ => Err(self.error(&format!("unexpected `{word}`"))),
        }
    }

    pub(super) fn simple(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut simple = Simple::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            match self.peek() {
                None | Some('\n' | ';' | '&' | '|' | ')') => break,
                Some('(') => {
                    return match simple.words.as_slice() {
                        [name] if simple.assignments.is_empty() && simple.redirects.is_empty() => {
                            let name = name.text().unwrap_or_default();
                            self.at += 1;
                            self.blanks();
                            self.expect(")")?;
                            self.function(name, out)
                        }
                        _ => Err(self.error("unexpected `(`")),
                    };
                }
                Some(_) => {}
            }
            if simple.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                simple.assignments.push(assignment);
                continue;
            }
            let name = simple.words.first().and_then(Word::text);
            self.declares = name.is_some_and(|name| DECLARES.contains(&name.as_str()));
            let start = self.at;
            let is_first = simple.words.is_empty();
            simple.words.extend(self.expanded_word()?);
            self.declares = false;
            if is_first && self.source.get(start..self.at).is_some_and(|it| it.contains("\\\n")) {
                // Joined, it may be a reserved word.
                return Err(self.error("the name of a command is cut by the end of a line"));
            }
        }
        if self.source.get(start..self.at).is_none_or(|text| text.trim().is_empty()) {
            return Err(self.error("a command is missing"));
        }
        out.push(Command::Simple(simple));
        Ok(())
    }

    fn assignment(&mut self) -> Result<Option<Assignment>, SyntaxError> {
        let start = self.at;
        let name = self.identifier();
        if name.is_empty() {
            return Ok(None);
        }
        if self.peek() == Some('[') {
            let inside = self.rest().get(1..).unwrap_or_default();
            let length = inside.find(']').unwrap_or_default();
            let subscript = inside.get(..length).unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@*+- ".contains(c);
            if subscript.is_empty() || !subscript.chars().all(is_plain) {
                return Err(self.error("a subscript is not understood"));
            }
            self.at += length + 2;
        }
        if !self.eat("+=") && !self.eat("=") {
            if self.source.get(start..self.at).is_some_and(|text| text.contains('[')) {
                return Err(self.error("a subscript is not understood"));
            }
            self.at = start;
            return Ok(None);
        }
        let value = match self.peek() {
            Some('(') => {
                let array = self.nested(Self::array)?;
                if self.peek().is_some_and(|c| !" \t\n;&|<>)".contains(c)) {
                    return Err(self.error("text follows an array"));
                }
                array
            }
            _ => self.word()?,
        };
        Ok(Some(Assignment { name, value: brace::plain(value) }))
    }

    /// `(a b c)` after `NAME=`.
    pub(super) fn array(&mut self) -> Result<Word, SyntaxError> {
        self.expect("(")?;
        let mut all = Word::unknown();
        loop {
            self.blanks();
            match self.peek() {
                None => return Err(self.error("an array has no end")),
                Some('\n') => self.at += 1,
                Some(')') => {
                    self.at += 1;
                    return Ok(all);
                }
                Some('[') if !self.at_plain_subscript() => {
                    return Err(self.error("a subscript is not understood"));
                }
                Some(_) => {
                    let before = self.at;
                    all.substitutions.extend(self.word()?.substitutions);
                    if self.at == before {
                        return Err(self.error("unexpected character in an array"));
                    }
                }
            }
        }
    }

    /// At `[a]=` with a subscript that holds no expansion.
    fn at_plain_subscript(&self) -> bool {
        let inside = self.rest().get(1..).unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@*+- .".contains(c);
        inside.split_once("]=").is_some_and(|(it, _)| !it.is_empty() && it.chars().all(is_plain))
    }

    /// Runs `read` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.error("the script is nested too deeply"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// The reserved word at this place.
    pub(super) fn reserved(&self) -> Option<&'static str> {
        let rest = self.rest();
        let end = rest.find(|c: char| " \t\n;&|()<>".contains(c));
        let word = rest.get(..end.unwrap_or(rest.len()))?;
        RESERVED.iter().find(|reserved| **reserved == word).copied()
    }

    pub(super) fn expect_word(&mut self, word: &'static str) -> Result<(), SyntaxError> {
        if self.reserved() != Some(word) {
            return Err(self.error(&format!("`{word}` is missing")));
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn name_of_function(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| " \t\n;&|()<>\"'$`\\".contains(c));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned();
        self.at += name.len();
        name
    }

    pub(super) fn identifier(&mut self) -> String {
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !self.peek().is_some_and(is_first) {
            return String::new();
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned();
        self.at += name.len();
        name
    }

    /// Spaces, tabs, joined lines and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with([' ', '\t']) {
                self.at += 1;
            } else if rest.starts_with("\\\n") {
                self.at += 2;
            } else if rest.starts_with('#') && self.is_word_start() {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    fn is_word_start(&self) -> bool {
        let before = self.source.get(..self.at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| " \t\n;&|()<>".contains(c))
    }

    pub(super) fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), SyntaxError> {
        match self.eat(text) {
            true => Ok(()),
            false => Err(self.error(&format!("`{text}` is missing"))),
        }
    }

    pub(super) fn error(&self, message: &str) -> SyntaxError {
        SyntaxError { message: message.to_owned(), offset: self.at }
    }
}

/// Builtins whose arguments may be assignments of arrays.
const DECLARES: [&str; 5] = ["declare", "typeset", "local", "readonly", "export"];

const RESERVED: [&str; 22] = [
    "!", "{", "}", "[[", "if", "then", "elif", "else", "fi", "for", "select", "while", "until",
    "do", "done", "case", "in", "esac", "function", "time", "coproc", "]]",
];
