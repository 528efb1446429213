//! The agent core for Python: `zerostack._core`. The Python files beside it make it the package.
//!
//! Every class is frozen. A `Session` holds its state after a lock that is
//! only ever tried: a second user gets `Busy`, nobody waits, and nothing can deadlock.

mod arguments;
mod attachments;
mod bytes;
mod config;
mod enums;
mod error;
mod feed;
mod held;
mod http_response;
mod json_lines;
mod message;
mod number;
mod open;
mod options;
mod partial_json;
mod profile;
mod prompt;
mod request;
mod request_options;
mod scripted;
mod session;
mod shared_config;
mod tokenizer;
mod value;

use pyo3::prelude::*;

/// What is written in Rust; `zerostack` shows it.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::arguments::checked_arguments;
    #[pymodule_export]
    use crate::config::{Limits, Prices, ToolSpec};
    #[pymodule_export]
    use crate::http_response::HttpResponse;
    #[pymodule_export]
    use crate::message::{
        Attachment, Checkpoint, Compacting, End, Entry, Failure, Instruction, Opaque, Recovered,
        RefusalDelta, Repeating, Request, Restart, SummaryFailed, Text, TextDelta, Thinking,
        ThinkingDelta, ToolCall, ToolCallDelta, ToolResult, Truncated, Usage, WindowTokens,
    };
    #[pymodule_export]
    use crate::open::another_session;
    #[pymodule_export]
    use crate::partial_json::PartialJson;
    #[pymodule_export]
    use crate::profile::known_server;
    #[pymodule_export]
    use crate::prompt::{Placeholder, Prompt, skill_problems};
    #[pymodule_export]
    use crate::scripted::ScriptedServer;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::tokenizer::{Counter, Fit, Tokenizer, estimate};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
