//! The commands of `zerostack`, a file each. Each has an [`Entry`](entry::Entry) in `cli/table.rs`.

pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod entry;
pub(crate) mod first_word;
pub(crate) mod flag;
pub(crate) mod help;
mod history;
pub(crate) mod log;
pub(crate) mod man;
mod page;
pub(crate) mod permissions;
pub(crate) mod print;
pub(crate) mod prompts;
pub(crate) mod redo;
pub(crate) mod replay;
pub(crate) mod run;
mod sample;
pub(crate) mod show;
pub(crate) mod step;
pub(crate) mod tokens;
pub(crate) mod tool;
pub(crate) mod try_sample;
pub(crate) mod undo;
pub(crate) mod usage;
