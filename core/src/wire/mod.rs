//! Leaves that know bytes and nothing of agents: JSON, server-sent events, HTTP/1.1.

pub(crate) mod hash;
pub mod http1;
pub mod json_read;
pub(crate) mod json_write;
mod scan;
pub mod sse;

pub(crate) use json_write::pieces;
