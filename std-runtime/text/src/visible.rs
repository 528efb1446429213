//! Text from outside before a terminal shows it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with all characters made visible that a terminal would interpret or hide: controls, which
/// move the cursor and overwrite lines, those that change the direction of writing, and invisible
/// ones. Line feeds and tabs stay.
///
/// All text from models and servers and all file names pass through here before a person sees them.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Most text is plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let acts = |character: char| is_acting(character) && !matches!(character, '\n' | '\t');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !acts(character) => out.push(character),
            // The pictures that Unicode has for them.
            '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(character))),
            '\x7f' => out.push('\u{2421}'),
            other => _ = write!(out, "<U+{:04X}>", u32::from(other)),
        }
    }
    Cow::Owned(out)
}

/// The same on one line: line feeds and tabs are blanks.
pub fn visible_line(text: &str) -> String {
    let line = text.replace("\r\n", " ").replace(['\n', '\t', '\r', '\u{2028}', '\u{2029}'], " ");
    visible(&line).into_owned()
}

/// Whether a terminal does anything other than show the character.
pub fn is_acting(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_become_visible() {
        assert_eq!(visible("a\x1b[2K\r\x07\u{9b}b\n\tc\x7f"), "a␛[2K␍␇<U+009B>b\n\tc␡");
        assert_eq!(visible("\u{202e}gnp\u{2066}"), "<U+202E>gnp<U+2066>");
        assert_eq!(visible("a\u{200b}\u{e0041}"), "a<U+200B><U+E0041>");
        // Joiners make characters of many languages.
        assert!(matches!(visible("é 😀\u{200d} نمی\u{200c}خواهم\n"), Cow::Borrowed(_)));
        assert_eq!(visible_line("a\r\nb\tc\x1b"), "a b c␛");
    }
}
