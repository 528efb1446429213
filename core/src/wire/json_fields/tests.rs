//! Documents in every chunking, beside serde_json, and what is refused.

extern crate std;
use super::*;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

/// Every value with its path, its kind and its text, in the order in which they end.
type Values = Vec<(String, FieldKind, String)>;

/// What is read of `pieces`.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Result<Values, Error> {
    let mut reader = FieldReader::new();
    let (mut open, mut values) = (Vec::<(String, String)>::new(), Vec::new());
    let mut take = |path: &str, begins: bool, ends: Option<FieldKind>, more: &str| {
        if begins {
            open.push((path.into(), String::new()));
        }
        let (begun, text) = open.last_mut().expect("what goes on has begun");
        assert_eq!(begun, path);
        text.push_str(more);
        if let Some(kind) = ends {
            values.extend(open.pop().map(|(path, text)| (path, kind, text)));
        }
    };
    for mut piece in pieces {
        loop {
            let (begins, ends, more) = match reader.next(&mut piece)? {
                None => break,
                Some(FieldEvent::Begin(_)) => (true, None, String::new()),
                Some(FieldEvent::Piece(text)) => (false, None, String::from(text)),
                Some(FieldEvent::End(kind)) => (false, Some(kind), String::new()),
            };
            assert_eq!(more.is_empty(), begins || ends.is_some());
            take(reader.path(), begins, ends, &more);
        }
    }
    if let Some(FieldEvent::End(kind)) = reader.finish()? {
        take(reader.path(), false, Some(kind), "");
    }
    assert!(reader.is_done());
    Ok(values)
}

const HALVES: &str =
    r#"["\ud83d","\ud83dx","\ude00","\ud83d\n","\ud83d\u0041","\ud83d\ud83d\ude00"]"#;

const DOCUMENTS: [&str; 16] = [
    r#"{}"#,
    r#"[]"#,
    r#" "" "#,
    r#"-12.50e+3"#,
    r#"0"#,
    r#"true"#,
    r#"null"#,
    r#"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#,
    r#"{"":{"":[]},"a/b~c":0,"é\n\u00e9\/":"x"}"#,
    r#"[[1,2],[],[[3]],{"a":[4]}]"#,
    r#"{"t":"a\"\\\/\b\f\n\r\té😀\u00e9\ud83d\ude00z"}"#,
    HALVES,
    r#"[0,1,2,3,4,5,6,7,8,9,10,11,[12],13]"#,
    "{ \"a\" : [ 1 , 2 ] ,\r\n\t\"b\" : \"\" }",
    r#"{"a key of more than thirty-two bytes, which are read as a text":{"thirty-two bytes, neither less":1,"one more than thirty-two of them-":2}}"#,
    r#"{"":{"é":1,"a\u00e9":2,"a~b/c":3,"\n":4},"b":"\t\ud83d\ude00\\"}"#,
];

#[test]
fn every_chunking_gives_the_same() {
    for document in DOCUMENTS {
        let whole = read([document]).unwrap_or_else(|error| panic!("{document}: {error}"));
        for first in 0..=document.len() {
            for second in first..=document.len() {
                let cuts = [0, first, second, document.len()];
                if cuts.iter().any(|cut| !document.is_char_boundary(*cut)) {
                    continue;
                }
                let pieces = cuts.windows(2).map(|cut| &document[cut[0]..cut[1]]);
                assert_eq!(read(pieces).as_ref(), Ok(&whole), "{document}: {first}, {second}");
            }
        }
        let letters = document.split_inclusive(|_| true);
        assert_eq!(read(letters).as_ref(), Ok(&whole), "{document}");
    }
}

#[test]
fn values_are_what_serde_reads() {
    for document in DOCUMENTS {
        if document == HALVES {
            // It refuses them.
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(document).unwrap();
        for (path, kind, text) in read([document]).unwrap() {
            let found = value.pointer(&path).unwrap_or_else(|| panic!("{document}: {path}"));
            match kind {
                FieldKind::Object => assert!(found.is_object(), "{path}"),
                FieldKind::Array => assert!(found.is_array(), "{path}"),
                FieldKind::String => assert_eq!(found.as_str(), Some(text.as_str())),
                FieldKind::Number | FieldKind::Word => {
                    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(found, &read, "{path}");
                }
            }
        }
    }
}

#[test]
fn half_pairs_alone_become_replacements() {
    let values = read([HALVES]).unwrap();
    let texts: Vec<&str> = values.iter().map(|it| it.2.as_str()).take(6).collect();
    let lone = "\u{fffd}";
    let expected = ["", "x", "", "\n", "A", "😀"].map(|rest| format!("{lone}{rest}"));
    assert_eq!(texts, expected);
    assert_eq!(read([r#"{"\ud83d\u0041":1}"#]).unwrap()[0].0, format!("/{lone}A"));
}

#[test]
fn what_is_no_json_is_refused_and_what_is_not_whole_too() {
    for wrong in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "[1,",
        "[1,]",
        "{,}",
        "{\"a\":1,}",
        "{1:2}",
        "[1 2]",
        "]",
        "}",
        "[}",
        "{]",
        "01",
        "1.",
        "-",
        "1e",
        "1e+",
        ".5",
        "+1",
        "tru",
        "nul",
        "truee",
        "True",
        "nan",
        "'a'",
        "\"\n\"",
        "\"\\x\"",
        "1 2",
        "\"\\u12g4\"",
        "{} {}",
        "\"\\ud83d",
        "é",
        "[é]",
        "{\"a\" 1}",
        "{\"a\"::1}",
    ] {
        assert!(serde_json::from_str::<serde_json::Value>(wrong).is_err(), "{wrong}");
        assert!(read([wrong]).is_err(), "{wrong}");
        assert!(read(wrong.split_inclusive(|_| true)).is_err(), "{wrong}");
    }
}

#[test]
fn depth_and_paths_have_limits() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read([nested(MAX_FIELD_DEPTH).as_str()]).is_ok());
    let error = read([nested(MAX_FIELD_DEPTH + 1).as_str()]).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::TooDeep, 64));
    let keyed = |length| format!("{{\"{}\":1}}", "k".repeat(length));
    assert!(read([keyed(MAX_PATH_BYTES - 1).as_str()]).is_ok());
    let error = read([keyed(MAX_PATH_BYTES).as_str()]).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::TooLong, 192));
    // A value may be of any length.
    let long = format!("[\"{}\"]", "é".repeat(100_000));
    assert_eq!(read([long.as_str()]).unwrap()[0].2.len(), 200_000);
}

#[test]
fn indices_grow_in_digits() {
    let list = format!("[{}]", vec!["0"; 1001].join(","));
    let values = read([list.as_str()]).unwrap();
    for index in [0, 9, 10, 99, 100, 999, 1000] {
        assert_eq!(values[index].0, format!("/{index}"));
    }
}
