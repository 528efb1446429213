//! Which failures are worth another attempt, and how long to wait for it.

use crate::provider::stop::fold;
use crate::provider::{Limits, Word, stop};
use crate::{Error, ErrorKind};

/// Whether a refusal may go away by itself. `code` is the provider's code or type of the
/// error; it counts more than the status, which is often too general.
pub(super) fn is_transient(status: u32, code: &Word) -> bool {
    let known = fold(code);
    let among = |codes: &[u32]| codes.contains(&known);
    // In a stream that began well, the stop reason serves as the code.
    let is_told = among(&RATE_CODES) || among(&TRANSIENT_CODES) || is_failed(status, code);
    // A server that does not implement something will not do so the next time either.
    let may_pass = matches!(status, 408 | 409 | 429 | 500 | 502..=504 | 506..=599);
    !among(&FINAL_CODES) && (is_told || may_pass)
}

fn is_failed(status: u32, code: &Word) -> bool {
    matches!(status, 200..=299) && stop::is_failure(code)
}

/// Whether the provider reports too many requests: that needs a longer pause than a failure.
pub(super) fn is_rate_limit(error: Error, code: &Word) -> bool {
    error.kind() == ErrorKind::Status && (error.detail() == 429 || RATE_CODES.contains(&fold(code)))
}

/// Milliseconds to wait before attempt `attempt + 1`, and the next state of the jitter.
pub(super) fn wait(
    limits: &Limits,
    attempt: u8,
    asked_ms: Option<u32>,
    is_rate: bool,
    random: u32,
) -> (u32, u32) {
    let random = next_random(random);
    // The windows of rate limits are minutes: the first pause is that before the third retry.
    let doublings = u32::from(attempt.saturating_sub(1)) + if is_rate { RATE_DOUBLINGS } else { 0 };
    let backoff =
        limits.retry_base_ms.saturating_mul(1 << doublings.min(31)).min(limits.retry_max_ms);
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

/// Codes of lasting refusals, whatever the status: the account must be changed first.
static FINAL_CODES: [u32; 8] = [
    fold(b"insufficient_quota"),
    fold(b"enforced_spend_limit_reached"),
    fold(b"billing_hard_limit_reached"),
    fold(b"billing_not_active"),
    fold(b"billing_error"),
    fold(b"insufficient_balance"),
    fold(b"credit_limit_reached"),
    fold(b"context_length_exceeded"),
];

/// Codes of errors inside a stream, where the status said 200, in any spelling: those of OpenAI,
/// Anthropic, Gemini, Bedrock, Mistral, Moonshot, Z.ai, DashScope and of servers that follow them.
static TRANSIENT_CODES: [u32; 28] = [
    fold(b"overloaded_error"),
    fold(b"overloaded"),
    fold(b"server_is_overloaded"),
    fold(b"server_overloaded"),
    fold(b"model_overloaded"),
    fold(b"engine_overloaded"),
    fold(b"engine_overloaded_error"),
    fold(b"service_overloaded"),
    fold(b"api_error"),
    fold(b"server_error"),
    fold(b"internal_server_error"),
    fold(b"internal_error"),
    fold(b"internal"),
    fold(b"timeout_error"),
    fold(b"request_timeout"),
    fold(b"deadline_exceeded"),
    fold(b"gateway_timeout"),
    fold(b"bad_gateway"),
    fold(b"upstream_error"),
    fold(b"service_unavailable"),
    fold(b"service_unavailable_error"),
    fold(b"serviceunavailableexception"),
    fold(b"internalserverexception"),
    fold(b"modelstreamerrorexception"),
    fold(b"modeltimeoutexception"),
    fold(b"modelnotreadyexception"),
    fold(b"unavailable"),
    fold(b"server_busy"),
];

/// The same, for too many requests.
static RATE_CODES: [u32; 17] = [
    fold(b"rate_limit_error"),
    fold(b"rate_limit_exceeded"),
    fold(b"rate_limit_reached_error"),
    fold(b"rate_limited"),
    fold(b"slow_down"),
    fold(b"too_many_requests"),
    fold(b"resource_exhausted"),
    fold(b"throttlingexception"),
    fold(b"throttling_error"),
    fold(b"toomanyrequestsexception"),
    fold(b"throttling"),
    fold(b"throttling.ratequota"),
    fold(b"throttling.burstrate"),
    fold(b"throttling.allocationquota"),
    fold(b"1302"),
    fold(b"1303"),
    fold(b"1305"),
];

/// How many times longer the wait is after too many requests, as a power of two.
const RATE_DOUBLINGS: u32 = 2;

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
        for word in [
            "server_is_overloaded",
            "slow_down",
            "UNAVAILABLE",
            "ThrottlingException",
            "Throttling",
            "Throttling.RateQuota",
            "TooManyRequestsException",
        ] {
            assert!(is_transient(200, &code(word)), "{word}");
        }
        assert!(is_transient(200, &code("network_error")));
        assert!(!is_transient(400, &code("error")));
        for status in [408, 409, 429, 500, 502, 503, 529] {
            assert!(is_transient(status, &Word::new()), "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422, 501, 505] {
            assert!(!is_transient(status, &Word::new()), "{status}");
        }
    }

    #[test]
    fn waits_double_stay_below_the_limit_and_depend_on_the_seed_only() {
        let limits = Limits { retry_base_ms: 100, retry_max_ms: 1000, ..Limits::DEFAULT };
        let mut random = 7;
        for attempt in 1..40 {
            let full = 100_u32.saturating_mul(1 << u32::from(attempt - 1).min(20)).min(1000);
            let (millis, next) = wait(&limits, attempt, None, false, random);
            assert!((full / 2..=full).contains(&millis), "{attempt}: {millis}");
            assert_eq!(wait(&limits, attempt, None, false, random), (millis, next));
            assert_eq!(
                wait(&limits, attempt, None, true, random),
                wait(&limits, attempt + 2, None, false, random)
            );
            random = next;
        }
        let (millis, _) = wait(&limits, 1, Some(300), true, 7);
        assert!((300..=330).contains(&millis));
        assert_eq!(wait(&limits, 1, Some(u32::MAX), false, 7).0, 1000);
    }
}
