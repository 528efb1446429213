//! Findings as SARIF 2.1.0, which forges show beside a change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::findings::Finding;

/// One run of SARIF.
pub(super) fn sarif(found: &[Finding]) -> String {
    let rules: BTreeSet<&str> = found.iter().filter_map(|it| it.rule.as_deref()).collect();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let results: Vec<Value> = found.iter().map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "zerostack",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).expect("the keys are strings")
}

fn result(finding: &Finding) -> Value {
    let Finding { path, line, column, severity, message, rule } = finding;
    let mut region = json!({ "startLine": line });
    if let Some(column) = column {
        region["startColumn"] = json!(column);
    }
    let mut result = json!({
        "level": severity.name(),
        "message": { "text": message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
            "region": region,
        } }],
    });
    if let Some(rule) = rule {
        result["ruleId"] = json!(rule);
    }
    result
}

/// A relative reference to a file (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
