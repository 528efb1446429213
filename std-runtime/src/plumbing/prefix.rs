//! `zerostack encode --prefix-report`: how much of each request the provider's cache has seen.

use std::io::{Read, Write};

use serde::Serialize;
use zerostack_core::{OwnedConfig, Step};

use super::encode::body;
use super::transcript::{self, Line, LineRole};
use super::{io_error, line};
use crate::{Error, ErrorKind, Result};

/// One request of a transcript, and what it shares with the previous one.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Report {
    /// Counted from 1.
    request: usize,
    bytes: usize,
    /// The length of the prefix that the previous request had too.
    shared_bytes: usize,
    /// Bytes of the previous request that are gone: only the brackets at its end, if everything
    /// else was kept.
    lost_bytes: usize,
}

/// The filter: `input` is a transcript as JSON Lines; prints a line for each request that it
/// needed, and for the one that is due.
///
/// # Errors
/// `Input` when the transcript is malformed or there was nothing to send.
pub fn run(config: &OwnedConfig, input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| io_error("stdin", &error))?;
    // A malformed transcript is reported before anything is printed.
    transcript::read(&mut text.as_bytes(), config.clone())?;
    let mut before = Vec::new();
    let mut request = 0;
    for end in ends(&text) {
        let lines = text.get(..end).unwrap_or_default();
        let session = transcript::read(&mut lines.as_bytes(), config.clone())?;
        if session.step() != Step::Send {
            continue;
        }
        let mut now = Vec::new();
        body(&session, &mut now)?;
        request += 1;
        let shared_bytes =
            now.iter().zip(&before).take_while(|(now, before)| now == before).count();
        let lost_bytes = before.len() - shared_bytes;
        line(output, &Report { request, bytes: now.len(), shared_bytes, lost_bytes })?;
        before = now;
    }
    if request == 0 {
        return Err(Error::new(ErrorKind::Input, "there is nothing to send in the transcript"));
    }
    output.flush().map_err(|error| io_error("stdout", &error))
}

/// The places where a request was due: before each message of the model, and at the end.
fn ends(text: &str) -> Vec<usize> {
    let (mut ends, mut at, mut in_reply) = (Vec::new(), 0, false);
    for raw in text.split_inclusive('\n') {
        if let Ok(line) = serde_json::from_str::<Line>(raw) {
            let is_reply = line.role == LineRole::Assistant;
            if is_reply && (!in_reply || line.begins) {
                ends.push(at);
            }
            in_reply = is_reply;
        }
        at += raw.len();
    }
    ends.push(at);
    ends
}
