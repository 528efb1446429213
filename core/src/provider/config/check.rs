//! The checks of a configuration before a session accepts it.

use super::Config;
use crate::provider::{Codec, codec_of, local, options, profile};
use crate::wire::json_read::is_object;
use crate::{Error, ErrorKind};

/// The dialect of a configuration; refuses one that would make an invalid request.
pub(crate) fn check(config: &dyn Config) -> Result<&'static Codec, Error> {
    let mut index = 0;
    while let Some(tool) = config.tool(index) {
        if tool.name.is_empty() || !is_object(tool.parameters.as_bytes()) {
            return Err(Error::new(ErrorKind::BadConfig, index as u32));
        }
        index += 1;
    }
    let limits = config.limits();
    if limits.max_attempts == 0 || limits.max_rounds == 0 || !limits.are_marks_in_order() {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    // A limit that this build cannot keep is refused.
    if cfg!(not(feature = "window")) && limits.need_window() {
        return Err(Error::new(ErrorKind::Unsupported, 0));
    }
    local::check(config)?;
    let codec = codec_of(config.dialect())?;
    let [_, model, rest] = (codec.path)(config.model());
    if !is_plain_path(model) || (model.is_empty() && !rest.is_empty()) {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    options::check(config, codec)?;
    profile::check(config)?;
    Ok(codec)
}

/// Whether `text` can be part of a path unchanged, and does not lead elsewhere.
fn is_plain_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~@/".contains(&byte);
    let leads_away = |name: &str| matches!(name, "" | "." | "..");
    text.is_empty() || (text.bytes().all(is_plain) && !text.split(['/']).any(leads_away))
}
