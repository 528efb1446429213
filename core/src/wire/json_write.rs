//! JSON out, a piece at a time, into buffers of any size.

use super::scan::{contains, copy_plain, plain_length};

/// A run of output that is not written yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    /// A number in decimal digits.
    Number(u32),
    /// An id that is made from a number: nine letters and digits, as every provider takes it.
    Id(u32),
    /// As it is.
    Plain(&'a str),
    /// The inside of a string: escaped where JSON wants it.
    Escaped(&'a str),
    /// The same inside of a string that is inside of a string.
    EscapedTwice(&'a str),
    /// Base64 of the so many bytes of the file with this number, which the caller has.
    #[cfg(feature = "attachments")]
    Base64 { number: u32, bytes: u32 },
}

/// The pieces that one step of an encoder gives. Without `Drop`, so that a request may be
/// left behind when the session goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'a> {
    pieces: [Piece<'a>; MAX_PIECES],
    count: u8,
    /// What the blanks of a form are filled with.
    pub blanks: Blanks<'a>,
}

/// What the blanks of a form are filled with, see [`Pieces::fill`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Blanks<'a> {
    pub text: &'a str,
    pub name: &'a str,
    /// The id of a call, or empty, and where the call stands.
    pub id: &'a str,
    pub place: u32,
    /// JSON, unless it is malformed.
    pub arguments: &'a str,
    pub is_malformed: bool,
    pub id_use: IdUse,
    /// Who is to get the request, see [`IdUse::AsItIs`].
    pub receiver: u8,
    /// The ids that the provider takes.
    pub ids: CallIdRule,
}

/// What becomes of the id of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum IdUse {
    /// It stays where the provider takes it.
    #[default]
    IfTaken,
    /// The receiver made it itself.
    AsItIs,
    /// Another call has the same.
    Never,
}

/// Which ids of calls a provider takes. Others are made anew, from the place of the call: so the
/// call and its result have the same, in every request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum CallIdRule {
    /// Of any form and length.
    #[default]
    Any,
    /// To 40 bytes, and longer ones of LiteLLM, which puts signatures there.
    Chat,
    /// Letters, digits, `_` and `-`, to 64.
    Words,
    /// Nine letters and digits.
    Nine,
}

impl CallIdRule {
    /// Whether all providers take `id` but those that want nine letters.
    pub fn all_take(id: &str) -> bool {
        id.len() <= CHAT_ID_BYTES && Self::Words.take(id)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn take(self, id: &str) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
        let is_word = |byte: &u8| is_letter(byte) || matches!(byte, b'_' | b'-');
        match self {
            Self::Any => true,
            Self::Chat => id.len() <= CHAT_ID_BYTES || contains(id, "__thought__"),
            Self::Words => id.len() <= 64 && id.as_bytes().iter().all(is_word),
            Self::Nine => id.len() == 9 && id.as_bytes().iter().all(is_letter),
        }
    }
}

/// The most bytes of an id that OpenAI takes.
const CHAT_ID_BYTES: usize = 40;

impl<'a> Pieces<'a> {
    pub const fn new() -> Self {
        let blanks = Blanks {
            text: "",
            name: "",
            id: "",
            place: 0,
            arguments: "",
            is_malformed: false,
            id_use: IdUse::IfTaken,
            receiver: 0,
            ids: CallIdRule::Any,
        };
        Self { pieces: [Piece::Number(0); MAX_PIECES], count: 0, blanks }
    }

    /// Adds a piece as it is. Called hundreds of times: a piece in registers takes half the code
    /// of one in memory, and inlined, they would take a tenth of the flash.
    #[inline(never)]
    pub fn plain(&mut self, text: &'a str) {
        if !text.is_empty() {
            self.push(Piece::Plain(text));
        }
    }

    #[inline(never)]
    pub fn escaped(&mut self, text: &'a str) {
        self.push(Piece::Escaped(text));
    }

