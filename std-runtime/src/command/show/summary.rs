//! A run in a few lines, for people.

use std::fmt::Write as _;

use crate::command::{history, log};
use crate::record::Record;
use crate::run::front::tokens_and_cost;
use crate::visible::visible;

/// The run, its instruction, and how it ended; after a blank line its text.
pub(super) fn of(record: &Record) -> String {
    let about = &record.about;
    let state = match about.exit_code {
        0 => history::state(record).to_owned(),
        code => format!("{}, exit code {code}", history::state(record)),
    };
    let mut rows = vec![
        (
            "run",
            format!("{}, {}, took {}", record.id, log::ago(about.time), took(about.duration_ms)),
        ),
        ("folder", about.folder().display().to_string()),
        ("also", listed(about.also.iter().map(|path| path.display().to_string()))),
        ("state", state),
        ("error", about.error.clone().unwrap_or_default()),
        ("prompt", about.prompt.clone()),
        ("task", about.task.clone()),
        ("model", format!("{} of {}", about.model, about.provider)),
        ("tokens", tokens_and_cost(about.usage.into(), about.cost_micros)),
        ("files", listed(about.files.iter().cloned())),
        ("network", listed(about.connections.iter().cloned())),
        ("not kept", about.not_kept.clone().unwrap_or_default()),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    let mut text = String::new();
    for (name, value) in rows {
        // What a file or a model named has no control characters here.
        let value = visible(&value).replace('\n', "\n          ");
        let _ = writeln!(text, "{name:<10}{value}");
    }
    let said = visible(about.text.trim()).into_owned();
    if !said.is_empty() {
        let _ = writeln!(text, "\n{said}");
    }
    text
}

fn listed(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join("\n")
}

/// A duration in seconds, or in minutes from 100 seconds on.
fn took(millis: u64) -> String {
    match millis / 1000 {
        0..100 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
