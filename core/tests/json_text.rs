//! The strict JSON cursor over the published suite, beside `serde_json`.

use std::fs;
use std::path::{Path, PathBuf};

use zerostack_core::ErrorKind;
use zerostack_core::tool::json_text::{Json, JsonKind};

#[test]
fn the_published_suite_is_accepted_and_refused() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("ZEROSTACK_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("suites/json/test_parsing");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("NOT RUN: the shared data {} is missing", folder.display());
        return;
    };
    let (mut accepted, mut refused, mut free, mut bytes) = (0, 0, 0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let raw = fs::read(&path).unwrap();
        let Ok(text) = std::str::from_utf8(&raw) else {
            // Texts of the core are UTF-8 by their type.
            assert!(!name.starts_with("y_"), "{name}");
            bytes += 1;
            continue;
        };
        let parsed = Json::parse(text);
        if let Ok(json) = parsed {
            walk(json);
        }
        match name.get(..2) {
            Some("y_") => {
                assert!(parsed.is_ok(), "{name}");
                accepted += 1;
            }
            Some("n_") => {
                let kind = parsed.err().map(|error| error.kind());
                assert!(matches!(kind, Some(ErrorKind::BadJson | ErrorKind::TooDeep)), "{name}");
                refused += 1;
            }
            _ => free += 1,
        }
        if text.len() < 10_000 && !name.contains("huge") && !name.contains("overflow") {
            let other = serde_json::from_str::<serde_json::Value>(text);
            let is_number = other.as_ref().is_err_and(|error| error.to_string().contains("range"));
            assert!(is_number || parsed.is_ok() == other.is_ok(), "{name}");
        }
    }
    println!("json: {accepted} accepted, {refused} refused, {free} free, {bytes} not UTF-8");
    assert!(accepted == 95 && refused > 150);
}

fn walk(json: Json<'_>) {
    match json.kind() {
        JsonKind::Array => json.elements().for_each(walk),
        JsonKind::Object => json.members().for_each(|(name, value)| {
            assert_eq!(name.kind(), JsonKind::String);
            walk(value);
        }),
        JsonKind::String => {
            let text: String = json.chars().collect();
            assert_eq!(serde_json::from_str::<String>(json.raw()).unwrap(), text);
        }
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Number => {}
    }
}
