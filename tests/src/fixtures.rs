//! The replies of `tests/fixtures`: streams of both dialects, and what they say.

use serde_json::Value;
use zerostack_core::Dialect;

/// One reply as bytes, and what it means.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The file.
    pub name: String,
    /// The dialect.
    pub dialect: Dialect,
    /// The body.
    pub body: Vec<u8>,
    /// What it says, see `replies.jsonl`.
    pub says: Value,
}

/// All of them, in the order of `replies.jsonl`.
///
/// # Panics
/// When a file is missing.
#[must_use]
pub fn all() -> Vec<Fixture> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let rows = crate::shared::json_lines(&folder.join("replies.jsonl"));
    let fixture = |says: Value| {
        let name = says["file"].as_str().expect("a file").to_owned();
        let dialect = Dialect::from_name(name.split('/').next().unwrap_or_default());
        let dialect = dialect.expect("the folder is named after a provider");
        let body = std::fs::read(folder.join(&name)).expect("the file is there");
        Fixture { name, dialect, body, says }
    };
    rows.into_iter().map(fixture).collect()
}

/// The one with this name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn named(name: &str) -> Fixture {
    all().into_iter().find(|fixture| fixture.name == name).expect("the fixture is listed")
}
