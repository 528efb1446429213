//! A tape: all inputs of a session, as JSON Lines. Played again, it gives the same events and the
//! same requests, offline.
//!
//! ```text
//! {"type":"tape","version":1,"api":…,"model":…,"system":…,"tools":[…],"limits":{…}}
//! {"type":"user","text":…}
//! {"type":"request","bytes":4711,"sha1":…}       what was sent, for comparison
//! {"type":"attached","number":0,"media_type":…,"name":…,"bytes":48213,"sha1":…}
//!                                                 a file of the text or result that follows; "url" or
//!                                                 "file_id" if the provider has it
//! {"type":"attached_bytes","number":0,"hex":…}    its bytes, in pieces, if they are recorded
//! {"type":"response","status":200,"retry_after_ms":null}
//! {"type":"bytes","text":…}                       or "hex" if it is not UTF-8
//! {"type":"end"}
//! {"type":"tool_result","call":0,"content":…,"is_error":false}
//! {"type":"over","exit_code":0,"sha1":…}          the end of the run; the sum of all lines above
//! ```
//! The `sha1` of a request is that of its body with `sha1:HEX` in the place of the bytes of each file.
//! A tape without its last line, or with another sum, was truncated or changed: it is not played.
//! No line holds the key, which is not part of a session. If a provider or a tool returns it, there
//! is no tape.

mod body;
mod line;
mod options;
mod record;
mod replay;

pub(crate) use body::{Hashes, sha1};
pub use record::Tape;
pub use replay::{Sent, replay};
pub(crate) use replay::{conversation, replay_record, replay_rounds};
