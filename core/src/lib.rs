#![no_std]
#![forbid(unsafe_code)]
//! The agent core: one pure state machine. Bytes in, bytes out.
//!
//! The core holds a conversation with a model ([`Session`]) and does no I/O of its own: user
//! text and response bytes go in, request bytes and [`Event`]s come out. It knows no socket,
//! clock, key or random source, needs no allocator, and does not panic. A runtime asks
//! [`Session::step`] what to do, does it, and asks again; the table at [`Session`] is the
//! whole contract.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `openai-chat`, `anthropic`, `openai-responses`, `gemini`, `ollama` | a dialect each |
//! | `all-dialects` | all of these; on by default |
//! | `window` | token counts, room by policy, budgets of a turn, calls that repeat; on by default |
//! | `local-models` | calls by words or by JSON Schema, and calls found in text, see [`ToolMode`]; on by default |
//! | `alloc` | a storage that grows, a configuration that owns its texts |
//! | `std` | `alloc` |
//! | `drive`, `drive-async` | the whole loop over `embedded-io` and `embedded-io-async`, see `drive` |
//! | `derive` | the schema of a tool's arguments from a struct, see [`tool::typed`] |
//! | `unicode-pages` | the tokenizer for PCs: classes of characters as pages of 23 KB instead of runs of 9 KB, and the tables for speed of a packed vocabulary |

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "drive")]
pub mod drive;
mod error;
mod message;
pub mod prompt;
mod provider;
mod session;
pub mod tokenizer;
pub mod tool;
mod transcript;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_macros, unused_imports, reason = "each dialect uses a part")
)]
pub mod wire;

pub use error::{Error, ErrorKind};
pub use message::{
    CallId, Event, Fed, Kept, Part, Provider, Role, StopReason, ToolCall, ToolResult, ToolSpec,
    Usage,
};
pub use provider::{
    Budget, Config, CountTokens, Counting, FailedTurn, Limits, OutputLimitKey, Prices, Request,
    RequestPlace, RoomPolicy, SessionConfig, ToolMode,
};
#[cfg(feature = "alloc")]
pub use provider::{OwnedConfig, OwnedTool};
#[cfg(feature = "window")]
pub use session::WindowTokens;
pub use session::{Failure, Mark, Session, Step};
#[cfg(feature = "alloc")]
pub use transcript::Growing;
pub use transcript::{
    Entries, Entry, EntryPlace, Frame, Journal, JsonLines, JsonLinesReader, LineFault, Restored,
    Storage, Transcript, TranscriptBuilder,
};
