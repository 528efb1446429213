//! The first words of a body that is not a reply: the title of a web page, which precedes all other
//! text, or the first line of plain text. Gateways and proxies answer like this.

use super::hash::{START, add, hash};

/// Finds them, in any chunking.
#[derive(Clone, Debug)]
pub(crate) struct FirstText {
    state: State,
    place: Place,
    /// The hash of the received part of the tag's name: half of one tells four names
    /// apart from all others that pages have.
    name: u16,
}

/// Where it is in the tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A text without tags.
    Plain,
    Page,
    /// A script or a style of a page.
    Hidden,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Only white space so far.
    Start,
    TagName,
    Tag,
    /// Between two tags.
    Between,
    Text,
    Over,
}

impl FirstText {
    pub const fn new() -> Self {
        Self { state: State::Start, place: Place::Plain, name: EMPTY }
    }

    /// Reads from the front of `input`, which it advances, until some of the text is found. `None`: the
    /// input is used up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        while let Some((&byte, rest)) = input.split_first() {
            if self.state == State::Over {
                // The rest may be long.
                *input = &[];
                break;
            }
            let before = *input;
            *input = rest;
            self.state = match (self.state, byte) {
                (State::Start, b'<') => {
                    self.place = Place::Page;
                    State::TagName
                }
                (State::Between, b'<') => State::TagName,
                (State::Text, b'<') if self.place != Place::Plain => State::Over,
                (State::Text, b'\n' | b'\r') => State::Over,
                // A script may hold the sign.
                (State::TagName | State::Tag, b'<') if self.place == Place::Hidden => {
                    self.name = EMPTY;
                    State::TagName
                }
                (State::TagName | State::Tag, b'>') => {
                    self.end_tag();
                    State::Between
                }
                (State::TagName, b' ' | b'\t' | b'\n' | b'\r') => State::Tag,
                (State::TagName, _) => {
                    self.name = add(u32::from(self.name), byte.to_ascii_lowercase()) as u16;
                    State::TagName
                }
                (State::Tag, _) => State::Tag,
                (State::Over, _) => State::Over,
                (state @ (State::Start | State::Between), _)
                    if byte.is_ascii_whitespace() || self.place == Place::Hidden =>
                {
                    state
                }
                (State::Start | State::Between | State::Text, _) => {
                    let is_text = |byte: &u8| {
                        !matches!(byte, b'\n' | b'\r')
                            && (*byte != b'<' || self.place == Place::Plain)
                    };
                    let length = before.iter().position(|byte| !is_text(byte));
                    let (text, after) = before.split_at_checked(length.unwrap_or(before.len()))?;
                    (*input, self.state) = (after, State::Text);
                    return Some(text);
                }
            };
        }
        None
    }

    fn end_tag(&mut self) {
        match core::mem::replace(&mut self.name, EMPTY) {
            SCRIPT | STYLE => self.place = Place::Hidden,
            SCRIPT_END | STYLE_END => self.place = Place::Page,
            _ => {}
        }
    }
}

const EMPTY: u16 = START as u16;
const SCRIPT: u16 = hash(b"script") as u16;
const SCRIPT_END: u16 = hash(b"/script") as u16;
const STYLE: u16 = hash(b"style") as u16;
const STYLE_END: u16 = hash(b"/style") as u16;

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::String;
    use std::vec::Vec;

    use super::FirstText;

    #[test]
    fn the_title_of_a_page_or_the_first_line_of_a_text_in_every_chunking() {
        for (body, expected) in [
            ("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>", "502 Bad Gateway"),
            (
                "\n<!DOCTYPE html><!--[if lt IE 7]> <html class=\"a\"> <![endif]-->\n<head>\
                 <style>p > a { x: 1 }</style>\n<title>a.test | 521: Web server is down</title>",
                "a.test | 521: Web server is down",
            ),
            ("<SCRIPT type=x>if (a<b) { no() }</SCRIPT ><h1>Overloaded</h1>", "Overloaded"),
            ("<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "AccessDenied"),
            ("upstream connect error <reset>\nmore", "upstream connect error <reset>"),
            (" \r\nerror code: 502", "error code: 502"),
            ("<html></html>", ""),
            ("<title>\n</title><p>Grüße</p>", "Grüße"),
            ("", ""),
        ] {
            for length in 1..=body.len().max(1) {
                let mut reader = FirstText::new();
                let mut found = Vec::new();
                for mut chunk in body.as_bytes().chunks(length) {
                    while let Some(text) = reader.next(&mut chunk) {
                        assert!(!text.is_empty());
                        found.extend_from_slice(text);
                    }
                    assert!(chunk.is_empty());
                }
                assert_eq!(String::from_utf8(found).unwrap(), expected, "{body} by {length}");
            }
        }
    }
}
