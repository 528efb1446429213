//! From lines, in any chunking, to records.

use super::line::{JsonLine, LineError, LineFault, PLACES, ParsedLine};
use crate::transcript::Storage;
use crate::transcript::check::ReplyCheck;
use crate::transcript::log::Log;
use crate::transcript::places::{Extent, FEW};
use crate::transcript::record::{HEADER_BYTES, Header, Kind, PARTS, Record, Records};
use crate::wire::json_read::JsonReader;
use crate::{Error, ErrorKind};

/// Reads the lines that [`crate::Transcript::json_lines`] writes, or a person did, into a
/// storage that [`crate::Session::resume`] takes.
///
/// ```
/// use zerostack_core::{JsonLinesReader, Dialect, Session, SessionConfig, Step};
///
/// let mut reader = JsonLinesReader::new([0; 256])?;
/// for chunk in br#"{"role":"user","text":"Hello"}"#.chunks(5) {
///     reader.push(chunk)?;
/// }
/// let (storage, used) = reader.finish()?;
/// let config = SessionConfig::new(Dialect::Anthropic, "some-model");
/// assert_eq!(Session::resume(storage, used, &config)?.step(), Step::Send);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonLinesReader<S> {
    storage: S,
    extent: Extent,
    json: JsonReader,
    line: JsonLine,
    /// The line that is read, from 1 on.
    number: u32,
    check: ReplyCheck,
    /// The first record of the last reply.
    reply: u32,
    /// What follows the call that was answered last, and the index of a call there: results mostly
    /// come in order.
    next: (u32, u32),
    refused: Option<(Error, Option<LineFault>)>,
}

impl<S: Storage> JsonLinesReader<S> {
    /// Begins in `storage`.
    ///
    /// # Errors
    /// `Full` when it has not even room for a beginning.
    pub fn new(storage: S) -> Result<Self, Error> {
        let mut reader = Self {
            storage,
            extent: Extent::new(0),
            json: JsonReader::new(PLACES),
            line: JsonLine::default(),
            number: 1,
            check: ReplyCheck::default(),
            reply: 0,
            next: (0, 0),
            refused: None,
        };
        Log::new(&mut reader.storage, &mut reader.extent).start()?;
        Ok(reader)
    }

