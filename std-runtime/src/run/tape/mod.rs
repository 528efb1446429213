//! A tape: everything that went into a session, as JSON Lines. Played again, it gives the same
//! events and the same requests, offline.
//!
//! ```text
//! {"type":"tape","version":1,"api":…,"model":…,"system":…,"tools":[…],"limits":{…}}
//! {"type":"user","text":…}
//! {"type":"request","bytes":4711,"sha1":…}       what was sent, for comparison
//! {"type":"response","status":200,"retry_after_ms":null}
//! {"type":"bytes","text":…}                       or "hex" where it is not UTF-8
//! {"type":"end"}
//! {"type":"tool_result","call":0,"content":…,"is_error":false}
//! {"type":"over","exit_code":0,"sha1":…}          the end of the run; the sum of all lines above
//! ```
//! A tape without its last line, or with another sum, was cut or changed: it is not played.
//! No line holds the key: it is no part of a session. Should a provider or a tool say it, there is
//! no tape.

mod line;
mod options;
mod record;
mod replay;

use sha1_smol::Sha1;
use zerostack_core::Request;

pub use record::Tape;
pub use replay::replay;
pub(crate) use replay::{conversation, replay_record};

/// The length of a request's body and its SHA-1.
fn digest(mut request: Request<'_>) -> (usize, String) {
    let mut hash = Sha1::new();
    let mut length = 0;
    let mut buffer = [0; 4096];
    loop {
        let count = request.read(&mut buffer);
        if count == 0 {
            return (length, hash.digest().to_string());
        }
        hash.update(&buffer[..count]);
        length += count;
    }
}
