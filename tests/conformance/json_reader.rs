//! The JSON reader accepts what RFC 8259 allows, in any chunking, and returns what an independent
//! reader finds.

use serde_json::Value;
use zerostack_core::wire::json_read::{JsonReader, MAX_DEPTH, Node, ROOT, Token};
use zerostack_tests::random::{Random, seed};
use zerostack_tests::shared;

/// A token without its borrow; pieces that follow each other are one.
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Begin(u8),
    End(u8),
    Text(u8, Vec<u8>),
    Number(u8, u32),
    Bool(u8, bool),
    Null(u8),
}

/// Reads `text` in chunks. `None`: it is not JSON.
fn read(nodes: &'static [Node], text: &[u8], chunk: usize) -> Option<Vec<Owned>> {
    let mut reader = JsonReader::new(nodes);
    let mut tokens: Vec<Owned> = Vec::new();
    let mut is_open = false;
    for chunk in text.chunks(chunk.max(1)) {
        let mut rest = chunk;
        while let Some(token) = reader.next(&mut rest).ok()? {
            let was_open = std::mem::replace(&mut is_open, matches!(token, Token::Piece(..)));
            match (token, tokens.last_mut()) {
                (Token::Piece(place, more), Some(Owned::Text(known, text))) if was_open => {
                    assert_eq!(*known, place);
                    text.extend_from_slice(more);
                }
                (Token::Piece(place, more), _) => tokens.push(Owned::Text(place, more.to_vec())),
                (Token::PieceEnd(_), Some(Owned::Text(..))) if was_open => {}
                (Token::PieceEnd(place), _) => tokens.push(Owned::Text(place, Vec::new())),
                (Token::Begin(place), _) => tokens.push(Owned::Begin(place)),
                (Token::End(place), _) => tokens.push(Owned::End(place)),
                (Token::Number(place, value), _) => tokens.push(Owned::Number(place, value)),
                (Token::Bool(place, value), _) => tokens.push(Owned::Bool(place, value)),
                (Token::Null(place), _) => tokens.push(Owned::Null(place)),
                (Token::Word(place, _), _) => panic!("nobody asked for a hash at {place}"),
            }
        }
        assert!(rest.is_empty(), "all of the input is used");
    }
    reader.finish().ok()?;
    Some(tokens)
}

#[test]
fn the_test_suite_is_accepted_and_refused_as_it_asks() {
    let Some(folder) = shared::folder("suites/json/test_parsing") else { return };
    let mut counts = [0; 3];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read(&path).unwrap();
        let whole = read(&[], &text, text.len());
        for chunk in [1, 2, 3, 7, 64] {
            assert_eq!(read(&[], &text, chunk), whole, "{name} in chunks of {chunk}");
        }
        match name.as_bytes()[0] {
            b'y' => {
                assert!(whole.is_some(), "{name} is refused");
                counts[0] += 1;
            }
            b'n' => {
                // Strings are bytes to the reader: what is text is checked where it is used.
                let is_utf8 = std::str::from_utf8(&text).is_ok();
                assert!(whole.is_none() || !is_utf8, "{name} is taken");
                counts[1] += 1;
            }
            _ => counts[2] += 1,
        }
    }
    println!("{} valid, {} invalid, {} either way", counts[0], counts[1], counts[2]);
    assert!(counts[0] > 90 && counts[1] > 180);
}

/// Keys that begin like one another, in an order that would mislead a careless search.
static PREFIXES: &[Node] = &Node::table([
    Node::new(ROOT, "abcd"),
    Node::new(ROOT, "ab"),
    Node::new(ROOT, "abc"),
    Node::raw(ROOT, "b"),
    Node::new(2, "ab"),
    Node::new(ROOT, "é"),
    Node::new(ROOT, "abce"),
]);

#[test]
fn keys_are_found_by_their_whole_name() {
    let text = r#"{"a":1,"ab":{"ab":2,"abc":9},"abc":3,"abcd":4,"abcde":5,"abce":6,"":7,
        "\u0061b":8,"\u00e9":9,"é":10,"b":"x","abcx":11,"c":{"ab":12},"ab":[{"ab":13},[14,{"ab":15}]]}"#;
    let wanted = vec![
        Owned::Begin(0),
        Owned::Begin(2),
        Owned::Number(5, 2),
        Owned::End(2),
        Owned::Number(3, 3),
        Owned::Number(1, 4),
        Owned::Number(7, 6),
        Owned::Number(2, 8),
        Owned::Number(6, 9),
        Owned::Number(6, 10),
        Owned::Text(4, b"x".to_vec()),
        Owned::Begin(2),
        Owned::Number(5, 13),
        Owned::End(2),
        Owned::Number(2, 14),
        Owned::Begin(2),
        Owned::Number(5, 15),
        Owned::End(2),
        Owned::End(0),
    ];
    for chunk in 1..=text.len() {
        assert_eq!(read(PREFIXES, text.as_bytes(), chunk).as_ref(), Some(&wanted), "{chunk}");
    }
}

