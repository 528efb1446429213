//! Numbers that look random and come from a seed, which is printed.

/// A generator: splitmix64, the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// One generator a case, from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub const fn below(&mut self, end: usize) -> usize {
        (self.any() % end as u64) as usize
    }

    /// True once in `times`.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of `choices`.
    pub const fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Text with quotes, control characters and characters of all lengths.
    pub fn text(&mut self, max_pieces: usize) -> String {
        const PIECES: [&str; 12] =
            ["word ", "\"", "\\", "\n", "é", "東京", "🦀", "\u{0}", "\t", "{}", "a", " "];
        (0..self.below(max_pieces + 1)).map(|_| *self.one_of(&PIECES)).collect()
    }

    /// A JSON value of bounded depth.
    pub fn json(&mut self, depth: usize) -> serde_json::Value {
        use serde_json::Value;
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => self.once_in(2).into(),
            2 => (self.any() as u32 >> self.below(32)).into(),
            3 => (self.any() as i32 as f64 / 64.0).into(),
            4 => self.text(6).into(),
            5 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => (0..self.below(4)).map(|_| (self.text(2), self.json(depth - 1))).collect(),
        }
    }
}

/// The seed of this run: `ZEROSTACK_SEED`, or a fixed one. It is printed, so that a failure
/// can be run again.
#[must_use]
pub fn seed() -> u64 {
    let seed = std::env::var("ZEROSTACK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("ZEROSTACK_SEED={seed}");
    seed
}
