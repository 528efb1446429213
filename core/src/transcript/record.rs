#![doc = include_str!("record.md")]

use crate::wire::steps;

/// Bytes before each payload.
pub(crate) const HEADER_BYTES: usize = 8;

/// The offset of the length in it.
pub(super) const LENGTH_OFFSET: usize = 4;

/// The kind of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    User = 1,
    Text = 2,
    Thinking = 3,
    Opaque = 4,
    Call = 5,
    Result = 6,
    /// Attached to a user's text or a result. Only with the feature `attachments`; without it no record has this kind.
    #[cfg_attr(not(feature = "attachments"), allow(dead_code, reason = "no record is one"))]
    Attachment = 7,
}

impl Kind {
    /// Its bit in a set of kinds.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The kinds of records that the model makes.
pub(crate) const PARTS: u8 =
    Kind::Text.bit() | Kind::Thinking.bit() | Kind::Opaque.bit() | Kind::Call.bit();

/// The kinds of records that answer calls.
pub(crate) const RESULTS: u8 = Kind::Result.bit() | Kind::Attachment.bit();

/// The record begins a message: always for a user's text and a result.
pub(crate) const FIRST: u8 = 0x10;
/// User: it begins no turn; a summary that stands in for older turns, or an instruction. Result: the call failed.
/// Call: its arguments are not one JSON object. Text, thinking: not kept whole.
pub(crate) const MARKED: u8 = 0x20;
/// The first byte of the info of a user's text that is an instruction of the program.
pub(crate) const INSTRUCTION: u8 = 1;
/// The first byte of the info of a text that is a refusal.
pub(crate) const REFUSAL: u8 = 1;
/// The bit in the source of an attachment that is a result's.
#[cfg_attr(not(feature = "attachments"), allow(dead_code, reason = "no record is one"))]
pub(crate) const OF_RESULT: u8 = 0x80;
/// Call: it has a result.
pub(crate) const ANSWERED: u8 = 0x40;
/// Result, attachment: a line that describes it replaces it.
pub(crate) const ELIDED: u8 = 0x40;

/// User, result, attachment: the turn ended after it, without an answer.
pub(crate) const ENDED: u8 = 0x80;
/// Text, thinking, opaque, call: the reply paused after it, and the turn goes on.
pub(crate) const PAUSED: u8 = ENDED;

/// Call: a call before it has the same id.
pub(crate) const REPEATED: u8 = 0x08;

/// The length of an id that stands before the id itself.
const LONG_ID: u8 = u8::MAX;

/// The most bytes of a call's id.
pub(crate) const ID_BYTES_MAX: usize = (1 << 21) - 1;

/// The length of an id in a record: a byte of the header, and the first bytes of the
/// payload. `None`: it is too long.
pub(crate) fn id_length(length: usize) -> Option<(u8, [u8; 3], usize)> {
    match u8::try_from(length) {
        Ok(length) if length < LONG_ID => Some((length, [0; 3], 0)),
        _ if length > ID_BYTES_MAX => None,
        _ => Some((LONG_ID, [14, 7, 0].map(|shift| (length >> shift) as u8 & 0x7f), 3)),
    }
}

fn long_id(head: [u8; 3]) -> usize {
    head.iter().fold(0, |length, bits| length << 7 | usize::from(bits & 0x7f))
}

/// The most calls of one reply: a result has 16 bits for the index of its call.
pub(crate) const REPLY_CALLS_MAX: u32 = u16::MAX as u32;

/// The first eight bytes of a record, as stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// The kind and the flags.
    tag: u8,
    pub info: [u8; 3],
    pub length: u32,
}

impl Header {
    pub const fn new(kind: Kind, flags: u8, info: [u8; 3]) -> Self {
        Self { tag: kind as u8 | flags, info, length: 0 }
    }

    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c] = self.info;
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        [self.tag, a, b, c, l0, l1, l2, l3]
    }

    #[inline(always)]
    pub fn from_bytes(bytes: [u8; HEADER_BYTES]) -> Option<Self> {
        let [tag, a, b, c, l0, l1, l2, l3] = bytes;
        let is_known = matches!(tag & KIND, 1..=LAST_KIND);
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        is_known.then_some(Self { tag, info: [a, b, c], length })
    }

    pub const fn kind(self) -> Kind {
        match self.tag & KIND {
            1 => Kind::User,
            2 => Kind::Text,
            3 => Kind::Thinking,
            4 => Kind::Opaque,
            5 => Kind::Call,
            #[cfg(feature = "attachments")]
            7 => Kind::Attachment,
            _ => Kind::Result,
        }
    }

    /// Whether it is of one of `kinds`.
    pub const fn is_of(self, kinds: u8) -> bool {
        (kinds >> (self.tag & KIND)) & 1 == 1
    }

    pub const fn has(self, flag: u8) -> bool {
        self.tag & flag != 0
    }

    pub const fn set(&mut self, flags: u8) {
        self.tag |= flags & !KIND;
    }

    pub const fn clear(&mut self, flags: u8) {
        self.tag &= !flags | KIND;
    }

    pub const fn toggle(&mut self, flag: u8) {
        self.tag ^= flag & !KIND;
    }

    /// For a result: the index of its call in the reply.
    pub const fn call_index(self) -> u32 {
        let [low, high, _] = self.info;
        u16::from_le_bytes([low, high]) as u32
    }
}