#[test]
fn numbers_are_whole_parts() {
    static NODES: &[Node] = &Node::table([Node::new(ROOT, "n")]);
    for (text, value) in [
        ("0", 0),
        ("-0", 0),
        ("7", 7),
        ("4294967295", u32::MAX),
        ("4294967296", u32::MAX),
        ("99999999999999999999999", u32::MAX),
        ("-5", 0),
        ("12.9", 12),
        ("0.5", 0),
        ("-12.9", 0),
        ("3e2", 3),
        ("3.25E-2", 3),
    ] {
        let document = format!("{{\"n\":{text}}}");
        for chunk in 1..=document.len() {
            let tokens = read(NODES, document.as_bytes(), chunk).unwrap();
            assert_eq!(tokens[1], Owned::Number(1, value), "{text}");
        }
    }
}

#[test]
fn raw_values_come_as_they_were_written() {
    static NODES: &[Node] = &Node::table([Node::raw(ROOT, "raw")]);
    let seed = seed();
    for case in 0..400 {
        let mut random = Random::new(seed.wrapping_add(case));
        let value = random.json(5);
        let text = if random.once_in(2) {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string().replace("é", "\\u00e9").replace("🦀", "\\ud83e\\udd80")
        };
        let document = format!(r#"{{"a":{text},"raw": {text} , "z":[{text}]}}"#);
        for chunk in [1, 2, 3, 7, document.len()] {
            let tokens = read(NODES, document.as_bytes(), chunk).unwrap();
            let found = &tokens[1];
            match (&value, found) {
                (Value::Object(_) | Value::Array(_), Owned::Text(1, raw)) => {
                    assert_eq!(raw, text.as_bytes(), "case {case}");
                }
                (Value::String(string), Owned::Text(1, piece)) => {
                    assert_eq!(piece, string.as_bytes(), "case {case}");
                }
                (Value::Number(_), Owned::Number(1, _)) | (Value::Null, Owned::Null(1)) => {}
                (Value::Bool(value), Owned::Bool(1, found)) => assert_eq!(value, found),
                _ => panic!("case {case}: {found:?} for {value}"),
            }
        }
    }
}

#[test]
fn depth_is_bounded_at_its_limit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for (depth, fits) in
            [(1, true), (MAX_DEPTH - 1, true), (MAX_DEPTH, true), (MAX_DEPTH + 1, false)]
        {
            let text = open.repeat(depth) + "0" + &close.repeat(depth);
            assert_eq!(read(&[], text.as_bytes(), 5).is_some(), fits, "{depth}");
        }
    }
}

/// `key` under the root and under itself, several levels.
static NESTED: &[Node] = &Node::table([
    Node::new(ROOT, "a"),
    Node::new(1, "a"),
    Node::new(2, "a"),
    Node::new(1, "word "),
]);

#[test]
fn random_documents_are_read_as_by_serde_json() {
    let seed = seed();
    let (mut valid, mut invalid) = (0, 0);
    for case in 0..4000 {
        let mut random = Random::new(seed.wrapping_add(case));
        let value = Value::Object(
            [("a".to_owned(), random.json(4)), ("b".to_owned(), random.json(3))]
                .into_iter()
                .collect(),
        );
        let mut text = value.to_string().into_bytes();
        if random.once_in(2) {
            // Broken somewhere, or not.
            let at = random.below(text.len());
            match random.below(3) {
                0 => text[at] = *random.one_of(b"{}[]\",:0123456789.eE+-\\untrf \n\x00"),
                1 => drop(text.remove(at)),
                _ => text.truncate(at),
            }
        }
        // What is not UTF-8 is not for this reader to refuse.
        let Ok(theirs) = std::str::from_utf8(&text) else { continue };
        let theirs: Result<Value, _> = serde_json::from_str(theirs);
        let ours = read(NESTED, &text, 1 + random.below(20));
        let shown = String::from_utf8_lossy(&text);
        match &theirs {
            // It refuses half pairs and numbers beyond its range, which we take.
            Err(error) if ours.is_some() => {
                let text = error.to_string();
                let known = ["surrogate", "out of range", "hex escape"];
                assert!(
                    known.iter().any(|known| text.contains(known)),
                    "case {case}: {shown}: {text}"
                );
            }
            Err(_) => invalid += 1,
            Ok(value) => {
                let ours = ours.unwrap_or_else(|| panic!("case {case}: {shown} is refused"));
                if value == &serde_json::from_slice::<Value>(&text).unwrap() {
                    let strings = strings_of(value);
                    let found: Vec<_> = ours.iter().filter_map(text_of).collect();
                    // Of a key that occurs twice, theirs keeps one only.
                    if shown.matches("\"a\":").count() <= 1 {
                        assert_eq!(found, strings, "case {case}: {shown}");
                    }
                }
                valid += 1;
            }
        }
    }
    println!("{valid} valid, {invalid} invalid");
    assert!(valid > 1000 && invalid > 500);
}

fn text_of(token: &Owned) -> Option<String> {
    match token {
        Owned::Text(1, text) => Some(String::from_utf8(text.clone()).unwrap()),
        _ => None,
    }
}

/// The strings at the place `a`, arrays being transparent.
fn strings_of(value: &Value) -> Vec<String> {
    fn collect(value: &Value, strings: &mut Vec<String>) {
        match value {
            Value::String(text) => strings.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|value| collect(value, strings)),
            _ => {}
        }
    }
    let mut strings = Vec::new();
    if let Some(value) = value.get("a") {
        collect(value, &mut strings);
    }
    strings
}
