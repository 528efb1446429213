//! `zerostack encode`: a transcript in, the next request out: its body, or all of it.

use std::io::{Read, Write};

use zerostack_core::{OwnedConfig, Step};

use super::{io_error, transcript};
use crate::agent::OwnedSession;
use crate::provider::Endpoint;
use crate::{Error, ErrorKind, Result};

/// The filter: `input` is a transcript as JSON Lines, `output` gets the body, after its head if there is an
/// `endpoint`.
///
/// # Errors
/// `Input` if the transcript is malformed or there is nothing to send.
pub fn run(
    config: OwnedConfig,
    endpoint: Option<&Endpoint>,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<()> {
    let session = transcript::read(input, config)?;
    let step = session.step();
    if step != Step::Send {
        let why = match session.pending_call() {
            Some(call) => format!("the call {:?} of {} has no result", call.provider_id, call.name),
            None => "the transcript does not end with a user or tool line".to_owned(),
        };
        return Err(Error::new(ErrorKind::Input, format!("there is nothing to send: {why}")));
    }
    if let Some(endpoint) = endpoint {
        let head = head(&session, endpoint)?;
        output.write_all(head.as_bytes()).map_err(|error| io_error("stdout", &error))?;
    }
    body(&session, output)?;
    output.flush().map_err(|error| io_error("stdout", &error))
}

/// The head of the request that is due.
fn head(session: &OwnedSession, endpoint: &Endpoint) -> Result<String> {
    let request = session.request().map_err(Error::from_core)?;
    let url = endpoint.url(&request.path_parts().concat());
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut head = format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\n");
    let own = endpoint.headers();
    let fixed = request.headers().iter().map(|(name, value)| (*name, *value));
    for (name, value) in fixed.chain(own.iter().map(|(name, value)| (*name, value.expose()))) {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", request.body_len());
    Ok(head)
}

/// Writes the body of the request that is due.
pub(super) fn body(session: &OwnedSession, output: &mut dyn Write) -> Result<()> {
    let mut request = session.request().map_err(Error::from_core)?;
    let mut buffer = [0; 4096];
    loop {
        match request.read(&mut buffer) {
            0 => return Ok(()),
            count => {
                output.write_all(&buffer[..count]).map_err(|error| io_error("stdout", &error))?
            }
        }
    }
}
