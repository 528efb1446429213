//! Arguments against schemas: the published suite, the sentences for the model, and the limits.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use zerostack_core::tool::schema::{MAX_CHECK_DEPTH, MAX_WORK, Schema, Verdict};
use zerostack_core::{Error, ErrorKind};

#[test]
fn the_published_suite_passes() {
    let Some(files) = suite() else { return };
    let (mut passed, mut reported) = (0, 0);
    for (name, groups) in files {
        for group in groups.as_array().unwrap() {
            let schema = group["schema"].to_string();
            for test in group["tests"].as_array().unwrap() {
                let value = test["data"].to_string();
                let what = format!("{name}: {} / {}", group["description"], test["description"]);
                match Schema::new(&schema).unwrap().check(&value).expect(&what) {
                    Verdict::Valid => assert_eq!(test["valid"], true, "{what}"),
                    Verdict::Invalid(_) => assert_eq!(test["valid"], false, "{what}"),
                    Verdict::Unsupported(keyword) => {
                        // A class by property.
                        assert_eq!(keyword, "pattern", "{what}");
                        assert!(schema.contains("\\\\p{Letter}"), "{what}");
                        reported += 1;
                        continue;
                    }
                }
                passed += 1;
            }
        }
    }
    println!("schema: {passed} cases of the suite pass, {reported} reported as unsupported");
    assert!((passed, reported) == (410, 3));
}