    /// Takes bytes, split anywhere.
    ///
    /// # Errors
    /// `BadLine`; `detail` is the number of the line, [`fault`](Self::fault) names the reason. `Full`. The
    /// lines before stay, and every further call gives the same error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some((error, _)) = self.refused {
            return Err(error);
        }
        self.take(bytes).map_err(|refused| self.refuse(refused))
    }

    /// The end: the last line may lack its line feed. Returns the storage, and how much of it is
    /// used.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(mut self) -> Result<(S, usize), Error> {
        self.push(b"\n")?;
        Ok((self.storage, self.extent.used as usize))
    }

    /// The fault of the refused line.
    #[must_use]
    pub fn fault(&self) -> Option<LineFault> {
        self.refused.and_then(|(_, fault)| fault)
    }

    /// The provider's id of the first call that has no result yet.
    #[must_use]
    pub fn open_call(&self) -> Option<&str> {
        let bytes = self.bytes();
        let mut calls = calls(bytes, self.reply as usize).zip(0..);
        let (open, _) = calls.find(|(_, index)| !self.check.is_answered(bytes, *index))?;
        Some(open.call().0)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (mut text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            if self.json.is_fresh() {
                text = text.trim_ascii_start();
                if text.first().is_some_and(|byte| *byte != b'{') {
                    return Err(LineFault::NotJson.into());
                }
            }
            let mut log = Log::new(&mut self.storage, &mut self.extent);
            while let Some(token) = self.json.next(&mut text).map_err(|_| LineFault::NotJson)? {
                self.line.take(&mut log, token)?;
            }
            if ends {
                self.end_line()?;
                self.number = self.number.saturating_add(1);
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), LineError> {
        if self.json.is_fresh() {
            return Ok(());
        }
        if !self.json.is_done() {
            return Err(LineFault::NotJson.into());
        }
        let has_parts = self.check.is_begun();
        let had_open = self.check.has_open();
        let mut log = Log::new(&mut self.storage, &mut self.extent);
        let start = self.line.start_or(log.used());
        let (mut header, result) = match self.line.parse(&mut log)? {
            ParsedLine::Configuration if has_parts => return Err(LineFault::Order.into()),
            ParsedLine::Configuration => {
                log.truncate(start);
                self.json.restart();
                self.line = JsonLine::default();
                return Ok(());
            }
            ParsedLine::Part(header) => (header, false),
            ParsedLine::Result { flags, index, id_bytes } => {
                let payload = start + HEADER_BYTES;
                let id = log.bytes().get(payload..payload + id_bytes).unwrap_or_default();
                let (check, bytes) = (&self.check, log.bytes());
                let named = |(at, index): (u32, u32)| {
                    let mut calls = calls(bytes, at as usize).zip(index..);
                    calls.find(|(call, index)| {
                        call.call_bytes().0 == id && !check.is_answered(bytes, *index)
                    })
                };
                let index = match index {
                    Some(index) => index,
                    None => {
                        let next = Some(self.next).filter(|_| check.calls() > FEW).and_then(named);
                        let found = next.or_else(|| named((self.reply, 0)));
                        let (call, index) = found.ok_or(LineFault::UnknownCall)?;
                        self.next = (call.end() as u32, index.saturating_add(1));
                        u16::try_from(index).map_err(|_| LineFault::UnknownCall)?
                    }
                };
                log.remove(payload, payload + id_bytes);
                let [low, high] = index.to_le_bytes();
                (Header::new(Kind::Result, flags, [low, high, 0]), true)
            }
        };
        if log.used() == start {
            log.append(&[0; HEADER_BYTES])?;
        }
        // A part of the model begins a message if none is open.
        let is_reply = header.is_of(PARTS);
        if is_reply && !self.check.is_open() {
            header.set(crate::transcript::record::FIRST);
        }
        log.set_header(start, header);
        log.close(start);
        let record = Record::at(log.bytes(), start).ok_or(LineFault::NotJson)?;
        if core::str::from_utf8(record.payload).is_err() {
            return Err(LineFault::NotJson.into());
        }
        if !self.check.takes(log.bytes(), &record) {
            return Err(match result {
                true => LineFault::UnknownCall,
                false if had_open => LineFault::OpenCalls,
                false => LineFault::Order,
            }
            .into());
        }
        if is_reply && record.header.has(crate::transcript::record::FIRST) {
            (self.reply, self.next) = (start as u32, (start as u32, 0));
        }
        self.json.restart();
        self.line = JsonLine::default();
        Ok(())
    }

    /// Takes the line out again.
    fn refuse(&mut self, refused: LineError) -> Error {
        let start = self.line.start_or(self.extent.used as usize);
        let mut log = Log::new(&mut self.storage, &mut self.extent);
        log.truncate(start);
        let (error, fault) = match refused {
            LineError::Error(error) => (error, None),
            LineError::Fault(fault) => (Error::new(ErrorKind::BadLine, self.number), Some(fault)),
        };
        self.refused = Some((error, fault));
        error
    }

    fn bytes(&self) -> &[u8] {
        self.storage.bytes().get(..self.extent.used as usize).unwrap_or_default()
    }
}

/// The calls from `reply` on, the beginning of a reply or a place in it.
fn calls(bytes: &[u8], reply: usize) -> impl Iterator<Item = Record<'_>> {
    let start = if reply == 0 { bytes.len() } else { reply };
    let parts = Records::from(bytes, start).take_while(Record::is_reply);
    parts.filter(|part| part.is(Kind::Call))
}
