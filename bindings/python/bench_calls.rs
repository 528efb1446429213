//! What `bench.py` measures of a turn of 100 rounds, a call each, in Rust alone: the same replies
//! and results, the request made into one vector each time. Prints nanoseconds a call.

use std::time::Instant;

use zerostack_core::{Dialect, Growing, OwnedConfig, OwnedTool, Session, Step, ToolResult};

const CALL: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\
    \"c\",\"function\":{\"name\":\"double\",\"arguments\":\"{\\\"n\\\": 4}\"}}]},\"finish_reason\":\
    \"tool_calls\"}]}\n\ndata: [DONE]\n\n";
const END: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\n";

fn main() -> Result<(), zerostack_core::Error> {
    let mut fastest = u128::MAX;
    for _ in 0..50 {
        let start = Instant::now();
        turn(100)?;
        let all = start.elapsed();
        let start = Instant::now();
        turn(0)?;
        fastest = fastest.min(all.saturating_sub(start.elapsed()).as_nanos() / 100);
    }
    println!("{fastest}");
    Ok(())
}

fn turn(rounds: usize) -> Result<(), zerostack_core::Error> {
    let mut config = OwnedConfig::new(Dialect::OpenAiChat, "m");
    config.tools.push(OwnedTool {
        name: "double".into(),
        description: "Doubles.".into(),
        parameters: "{\"type\":\"object\"}".into(),
    });
    let mut session = Session::new(Growing::new(1 << 26), config)?;
    session.user("go")?;
    let mut left = rounds;
    loop {
        match session.step() {
            Step::Send => {
                let mut request = session.request()?;
                let mut body = vec![0; request.body_len()];
                request.read(&mut body);
                std::hint::black_box(body);
                session.begin_response(200, None)?;
            }
            Step::Receive => {
                let mut rest = if left > 0 { CALL } else { END };
                left = left.saturating_sub(1);
                while !rest.is_empty() {
                    let used = session.feed(rest)?.used;
                    rest = &rest[used..];
                }
                session.end_response()?;
            }
            Step::RunTools => {
                while let Some(id) = session.pending_call().map(|call| call.id) {
                    session.tool_result(ToolResult { id, content: "8", is_error: false })?;
                }
            }
            _ => return Ok(()),
        }
    }
}
