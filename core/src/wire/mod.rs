//! Leaves that know bytes and nothing of agents: JSON, server-sent events, HTTP/1.1.

#[cfg(feature = "attachments")]
pub(crate) mod base64;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(crate) mod event_end;
pub(crate) mod first_text;
pub(crate) mod hash;
pub mod http1;
pub mod json_fields;
#[cfg(all(feature = "call-deltas", feature = "gemini"))]
pub(crate) mod json_path;
pub mod json_read;
pub(crate) mod json_write;
pub(crate) mod scan;
pub mod sse;
pub(crate) mod steps;

pub(crate) use json_write::pieces;

/// `number` with another decimal digit after it, saturating.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) const fn with_digit(number: u32, digit: u8) -> u32 {
    number.saturating_mul(10).saturating_add(digit.wrapping_sub(b'0') as u32)
}

/// The bytes of `before` that are no longer in `after`, its tail.
pub(crate) fn taken<'a>(before: &'a [u8], after: &[u8]) -> &'a [u8] {
    before.get(..before.len() - after.len()).unwrap_or_default()
}
