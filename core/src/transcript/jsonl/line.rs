//! One line as it is read, before it is a record.

// A set of places: attachments have more of them than 32.
#[cfg(not(feature = "attachments"))]
use core::primitive::u32 as PlaceSet;
#[cfg(feature = "attachments")]
use core::primitive::u64 as PlaceSet;

use crate::Error;
#[cfg(feature = "attachments")]
use crate::message::AttachmentKind;
use crate::message::Dialect;
#[cfg(feature = "attachments")]
use crate::transcript::attached::{self, Owner};
use crate::transcript::log::Log;
use crate::transcript::record::{
    ELIDED, ENDED, FIRST, HEADER_BYTES, Header, INSTRUCTION, Kind, MARKED, PAUSED, REFUSAL,
    id_length,
};
use crate::wire::json_read::{ROOT, Token, places};

/// Why a line cannot be read.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineFault {
    /// It is not one JSON object.
    NotJson,
    /// A field occurs twice, or its value is of the wrong kind.
    BadField,
    /// The role is missing or unknown.
    Role,
    /// A field is missing, or does not go with the role.
    Fields,
    /// The dialect of an opaque text is unknown.
    Dialect,
    /// An id or a name is longer than 255 bytes.
    TooLong,
    /// Lines of the configuration come before all others.
    Order,
    /// A call before it has no result yet.
    OpenCalls,
    /// No open call has this id.
    UnknownCall,
}

impl LineFault {
    /// The fault, for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotJson => "it is not one JSON object",
            Self::BadField => "a field is there twice, or its value is of the wrong kind",
            Self::Role => "the role is not user, developer, assistant, tool, system or tools",
            Self::Fields => "it has fields that do not go with its role, or lacks one",
            Self::Dialect => "the API of the opaque text is unknown",
            Self::TooLong => "an id or a name is longer than 255 bytes",
            Self::Order => "system and tools stand before everything else, and a user speaks first",
            Self::OpenCalls => "a call has no result yet",
            Self::UnknownCall => "no open call has this id",
        }
    }
}

/// Why a line could not be taken: a fault of its own, or no room for it.
pub(super) enum LineError {
    Fault(LineFault),
    Error(Error),
}

