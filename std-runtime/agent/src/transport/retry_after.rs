//! How long a provider asks to wait: `retry-after-ms`, else `retry-after`.

use std::time::{Duration, SystemTime};

use ureq::http::HeaderMap;

/// Milliseconds to wait. A value that cannot be read (some servers send -1) is ignored.
pub(crate) fn retry_after_ms(headers: &HeaderMap, now: SystemTime) -> Option<u32> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(wait) = text("retry-after-ms").and_then(|value| duration(value, 0.001)) {
        return Some(millis(wait));
    }
    let value = text("retry-after")?;
    if let Some(wait) = duration(value, 1.0) {
        return Some(millis(wait));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    // Measured with the server's own clock if it sends the time.
    let now = text("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(millis(until.duration_since(now).unwrap_or_default()))
}

/// Some servers send fractions, so this reads a float.
fn duration(value: &str, unit_secs: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(value.parse::<f64>().ok()? * unit_secs).ok()
}

fn millis(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn every_form_of_the_header_is_read() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        let date = "Sat, 21 Nov 2026 10:00:30 GMT";
        type Headers<'a> = &'a [(&'static str, &'a str)];
        let cases: &[(Headers<'_>, Option<u32>)] = &[
            (&[], None),
            (&[("retry-after", "0")], Some(0)),
            (&[("retry-after", "2")], Some(2_000)),
            (&[("retry-after", " 1.5 ")], Some(1_500)),
            (&[("retry-after-ms", "250"), ("retry-after", "1")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1_000)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "99999999")], Some(u32::MAX)),
            (&[("retry-after", date)], Some(30_000)),
            (&[("retry-after", date), ("date", "Sat, 21 Nov 2026 10:00:20 GMT")], Some(10_000)),
            (&[("retry-after", date), ("date", "Sat, 21 Nov 2026 11:00:00 GMT")], Some(0)),
            (&[("retry-after", "tomorrow")], None),
        ];
        for (headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(retry_after_ms(&map, now), *expected, "{headers:?}");
        }
    }
}
