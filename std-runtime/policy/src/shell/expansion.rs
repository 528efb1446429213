//! Words: quotes and expansions.

use super::parse::{Parser, Parts, Until};
use super::word::assigned;
use super::{Command, Piece, Script, SyntaxError, Word, brace};

/// The context of a piece of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Double,
    /// A here-document: `"` is text.
    Here,
}

impl Parser<'_> {
    /// One word, or several if braces expand to several.
    pub(super) fn expanded_word(&mut self) -> Result<Vec<Word>, SyntaxError> {
        let before = self.at;
        let word = self.word()?;
        if self.at == before {
            return Err(self.error("unexpected character"));
        }
        Ok(brace::expand(word))
    }

    /// One word, in which the signs of braces are marked.
    pub(super) fn word(&mut self) -> Result<Word, SyntaxError> {
        let mut word = Word::default();
        let start = self.at;
        self.tilde(&mut word);
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' => break,
                '<' | '>' if self.at == start && self.at_process_substitution() => {
                    self.at += 2;
                    let script = self.script_until_parenthesis()?;
                    word.push_text("/dev/fd/63");
                    word.substitutions.push(script);
                }
                '<' | '>' => break,
                '(' => {
                    let so_far = self.source.get(start..self.at).unwrap_or_default();
                    if so_far.ends_with('=') && self.declares {
                        let array = self.nested(Self::array)?;
                        word.append(array);
                    } else if so_far.ends_with(['?', '*', '+', '@', '!']) {
                        return Err(self.error("an extended pattern is not understood"));
                    } else {
                        break;
                    }
                }
                '\\' => {
                    self.at += 1;
                    match self.next() {
                        Some('\n') => {}
                        Some(c) => word.push_text(c.encode_utf8(&mut [0; 4])),
                        None => return Err(self.error("the script ends with a backslash")),
                    }
                }
                '\'' => {
                    self.at += 1;
                    let text = self.until_quote()?;
                    word.push_text(text);
                }
                '"' => {
                    self.at += 1;
                    // Even an empty text is a word.
                    word.push_text("");
                    self.double_quoted(&mut word)?;
                }
                '$' => self.dollar(&mut word, Quotes::None)?,
                '`' => self.backquoted(&mut word, Quotes::None)?,
                '*' | '?' => {
                    self.at += 1;
                    word.pieces.push(Piece::Glob(c.to_string()));
                }
                '[' => {
                    self.at += 1;
                    let word_end = |c: &char| !" \t\n;&|<>".contains(*c);
                    let mut near = self.rest().chars().take(CLASS_CHARS_MAX).take_while(word_end);
                    if near.any(|c| c == ']') {
                        word.pieces.push(Piece::Glob("[".to_owned()));
                    } else {
                        word.push_text("[");
                    }
                }
                '{' | ',' | '}' => {
                    self.at += 1;
                    word.push_text(brace::mark(c).encode_utf8(&mut [0; 4]));
                }
                // `~` in the value of an assignment and after a colon in it.
                '=' | ':' => {
                    self.at += 1;
                    word.push_text(c.encode_utf8(&mut [0; 4]));
                    self.tilde(&mut word);
                }
                c => {
                    self.at += c.len_utf8();
                    word.push_text(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Ok(word)
    }

    /// The text of a here-document.
    pub(super) fn here_text(&mut self) -> Result<Word, SyntaxError> {
        let mut word = Word::default();
        self.quoted(&mut word, Quotes::Here)?;
        Ok(word)
    }

    fn tilde(&mut self, word: &mut Word) {
        if self.peek() != Some('~') {
            return;
        }
        let rest = self.rest().get(1..).unwrap_or_default();
        let end = rest.find(|c: char| " \t\n/:;&|()<>".contains(c));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += 1;
        match name {
            "" => word.pieces.push(Piece::Home),
            _ if name.contains(['\'', '"', '$', '\\', '`']) => word.push_text("~"),
            // The home folder of somebody else, or a folder of the stack.
            _ => {
                self.at += name.len();
                word.push_text("/home/~");
                word.push_text(name);
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        self.quoted(word, Quotes::Double)?;
        self.expect("\"")
    }

    /// Text in which only `$`, `` ` `` and `\` have a meaning.
    fn quoted(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), SyntaxError> {
        while let Some(c) = self.peek() {
            match c {
                '"' if quotes == Quotes::Double => return Ok(()),
                '\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => self.at += 1,
                        Some(c @ ('$' | '`' | '\\' | '"')) => {
                            self.at += 1;
                            word.push_text(c.encode_utf8(&mut [0; 4]));
                        }
                        _ => word.push_text("\\"),
                    }
                }
                '$' => self.dollar(word, quotes)?,
                '`' => self.backquoted(word, quotes)?,
                c => {
                    self.at += c.len_utf8();
                    word.push_text(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        match quotes {
            Quotes::Double => Err(self.error("a quote has no end")),
            Quotes::None | Quotes::Here => Ok(()),
        }
    }

    fn until_quote(&mut self) -> Result<&str, SyntaxError> {
        let rest = self.rest();
        let Some(length) = rest.find('\'') else { return Err(self.error("a quote has no end")) };
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn dollar(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), SyntaxError> {
        let unknown = Piece::Unknown { is_quoted: quotes != Quotes::None };
        self.at += 1;
        match self.peek() {
            Some('(') => {
                if self.eat("((") {
                    let arithmetic = self.arithmetic(Parts::One)?;
                    word.append(arithmetic);
                    return Ok(());
                }
                self.at += 1;
                let script = self.script_until_parenthesis()?;
                word.substitutions.push(script);
                word.pieces.push(unknown);
            }
            Some('{') => {
                self.at += 1;
                self.parameter(word, unknown)?;
            }
            Some('[') => return Err(self.error("`$[` is not understood")),
            Some('\'') if quotes == Quotes::None => {
                self.at += 1;
                let text = self.ansi_c()?;
                word.push_text(&text);
            }
            Some('"') if quotes == Quotes::None => {
                self.at += 1;
                word.push_text("");
                self.double_quoted(word)?;
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.identifier();
                variable(&name, word, unknown);
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 1;
                word.pieces.push(unknown);
            }
            _ => word.push_text("$"),
        }
        Ok(())
    }

    fn script_until_parenthesis(&mut self) -> Result<Script, SyntaxError> {
        let mut commands = Vec::new();
        let waiting = self.here.len();
        self.nested(|parser| parser.list(&mut commands, Until::Parenthesis))?;
        self.expect(")")?;
        if self.here.len() > waiting {
            return Err(self.error("a here-document begins after its command"));
        }
        Ok(Script { commands })
    }

    /// The rest of `${...}`.
    fn parameter(&mut self, word: &mut Word, unknown: Piece) -> Result<(), SyntaxError> {
        let start = self.at;
        let name = self.identifier();
        if self.eat("}") && !name.is_empty() {
            variable(&name, word, unknown);
            return Ok(());
        }
        let mut inner = Word::default();
        loop {
            match self.peek() {
                None => return Err(self.error("`${` has no end")),
                Some('}') => break,
                Some('\\') => {
                    self.at += 1;
                    self.next();
                }
                Some('\'') => {
                    // Inside of double quotes it is a character like others; the text that this
                    // skips then holds no expansion, or the script is not understood.
                    self.at += 1;
                    let text = self.until_quote()?;
                    if text.contains(['$', '`']) {
                        return Err(self.error("quotes within `${` are not understood"));
                    }
                }
                Some('"') => {
                    self.at += 1;
                    self.nested(|parser| parser.double_quoted(&mut inner))?;
                }
                Some('$') => self.nested(|parser| parser.dollar(&mut inner, Quotes::Double))?,
                Some('`') => self.backquoted(&mut inner, Quotes::Double)?,
                Some('<' | '>') if self.at_process_substitution() => {
                    return Err(self.error("a process within `${` is not understood"));
                }
                Some(c) => self.at += c.len_utf8(),
            }
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        self.at += 1;
        // `@P` expands the value as a prompt, which runs the commands in it.
        if text.ends_with("@P") || text.is_empty() {
            return Err(self.error("an expansion is not understood"));
        }
        // The value of the variable is the name of another one, whose subscript may hold a command.
        if let Some(name) = text.strip_prefix('!')
            && !name.ends_with(['*', '@'])
            && !name.ends_with("[@]")
            && !name.ends_with("[*]")
        {
            return Err(self.error("an expansion by the name in a variable is not understood"));
        }
        let after = text.get(name.len()..).unwrap_or_default();
        let after =
            after.split_once(']').filter(|_| after.starts_with('[')).map_or(after, |it| it.1);
        if !name.is_empty() && (after.starts_with('=') || after.starts_with(":=")) {
            let commands = vec![assigned(&name, Word::unknown())];
            word.substitutions.push(Script { commands });
        }
        let default = after.trim_start_matches(':');
        if let Some(value) = default.strip_prefix(['-', '=', '+']).filter(|_| !name.is_empty()) {
            let commands = vec![Command::Words(vec![Word::from_text(value)])];
            word.substitutions.push(Script { commands });
        }
        word.substitutions.extend(inner.substitutions);
        word.pieces.push(unknown);
        Ok(())
    }

    /// The rest of `$((...))` or `((...))`. Bash reads it again as commands when it is not
    /// arithmetic; here that is an error, for trying both would double the work at each level.
    pub(super) fn arithmetic(&mut self, parts: Parts) -> Result<Word, SyntaxError> {
        let mut inner = Word::default();
        let start = self.at;
        let mut open = 0_u32;
        loop {
            match self.peek() {
                Some(')') if open == 0 => {
                    self.expect("))")?;
                    break;
                }
                Some('(') => {
                    open += 1;
                    self.at += 1;
                }
                Some(')') => {
                    open -= 1;
                    self.at += 1;
                }
                Some('$') => self.nested(|parser| parser.dollar(&mut inner, Quotes::Double))?,
                Some('`') => self.backquoted(&mut inner, Quotes::Double)?,
                Some(';') if parts == Parts::OfLoop && open == 0 => self.at += 1,
                Some(c) if c.is_alphanumeric() || " \t\n_+-*/%<>=!&|^~?:,#[]".contains(c) => {
                    self.at += c.len_utf8();
                }
                _ => return Err(self.error("the arithmetic is not understood")),
            }
        }
        // A number, or nothing a path or an option could be made of.
        let mut substitutions = inner.substitutions;
        let text = self.source.get(start..self.at).unwrap_or_default();
        if text.contains('=') || text.contains("++") || text.contains("--") {
            // Each of the names may be that of the variable that is set.
            let names = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let names =
                names.filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
            let commands = names.map(|name| assigned(name, Word::unknown())).collect();
            substitutions.push(Script { commands });
        }
        Ok(Word { pieces: vec![Piece::Text("0".to_owned())], substitutions })
    }

    fn backquoted(&mut self, word: &mut Word, quotes: Quotes) -> Result<(), SyntaxError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a back quote has no end")),
                Some('`') => break,
                Some('\\') => match self.next() {
                    Some(c @ ('`' | '\\' | '$')) => text.push(c),
                    Some('"') if quotes == Quotes::Double => text.push('"'),
                    Some(c) => {
                        text.push('\\');
                        text.push(c);
                    }
                    None => return Err(self.error("a back quote has no end")),
                },
                Some(c) => text.push(c),
            }
        }
        let depth = self.depth;
        let script = self.nested(|_| Parser::parse_nested(&text, depth + 1))?;
        word.substitutions.push(script);
        word.pieces.push(Piece::Unknown { is_quoted: quotes != Quotes::None });
        Ok(())
    }

    /// The rest of `$'...'`.
    fn ansi_c(&mut self) -> Result<String, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quote has no end")),
                Some('\'') => return Ok(text),
                Some('\\') => {
                    let c = self.escape()?;
                    text.push(c);
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let number = |parser: &mut Self, digits: usize, radix: u32| {
            let rest = parser.rest();
            let count = rest.chars().take(digits).take_while(|c| c.is_digit(radix)).count();
            let value = u32::from_str_radix(rest.get(..count).unwrap_or_default(), radix).ok();
            parser.at += count;
            // A byte above 127 is half of a character; NUL ends the text.
            value
                .filter(|value| *value > 0 && (digits > 3 || *value < 128))
                .and_then(char::from_u32)
        };
        let c = match self.next() {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some('a') => Some('\x07'),
            Some('b') => Some('\x08'),
            Some('e' | 'E') => Some('\x1b'),
            Some('f') => Some('\x0c'),
            Some('v') => Some('\x0b'),
            Some(c @ ('\\' | '\'' | '"' | '?')) => Some(c),
            Some('x') => number(self, 2, 16),
            Some('u') => number(self, 4, 16),
            Some('U') => number(self, 8, 16),
            Some('0'..='7') => {
                self.at -= 1;
                number(self, 3, 8)
            }
            _ => None,
        };
        c.ok_or_else(|| self.error("an escape is not understood"))
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }
}

/// Puts a variable into a word: some are known.
fn variable(name: &str, word: &mut Word, unknown: Piece) {
    match name {
        "HOME" => word.pieces.push(Piece::Home),
        "PWD" => word.push_text("."),
        _ => word.pieces.push(unknown),
    }
}

/// Characters after `[` in which its `]` is looked for.
const CLASS_CHARS_MAX: usize = 32;
