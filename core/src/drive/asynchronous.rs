//! The same loop over [`embedded_io_async`], for executors such as embassy's.
//!
//! A future that is dropped leaves the session in the middle of its turn: call [`Session::abort`],
//! or [`Driver::run`] again, which treats a partial reply as cut off.
//! The connection that it used is released, to be closed, before the session's next
//! request.
#![allow(async_fn_in_trait, reason = "executors of firmware have one thread")]

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use embedded_io_async::{Read, Write};

use super::exchange::{
    Incoming, Outgoing, answer, body_bytes, is_complete, is_interrupted, make_room, output, waiting,
};
use super::files::{self, Files};
use super::{Endpoint, Notice, ToolOutput};
use crate::message::{StopReason, ToolCall};
use crate::provider::Config;
use crate::session::{Session, Step};
use crate::transcript::Storage;
use crate::{Error, ErrorKind};

/// Provides connections to the server, see [`super::Connect`].
pub trait Connect {
    /// A connection. A read or write that takes too long should fail; the session then tries
    /// again, as its limits allow. Reading 0 bytes is the end. An interrupted read or write is
    /// repeated. After the end of a reply the driver waits a quarter of a second for the end of its body.
    type Connection: Read + Write;

    /// A connection for one request: a new one, or the one that was released as reusable, when it
    /// is still open: one that the server closed meanwhile costs an attempt. `None` when there is
    /// none to be had now.
    ///
    /// A connection that was given out and not released belongs to a future that was dropped: give it
    /// to no other session.
    async fn connect(&mut self) -> Option<&mut Self::Connection>;

    /// The request was answered or abandoned. Unless it is `reusable`, the connection is in the
    /// middle of an exchange, and must be closed.
    async fn release(&mut self, reusable: bool);
}

/// Waits.
pub trait Delay {
    /// Waits at least this long.
    async fn delay_ms(&mut self, millis: u32);
}

impl<F: AsyncFnMut(u32)> Delay for F {
    async fn delay_ms(&mut self, millis: u32) {
        self(millis).await;
    }
}

/// The tools of a board.
pub trait Tools {
    /// Runs `call` and writes its output to `out`. The name and the arguments are the model's:
    /// they may be anything.
    async fn run(&mut self, call: ToolCall<'_>, out: &mut ToolOutput<'_>);
}

impl<F: AsyncFnMut(ToolCall<'_>, &mut ToolOutput<'_>)> Tools for F {
    async fn run(&mut self, call: ToolCall<'_>, out: &mut ToolOutput<'_>) {
        self(call, out).await;
    }
}

/// Everything that a turn needs besides its session.
#[derive(Debug)]
pub struct Driver<'d, K, D, T> {
    /// The destination of requests.
    pub endpoint: Endpoint<'d>,
    /// Provides connections.
    pub connect: K,
    /// Waits between two attempts.
    pub delay: D,
    /// Runs the calls of the model.
    pub tools: T,
    /// The buffer for requests, responses and tool results, see [`super::Driver::buffer`].
    pub buffer: &'d mut [u8],
}

