#[path = "../../../core/tests/http1/check.rs"]
mod check;

/// Bytes that claim to be an HTTP response, after a seed for the chunking: every chunking gives
/// the same, and what is accepted is what `httparse` and the framing rules give.
pub fn http1(input: &[u8]) {
    check::check(input);
}