impl From<LineFault> for LineError {
    fn from(fault: LineFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for LineError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The places of a line; those of attachments are there where they are.
macro_rules! line_places {
    ($($more:tt)*) => {
        places!(PLACES: ROLE = ROOT."role", ID = ROOT."id", TEXT = ROOT."text", CONTENT = ROOT."content",
    THINKING = ROOT."thinking", OPAQUE = ROOT."opaque", CALL = ROOT."call",
    IS_ERROR = ROOT."is_error", BEGINS = ROOT."begins", CUT = ROOT."cut",
    SUMMARY = ROOT."summary", REFUSED = ROOT."refusal", FIELD = ROOT."field",
    INDEX = ROOT."index", OPAQUE_DIALECT = OPAQUE."provider", SUBTYPE = OPAQUE."subtype", OLD_SUBTYPE = OPAQUE."variety",
    OPAQUE_TEXT = OPAQUE."text", CALL_ID = CALL."id", CALL_NAME = CALL."name",
    ARGUMENTS = CALL."arguments", MAKER = CALL."maker", TURN_ENDED = ROOT."ended", TURN_PAUSED = ROOT."paused", $($more)*);
    };
}
#[cfg(not(feature = "attachments"))]
line_places!();
#[cfg(feature = "attachments")]
line_places!(ATTACHMENT = ROOT."attachment", MEDIA_TYPE = ATTACHMENT."type",
    FILE_NAME = ATTACHMENT."name", FILE_BYTES = ATTACHMENT."bytes",
    FILE_TOKENS = ATTACHMENT."tokens", FILE_NUMBER = ATTACHMENT."number",
    FILE_URL = ATTACHMENT."url", FILE_ID = ATTACHMENT."file_id");

/// A short word: a role, the name of a provider.
type ShortWord = heapless::Vec<u8, 24, u8>;

/// The line that is read. Its long strings are written after the room for a header at the end
/// of the transcript, in the order in which they come.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonLine {
    role: ShortWord,
    dialect: ShortWord,
    /// A bit for each place whose value is complete.
    seen: PlaceSet,
    /// Where its record begins, 0 while nothing of it is written.
    start: u32,
    /// Which strings arrived, and their lengths: id, name, and the text or the arguments.
    order: [u8; 3],
    count: u8,
    lengths: [u32; 3],
    subtype: u8,
    maker: u8,
    field: u8,
    index: u16,
    /// The places of all members that are true.
    is: PlaceSet,
    /// Length, tokens and number of an attachment.
    #[cfg(feature = "attachments")]
    numbers: [u32; 3],
}

/// The kind of a line.
pub(super) enum ParsedLine {
    /// It belongs to a configuration.
    Configuration,
    /// A record, whose header has no length yet.
    Part(Header),
    /// A result, of the call with this index, or of that whose id is written first.
    Result { flags: u8, index: Option<u16>, id_bytes: usize },
}

impl JsonLine {
    /// Takes one token of it.
    pub fn take(&mut self, log: &mut Log<'_>, token: Token<'_>) -> Result<(), LineError> {
        match token {
            Token::Piece(place, bytes) => {
                if self.has(place) {
                    return Err(LineFault::BadField.into());
                }
                match (place, slot_of(place)) {
                    (_, Some(slot)) => self.write(log, slot, bytes)?,
                    (ROLE, _) => word(&mut self.role, bytes, LineFault::Role)?,
                    (OPAQUE_DIALECT, _) => word(&mut self.dialect, bytes, LineFault::Dialect)?,
                    _ => return Err(LineFault::BadField.into()),
                }
            }
            Token::PieceEnd(place) if slot_of(place).is_some() => self.see(place)?,
            Token::PieceEnd(place @ (ROLE | OPAQUE_DIALECT)) => self.see(place)?,
            Token::Bool(
                place @ (IS_ERROR | BEGINS | CUT | SUMMARY | REFUSED | TURN_ENDED | TURN_PAUSED),
                is_so,
            ) => {
                self.see(place)?;
                if is_so {
                    self.is |= 1 << place;
                }
            }
            Token::Number(place, number) => {
                self.see(place)?;
                #[cfg(feature = "attachments")]
                if let Some(at) = number_slot(place).and_then(|at| self.numbers.get_mut(at)) {
                    *at = number;
                    return Ok(());
                }
                let small = u8::try_from(number).map_err(|_| LineFault::BadField);
                match place {
                    SUBTYPE | OLD_SUBTYPE => self.subtype = small?,
                    MAKER => self.maker = small?,
                    FIELD => self.field = small?,
                    INDEX => self.index = u16::try_from(number).map_err(|_| LineFault::BadField)?,
                    _ => return Err(LineFault::BadField.into()),
                }
            }
            #[cfg(feature = "attachments")]
            Token::End(place @ ATTACHMENT) => self.see(place)?,
            #[cfg(feature = "attachments")]
            Token::Begin(ATTACHMENT) => {}
            Token::End(place @ (OPAQUE | CALL)) => self.see(place)?,
            Token::Begin(ROOT | OPAQUE | CALL) | Token::End(ROOT) | Token::Null(_) => {}
            Token::PieceEnd(_)
            | Token::Word(..)
            | Token::Bool(..)
            | Token::Begin(_)
            | Token::End(_) => {
                return Err(LineFault::BadField.into());
            }
        }
        Ok(())
    }

    /// Where its record begins, when something of it is written.
    pub fn start_or(&self, used: usize) -> usize {
        if self.start > 0 { self.start as usize } else { used }
    }

