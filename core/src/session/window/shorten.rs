//! Results that are longer than the whole context: both ends stay, and a line explains how to read
//! on.

use super::policy::last_reply;
use crate::provider::Config;
use crate::session::machine::{Machine, ShortenedResult};
use crate::transcript::log::Log;
use crate::transcript::record::{HEADER_BYTES, Kind};
use crate::wire::json_write::Digits;

impl Machine {
    /// The bytes of the last reply's results that have this many tokens, or a few more: the removed
    /// part of a text has nearly as many tokens per byte as the whole.
    pub(super) fn result_bytes(&self, log: &Log<'_>, config: &dyn Config, tokens: u32) -> usize {
        let start = last_reply(log);
        let counted =
            self.count.worth(self.count.tokens_between(config, log.bytes(), start, log.used()));
        let part = u64::from(tokens) + u64::from(tokens) / 16 + LINE_TOKENS;
        let all = (log.used() - start) as u64;
        (all * part).checked_div(counted.max(1).into()).unwrap_or(0) as usize
    }

    /// Shortens the longest results of the last reply, until this many bytes are free or they have
    /// their least length; returns the freed bytes.
    pub(super) fn shorten_results(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        bytes: usize,
    ) -> usize {
        let start = last_reply(log);
        let results = || {
            let records = log.records_from(start);
            records.filter(|it| it.is(Kind::Result)).map(|result| result.payload.len())
        };
        let stays = results().sum::<usize>().saturating_sub(bytes);
        // The highest limit under which all together are short enough.
        let (mut least, mut most) = (LEAST_BYTES, results().max().unwrap_or(0));
        while least < most {
            let limit = least + (most - least).div_ceil(2);
            let sum: usize = results().map(|length| length.min(limit)).sum();
            if sum <= stays { least = limit } else { most = limit - 1 }
        }
        self.cut_results(log, config, start, least)
    }

    /// Cuts the results after `start` down to `limit` bytes, and moves the rest once.
    fn cut_results(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        start: usize,
        limit: usize,
    ) -> usize {
        let (mut at, mut end) = (start, start);
        self.count.forget(config, log.bytes(), start, log.used());
        while let Some(record) = log.record(at) {
            let (next, mut header) = (record.end(), record.header);
            let is_long = record.payload.len() >= limit.saturating_add(LINE_BYTES + LEAST_FREED);
            if record.is(Kind::Result) && is_long {
                let cut = ShortenedResult::of(record.text(), limit);
                let (before, after) = (cut.before.len(), cut.after.len());
                let number = Digits::of(cut.left_out as usize);
                log.move_down(at + HEADER_BYTES, at + HEADER_BYTES + before, end + HEADER_BYTES);
                let mut following = end + HEADER_BYTES + before;
                // Shorter than the removed part, so that the rest is not overwritten.
                for piece in [b"\n[".as_slice(), number.as_bytes(), READ_ON] {
                    log.overwrite(following, piece);
                    following += piece.len();
                }
                log.move_down(next - after, next, following);
                header.length = (following + after - end - HEADER_BYTES) as u32;
                log.set_header(end, header);
                end = following + after;
            } else {
                log.move_down(at, next, end);
                end += next - at;
            }
            at = next;
        }
        let freed = at - end;
        log.truncate(end);
        if freed > 0 {
            self.rewrites = self.rewrites.wrapping_add(1);
            self.forget_failure();
        }
        freed
    }
}

/// Whether [`Machine::shorten_results`] would find something.
pub(super) fn can_shorten(log: &Log<'_>) -> bool {
    let mut records = log.records_from(last_reply(log));
    records
        .any(|it| it.is(Kind::Result) && it.payload.len() >= LEAST_BYTES + LINE_BYTES + LEAST_FREED)
}

/// After the number of bytes.
const READ_ON: &[u8] = b" bytes left out: the context has no room for them; ask for a part at a \
    time, as by a range of lines]\n";

/// More bytes than the whole line has.
const LINE_BYTES: usize = READ_ON.len() + 16;

const LINE_TOKENS: u64 = 32;

/// The least length of a result.
const LEAST_BYTES: usize = 256;

/// The least to remove from a result, in addition to the room for the line.
const LEAST_FREED: usize = 16;
