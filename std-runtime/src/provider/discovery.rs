//! Which models a server on this machine or the local network serves.

use std::time::Duration;

use serde::Deserialize;

use super::base_url::{authority_of, host_of, is_loopback};
use crate::transport::{Cancel, Http, HttpOptions};
use crate::{Error, ErrorKind, Result};

/// The models of the OpenAI-compatible server at `base_url`, asked without a key.
///
/// The time-outs are short, shortest on this machine, where it asks even if perhaps nothing is there.
///
/// # Errors
/// `Provider` when it does not answer with a list of models.
pub fn served_models(base_url: &str) -> Result<Vec<String>> {
    let connect_ms = if is_loopback(&host_of(base_url)) { 50 } else { 3_000 };
    let options = HttpOptions {
        connect_timeout: Duration::from_millis(connect_ms),
        idle_timeout: Duration::from_secs(3),
        ..HttpOptions::default()
    };
    let mut http = Http::new(options, Cancel::new());
    let (status, document) = http.fetch(&format!("{base_url}/models"), MAX_LIST_BYTES)?;
    let no_list = |reason: String| {
        let host = authority_of(base_url);
        Error::new(ErrorKind::Provider, format!("{host} gives no list of models: {reason}"))
    };
    if status != 200 {
        return Err(no_list(format!("status {status}")));
    }
    let list: List =
        serde_json::from_slice(&document).map_err(|error| no_list(error.to_string()))?;
    Ok(list.data.into_iter().map(|model| model.id).collect())
}

/// The first of `models` that can hold a conversation: local servers list embedding models too.
pub(super) fn first_chat_model(models: &[String]) -> Option<&String> {
    models.iter().find(|model| !model.to_ascii_lowercase().contains("embed"))
}

#[derive(Deserialize)]
struct List {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Thousands of models; enough to stop a server that is something else.
const MAX_LIST_BYTES: u64 = 1024 * 1024;
