//! The sandboxes of git, each made at its first use.

use std::sync::OnceLock;

use super::index::Settings;
use super::judge::Judge;

/// Where git looks at the result.
#[derive(Debug, Default)]
pub(super) struct Judges {
    /// Has the checkout and the settings of git, and writes nothing.
    pub(super) reading: OnceLock<Option<Judge>>,
    /// Has the toolchains of the home folders too, and private writes.
    pub(super) writing: OnceLock<Option<Judge>>,
    pub(super) settings: OnceLock<Option<Settings>>,
}

impl Judges {
    /// Ends all processes in them, and makes none from here on.
    pub(super) fn end(&self) {
        for judge in [&self.reading, &self.writing] {
            if let Some(judge) = judge.get_or_init(|| None) {
                judge.end();
            }
        }
    }
}