/// The bits of the first byte that hold the kind.
const KIND: u8 = 0x07;

/// The highest known kind.
const LAST_KIND: u8 = if cfg!(feature = "attachments") { 7 } else { 6 };

/// One record, found in the bytes of a transcript.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub offset: usize,
    pub header: Header,
    pub payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at `offset`, when there is a whole one.
    pub fn at(bytes: &'a [u8], offset: usize) -> Option<Self> {
        steps::count(HEADER_BYTES);
        let rest = bytes.get(offset..)?;
        let (head, rest) = rest.split_first_chunk::<HEADER_BYTES>()?;
        let header = Header::from_bytes(*head)?;
        let payload = rest.get(..header.length as usize)?;
        Some(Self { offset, header, payload })
    }

    /// The first record of one of `kinds` at `offset` or after it, in the message that begins at
    /// `message`.
    // One loop for all searches: each further one would take a hundred bytes of flash.
    #[inline(never)]
    pub fn find_part(
        bytes: &'a [u8],
        mut offset: usize,
        message: usize,
        kinds: u8,
    ) -> Option<Self> {
        loop {
            let record = Self::at(bytes, offset)?;
            if offset != message && record.header.has(FIRST) {
                return None;
            }
            if record.header.is_of(kinds) {
                return Some(record);
            }
            offset = record.end();
        }
    }

    /// The offset of the next record.
    pub const fn end(&self) -> usize {
        self.offset + HEADER_BYTES + self.payload.len()
    }

    /// The payload as text. Records are checked when they are written or resumed.
    pub fn text(&self) -> &'a str {
        text(self.payload)
    }

    /// A call's id, name and arguments.
    pub fn call(&self) -> (&'a str, &'a str, &'a str) {
        let (id, name, arguments) = self.call_bytes();
        (text(id), text(name), text(arguments))
    }

    /// The same without a check of each byte: arguments that are still arriving may be long.
    pub fn call_bytes(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let [_, name_length, _] = self.header.info;
        let (head, length) = self.id_place();
        let payload = self.payload.get(head..).unwrap_or_default();
        let (id, rest) = payload.split_at_checked(length).unwrap_or_default();
        let (name, arguments) = rest.split_at_checked(name_length.into()).unwrap_or_default();
        (id, name, arguments)
    }

    /// Bytes before a call's id, and those of the id.
    pub fn id_place(&self) -> (usize, usize) {
        let [length, ..] = self.header.info;
        match self.payload.split_first_chunk() {
            Some((head, _)) if length == LONG_ID => (head.len(), long_id(*head)),
            _ => (0, length.into()),
        }
    }

    pub fn is(&self, kind: Kind) -> bool {
        self.header.kind() == kind
    }

    /// Whether it replaces older turns.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "for room by policy"))]
    pub fn is_summary(&self) -> bool {
        self.is(Kind::User) && self.header.has(MARKED) && !self.is_instruction()
    }

    /// Whether it is the program's, not the user's.
    pub fn is_instruction(&self) -> bool {
        self.is(Kind::User) && self.header.info.starts_with(&[INSTRUCTION])
    }

    /// Whether it is an attachment of a user's text.
    #[cfg_attr(not(feature = "attachments"), allow(dead_code, reason = "no record is one"))]
    pub fn is_users_attachment(&self) -> bool {
        let [_, source, _] = self.header.info;
        self.is(Kind::Attachment) && source & OF_RESULT == 0
    }

    /// Whether it is the model's.
    pub fn is_reply(&self) -> bool {
        self.header.is_of(PARTS)
    }
}

/// All whole records from `offset` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Records<'a> {
    pub const fn from(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let record = Record::at(self.bytes, self.offset)?;
        self.offset = record.end();
        Some(record)
    }
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    steps::count(bytes.len());
    core::str::from_utf8(bytes).unwrap_or_default()
}