    /// Adds the pieces of a form: text with blanks, each `%` and a letter.
    ///
    /// | blank | what stands there |
    /// |---|---|
    /// | `%t`, `%n` | the text, the name, inside of a string |
    /// | `%i` | the id inside of a string, made from the place of the call where there is none that will do |
    /// | `%a` | the arguments as an object inside of a string, whatever they are |
    /// | `%o` | the arguments as an object, whatever they are |
    // Each use takes a few bytes of flash; the same by pieces would take dozens.
    #[inline(never)]
    pub fn fill(&mut self, form: &'static str) {
        let mut rest = form;
        while let Some(at) = rest.bytes().position(|byte| byte == b'%') {
            let (before, behind) = rest.split_at_checked(at).unwrap_or_default();
            self.plain(before);
            self.blank(behind.as_bytes().get(1).copied().unwrap_or_default());
            rest = behind.get(2..).unwrap_or_default();
        }
        self.plain(rest);
    }

    fn blank(&mut self, letter: u8) {
        let blanks = &self.blanks;
        let arguments = if blanks.arguments.is_empty() { "{}" } else { blanks.arguments };
        let (is_malformed, place) = (blanks.is_malformed, blanks.place);
        let is_used = match blanks.id_use {
            IdUse::IfTaken => blanks.ids.take(blanks.id),
            IdUse::AsItIs => true,
            IdUse::Never => false,
        };
        let is_made = blanks.id.is_empty() || !is_used;
        let text = match letter {
            b't' => blanks.text,
            b'n' => blanks.name,
            b'i' => blanks.id,
            b'o' if !is_malformed => return self.plain(arguments),
            _ => arguments,
        };
        match letter {
            b'i' if is_made => self.push(Piece::Id(place)),
            // Only an object may stand here; the result told the model what was wrong.
            b'o' => {
                self.plain(r#"{"malformed":""#);
                self.escaped(text);
                self.plain(r#""}"#);
            }
            b'a' if is_malformed => {
                self.plain(r#"{\"malformed\":\""#);
                self.push(Piece::EscapedTwice(text));
                self.plain(r#"\"}"#);
            }
            _ => self.escaped(text),
        }
    }

    #[inline(never)]
    fn push(&mut self, piece: Piece<'a>) {
        let place = self.pieces.get_mut(usize::from(self.count));
        debug_assert!(place.is_some(), "MAX_PIECES is too small");
        if let Some(place) = place {
            *place = piece;
            self.count += 1;
        }
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }

    pub fn as_slice(&self) -> &[Piece<'a>] {
        self.pieces.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// No step of an encoder gives more; the tests of each dialect would show a loss.
pub(crate) const MAX_PIECES: usize = 12;

impl<'a> Piece<'a> {
    /// Bytes that it takes in the output.
    pub fn length(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Id(_) => ID_LENGTH,
            Self::Escaped(text) | Self::EscapedTwice(text) => {
                let times = self.escapes();
                let (mut length, mut rest) = (text.len(), text.as_bytes());
                while let Some((byte, after)) =
                    rest.get(plain_length(rest)..).and_then(<[u8]>::split_first)
                {
                    length += usize::from(escape(*byte, times).1) - 1;
                    rest = after;
                }
                length
            }
            Self::Number(number) => Digits::of(*number as usize).as_bytes().len(),
            #[cfg(feature = "attachments")]
            Self::Base64 { bytes, .. } => super::base64::length(*bytes as usize),
        }
    }

    /// In how many strings it is.
    const fn escapes(&self) -> u8 {
        match self {
            Self::Number(_) | Self::Id(_) | Self::Plain(_) => 0,
            Self::Escaped(_) => 1,
            Self::EscapedTwice(_) => 2,
            #[cfg(feature = "attachments")]
            Self::Base64 { .. } => 0,
        }
    }
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(text: &'a str) -> Self {
        Self::Plain(text)
    }
}

/// What can be added to [`Pieces`].
pub(crate) trait Add<'a> {
    fn add(self, pieces: &mut Pieces<'a>);
}

impl<'a> Add<'a> for &'a str {
    #[inline(always)]
    fn add(self, pieces: &mut Pieces<'a>) {
        pieces.plain(self);
    }
}

impl<'a> Add<'a> for Piece<'a> {
    #[inline(always)]
    fn add(self, pieces: &mut Pieces<'a>) {
        match self {
            Self::Plain(text) => pieces.plain(text),
            Self::Escaped(text) => pieces.escaped(text),
            Self::Number(_) | Self::Id(_) | Self::EscapedTwice(_) => pieces.push(self),
            #[cfg(feature = "attachments")]
            Self::Base64 { .. } => pieces.push(self),
        }
    }
}

/// Adds pieces in their order; plain text stands for itself.
macro_rules! pieces {
    ($out:ident: $($piece:expr),+ $(,)?) => {
        { $($crate::wire::json_write::Add::add($piece, $out);)+ }
    };
}
pub(crate) use pieces;

/// Where a piece stands that is partly written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PieceOffset {
    /// Bytes of the source that are written.
    source: usize,
    /// Bytes of the escape that are written.
    escape: usize,
}

impl PieceOffset {
    pub const START: Self = Self { source: 0, escape: 0 };

    /// Writes more of `piece` to the front of `out`, which it moves on: a run of bytes, or an
    /// escape. True: all is written.
    pub fn write(&mut self, piece: &Piece<'_>, out: &mut &mut [u8]) -> bool {
        let (number, id);
        let text = match piece {
            Piece::Plain(text) | Piece::Escaped(text) | Piece::EscapedTwice(text) => {
                text.as_bytes()
            }
            Piece::Number(value) => {
                number = Digits::of(*value as usize);
                number.as_bytes()
            }
            Piece::Id(value) => {
                id = made_id(*value);
                id.as_slice()
            }
            // Its bytes come by `write_base64`.
            #[cfg(feature = "attachments")]
            Piece::Base64 { .. } => return false,
        };
        let rest = text.get(self.source..).unwrap_or_default();
        let times = piece.escapes();
        if times > 0 {
            let plain = copy_plain(rest, out);
            self.source += plain;
            *out = core::mem::take(out).get_mut(plain..).unwrap_or_default();
            if let (false, Some(byte)) = (out.is_empty(), rest.get(plain)) {
                let (bytes, length) = escape(*byte, times);
                let escape = bytes.get(self.escape..usize::from(length)).unwrap_or_default();
                self.escape += put(out, escape);
                if self.escape == usize::from(length) {
                    self.escape = 0;
                    self.source += 1;
                }
            }
        } else {
            self.source += put(out, rest);
        }
        self.source == text.len()
    }
}

/// The part of a piece that is written from the caller's bytes.
#[cfg(feature = "attachments")]
impl PieceOffset {
    /// The first byte of a file of which something is not written yet.
    pub const fn wanted(&self) -> usize {
        self.source / super::base64::CHARS * super::base64::BYTES
    }

    /// Writes base64 of `from` to the front of `out`: the bytes of a file of `total` bytes from
    /// [`wanted`](Self::wanted) on. Returns how much was written.
    pub fn write_base64(&mut self, total: usize, from: &[u8], out: &mut [u8]) -> usize {
        let left = total.saturating_sub(self.wanted());
        let from = from.get(..left).unwrap_or(from);
        let skip = self.source % super::base64::CHARS;
        let written = super::base64::encode(from, from.len() == left, skip, out);
        self.source += written;
        written
    }

    /// So many letters of a file of `total` bytes are written. True: all are.
    pub const fn advance(&mut self, letters: usize, total: usize) -> bool {
        self.source += letters;
        self.source >= super::base64::length(total)
    }

    /// Whether a group of letters is written in part.
    pub const fn is_within_group(&self) -> bool {
        !self.source.is_multiple_of(super::base64::CHARS)
    }
}

/// Copies what fits to the front of `out` and moves it on; returns the bytes copied.
fn put(out: &mut &mut [u8], from: &[u8]) -> usize {
    let length = out.len().min(from.len());
    let whole = core::mem::take(out);
    let Some((to, rest)) = whole.split_at_mut_checked(length) else { return 0 };
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    *out = rest;
    length
}

/// What stands for `byte` inside a string, or a string in a string, and its length.
fn escape(byte: u8, times: u8) -> ([u8; 7], u8) {
    let short = |letter: u8| ([b'\\', letter, 0, 0, 0, 0, 0], 2);
    let (bytes, length) = match byte {
        b'"' | b'\\' => short(byte),
        b'\n' => short(b'n'),
        b'\r' => short(b'r'),
        b'\t' => short(b't'),
        0..0x20 => ([b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15), 0], 6),
        _ => return ([byte, 0, 0, 0, 0, 0, 0], 1),
    };
    let [a, b, c, d, e, f, _] = bytes;
    match byte {
        _ if times < 2 => (bytes, length),
        // Both bytes need one more.
        b'"' | b'\\' => ([b'\\', b'\\', b'\\', byte, 0, 0, 0], 4),
        _ => ([b'\\', a, b, c, d, e, f], length + 1),
    }
}

const fn hex(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + half - 10 }
}

