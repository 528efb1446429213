//! Findings: places in files, each with its fault.
//!
//! `path:line:column: severity: message [rule]`, as compilers print and editors read them; the
//! column and the rule may be absent. Indented lines below continue the message.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::counted;
use crate::project_file;
use zerostack_core::tool::answer::json_in;

/// The instruction for the model.
pub(super) const TOLD: &str = "\n\nEnd with the findings alone, one a line: `path:line:column: \
    severity: message [rule]`, or `path:line: severity: message`. The path is relative to the working folder, the severity is error, \
    warning or note, the rule a short name of the kind of fault. If there are none, end with \
    `no findings`.";

/// One place with its fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Relative to the working folder.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// The character in the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<usize>,
    /// Its severity.
    #[serde(default)]
    pub severity: Severity,
    /// The fault, when it occurs, and what to do.
    #[serde(default)]
    pub message: String,
    /// The kind of fault.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is wrong.
    Error,
    /// It can go wrong.
    #[default]
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name, which is also its level in SARIF.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Reads the words that linters use.
    fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "error" | "fatal" | "critical" | "blocker" | "high" => Some(Self::Error),
            "warning" | "warn" | "medium" | "major" | "minor" => Some(Self::Warning),
            "note" | "info" | "information" | "hint" | "help" | "style" | "suggestion" | "low" => {
                Some(Self::Note)
            }
            _ => None,
        }
    }
}

/// The findings at the end of an answer; words before the first are left out. `None` if there are
/// no findings and the answer does not state that.
pub(super) fn parse(text: &str) -> Option<Vec<Finding>> {
    let text = json_in(text);
    let mut found: Vec<Finding> = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match (finding(line), found.last_mut()) {
            (Some(finding), _) => found.push(finding),
            (None, Some(last)) if line.starts_with([' ', '\t']) => {
                last.message.push('\n');
                last.message.push_str(line);
            }
            // Words after a finding may be a finding in another form.
            (None, Some(_)) => return None,
            (None, None) => {}
        }
    }
    (!found.is_empty() || says_none(text)).then_some(found)
}

/// The findings on stdin, if it has nothing else: lines, or the JSON of `--json`.
pub fn given(text: &str) -> Option<Vec<Finding>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let starts = finding(first).is_some() || (text.trim().lines().count() == 1 && says_none(text));
    starts.then(|| parse(text)).flatten()
}

fn says_none(text: &str) -> bool {
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.is_some_and(|last| last.trim_matches(['`', '.', '*']).eq_ignore_ascii_case("no findings"))
}

fn finding(line: &str) -> Option<Finding> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        let form = r"^(?:[-*] )?`?([^\s:`][^:`]*):([0-9]+)(?::([0-9]+))?(?:-[0-9:]+)?`?: *(?:\*\*)?([A-Za-z]+)(?:\*\*)?: *(\S.*)$";
        Regex::new(form).expect("the form of a finding is a valid expression")
    });
    static RULE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(.*\S)\s*\[([A-Za-z0-9][A-Za-z0-9_./:-]*)\]$")
            .expect("the form of a rule is a valid expression")
    });
    let parts = FORM.captures(line)?;
    let (word, rest) = (&parts[4], &parts[5]);
    // A word that is not a severity belongs to the message.
    let (severity, message) = match Severity::of(word) {
        Some(severity) => (severity, rest.to_owned()),
        None => (Severity::Warning, format!("{word}: {rest}")),
    };
    let (message, rule) = match RULE.captures(&message) {
        Some(parts) => (parts[1].to_owned(), Some(parts[2].to_owned())),
        None => (message, None),
    };
    let column = parts.get(3).and_then(|column| column.as_str().parse().ok());
    Some(Finding {
        path: parts[1].trim().to_owned(),
        line: parts[2].parse().ok()?,
        column,
        severity,
        message,
        rule,
    })
}

/// The findings whose places are in the files of `folder`, and a sentence for each of the others.
pub(super) fn validated(found: Vec<Finding>, folder: &Path) -> (Vec<Finding>, Vec<String>) {
    let mut files: BTreeMap<String, Result<Vec<usize>, String>> = BTreeMap::new();
    let (mut kept, mut wrong) = (Vec::new(), Vec::new());
    for mut finding in found {
        let Some(path) = within(&finding.path, folder) else {
            wrong.push(format!("left out, it is outside the folder: {}", brief(&finding)));
            continue;
        };
        finding.path = path;
        let lines = files
            .entry(finding.path.clone())
            .or_insert_with(|| line_lengths(folder, &finding.path));
        let length = match lines {
            Err(why) => {
                wrong.push(format!("left out, {why}: {}", brief(&finding)));
                continue;
            }
            Ok(lines) => match finding.line.checked_sub(1).and_then(|index| lines.get(index)) {
                Some(length) => *length,
                None => {
                    let counted = counted(lines.len(), "line");
                    wrong.push(format!("left out, the file has {counted}: {}", brief(&finding)));
                    continue;
                }
            },
        };
        if finding.column.is_some_and(|column| column == 0 || column > length + 1) {
            wrong.push(format!(
                "its column is left out, because the line is shorter: {}",
                brief(&finding)
            ));
            finding.column = None;
        }
        kept.push(finding);
    }
    (kept, wrong)
}

