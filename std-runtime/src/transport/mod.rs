//! How a request reaches a provider.

use std::io::Read;

use crate::Result;

/// Posts requests. Implement it to use your own HTTP stack.
pub trait Transport {
    /// Sends `post` with `body` (exactly `post.body_len` bytes) and gives back
    /// the response as soon as its head is there, whatever its status.
    ///
    /// # Errors
    /// `Provider` when no response came (name resolution, connect, TLS, time-out),
    /// `Interrupted` when the run was cancelled meanwhile.
    fn post(&mut self, post: &Post<'_>, body: &mut dyn Read) -> Result<Response>;
}

/// One request, its body apart.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Scheme, host and path.
    pub url: &'a str,
    /// Names and values, the key among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// Bytes that the body will give.
    pub body_len: u64,
}

/// The head of a response, and its body as a stream.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// What `retry-after-ms` or `retry-after` asked for, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// The decoded body; a read returns as soon as some bytes are there.
    pub body: Box<dyn Read + Send>,
}
