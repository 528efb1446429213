//! The published cases of dotprompt. They are not part of this repository: put the folder `spec` of
//! github.com/google/dotprompt as JSON where `DOTPROMPT_SPEC` says, one file for each of its YAML
//! files (`python3 -c 'import json,sys,yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'`), and run
//! `cargo test -p zerostack-dotprompt --test suite -- --ignored --nocapture`.

use std::path::Path;

use serde_json::{Map, Value, json};
use zerostack_dotprompt::{Data, Dotprompt, Message, Part};

/// Cases that are kept otherwise, each with the reason.
const OTHERWISE: &[(&str, &str)] = &[];

fn message(value: &Value) -> Message {
    let part = |part: &Value| match part.get("text").and_then(Value::as_str) {
        Some(text) => Part::Text(text.to_owned()),
        None => Part::Other(part.clone()),
    };
    let content = value["content"].as_array().into_iter().flatten().map(part).collect();
    Message { role: value["role"].as_str().unwrap().to_owned(), content, is_history: false }
}

fn json_of(message: &Message) -> Value {
    let part = |part: &Part| match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Media { url, content_type: None } => json!({ "media": { "url": url } }),
        Part::Media { url, content_type: Some(kind) } => {
            json!({ "media": { "url": url, "contentType": kind } })
        }
        Part::Section(name) => json!({ "metadata": { "purpose": name, "pending": true } }),
        Part::Other(value) => value.clone(),
    };
    let content: Vec<Value> = message.content.iter().map(part).collect();
    let mut value = json!({ "role": message.role, "content": content });
    if message.is_history {
        value["metadata"] = json!({ "purpose": "history" });
    }
    value
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Why a case fails.
fn run(case: &Value, test: &Value) -> Result<(), String> {
    let prompt = Dotprompt::parse(case["template"].as_str().unwrap_or_default())?;
    let mut data = object(&case["data"]);
    data.extend(object(&test["data"]));
    let data = Value::Object(data);
    let mut input = object(&test["options"]["input"]["default"]);
    input.extend(object(&data["input"]));
    let partials = object(&case["partials"]).into_iter().chain(object(&case["resolverPartials"]));
    let data = Data {
        input: Value::Object(input),
        context: object(&data["context"]),
        history: data["messages"].as_array().into_iter().flatten().map(message).collect(),
        partials: partials.map(|(name, it)| (name, it.as_str().unwrap().to_owned())).collect(),
    };
    let mut named = object(&case["schemas"]);
    named.extend(object(&case["resolverSchemas"]));
    let expect = &test["expect"];
    let found: Vec<Value> = prompt.render(&data)?.iter().map(json_of).collect();
    let same = |what: &str, found: &Value, expected: &Value| match found == expected {
        true => Ok(()),
        false => Err(format!("{what} is {found}, not {expected}")),
    };
    if let Some(expected) = expect.get("messages") {
        same("messages", &json!(found), expected)?;
    }
    for (field, schema) in
        [("input", prompt.input_schema(&named)?), ("output", prompt.output_schema(&named)?)]
    {
        if let Some(expected) = expect[field].get("schema") {
            same(field, &schema.unwrap_or_default(), expected)?;
        }
    }
    if let Some(expected) = expect.get("ext") {
        same("ext", &Value::Object(prompt.extensions()), expected)?;
    }
    if let Some(expected) = expect.get("raw") {
        same("raw", &Value::Object(prompt.fields().clone()), expected)?;
    }
    for field in ["model", "config"] {
        if let Some(expected) = expect.get(field) {
            same(field, prompt.fields().get(field).unwrap_or(&Value::Null), expected)?;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs the published cases"]
fn the_published_cases_pass() {
    let folder = std::env::var("DOTPROMPT_SPEC").expect("DOTPROMPT_SPEC names the folder");
    let (mut passed, mut otherwise, mut failed) = (0, Vec::new(), Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(Path::new(&folder)).unwrap().flatten().collect();
    files.sort_by_key(|file| file.path());
    for file in files {
        let cases: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        let stem = file.path().file_stem().unwrap().to_string_lossy().into_owned();
        for case in cases.as_array().into_iter().flatten() {
            for test in case["tests"].as_array().into_iter().flatten() {
                let name = format!("{stem}/{}: {}", case["name"].as_str().unwrap(), test["desc"]);
                let reason = OTHERWISE.iter().find(|(known, _)| name.starts_with(known));
                match (run(case, test), reason) {
                    (Ok(()), _) => passed += 1,
                    (Err(_), Some((_, reason))) => otherwise.push(format!("{name}: {reason}")),
                    (Err(why), None) => failed.push(format!("{name}: {why}")),
                }
            }
        }
    }
    println!("{passed} cases pass, {} are kept otherwise:", otherwise.len());
    otherwise.iter().for_each(|name| println!("  {name}"));
    assert!(failed.is_empty(), "{} fail:\n{}", failed.len(), failed.join("\n"));
    assert!(passed > 110, "{passed}");
}
