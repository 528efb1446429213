//! Schemas that the derives make, and the values that fit them.

use serde::Deserialize;
use serde_json::{Value, json};
use zerostack_core::tool::schema::{Schema, Verdict};
use zerostack_core::tool::typed::{ArgType, SchemaPiece, ToolArgs, parse};
use zerostack_core::{Error, ErrorKind};

/// Changes a file.
///
/// All edits
/// or none.
#[derive(ToolArgs, Deserialize, PartialEq, Debug)]
#[tool(name = "edit")]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Edit<'a> {
    /// Path of the "file".
    file_path: &'a str,
    /// The changes, in any order.
    #[serde(borrow)]
    edits: heapless::Vec<Change<'a>, 2>,
    /// Stop after this many seconds.
    timeout: Option<f64>,
    /// How.
    #[serde(default)]
    mode: Mode,
    /// A note.
    r#type: Option<heapless::String<5>>,
    /// Lines.
    #[serde(rename = "at-lines")]
    lines: Vec<u32>,
    /// Deeper.
    by: Option<Vec<Option<String>>>,
    /// Really?
    sure: bool,
}

#[derive(ArgType, Deserialize, PartialEq, Debug)]
struct Change<'a> {
    /// The text there.
    old: &'a str,
    /// What shall.
    new: String,
    /// How often.
    times: Option<i8>,
}

#[derive(ArgType, Deserialize, PartialEq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    AllOrNone,
    #[serde(rename = "each")]
    OneByOne,
}

/// Does nothing.
#[derive(ToolArgs, Deserialize)]
#[tool(name = "nothing")]
struct Nothing {}

const PARAMETERS: &str = Edit::PARAMETERS;

#[test]
fn the_schema_is_a_constant_of_its_own_length() {
    assert_eq!(Edit::NAME, "edit");
    assert_eq!((Edit::SPEC.name, Edit::SPEC.parameters), (Edit::NAME, Edit::PARAMETERS));
    assert_eq!(Edit::SPEC.description, Edit::DESCRIPTION);
    assert_eq!(Edit::DESCRIPTION, "Changes a file.\nAll edits or none.");
    let expected = json!({
        "type": "object",
        "properties": {
            "filePath": {"description": "Path of the \"file\".", "type": "string"},
            "edits": {"description": "The changes, in any order.", "type": "array", "maxItems": 2, "items": {
                "type": "object",
                "properties": {
                    "old": {"description": "The text there.", "type": "string"},
                    "new": {"description": "What shall.", "type": "string"},
                    "times": {"description": "How often.", "type": "integer"}
                },
                "required": ["old", "new"],
                "additionalProperties": false
            }},
            "timeout": {"description": "Stop after this many seconds.", "type": "number"},
            "mode": {"description": "How.", "type": "string", "enum": ["all-or-none", "each"]},
            "type": {"description": "A note.", "type": "string", "maxLength": 5},
            "at-lines": {"description": "Lines.", "type": "array", "items": {"type": "integer", "minimum": 0}},
            "by": {"description": "Deeper.", "type": "array", "items": {"type": "string"}},
            "sure": {"description": "Really?", "type": "boolean"}
        },
        "required": ["filePath", "edits", "at-lines", "sure"],
        "additionalProperties": false
    });
    assert_eq!(serde_json::from_str::<Value>(PARAMETERS).unwrap(), expected);
    assert!(!PARAMETERS.contains('\n') && !PARAMETERS.contains("  "));
    assert_eq!(
        Nothing::PARAMETERS,
        r#"{"type":"object","properties":{},"additionalProperties":false}"#
    );
    assert!(parse::<Nothing>("{}", &mut []).is_ok());
}

#[test]
fn numbers_in_schemas_have_all_their_digits() {
    for number in [0, 7, 10, 99, 100, 123_456, usize::MAX] {
        let node = SchemaPiece::Number(number);
        let text = number.to_string();
        assert_eq!(node.len(), text.len());
        assert_eq!(node.bytes::<24>(), format!("{text:<24}").as_bytes());
    }
}

