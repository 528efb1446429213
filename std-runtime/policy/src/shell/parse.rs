//! Scripts, lists and commands.

use super::{
    Assignment, Command, DEPTH_MAX, Redirect, RedirectKind, SCRIPT_BYTES_MAX, Script, Simple,
    SyntaxError, Word, brace,
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
/// The script is not valid, or uses a part of bash that this parser does not know.
pub fn parse(source: &str) -> Result<Script, SyntaxError> {
    Parser::parse_nested(source, 0)
}

/// The place in the text that is read.
pub(super) struct Parser<'s> {
    pub(super) source: &'s str,
    pub(super) at: usize,
    /// Substitutions and compound commands around this place.
    pub(super) depth: u32,
    /// Here-documents whose text begins after the next line end.
    here: Vec<HereDocument>,
}

struct HereDocument {
    delimiter: String,
    /// Nothing in the text is expanded.
    is_quoted: bool,
    strips_tabs: bool,
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

impl<'s> Parser<'s> {
    pub(super) fn parse_nested(source: &'s str, depth: u32) -> Result<Script, SyntaxError> {
        let mut parser = Self { source, at: 0, depth, here: Vec::new() };
        if source.len() > SCRIPT_BYTES_MAX {
            return Err(parser.error("the script is longer than 256 KiB"));
        }
        if source.contains(brace::is_marker) || source.contains('\0') {
            return Err(parser.error("the script has a character that has no meaning in bash"));
        }
        let mut commands = Vec::new();
        parser.list(&mut commands, Until::End)?;
        Ok(Script { commands })
    }

    /// A list up to its end, which is not consumed.
    pub(super) fn list(&mut self, out: &mut Vec<Command>, until: Until) -> Result<(), SyntaxError> {
        loop {
            self.separators(out)?;
            match (self.peek(), until) {
                (None, Until::End) | (Some(')'), Until::Parenthesis) => return Ok(()),
                (None, _) => return Err(self.error("the script ends too early")),
                (Some(')'), _) => return Err(self.error("unexpected `)`")),
                (Some(';'), Until::CaseItem) => return Ok(()),
                _ => {}
            }
            if let Some(word) = self.reserved() {
                let ends = match until {
                    Until::Words(words) => words.contains(&word),
                    Until::CaseItem => word == "esac",
                    Until::End | Until::Parenthesis => false,
                };
                if ends {
                    return Ok(());
                }
            }
            let before = self.at;
            self.command(out)?;
            if self.at == before {
                return Err(self.error("unexpected character"));
            }
        }
    }

    /// Blanks, line ends and what stands between two commands.
    fn separators(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        loop {
            self.blanks();
            if self.rest().starts_with(";;") || self.rest().starts_with(";&") {
                return Ok(());
            }
            if self.rest().starts_with("&>") {
                return Ok(());
            }
            match self.peek() {
                Some('\n') => {
                    self.at += 1;
                    self.here_documents(out)?;
                }
                Some(';' | '&' | '|') => self.at += 1,
                _ => return Ok(()),
            }
        }
    }

    fn command(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        if self.rest().starts_with("((") {
            self.arithmetic_command(out)?;
            return self.redirects_of_compound(out);
        }
        if self.eat("(") {
            out.push(Command::Subshell { begins: true });
            self.nested(|parser| parser.list(out, Until::Parenthesis))?;
            self.expect(")")?;
            out.push(Command::Subshell { begins: false });
            return self.redirects_of_compound(out);
        }
        let Some(word) = self.reserved() else { return self.simple(out) };
        match word {
            "!" => {
                self.at += 1;
                Ok(())
            }
            "time" => {
                self.at += word.len();
                self.blanks();
                if self.rest().starts_with("-p ") {
                    self.at += 2;
                }
                Ok(())
            }
            "{" => {
                self.at += 1;
                self.nested(|parser| parser.list(out, Until::Words(&["}"])))?;
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
                self.nested(|parser| parser.list(out, Until::Words(&["do"])))?;
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

    /// `do LIST done` and its redirections.
    fn body(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.separators(out)?;
        if self.reserved() == Some("{") {
            return Err(self.error("a loop in braces is not understood"));
        }
        self.expect_word("do")?;
        self.nested(|parser| parser.list(out, Until::Words(&["done"])))?;
        self.expect_word("done")?;
        self.redirects_of_compound(out)
    }

    fn branches(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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
    fn for_head(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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

    fn words_until_separator(&mut self) -> Result<Vec<Word>, SyntaxError> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some('\n' | ';') => return Ok(words),
                _ => words.extend(self.expanded_word()?),
            }
        }
    }

    fn case(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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
    fn condition(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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
    fn arithmetic_command(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        self.at += 2;
        let word = self.arithmetic()?;
        out.push(Command::Words(vec![word]));
        Ok(())
    }

    fn function(&mut self, name: String, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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

    fn redirects_of_compound(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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

    fn simple(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
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
                        [name] if simple.assignments.is_empty() => {
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
            simple.words.extend(self.expanded_word()?);
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
                self.at = start;
                return Ok(None);
            }
            self.at += length + 2;
        }
        if !self.eat("+=") && !self.eat("=") {
            self.at = start;
            return Ok(None);
        }
        let value = match self.peek() {
            Some('(') => self.nested(Self::array)?,
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

    fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
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
        let target = brace::plain(self.word()?);
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

    fn at_redirect(&self) -> bool {
        matches!(self.peek(), Some('<' | '>')) || self.rest().starts_with("&>")
    }

    pub(super) fn at_process_substitution(&self) -> bool {
        self.rest().starts_with("<(") || self.rest().starts_with(">(")
    }

    fn here_document(&mut self, strips_tabs: bool) -> Result<Redirect, SyntaxError> {
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
    fn here_documents(&mut self, out: &mut Vec<Command>) -> Result<(), SyntaxError> {
        for here in std::mem::take(&mut self.here) {
            let start = self.at;
            let mut end = self.source.len();
            while self.at < self.source.len() {
                let line_start = self.at;
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (line_start + line.len() + 1).min(self.source.len());
                let line = if here.strips_tabs { line.trim_start_matches('\t') } else { line };
                if line == here.delimiter {
                    end = line_start;
                    break;
                }
            }
            if !here.is_quoted {
                let text = self.source.get(start..end).unwrap_or_default();
                let mut inner = Parser { source: text, at: 0, depth: self.depth + 1, here: vec![] };
                out.push(Command::Words(vec![inner.here_text()?]));
            }
        }
        Ok(())
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
    fn reserved(&self) -> Option<&'static str> {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || ";&|()<>".contains(c));
        let word = rest.get(..end.unwrap_or(rest.len()))?;
        RESERVED.iter().find(|reserved| **reserved == word).copied()
    }

    fn expect_word(&mut self, word: &'static str) -> Result<(), SyntaxError> {
        if self.reserved() != Some(word) {
            return Err(self.error(&format!("`{word}` is missing")));
        }
        self.at += word.len();
        Ok(())
    }

    fn name_of_function(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || ";&|()<>\"'$`\\".contains(c));
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
            if rest.starts_with([' ', '\t', '\r']) {
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
        before.is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(c))
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

const RESERVED: [&str; 22] = [
    "!", "{", "}", "[[", "if", "then", "elif", "else", "fi", "for", "select", "while", "until",
    "do", "done", "case", "in", "esac", "function", "time", "coproc", "]]",
];
