//! How a request reaches a provider.
//!
//! [`Transport`] is the boundary: implement it to use your own HTTP stack, or take [`Http`], the
//! blocking client over rustls. Every wait here ends within moments of [`Cancel::cancel`].

mod cancel;
pub(crate) mod connect;
pub(crate) mod detour;
pub(crate) mod failure;
pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod retry_after;
pub(crate) mod roots;

use std::fmt;
use std::io::{self, Read};

use crate::{Error, ErrorKind, Result};

pub use cancel::Cancel;
pub use http::{Http, HttpOptions};
pub use roots::RootCertificates;

/// Posts requests. Implement it to use your own HTTP stack.
pub trait Transport {
    /// Sends `post` with `body` (exactly `post.body_len` bytes) and returns the response as soon as
    /// its head has arrived, whatever its status.
    ///
    /// # Errors
    /// `Provider` if there was no usable response (name resolution, connect, TLS, time-out, a
    /// redirect, a web page), [lasting](Error::is_lasting) if another attempt would end the same;
    /// `Authentication` if the server or a proxy refuses; `Interrupted` if the run was cancelled
    /// meanwhile.
    fn post(&mut self, post: &Post<'_>, body: &mut dyn Read) -> Result<Response>;

    /// One with the same connections for another conversation at the same time, whose waits `cancel`
    /// ends; [`Agent::another`](crate::Agent::another) needs it. `None`, the default, if there is none.
    fn another(&self, _cancel: &Cancel) -> Option<Box<dyn Transport + Send>> {
        None
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn post(&mut self, post: &Post<'_>, body: &mut dyn Read) -> Result<Response> {
        (**self).post(post, body)
    }

    fn another(&self, cancel: &Cancel) -> Option<Box<dyn Transport + Send>> {
        (**self).another(cancel)
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn post(&mut self, post: &Post<'_>, body: &mut dyn Read) -> Result<Response> {
        (**self).post(post, body)
    }

    fn another(&self, cancel: &Cancel) -> Option<Box<dyn Transport + Send>> {
        (**self).another(cancel)
    }
}

/// One request, without its body. `Debug` prints no value of a header, no query and no user of a URL.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// Scheme, host and path.
    pub url: &'a str,
    /// Names and values, including the key.
    pub headers: &'a [(&'a str, &'a str)],
    /// The length of the body.
    pub body_len: u64,
}

/// The head of a response, and its body as a stream.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The wait that `retry-after-ms` or `retry-after` asked for, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// The decoded body.
    pub body: Box<dyn Body>,
}

/// The body of a response. Everything that is `Read + Send` is a body.
pub trait Body: Send {
    /// Waits for some bytes and puts them into `buffer`; 0 is the end of a complete body.
    ///
    /// # Errors
    /// `Provider` if the body breaks off or stalls, `Interrupted` if the run was cancelled.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// The reply is complete, and the rest of the body is not needed. Called at most once,
    /// at the end; a transport that keeps connections open reads the rest here.
    fn finish(&mut self) {}
}

impl<R: Read + Send> Body for R {
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    return result.map_err(|error| {
                        Error::new(ErrorKind::Provider, format!("the response broke off: {error}"))
                    });
                }
            }
        }
    }
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Post")
            .field("url", &without_secrets(self.url))
            .field("headers", &names)
            .field("body_len", &self.body_len)
            .finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("retry_after_ms", &self.retry_after_ms)
            .finish_non_exhaustive()
    }
}

/// A URL for people: without user, password, query and fragment, where a key may stand.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        _ => url.to_owned(),
    }
}
