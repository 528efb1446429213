//! Commands that `bash` leaves running for later calls of the run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::sandbox::Child;

/// The processes by name. They end with the view.
#[derive(Debug, Default)]
pub(super) struct Background(Mutex<BTreeMap<String, Child>>);

impl Background {
    /// The name under which a call's command keeps running.
    pub(super) fn name(tool: &str, arguments: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Arguments {
            background: Option<String>,
        }
        let arguments = (tool == "bash").then(|| serde_json::from_str::<Arguments>(arguments).ok());
        arguments.flatten()?.background
    }

    /// Ends the command with this name.
    pub(super) fn end(&self, name: &str) {
        let child = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(child) = child {
            child.process().kill();
            // An error means that its status is lost; it has ended.
            let _ = child.process().wait();
        }
    }

    /// Keeps a process after its call has its result.
    pub(super) fn keep(&self, name: String, child: Child) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, child);
    }
}
