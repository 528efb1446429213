//! `sed` and `awk`, whose scripts can write files and run programs.

use super::Call;
use super::options::{has, option, positional};
use crate::Effect;
use crate::shell::Word;
use crate::walk::Walk;

pub(super) fn run(walk: &mut Walk<'_>, call: &Call<'_>) -> bool {
    match call.name {
        "sed" | "gsed" => sed(walk, call),
        "awk" | "gawk" | "mawk" | "nawk" => awk(walk, call),
        _ => return false,
    }
    true
}

fn sed(walk: &mut Walk<'_>, call: &Call<'_>) {
    let mut scripts: Vec<Option<String>> = Vec::new();
    let mut files: Vec<&Word> = Vec::new();
    let (mut in_place, mut has_script, mut at) = (false, false, 0);
    // The name of a backup may have a folder in it.
    let mut leads_out = false;
    let mut positionals: Vec<&Word> = Vec::new();
    while let Some(word) = call.rest.get(at) {
        at += 1;
        let prefix = word.known_prefix();
        if word.has_unknown() && word.may_be_option() && positionals.is_empty() && !has_script {
            return walk.not_understood(call.words, "its script is not known before it runs");
        }
        if !prefix.starts_with('-') || prefix == "-" {
            positionals.push(word);
            continue;
        }
        let letters = prefix.trim_start_matches('-');
        if prefix.starts_with("--") {
            let name = letters.split('=').next().unwrap_or_default();
            match () {
                () if "in-place".starts_with(name) => {
                    in_place = true;
                    leads_out |= prefix.contains('/');
                }
                () if "expression".starts_with(name) => {
                    has_script = true;
                    scripts.push(match prefix.split_once('=') {
                        Some((_, script)) if word.text().is_some() => Some(script.to_owned()),
                        Some(_) => None,
                        None => {
                            at += 1;
                            call.rest.get(at - 1).and_then(Word::text)
                        }
                    });
                }
                () if "file".starts_with(name) && name.len() > 1 => {
                    return walk.not_understood(call.words, "its script is in a file");
                }
                () => {}
            }
            continue;
        }
        for (index, letter) in letters.char_indices() {
            let after = letters.get(index + 1..).unwrap_or_default();
            match letter {
                'i' => {
                    in_place = true;
                    leads_out |= after.contains('/') || word.has_unknown();
                    break;
                }
                'e' => {
                    has_script = true;
                    scripts.push(match after {
                        "" => {
                            at += 1;
                            call.rest.get(at - 1).and_then(Word::text)
                        }
                        script => word.text().map(|_| script.to_owned()),
                    });
                    break;
                }
                'f' => return walk.not_understood(call.words, "its script is in a file"),
                'l' => break,
                _ => {}
            }
        }
    }
    if !has_script && !positionals.is_empty() {
        scripts.push(positionals.remove(0).text());
    }
    files.extend(positionals);
    let mut effects: Vec<Effect> = files
        .iter()
        .map(|file| {
            let place = walk.place(file);
            if in_place { Effect::Writes(place) } else { Effect::Reads(place) }
        })
        .collect();
    if leads_out {
        effects.push(Effect::NotUnderstood("its backups are in another folder".to_owned()));
    }
    for script in scripts {
        match script.map(|script| sed_script(&script)) {
            Some(Some(files)) => {
                for file in files {
                    effects.push(match file {
                        SedFile::Written(file) => {
                            Effect::Writes(walk.place(&Word::from_text(file)))
                        }
                        SedFile::Read(file) => Effect::Reads(walk.place(&Word::from_text(file))),
                    });
                }
            }
            Some(None) => effects.push(Effect::NotUnderstood(
                "its script may run programs or write files".to_owned(),
            )),
            // A value within it may be a command of sed.
            None => effects
                .push(Effect::NotUnderstood("its script is not known before it runs".to_owned())),
        }
    }
    walk.effects(call.words, effects);
}

/// A file that a script of sed names.
enum SedFile {
    /// By `w`.
    Written(String),
    /// By `r`.
    Read(String),
}

