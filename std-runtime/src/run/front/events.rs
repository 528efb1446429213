//! `--events`: the events of a run, a line each on stdout, in one of five formats.
//!
//! `std-runtime/docs/events.md` documents each.

use std::io::Write;

use super::Front;
use super::claude::ClaudeWriter;
use super::codex::CodexWriter;
use super::json::EventWriter;

/// A format of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFormat {
    /// zerostack's own.
    Json,
    /// The same with the arguments of calls as they arrive.
    JsonPartial,
    /// That of `claude -p --output-format stream-json`.
    Claude,
    /// The same with `--include-partial-messages`.
    ClaudePartial,
    /// That of `codex exec --json`.
    Codex,
}

impl EventFormat {
    /// All formats.
    pub const ALL: [Self; 5] =
        [Self::Json, Self::JsonPartial, Self::Claude, Self::ClaudePartial, Self::Codex];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonPartial => "json-partial",
            Self::Claude => "claude",
            Self::ClaudePartial => "claude-partial",
            Self::Codex => "codex",
        }
    }

    /// Whether an answer is a result if no file was changed: programs that read these formats also
    /// have conversations.
    pub const fn takes_answers(self) -> bool {
        !matches!(self, Self::Json | Self::JsonPartial)
    }

    /// Whether the arguments of a call are shown as they arrive.
    pub const fn has_call_deltas(self) -> bool {
        matches!(self, Self::JsonPartial | Self::ClaudePartial)
    }

    /// A front that writes to `out`, a line at a time.
    pub fn front(self, out: impl Write + Send + 'static) -> Box<dyn Front + Send> {
        match self {
            Self::Json | Self::JsonPartial => Box::new(EventWriter::new(out)),
            Self::Claude => Box::new(ClaudeWriter::new(out, false)),
            Self::ClaudePartial => Box::new(ClaudeWriter::new(out, true)),
            Self::Codex => Box::new(CodexWriter::new(out)),
        }
    }
}
