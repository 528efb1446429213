//! The whole loop over [`embedded_io`], for firmware: requests go out, replies come in, tools run.
//!
//! A board gives four things: connections ([`Connect`]), a way to wait ([`Delay`]), its tools
//! ([`Tools`]) and one buffer, through which requests, responses and the results of tools pass.
//! A [`Driver`] does all that [`Session::step`](crate::Session::step) asks for until the turn is
//! over. The same over [`embedded_io_async`](https://docs.rs/embedded-io-async) is in
//! `asynchronous` (feature `drive-async`).
//!
//! This module knows no secret: the key is one of the [`Endpoint`]'s headers. It also provides no
//! security: the connection does, if it uses TLS.
//!
//! ```
//! use zerostack_core::drive::{Connect, Driver, Endpoint, Notice, ToolOutput};
//! use zerostack_core::{Event, Dialect, Session, SessionConfig, ToolCall, ToolSpec};
//! # use embedded_io::{ErrorKind, ErrorType, Read, Write};
//! # struct Modem(&'static [u8]);
//! # impl ErrorType for Modem { type Error = ErrorKind; }
//! # impl Read for Modem {
//! #     fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
//! #         Ok(self.0.read(out).unwrap())
//! #     }
//! # }
//! # impl Write for Modem {
//! #     fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> { Ok(bytes.len()) }
//! #     fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
//! # }
//!
//! // A modem that dials again for each request.
//! impl Connect for Modem {
//!     type Connection = Self;
//!     fn connect(&mut self) -> Option<&mut Self> {
//!         Some(self)
//!     }
//!     fn release(&mut self, _reusable: bool) {}
//! }
//!
//! fn run_tool(call: ToolCall<'_>, out: &mut ToolOutput<'_>) {
//!     match call.name {
//!         "read_sensor" => out.push_str("21 degrees"),
//!         _ => out.fail("there is no such tool"),
//!     }
//! }
//!
//! let tools = [ToolSpec { name: "read_sensor", description: "Reads the sensor.", parameters: "{}" }];
//! let config = SessionConfig { tools: &tools, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
//! let mut session = Session::new([0; 2048], config)?;
//! session.user("How warm is it?")?;
//!
//! let mut buffer = [0; 512];
//! let mut driver = Driver {
//!     endpoint: Endpoint {
//!         host: "api.example.com",
//!         base_path: "/v1",
//!         headers: &[("authorization", "Bearer KEY")],
//!     },
//! #   connect: Modem(ANSWER),
//! #   delay: |_| (),
//! #   /*
//!     connect: modem,
//!     delay: |millis| timer.wait(millis),
//! #   */
//!     tools: run_tool,
//!     buffer: &mut buffer,
//! };
//! let mut shown = String::new();
//! driver.run(&mut session, &mut |notice| {
//!     if let Notice::Reply(Event::TextDelta(text)) = notice {
//!         shown.push_str(text);
//!     }
//! })?;
//! # const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 83\r\n\r\n\
//! #     {\"choices\":[{\"message\":{\"content\":\"It is warm.\"},\"finish_reason\":\"stop\"}]}          ";
//! assert_eq!(shown, "It is warm.");
//! # Ok::<(), zerostack_core::Error>(())
//! ```

#[cfg(feature = "drive-async")]
pub mod asynchronous;
mod blocking;
mod exchange;
mod files;
mod output;

pub use blocking::{Connect, Delay, Driver, Tools};
pub use output::ToolOutput;

use crate::Error;
use crate::message::{CallId, Event};

/// The destination of requests.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'e> {
    /// Name and, unless it is the scheme's own, port of the server, for the header `host`.
    pub host: &'e str,
    /// The path before the dialect's own: `/v1`, or nothing.
    pub base_path: &'e str,
    /// Headers in addition to those of the dialect, including the key.
    pub headers: &'e [(&'e str, &'e str)],
}

/// What a driver reports while it runs.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice<'s> {
    /// An event of the current reply, or of the room that [`crate::RoomPolicy`] made for it.
    Reply(Event<'s>),
    /// An attempt failed; the next one follows after a wait.
    Waiting {
        /// How long.
        millis: u32,
        /// Why the attempt failed.
        error: Error,
    },
    /// The storage was full, and [`crate::RoomPolicy::Ask`] leaves it to the driver: the oldest
    /// exchange was removed, and the model no longer sees it.
    Forgot {
        /// The bytes that this freed.
        bytes: usize,
    },
    /// A tool's result was too long and went to the model in part, with a note of it.
    ResultCut {
        /// The call that it answers.
        id: CallId,
        /// Bytes that were left out.
        bytes: u32,
    },
}
