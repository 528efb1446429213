//! The use of the values of a response: most are the same in every dialect, so the table of a
//! dialect's places has it, and one reader acts on it.

use super::reply::Slot;
use super::{Codec, Sink};
use crate::Error;
use crate::wire::json_read::{HASHED, OPEN, ROOT, Token};
use crate::wire::scan::WORDS;

/// Only the dialect knows its use.
pub(crate) const OWN: u8 = 0;
/// A string of the call that is read.
pub(crate) const ID: u8 = 1;
pub(crate) const NAME: u8 = 2;
pub(crate) const ARGUMENTS: u8 = 3;
/// More of the answer, or of a refusal.
pub(crate) const TEXT: u8 = 4;
pub(crate) const REFUSAL: u8 = 5;
/// The index of the call or block that is read.
pub(crate) const INDEX: u8 = 6;
/// A short word, whose end the dialect handles.
pub(crate) const WORD: u8 = 7;
/// The word for why the model stopped.
pub(crate) const STOP: u8 = 8;
/// The message of an error; its type; its code, or the status that stands for it.
pub(crate) const ERROR: u8 = 9;
pub(crate) const ERROR_TYPE: u8 = 10;
pub(crate) const ERROR_CODE: u8 = 11;
/// Counts of tokens, in the order of [`crate::Usage`].
pub(crate) const INPUT: u8 = 12;
pub(crate) const OUTPUT: u8 = 13;
pub(crate) const CACHE_READ: u8 = 14;
pub(crate) const CACHE_WRITE: u8 = 15;
pub(crate) const REASONING: u8 = 16;
/// At the top of a document: a word that may be `error`, or whether it is a success; then the strings
/// and the code next to it are those of an error. They also count if the status or the framing marks
/// an error.
pub(crate) const OBJECT: u8 = if WORDS { HASHED | 1 } else { 17 };
pub(crate) const TOP_MESSAGE: u8 = 18;
pub(crate) const TOP_CODE: u8 = 19;
/// How long an error asks to wait: a duration with its unit, or seconds.
pub(crate) const DELAY: u8 = 20;
/// Tokens that the model has room for, and those that were sent, in the refusal of a long request.
pub(crate) const CONTEXT: u8 = 21;
pub(crate) const SENT: u8 = 22;
/// An error: a text, an object or a list. The values in it that are not known make it one, too.
pub(crate) const ANY_ERROR: u8 = OPEN | 9;
/// The error that a gateway received, which follows its own message.
pub(crate) const ERROR_CAUSE: u8 = 26;
/// An image, sound or another medium in the reply: its bytes, or where it is.
pub(crate) const MEDIA: u8 = 25;
/// A number whose use only the dialect knows. Like each index and each count it may be written as text.
pub(crate) const NUMBER: u8 = 27;

/// The name of a field that an error is about.
#[cfg(feature = "profiles")]
pub(crate) const FIELD: u8 = 24;

/// A short word, whose hash the dialect takes at its end. A small processor takes the word; dense
// numbers need less of its flash.
pub(crate) const HASH: u8 = if WORDS { HASHED } else { 23 };

/// Takes one token of a response.
// Borrowed: a copy reads together what was just written in parts, for which a processor waits.
pub(crate) fn take(codec: &Codec, sink: &mut Sink<'_, '_>, token: &Token<'_>) -> Result<(), Error> {
    let tag = token.node(codec.places).map_or(OWN, |node| node.tag);
    match (*token, tag) {
        #[cfg(target_pointer_width = "64")]
        (Token::Word(place, hash), _) => {
            sink.reply.hash = Some(hash);
            return take(codec, sink, &Token::PieceEnd(place));
        }
        (Token::Piece(_, bytes), ID) => return sink.stage(Slot::Id, bytes),
        (Token::Piece(_, bytes), NAME) => return sink.stage(Slot::Name, bytes),
        (Token::Piece(_, bytes), ARGUMENTS) => return sink.stage(Slot::Arguments, bytes),
        (Token::Piece(_, bytes), TEXT) => return sink.text(bytes),
        (Token::Piece(_, bytes), REFUSAL) => return sink.refusal(bytes),
        (Token::Piece(_, bytes), MEDIA) => sink.media(bytes.len()),
        (Token::Piece(_, bytes), ERROR | ANY_ERROR) => sink.error_text(bytes, tag == ANY_ERROR),
        (Token::Piece(_, bytes), ERROR_CAUSE) => sink.failure_cause(bytes),
        // A document that is a string is the message of an error, if it is anything.
        (Token::Piece(ROOT, bytes), _) | (Token::Piece(_, bytes), TOP_MESSAGE) => {
            return sink.top_message(bytes);
        }
        (
            Token::Piece(_, bytes),
            WORD
            | HASH
            | STOP
            | ERROR_TYPE
            | ERROR_CODE
            | OBJECT
            | TOP_CODE
            | DELAY
            | NUMBER
            | INDEX
            | INPUT..=REASONING,
        ) => sink.word(bytes),
        #[cfg(feature = "profiles")]
        (Token::Piece(_, bytes), FIELD) => sink.word(bytes),
        #[cfg(feature = "profiles")]
        (Token::PieceEnd(_), FIELD) => sink.failure_field(),
        (Token::PieceEnd(_), STOP) => sink.stop(),
        (Token::PieceEnd(_), ERROR | ANY_ERROR) => sink.error_text_end(),
        (Token::PieceEnd(_), ERROR_CAUSE | TOP_MESSAGE) => sink.failure_text_end(),
        (Token::PieceEnd(_), ERROR_TYPE | ERROR_CODE) => sink.failure_code(tag == ERROR_CODE),
        (Token::PieceEnd(_), OBJECT) => sink.object(),
        (Token::PieceEnd(_), TOP_CODE) => sink.top_code(),
        (Token::PieceEnd(place), NUMBER | INDEX | INPUT..=REASONING) => {
            let Some(value) = sink.take_number() else { return Ok(()) };
            match tag {
                NUMBER => return (codec.token)(sink, &Token::Number(place, value)),
                INDEX => sink.reply.index = Some(value),
                _ => sink.count(tag.wrapping_sub(INPUT), value),
            }
        }
        (Token::Number(_, 1..) | Token::Bool(_, true), ERROR | ANY_ERROR) => sink.error_value(),
        (Token::Bool(_, false), OBJECT) => sink.fail_document(),
        (Token::Number(_, value), INDEX) => sink.reply.index = Some(value),
        (Token::Number(_, value), ERROR_CODE) => sink.failure_status(value),
        (Token::Number(_, value), TOP_CODE) => sink.top_status(value),
        (Token::PieceEnd(_), DELAY) => sink.failure_delay(),
        (Token::Number(_, value), DELAY) => sink.note_delay(value.saturating_mul(1000)),
        #[cfg(feature = "window")]
        (Token::Number(_, value), CONTEXT) => sink.reply.failure.context_tokens = value,
        #[cfg(feature = "window")]
        (Token::Number(_, value), SENT) => sink.reply.failure.sent_tokens = value,
        (Token::Number(_, value), INPUT..=REASONING) => sink.count(tag.wrapping_sub(INPUT), value),
        _ => return (codec.token)(sink, token),
    }
    Ok(())
}
