//! The documents of a body: one, successive ones, or the elements of an array.

use super::{Array, DataLine, Decoder, Document, Framing};
use crate::provider::{Body, Codec, Sink, take};
use crate::wire::json_read::{LONE, ROOT, Token};
use crate::wire::scan::WORDS;
use crate::wire::taken;
use crate::{Error, ErrorKind};

impl Decoder {
    pub(super) fn whole(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<(), Error> {
        let was_done = self.json.is_done();
        if was_done && self.goes_on(sink, input) {
            return Ok(());
        }
        let read = self.json(sink, input);
        // Also when a bad byte follows the document in the same chunk.
        if !was_done && self.json.is_done() {
            self.shows = true;
            self.document_over(sink)?;
            self.is_over |= sink.reply.ended && self.framing == Framing::Lines;
            // A byte after the document belongs to the next one, if there may be one.
            if read.is_err_and(|error| error.kind() == ErrorKind::BadJson) {
                return Ok(());
            }
        }
        read
    }

    /// Whether a stream follows what looked like a whole body: some servers put the end marker of a
    /// stream after it, send the pieces of a stream without the names of fields, or write an error
    /// as an event among lines.
    fn goes_on(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> bool {
        skip_blank(input);
        let has_stop = sink.reply.stop.is_some();
        let is_whole = self.framing == Framing::Whole;
        let is_lines = self.framing == Framing::Lines && self.codec.body == Body::Whole;
        self.framing = match input.first() {
            // The name of a field, or a comment.
            Some(b'd' | b'e' | b'i' | b'r' | b':') => Framing::Events,
            Some(b'{') if is_whole && self.array == Array::None && LINES && !has_stop => {
                Framing::Lines
            }
            Some(b'[') if is_lines && has_stop => Framing::Events,
            _ => return false,
        };
        self.json.restart();
        self.json.stop_at_lines(self.framing == Framing::Events);
        self.json.begin(true);
        (self.shows, sink.reply.whole) = (true, false);
        true
    }

    pub(super) fn lines(
        &mut self,
        sink: &mut Sink<'_, '_>,
        input: &mut &[u8],
    ) -> Result<(), Error> {
        if self.follow(sink, input)? {
            return Ok(());
        }
        let before = *input;
        let read = self.line(sink, input);
        self.note(taken(before, input));
        read
    }

    #[inline(always)]
    fn line(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        if self.json.is_done() {
            skip_blank(input);
            if input.is_empty() || self.goes_on(sink, input) {
                return Ok(());
            }
            self.json.restart();
        }
        self.whole(sink, input)
    }

    pub(super) fn bare(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        let was_done = self.json.is_done();
        self.whole(sink, input)?;
        self.is_over |= was_done || self.json.is_done();
        Ok(())
    }

    /// A document is complete: half a character that waited for it counts first. The
    /// elements of an array were complete before it.
    fn document_over(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        if self.array == Array::HasElements {
            self.array = Array::Open;
            return Ok(());
        }
        let has_content = core::mem::take(&mut sink.reply.has_content);
        // Strings that wait would be lost to it, so it is added after them.
        if let Some(token) = self.json.lost_half(has_content && !sink.is_any_staged()) {
            take(self.codec, sink, &token)?;
        }
        (self.codec.document_end)(sink)?;
        if sink.reply.stop.is_some() && self.json.loses_half() {
            sink.text(LONE)?;
            sink.end_part();
        }
        Ok(())
    }

    /// Gives tokens to the dialect, up to one after which something may be shown.
    pub(super) fn json(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<(), Error> {
        loop {
            let was_done = WORDS && self.json.is_done();
            let mut met = self.members(sink, input)?;
            // A document that is a string may be complete with it: what follows is not a part of it.
            let is_over = WORDS && !was_done && self.json.is_done();
            if met == Met::Nothing && !is_over {
                let Some(token) = self.json.next(input)? else { break };
                self.has_news |= WORDS;
                met = give(self.codec, &mut self.document, sink, &token)?;
            }
            // A value that does not complete the document is an element of an array.
            if met == Met::End && !self.json.is_done() {
                self.shows = true;
                self.array = Array::Open;
                self.document_over(sink)?;
                self.array = Array::HasElements;
                self.is_over |= sink.reply.ended;
                break;
            }
            if self.json.is_done() || met == Met::News {
                self.shows = true;
                break;
            }
        }
        Ok(())
    }

    /// Takes what is easily read. [`Met::Nothing`]: the next step is not.
    #[inline(always)]
    fn members(&mut self, sink: &mut Sink<'_, '_>, input: &mut &[u8]) -> Result<Met, Error> {
        let mut met = Ok(Met::Nothing);
        if WORDS {
            let (before, codec, document) = (input.len(), self.codec, &mut self.document);
            self.json.each(input, |token| {
                met = give(codec, document, sink, &token);
                let goes_on = matches!(met, Ok(Met::Token));
                if goes_on {
                    met = Ok(Met::Nothing);
                }
                goes_on
            });
            self.has_news |= input.len() < before;
        }
        met
    }

    pub(super) fn end_document(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Error> {
        self.json.restart();
        self.line = DataLine::Done;
        self.shows = true;
        self.document_over(sink)?;
        self.is_over = sink.reply.ended;
        if WORDS {
            // Most documents of a stream end with nothing more to be shown.
            self.shows = self.is_over || sink.may_have_more();
        }
        Ok(())
    }
}

/// What was met in a document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Nothing,
    Token,
    /// Something that may be shown.
    News,
    /// The end of the document, or of an element of an array.
    End,
}

/// Gives a token to the dialect.
#[inline(always)]
pub(super) fn give(
    codec: &Codec,
    document: &mut Document,
    sink: &mut Sink<'_, '_>,
    token: &Token<'_>,
) -> Result<Met, Error> {
    let ends = matches!(token, Token::PieceEnd(_) | Token::End(_));
    let is_over = *token == Token::End(ROOT);
    if *token == Token::Begin(ROOT) {
        sink.drop_stage();
        let had_stop = sink.reply.stop.is_some();
        *document = if had_stop { Document::AfterStop } else { Document::First };
    }
    if is_over {
        *document = Document::None;
    }
    take(codec, sink, token)?;
    Ok(match () {
        () if is_over => Met::End,
        () if ends && sink.may_have_more() => Met::News,
        () => Met::Token,
    })
}

/// Whether `byte` may precede a document: white space, or a byte of a byte order mark.
pub(super) const fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf)
}

pub(super) fn skip_blank(input: &mut &[u8]) {
    while let Some((byte, rest)) = input.split_first()
        && is_blank(byte)
    {
        *input = rest;
    }
}

/// Whether a dialect has them.
pub(super) const LINES: bool = cfg!(feature = "ollama");
