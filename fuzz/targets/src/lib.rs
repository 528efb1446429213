//! What the fuzz targets do, as plain functions: each takes any bytes and panics when
//! something is wrong. The committed corpus is replayed by the tests of this crate.

mod calls;
mod http1;
mod json;
mod operations;
mod response;
mod sse;
mod tokens;
mod vocabulary;

pub use calls::calls;
pub use http1::http1;
pub use json::json;
pub use operations::operations;
pub use response::response;
pub use sse::sse;
pub use tokens::tokens;
pub use vocabulary::vocabulary;

use zerostack_core::{Config, Provider, Session, Storage};

/// Takes the first byte off, which says how the rest is treated.
fn split_first(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}

/// The request that is due: as long as promised, the same through small windows, JSON, and
/// with a result for each call.
fn check_request<C: Config, S: Storage>(session: &Session<C, S>) {
    let body = read(session, 512);
    assert_eq!(body.len(), session.request().expect("Send").body_len());
    assert_eq!(body, read(session, 3));
    let text = std::str::from_utf8(&body).expect("a request is UTF-8");
    let json: serde_json::Value = serde_json::from_str(text).expect("a request is JSON");
    let mut open: Vec<String> = Vec::new();
    let id = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    for message in json["messages"].as_array().expect("messages") {
        let blocks = message["content"].as_array();
        let of_kind = |kind: &'static str, key: &'static str| {
            let blocks = blocks.into_iter().flatten().filter(move |block| block["type"] == kind);
            blocks.filter_map(move |block| id(&block[key]))
        };
        let mut results: Vec<String> = of_kind("tool_result", "tool_use_id").collect();
        results.extend(id(&message["tool_call_id"]));
        for result in &results {
            let at = open.iter().position(|call| call == result);
            open.remove(at.expect("each result has its call"));
        }
        assert!(open.is_empty() || !results.is_empty(), "each call has its result");
        if message["role"] == "assistant" {
            open = of_kind("tool_use", "id").collect();
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            open.extend(calls.filter_map(|call| id(&call["id"])));
        }
    }
    assert!(open.is_empty(), "each call has its result");
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

/// One of the dialects.
fn provider(number: u8) -> Provider {
    if number.is_multiple_of(2) { Provider::OpenAiChat } else { Provider::Anthropic }
}
