//! The options of a request: sampling, reasoning, the choice of tools, the form
//! of the answer.
//!
//! One table for each dialect, [`Fields`], has the field of each option. They are in the head of a
//! request, before the tools and the messages, so changing them leaves those unchanged.

mod option;
pub use option::RequestOption;

#[cfg(feature = "options")]
mod check;
#[cfg(feature = "options")]
mod fields;
#[cfg(feature = "options")]
mod given;
#[cfg(any(feature = "options", feature = "profiles", feature = "call-deltas"))]
mod members;
#[cfg(all(feature = "options", feature = "alloc"))]
mod owned;
#[cfg(any(feature = "options", feature = "profiles"))]
mod subset;
#[cfg(feature = "options")]
mod thousandths;
#[cfg(feature = "options")]
mod write;
#[cfg(feature = "options")]
pub use given::{
    CacheTtl, ReasoningEffort, RequestOptions, ResponseSchema, SchemaMode, ToolChoice,
};
#[cfg(all(feature = "options", feature = "alloc"))]
pub use owned::{OwnedOptions, OwnedResponseSchema, OwnedToolChoice};
#[cfg(feature = "options")]
pub use thousandths::Thousandths;

#[cfg(feature = "options")]
pub(crate) use {
    check::check,
    fields::{ENABLED, Fields, Group, cache_ttl, strict, tells_schema, tool_choice},
    write::{OptionCursor, begin, write},
};

#[cfg(all(feature = "call-deltas", feature = "gemini"))]
pub(crate) use members::{ArrayElements, ObjectMembers};
#[cfg(all(feature = "options", feature = "gemini"))]
pub(crate) use subset::GEMINI;
#[cfg(any(
    feature = "profiles",
    all(feature = "options", feature = "openai-chat"),
    all(feature = "options", feature = "openai-responses")
))]
pub(crate) use subset::STRICT;

#[cfg(not(feature = "options"))]
mod disabled;
#[cfg(not(feature = "options"))]
pub(crate) use disabled::*;

#[cfg(all(test, feature = "options", feature = "all-dialects"))]
mod tests;