#[test]
fn what_fits_the_schema_is_read() {
    let text = r#"{"filePath": "a\n\u00e9", "edits": [{"old": "x\ty", "new": "\"z\"", "times": -3.0}], "sure": true,
        "timeout": 1.5, "mode": "each", "type": "ab\ncd", "at-lines": [1, 2.0, 3e2], "by": ["a", "b\\"]}"#;
    assert_eq!(Schema::new(PARAMETERS).unwrap().check(text), Ok(Verdict::Valid));
    let mut scratch = vec![0; text.len()];
    let edit: Edit<'_> = parse(text, &mut scratch).unwrap();
    let change = Change { old: "x\ty", new: "\"z\"".into(), times: Some(-3) };
    assert_eq!(
        edit,
        Edit {
            file_path: "a\n\u{e9}",
            edits: heapless::Vec::from_array([change]),
            timeout: Some(1.5),
            mode: Mode::OneByOne,
            r#type: Some("ab\ncd".try_into().unwrap()),
            lines: vec![1, 2, 300],
            by: Some(vec![Some("a".into()), Some("b\\".into())]),
            sure: true,
        }
    );
    let least = r#"{"filePath": "a", "edits": [], "sure": false, "at-lines": [], "timeout": null}"#;
    let edit: Edit<'_> = parse(least, &mut []).unwrap();
    assert_eq!((edit.mode, edit.timeout, edit.r#type), (Mode::AllOrNone, None, None));
}

#[test]
fn what_does_not_fit_is_refused_at_its_place() {
    let refused = |from: &str, to: &str| {
        let text = r#"{"filePath": "a", "edits": [{"old": "", "new": ""}], "sure": true, "at-lines": [1]}"#;
        assert!(text.contains(from));
        let text = text.replace(from, to);
        let at = text.find('@').map_or(0, |at| at as u32);
        let text = text.replace('@', "");
        let error =
            parse::<Edit<'_>>(&text, &mut [0; 64]).err().unwrap_or_else(|| panic!("{text}"));
        let valid = Schema::new(PARAMETERS).unwrap().check(&text) == Ok(Verdict::Valid);
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadArguments, at), "{text}");
        valid
    };
    // None of these is valid by the schema either.
    assert!(!refused("\"a\"", "@1"));
    assert!(!refused("true", "@\"true\""));
    assert!(!refused("[1]", "[1, @-1]"));
    assert!(!refused("[1]", "[@1.5]"));
    assert!(!refused("[1]", "@{}"));
    assert!(!refused("{\"old\": \"\", ", "@{"));
    assert!(!refused("\"new\": \"\"", "\"new\": \"\", \"times\": @\"1\""));
    assert!(!refused("\"filePath\": \"a\", ", ""));
    assert!(!refused("\"sure\"", "@\"unsure\""));
    assert!(!refused("\"sure\"", "\"mode\": @\"none\", \"sure\""));
    assert!(!refused("\"sure\"", "\"type\": @\"abcdef\", \"sure\""));
    let three =
        "[{\"old\":\"\",\"new\":\"\"},{\"old\":\"\",\"new\":\"\"},{\"old\":\"\",\"new\":\"\"}]";
    assert!(!refused("[{\"old\": \"\", \"new\": \"\"}]", &format!("@{three}")));
    // The range of a number's type is not in the schema.
    assert!(refused("\"new\": \"\"", "\"new\": \"\", \"times\": @128"));
    assert!(refused("[1]", "[@4294967296]"));
    // `maxLength` counts characters, the capacity counts bytes.
    assert!(refused("\"sure\"", "\"type\": @\"\u{e9}\u{e9}\u{e9}\", \"sure\""));
}

#[test]
fn decoded_strings_need_scratch() {
    let text = r#"{"old": "\n\n\n", "new": "\n"}"#;
    let read = |room: usize| {
        let mut scratch = vec![0; room];
        parse::<Change<'_>>(text, &mut scratch).map(|change| change.old == "\n\n\n")
    };
    assert_eq!(read(4), Ok(true));
    let full = read(3).map_err(|error: Error| (error.kind(), error.detail()));
    assert_eq!(full, Err((ErrorKind::Full, text.len() as u32)));
    let broken = parse::<Change<'_>>(r#"{"old": }"#, &mut []).unwrap_err();
    assert_eq!((broken.kind(), broken.detail()), (ErrorKind::BadJson, 8));
}

#[test]
fn every_case_is_written_as_serde_writes_it() {
    macro_rules! check {
        ($($case:literal)*) => {$({
            #[derive(ArgType, Deserialize, Default)]
            #[serde(rename_all = $case)]
            #[allow(dead_code)]
            enum Names { #[default] Alpha, BetaGamma, X }

            #[derive(ArgType, Deserialize)]
            #[serde(rename_all = $case, default)]
            #[derive(Default)]
            struct Fields {
                /// One.
                one_two: u8,
                /// X.
                x: u8,
            }
            let schema = |node: &SchemaPiece| -> Value {
                let text = format!("{{{}}}", text_of(node));
                serde_json::from_str(&text).unwrap()
            };
            for name in schema(Names::SCHEMA)["enum"].as_array().unwrap() {
                assert!(serde_json::from_value::<Names>(name.clone()).is_ok(), "{name}");
            }
            let names = schema(Fields::SCHEMA)["properties"].as_object().unwrap().clone();
            assert_eq!(names.len(), 2);
            assert_eq!(schema(Fields::SCHEMA).get("required"), None);
            let values: serde_json::Map<_, _> = names.keys().map(|n| (n.clone(), json!(1))).collect();
            let fields: Fields = serde_json::from_value(values.into()).unwrap();
            assert_eq!((fields.one_two, fields.x), (1, 1), "{names:?}");
        })*};
    }
    check!("lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE" "kebab-case" "SCREAMING-KEBAB-CASE");
}

fn text_of(node: &SchemaPiece) -> String {
    let bytes = node.bytes::<4096>();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}
