//! `zerostack-soak [SECONDS]`: plays one simulated world after another, an hour by default. The
//! first seed is `ZEROSTACK_SEED`, or 1; that of a world that goes wrong is printed.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use zerostack_tests::random::seed;
use zerostack_tests::simulator::{Counts, play};

fn main() -> ExitCode {
    let seconds = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 3600,
        Some(Ok(seconds)) => seconds,
        Some(Err(_)) => {
            eprintln!("zerostack-soak: SECONDS is a number");
            return ExitCode::from(2);
        }
    };
    let (start, first) = (Instant::now(), seed());
    let mut counts = Counts::default();
    let mut worlds = 0_u64;
    while start.elapsed() < Duration::from_secs(seconds) {
        counts.join(&play(first.wrapping_add(worlds)));
        worlds += 1;
    }
    println!("{worlds} worlds: {counts}");
    ExitCode::SUCCESS
}
