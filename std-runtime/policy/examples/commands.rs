//! Prints the names of the programs in scripts, for a comparison with bash
//! (`differential.py`): one JSON string per line in, one JSON array per line out, or `null` for a
//! script that is not understood.

use std::io::{BufRead as _, Write as _};

use zerostack_policy::shell::{Command, Script, Word, parse};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let source: String = serde_json::from_str(&line?)?;
        let names = parse(&source).ok().map(|script| {
            let mut names = Vec::new();
            collect(&script, &mut names);
            names
        });
        writeln!(out, "{}", serde_json::to_string(&names)?)?;
    }
    Ok(())
}

fn collect(script: &Script, names: &mut Vec<String>) {
    for command in &script.commands {
        match command {
            Command::Simple(simple) => {
                // An assignment may also hold a substitution.
                simple.assignments.iter().for_each(|it| inner(&it.value, names));
                simple.words.iter().for_each(|word| inner(word, names));
                simple.redirects.iter().for_each(|it| inner(&it.target, names));
                // An unknown name is `?`: it may be any.
                let known = |word: &Word| word.text().unwrap_or_else(|| "?".to_owned());
                names.extend(simple.words.first().map(known));
            }
            Command::Words(words) => words.iter().for_each(|word| inner(word, names)),
            Command::Redirects(redirects) => {
                redirects.iter().for_each(|it| inner(&it.target, names));
            }
            _ => {}
        }
    }
}

fn inner(word: &Word, names: &mut Vec<String>) {
    word.substitutions.iter().for_each(|script| collect(script, names));
}
