//! What a call consists of.

use super::super::decode::PLACES;
use super::write;
use crate::Error;
use crate::provider::reply::{BROKEN, Slot};
use crate::provider::{Sink, tag};
use crate::wire::json_read::Token;

/// The places of a reply, with those of pieces, whose tag is that of whole arguments.
macro_rules! reply_places {
    ($($places:tt)*) => {
        $crate::provider::places::dialect_places! { $($places)*
            PIECES = CALL . "partialArgs" raw => tag::ARGUMENTS,
            SNAKE_PIECES = CALL . "partial_args" raw => tag::ARGUMENTS,
        }
    };
}
pub(in super::super) use reply_places;

/// What arrived of a call: that more follows, its whole arguments, pieces.
pub(in super::super) const GOES_ON: u8 = 1;
pub(in super::super) const WHOLE: u8 = 2;
const BY_PATH: u8 = 4;

pub(in super::super) const fn note(sink: &mut Sink<'_, '_>, what: u8) {
    sink.reply.dialect_state.level |= what;
}

/// Notes it if pieces are complete.
pub(in super::super) fn note_pieces(sink: &mut Sink<'_, '_>, token: Token<'_>) {
    let is_piece = matches!(token, Token::PieceEnd(_));
    if is_piece && token.node(PLACES).is_some_and(|node| node.tag == tag::ARGUMENTS) {
        note(sink, BY_PATH);
    }
}

/// The call, or the piece of one, is over.
pub(in super::super) fn end_call(sink: &mut Sink<'_, '_>) -> Result<(), Error> {
    let what = core::mem::take(&mut sink.reply.dialect_state.level);
    let goes_on = what & GOES_ON != 0;
    if sink.is_by_path() || what & (GOES_ON | BY_PATH) != 0 {
        if what & WHOLE != 0 {
            // Beside pieces, an empty object stands for them.
            if what & BY_PATH != 0 || sink.staged_arguments() != b"{}" {
                return Err(BROKEN);
            }
            sink.drop_from(Slot::Arguments);
        }
        sink.reply.dialect_state.seen = 1;
        return sink.commit_by_path(goes_on, write::add);
    }
    // The end of a call may follow its last piece, which had ended it.
    if sink.reply.dialect_state.seen != 0 && !sink.is_any_staged() {
        return Ok(());
    }
    sink.commit_new_call()
}

/// Whether more of a call follows.
pub(in super::super) fn has_open_call(sink: &Sink<'_, '_>) -> bool {
    sink.is_by_path()
}

/// The signature after the call, which grows, goes before it.
pub(in super::super) fn put_before_call(sink: &mut Sink<'_, '_>) {
    sink.put_before_last_call();
}
