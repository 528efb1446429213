//! A walk over the commands of a script, which finds their effects.

use std::collections::HashSet;

use crate::Effect;
use crate::path::{Folder, Place, enter, place, with_also};
use crate::program;
use crate::shell::{self, Command, Redirect, RedirectKind, Script, Simple, Word};

pub(crate) mod found {
    //! What the walk finds.

    use crate::Effect;

    /// A command, or files that the shell opens for it, with the effects.
    #[derive(Clone, Debug)]
    pub(crate) struct Found {
        /// The words of the program, for rules; `None` for actions of the shell itself.
        pub words: Option<String>,
        /// The text for a person.
        pub text: String,
        pub effects: Vec<Effect>,
    }
}

use found::Found;

/// The state of the script during the walk.
pub(crate) struct Walk<'p> {
    root: Option<&'p str>,
    also: &'p [String],
    home: Option<&'p str>,
    folder: Folder,
    functions: HashSet<String>,
    outer: Vec<(Folder, HashSet<String>)>,
    found: Vec<Found>,
    /// Places of credentials named in a text, which a program that reads the files of a list may read.
    mentioned: Vec<Place>,
    depth: u32,
}

impl<'p> Walk<'p> {
    pub fn new(root: Option<&'p str>, also: &'p [String], home: Option<&'p str>) -> Self {
        let folder = Folder::Project(String::new());
        let (functions, outer, found) = (HashSet::new(), Vec::new(), Vec::new());
        Self { root, also, home, folder, functions, outer, found, mentioned: Vec::new(), depth: 0 }
    }

    pub fn into_found(mut self) -> Vec<Found> {
        let reads_unknown = self.found.iter().any(|found| {
            let is_told = |effect: &Effect| matches!(effect, Effect::Reads(Place::Unknown));
            let words = found.words.as_deref().unwrap_or_default();
            let is_xargs =
                ["xargs", "parallel"].contains(&words.split(' ').next().unwrap_or_default());
            is_xargs || found.effects.iter().any(is_told)
        });
        for place in std::mem::take(&mut self.mentioned) {
            if reads_unknown {
                self.add(None, String::new(), vec![Effect::Reads(place)]);
            }
        }
        self.found
    }

    pub fn script(&mut self, script: &Script) {
        for command in &script.commands {
            self.command(command);
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Redirects(redirects) => self.redirects(redirects),
            Command::Words(words) => {
                self.substitutions(words);
                self.named(words);
            }
            Command::Function { name } => {
                self.functions.insert(name.clone());
            }
            Command::Subshell { begins: true } => {
                self.outer.push((self.folder.clone(), self.functions.clone()));
            }
            Command::Subshell { begins: false } => {
                if let Some((folder, functions)) = self.outer.pop() {
                    (self.folder, self.functions) = (folder, functions);
                }
            }
        }
    }

    fn simple(&mut self, simple: &Simple) {
        let values: Vec<Word> = simple.assignments.iter().map(|it| it.value.clone()).collect();
        self.substitutions(&values);
        for assignment in &simple.assignments {
            // Arithmetic reads the value as an expression, with the commands in its subscripts.
            let text = assignment.value.known_prefix();
            if text.contains("$(") || text.contains('`') {
                let reason = format!("the value of {} holds a command", assignment.name);
                self.add(None, text, vec![Effect::NotUnderstood(reason)]);
            }
        }
        self.named(&values);
        let texts = simple.redirects.iter().map(|redirect| &redirect.target);
        for word in simple.words.iter().skip(1).chain(texts) {
            // `export NAME=value` is a word too.
            let value = word.known_prefix().find('=').map(|at| word.without_prefix(at + 1));
            for word in std::iter::once(word).chain(&value) {
                let is_path = word.known_prefix().starts_with(['/', '~']);
                let place = self.place(word);
                if is_path && matches!(place, Place::Secret(_)) {
                    self.mentioned.push(place);
                }
            }
        }
        self.substitutions(&simple.words);
        let names: Vec<&str> = simple.assignments.iter().map(|it| it.name.as_str()).collect();
        self.assignments(&names);
        self.redirects(&simple.redirects);
        self.run(&simple.words);
    }

    /// What a variable names may be read where nobody can tell what the variable is.
    fn named(&mut self, words: &[Word]) {
        for word in words {
            let place = self.place(word);
            if matches!(place, Place::Secret(_)) {
                self.add(None, word.display(), vec![Effect::Reads(place)]);
            }
        }
    }

    /// Variables that change what other programs do.
    pub fn assignments(&mut self, names: &[&str]) {
        for name in names.iter().filter(|name| program::steers_programs(name)) {
            let reason = format!("the variable {name} changes what programs do");
            self.add(None, (*name).to_owned(), vec![Effect::NotUnderstood(reason)]);
        }
    }

