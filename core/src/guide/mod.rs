//! Guides: what a session can do besides the loop, with complete examples, and the formats of what it saves.

#[doc = include_str!("saving.md")]
pub mod saving {}

#[doc = include_str!("rewinding.md")]
pub mod rewinding {}

#[doc = include_str!("room.md")]
pub mod room {}

/// The formats of saved conversations: the transcript, the journal and JSON Lines.
pub mod formats {
    #[doc = include_str!("../transcript/record.md")]
    pub mod transcript {}

    #[doc = include_str!("../transcript/journal.md")]
    pub mod journal {}

    #[doc = include_str!("../transcript/jsonl/format.md")]
    pub mod json_lines {}
}
