//! Prompts of public collections, read as they are: `shared/suites/prompts`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use zerostack_core::prompt::{BUILT_IN, Fault, Prompt, Reason, Text, Value, skill};

#[test]
fn every_file_of_the_collections_is_read_as_its_index_says() {
    let Some(files) = collection() else { return };
    let (mut not_yaml, mut tools, mut fields) = (0, 0, 0);
    for (row, text) in &files {
        let path = row["path"].as_str().unwrap();
        let parsed = Prompt::parse(stem(path), text);
        let prompt = parsed.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let keys: Vec<_> = prompt.fields().map(|entry| entry.key).collect();
        if row["yaml"] == "ok" {
            let listed = row["keys"].as_object().unwrap();
            let found: BTreeMap<_, _> = keys.iter().map(|key| (*key, ())).collect();
            assert!(
                found.keys().copied().eq(listed.keys().map(String::as_str)),
                "{path}: {keys:?}"
            );
        } else {
            not_yaml += 1;
            assert!(keys.contains(&"name") && keys.contains(&"description"), "{path}");
            assert!(skill::problems(&prompt, "x").any(|p| p == skill::Problem::NotYaml), "{path}");
        }
        fields += keys.len();
        if let Some(mut names) = prompt.tools() {
            tools += 1;
            assert!(names.count() > 1, "{path}");
            let is_name = |name: &str| !name.contains([',', ' ']);
            assert!(names.all(|name| name.as_str().is_some_and(is_name)), "{path}");
        }
        // What is in these bodies is text, money included, but for the arguments of two commands.
        let placeholders: Vec<_> =
            prompt.placeholders().map(|placeholder| placeholder.name).collect();
        assert!(placeholders.iter().all(|name| *name == "ARGUMENTS"), "{path}: {placeholders:?}");
        let length = prompt.rendered_len(&[("ARGUMENTS", "$ARGUMENTS")]).unwrap();
        assert!(length >= prompt.body().len(), "{path}");
    }
    println!(
        "prompts: {} files, {fields} fields, {tools} lists of tools, {not_yaml} are not YAML",
        files.len()
    );
    assert_eq!((files.len(), not_yaml), (118, 5));
}

#[test]
fn reading_and_filling_takes_no_heap() {
    let own = BUILT_IN.iter().map(|source| source.text.to_string());
    let all = collection().unwrap_or_default().into_iter().map(|(_, text)| text);
    let texts: Vec<String> = own.chain(all).collect();
    let mut out = vec![0; 1 << 20];
    let mut bytes = 0;
    let allocated = allocation_counter::measure(|| {
        for text in &texts {
            bytes += read_all(text, &mut out);
        }
    });
    println!("heap: {} allocations, {} files, {bytes} bytes", allocated.count_total, texts.len());
    assert_eq!(allocated.count_total, 0);
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 64])));
    assert_eq!(counted.count_total, 1, "the counter counts");
}

