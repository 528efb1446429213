//! How far the estimate is off on texts that models wrote.

mod support;

use serde_json::Value;
use support::{o200k, shared};
use zerostack_core::tokenizer::{Calibration, Estimator, Tokenizer as _};

#[test]
fn the_error_on_recorded_replies() {
    let file = shared("streams/index.jsonl").unwrap_or_default();
    let mut calibration = Calibration::new();
    let (mut texts, mut counted, mut estimated, mut off, mut off_calibrated) =
        (0, 0u64, 0u64, 0u64, 0u64);
    for line in std::str::from_utf8(&file).expect("JSON lines").lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        for field in ["text", "reasoning"] {
            let text = row["expected"][field].as_str().unwrap_or_default();
            if text.len() < 40 {
                continue;
            }
            let count = o200k().count(text) as u64;
            let estimate = Estimator::of(text.as_bytes());
            assert!(estimate.at_most >= count, "the bound holds for {text:?}");
            off += estimate.tokens.abs_diff(count);
            off_calibrated += calibration.apply(estimate).tokens.abs_diff(count);
            calibration.observe(count, estimate.tokens);
            (texts, counted, estimated) = (texts + 1, counted + count, estimated + estimate.tokens);
        }
    }
    if texts == 0 {
        return;
    }
    let percent = |part: u64| 100.0 * part as f64 / counted as f64;
    println!(
        "{texts} replies, {counted} tokens: estimated {estimated}; off by {:.1} % a reply, \
         {:.1} % when calibrated by the replies before",
        percent(off),
        percent(off_calibrated)
    );
    assert!(percent(off) < 15.0 && percent(estimated.abs_diff(counted)) < 10.0);
    assert!(percent(off_calibrated) < 15.0);
}
