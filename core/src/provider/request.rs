//! A request that is pulled: written from the transcript while the caller sends it.

#[cfg(feature = "attachments")]
use super::attach::{self, WantedBytes};
use super::codec::{Codec, Context, Cursor};
use super::model::maker;
use super::{local, options};
use crate::transcript::log::MAGIC;
#[cfg(any(feature = "window", feature = "attachments"))]
use crate::wire::json_write::Piece;
use crate::wire::json_write::{PieceOffset, Pieces};

/// A request to post. Holds no secret: the runtime adds the key.
///
/// Reading it yields the body a piece at a time, in linear time; a new request yields the same bytes.
#[derive(Clone)]
pub struct Request<'s> {
    walk: Walk<'s>,
    /// The piece that is next, and how much of it is written.
    index: usize,
    place: PieceOffset,
    /// The source of the pieces.
    origin: (BodySection, Cursor),
}

/// A way through the body.
#[derive(Clone)]
struct Walk<'s> {
    codec: &'static Codec,
    context: Context<'s>,
    section: BodySection,
    cursor: Cursor,
    pieces: Pieces<'s>,
}

/// How far a [`Request`] was read. It outlives the request, for a border that can keep no borrow.
#[derive(Clone, Copy, Debug)]
pub struct RequestPlace {
    origin: (BodySection, Cursor),
    index: usize,
    place: PieceOffset,
}

#[derive(Clone, Copy, Debug)]
enum BodySection {
    Head,
    Options(options::OptionCursor),
    /// The text before the messages, where tools are called by words.
    Words(local::TextModeCursor),
    Tool(usize),
    Messages,
    Message,
    Tail,
    Done,
}

impl<'s> Request<'s> {
    pub(crate) fn new(codec: &'static Codec, context: Context<'s>) -> Self {
        let walk = Walk::new(codec, context);
        let origin = (walk.section, walk.cursor);
        Self { walk, index: 0, place: PieceOffset::default(), origin }
    }

    /// How far it was read.
    #[must_use]
    pub const fn place(&self) -> RequestPlace {
        RequestPlace { origin: self.origin, index: self.index, place: self.place }
    }

    /// The same request, resumed at the [`place`](Self::place) of another one of this session. The
    /// session must not have changed since; else the bytes are meaningless.
    #[must_use]
    pub fn read_to(mut self, place: RequestPlace) -> Self {
        (self.walk.section, self.walk.cursor) = place.origin;
        self.refill();
        (self.index, self.place) = (place.index, place.place);
        self
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        "POST"
    }

    /// Path under the provider's base URL, in pieces to be put together; some may be empty.
    /// One of them may be the model, which was checked to need no escapes.
    #[must_use]
    pub fn path_parts(&self) -> [&str; 3] {
        (self.walk.codec.path)(self.walk.context.config.model())
    }

