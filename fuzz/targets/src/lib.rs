//! What the fuzz targets do, as plain functions: each takes any bytes and panics when
//! something is wrong. The committed corpus is replayed by the tests of this crate.

mod calls;
mod http1;
mod journal;
mod json;
mod json_lines;
mod operations;
/// Shared with the tests.
#[path = "../../../tests/src/pairs.rs"]
mod pairs;
mod patch;
mod response;
mod shell;
mod sse;
mod tokens;
mod vocabulary;

pub use calls::calls;
pub use http1::http1;
pub use journal::journal;
pub use json::json;
pub use json_lines::json_lines;
pub use operations::operations;
pub use patch::patch;
pub use response::response;
pub use shell::shell;
pub use sse::sse;
pub use tokens::{load_vocabularies, tokens};
pub use vocabulary::vocabulary;

use zerostack_core::{Config, Dialect, Session, SessionConfig, Storage, ToolMode, ToolSpec};

/// Takes the first byte off, which selects how the rest is treated.
fn split_first(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}

/// The request that is due: as long as promised, the same through small windows, JSON, and
/// with a result for each call in its place.
fn check_request<C: Config, S: Storage>(session: &Session<C, S>) {
    let body = read(session, 512);
    assert_eq!(body.len(), session.request().expect("Send").body_len());
    assert_eq!(body, read(session, 3));
    let text = std::str::from_utf8(&body).expect("a request is UTF-8");
    let json: serde_json::Value = serde_json::from_str(text).expect("a request is JSON");
    pairs::check(session.config().dialect(), &json);
}

fn read<C: Config, S: Storage>(session: &Session<C, S>, window: usize) -> Vec<u8> {
    let mut request = session.request().expect("the step is Send");
    let (mut body, mut buffer) = (Vec::new(), vec![0; window]);
    loop {
        match request.read(&mut buffer) {
            0 => return body,
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
}

/// One of the dialects, and what is left of the number.
fn dialect(number: u8) -> (Dialect, u8) {
    let count = Dialect::ALL.len() as u8;
    (Dialect::ALL[usize::from(number % count)], number / count)
}

/// One of the tool modes, or calls told in the text where the dialect does not have it; and what is
/// left of the number.
fn tool_mode(dialect: Dialect, number: u8) -> (ToolMode, u8) {
    let count = ToolMode::ALL.len() as u8;
    let tool_mode = ToolMode::ALL[usize::from(number % count)];
    let config = SessionConfig { tool_mode, ..SessionConfig::new(dialect, "m") };
    let has_mode = Session::new([0; 1024], config).is_ok();
    (if has_mode { tool_mode } else { ToolMode::Text }, number / count)
}

const TOOLS: [ToolSpec<'_>; 2] = [
    ToolSpec { name: "read", description: "d", parameters: "{}" },
    ToolSpec { name: "list", description: "", parameters: "{}" },
];