/// The characters of each line of a file.
fn line_lengths(folder: &Path, path: &str) -> Result<Vec<usize>, String> {
    match project_file::read(folder, Path::new(path), FILE_BYTES) {
        Ok(Some(bytes)) => {
            let text = String::from_utf8_lossy(&bytes);
            Ok(text.lines().map(|line| line.chars().count()).collect())
        }
        Ok(None) => Err("there is no such file".to_owned()),
        Err(why) => Err(why),
    }
}

/// The normalized path, relative to `folder`; `None` if it leads out.
fn within(path: &str, folder: &Path) -> Option<String> {
    let path = Path::new(path);
    let path = if path.is_absolute() { path.strip_prefix(folder).ok()? } else { path };
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    plain.to_str().filter(|plain| !plain.is_empty()).map(str::to_owned)
}

/// The files of `folder` that findings name, and those that do not exist.
pub fn files_of(found: &[Finding], folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut named = (BTreeSet::new(), BTreeSet::new());
    for Finding { path, .. } in found {
        match within(path, folder) {
            // The parent must not follow a link that leads out.
            Some(path) if project_file::is_file(folder, Path::new(&path)) => named.0.insert(path),
            _ => named.1.insert(path.clone()),
        };
    }
    named
}

/// One per line.
pub(super) fn lines(found: &[Finding]) -> String {
    match found {
        [] => "no findings".to_owned(),
        found => found.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}

fn line(finding: &Finding) -> String {
    let Finding { path, line, column, severity, message, rule } = finding;
    let column = column.map(|column| format!(":{column}")).unwrap_or_default();
    let rule = rule.as_ref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
    // The rule ends the first line, where readers look for it.
    let (first, more) =
        message.split_once('\n').map_or((message.as_str(), None), |(a, b)| (a, Some(b)));
    let more = more.map(|more| format!("\n{more}")).unwrap_or_default();
    format!("{path}:{line}{column}: {}: {first}{rule}{more}", severity.name())
}

fn brief(finding: &Finding) -> String {
    crate::error::quote(&line(finding))
}

/// One JSON array.
pub(super) fn json(found: &[Finding]) -> String {
    serde_json::to_string_pretty(found).expect("a finding has string keys only")
}

/// The largest file that is read to check a finding, in bytes.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        parse(text).map(|found| lines(&found))
    }

    #[test]
    fn findings_are_findings() {
        let two = "a.rs:1: error: x\nb c.rs:2:3: warning: y: z [rule-1]";
        assert_eq!(parsed(two).as_deref(), Some(two));
        let dressed = "Two faults:\n\n- a.rs:1: error: x\n\n* b c.rs:2:3: warning: y: z [rule-1]\n";
        assert_eq!(parsed(dressed).as_deref(), Some(two));
        assert_eq!(parsed(&format!("```text\n{two}\n```")).as_deref(), Some(two));
        assert_eq!(parsed("a.rs:1: note: x\n  more").as_deref(), Some("a.rs:1: note: x\n  more"));
        assert_eq!(parsed("`a.rs:1-3`: **High**: x").as_deref(), Some("a.rs:1: error: x"));
        assert_eq!(parsed("a.rs:1:2: TODO: x").as_deref(), Some("a.rs:1:2: warning: TODO: x"));
        for none in ["no findings", "I looked at all.\n\nNo findings.", "`no findings`"] {
            assert_eq!(parsed(none).as_deref(), Some("no findings"), "{none}");
        }
        for prose in
            ["The code is good.", "", "a.rs: error: x", "a.rs:1: error: x\nThat is all.", "[]"]
        {
            assert_eq!(parsed(prose), None, "{prose}");
        }
    }

    #[test]
    fn stdin_is_findings_only_if_it_is_nothing_else() {
        let paths = |text: &str| {
            given(text).map(|found| found.into_iter().map(|it| it.path).collect::<Vec<_>>())
        };
        assert_eq!(paths("a:1: error: x\nb:2:1: note: y\n"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(paths("[{\"path\": \"a\", \"line\": 1}]"), Some(vec!["a".to_owned()]));
        assert_eq!(paths("no findings\n"), Some(Vec::new()));
        for other in ["error in a:1\na:1: error: x", "a:1: error: x\n  | code\n^", "", "[1]", "x"] {
            assert_eq!(paths(other), None, "{other}");
        }
    }

    #[test]
    fn only_places_that_exist_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "one\ntwo\n").unwrap();
        let inside = folder.path().join("a");
        let text = format!(
            "a:2:1: error: x\n./a:1:9: note: y\n{}:1: note: z\na:3: error: far\nb:1: error: none\n\
             ../a:1: error: out\n/etc/passwd:1: error: out\na:0: error: zero",
            inside.display()
        );
        let (kept, wrong) = validated(parse(&text).unwrap(), folder.path());
        assert_eq!(lines(&kept), "a:2:1: error: x\na:1: note: y\na:1: note: z");
        assert_eq!(wrong.len(), 6, "{wrong:?}");
    }
}
