//! Writes the class tables of the pre-tokenizer: `unicode-classes runs|pages|signs > FILE`.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, HirKind};

/// The classes in the order of their numbers; a space and what is left over have their own rules.
const CLASSES: [(&str, u8); 5] = [
    (r"[\p{Lu}\p{Lt}]", UPPER),
    (r"\p{Ll}", LOWER),
    (r"[\p{Lm}\p{Lo}]", LETTER),
    (r"\p{M}", MARK),
    (r"\p{N}", NUMBER),
];
const OTHER: u8 = 0;
const UPPER: u8 = 1;
const LOWER: u8 = 2;
const LETTER: u8 = 3;
const MARK: u8 = 4;
const NUMBER: u8 = 5;
const SPACE: u8 = 6;
const NEWLINE: u8 = 7;
/// In runs only: even code points are upper case and odd ones lower case, or the reverse.
const EVEN_UPPER: u8 = 6;
const ODD_UPPER: u8 = 7;
const CODE_POINTS: usize = 0x11_0000;
const PAGE: usize = 128;

fn main() -> Result<(), String> {
    let classes = classes()?;
    let text = match std::env::args().nth(1).as_deref() {
        Some("runs") => runs(&classes),
        Some("pages") => pages(&classes),
        Some("signs") => signs(&classes)?,
        _ => return Err("usage: unicode-classes runs|pages|signs".into()),
    };
    print!("{text}");
    Ok(())
}

fn ranges(pattern: &str) -> Result<Vec<(usize, usize)>, String> {
    let hir = regex_syntax::parse(pattern).map_err(|error| error.to_string())?;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Ok(class.iter().map(|range| (range.start() as usize, range.end() as usize)).collect())
        }
        _ => Err(format!("{pattern} is not a class")),
    }
}

fn classes() -> Result<Vec<u8>, String> {
    let mut classes = vec![OTHER; CODE_POINTS];
    for (pattern, class) in CLASSES.into_iter().chain([(r"\s", SPACE), (r"[\r\n]", NEWLINE)]) {
        for (first, last) in ranges(pattern)? {
            classes[first..=last].fill(class);
        }
    }
    Ok(classes)
}

/// Sorted words: first code point << 3 | class. Spaces outside ASCII are a list of their own.
fn runs(classes: &[u8]) -> String {
    let mut runs: Vec<(usize, u8)> = Vec::new();
    let plain = |at: usize| match classes[at] {
        SPACE | NEWLINE => OTHER,
        class => class,
    };
    let cased = |at: usize| (plain(at) == UPPER || plain(at) == LOWER).then(|| plain(at) == UPPER);
    let mut at = 128;
    while at < CODE_POINTS {
        let mut end = at + 1;
        let alternates =
            |end: usize| cased(end).is_some() && cased(end) == cased(end - 1).map(|u| !u);
        while end < CODE_POINTS && cased(at).is_some() && alternates(end) {
            end += 1;
        }
        let class = if end - at >= 2 {
            if cased(at) == Some(at % 2 == 0) { EVEN_UPPER } else { ODD_UPPER }
        } else {
            while end < CODE_POINTS && plain(end) == plain(at) {
                end += 1;
            }
            plain(at)
        };
        // A run of one case that the next alternation continues keeps its last letter to itself.
        if runs.last().is_none_or(|&(_, last)| last != class) {
            runs.push((at, class));
        }
        at = end;
    }
    let spaces: Vec<usize> = (128..CODE_POINTS).filter(|&at| classes[at] == SPACE).collect();
    let mut text = head("runs");
    text += "/// First code point of a run, shifted left by 3, and the number of its class. Below 128 not listed.\n";
    list(&mut text, "RUNS", "u32", runs.iter().map(|&(at, class)| at << 3 | class as usize));
    text += "\n/// White space outside ASCII.\n";
    list(&mut text, "SPACES", "u16", spaces.into_iter());
    text
}

/// Pages of 128 code points, two classes a byte, and the page of each 128.
fn pages(classes: &[u8]) -> String {
    let mut pages: Vec<&[u8]> = Vec::new();
    let mut index = Vec::new();
    for page in classes.chunks(PAGE) {
        let place = pages.iter().position(|&known| known == page).unwrap_or_else(|| {
            pages.push(page);
            pages.len() - 1
        });
        index.push(place);
    }
    let mut text = head("pages");
    text += "/// The page of each 128 code points.\n";
    list(&mut text, "INDEX", "u8", index.into_iter());
    text += "\n/// The class of each code point of each page, two a byte, the even one low.\n";
    let bytes =
        pages.iter().flat_map(|page| page.chunks(2)).map(|two| (two[0] | two[1] << 4) as usize);
    list(&mut text, "PAGES", "u8", bytes);
    text
}

/// Where, among what is left over, punctuation and symbols start and end.
fn signs(classes: &[u8]) -> Result<String, String> {
    let mut is_sign = vec![false; CODE_POINTS];
    for (first, last) in ranges(r"[\p{P}\p{S}]")? {
        is_sign[first..=last].fill(true);
    }
    let mut changes = Vec::new();
    for at in (128..CODE_POINTS).filter(|&at| classes[at] == OTHER) {
        if is_sign[at] != (changes.len() % 2 == 1) {
            changes.push(at);
        }
    }
    let mut text = head("signs");
    text += "/// Boundaries in turn: from the first on, code points of no other class are signs; from the next on, they are not.\n";
    list(&mut text, "CHANGES", "u32", changes.into_iter());
    Ok(text)
}

fn head(kind: &str) -> String {
    format!(
        "//! Classes of code points, Unicode 16.0.\n//!\n//! Written by `just unicode-classes` ({kind}); do not edit.\n\n"
    )
}

fn list(text: &mut String, name: &str, kind: &str, numbers: impl Iterator<Item = usize>) {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let _ = writeln!(
        text,
        "#[rustfmt::skip]\npub(super) const {name}: [{kind}; {}] = [",
        numbers.len()
    );
    let mut line = String::from("   ");
    for number in numbers {
        if line.len() + number.len() > 96 {
            let _ = writeln!(text, "{line}");
            line = String::from("   ");
        }
        let _ = write!(line, " {number},");
    }
    let _ = writeln!(text, "{line}\n];");
}