    /// The kind of the complete line.
    pub fn parse(&mut self, log: &mut Log<'_>) -> Result<ParsedLine, LineError> {
        let allowed =
            |places: &[u8]| places.iter().fold(PlaceSet::MIN, |mask, place| mask | 1 << place);
        let role = allowed(&[ROLE]);
        #[cfg(feature = "attachments")]
        if self.has(ATTACHMENT) {
            return self.parse_attachment(log);
        }
        let (content, other): (&[u8], PlaceSet) = match self.role.as_slice() {
            b"system" => return Ok(ParsedLine::Configuration),
            b"tools" => return Ok(ParsedLine::Configuration),
            b"user" => (&[TEXT, CONTENT], allowed(&[SUMMARY, TURN_ENDED])),
            b"developer" => (&[TEXT, CONTENT], allowed(&[TURN_ENDED])),
            b"tool" => (&[TEXT, CONTENT], allowed(&[ID, INDEX, IS_ERROR, CUT, TURN_ENDED])),
            b"assistant" => (
                &[TEXT, CONTENT, THINKING, OPAQUE, CALL],
                allowed(&[
                    BEGINS,
                    CUT,
                    REFUSED,
                    FIELD,
                    OPAQUE_DIALECT,
                    SUBTYPE,
                    OLD_SUBTYPE,
                    OPAQUE_TEXT,
                ]) | allowed(&[CALL_ID, CALL_NAME, ARGUMENTS, MAKER, TURN_PAUSED]),
            ),
            _ => return Err(LineFault::Role.into()),
        };
        let contents = self.seen & allowed(content);
        if contents.count_ones() != 1 || self.seen & !(role | allowed(content) | other) != 0 {
            return Err(LineFault::Fields.into());
        }
        self.sort(log);
        let [id, name, _] = self.lengths;
        let ended = self.is(TURN_ENDED, ENDED);
        let begins = self.is(BEGINS, FIRST) | self.is(TURN_PAUSED, PAUSED);
        let cut = self.is(CUT, MARKED);
        let text = |kind, flags, info| Ok(ParsedLine::Part(Header::new(kind, flags, info)));
        if self.role.as_slice() == b"user" {
            return text(Kind::User, FIRST | self.is(SUMMARY, MARKED) | ended, [0; 3]);
        }
        if self.role.as_slice() == b"developer" {
            return text(Kind::User, FIRST | MARKED | ended, [INSTRUCTION, 0, 0]);
        }
        if self.role.as_slice() == b"tool" {
            if !self.has(ID) && !self.has(INDEX) {
                return Err(LineFault::Fields.into());
            }
            let flags = FIRST | self.is(IS_ERROR, MARKED) | self.is(CUT, ELIDED) | ended;
            let index = self.has(INDEX).then_some(self.index);
            return Ok(ParsedLine::Result { flags, index, id_bytes: id as usize });
        }
        if self.has(THINKING) {
            return text(Kind::Thinking, begins | cut, [self.field, 0, 0]);
        }
        if self.has(OPAQUE) {
            let dialect = core::str::from_utf8(&self.dialect).ok().and_then(Dialect::from_name);
            let dialect = dialect.ok_or(LineFault::Dialect)? as u8;
            if !self.has(OPAQUE_TEXT) {
                return Err(LineFault::Fields.into());
            }
            return text(Kind::Opaque, begins, [dialect, self.subtype, 0]);
        }
        if self.has(CALL) {
            if !self.has(CALL_NAME) || !self.has(ARGUMENTS) {
                return Err(LineFault::Fields.into());
            }
            let name = u8::try_from(name).map_err(|_| LineFault::TooLong)?;
            let (id, head, length) = id_length(id as usize).ok_or(LineFault::TooLong)?;
            let start = self.start as usize + HEADER_BYTES;
            log.insert(start, head.get(..length).unwrap_or_default())?;
            return text(Kind::Call, begins, [id, name, self.maker]);
        }
        text(Kind::Text, begins | cut, [self.is(REFUSED, REFUSAL), 0, 0])
    }