/// Needs a Python with PyYAML and skills-ref, named by `ZEROSTACK_PYTHON`.
#[test]
#[ignore = "compares with PyYAML and skills-ref: set ZEROSTACK_PYTHON"]
fn agrees_with_pyyaml_and_skills_ref() {
    let python = std::env::var("ZEROSTACK_PYTHON").expect("ZEROSTACK_PYTHON");
    let folder = shared().join("suites/prompts");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prompts_oracle.py");
    let output = Command::new(python).arg(script).arg(&folder).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).expect("UTF-8");
    let (mut values, mut verdicts, mut both_refuse, mut only_we_refuse) = (0, 0, 0, 0);
    for row in rows.lines() {
        let row: Json = serde_json::from_str(row).expect("JSON");
        let text = row["text"].as_str().unwrap();
        let parsed = Prompt::parse("x", text);
        match (&parsed, row["yaml"].as_object()) {
            (Ok(prompt), Some(expected)) => {
                let fields = prompt.fields();
                let ours: BTreeMap<_, _> = fields.map(|e| (e.key, json(e.value, e.raw))).collect();
                for (key, value) in expected {
                    // Deeper values are kept as they are written and not read.
                    let deep = matches!(prompt.field(key), Some(Value::Nested(_)));
                    let same = ours.get(key.as_str()) == Some(value);
                    assert!(deep || same, "{key}: {text}\n{ours:?}\n{expected:?}");
                    values += 1;
                }
                assert_eq!(ours.len(), expected.len(), "{text}");
            }
            (Err(_), None) => both_refuse += 1,
            (Err(error), Some(_)) => {
                let reason = Fault::of(*error).expect("a place").reason;
                let meant = [Reason::NotText, Reason::NotList, Reason::Tag];
                assert!(meant.contains(&reason), "{text}\n{reason:?}");
                only_we_refuse += 1;
            }
            // Lenient on purpose.
            (Ok(_), None) => {}
        }
        if let Some(valid) = row["skill"].as_bool() {
            let name = row["folder"].as_str().unwrap();
            let ours = parsed.map(|p| skill::problems(&p, name).collect::<Vec<_>>());
            assert_eq!(ours.as_ref().is_ok_and(Vec::is_empty), valid, "{ours:?} {row}");
            verdicts += 1;
        }
    }
    println!("{values} values as PyYAML, {verdicts} verdicts as skills-ref");
    println!("refused by both {both_refuse}, by us alone {only_we_refuse}");
    assert!(values > 1000 && verdicts > 100);
}

/// `cargo test --release -p zerostack-core --test prompts -- --ignored speed --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed_of_reading_the_collections() {
    let Some(files) = collection() else { return };
    let texts: Vec<_> = files.into_iter().map(|(_, text)| text).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let (mut best, mut found) = (f64::MAX, 0);
    for _ in 0..50 {
        let start = std::time::Instant::now();
        for text in &texts {
            let prompt = Prompt::parse("x", text).unwrap();
            found += prompt.placeholders().count() + prompt.tools().into_iter().flatten().count();
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let speed = bytes as f64 / best / 1e6;
    println!("parse, placeholders and tools: {speed:.0} MB/s over {bytes} bytes ({found} found)");
}

fn read_all(text: &str, out: &mut [u8]) -> usize {
    let prompt = Prompt::parse("x", text).expect("a prompt");
    let mut bytes = prompt.render(&[("ARGUMENTS", "a b")], out).expect("rendered");
    for entry in prompt.fields() {
        bytes += match entry.value {
            Value::Text(text) => text.read(out).expect("read").len(),
            Value::List(items) => items.count(),
            Value::Map(pairs) => pairs.count(),
            Value::Null | Value::Nested(_) => 0,
        };
    }
    bytes + skill::problems(&prompt, "x").count()
}

fn json(value: Value<'_>, raw: &str) -> Json {
    let text = |text: Text<'_>| text.chars().collect::<String>();
    match value {
        Value::Null if raw.starts_with(['~', 'n', 'N']) => raw.into(),
        Value::Null => "".into(),
        Value::Text(value) => text(value).into(),
        Value::List(items) => items.map(text).collect::<Vec<_>>().into(),
        Value::Map(pairs) => Json::Object(pairs.map(|(k, v)| (k.into(), text(v).into())).collect()),
        Value::Nested(raw) => raw.into(),
    }
}

fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|s| s.to_str()).unwrap()
}

fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("ZEROSTACK_SHARED").map_or_else(beside, PathBuf::from)
}

fn collection() -> Option<Vec<(Json, String)>> {
    let folder = shared().join("suites/prompts");
    let Ok(index) = fs::read_to_string(folder.join("index.jsonl")) else {
        eprintln!("NOT RUN: the shared data {} is missing", folder.display());
        return None;
    };
    let rows = index.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let file = |row: Json| {
        let path = folder.join(row["path"].as_str().unwrap());
        let text = fs::read_to_string(&path).expect("a file of the index");
        (row, text)
    };
    Some(rows.map(file).collect())
}