/// Reads a script of sed: addresses, then a command, as POSIX and GNU describe them. `None` if it
/// runs a program by `e`, or is not understood.
fn sed_script(script: &str) -> Option<Vec<SedFile>> {
    let mut files = Vec::new();
    let mut rest = script;
    loop {
        rest = rest
            .trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '}' || c == '{');
        let Some(first) = rest.chars().next() else { return Some(files) };
        if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        // Addresses.
        if first.is_ascii_digit() || "$,!~+ ".contains(first) {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if first == '/' || first == '\\' {
            let (delimiter, start) = match first {
                '/' => ('/', 1),
                _ => rest.chars().nth(1).map(|c| (c, 1 + c.len_utf8()))?,
            };
            let length = until(rest.get(start..).unwrap_or_default(), delimiter, Text::Pattern)?;
            rest = rest.get(start + length..).unwrap_or_default();
            rest = rest.trim_start_matches(['I', 'M']);
            continue;
        }
        let body = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            's' | 'y' => {
                let delimiter = body.chars().next()?;
                let body = body.get(delimiter.len_utf8()..).unwrap_or_default();
                let kind = if first == 's' { Text::Pattern } else { Text::Plain };
                let body = body.get(until(body, delimiter, kind)?..).unwrap_or_default();
                let length = until(body, delimiter, Text::Plain)?;
                let flags = body.get(length..).unwrap_or_default();
                let end =
                    flags.find(|c: char| !"gpiImM0123456789".contains(c)).unwrap_or(flags.len());
                let after = flags.get(end..).unwrap_or_default();
                match after.chars().next() {
                    Some('e') => return None,
                    Some('w') => {
                        let (file, after) = line(after.get(1..).unwrap_or_default());
                        files.push(SedFile::Written(file));
                        rest = after;
                    }
                    _ => rest = after,
                }
            }
            'w' | 'W' => {
                let (file, after) = line(body);
                files.push(SedFile::Written(file));
                rest = after;
            }
            'r' | 'R' => {
                let (file, after) = line(body);
                files.push(SedFile::Read(file));
                rest = after;
            }
            // A label ends at a semicolon or at the end of the line.
            'b' | 't' | 'T' | ':' => {
                let end = body.find([';', '\n', '}']).unwrap_or(body.len());
                rest = body.get(end..).unwrap_or_default();
            }
            // Text up to the end of the line.
            'a' | 'i' | 'c' => {
                let mut text = body;
                loop {
                    let Some((line, after)) = text.split_once('\n') else {
                        text = "";
                        break;
                    };
                    text = after;
                    if !line.ends_with('\\') {
                        break;
                    }
                }
                rest = text;
            }
            'd' | 'D' | 'p' | 'P' | 'n' | 'N' | 'g' | 'G' | 'h' | 'H' | 'x' | 'q' | 'Q' | '='
            | 'l' | 'z' | 'F' => rest = body,
            // `e` runs a program.
            _ => return None,
        }
    }
}

/// The rest of a line, and what follows it.
fn line(text: &str) -> (String, &str) {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    (line.trim().to_owned(), after)
}

/// The text before a delimiter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A regular expression: a delimiter in brackets does not count.
    Pattern,
    Plain,
}

/// Bytes up to and including the first delimiter without a backslash before it; `None` if a bracket
/// makes that ambiguous.
fn until(text: &str, delimiter: char, kind: Text) -> Option<usize> {
    let mut is_escaped = false;
    let mut bracket: Option<usize> = None;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == delimiter => {
                return bracket.is_none().then_some(at + c.len_utf8());
            }
            '[' if kind == Text::Pattern && bracket.is_none() => bracket = Some(at),
            ']' => {
                let inside = bracket.and_then(|start| text.get(start + 1..at));
                if inside.is_some_and(|inside| !matches!(inside, "" | "^")) {
                    bracket = None;
                }
            }
            _ => {}
        }
    }
    None
}

fn awk(walk: &mut Walk<'_>, call: &Call<'_>) {
    let runs = [
        option('f', "file"),
        option('i', "include"),
        option('l', "load"),
        option('E', "exec"),
        option('e', "source"),
        option('o', "pretty-print"),
        option('p', "profile"),
        option('d', "dump-variables"),
        option('D', "debug"),
    ];
    let before = call.rest.iter().take_while(|word| word.known_prefix().starts_with('-')).count();
    // `-F` and `-v` with their value in the next word.
    let mut at = 0;
    while let Some(word) = call.rest.get(at).filter(|word| word.known_prefix().starts_with('-')) {
        at += if matches!(word.text().as_deref(), Some("-F" | "-v")) { 2 } else { 1 };
    }
    let options = call.rest.get(..before.max(at)).unwrap_or_default();
    if has(
        options
            .iter()
            .filter(|it| it.known_prefix().starts_with('-'))
            .cloned()
            .collect::<Vec<_>>()
            .as_slice(),
        &runs,
    ) {
        return walk.not_understood(call.words, "its script is in a file or it loads more of it");
    }
    let Some(script) = call.rest.get(at) else {
        return walk.effects(call.words, Vec::new());
    };
    let mut effects: Vec<Effect> = positional(call.rest.get(at + 1..).unwrap_or_default())
        .filter(|word| !word.known_prefix().contains('='))
        .map(|word| Effect::Reads(walk.place(word)))
        .collect();
    match script.text() {
        Some(script) if !awk_does_more(&script) => {}
        Some(_) => effects
            .push(Effect::NotUnderstood("its script may run programs or write files".to_owned())),
        None => {
            effects.push(Effect::NotUnderstood("its script is not known before it runs".to_owned()))
        }
    }
    walk.effects(call.words, effects);
}

/// Whether a script of awk may run a program or write a file: `system(...)`, a pipe, `>` after
/// `print`, `getline`. Strings and patterns in it do not count.
fn awk_does_more(script: &str) -> bool {
    let mut code = String::new();
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                code.push('"');
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => drop(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            // A pattern begins where a division is impossible.
            '/' if !code
                .trim_end()
                .ends_with(|c: char| c.is_alphanumeric() || ")]\"_$".contains(c)) =>
            {
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => drop(chars.next()),
                        '/' => break,
                        _ => {}
                    }
                }
            }
            c => code.push(c),
        }
    }
    let compact: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let pipes = compact.replace("||", "");
    let prints_to_file = compact.match_indices("print").any(|(at, _)| {
        let statement = compact.get(at..).unwrap_or_default();
        let end = statement.find([';', '}', '\n']).unwrap_or(statement.len());
        statement.get(..end).is_some_and(|statement| statement.contains('>'))
    });
    compact.contains("system")
        || pipes.contains('|')
        || compact.contains("getline")
        || compact.contains('@')
        || script.contains("/inet")
        || prints_to_file
}