    /// Header names, in lower case, and values; the key is not among them.
    #[must_use]
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        #[cfg(feature = "attachments")]
        if let Some(headers) = self.walk.codec.attachments.file_headers
            && attach::has_file_id(self.walk.context.bytes)
        {
            return headers;
        }
        self.walk.codec.headers
    }

    /// Bytes of the body, for `content-length`. Goes through all of it without writing.
    #[must_use]
    pub fn body_len(&self) -> usize {
        Walk::new(self.walk.codec, self.walk.context).length()
    }

    /// Skips to the end without writing, and returns the number of bytes left out.
    #[cfg(feature = "drive")]
    pub(crate) fn skip(&mut self) -> usize {
        self.walk.length()
    }

    /// Writes the next bytes of the body into `out`, of any length from 1 on; returns how many.
    /// 0 is the end, or where bytes of an attachment are [`wanted`](Self::wanted).
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let size = out.len();
        let mut free = out;
        while !free.is_empty() {
            let Some(piece) = self.walk.pieces.as_slice().get(self.index) else {
                if self.refill() {
                    continue;
                }
                break;
            };
            #[cfg(feature = "attachments")]
            if let Piece::Base64 { .. } = piece {
                break;
            }
            if self.place.write(piece, &mut free) {
                self.index += 1;
                self.place = PieceOffset::default();
            }
        }
        size - free.len()
    }

    /// Writes the rest of the body to `writer`.
    ///
    /// # Errors
    /// Those of the writer; the bytes that it took are lost.
    pub fn write_to<W: embedded_io::Write>(&mut self, writer: &mut W) -> Result<(), W::Error> {
        let mut buffer = [0; WRITE_BYTES];
        loop {
            let count = self.read(&mut buffer);
            match buffer.get(..count) {
                Some(bytes) if count > 0 => writer.write_all(bytes)?,
                _ => return Ok(()),
            }
        }
    }

    /// Which bytes of an attachment are next. `None`: others are, or it is the end.
    #[cfg(feature = "attachments")]
    #[must_use]
    pub fn wanted(&self) -> Option<WantedBytes> {
        let (number, total) = self.attachment()?;
        let offset = self.place.wanted() as u32;
        Some(WantedBytes { number, offset, bytes: total.saturating_sub(offset) })
    }

    /// Writes the [`wanted`](Self::wanted) bytes of an attachment, or the first of them, into
    /// `out`, of any length from 1 on; returns how many it wrote. The request keeps none
    /// of the bytes; `wanted` then starts after those that were used. Returns 0 if fewer than three
    /// bytes were given and they are not the last ones.
    #[cfg(feature = "attachments")]
    pub fn supply(&mut self, bytes: &[u8], out: &mut [u8]) -> usize {
        let Some((_, total)) = self.attachment() else { return 0 };
        let first = self.place.wanted();
        let mut written = 0;
        loop {
            let used = self.place.wanted().saturating_sub(first);
            let from = bytes.get(used..).unwrap_or_default();
            let free = out.get_mut(written..).unwrap_or_default();
            let count = self.place.write_base64(total as usize, from, free);
            written += count;
            self.advance(0);
            if count == 0 || self.attachment().is_none() {
                return written;
            }
        }
    }

    /// This many base64 letters of an attachment are written.
    #[cfg(feature = "attachments")]
    pub(super) fn advance(&mut self, letters: usize) {
        let Some((_, total)) = self.attachment() else { return };
        if self.place.advance(letters, total as usize) {
            self.index += 1;
            self.place = PieceOffset::default();
        }
    }

    /// Whether a group of letters is written in part.
    #[cfg(feature = "attachments")]
    pub(super) const fn is_within_group(&self) -> bool {
        self.place.is_within_group()
    }

    /// The attachment that is written, and its length.
    #[cfg(feature = "attachments")]
    fn attachment(&self) -> Option<(u32, u32)> {
        match self.walk.pieces.as_slice().get(self.index)? {
            Piece::Base64 { number, bytes } => Some((*number, *bytes)),
            _ => None,
        }
    }

    /// Gets the next pieces; false at the end.
    fn refill(&mut self) -> bool {
        self.index = 0;
        self.origin = (self.walk.section, self.walk.cursor);
        self.walk.refill()
    }
}

impl<'s> Walk<'s> {
    fn new(codec: &'static Codec, context: Context<'s>) -> Self {
        let cursor = Cursor { offset: MAGIC.len(), ..Cursor::default() };
        let mut pieces = Pieces::new();
        let of_dialect = (codec.ids)(context.config.model());
        let ids = context.profile.call_ids(of_dialect);
        // A server with a profile for other ids may refuse its own.
        pieces.blanks.receiver = if ids == of_dialect { maker(context.config) } else { 0 };
        pieces.blanks.ids = ids;
        Self { codec, context, section: BodySection::Head, cursor, pieces }
    }