    /// The line of an attachment, of a user's text or a result.
    #[cfg(feature = "attachments")]
    fn parse_attachment(&mut self, log: &mut Log<'_>) -> Result<ParsedLine, LineError> {
        let owner = match self.role.as_slice() {
            b"user" => Owner::User,
            b"tool" => Owner::Result,
            _ => return Err(LineFault::Fields.into()),
        };
        let sources = [FILE_NUMBER, FILE_URL, FILE_ID];
        let others =
            [ROLE, ATTACHMENT, MEDIA_TYPE, FILE_NAME, FILE_BYTES, FILE_TOKENS, CUT, TURN_ENDED];
        let set = |places: &[u8]| places.iter().fold(PlaceSet::MIN, |all, place| all | 1 << place);
        let is_one = (self.seen & set(&sources)).count_ones() == 1;
        if !is_one || self.seen & !(set(&sources) | set(&others)) != 0 || self.start == 0 {
            return Err(LineFault::Fields.into());
        }
        self.sort(log);
        let [media, name, _] = self.lengths;
        let [media, name] =
            [media, name].map(|length| u8::try_from(length).map_err(|_| LineFault::TooLong));
        let start = self.start as usize + HEADER_BYTES;
        let source = if self.has(FILE_NUMBER) {
            attached::NUMBER
        } else if self.has(FILE_URL) {
            attached::URL
        } else {
            attached::FILE_ID
        };
        log.insert(start, &attached::head(self.numbers, name?))?;
        let flags = self.is(CUT, ELIDED) | self.is(TURN_ENDED, ENDED);
        let texts = log.bytes().get(start + attached::HEAD_BYTES..).unwrap_or_default();
        let media_type = texts.get(..media?.into()).unwrap_or_default();
        let media_type = core::str::from_utf8(media_type).map_err(|_| LineFault::NotJson)?;
        let info = attached::info(AttachmentKind::of(media_type), source, owner, media?);
        Ok(ParsedLine::Part(Header::new(Kind::Attachment, flags, info)))
    }

    /// Writes more of a string after the room for a header.
    fn write(&mut self, log: &mut Log<'_>, slot: u8, bytes: &[u8]) -> Result<(), LineError> {
        if self.start == 0 {
            let start = log.used();
            log.append(&[0; HEADER_BYTES])?;
            self.start = start as u32;
        }
        log.append(bytes)?;
        let came = self.order.get(..usize::from(self.count)).unwrap_or_default();
        if came.last() != Some(&slot) {
            // Each slot comes in one run, for no place may come twice.
            let place = self.order.get_mut(usize::from(self.count));
            *place.ok_or(LineFault::Fields)? = slot;
            self.count += 1;
        }
        if let Some(length) = self.lengths.get_mut(usize::from(slot)) {
            *length = length.saturating_add(bytes.len() as u32);
        }
        Ok(())
    }

    /// Brings the strings into the order of a record.
    fn sort(&mut self, log: &mut Log<'_>) {
        let count = usize::from(self.count);
        let lengths = self.lengths;
        let length = |slot: u8| lengths.get(usize::from(slot)).map_or(0, |length| *length as usize);
        for _ in 1..count {
            let mut offset = self.start as usize + HEADER_BYTES;
            for at in 1..count {
                let Some([left, right]) = self.order.get_mut(at - 1..=at) else { return };
                let (first, second) = (length(*left), length(*right));
                if left > right {
                    log.swap_runs(offset, offset + first, offset + first + second);
                    core::mem::swap(left, right);
                    offset += second;
                } else {
                    offset += first;
                }
            }
        }
    }

    fn see(&mut self, place: u8) -> Result<(), LineError> {
        if self.has(place) {
            return Err(LineFault::BadField.into());
        }
        self.seen |= 1 << place;
        Ok(())
    }

    const fn has(&self, place: u8) -> bool {
        self.seen & (1 << place) != 0
    }

    const fn is(&self, place: u8, flag: u8) -> u8 {
        if self.is & (1 << place) != 0 { flag } else { 0 }
    }
}

/// Which of a record's strings is at `place`.
const fn slot_of(place: u8) -> Option<u8> {
    match place {
        ID | CALL_ID => Some(0),
        CALL_NAME => Some(1),
        TEXT | CONTENT | THINKING | OPAQUE_TEXT | ARGUMENTS => Some(2),
        #[cfg(feature = "attachments")]
        MEDIA_TYPE => Some(0),
        #[cfg(feature = "attachments")]
        FILE_NAME => Some(1),
        #[cfg(feature = "attachments")]
        FILE_URL | FILE_ID => Some(2),
        _ => None,
    }
}

/// Which of an attachment's numbers is at `place`.
#[cfg(feature = "attachments")]
const fn number_slot(place: u8) -> Option<usize> {
    match place {
        FILE_BYTES => Some(0),
        FILE_TOKENS => Some(1),
        FILE_NUMBER => Some(2),
        _ => None,
    }
}

fn word(word: &mut ShortWord, bytes: &[u8], fault: LineFault) -> Result<(), LineFault> {
    word.extend_from_slice(bytes).map_err(|_| fault)
}
