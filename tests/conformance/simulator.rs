//! Thousands of sessions live through slow tools, split reads, broken streams, storms of refusals,
//! cancels and full storage, and every invariant holds after every step.

use zerostack_tests::random::seed;
use zerostack_tests::simulator::{Counts, play};

/// `ZEROSTACK_WORLDS` plays more of them.
const WORLDS: u64 = 60;

#[test]
fn every_invariant_holds_in_every_world() {
    let first = seed();
    let worlds = std::env::var("ZEROSTACK_WORLDS").ok().and_then(|text| text.parse().ok());
    let mut counts = Counts::default();
    for world in 0..worlds.unwrap_or(WORLDS) {
        counts.join(&play(first.wrapping_add(world)));
    }
    println!("{counts}");
    // All of it really happened.
    for name in [
        "cancels",
        "compactions by hand",
        "cut off",
        "full at a result",
        "full at the user's word",
        "garbled",
        "instructions",
        "refused",
        "refused in a storm",
        "replies",
        "replies whose text held calls",
        "requests that the cache serves",
        "restarts",
        "summaries",
        "times that room was made",
        "tool results",
        "unreachable",
        "waits",
    ] {
        assert!(counts.of(name) > 20, "{name}: {counts}");
    }
}

#[test]
fn the_same_seed_plays_the_same_world() {
    assert_eq!(play(7), play(7));
    assert_ne!(play(7), play(8));
}
