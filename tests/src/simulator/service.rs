//! The provider: what it answers, and when.

use zerostack_core::Dialect;

use super::Counts;
use crate::model::Says;
use crate::random::Random;

/// The weather at the provider: there are storms, in which nearly all is refused.
#[derive(Debug, Default)]
pub(super) struct Service {
    storm_until_ms: u64,
    calm_until_ms: u64,
    storm_status: u16,
}

/// An answer that is under way.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after_ms: Option<u32>,
    pub body: Vec<u8>,
    /// What the model says, when nothing went wrong on the way.
    pub says: Option<Says>,
}

impl Service {
    /// Answers a request by what the model `says`; `None`: nothing ever comes.
    pub fn answer(
        &mut self,
        dialect: Dialect,
        says: Says,
        now_ms: u64,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Option<Answer> {
        if random.once_in(30) {
            counts.add("unreachable");
            return None;
        }
        if now_ms >= self.calm_until_ms {
            self.storm_until_ms = now_ms + random.below(20_000) as u64;
            self.calm_until_ms = self.storm_until_ms + random.below(300_000) as u64;
            self.storm_status = *random.one_of(&[429, 529]);
        }
        let is_storm = now_ms < self.storm_until_ms && !random.once_in(5);
        if is_storm || random.once_in(30) {
            let status = if is_storm {
                self.storm_status
            } else {
                *random.one_of(&[400, 401, 404, 413, 500, 503])
            };
            counts.add(if is_storm { "refused in a storm" } else { "refused" });
            let retry_after_ms = random.once_in(2).then(|| random.below(90_000) as u32);
            return Some(Answer { status, retry_after_ms, body: refusal(random), says: None });
        }
        let mut body = says.body(dialect, random);
        let mut says = Some(says);
        match random.below(14) {
            0 => {
                counts.add("cut off");
                body.truncate(random.below(body.len()));
                says = None;
            }
            1 => {
                counts.add("garbled");
                let at = random.below(body.len());
                body[at] ^= 1 << random.below(8);
                says = None;
            }
            _ => {}
        }
        Some(Answer { status: 200, retry_after_ms: None, body, says })
    }
}

fn refusal(random: &mut Random) -> Vec<u8> {
    let bodies: [&[u8]; 5] = [
        br#"{"error":{"type":"rate_limit_error","message":"slow down \ud83e\udd80"}}"#,
        br#"{"error":{"code":"insufficient_quota","message":"no money"}}"#,
        br#"{"error":"overloaded"}"#,
        b"<html>Bad gateway</html>",
        b"",
    ];
    random.one_of(&bodies).to_vec()
}