impl<K: Connect, D: Delay, T: Tools> Driver<'_, K, D, T> {
    /// Does what the session asks for until the turn is over, and returns the last stop reason.
    ///
    /// # Errors
    /// Those of [`super::Driver::run`].
    pub async fn run<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<StopReason, Error> {
        self.turn(session, &mut None, notice).await
    }

    /// The same, with the bytes of attachments from `files`.
    ///
    /// # Errors
    /// Those of `run`; `MissingAttachment` and `AttachmentLength`: the turn was aborted.
    #[cfg(feature = "attachments")]
    pub async fn run_with_attachments<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        files: &mut dyn crate::AttachmentReader,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<StopReason, Error> {
        self.turn(session, &mut Some(files), notice).await
    }

    async fn turn<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        files: &mut Files<'_>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<StopReason, Error> {
        if self.buffer.is_empty() {
            return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
        }
        let mut last = None;
        loop {
            match session.step() {
                Step::Idle => return last.ok_or(crate::session::wrong_step(Step::Idle)),
                Step::Send => last = self.exchange(session, files, notice).await?,
                // A turn that was left in its middle.
                Step::Receive => last = Incoming::new().end(session, notice)?,
                Step::RunTools => {
                    while let Some(call) = session.pending_call() {
                        let id = call.id;
                        let mut output = output(session, self.buffer);
                        self.tools.run(call, &mut output).await;
                        answer(session, id, output, notice)?;
                    }
                }
                Step::Wait { millis } => {
                    notice(waiting(session, millis));
                    self.delay.delay_ms(millis).await;
                    session.retry()?;
                }
                Step::MakeRoom { .. } => make_room(session, notice)?,
            }
        }
    }

    /// One request and its response.
    async fn exchange<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        files: &mut Files<'_>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<Option<StopReason>, Error> {
        let mut incoming = Incoming::new();
        // The answer to the request of a dropped future may still arrive.
        if session.lend_connection(false) {
            self.connect.release(false).await;
        }
        if let Some(connection) = self.connect.connect().await {
            session.lend_connection(true);
            let body_bytes = body_bytes(session, files);
            let sent =
                send(session, self.endpoint, body_bytes, connection, self.buffer, files).await;
            if sent.is_err() {
                session.abort();
            }
            let mut more = sent.map(|()| true);
            while more == Ok(true) && !is_complete(session) {
                more = receive(session, &mut incoming, connection, self.buffer, notice).await;
            }
            // A short wait for the rest of the body is worthwhile: then the connection can be used again.
            let rest = async {
                while more == Ok(true) {
                    more = receive(session, &mut incoming, connection, self.buffer, notice).await;
                }
            };
            before(rest, self.delay.delay_ms(DRAIN_MS)).await;
            self.connect.release(more.is_ok() && incoming.keeps_open()).await;
            session.lend_connection(false);
            more?;
        }
        incoming.end(session, notice)
    }
}

/// Sends the request that is due. A broken connection is not an error here: a server that
/// refuses may answer before it has read everything.
async fn send<C: Config, S: Storage>(
    session: &Session<C, S>,
    endpoint: Endpoint<'_>,
    body_bytes: usize,
    connection: &mut impl Write,
    buffer: &mut [u8],
    files: &mut Files<'_>,
) -> Result<(), Error> {
    let mut request = files::request(session, files);
    let request = request.as_mut().map_err(|error| *error)?;
    let mut outgoing = Outgoing::new(endpoint, request, body_bytes);
    loop {
        let count = outgoing.next(buffer, files)?;
        let mut bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            let _ = connection.flush().await;
            return Ok(());
        }
        let mut interrupted = 0;
        // `write_all` panics where a writer claims to have taken more than it got.
        while !bytes.is_empty() {
            match connection.write(bytes).await {
                Ok(count @ 1..) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_interrupted(&error, &mut interrupted) => {}
                _ => return Ok(()),
            }
        }
    }
}

/// Reads once. Returns false if no more is needed or available.
async fn receive<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    incoming: &mut Incoming,
    connection: &mut impl Read,
    buffer: &mut [u8],
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<bool, Error> {
    let mut interrupted = 0;
    let count = loop {
        match connection.read(buffer).await {
            Ok(count @ 1..) => break count,
            Err(error) if is_interrupted(&error, &mut interrupted) => {}
            _ => return Ok(false),
        }
    };
    // A reader that claims more than it was lent cannot be believed.
    let Some(bytes) = buffer.get(..count) else { return Ok(false) };
    incoming.take(session, bytes, notice)
}

/// Runs `first` until `limit` is over.
async fn before(first: impl Future<Output = ()>, limit: impl Future<Output = ()>) {
    let (mut first, mut limit) = (pin!(first), pin!(limit));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => limit.as_mut().poll(context),
    })
    .await;
}

/// How long the end of a body is waited for after the end of the reply.
const DRAIN_MS: u32 = 250;
