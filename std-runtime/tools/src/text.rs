//! Bytes as text for a model.

use std::path::Path;

pub(super) use zerostack_text::counted;

/// Appends `bytes`, each maximal part that is not UTF-8 as one U+FFFD; whether there was one.
pub(super) fn push_lossy(out: &mut String, bytes: &[u8]) -> bool {
    let mut replaced = false;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            replaced = true;
        }
    }
    replaced
}

/// The longest start of `bytes` that has at most `max_bytes` and does not end inside a character.
pub(super) fn head(bytes: &[u8], max_bytes: usize) -> &[u8] {
    let Some((kept, rest)) = bytes.split_at_checked(max_bytes) else { return bytes };
    if rest.first().is_none_or(|&b| !is_continuation(b)) {
        return kept;
    }
    // A character has at most three bytes after its first.
    let lead = kept.iter().rev().take(3).position(|&b| !is_continuation(b));
    match lead {
        Some(back) if kept[kept.len() - 1 - back] >= 0xC0 => &kept[..kept.len() - 1 - back],
        _ => kept,
    }
}

/// A continuation byte of UTF-8.
pub(super) fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// A path as a person writes it: lossy, without a leading `./`; whether it was replaced in part.
pub(super) fn push_path(out: &mut String, path: &Path) -> bool {
    let path = path.strip_prefix(".").ok().filter(|p| !p.as_os_str().is_empty()).unwrap_or(path);
    push_lossy(out, path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_never_cuts_a_character_and_keeps_stray_bytes() {
        let text = "aé€😀".as_bytes();
        let whole = [0, 1, 3, 6, 10];
        for max in 0..=text.len() {
            let expected = whole.iter().rev().find(|&&end| end <= max).unwrap();
            assert_eq!(head(text, max).len(), *expected, "max {max}");
        }
        assert_eq!(head(b"ab\x80\x80\x80\x80", 4), b"ab\x80\x80");
    }

    #[test]
    fn push_lossy_replaces_each_invalid_part_once() {
        let mut out = String::new();
        assert!(push_lossy(&mut out, b"a\xffb\xe2\x82c"));
        assert_eq!(out, "a\u{fffd}b\u{fffd}c");
        assert!(!push_lossy(&mut out, "é".as_bytes()));
    }
}
