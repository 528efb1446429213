//! The core's driver over connections that misbehave: where a turn ends, and which request an answer belongs to.

use embedded_io::{ErrorType, Read, Write};
use zerostack_core::drive::{Connect, Driver, Notice, ToolOutput, asynchronous};
use zerostack_core::{ErrorKind, Event, StopReason, ToolCall};

use super::drive::{ENDPOINT, begun, run_tool};

/// Connections to a server that says nothing but what is in `answers`, and then is silent.
struct Silent {
    answers: std::collections::VecDeque<Vec<u8>>,
    open: Option<Pieces>,
    dials: usize,
    released: Vec<bool>,
}

#[derive(Default)]
struct Pieces {
    bytes: std::collections::VecDeque<u8>,
    reads: usize,
    interrupts: usize,
    claims: Option<usize>,
}

impl ErrorType for Pieces {
    type Error = embedded_io::ErrorKind;
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.reads += 1;
        assert!(self.reads < 1000, "it reads for ever");
        if self.interrupts > 0 {
            self.interrupts -= 1;
            return Err(embedded_io::ErrorKind::Interrupted);
        }
        if let Some(more) = self.claims {
            return Ok(out.len() + more);
        }
        assert!(!self.bytes.is_empty(), "a read that blocks");
        let count = out.len().min(self.bytes.len());
        out[..count].iter_mut().zip(self.bytes.drain(..count)).for_each(|(slot, b)| *slot = b);
        Ok(count)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.interrupts = self.interrupts.saturating_sub(1);
        if self.interrupts > 0 {
            return Err(embedded_io::ErrorKind::Interrupted);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl embedded_io_async::Read for Pieces {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if self.bytes.is_empty() {
            std::future::pending::<()>().await;
        }
        Read::read(self, out)
    }
}

impl embedded_io_async::Write for Pieces {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl Silent {
    fn new(answers: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let answers = answers.into_iter().map(Into::into).collect();
        Self { answers, open: None, dials: 0, released: Vec::new() }
    }

    fn dial(&mut self) -> Option<&mut Pieces> {
        if self.open.is_none() {
            self.dials += 1;
            let bytes = self.answers.pop_front()?.into();
            self.open = Some(Pieces { bytes, ..Pieces::default() });
        }
        self.open.as_mut()
    }

    fn hang_up(&mut self, reusable: bool) {
        self.released.push(reusable);
        if !reusable {
            self.open = None;
        }
    }
}

impl Connect for Silent {
    type Connection = Pieces;

    fn connect(&mut self) -> Option<&mut Pieces> {
        self.dial()
    }

    fn release(&mut self, reusable: bool) {
        self.hang_up(reusable);
    }
}

impl asynchronous::Connect for Silent {
    type Connection = Pieces;

    async fn connect(&mut self) -> Option<&mut Pieces> {
        self.dial()
    }

    async fn release(&mut self, reusable: bool) {
        self.hang_up(reusable);
    }
}

/// A stream with `text`, whose body has no end.
fn open_stream(text: &str) -> Vec<u8> {
    let delta =
        format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#);
    let events = format!("data: {delta}\n\ndata: [DONE]\n\n");
    format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{events}\r\n",
        events.len()
    )
    .into_bytes()
}

fn take(text: &mut String, notice: Notice<'_>) {
    if let Notice::Reply(Event::TextDelta(more)) = notice {
        text.push_str(more);
    }
}

/// One turn over a blocking connection that answers with `bytes`.
fn blocking(
    bytes: Vec<u8>,
    prepare: impl FnOnce(&mut Pieces),
    buffer: usize,
) -> (Result<StopReason, ErrorKind>, String, Silent) {
    let mut session = begun::<2048>();
    let mut silent = Silent::new([bytes]);
    prepare(silent.dial().unwrap());
    let mut buffer = vec![0; buffer];
    let mut text = String::new();
    let mut driver = Driver {
        endpoint: ENDPOINT,
        connect: silent,
        delay: |_| (),
        tools: run_tool,
        buffer: &mut buffer,
    };
    let result = driver.run(&mut session, &mut |notice| take(&mut text, notice));
    (result.map_err(|error| error.kind()), text, driver.connect)
}

#[test]
fn a_turn_is_over_when_the_reply_is() {
    let (result, text, silent) = blocking(open_stream("hello"), |_| (), 512);
    assert_eq!(
        (result, text.as_str(), silent.released.as_slice()),
        (Ok(StopReason::EndTurn), "hello", &[false][..])
    );
    // The other loop waits for the end of the body, but not for long.
    let mut session = begun::<2048>();
    let (mut buffer, mut waits) = ([0; 512], Vec::new());
    let mut driver = asynchronous::Driver {
        endpoint: ENDPOINT,
        connect: Silent::new([open_stream("hello")]),
        delay: async |millis| waits.push(millis),
        tools: async |call: ToolCall<'_>, out: &mut ToolOutput<'_>| run_tool(call, out),
        buffer: &mut buffer,
    };
    let result = now(driver.run(&mut session, &mut |_| ()));
    assert_eq!(
        (result, driver.connect.released.as_slice()),
        (Some(Ok(StopReason::EndTurn)), &[false][..])
    );
    assert_eq!(waits, [250]);
}

#[test]
fn an_interrupted_read_or_write_is_repeated() {
    for buffer in [1, 512] {
        // A read is interrupted after all writes: each removes one.
        let (result, text, _) =
            blocking(open_stream("hello"), |pieces| pieces.interrupts = 200, buffer);
        assert_eq!((result, text.as_str()), (Ok(StopReason::EndTurn), "hello"), "{buffer}");
    }
}

#[test]
fn a_reader_that_claims_too_much_is_not_believed() {
    let (result, _, silent) = blocking(open_stream("hello"), |pieces| pieces.claims = Some(1), 512);
    assert_eq!((result, silent.released.as_slice()), (Err(ErrorKind::Unreachable), &[false][..]));
}

#[test]
fn a_buffer_of_nothing_is_refused_and_changes_nothing() {
    let (result, _, silent) = blocking(open_stream("hello"), |_| (), 0);
    assert_eq!((result, silent.released.len()), (Err(ErrorKind::BadConfig), 0));
}

/// What a future gives that is not waited for.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn the_answer_to_a_dropped_future_meets_no_other_question() {
    for aborts in [true, false] {
        let mut session = begun::<2048>();
        let (mut buffer, mut text) = ([0; 512], String::new());
        // The first answer comes when nobody waits for it any more.
        let mut driver = asynchronous::Driver {
            endpoint: ENDPOINT,
            connect: Silent::new([Vec::new(), open_stream("to the second")]),
            delay: async |_| (),
            tools: async |call: ToolCall<'_>, out: &mut ToolOutput<'_>| run_tool(call, out),
            buffer: &mut buffer,
        };
        assert_eq!(now(driver.run(&mut session, &mut |_| ())), None);
        driver.connect.open.as_mut().unwrap().bytes = open_stream("to the first").into();
        if aborts {
            session.abort();
            session.user("Another question").unwrap();
        }
        let result = now(driver.run(&mut session, &mut |notice| {
            take(&mut text, notice);
        }));
        assert_eq!((result, text.as_str()), (Some(Ok(StopReason::EndTurn)), "to the second"));
        assert_eq!(
            (driver.connect.dials, driver.connect.released.as_slice()),
            (2, &[false, false][..])
        );
    }
}
