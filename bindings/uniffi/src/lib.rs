//! `zerostack-core` for Swift and Kotlin, over uniffi.
//!
//! The calls are those of the core, with types that own what they hold: a request is its path,
//! headers and body, [`Session::feed`] returns all events of the bytes. Nothing else happens
//! here; no I/O, no thread, no decision. Each object has a lock, so a call from any thread is
//! whole; the order of calls stays the caller's matter, and a wrong one is refused.
//!
//! Swift has its own types over this in `bindings/swift`; Kotlin uses it as it is.

mod arguments;
mod attachment;
mod config;
mod counting;
mod decode;
mod error;
mod event;
mod kind;
mod options;
mod prompt;
mod session;
mod tokenizer;
mod transcript;

pub use arguments::{CheckedArguments, check_arguments};
pub use attachment::{
    Attachment, AttachmentSource, BegunRequest, RequestBody, WantedBytes, media_type_of,
};
pub use config::{Config, Limits, Prices, ToolSpec, cost_micros, default_limits};
pub use counting::Counting;
pub use decode::{Decoded, decode};
pub use error::{Failure, Fault, ZerostackError};
pub use event::{Event, Fed, ToolCall, Usage, event_json};
pub use kind::{
    CacheTtl, Dialect, Dropped, ErrorKind, FailedTurn, OutputLimitKey, ReasoningEffort, Role,
    RoomPolicy, SchemaMode, Step, StopReason, ToolMode,
};
pub use options::{RequestOptions, ResponseSchema};
pub use prompt::{Prompt, PromptOutput, built_in_prompts};
pub use session::{Checkpoint, Header, Request, Session, WindowTokens};
pub use tokenizer::{BuiltInVocabulary, Estimate, Tokenizer, estimate_tokens};
pub use transcript::{Entry, Part};

uniffi::setup_scaffolding!();
