//! The name that was meant.

/// The one of `names` that is most similar to `word`, if one is similar.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let alike = names.into_iter().map(|name| {
        let distance = strsim::osa_distance(&word, name);
        // One slip is a slip, however short the word; a long word may have more of them. Two
        // letters have nothing in common.
        let is_slip = distance <= 1 && word.len().max(name.len()) > 1;
        let score = if is_slip { 2.0 } else { strsim::jaro_winkler(&word, name) };
        (score, name)
    });
    let alike = alike.filter(|(score, name)| {
        *score >= 2.0 || (*score >= ALIKE && word.len() > 2 && name.len() > 2)
    });
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// The least similarity at which a name may have been meant.
const ALIKE: f64 = 0.85;

/// The one of `flags` that is most similar to `word`, or the only one that has `word` as a part
/// (`effort`: `reasoning-effort`) or begins with the same four letters (`timeout`: `time-limit`).
pub(crate) fn nearest_flag<'a>(word: &str, flags: &[&'a str]) -> Option<&'a str> {
    let only = |has: &dyn Fn(&str) -> bool| {
        let mut found = flags.iter().copied().filter(|flag| has(flag));
        found.next().filter(|_| found.next().is_none())
    };
    nearest(word, flags.iter().copied())
        .or_else(|| only(&|flag| flag.split('-').any(|part| part == word)))
        .or_else(|| word.get(..4).and_then(|start| only(&|flag| flag.starts_with(start))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_by_a_part_or_a_beginning_that_no_other_has() {
        let flags =
            ["fork", "output-schema", "reasoning-effort", "time-limit", "idle-limit", "env"];
        for (word, expected) in [
            ("effort", Some("reasoning-effort")),
            ("schema", Some("output-schema")),
            ("timelimit", Some("time-limit")),
            ("timeout", Some("time-limit")),
            ("limit", None),
            ("no-such", None),
            ("events", None),
        ] {
            assert_eq!(nearest_flag(word, &flags), expected, "{word}");
        }
    }

    #[test]
    fn one_letter_is_not_like_another() {
        assert_eq!(nearest("a", ["1", "b"]), None);
    }

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = ["run", "fix", "log", "prompts", "lint", "completions", "explain", "document"];
        for (word, expected) in [
            ("fxi", Some("fix")),
            ("lnit", Some("lint")),
            ("prompt", Some("prompts")),
            ("Explan", Some("explain")),
            ("lo", Some("log")),
            ("complete", Some("completions")),
            ("go", None),
            ("x", None),
            ("do", None),
            ("make", None),
            ("count", None),
            ("refactor", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}
