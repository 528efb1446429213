//! How long a refusal asks to wait, if no header of the response does.
//!
//! Sources: Google's `RetryInfo` (`"retryDelay": "2.4s"`), and the sentences of OpenAI and
//! Groq ("Please try again in 7m12s."), Gemini ("Please retry in 2.4s.") and Azure ("Please
//! retry after 20 seconds.").

use crate::wire::hash::hash;

/// Milliseconds of a duration at the beginning of `text`: numbers, each with its unit.
pub(super) fn duration_ms(text: &[u8]) -> Option<u32> {
    let (mut rest, mut sum, mut found) = (text, 0_u32, false);
    while let Some((millis, following)) = one(rest) {
        (sum, rest, found) = (sum.saturating_add(millis), following, true);
    }
    found.then_some(sum)
}

/// The wait that a message asks for in words.
pub(crate) fn asked_in_ms(message: &[u8]) -> Option<u32> {
    (0..message.len()).find_map(|at| {
        let rest = message.get(at..)?;
        let rest = rest.strip_prefix(b"again ").or_else(|| rest.strip_prefix(b"retry "))?;
        let rest = rest.strip_prefix(b"in ").or_else(|| rest.strip_prefix(b"after "))?;
        duration_ms(rest)
    })
}

/// A number and its unit, and what follows.
fn one(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut rest, mut millis, mut step) = (text, 0_u32, None);
    while let Some((byte, following)) = rest.split_first() {
        match (byte, step) {
            (b'.', None) if rest.len() < text.len() => step = Some(100_u32),
            (b'0'..=b'9', None) => {
                let digit = u32::from(byte & 15).saturating_mul(1000);
                millis = millis.saturating_mul(10).saturating_add(digit);
            }
            (b'0'..=b'9', Some(place)) => {
                millis = millis.saturating_add(u32::from(byte & 15) * place);
                step = Some(place / 10);
            }
            _ => break,
        }
        rest = following;
    }
    if rest.len() == text.len() {
        return None;
    }
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let (unit, following) = rest.split_at_checked(length)?;
    let unit = hash(unit);
    if MILLISECONDS.contains(&unit) {
        return Some((millis / 1000, following));
    }
    let (_, seconds) = UNITS.iter().find(|(units, _)| units.contains(&unit))?;
    Some((millis.saturating_mul(*seconds), following))
}

const MILLISECONDS: [u32; 2] = [hash(b"ms"), hash(b"milliseconds")];

/// The names of the other units, and the seconds that each has.
static UNITS: [([u32; 5], u32); 3] = [
    ([hash(b"s"), hash(b"sec"), hash(b"secs"), hash(b"second"), hash(b"seconds")], 1),
    ([hash(b"m"), hash(b"min"), hash(b"mins"), hash(b"minute"), hash(b"minutes")], 60),
    ([hash(b"h"), hash(b"hr"), hash(b"hrs"), hash(b"hour"), hash(b"hours")], 3600),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sentences_are_read() {
        let durations = [
            ("2.4s", Some(2400)),
            ("45s", Some(45_000)),
            ("0.847655010s", Some(847)),
            ("20ms", Some(20)),
            ("1m30s", Some(90_000)),
            ("7m12.5s", Some(432_500)),
            ("6m0s", Some(360_000)),
            ("2h", Some(7_200_000)),
            ("99999999999h", Some(u32::MAX)),
            ("35 seconds", Some(35_000)),
            ("1 second.", Some(1000)),
            ("5", None),
            (".5s", None),
            ("s", None),
            ("", None),
            ("5 apples", None),
        ];
        for (text, millis) in durations {
            assert_eq!(duration_ms(text.as_bytes()), millis, "{text}");
        }
        let sentences = [
            ("Rate limit reached. Please try again in 2.5s. Visit", Some(2500)),
            ("Please retry in 44.3s.", Some(44_300)),
            ("Please retry after 20 seconds.", Some(20_000)),
            ("try again in a moment, or try again in 20ms", Some(20)),
            ("try again later", None),
            ("again in ", None),
        ];
        for (text, millis) in sentences {
            assert_eq!(asked_in_ms(text.as_bytes()), millis, "{text}");
        }
    }
}
