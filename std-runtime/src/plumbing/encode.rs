//! `zerostack encode`: a transcript in, the body of the next request out.

use std::io::{Read, Write};

use zerostack_core::{OwnedConfig, Step};

use super::{io_error, transcript};
use crate::agent::OwnedSession;
use crate::{Error, ErrorKind, Result};

/// The filter: `input` is a transcript as JSON Lines, `output` gets the body.
///
/// # Errors
/// `Input` if the transcript is malformed or there is nothing to send.
pub fn run(config: OwnedConfig, input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let session = transcript::read(input, config)?;
    let step = session.step();
    if step != Step::Send {
        let why = match session.pending_call() {
            Some(call) => format!("the call {:?} of {} has no result", call.provider_id, call.name),
            None => "the transcript does not end with a user or tool line".to_owned(),
        };
        return Err(Error::new(ErrorKind::Input, format!("there is nothing to send: {why}")));
    }
    body(&session, output)?;
    output.flush().map_err(|error| io_error("stdout", &error))
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
