//! Which failures are worth another attempt, and how long to wait for it.

use crate::provider::{Limits, Word};
use crate::wire::hash::hash;

/// Whether a refusal may go away by itself. `code` is the provider's code or type of the
/// error; it counts more than the status, which is often too general.
pub(super) fn is_transient(status: u32, code: &Word) -> bool {
    let code = hash(code);
    let among = |codes: &[u32]| codes.contains(&code);
    !among(&FINAL_CODES)
        && (among(&TRANSIENT_CODES) || matches!(status, 408 | 409 | 429 | 500..=599))
}

/// Milliseconds to wait before attempt `attempt + 1`, and the next state of the jitter.
pub(super) fn wait(limits: &Limits, attempt: u8, asked_ms: Option<u32>, random: u32) -> (u32, u32) {
    let random = next_random(random);
    let doublings = u32::from(attempt.saturating_sub(1)).min(31);
    let backoff = limits.retry_base_ms.saturating_mul(1 << doublings).min(limits.retry_max_ms);
    let millis = match asked_ms {
        // A little later than asked: others were asked the same.
        Some(asked) => asked.saturating_add(below(random, asked / 10)),
        None => backoff / 2 + below(random, backoff - backoff / 2),
    };
    (millis.min(limits.retry_max_ms), random)
}

/// Xorshift, 32 bits: enough to spread clients, and the same everywhere.
fn next_random(state: u32) -> u32 {
    let mut state = if state == 0 { 0x9e37_79b9 } else { state };
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    state
}

/// A number from 0 to `limit`, inclusive.
fn below(random: u32, limit: u32) -> u32 {
    let wide = u64::from(random) * (u64::from(limit) + 1);
    (wide >> 32) as u32
}

/// Codes of refusals that stay, whatever the status: the account must be changed first.
static FINAL_CODES: [u32; 8] = [
    hash(b"insufficient_quota"),
    hash(b"enforced_spend_limit_reached"),
    hash(b"billing_hard_limit_reached"),
    hash(b"billing_not_active"),
    hash(b"billing_error"),
    hash(b"insufficient_balance"),
    hash(b"credit_limit_reached"),
    hash(b"context_length_exceeded"),
];

/// Codes of errors inside a stream, where the status said 200.
static TRANSIENT_CODES: [u32; 10] = [
    hash(b"overloaded_error"),
    hash(b"overloaded"),
    hash(b"api_error"),
    hash(b"rate_limit_error"),
    hash(b"rate_limit_exceeded"),
    hash(b"server_error"),
    hash(b"internal_server_error"),
    hash(b"internal_error"),
    hash(b"timeout_error"),
    hash(b"service_unavailable"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Word {
        Word::from_slice(text.as_bytes()).expect("short")
    }

    #[test]
    fn the_code_counts_more_than_the_status() {
        assert!(is_transient(429, &code("rate_limit_exceeded")));
        assert!(!is_transient(429, &code("insufficient_quota")));
        assert!(is_transient(200, &code("overloaded_error")));
        assert!(!is_transient(200, &code("invalid_request_error")));
        for status in [408, 409, 429, 500, 502, 503, 529] {
            assert!(is_transient(status, &Word::new()), "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422] {
            assert!(!is_transient(status, &Word::new()), "{status}");
        }
    }

    #[test]
    fn waits_double_stay_below_the_limit_and_depend_on_the_seed_only() {
        let limits = Limits { retry_base_ms: 100, retry_max_ms: 1000, ..Limits::DEFAULT };
        let mut random = 7;
        for attempt in 1..40 {
            let full = 100_u32.saturating_mul(1 << u32::from(attempt - 1).min(20)).min(1000);
            let (millis, next) = wait(&limits, attempt, None, random);
            assert!((full / 2..=full).contains(&millis), "{attempt}: {millis}");
            assert_eq!(wait(&limits, attempt, None, random), (millis, next));
            random = next;
        }
        let (millis, _) = wait(&limits, 1, Some(300), 7);
        assert!((300..=330).contains(&millis));
        assert_eq!(wait(&limits, 1, Some(u32::MAX), 7).0, 1000);
    }
}
