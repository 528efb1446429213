//! Reads a body: shows what was received before it reads on, and keeps within both limits.

use super::Decoder;
use crate::provider::{EmittedEvent, Sink};
use crate::wire::scan::WORDS;
use crate::{Error, ErrorKind};

/// Reads until there is something to show, or the input is used up.
pub(crate) fn read(
    decoder: &mut Decoder,
    sink: &mut Sink<'_, '_>,
    input: &mut &[u8],
    limit_bytes: u32,
) -> Result<Option<EmittedEvent>, Error> {
    loop {
        if !WORDS || decoder.has_news {
            let shown = sink.show();
            if shown.is_some() {
                if WORDS {
                    decoder.has_news = sink.may_have_more() || decoder.is_reading_held();
                }
                return Ok(shown);
            }
            decoder.has_news = false;
        }
        if let Some(error) = decoder.error() {
            return Err(error);
        }
        if input.is_empty() && !decoder.is_reading_held() {
            return Ok(None);
        }
        let left = limit_bytes.saturating_sub(decoder.offset) as usize;
        if sink.reply.ended && decoder.is_over() {
            *input = &[];
            return Ok(None);
        }
        if left == 0 {
            return Err(Error::new(ErrorKind::Limit, limit_bytes));
        }
        // Of a reply that failed nothing is kept any more, so it needs no room.
        let mut window = usize::MAX;
        if !(sink.reply.is_failed() || decoder.is_over()) {
            // Unescaped text is never longer than its escaped form.
            let unread = input.len() + decoder.held_bytes();
            let wanted = unread.min(WINDOW_BYTES).min(left) + SLACK_BYTES;
            if sink.is_nearly_full() {
                sink.drop_shown();
                decoder.note_news();
            }
            let room = sink.log.room(wanted);
            window = room.saturating_sub(SLACK_BYTES);
            if window == 0 {
                return Err(Error::full(wanted - room));
            }
        }
        let most = window.min(left);
        let free = left.saturating_sub(decoder.held_bytes()).min(window);
        if free == 0 {
            decoder.release_held();
        }
        let (mut front, back) = input.split_at_checked(free).unwrap_or((input, &[]));
        loop {
            let shows = decoder.advance(sink, &mut front, most);
            *input = input.get(input.len() - back.len() - front.len()..).unwrap_or_default();
            if !shows || decoder.error().is_some() {
                break;
            }
            if let Some(shown) = sink.show() {
                if WORDS {
                    decoder.has_news = sink.may_have_more() || decoder.is_reading_held();
                }
                return Ok(Some(shown));
            }
        }
    }
}

/// Bytes that are read between two checks of the remaining room.
const WINDOW_BYTES: usize = 2048;

/// Room beyond the bytes that are read: two headers and a replaced half pair.
pub(crate) const SLACK_BYTES: usize = 24;
