use serde_json::Value;
use zerostack::tool::specs;

use super::{Folder, assert_has};

#[test]
fn an_unusable_invocation_says_why_and_exits_2() {
    let folder = Folder::new();
    let cases: &[(&str, &str, &str)] = &[
        ("cat", "{}", "no tool `cat`; there are: read write edit bash grep find list"),
        ("read", "", "missing field `path`"),
        ("read", "{", "EOF while parsing"),
        ("read", "[]", "arguments of read"),
        ("read", "{\"path\":\"a\"} x", "continue after the JSON object"),
        ("read", "{\"path\":\"a\",\"path\":\"b\"}", "duplicate field `path`"),
        ("read", "{\"path\":\"a\",\"lines\":3}", "unknown field `lines`"),
        ("read", "{\"path\":\"a\",\"offset\":-1}", "`offset`: invalid value: integer `-1`"),
        ("read", "{\"path\":7}", "`path`: invalid type: integer `7`, expected a string"),
        ("write", "{\"path\":\"a\"}", "missing field `content`"),
        ("edit", "{\"path\":\"a\",\"edits\":7}", "`edits`: invalid type: integer `7`"),
        (
            "edit",
            "{\"path\":\"a\",\"edits\":[{\"new\":\"\"},{\"new\":\"\",\"all\":\"yes\"}]}",
            "`edits[1].all`: invalid value: string \"yes\", expected true or false",
        ),
        ("bash", "{\"command\":\"true\",\"timeout_ms\":\"soon\"}", "`timeout_ms`"),
    ];
    for (tool, stdin, message) in cases {
        let (code, output) = folder.invoke(tool, stdin.as_bytes());
        assert!(output.is_error);
        assert_has(&output.content, message);
        assert_eq!(code, 2, "{tool} {stdin}");
    }
    let (code, output) = folder.invoke("read", b"{\"path\":\"\xff\"}");
    assert_eq!((code, output.is_error), (2, true));
    assert!(folder.names().is_empty());
}

#[test]
fn a_tool_without_required_arguments_takes_an_empty_stdin() {
    let folder = Folder::new();
    folder.file("a", "");
    let (code, output) = folder.invoke("list", b" \n");
    assert_eq!((code, output.content.as_str()), (0, "a 0\n"));
}

#[test]
fn every_spec_names_what_its_tool_takes() {
    let folder = Folder::new();
    for spec in specs() {
        let schema: Value = serde_json::from_str(spec.parameters).unwrap();
        let mut said: Vec<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        said.sort_unstable();
        let (_, output) = folder.invoke(spec.name, b"{\"?\":0}");
        let (_, taken) = output.content.split_once("expected ").unwrap();
        let mut taken: Vec<&str> = taken.split('`').skip(1).step_by(2).collect();
        taken.sort_unstable();
        assert_eq!(said, taken, "{}", spec.name);
        if let Some(required) = schema["required"].as_array() {
            let (code, output) = folder.invoke(spec.name, b"{}");
            assert_eq!(code, 2);
            assert_has(&output.content, required[0].as_str().unwrap());
        }
    }
}

#[test]
fn the_specs_leave_room_in_a_request_of_4000_bytes() {
    let size = |text: &str| text.len();
    let total: usize = specs()
        .iter()
        .map(|spec| size(spec.name) + size(spec.description) + size(spec.parameters))
        .sum();
    assert!(total <= 2200, "{total} bytes");
}

#[test]
fn whole_numbers_and_truth_values_are_taken_as_models_write_them() {
    let folder = Folder::new();
    folder.file("f", "a\nb\n");
    for offset in ["2", "2.0", "\"2\"", "\"2.0\"", "2e0"] {
        let arguments = format!(r#"{{"path":"f","offset":{offset},"limit":null}}"#);
        let (code, output) = folder.invoke("read", arguments.as_bytes());
        assert_eq!(code, 0, "{offset}: {}", output.content);
        assert!(output.content.ends_with("\tb\n"), "{}", output.content);
    }
    for offset in ["2.5", "-1", "\"two\"", "1e300", "[2]", "true"] {
        let arguments = format!(r#"{{"path":"f","offset":{offset}}}"#);
        let (code, output) = folder.invoke("read", arguments.as_bytes());
        assert_eq!(code, 2, "{offset}: {}", output.content);
        assert_has(&output.content, "`offset`");
    }
    let arguments = br#"{"pattern":"B","ignore_case":"true","context":"1"}"#;
    assert_has(&folder.invoke("grep", arguments).1.content, "f:2:b");
}
