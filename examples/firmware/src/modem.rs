//! A modem on a serial port: connections to the server, one at a time.
//!
//! Each frame is a kind, a length and that many bytes. Here a host program answers
//! (`tests/firmware/bridge.rs`); on a board it may be a module with a firmware of its own.

use embedded_io::{ErrorKind, ErrorType, Read, Write};
use zerostack_core::drive::Connect;

/// To the modem: a new connection; it closes the one before.
const OPEN: u8 = 1;
/// Both ways: bytes of the connection.
const DATA: u8 = 2;
/// From the modem: the connection is open.
const OPENED: u8 = 3;
/// From the modem: no connection can be had, or it ended.
const CLOSED: u8 = 4;

/// Speaks to the modem through a serial port.
pub struct Modem<P> {
    port: P,
    /// Bytes that are left of the frame that is read.
    left: u8,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// A request can be sent.
    Free,
    InUse,
}

impl<P: Read + Write> Modem<P> {
    /// A modem without a connection.
    pub const fn new(port: P) -> Self {
        Self { port, left: 0, state: State::Closed }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        let count = self.port.read(&mut byte).ok()?;
        byte.get(..count)?.first().copied()
    }

    fn frame_out(&mut self, kind: u8, bytes: &[u8]) -> Option<()> {
        let head = [kind, bytes.len() as u8];
        for part in [&head, bytes] {
            let mut rest = part;
            while !rest.is_empty() {
                match self.port.write(rest) {
                    Ok(count @ 1..) => rest = rest.get(count..).unwrap_or_default(),
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// The kind of the next frame.
    fn frame(&mut self) -> Option<u8> {
        let kind = self.byte()?;
        self.left = self.byte()?;
        Some(kind)
    }

    fn open(&mut self) -> Option<()> {
        self.frame_out(OPEN, &[])?;
        loop {
            // What still comes of the connection before.
            while self.left > 0 {
                self.byte()?;
                self.left -= 1;
            }
            match self.frame()? {
                OPENED => return Some(()),
                CLOSED if self.state == State::Closed => return None,
                CLOSED => self.state = State::Closed,
                _ => {}
            }
        }
    }
}

impl<P: Read + Write> Connect for Modem<P> {
    type Connection = Self;

    fn connect(&mut self) -> Option<&mut Self> {
        if self.state != State::Free {
            self.open()?;
        }
        self.state = State::InUse;
        Some(self)
    }

    fn release(&mut self, reusable: bool) {
        if reusable {
            self.state = State::Free;
        }
    }
}

impl<P> ErrorType for Modem<P> {
    type Error = ErrorKind;
}

impl<P: Read + Write> Read for Modem<P> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        while self.left == 0 {
            match self.frame().ok_or(ErrorKind::TimedOut)? {
                DATA => {}
                CLOSED => {
                    self.state = State::Closed;
                    return Ok(0);
                }
                _ => return Err(ErrorKind::InvalidData),
            }
        }
        let wanted = usize::from(self.left).min(out.len());
        let part = out.get_mut(..wanted).unwrap_or_default();
        let count = self.port.read(part).map_err(|_| ErrorKind::TimedOut)?;
        self.left = self.left.saturating_sub(count as u8);
        Ok(count)
    }
}

impl<P: Read + Write> Write for Modem<P> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let part = bytes.get(..255).unwrap_or(bytes);
        self.frame_out(DATA, part).ok_or(ErrorKind::TimedOut)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