/// The id that is made from `number`: a letter, and the digits in hexadecimal.
fn made_id(number: u32) -> [u8; ID_LENGTH] {
    let mut id = [b'c'; ID_LENGTH];
    for (at, place) in id.iter_mut().rev().take(8).enumerate() {
        *place = hex((number >> (4 * at)) as u8 & 15);
    }
    id
}

const ID_LENGTH: usize = 9;

/// The digits of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    /// They stand at the end.
    bytes: [u8; MAX_DIGITS],
    start: usize,
}

impl Digits {
    #[inline(never)]
    pub fn of(number: usize) -> Self {
        let mut rest = number;
        let mut start = MAX_DIGITS;
        let mut bytes = [b'0'; MAX_DIGITS];
        for place in bytes.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
            start -= 1;
            if rest == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// Digits of the largest number: a little more than three bits each.
const MAX_DIGITS: usize = usize::BITS as usize * 10 / 32;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn written(piece: Piece<'_>, window: usize) -> String {
        let mut all = Vec::new();
        let mut place = PieceOffset::default();
        loop {
            let mut buffer = std::vec![0; window];
            let mut out = buffer.as_mut_slice();
            let done = place.write(&piece, &mut out);
            let count = window - out.len();
            all.extend_from_slice(&buffer[..count]);
            if done {
                return String::from_utf8(all).expect("whole output is UTF-8");
            }
        }
    }

    #[test]
    fn every_window_writes_the_same_and_as_much_as_promised() {
        let text = "plain \"quoted\" back\\slash\n\r\t\u{0}\u{1f}\u{7f} grüße 東京 🦀 and a long plain tail";
        for piece in [
            Piece::Plain(text),
            Piece::Escaped(text),
            Piece::EscapedTwice(text),
            Piece::Number(4_294_967_295),
            Piece::Id(0x12ab),
        ] {
            let whole = written(piece, 1024);
            assert_eq!(whole.len(), piece.length());
            for window in 1..20 {
                assert_eq!(written(piece, window), whole);
            }
        }
        let quoted = std::format!("\"{}\"", written(Piece::Escaped(text), 7));
        assert_eq!(serde_json::from_str::<String>(&quoted).expect("valid JSON"), text);
        let twice = std::format!("\"{}\"", written(Piece::EscapedTwice(text), 7));
        let once = serde_json::from_str::<String>(&twice).expect("valid JSON");
        assert_eq!(once, written(Piece::Escaped(text), 7));
        assert_eq!(written(Piece::Number(0), 3), "0");
        assert_eq!(written(Piece::Id(0x12ab), 3), "c000012ab");
    }

    #[test]
    fn ids_that_a_provider_refuses_are_made_anew() {
        let long = "x".repeat(65);
        let litellm = std::format!("call_1__thought__{long}");
        let rows = [
            ("call_1", [true, true, true, false]),
            ("functions.read:0", [true, true, false, false]),
            ("abcDEF123", [true, true, true, true]),
            (&long[..64], [true, false, true, false]),
            (&long, [true, false, false, false]),
            (&litellm, [true, true, false, false]),
        ];
        for (id, taken) in rows {
            let kinds = [CallIdRule::Any, CallIdRule::Chat, CallIdRule::Words, CallIdRule::Nine];
            assert_eq!(kinds.map(|ids| ids.take(id)), taken, "{id}");
        }
    }
}
