//! A transcript as JSON Lines: one part per line, for people, `grep` and scripts.
//!
//! ```text
//! {"role":"user","text":"Fix the test"}
//! {"role":"developer","text":"From now on, write no file"}
//! {"role":"assistant","thinking":"Let me look"}
//! {"role":"assistant","opaque":{"provider":"anthropic","subtype":0,"text":"c2ln"}}
//! {"role":"assistant","text":"I will read it."}
//! {"role":"assistant","call":{"id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"}}
//! {"role":"tool","id":"call_1","text":"1\tint main"}
//! ```
//! An attachment has a line after the text or result that it belongs to, with the role of that, and one of
//! `number`, `url` and `file_id`; `tokens` may be there, too:
//!
//! ```text
//! {"role":"user","attachment":{"type":"image/png","name":"cat.png","bytes":48213,"number":1}}
//! ```
//! Lines of the model that follow one another are one message, until one has `"begins":true`.
//! The other fields are written only if they apply: `"summary":true` for a user's text that replaces older
//! turns, `"refusal":true`, `"field":N` for the field of the wire that had the reasoning,
//! `"maker":N` in a call whose id only its maker accepts, a number for dialect and model,
//! `"cut":true` for a part that was not kept completely, `"is_error":true` for a call that failed,
//! `"index":N`, the place of a result's call in its reply, if the id does not decide it or the
//! results of many calls come in another order,
//! `"ended":true` for a user's text, a result or an attachment after which the turn ended without an answer
//! (aborted, failed, over a budget), and `"paused":true` for the last part of a reply that the
//! model will continue.
//!
//! When reading, `content` is the same as `text`, unknown fields are ignored, and so are lines of
//! the roles `system` and `tools` before all others: they belong to a configuration.

mod line;
mod read;
mod write;

pub use line::LineFault;
pub use read::JsonLinesReader;
pub use write::JsonLines;