/// The same values written otherwise must get the same verdict.
#[test]
fn escapes_and_blanks_change_nothing() {
    let Some(files) = suite() else { return };
    let mut cases = 0;
    for (_, groups) in files {
        for group in groups.as_array().unwrap() {
            let schema = group["schema"].to_string();
            for test in group["tests"].as_array().unwrap() {
                let plain = test["data"].to_string();
                let other = escaped(&test["data"]);
                assert_ne!(plain, other);
                let verdict = |text: &str| {
                    let verdict = Schema::new(&schema).unwrap().check(text).unwrap();
                    match verdict {
                        Verdict::Valid => "valid".to_string(),
                        Verdict::Invalid(found) => found.keyword().to_string(),
                        Verdict::Unsupported(keyword) => format!("unsupported {keyword}"),
                    }
                };
                assert_eq!(verdict(&plain), verdict(&other), "{schema} {plain} {other}");
                cases += 1;
            }
        }
    }
    println!("schema: {cases} cases get the same verdict when written otherwise");
    assert_eq!(cases, 413);
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let schema = json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "minLength": 1},
            "mode": {"enum": ["fast", "slow"]},
            "edits": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {"old": {"type": "string"}, "new": {}, "count": {"type": "integer", "maximum": 9}},
                "required": ["old", "new"],
                "additionalProperties": false
            }},
            "a/b~c": {"type": "null"},
            "one": {"anyOf": [{"type": "string"}, {"type": "integer"}]}
        },
        "required": ["path"],
        "additionalProperties": false
    })
    .to_string();
    let edit = r#"{"path":"x","edits":[{"old":"a","new":"b"},"#;
    let cases = [
        ("[]".into(), "", "type", "(root): type \"object\", found []"),
        ("{}".into(), "", "required", "(root): required \"path\", found {}"),
        (r#"{"path": ""}"#.into(), "/path", "minLength", "/path: minLength 1, found \"\""),
        (
            r#"{"path":"x","mode":"fst"}"#.into(),
            "/mode",
            "enum",
            "/mode: enum [\"fast\",\"slow\"], found \"fst\"",
        ),
        (r#"{"path":"x","edits":[]}"#.into(), "/edits", "minItems", "/edits: minItems 1, found []"),
        (
            format!("{edit} {{\"old\":1,\"new\":\"\"}}]}}"),
            "/edits/1/old",
            "type",
            "/edits/1/old: type \"string\", found 1",
        ),
        (
            format!("{edit} {{\"old\":\"\"}} ]}}"),
            "/edits/1",
            "required",
            "/edits/1: required \"new\", found {\"old\":\"\"}",
        ),
        (
            format!("{edit} {{\"old\":\"\",\"new\":\"\",\"nwe\":2}}]}}"),
            "/edits/1/nwe",
            "additionalProperties",
            "/edits/1/nwe: additionalProperties false, found 2",
        ),
        (
            format!("{edit} {{\"old\":\"\",\"new\":\"\",\"count\":1.5}}]}}"),
            "/edits/1/count",
            "type",
            "/edits/1/count: type \"integer\", found 1.5",
        ),
        (
            r#"{"path":"x","a/b~c":1}"#.into(),
            "/a~1b~0c",
            "type",
            "/a~1b~0c: type \"null\", found 1",
        ),
        (
            r#"{"path":"x","one":[]}"#.into(),
            "/one",
            "anyOf",
            "/one: anyOf [{\"type\":\"string\"},{\"type\":\"integer\"}], found []",
        ),
    ];
    for (arguments, path, keyword, message) in &cases {
        let checked = Schema::new(&schema).unwrap().check(arguments).unwrap();
        let Verdict::Invalid(found) = checked else { panic!("{arguments}: {checked:?}") };
        let mut out = [0; 256];
        assert_eq!(found.path(&mut out), Ok(*path), "{arguments}");
        assert_eq!(found.keyword(), *keyword);
        assert_eq!(found.message(&mut out), Ok(*message));
        let short = found.message(&mut out[..message.len() - 1]).unwrap_err();
        assert_eq!((short.kind(), short.detail()), (ErrorKind::Full, 1));
        assert!(serde_json::from_str::<Json>(found.expected()).is_ok());
    }
    let long = format!("{{\"path\": \"x\", \"mode\": \"{}\"}}", "\u{e9}".repeat(100));
    let Verdict::Invalid(found) = Schema::new(&schema).unwrap().check(&long).unwrap() else {
        panic!()
    };
    let mut out = [0; 512];
    assert!(
        found
            .message(&mut out)
            .unwrap()
            .ends_with(&format!("found \"{}\u{2026}", "\u{e9}".repeat(59)))
    );
}

#[test]
fn keywords_beyond_the_suite_are_checked() {
    let cases = [
        (json!({"not": {"type": "string"}}), json!(1), json!("")),
        (json!({"exclusiveMinimum": 1}), json!(1.1), json!(1)),
        (json!({"exclusiveMaximum": 1}), json!(0), json!(1.0)),
        (json!({"multipleOf": 0.01}), json!(19.99), json!(19.999)),
        (json!({"minProperties": 1, "maxProperties": 2}), json!({"a": 1}), json!({})),
        (json!({"maxProperties": 1.0}), json!({"a": 1}), json!({"a": 1, "b": 2})),
        (json!({"propertyNames": {"maxLength": 1}}), json!({"a": 1}), json!({"ab": 1})),
        (json!({"dependentRequired": {"a": ["b"]}}), json!({"a": 1, "b": 2}), json!({"a": 1})),
        (
            json!({"dependentSchemas": {"a": {"maxProperties": 1}}}),
            json!({"b": 1, "c": 2}),
            json!({"a": 1, "b": 2}),
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, "1", [1], {"a": 1, "b": 2}]),
            json!([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]),
        ),
        (json!({"uniqueItems": false}), json!([1, 1]), json!("no such case")),
        (json!({"contains": {"type": "null"}}), json!([1, null]), json!([1])),
        (
            json!({"contains": {"type": "null"}, "minContains": 0, "maxContains": 1}),
            json!([]),
            json!([null, null]),
        ),
        (
            json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}),
            json!({"a": 1, "b": 1}),
            json!({"a": 1, "c": 1}),
        ),
        (
            json!({"if": {"required": ["a"]}, "else": {"required": ["c"]}}),
            json!({"a": 1}),
            json!({}),
        ),
        (
            json!({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}}),
            json!(""),
            json!(1),
        ),
        (
            json!({"anyOf": [{"type": "object", "properties": {"next": {"$ref": "#"}}}, {"type": "null"}]}),
            json!({"next": {"next": null}}),
            json!({"next": {"next": 1}}),
        ),
        (
            json!({"type": "string", "format": "date", "x-own": {"pattern": "a"}}),
            json!("no date"),
            json!(1),
        ),
    ];
    let empty = json!("no such case");
    for (schema, valid, invalid) in &cases {
        let text = schema.to_string();
        let check = |value: &Json| {
            let value = value.to_string();
            let verdict = Schema::new(&text).unwrap().check(&value).unwrap();
            match verdict {
                Verdict::Valid => true,
                Verdict::Invalid(_) => false,
                other => panic!("{text} {value} {other:?}"),
            }
        };
        assert!(check(valid), "{text} {valid}");
        assert!(*invalid == empty || !check(invalid), "{text} {invalid}");
    }
}

