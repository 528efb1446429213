//! Whether the model's last text is the result that the prompt asks for.

use std::sync::LazyLock;

use regex::Regex;
use zerostack_core::prompt::Output;
use zerostack_core::tool::schema::{Schema, Verdict};

use crate::error::quote;
use crate::{Error, ErrorKind, Result};

/// The text of a result that is no patch, without what stands around it.
///
/// # Errors
/// `NoResult` when it is empty, or not what `output` and `schema` ask for.
pub(super) fn checked(output: Output, schema: Option<&str>, text: &str) -> Result<String> {
    let none = |why: &str| {
        let said = quote(text.trim());
        let text = format!("{why}; try again or use another model; it said: {said}");
        Err(Error::new(ErrorKind::NoResult, text))
    };
    match output {
        _ if text.trim().is_empty() => {
            let text = "the model ended without an answer; try again or use another model";
            Err(Error::new(ErrorKind::NoResult, text))
        }
        Output::Json => {
            let json = without_fence(text);
            if serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
                return none("the model's answer is not JSON");
            }
            match schema.map(|schema| misfit(schema, json)) {
                Some(Some(why)) => {
                    none(&format!("the model's answer does not fit the prompt's schema: {why}"))
                }
                _ => Ok(json.to_owned()),
            }
        }
        Output::Findings => match findings(without_fence(text)) {
            Some(findings) => Ok(findings),
            None => none(
                "the model's answer is no list of findings: `path:line: severity: message`, or \
                 `no findings`",
            ),
        },
        _ => Ok(text.to_owned()),
    }
}

/// The text without blanks around it, or a Markdown fence, where nothing but a fence was said.
fn without_fence(text: &str) -> &str {
    let inside = text.trim().strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    // The rest of the first line names the language.
    inside.and_then(|rest| rest.split_once('\n')).map_or(text, |(_, inside)| inside).trim()
}

/// Why JSON does not fit a schema. What the schema says beyond the checked keywords is not judged.
fn misfit(schema: &str, json: &str) -> Option<String> {
    match Schema::new(schema).ok()?.check(json) {
        Ok(Verdict::Valid | Verdict::Unsupported(_)) => None,
        Ok(Verdict::Invalid(found)) => {
            let mut room = [0; 512];
            Some(found.message(&mut room).unwrap_or("a value is wrong").to_owned())
        }
        Err(error) => Some(error.to_string()),
    }
}

/// The findings at the end of an answer, one a line, with the lines that go on below each; words
/// before the first are left out. `None` where there are none and the answer does not say so.
fn findings(text: &str) -> Option<String> {
    static FINDING: LazyLock<Regex> = LazyLock::new(|| {
        let form = r"^(?:[-*] )?([^\s:][^:]*:[0-9]+(?:[:-][0-9]+)?: *[A-Za-z]+: *\S.*)$";
        Regex::new(form).expect("the form of a finding is an expression")
    });
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match FINDING.captures(line) {
            Some(finding) => found.push(finding[1].to_owned()),
            None if line.starts_with([' ', '\t']) && !found.is_empty() => {
                found.push(line.to_owned());
            }
            // Words after a finding may be one that was written otherwise.
            None if !found.is_empty() => return None,
            None => {}
        }
    }
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let says_none = last.trim_matches(['`', '.', '*']).eq_ignore_ascii_case("no findings");
    match found.is_empty() {
        true => says_none.then(|| "no findings".to_owned()),
        false => Some(found.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(output: Output, schema: Option<&str>, text: &str) -> Option<ErrorKind> {
        checked(output, schema, text).err().map(|error| error.kind())
    }

    #[test]
    fn json_fits_its_schema() {
        let schema = Some(r#"{"type":"object","required":["name"]}"#);
        let json = |text| checked(Output::Json, schema, text).ok();
        assert_eq!(json("```json\n{\"name\":1}\n```").as_deref(), Some("{\"name\":1}"));
        for text in ["{\"other\":1}", "[]", "name", "", "{\"name\":1} and more"] {
            assert_eq!(kind(Output::Json, schema, text), Some(ErrorKind::NoResult), "{text}");
        }
        let error = checked(Output::Json, schema, "{\"other\":1}").unwrap_err().to_string();
        assert!(error.contains("name"), "{error}");
        assert_eq!(kind(Output::Json, None, "{\"other\":1}"), None);
    }

    #[test]
    fn findings_are_findings() {
        let findings = |text: &str| checked(Output::Findings, None, text).ok();
        let two = "a.rs:1: error: x\nb c.rs:2:3: warning: y: z";
        assert_eq!(findings(two).as_deref(), Some(two));
        let dressed = "Two faults:\n\n```\n- a.rs:1: error: x\n\n* b c.rs:2:3: warning: y: z\n```";
        assert_eq!(findings(&dressed.replace("```", "")).as_deref(), Some(two));
        assert_eq!(findings(&format!("```text\n{two}\n```")).as_deref(), Some(two));
        assert_eq!(findings("a.rs:1: note: x\n  more").as_deref(), Some("a.rs:1: note: x\n  more"));
        for none in ["no findings", "I looked at all.\n\nNo findings.", "`no findings`"] {
            assert_eq!(findings(none).as_deref(), Some("no findings"), "{none}");
        }
        for prose in
            ["The code is good.", "", "a.rs: error: x", "a.rs:1: error: x\nThat is all.", "[]"]
        {
            assert_eq!(findings(prose), None, "{prose}");
        }
    }
}
