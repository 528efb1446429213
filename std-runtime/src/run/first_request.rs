//! `--dry-run`: the first request, which is not sent.

use std::sync::Arc;

use super::front::{Front, RunEvent};
use super::setup::{Network, Setup};
use super::{RunOptions, Stop, session};
use crate::agent::{Files, start_session};
use crate::{Error, Result};

/// The body of the first request, byte for byte. Nothing is sent.
///
/// # Errors
/// As those of a run before its first request; `Configuration` if no model is named.
pub fn first_request(options: &RunOptions, stop: &Arc<Stop>, front: &dyn Front) -> Result<Vec<u8>> {
    let made = || {
        let setup = Setup::new(options, Network::Forbidden, front)?;
        let workspace = setup.open(options, stop)?;
        let config = setup.run_config(options, &workspace.view().folders(), setup.limits);
        let mut saved = session::open_existing(options, &setup)?;
        let mut notes = Vec::new();
        let mut session = match &mut saved {
            Some(saved) => session::begin(saved, options, &setup, config, &mut notes)?,
            None => start_session(config)?,
        };
        notes.iter().try_for_each(|note| front.event(&RunEvent::Warned(note)))?;
        let text = options.first_text(workspace.view())?;
        let mut files = Files::new();
        if let Some(saved) = &mut saved {
            (session, files) = saved.with_files(session, &mut Vec::new())?;
        }
        files.say(&mut session, &text, &options.first_files())?;
        let mut body = Vec::new();
        let request = session.request_with_attachments().map_err(Error::from_core)?;
        files.read_body(request, &mut body)?;
        Ok(body)
    };
    made().map_err(|error| stop.reason(error))
}