#[test]
fn a_keyword_that_is_not_checked_is_reported_where_it_decides() {
    let unsupported = |keyword: &'static str| Some(keyword);
    let cases = [
        (json!({"pattern": "\\p{L}"}), json!("a"), unsupported("pattern")),
        (json!({"pattern": "\\p{L}"}), json!(1), None),
        (json!({"properties": {"x": {"pattern": "\\p{L}"}}}), json!({}), None),
        (
            json!({"properties": {"x": {"pattern": "\\p{L}"}}}),
            json!({"x": ""}),
            unsupported("pattern"),
        ),
        (json!({"anyOf": [{"pattern": "\\p{L}"}, {"type": "string"}]}), json!(""), None),
        (
            json!({"anyOf": [{"pattern": "\\p{L}"}, {"type": "null"}]}),
            json!(""),
            unsupported("pattern"),
        ),
        (
            json!({"oneOf": [{"pattern": "\\p{L}"}, {"type": "string"}]}),
            json!(""),
            unsupported("pattern"),
        ),
        (json!({"not": {"pattern": "\\p{L}"}}), json!(""), unsupported("pattern")),
        (json!({"if": {"pattern": "\\p{L}"}, "then": false}), json!(""), unsupported("pattern")),
        (json!({"contains": {"pattern": "\\p{L}"}}), json!(["", 1]), None),
        (
            json!({"contains": {"pattern": "\\p{L}"}, "maxContains": 1}),
            json!(["", 1]),
            unsupported("pattern"),
        ),
        (
            json!({"patternProperties": {"(?<=a)b": {}}, "additionalProperties": false}),
            json!({"b": 1}),
            unsupported("patternProperties"),
        ),
        (json!({"items": [{"type": "null"}]}), json!([1]), unsupported("items")),
        (json!({"$ref": "https://example.org/x"}), json!(1), unsupported("$ref")),
        (json!({"$ref": "#name"}), json!(1), unsupported("$ref")),
        (json!({"unevaluatedProperties": false}), json!({}), unsupported("unevaluatedProperties")),
        (json!({"unevaluatedItems": false}), json!([]), unsupported("unevaluatedItems")),
        (json!({"dependencies": {}}), json!({}), unsupported("dependencies")),
        (json!({"$dynamicRef": "#x"}), json!(1), unsupported("$dynamicRef")),
        (json!({"allOf": [{"$id": "x"}]}), json!(1), unsupported("$id")),
        (json!({"multipleOf": 1e-60}), json!(1e300), unsupported("multipleOf")),
    ];
    for (schema, value, expected) in &cases {
        let (schema, value) = (schema.to_string(), value.to_string());
        let verdict = Schema::new(&schema).unwrap().check(&value).unwrap();
        match (verdict, expected) {
            (Verdict::Unsupported(keyword), Some(expected)) => assert_eq!(keyword, *expected),
            // The rule that decides without it is reported.
            (Verdict::Valid | Verdict::Invalid(_), None) => {}
            other => panic!("{schema} {value} {other:?}"),
        }
    }
    // What is surely wrong wins.
    let schema = json!({"properties": {"x": {"pattern": "\\p{L}"}}, "required": ["y"]}).to_string();
    let verdict = Schema::new(&schema).unwrap().check(r#"{"x": ""}"#).unwrap();
    assert!(matches!(verdict, Verdict::Invalid(found) if found.keyword() == "required"));
    let schema = json!({"oneOf": [{"pattern": "\\p{L}"}, {}, {"type": "string"}]}).to_string();
    let verdict = Schema::new(&schema).unwrap().check("\"\"").unwrap();
    assert!(matches!(verdict, Verdict::Invalid(found) if found.keyword() == "oneOf"));
    let hidden = r#"{"ty\u0070e": "string"}"#;
    let verdict = Schema::new(hidden).unwrap().check("1").unwrap();
    assert!(matches!(verdict, Verdict::Invalid(_)), "{verdict:?}");
    let hidden = r#"{"m\u0061ximum": 1}"#;
    let verdict = Schema::new(hidden).unwrap().check("2").unwrap();
    assert!(matches!(verdict, Verdict::Unsupported(_)), "{verdict:?}");
}

#[test]
fn broken_texts_are_refused_where_they_are_wrong() {
    let broken = |schema: &str, value: &str| {
        let error = match Schema::new(schema) {
            Ok(schema) => match schema.check(value) {
                Ok(verdict) => panic!("{verdict:?}"),
                Err(error) => error,
            },
            Err(error) => error,
        };
        (error.kind(), error.detail())
    };
    assert_eq!(broken("{", "1"), (ErrorKind::BadSchema, 1));
    assert_eq!(broken("{}", "{\"a\": }"), (ErrorKind::BadJson, 6));
    assert_eq!(broken("[]", "1"), (ErrorKind::BadSchema, 0));
    assert_eq!(broken(r#"{"type": "strnig"}"#, "1"), (ErrorKind::BadSchema, 9));
    assert_eq!(broken(r#"{"type": ["null", 5]}"#, "1"), (ErrorKind::BadSchema, 18));
    assert_eq!(broken(r#"{"required": "a"}"#, "{}"), (ErrorKind::BadSchema, 13));
    assert_eq!(broken(r#"{"required": [1]}"#, "{}"), (ErrorKind::BadSchema, 14));
    assert_eq!(broken(r#"{"minLength": -1}"#, "\"\""), (ErrorKind::BadSchema, 14));
    assert_eq!(broken(r#"{"minLength": 1.5}"#, "\"\""), (ErrorKind::BadSchema, 14));
    assert_eq!(broken(r#"{"minimum": "1"}"#, "1"), (ErrorKind::BadSchema, 12));
    assert_eq!(broken(r#"{"enum": 1}"#, "1"), (ErrorKind::BadSchema, 9));
    assert_eq!(broken(r#"{"anyOf": {}}"#, "1"), (ErrorKind::BadSchema, 10));
    assert_eq!(broken(r##"{"$ref": "#/nope"}"##, "1"), (ErrorKind::BadSchema, 9));
    assert_eq!(broken(r#"{"properties": 1}"#, "{}"), (ErrorKind::BadSchema, 15));
}

#[test]
fn work_and_depth_are_bounded() {
    let check = |schema: &str, value: &str| {
        Schema::new(schema).and_then(|schema| schema.check(value).map(|_| ()))
    };
    let endless = check(r##"{"$ref": "#"}"##, "1").unwrap_err();
    assert_eq!((endless.kind(), endless.detail()), (ErrorKind::TooDeep, MAX_CHECK_DEPTH));
    let nested = |depth: u32| {
        format!("{}true{}", r#"{"not":"#.repeat(depth as usize), "}".repeat(depth as usize))
    };
    assert_eq!(check(&nested(MAX_CHECK_DEPTH), "1"), Ok(()));
    assert_eq!(
        check(&nested(MAX_CHECK_DEPTH + 1), "1").map_err(Error::kind),
        Err(ErrorKind::TooDeep)
    );
    let doubling = r##"{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/a"}}, {"not": {"$ref": "#/$defs/a"}}]}}}"##;
    let error = check(doubling, "1").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooMuchWork | ErrorKind::TooDeep));
    let many = format!("[{}1]", "1,".repeat(5_000));
    let error = check(r#"{"uniqueItems": true}"#, &many).err();
    assert_eq!(error, None, "equal ones are found at once");
    // Objects with the same long beginning, each compared with each.
    let item = |n| format!(r#"{{"a":{{"a":{{"a":{{"a":{{"a":{n}}}}}}}}}}}"#);
    let items: Vec<String> = (0..5_000).map(item).collect();
    let value = format!("[{}]", items.join(","));
    let schema = r#"{"uniqueItems": true}"#;
    let error = check(schema, &value).unwrap_err();
    let most = MAX_WORK + (value.len() + schema.len()) as u32 / 8;
    assert_eq!((error.kind(), error.detail()), (ErrorKind::TooMuchWork, most));
    let list = |name: &dyn Fn(usize) -> String| {
        (0..20_000).map(|at| format!("\"{}\"", name(at))).collect::<Vec<_>>().join(",")
    };
    let missing = format!(r#"{{"required":[{}]}}"#, list(&|at| format!("n{}", at % 7 + 1)));
    let members: Vec<String> = (0..20_000).map(|at| format!(r#""n{}":1"#, 20_000 - at)).collect();
    let error = check(&missing, &format!("{{{}}}", members.join(","))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooMuchWork);
    // A file of a megabyte as an argument is little work.
    let large = format!("{{\"path\": \"x\", \"content\": \"{}\"}}", "a\\n".repeat(500_000));
    let schema = r#"{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"],"additionalProperties":false}"#;
    assert_eq!(check(schema, &large), Ok(()));
}

#[test]
fn large_values_that_are_honest_pass() {
    let verdict = |schema: &str, value: &str| {
        let schema = Schema::new(schema).unwrap();
        schema.check(value).map(|verdict| match verdict {
            Verdict::Valid => String::new(),
            Verdict::Invalid(found) => {
                let mut out = [0; 200];
                found.message(&mut out).unwrap().to_owned()
            }
            Verdict::Unsupported(keyword) => keyword.to_owned(),
        })
    };
    for count in [1_000, 1_500, 5_000] {
        let name = |at: usize| format!("property_{at}");
        // Very many are looked for in their order.
        let mixed = |at: usize| if count < 5_000 { at * 7_919 % count } else { at };
        let all =
            |each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<Vec<_>>().join(",");
        let schema = format!(
            r#"{{"type":"object","properties":{{{}}},"required":[{}],"additionalProperties":false}}"#,
            all(&|at| format!(r#""{}":{{"type":"integer","minimum":0}}"#, name(at))),
            all(&|at| format!(r#""{}""#, name(at))),
        );
        let value = |wrong: usize| {
            let members =
                all(&|at| format!(r#""{}": {}"#, name(mixed(at)), -i32::from(mixed(at) == wrong)));
            format!("{{{members}}}")
        };
        assert_eq!(verdict(&schema, &value(usize::MAX)).unwrap(), "");
        let found = verdict(&schema, &value(700)).unwrap();
        assert_eq!(found, "/property_700: minimum 0, found -1");
        let unknown = value(usize::MAX).replace("property_9\"", "property_x\"");
        assert!(!verdict(&schema, &unknown).unwrap().is_empty());
        let escaped = value(usize::MAX).replace("property_9\"", r#"prop\u0065rty_9""#);
        assert_eq!(verdict(&schema, &escaped).unwrap(), "");
    }
    let unique = r#"{"type":"array","uniqueItems":true}"#;
    let items: [fn(usize) -> String; 4] = [
        |at| at.to_string(),
        |at| format!(r#""item {at}""#),
        |at| format!(r#"{{"path":"f{at}","line":7}}"#),
        |at| format!("[{at}, [1, null]]"),
    ];
    let same: [&str; 4] =
        ["7.7e3", r#""it\u0065m 7700""#, r#"{"line":70e-1,"path":"f7700"}"#, "[77e2,[1.0,null]]"];
    for (item, same) in items.into_iter().zip(same) {
        let mut all: Vec<String> = (0..10_000).map(item).collect();
        assert_eq!(verdict(unique, &format!("[{}]", all.join(","))).unwrap(), "");
        (all[9_000], all[9_500]) = (same.to_owned(), item(17));
        let found = verdict(unique, &format!("[{}]", all.join(","))).unwrap();
        assert!(found.starts_with("/9000: "), "{found}");
    }
    let content = format!(r#"{{"content":"{}"}}"#, "a".repeat(40_000_000));
    let schema = r#"{"type":"object","properties":{"content":{"type":"string"}},"required":["content"],"additionalProperties":false}"#;
    assert_eq!(verdict(schema, &content).unwrap(), "");
}

#[test]
fn no_text_makes_it_panic() {
    let schema = r##"{"type":["object","array"],"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"enum":[1,"é",{"a":[null]}]}},"required":["a"],"oneOf":[{"minItems":1},{"multipleOf":0.1}]}"##;
    let value = r#"{"a": {"a": [null, -1.5e-3, "\u00e9\ud83d\ude00"]}, "b": [1, 1.0, true]}"#;
    let marks = ["\"", "{", "}", "[", "]", ",", ":", "\\", "0", "-", "e", ".", "n", "é", " "];
    let mut cases = 0;
    for (text, is_schema) in [(schema, true), (value, false)] {
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            for mark in marks {
                for skip in [0, 1] {
                    let Some(rest) = text.get(at + skip..) else { continue };
                    let changed = format!("{}{mark}{rest}", &text[..at]);
                    let (schema, value) = if is_schema {
                        (changed.as_str(), value)
                    } else {
                        (schema, changed.as_str())
                    };
                    exercise(schema, value);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 5_000);
}

fn exercise(schema: &str, value: &str) {
    let is_json = serde_json::from_str::<Json>(value).is_ok();
    let Ok(schema) = Schema::new(schema) else { return };
    match schema.check(value) {
        Ok(Verdict::Invalid(found)) => {
            let mut out = [0; 4096];
            found.path(&mut out).unwrap();
            found.message(&mut out).unwrap();
            assert!(is_json, "{value}");
        }
        Ok(_) => assert!(is_json, "{value}"),
        // A number that is too large for serde_json is still JSON.
        Err(error) => assert!(error.kind() != ErrorKind::BadJson || !is_json, "{value}"),
    }
}

/// The value with all strings in escapes, blanks everywhere and other forms of numbers.
fn escaped(value: &Json) -> String {
    let text = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect::<String>();
        format!("\"{units}\"")
    };
    match value {
        Json::String(string) => format!(" {}", text(string)),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(escaped).collect();
            format!(" [ {} ] ", items.join("\n,\t"))
        }
        Json::Object(members) => {
            let members =
                members.iter().map(|(name, v)| format!("{} : {}", text(name), escaped(v)));
            format!("\r\n{{ {} }}", members.collect::<Vec<_>>().join(" , "))
        }
        Json::Number(number) if number.to_string().contains('e') => format!(" {number}"),
        Json::Number(number) => format!("{number}e+00"),
        other => format!("{other} "),
    }
}

fn suite() -> Option<Vec<(String, Json)>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("ZEROSTACK_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("suites/jsonschema");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("NOT RUN: the shared data {} is missing", folder.display());
        return None;
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).unwrap())
    };
    Some(paths.filter(|path| path.extension().is_some_and(|e| e == "json")).map(read).collect())
}