    /// Skips to the end, and returns the number of bytes left out.
    fn length(&mut self) -> usize {
        let mut length = 0;
        while self.refill() {
            for piece in self.pieces.as_slice() {
                length += piece.length();
            }
        }
        length
    }

    /// Gets the next pieces; false at the end.
    fn refill(&mut self) -> bool {
        self.pieces.clear();
        let (codec, context, pieces) = (self.codec, &self.context, &mut self.pieces);
        loop {
            match self.section {
                BodySection::Head => {
                    (codec.head)(context, pieces);
                    let options = options::begin(context);
                    self.section = options.map_or_else(|| tools(context), BodySection::Options);
                }
                BodySection::Options(place) => {
                    let next = options::write(codec, context, place, pieces);
                    self.section = next.map_or_else(|| tools(context), BodySection::Options);
                }
                BodySection::Words(place) => {
                    let next = local::before_messages(context, place, pieces);
                    self.section = next.map_or(BodySection::Message, BodySection::Words);
                }
                BodySection::Tool(index) if context.config.tool(index).is_some() => {
                    (codec.tool)(context, index, pieces);
                    self.section = BodySection::Tool(index + 1);
                }
                BodySection::Tool(_) => self.section = BodySection::Messages,
                BodySection::Messages => {
                    (codec.messages)(context, pieces);
                    self.section = BodySection::Message;
                }
                BodySection::Message => {
                    let message = match local::begin(context.config) {
                        Some(_) => local::message,
                        None => codec.message,
                    };
                    if !message(context, &mut self.cursor, pieces) {
                        self.section = BodySection::Tail;
                    }
                }
                BodySection::Tail => {
                    (codec.tail)(context, pieces);
                    self.section = BodySection::Done;
                }
                BodySection::Done => return !pieces.as_slice().is_empty(),
            }
            if !pieces.as_slice().is_empty() {
                return true;
            }
        }
    }
}

/// The description of the tools.
fn tools(context: &Context<'_>) -> BodySection {
    match local::begin(context.config) {
        Some(place) => BodySection::Words(place),
        None => BodySection::Tool(0),
    }
}

/// Gives each text that the messages from `offset` on send.
#[cfg(feature = "window")]
pub(crate) fn sent_texts(
    codec: &'static Codec,
    context: Context<'_>,
    offset: usize,
    each: &mut dyn FnMut(&str),
) {
    let mut walk = Walk::new(codec, context);
    (walk.section, walk.cursor.offset) = (BodySection::Message, offset);
    while matches!(walk.section, BodySection::Message) && walk.refill() {
        for piece in walk.pieces.as_slice() {
            if let Piece::Plain(text) | Piece::Escaped(text) | Piece::EscapedTwice(text) = piece {
                each(text);
            }
        }
    }
}

/// Bytes on the stack of [`Request::write_to`].
const WRITE_BYTES: usize = 128;

#[cfg(all(test, feature = "all-dialects"))]
mod tests {
    extern crate std;

    use crate::provider::testing::{config, session};
    use crate::{Dialect, ToolSpec};
    use std::vec::Vec;

    #[test]
    fn reading_resumes_at_a_place() {
        let tools = [ToolSpec { name: "read", description: "\"Reads\"", parameters: "{}" }; 2];
        let mut config = config(Dialect::Anthropic);
        (config.system, config.tools) = ("Say \u{7} twice", &tools);
        let session = session(config);
        let mut whole = [0; 1024];
        let length = session.request().unwrap().read(&mut whole);
        for piece in 1..length {
            let mut place = session.request().unwrap().place();
            let mut read = Vec::new();
            loop {
                let mut request = session.request().unwrap().read_to(place);
                let mut bytes = [0; 1024];
                let count = request.read(&mut bytes[..piece]);
                if count == 0 {
                    break;
                }
                read.extend_from_slice(&bytes[..count]);
                place = request.place();
            }
            assert_eq!(read, whole[..length], "in pieces of {piece}");
        }
    }
}