    /// A program with its arguments: of the script, or after a wrapper.
    pub fn run(&mut self, words: &[Word]) {
        if words.is_empty() {
            return;
        }
        if self.depth >= shell::DEPTH_MAX {
            let reason = "the command is nested too deeply".to_owned();
            return self.add(None, display(words), vec![Effect::NotUnderstood(reason)]);
        }
        if let Some(name) = words.first().and_then(Word::text)
            && self.functions.contains(&name)
        {
            // Its body was looked at where it is defined.
            return;
        }
        self.depth += 1;
        program::run(self, words);
        self.depth -= 1;
    }

    /// A script in an argument, run by another shell.
    pub fn script_text(&mut self, words: &[Word], text: Option<&Word>) {
        let parsed = text.and_then(Word::text).map(|text| shell::parse(&text));
        match parsed {
            Some(Ok(script)) if self.depth < shell::DEPTH_MAX => {
                self.depth += 1;
                self.outer.push((self.folder.clone(), self.functions.clone()));
                self.script(&script);
                if let Some((folder, functions)) = self.outer.pop() {
                    (self.folder, self.functions) = (folder, functions);
                }
                self.depth -= 1;
            }
            Some(Err(error)) => {
                let reason = format!("its script is not understood: {}", error.message);
                self.add(None, display(words), vec![Effect::NotUnderstood(reason)]);
            }
            _ => {
                let reason = "the script that it runs is not known before it runs".to_owned();
                self.add(None, display(words), vec![Effect::NotUnderstood(reason)]);
            }
        }
    }

    /// Notes the effects of a program.
    pub fn effects(&mut self, words: &[Word], effects: Vec<Effect>) {
        let effects = if effects.is_empty() { vec![Effect::Prints] } else { effects };
        self.add(Some(rule_words(words)), display(words), effects);
    }

    /// Notes that nothing is known about a program.
    pub fn not_understood(&mut self, words: &[Word], reason: &str) {
        self.effects(words, vec![Effect::NotUnderstood(reason.to_owned())]);
    }

    /// Where a path leads from the folder that the script is in.
    pub fn place(&self, word: &Word) -> Place {
        let found = place(word, &self.folder, self.root, self.home);
        match with_also(found.clone(), self.also, self.home) {
            // `/also/$x` may be `/also/../..`.
            inside if word.has_unknown() && inside != found => Place::Unknown,
            place => place,
        }
    }

    /// Whether the script is in the project's folder or below it.
    pub fn is_in_project(&self) -> bool {
        let place = match &self.folder {
            Folder::Project(_) => return true,
            Folder::Absolute(path) => Place::Elsewhere(path.clone()),
            Folder::Home(path) => Place::Home(path.clone()),
            Folder::Unknown => return false,
        };
        let inside = with_also(place, self.also, self.home);
        matches!(inside, Place::Project(_) | Place::WholeProject)
    }

    /// Runs a program in another folder, as `env -C` does.
    pub fn run_in(&mut self, folder: &Word, words: &[Word]) {
        let before = self.folder.clone();
        self.enter(Some(folder));
        self.run(words);
        self.folder = before;
    }

    /// The script changes its folder.
    pub fn enter(&mut self, word: Option<&Word>) {
        self.folder = match word {
            Some(word) => enter(word, &self.folder, self.root, self.home),
            None => Folder::Home("~".to_owned()),
        };
    }

    fn substitutions(&mut self, words: &[Word]) {
        for script in words.iter().flat_map(|word| &word.substitutions) {
            self.outer.push((self.folder.clone(), self.functions.clone()));
            self.script(script);
            if let Some((folder, functions)) = self.outer.pop() {
                (self.folder, self.functions) = (folder, functions);
            }
        }
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            self.substitutions(std::slice::from_ref(&redirect.target));
            let place = self.place(&redirect.target);
            let (sign, effects) = match redirect.kind {
                RedirectKind::Read => ("<", vec![Effect::Reads(place)]),
                RedirectKind::Write => (">", vec![Effect::Writes(place)]),
                RedirectKind::ReadWrite => {
                    ("<>", vec![Effect::Reads(place.clone()), Effect::Writes(place)])
                }
                RedirectKind::Descriptor | RedirectKind::Text => continue,
            };
            let text = format!("{sign} {}", redirect.target.display());
            self.add(None, text, effects);
        }
    }

    fn add(&mut self, words: Option<String>, text: String, effects: Vec<Effect>) {
        self.found.push(Found { words, text, effects });
    }
}

/// The words for a person.
fn display(words: &[Word]) -> String {
    words.iter().map(Word::display).collect::<Vec<_>>().join(" ")
}

/// The words for rules: the program by its name, without its folder.
fn rule_words(words: &[Word]) -> String {
    // A blank inside of a word is not one between two words.
    let quoted = |text: String| if text.contains(' ') { format!("'{text}'") } else { text };
    let mut texts = words.iter().map(|word| quoted(word.display()));
    let first = texts.next().unwrap_or_default();
    let first = match first.strip_prefix("/usr/bin/").or_else(|| first.strip_prefix("/bin/")) {
        Some(name) if !name.contains('/') => name.to_owned(),
        _ => first,
    };
    std::iter::once(first).chain(texts).collect::<Vec<_>>().join(" ")
}
