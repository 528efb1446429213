//! An edit changes the bytes it names and no others, whatever the file holds.

use proptest::prelude::*;
use serde_json::{Value, json};
use zerostack::tool::{Output, call};

/// A file as lines with their ends; the last may have none.
#[derive(Debug, Clone)]
struct File {
    bom: bool,
    lines: Vec<(Vec<u8>, &'static str)>,
}

/// What happens to one line.
#[derive(Debug, Clone)]
enum Change {
    Keep,
    Replace(Vec<String>),
    Delete,
    Before(Vec<String>),
    After(Vec<String>),
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = if self.bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        for (content, end) in &self.lines {
            bytes.extend_from_slice(content);
            bytes.extend_from_slice(end.as_bytes());
        }
        bytes
    }

    /// The line end to be used at a line.
    fn end_at(&self, index: usize) -> &'static str {
        let ends =
            [self.lines[index].1, if index > 0 { self.lines[index - 1].1 } else { "" }, "\n"];
        ends.into_iter().find(|end| !end.is_empty()).unwrap()
    }

    /// The file after one change a line.
    fn changed(&self, changes: &[Change]) -> Vec<u8> {
        let mut out = if self.bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        for (index, ((content, end), change)) in self.lines.iter().zip(changes).enumerate() {
            let line_end = self.end_at(index);
            let own = [content.as_slice(), end.as_bytes()].concat();
            match change {
                Change::Keep => out.extend(own),
                Change::Delete => {}
                Change::Replace(new) => {
                    out.extend(new.join(line_end).bytes());
                    out.extend(end.bytes());
                }
                Change::Before(new) => {
                    new.iter().for_each(|line| out.extend(format!("{line}{line_end}").bytes()));
                    out.extend(own);
                }
                Change::After(new) if end.is_empty() => {
                    out.extend(own);
                    new.iter().for_each(|line| out.extend(format!("{line_end}{line}").bytes()));
                }
                Change::After(new) => {
                    out.extend(own);
                    new.iter().for_each(|line| out.extend(format!("{line}{line_end}").bytes()));
                }
            }
        }
        out
    }
}

/// Contents that repeat, are dull, are not UTF-8; never a NUL, which would make the file binary.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"}".to_vec()),
        Just(Vec::new()),
        Just(b"    return None;".to_vec()),
        Just(b"\xff\xfe caf\xe9".to_vec()),
        Just("größe €".as_bytes().to_vec()),
        prop::collection::vec(prop_oneof![1u8..=9, 11u8..=12, 14u8..=255], 0..30),
    ]
}

fn file() -> impl Strategy<Value = File> {
    let end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    (any::<bool>(), prop::collection::vec((content(), end), 1..40), any::<bool>()).prop_map(
        |(bom, mut lines, newline_at_end)| {
            // A first line like a byte order mark would be taken for one, of UTF-8 or of UTF-16.
            lines.insert(0, (b"first".to_vec(), "\n"));
            if !newline_at_end && let Some((content, end)) = lines.last_mut() {
                // Nothing and no line end would be no line.
                content.push(b'.');
                *end = "";
            }
            File { bom, lines }
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let new = prop::collection::vec("[a-zé{} ]{1,12}", 1..4);
    prop_oneof![
        6 => Just(Change::Keep),
        1 => Just(Change::Delete),
        1 => new.clone().prop_map(Change::Replace),
        1 => new.clone().prop_map(Change::Before),
        1 => new.prop_map(Change::After),
    ]
}

fn run(name: &str, arguments: &Value) -> Output {
    call(name, arguments.to_string().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anchored_edits_change_the_named_lines_only(
        (file, changes, reversed) in file().prop_flat_map(|file| {
            let changes = prop::collection::vec(change(), file.lines.len());
            (Just(file), changes, any::<bool>())
        })
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, file.bytes()).unwrap();
        let read = run("read", &json!({ "path": path }));
        let anchors: Vec<_> =
            read.content.lines().filter_map(|line| Some(line.split_once('\t')?.0)).collect();
        let mut edits: Vec<Value> = changes.iter().enumerate().filter_map(|(index, change)| {
            let at = anchors.get(index)?;
            Some(match change {
                Change::Keep => return None,
                Change::Delete => json!({"at": at, "new": ""}),
                Change::Replace(new) => json!({"at": at, "new": new.join("\n")}),
                Change::Before(new) => json!({"before": at, "new": new.join("\n") + "\n"}),
                Change::After(new) => json!({"after": at, "new": new.join("\n")}),
            })
        }).collect();
        if reversed {
            edits.reverse();
        }
        let expected = file.changed(&changes);
        if expected == file.bytes() {
            return Ok(());
        }
        let output = run("edit", &json!({ "path": path, "edits": edits }));
        prop_assert!(!output.is_error, "{}", output.content);
        let after = std::fs::read(&path).unwrap();
        prop_assert_eq!(&after, &expected, "{} / {}", after.escape_ascii(), expected.escape_ascii());
    }

    #[test]
    fn a_replacement_changes_the_found_bytes_only(
        before in prop::collection::vec(any::<u8>(), 0..2000),
        after in prop::collection::vec(any::<u8>(), 0..2000),
        new in "[a-zé€]{0,20}",
    ) {
        // A mark of UTF-16 is a reason to leave the file alone.
        prop_assume!(!before.starts_with(b"\xff\xfe") && !before.starts_with(b"\xfe\xff"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let old = "<<the only place>>";
        std::fs::write(&path, [&before, old.as_bytes(), &after].concat()).unwrap();
        let edit = json!({"path": path, "edits": [{"old": old, "new": new}]});
        let output = run("edit", &edit);
        prop_assert!(!output.is_error, "{}", output.content);
        prop_assert_eq!(std::fs::read(&path).unwrap(), [&before, new.as_bytes(), &after].concat());
    }

    #[test]
    fn one_bad_edit_leaves_every_byte(
        bytes in prop::collection::vec(any::<u8>(), 0..500),
        position in 0usize..3,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let whole = [&bytes[..], b"<<one>> <<two>>", &bytes].concat();
        std::fs::write(&path, &whole).unwrap();
        let mut edits = vec![json!({"old": "<<one>>", "new": "1"}), json!({"old": "<<two>>", "new": "2"})];
        edits.insert(position, json!({"old": "<<three is nowhere>>", "new": "3"}));
        let output = run("edit", &json!({ "path": path, "edits": edits }));
        prop_assert!(output.is_error);
        prop_assert_eq!(std::fs::read(&path).unwrap(), whole);
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
