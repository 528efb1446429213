//! The loop over blocking connections.

use embedded_io::{Read, Write};

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

/// Provides connections to the server.
pub trait Connect {
    /// A connection. A read or write that takes too long should fail; the session then tries
    /// again, as its limits allow. Reading 0 bytes is the end. An interrupted read or write is repeated.
    ///
    /// After the end of a reply the driver does not wait, see [`readable`](Self::readable).
    type Connection: Read + Write;

    /// A connection for one request: a new one, or the one that was released as reusable, if it is
    /// still open: one that the server closed meanwhile costs an attempt. `None` if no connection
    /// is available now.
    fn connect(&mut self) -> Option<&mut Self::Connection>;

    /// The connection in use, if reading from it returns bytes, or fails, within a moment.
    ///
    /// It is called after the end of a reply: if the end of the body arrives, the connection can be
    /// used again. `None`, the default, closes it unless the end arrived with the reply.
    fn readable(&mut self) -> Option<&mut Self::Connection> {
        None
    }

    /// The request was answered or abandoned. Unless it is `reusable`, the connection is in the
    /// middle of an exchange, and must be closed.
    fn release(&mut self, reusable: bool);
}

/// Waits.
pub trait Delay {
    /// Waits at least this long.
    fn delay_ms(&mut self, millis: u32);
}

impl<F: FnMut(u32)> Delay for F {
    fn delay_ms(&mut self, millis: u32) {
        self(millis);
    }
}

/// The tools of a board.
pub trait Tools {
    /// Runs `call` and writes its output to `out`. The name and the arguments are the model's:
    /// they may be anything.
    fn run(&mut self, call: ToolCall<'_>, out: &mut ToolOutput<'_>);
}

impl<F: FnMut(ToolCall<'_>, &mut ToolOutput<'_>)> Tools for F {
    fn run(&mut self, call: ToolCall<'_>, out: &mut ToolOutput<'_>) {
        self(call, out);
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
    /// The buffer for requests, responses and tool results, one after the other. It needs at least
    /// one byte; a result longer than the buffer is cut, so about 256 bytes are the useful minimum.
    pub buffer: &'d mut [u8],
}

impl<K: Connect, D: Delay, T: Tools> Driver<'_, K, D, T> {
    /// Does what the session asks for until the turn is over, and returns the last stop reason.
    /// The turn was begun by [`Session::user`], or comes from [`Session::resume`].
    ///
    /// # Errors
    /// The turn failed, and [`Session::failure`] has the details: those of [`Session::feed`],
    /// [`Session::end_response`] and [`Session::tool_result`]; `BadHttp`, `HttpTooLong` and
    /// `HttpEncoding` if the last attempt met such an HTTP response; `BadRequest` if the endpoint
    /// cannot be written into a request; `WrongStep` if no turn was begun; `BadConfig` if the buffer
    /// is empty, which changes nothing.
    pub fn run<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<StopReason, Error> {
        self.turn(session, &mut None, notice)
    }

    /// The same, with the bytes of attachments from `files`.
    ///
    /// # Errors
    /// Those of `run`; `MissingAttachment` and `AttachmentLength`: the turn was aborted.
    #[cfg(feature = "attachments")]
    pub fn run_with_attachments<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        files: &mut dyn crate::AttachmentReader,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<StopReason, Error> {
        self.turn(session, &mut Some(files), notice)
    }

    fn turn<C: Config, S: Storage>(
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
                Step::Send => last = self.exchange(session, files, notice)?,
                // A turn that was left in its middle.
                Step::Receive => last = Incoming::new().end(session, notice)?,
                Step::RunTools => self.run_tools(session, notice)?,
                Step::Wait { millis } => {
                    notice(waiting(session, millis));
                    self.delay.delay_ms(millis);
                    session.retry()?;
                }
                Step::MakeRoom { .. } => make_room(session, notice)?,
            }
        }
    }

    /// One request and its response.
    fn exchange<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        files: &mut Files<'_>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<Option<StopReason>, Error> {
        let mut incoming = Incoming::new();
        if let Some(connection) = self.connect.connect() {
            let body_bytes = body_bytes(session, files);
            let sent = send(session, self.endpoint, body_bytes, connection, self.buffer, files);
            if sent.is_err() {
                session.abort();
            }
            let mut more = sent.map(|()| true);
            while more == Ok(true) && !is_complete(session) {
                more = receive(session, &mut incoming, connection, self.buffer, notice);
            }
            // Waiting for the rest of the body is not worthwhile.
            for _ in 0..MAX_READS_BEHIND {
                let Some(connection) = self.connect.readable().filter(|_| more == Ok(true)) else {
                    break;
                };
                more = receive(session, &mut incoming, connection, self.buffer, notice);
            }
            self.connect.release(more.is_ok() && incoming.keeps_open());
            more?;
        }
        incoming.end(session, notice)
    }

    fn run_tools<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<(), Error> {
        while let Some(call) = session.pending_call() {
            let id = call.id;
            let mut output = output(session, self.buffer);
            self.tools.run(call, &mut output);
            answer(session, id, output, notice)?;
        }
        Ok(())
    }
}

/// Sends the request that is due. A broken connection is not an error here: a server that
/// refuses may answer before it has read everything.
#[inline(never)]
fn send<C: Config, S: Storage>(
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
            let _ = connection.flush();
            return Ok(());
        }
        let mut interrupted = 0;
        // `write_all` panics where a writer claims to have taken more than it got.
        while !bytes.is_empty() {
            match connection.write(bytes) {
                Ok(count @ 1..) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_interrupted(&error, &mut interrupted) => {}
                _ => return Ok(()),
            }
        }
    }
}

/// Reads once. Returns false if no more is needed or available.
#[inline(never)]
fn receive<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    incoming: &mut Incoming,
    connection: &mut impl Read,
    buffer: &mut [u8],
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<bool, Error> {
    let mut interrupted = 0;
    let count = loop {
        match connection.read(buffer) {
            Ok(count @ 1..) => break count,
            Err(error) if is_interrupted(&error, &mut interrupted) => {}
            _ => return Ok(false),
        }
    };
    // A reader that claims more than it was lent cannot be believed.
    let Some(bytes) = buffer.get(..count) else { return Ok(false) };
    incoming.take(session, bytes, notice)
}

/// Reads after the end of a reply.
const MAX_READS_BEHIND: usize = 32;
