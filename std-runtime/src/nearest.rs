//! The name that was meant.

/// The one of `names` that is most similar to `word`, if one is similar.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let alike = names.into_iter().map(|name| {
        let distance = strsim::osa_distance(&word, name);
        // One slip is a slip, however short the word; a long word may have more of them.
        let score = if distance <= 1 { 2.0 } else { strsim::jaro_winkler(&word, name) };
        (score, name)
    });
    let alike = alike.filter(|(score, name)| {
        *score >= 2.0 || (*score >= ALIKE && word.len() > 2 && name.len() > 2)
    });
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// The least similarity at which a name may have been meant.
const ALIKE: f64 = 0.85;

#[cfg(test)]
mod tests {
    use super::*;

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
