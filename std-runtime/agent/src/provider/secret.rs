//! Values that must not be printed, and the search for them in output.

use std::fmt;

use memchr::memmem;

/// A key or a password. `Debug` shows nothing of it, there is no `Display`, and it cannot be
/// compared; [`expose`](Self::expose) returns the text.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the header it goes into.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is worth hiding. Local servers take any key, so people set `none` or `ollama`;
    /// an ordinary or very short word occurs in many texts.
    pub fn is_worth_hiding(&self) -> bool {
        let text = self.0.to_ascii_lowercase();
        let first = text.chars().next();
        self.0.len() >= MIN_SECRET_BYTES
            && !PLACEHOLDERS.contains(&text.as_str())
            && text.chars().any(|character| Some(character) != first)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The keys of a run, to be kept out of errors, events, tapes and results.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// The ones of `all` that are [worth hiding](Secret::is_worth_hiding).
    pub fn new(all: impl IntoIterator<Item = Secret>) -> Self {
        let mut kept: Vec<Secret> = all.into_iter().filter(Secret::is_worth_hiding).collect();
        // One may contain another: the longer one goes first.
        kept.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Self(kept)
    }

    /// `text` with `(key)` in the place of each.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "(key)");
            }
        }
        if self.are_in(text.as_bytes()) { "(a text with the key in it)".to_owned() } else { text }
    }

    /// Whether one of them is in `bytes`: plain, escaped as in JSON (once or twice), or as in a
    /// URL.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let found = |bytes: &[u8]| {
            self.0.iter().any(|secret| memmem::find(bytes, secret.0.as_bytes()).is_some())
        };
        if found(bytes) || found(&without_percent(bytes)) {
            return true;
        }
        if memchr::memchr(b'\\', bytes).is_none() {
            return false;
        }
        let once = without_escapes(bytes);
        found(&once) || found(&without_percent(&once)) || found(&without_escapes(&once))
    }

    /// The most bytes that one of them takes in any form that [`are_in`](Self::are_in) knows.
    pub fn longest(&self) -> usize {
        // `\\u003d` for one byte.
        self.0.first().map_or(0, |secret| 7 * secret.0.len())
    }
}

/// `bytes` with the escapes of JSON strings resolved.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let code = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        (rest, _) = match (first, after) {
            (b'\\', [b'u', digits @ ..]) if digits.len() >= 4 => {
                let (digits, after) = digits.split_at(4);
                let character = code(digits).and_then(char::from_u32).unwrap_or('\u{fffd}');
                let mut buffer = [0; 4];
                (after, plain.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()))
            }
            (b'\\', [escaped, after @ ..]) => (after, plain.push(*escaped)),
            _ => (after, plain.push(*first)),
        };
    }
    plain
}

/// `bytes` with `%3D` and the like decoded.
fn without_percent(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        (rest, _) = match (first, byte) {
            (b'%', Some(byte)) => (after.get(2..).unwrap_or_default(), plain.push(byte)),
            _ => (after, plain.push(*first)),
        };
    }
    plain
}

/// `value`, quoted, for an error that it caused: whole if it is a word, else its beginning. A key
/// in the wrong field must not be printed, and a long text need not be.
pub fn shown(value: &str) -> String {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_word = value.len() <= MAX_WORD_BYTES && !(value.len() >= 12 && digits >= 3);
    if is_word && !begins_like_key(value) {
        return format!("{value:?}");
    }
    let beginning: String = value.chars().take(4).collect();
    format!("{:?}", format!("{beginning}…"))
}

/// `name` of a variable for people: its beginning if it rather looks like the key itself.
pub(crate) fn variable_name(name: &str) -> String {
    let is_usual = name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && (name.contains('_') || name.len() < 16);
    if is_usual && !begins_like_key(name) { name.to_owned() } else { shown(name) }
}

/// Whether `text` begins as the keys of the providers do.
pub(crate) fn begins_like_key(text: &str) -> bool {
    text.len() >= MIN_SECRET_BYTES && KEY_BEGINNINGS.iter().any(|start| text.starts_with(start))
}

/// Shorter ones occur in ordinary text by chance, and are easily guessed.
const MIN_SECRET_BYTES: usize = 8;

/// Names of dialects, providers and modes are shorter.
const MAX_WORD_BYTES: usize = 24;

/// Placeholder keys from documentation, for servers that accept any key, in lower case.
const PLACEHOLDERS: &[&str] = &[
    "anything",
    "changeme",
    "dummy-key",
    "dummykey",
    "fake-key",
    "lm-studio",
    "lmstudio",
    "llama.cpp",
    "local-key",
    "localhost",
    "no-key-required",
    "no_key_required",
    "no-api-key",
    "not-needed",
    "not-required",
    "not_needed",
    "not_required",
    "placeholder",
    "sk-dummy",
    "sk-ignored",
    "sk-no-key-required",
    "sk-none",
    "sk-ollama",
    "sk-placeholder",
    "sk-test",
    "test-key",
    "test_key",
    "testing",
    "token-abc123",
    "undefined",
    "your-api-key",
];

/// As they are documented by those who issue them.
const KEY_BEGINNINGS: &[&str] = &[
    "ABSK",
    "AIza",
    "AKIA",
    "Bearer ",
    "csk-",
    "eyJ",
    "fw_",
    "ghp_",
    "github_pat_",
    "glpat-",
    "gsk_",
    "hf_",
    "key-",
    "nvapi-",
    "pk-",
    "pk_",
    "r8_",
    "rk_",
    "sk-",
    "sk_",
    "tgp_",
    "xai-",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(keys: &[&str]) -> Secrets {
        Secrets::new(keys.iter().map(|key| Secret::new(*key)))
    }

    #[test]
    fn a_key_is_found_in_every_form_that_a_server_may_echo() {
        let secrets = secrets(&["AB/hunter2=="]);
        for echo in [
            r"AB/hunter2==",
            r"AB\/hunter2\u003d\u003D",
            r"AB\\/hunter2\\u003d\\u003d",
            r"\u0041B/hunter2==",
            "AB%2Fhunter2%3d%3D",
        ] {
            assert!(secrets.are_in(format!("wrong {echo}!").as_bytes()), "{echo}");
            assert!(!secrets.redact(&format!("wrong {echo}!")).contains("hunter2"), "{echo}");
        }
        for other in ["", "AB/hunter2=", "\\", "\\u00", "%", "%3", "%zz", "hunter2"] {
            assert!(!secrets.are_in(other.as_bytes()), "{other}");
            assert_eq!(secrets.redact(other), other);
        }
        assert_eq!(secrets.redact("AB/hunter2== is wrong"), "(key) is wrong");
    }

    #[test]
    fn the_longer_of_two_keys_is_hidden_whole() {
        assert_eq!(secrets(&["sk-hunter", "sk-hunter2-more"]).redact("sk-hunter2-more"), "(key)");
    }

    #[test]
    fn placeholders_and_short_keys_are_not_secrets() {
        for key in ["", "x", "none", "EMPTY", "ollama", "test", "sk-test", "No-Key-Required"] {
            assert_eq!(secrets(&[key]).redact("no test of ollama x"), "no test of ollama x");
            assert!(!Secret::new(key).is_worth_hiding(), "{key}");
        }
        assert!(!Secret::new("xxxxxxxxxxxx").is_worth_hiding());
        assert!(Secret::new("sk-hunter2").is_worth_hiding());
    }

    #[test]
    fn a_wrong_word_is_shown_whole_and_what_may_be_a_key_is_not() {
        for word in ["", "opneai", "openai-respnoses", "gpt-5.2", "m4"] {
            assert_eq!(shown(word), format!("{word:?}"));
        }
        for key in ["sk-hunter2", "0123456789abcdef", "hf_abcdefgh", &"x".repeat(90_000)] {
            let shown = shown(key);
            assert!(shown.chars().count() <= 7 && shown.ends_with("…\""), "{shown}");
        }
    }
}
